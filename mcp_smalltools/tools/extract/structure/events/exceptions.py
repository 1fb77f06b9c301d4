"""Exceptions with their stack traces, as Java, .NET, Python, JavaScript and others print them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import ALSO, Node

_ENDINGS: Final = "Exception|Error|Fault|Failure|Interrupt|Warning"
_NAME: Final = rf"(?:[A-Za-z_][\w$]{{0,80}}[.:]{{1,2}}){{0,12}}[A-Z][\w$]{{0,80}}(?:{_ENDINGS})"
_RAISED: Final = re.compile(
    rf"\s{{0,40}}(?P<lead>[A-Z][\w \"'<>./-]{{0,80}}[.:] )?(?P<type>{_NAME})(?: \[[A-Z_\d]{{1,40}}\])?"
    r"(?:: (?P<message>\S.{0,2000}))?"
)
_JAVA: Final = re.compile(
    r"\s+at (?P<function>[\w$.<>/]{1,300})\((?P<file>[\w$.-]{1,100}):(?P<line>\d{1,7})\)\s*+"
)
_DOTNET: Final = re.compile(
    r"\s+at (?P<function>\S.{0,400}?)(?: in (?P<file>\S.{0,300}?):line (?P<line>\d{1,7}))?\s*+"
)
_SCRIPT: Final = re.compile(
    r"\s+at (?:(?P<function>[\w$.<>\[\] ]{1,200}?) \()?(?P<file>(?:[\w+.-]{1,20}://)?[^\s():]{1,300}):(?P<line>\d{1,7}):\d{1,7}\)?\s*+"
)
_PYTHON: Final = re.compile(
    r"\s+File \"(?P<file>[^\"]{1,400})\", line (?P<line>\d{1,7})(?:, in (?P<function>\S{1,200}))?\s*+"
)
_FRAMES: Final = (_JAVA, _SCRIPT, _DOTNET)
_MOST_FRAMES: Final = 400
_TRACEBACK: Final = re.compile(r"\s*+Traceback \(most recent call last\):\s*+")
_TYPES: Final = ALSO.join(("exception", "exception type", "exception class", "error type", "error class"))
_MESSAGES: Final = ALSO.join(("message", "error message", "exception message"))


def read_exception(lines: Sequence[str], at: int) -> tuple[Node, int] | None:
    """The exception that is told from a line on, with the place that raised it, and the index after it.

    What names one without a trace and without a message is a word in a text: None.
    """
    if _TRACEBACK.fullmatch(lines[at]):
        return _of_python(lines, at)
    match = _RAISED.fullmatch(lines[at])
    if match is None:
        return None
    end, frame = at + 1, None
    while end < len(lines) and end - at < _MOST_FRAMES:
        found = next((m for form in _FRAMES if (m := form.fullmatch(lines[end]))), None)
        if found is None:
            break
        if frame is None or (not frame[1]["file"] and found["file"]):
            frame = end + 1, found
        end += 1
    if frame is None:
        return None
    return _node(match, at + 1, frame, end), end


def _of_python(lines: Sequence[str], at: int) -> tuple[Node, int] | None:
    end, frame = at + 1, None
    while (
        end < len(lines) and end - at < _MOST_FRAMES and (lines[end].startswith((" ", "\t")) or end == at + 1)
    ):
        found = _PYTHON.fullmatch(lines[end])
        frame = (end + 1, found) if found else frame
        end += 1
    match = _RAISED.fullmatch(lines[end]) if end < len(lines) else None
    if frame is None or match is None:
        return None
    return _node(match, end + 1, frame, end + 1), end + 1


def _node(raised: re.Match[str], number: int, frame: tuple[int, re.Match[str]], end: int) -> Node:
    at, place = frame
    whole = raised["type"] + (f": {raised['message']}" if raised["message"] else "")
    inner = [
        Node(_TYPES, "value", number, number, raised["type"]),
        Node("error", "value", number, number, whole),
    ]
    if raised["message"]:
        inner.append(Node(_MESSAGES, "value", number, number, raised["message"].rstrip()))
    if place["file"]:
        inner.append(Node(ALSO.join(("file", "file name", "source file")), "value", at, at, place["file"]))
        inner.append(Node(ALSO.join(("line", "line number")), "value", at, at, place["line"]))
    if place["function"]:
        inner.append(Node(ALSO.join(("function", "method")), "value", at, at, place["function"]))
    return Node("exception", "object", min(number, at), end, raised["type"], inner=inner)
