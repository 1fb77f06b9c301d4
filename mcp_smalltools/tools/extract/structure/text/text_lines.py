"""Named values in lines of text: `name: value`, columns of names and values, times with what happened."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import Node
from mcp_smalltools.tools.extract.structure.text.inline import plain

Lines = Sequence[tuple[int, str]]

_PAIR: Final = re.compile(
    r"\s*+(?:[-*+•]\s++|>\s*+)?(?P<bold>\*\*|__|`)?"
    r"(?P<key>\.?[^\W\d_][\w ./()#%&'@+-]{0,60}?|[A-Z][\w -]{0,40}?)"
    r"(?:\s{0,60}(?::\*\*|:__|\*\*\s?:|__\s?:|`\s?:|:|\s=|=(?=\S))"
    r"(?:\s++|(?<=:)(?=\S)(?!//|\w+/))|\s{0,60}:?\.{3,80}+\s*+:?\s*+)(?P<value>\S.*)"
)
_BARE: Final = re.compile(
    r"\s*+(?:\*\*)?(?P<key>[^\W\d_][\w ./()#%&'-]{0,60}?)(?:\*\*)?\s{0,4}:(?:\*\*)?\s*+"
)
_DOTTED: Final = re.compile(r"\s*+(?P<key>[^\W\d_][\w /()#%&'-]{0,60}?)\s{0,9}:?\.{5,80}+:?\s*+")
"""A name with dots after it and no value."""
_WIDE: Final = re.compile(r"\s{3,}|\s*\t+\s*")
_NAME: Final = re.compile(r"[^\W\d_][\w .()#/&'-]{0,40}:?")
_NEXT_PAIR: Final = re.compile(r"(?:(?<!\s)\s{2,}+|\s?[|·•;]\s)(?=[^\W\d_][\w .()#/&'-]{0,40}?:\s)")
_TIME: Final = re.compile(
    r"\s*+(?:[-*+•]\s++)?(?:\[|\*\*|`)?(?P<time>(?:\d{4}-\d\d-\d\d[ T])?\d{1,2}:\d\d(?::\d\d)?"
    r"(?:\s?[AaPp]\.?[Mm]\.?)?(?:\s?(?:UTC|GMT|CET|CEST|EST|EDT|PST|PDT|Z))?)"
    r"(?:\]|\*\*|`)?\s*+(?:[-–—:|]|\s)\s*+(?P<text>\S.*)"
)
_WORDS_OF_NAME: Final = 7


def pair_in(line: str) -> tuple[str, str] | None:
    """Name and value of a line, if it is such."""
    match = _PAIR.fullmatch(line.rstrip())
    if match is None:
        return None
    key = match["key"].strip(" *_`")
    if not key or len(key.split()) > _WORDS_OF_NAME:
        return None
    value = match["value"].strip()
    if match["bold"] == "**" and value.endswith("**") and "**" not in value[:-2]:
        value = value[:-2]
    return key, value


def values_in(number: int, line: str) -> list[Node]:
    """All named values of a line; several where wide gaps or signs part them."""
    found = []
    for part in _NEXT_PAIR.split(line):
        pair = pair_in(part)
        if pair is not None and set(pair[1]) - set("-:|= "):
            text, link = plain(pair[1])
            found.append(Node(pair[0], "value", number, number, text, link=link, exact=True))
    if found or ":" in line:
        return found
    cells = [cell for cell in _WIDE.split(line.strip()) if cell]
    for key, value in itertools.pairwise(cells):
        if _NAME.fullmatch(key) and len(key.split()) <= 4:
            found.append(Node(key.rstrip(" :."), "value", number, number, value, exact=False))
    return found


def read_pairs(lines: Lines) -> list[Node] | None:
    """The values of a block of lines of which most name one; a line that is indented more goes on."""
    found: list[Node] = []
    named, depth = 0, 0
    for place, (number, line) in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        here = values_in(number, line)
        if here:
            found += here
            named, depth = named + 1, indent
        elif match := _DOTTED.fullmatch(line):
            found.append(Node(match["key"].strip(), "value", number, number, ""))
            named, depth = named + 1, indent
        elif (match := _BARE.fullmatch(line)) and (value := _under(lines, place)) is not None:
            found.append(Node(match["key"].strip(), "value", number, value[1], value[0], exact=False))
            named, depth = named + 1, indent
        elif found and (indent > depth or lines[place - 1][0] < number <= found[-1].end):
            if number > found[-1].end and found[-1].start < number:
                _go_on(found[-1], line, number, lines[found[-1].start - lines[0][0]][1])
            named += 1
    return found if found and named >= 0.5 * len(lines) else found or None


def _go_on(held: Node, line: str, number: int, first: str) -> None:
    """A line more of a value. Lines that begin where the value began may be entries of a list: they are kept
    beside the whole text.
    """
    text = line.strip()
    at = first.rfind(str(held.inner[0].value if held.inner else held.value))
    if at > 0 and len(line) - len(line.lstrip()) == at and (held.inner or held.end == held.start):
        held.inner = held.inner or [Node("", "value", held.start, held.start, held.value)]
        held.inner.append(Node("", "value", number, number, text))
    else:
        held.inner = []
    held.value = f"{held.value} {text}"
    held.end = number


def _under(lines: Lines, place: int) -> tuple[str, int] | None:
    """What stands in the lines under a name, up to the next name."""
    texts = []
    end = 0
    for number, line in lines[place + 1 : place + 8]:
        if pair_in(line) or _BARE.fullmatch(line) or not line.strip():
            break
        texts.append(line.strip())
        end = number
    return ("\n".join(texts), end) if texts else None


def read_times(lines: Lines) -> Node | None:
    """Lines that begin with a time, each with what follows it: two at least, and nearly all."""
    rows: list[Node] = []
    for number, line in lines:
        match = _TIME.fullmatch(line.rstrip())
        if match is None:
            if not rows or not line.startswith((" ", "\t")):
                return None
            last = rows[-1].inner[-1]
            last.value, last.end, rows[-1].end = f"{last.value} {line.strip()}", number, number
            continue
        text, link = plain(match["text"])
        values = [
            Node("time", "value", number, number, match["time"]),
            Node("", "value", number, number, text, link=link),
        ]
        rows.append(Node("", "object", number, number, inner=values))
    if len(rows) < 2:
        return None
    return Node("timeline", "list", rows[0].start, rows[-1].end, inner=rows, is_table=True)
