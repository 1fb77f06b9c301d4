"""Messages of compilers, linters and type checkers: `main.c:3:12: error: expected ';'`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import ALSO, Node

_MESSAGE: Final = re.compile(
    r"(?:(?P<file>[^\s:()\"'][^:()\"'\n]{0,300}):)?(?P<line>\d{1,7}):(?P<column>\d{1,6}): "
    r"(?P<severity>fatal error|error|warning|note|info)(?:\[(?P<code>[\w-]{1,40})\])?: "
    r"(?P<message>\S.{0,1000})"
)
_LAST: Final = re.compile(
    r"(?P<severity>info|hint|warning|error) [-•] (?P<message>\S.{0,1000}?) [-•] "
    r"(?P<file>[^\s:]{1,300}):(?P<line>\d{1,7}):(?P<column>\d{1,6}) [-•] (?P<code>[\w-]{1,60})"
)
"""The place behind the message, as `dart analyze` writes it."""
_IN_FILE: Final = re.compile(r"(?:in|In file|-->|file) (?P<file>\S{0,300}[\w)/]\.\w{1,10}):?")
_TEXT: Final = ALSO.join(("message", "text", "description"))
_CODE: Final = ALSO.join(("code", "rule", "check", "lint"))
_LEAST_MESSAGES: Final = 2
_LOOKED_BACK: Final = 2


def messages_of(events: Sequence[Node]) -> Node | None:
    """The messages as the rows of a list, if there are several."""
    rows = [event for event in events if event.name == "message"]
    if len(rows) < _LEAST_MESSAGES:
        return None
    inner = [
        Node("", "object", row.start, row.end, inner=[_of_row(item) for item in row.inner]) for row in rows
    ]
    name = ALSO.join(("messages", "issues", "problems", "diagnostics", "findings"))
    return Node(name, "list", rows[0].start, rows[-1].end, inner=inner, is_table=True)


def _of_row(item: Node) -> Node:
    """A part of a message under the name that it has in all rows, whatever the severity of its own."""
    names = item.name.split(ALSO)
    if "message" in names:
        return Node(_TEXT, "value", item.start, item.end, item.value)
    if "code" in names:
        return Node(_CODE, "value", item.start, item.end, item.value)
    return item


def read_message(lines: Sequence[str], at: int) -> tuple[Node, int] | None:
    """The message on a line with its parts, and the index after it; None if there is none.

    A place without a file belongs to the one that a line above it names.
    """
    text = lines[at].strip()
    match = _MESSAGE.fullmatch(text) or _LAST.fullmatch(text)
    if match is None:
        return None
    number = at + 1
    severity = match["severity"].removeprefix("fatal ")
    parts = {
        ALSO.join(("line", "line number")): match["line"],
        ALSO.join(("column", "column number")): match["column"],
        ALSO.join((severity, f"{severity} message", "message")): match["message"].rstrip(),
        "severity": match["severity"],
        ALSO.join((f"{severity} code", "code", "rule")): match["code"],
    }
    inner = [Node(name, "value", number, number, text) for name, text in parts.items() if text]
    file_name = ALSO.join(("file", "file name", "source file"))
    if match["file"]:
        inner.insert(0, Node(file_name, "value", number, number, match["file"]))
    else:
        for above in range(at - 1, max(-1, at - 1 - _LOOKED_BACK), -1):
            if (found := _IN_FILE.fullmatch(lines[above].strip())) is not None:
                inner.insert(0, Node(file_name, "value", above + 1, above + 1, found["file"]))
                break
    return Node("message", "object", inner[0].start, number, inner=inner), at + 1
