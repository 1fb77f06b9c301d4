"""Lines of one shape as the rows of a list: `Email: a | Role: b`, `seq=1 ttl=64`, `R1 - P0.31`; and comments
that are no headings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import ALSO, Node, table_node

Lines = Sequence[tuple[int, str]]

_PIECE: Final = re.compile(r"\s*+(?P<name>[^\W\d_][\w .()/-]{0,40}?)\s?[:=]\s++(?P<value>\S.*+)")
_ASSIGNED: Final = re.compile(r"(?<![\w.])(?P<name>[A-Za-z_][\w.]{0,40})=(?P<value>\"[^\"]*+\"|[^\s\"|,;]++)")
_NAMED: Final = re.compile(
    r"\s*+(?:[-*+•]\s++)?(?P<name>[A-Za-z0-9_@][\w./@+-]{0,80}?)\s{1,4}(?P<sign>[-–—@]|->|=>|→)\s{1,4}(?P<value>\S.{0,200})"
)
_LEAST_ROWS: Final = 2
_LEAST_NAMED: Final = 3
_COMMENT: Final = re.compile(r"\s*+#(?!!)")
_LEAST_COMMENTS: Final = 4
_SIGNS: Final = (" | ", "; ", ", ", "\t")


def rows_of_pairs(lines: Lines) -> tuple[int, Node] | None:
    """The rows of lines that each name the same values, and how many lines stand above them; None if they
    don't. Lines above are what leads to them.
    """
    for skip in range(min(2, len(lines))):
        part = lines[skip:]
        if len(part) < _LEAST_ROWS:
            return None
        first = _pairs_of(part[0][1])
        if len(first) < _LEAST_ROWS or len({name for name, _ in first}) < len(first):
            continue
        names = [name for name, _ in first]
        rows = []
        for number, line in part:
            given = _pairs_of(line)
            if [name for name, _ in given] != names:
                break
            rows.append((number, number, [value for _, value in given]))
        if len(rows) == len(part):
            return skip, table_node("", names, rows, rows[0][0])
    return None


def _pairs_of(line: str) -> list[tuple[str, str]]:
    for sign in _SIGNS:
        pieces = [_PIECE.fullmatch(piece) for piece in line.split(sign)]
        if len(pieces) > 1 and all(pieces):
            return [(piece["name"].strip(), piece["value"].strip()) for piece in pieces if piece]
    found = list(_ASSIGNED.finditer(line))
    between = _ASSIGNED.sub("", line)
    if len(found) >= _LEAST_ROWS and len(between.split()) <= len(found):
        return [(match["name"], match["value"].strip('"')) for match in found]
    return []


def named_rows(lines: Lines) -> Node | None:
    """`R1 - P0.31/D21` in all of three lines at least: names with their values, as the rows of a list."""
    rows, signs = [], set()
    for number, line in lines:
        match = _NAMED.fullmatch(line.rstrip())
        if match is None:
            return None
        signs.add(match["sign"])
        rows.append((number, number, [match["name"], match["value"]]))
    if len(rows) < _LEAST_NAMED or len(signs) > 1 or len({row[2][0] for row in rows}) < len(rows):
        return None
    names = ["name", ALSO.join(("version", "value")) if signs == {"@"} else "value"]
    return table_node("", names, rows, rows[0][0])


def without_banners(lines: Sequence[str]) -> list[str]:
    """Several comments under each other are a text, not headings; what only draws a frame is left out."""
    found = list(lines)
    at = 0
    while at < len(found):
        end = at
        while end < len(found) and _COMMENT.match(found[end]):
            end += 1
        if end - at >= _LEAST_COMMENTS:
            for n in range(at, end):
                bare = found[n].lstrip().lstrip("#").strip()
                found[n] = bare if any(char.isalnum() for char in bare) else ""
        at = max(end, at + 1)
    return found
