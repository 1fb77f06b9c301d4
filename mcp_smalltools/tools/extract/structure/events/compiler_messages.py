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
_IN_FILE: Final = re.compile(r"(?:in|In file|-->|file) (?P<file>\S{0,300}[\w)/]\.\w{1,10}):?")
_LOOKED_BACK: Final = 2


def read_message(lines: Sequence[str], at: int) -> tuple[Node, int] | None:
    """The message on a line with its parts, and the index after it; None if there is none.

    A place without a file belongs to the one that a line above it names.
    """
    match = _MESSAGE.fullmatch(lines[at].strip())
    if match is None:
        return None
    number = at + 1
    severity = match["severity"].removeprefix("fatal ")
    parts = {
        ALSO.join(("line", "line number")): match["line"],
        ALSO.join(("column", "column number")): match["column"],
        ALSO.join((severity, f"{severity} message", "message")): match["message"].rstrip(),
        "severity": match["severity"],
        ALSO.join((f"{severity} code", "code")): match["code"],
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
