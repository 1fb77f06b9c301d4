"""Long lines, cut around what matters in them, between words: half a secret would not be masked."""

from __future__ import annotations

import re

from mcp_smalltools.text.truncate import cut, whole_words_from, whole_words_until

_MATTERS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\w?(?:Error|Exception)\b|(?i:\b(?:fatal |syntax )?error\b ?[:\[(\]]|\bpanic(?:ked)?\b|\bfatal\b ?:)",
        r"(?i:\bfail(?:ed|ure|s)?\b|\bcannot\b|\bcan't\b|\bcould not\b|\bdenied\b|\bno such\b|\bnot found\b|\bundefined\b|\bunable to\b)",
        r"(?i:\bexpected\b|\bassert|\bkilled\b|\btimed? ?out\b|\binvalid\b|\bmissing\b|\brefused\b|\babort|\bno space\b|\bmismatch|\bunexpected\b)",
    )
)
"""What a line is cut around: the first of these that it has, the strongest first."""
_PATH = re.compile(
    r"(?:^|(?<=[\s(\"'|]))(?P<folders>(?:file:/{0,3})?(?:[A-Za-z]+:)?[^\s:()|]{0,300}[\\/])[^\s:()|\\/]+\.\w+(?=[:(,\s]|$)"
)
_BEFORE = 3
"""The share of the room (one in so many) that is for what stands before the place that matters."""
_LOOKED_AT = 50_000
"""Characters of a line in which that place is looked for."""


def cut_around(line: str, room: int) -> str:
    """The line in at most `room` characters: whole, or the part around what matters, with … where it is cut."""
    if len(line) <= room:
        return line
    start = place_that_matters(line)
    first = max(start - room // _BEFORE, 0)
    if start < room * 2 // 3:
        first = 0
    if not first:
        return cut(line, room)
    first = whole_words_from(line, min(first, len(line) - room) + 1)
    if len(line) - first < room:
        return "…" + line[first:]
    return "…" + cut(line[first:], room - 1)


def cut_name(line: str, room: int) -> str:
    """The line in at most `room` characters, from its beginning, where the name of what failed stands: without
    the folders of a path, and cut at its end.
    """
    if len(line) <= room:
        return line
    path = _PATH.search(line, 0, _LOOKED_AT)
    if path is not None and path.end("folders") - path.start("folders") > len("…/"):
        line = f"{line[: path.start('folders')]}…/{line[path.end('folders') :]}"
    return cut(line, room)


def place_that_matters(line: str) -> int:
    """Where in the line its message begins, as far as a word tells; 0 if none does."""
    for pattern in _MATTERS:
        if found := pattern.search(line, 0, _LOOKED_AT):
            return found.start()
    return 0


def part_of(line: str, room: int) -> str:
    """What is kept of a line that is far too long: its beginning and, where that lies further on, what matters,
    in at most `room` characters.
    """
    if len(line) <= room:
        return line
    start = place_that_matters(line)
    if start <= room * 3 // 4:
        return line[: whole_words_until(line, room)]
    head, first = whole_words_until(line, room // 4), whole_words_from(line, start - room // 8)
    last = whole_words_until(line, first + room - head - 3)
    return f"{line[:head]} … {line[first:last]}"
