"""The outline of SQL: what its statements make, change and fill, each named once for each kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from mcp_smalltools.text.outlines.by_lines import comment_above, lines_inside, signature
from mcp_smalltools.text.outlines.heading import Heading
from mcp_smalltools.text.outlines.line_rules import LineLanguage

SQL: Final = LineLanguage("sql", (), comment="--", quotes="")
_PART: Final = r"(?:[\w$#]++|\"[^\"\n]++\"|`[^`\n]++`|\[[^\]\n]++\])"
_NAME: Final = rf"(?P<name>{_PART}(?:\.{_PART})*+)"
_EXISTS: Final = r"(?:if\s++(?:not\s++)?exists\s++)?+"
_IF: Final = rf"{_EXISTS}(?:concurrently\s++)?+{_EXISTS}(?:only\s++)?+"
_MAKES = re.compile(
    r"\s*+create\s++(?:or\s++(?:replace|alter)\s++)?+(?:(?:global|local|temp|temporary|unlogged|external|unique|"
    r"clustered|nonclustered|materialized|recursive|constraint|virtual|foreign|aggregate|definer\s*+=\s*+\S++|"
    r"fulltext|spatial|bitmap|editionable|force|transient|secure|dynamic|live|streaming|sql\s++security\s++\w++|"
    r"algorithm\s*+=\s*+\w++)\s++)*+"
    r"(?P<kind>table|view|index|function|procedure|proc|trigger|type|domain|sequence|schema|database|extension|"
    r"policy|role|user|rule|package(?:\s++body)?|synonym|publication|subscription|server|operator|collation|macro|"
    r"stage|stream|task|event|dictionary|model)\s++" + _IF + _NAME,
    re.IGNORECASE,
)
_CHANGES = re.compile(
    r"\s*+(?P<kind>(?:alter|drop|truncate)\s++(?:table|view|type|sequence|index|function|trigger|materialized\s++view)|"
    r"insert\s++(?:or\s++\w++\s++|ignore\s++)?into|copy|update|delete\s++from|merge\s++into)\s++"
    + _IF
    + _NAME,
    re.IGNORECASE,
)
_INDEX_ON = re.compile(r"\s*+create\s++(?:unique\s++)?index\s++on\s++" + _NAME, re.IGNORECASE)
_NAMED = re.compile(r"\s*+--\s*+(?:name:\s*+|@name\s++|:name\s++)(?P<name>[\w.-]++)")
"""A query with a name, as sqlc and HugSQL have them."""
_MOST_HEAD: Final = 6
"""Lines at the start of a statement in which its name may stand."""
_LONGEST_HEAD: Final = 1_000
_WITHOUT_NAME = re.compile(r"\s*+create\s[^\n]{0,80}$", re.IGNORECASE)


def outline_sql(lines: Sequence[str], check: Callable[[], None] = lambda: None) -> list[Heading]:
    """What is made at the top level, each with the lines up to the next; changes once for each table."""
    inside = lines_inside(lines, SQL)
    found: list[Heading] = []
    seen: set[tuple[str, str]] = set()
    for number, line in enumerate(lines):
        if number % 1000 == 0:
            check()
        if number in inside:
            continue
        given = line
        if _WITHOUT_NAME.match(line) and not _MAKES.match(line):
            given = _up_to_name(lines[number : number + _MOST_HEAD])
        made = _INDEX_ON.match(given) or _MAKES.match(given[:_LONGEST_HEAD])
        changed = None if made else _CHANGES.match(line[:1000])
        match = made or changed or _NAMED.match(line)
        if match is None:
            continue
        name = match["name"].replace('"', "").replace("`", "").replace("[", "").replace("]", "")
        if changed:
            key = (" ".join(changed["kind"].lower().split()), name.lower())
            if key in seen or line[:1].isspace():
                continue
            seen.add(key)
        about = comment_above(lines, number, inside, ("--",))[0] if made else ""
        short = f"{changed['kind'].lower()} {name}" if changed else name
        text = signature(given).rstrip("( ")
        found.append(Heading(number + 1, number + 1, 0, text, about, short, bool(changed)))
    return closed_one_by_one(found, len(lines))


def _up_to_name(lines: Sequence[str]) -> str:
    """The first lines of a statement, up to the one that has its name."""
    for count in range(2, len(lines) + 1):
        given = " ".join(lines[:count])
        if ";" in lines[count - 2] or len(given) > _LONGEST_HEAD:
            break
        if _MAKES.match(given) or _INDEX_ON.match(given):
            return given
    return lines[0]


def closed_one_by_one(found: Sequence[Heading], total: int) -> list[Heading]:
    """Each ends before the next begins."""
    ends = [*(heading.line - 1 for heading in found[1:]), total]
    return [
        Heading(h.line, max(h.line, end), h.depth, h.text, h.about, h.name, h.minor)
        for h, end in zip(found, ends, strict=False)
    ]
