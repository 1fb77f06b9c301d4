"""Entries of a list without names, for the reader: bullets under a heading, dated or numbered sections."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from mcp_smalltools.text.words import content_stems

_BULLET: Final = re.compile(r"^(\s*)(?:[-*+•]|\d+[.)])\s+")
_HEADING: Final = re.compile(r"^(#{1,6})\s++(.*\S)")


@dataclass(frozen=True, slots=True)
class ListEntry:
    """The text of an entry, on lines `start` to `end`."""

    text: str
    start: int
    end: int


def list_entries(lines: Sequence[str], about: str = "") -> list[ListEntry]:
    """Each entry of a list: the one under a heading that says what it is about, else sections that are
    numbered or dated, else the longest list of bullets or numbers at one depth.
    """
    lists = _lists_under_headings(lines)
    wanted = set(content_stems(about))
    named = [(rows, len(wanted & set(content_stems(heading)))) for heading, rows in lists]
    best = max(named, key=lambda pair: (pair[1], len(pair[0])), default=([], 0))
    if best[1]:
        return best[0]
    sections = _numbered_sections(lines)
    return sections or max((rows for _, rows in lists), key=len, default=[])


def _lists_under_headings(lines: Sequence[str]) -> list[tuple[str, list[ListEntry]]]:
    """Bullets of one depth under one heading, with the lines that belong to them."""
    groups: dict[tuple[str, int], list[tuple[int, list[str]]]] = {}  # first line of an entry, and its texts
    heading = ""
    held: list[tuple[int, list[str]]] = []
    for number, line in enumerate(lines, 1):
        if match := _HEADING.match(line):
            heading, held = match[2], []
        elif match := _BULLET.match(line):
            held = groups.setdefault((heading, len(match[1])), [])
            held.append((number, [line[match.end() :].strip()]))
        elif held and line.strip() and line.startswith((" ", "\t")):
            start, texts = held[-1]
            if number == start + len(texts):
                texts.append(line.strip())
    return [
        (heading, [_entry(start, texts) for start, texts in entries])
        for (heading, _), entries in groups.items()
    ]


def _entry(start: int, texts: Sequence[str]) -> ListEntry:
    return ListEntry("\n".join(texts), start, start + len(texts) - 1)


def _numbered_sections(lines: Sequence[str]) -> list[ListEntry]:
    """Sections of one level, if most of their headings have a number or a date: releases, incidents."""
    starts = [(n, match) for n, line in enumerate(lines, 1) if (match := _HEADING.match(line))]
    levels = [len(match[1]) for _, match in starts]
    for level in sorted(set(levels)):
        at = [i for i, found in enumerate(levels) if found == level]
        counted = sum(any(c.isdigit() for c in starts[i][1][2]) for i in at)
        if len(at) > 1 and counted >= 0.6 * len(at):
            ends = [_end_of(i, starts, levels, lines) for i in at]
            return [_section(lines, starts[i][0], end) for i, end in zip(at, ends, strict=True)]
    return []


def _end_of(i: int, starts: Sequence[tuple[int, Any]], levels: Sequence[int], lines: Sequence[str]) -> int:
    """The last line of a section that holds something."""
    following = (starts[k][0] - 1 for k in range(i + 1, len(starts)) if levels[k] <= levels[i])
    end = next(following, len(lines))
    while end > starts[i][0] and not lines[end - 1].strip():
        end -= 1
    return end


def _section(lines: Sequence[str], start: int, end: int) -> ListEntry:
    return ListEntry("\n".join(lines[start - 1 : end]).lstrip("# "), start, end)
