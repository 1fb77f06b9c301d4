"""The second reading of what the first was not sure of: the doubtful words of a line, wider."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from mcp_smalltools.pictures.detect import Corners
from mcp_smalltools.pictures.recognise import ReadLine, of_two_readings

_UNSURE: Final = 0.9
"""Probability of a character below which it is read again."""
_RUN: Final = re.compile(r"(\S)\1{2,}")
"""Equal characters: each needs two steps of the network, which a narrow line doesn't have."""
_MOST: Final = 0.6
"""Share of a line's characters from which all of it is read again."""
_LEAST_EVEN: Final = 12
_UNEVEN: Final = 0.25
"""Widths of a character by which the characters of an even line are off their places (standard deviation)."""
_OF_SPACE: Final = 0.3
"""Share of a space that stays outside: where a character ends is known to half a character."""
_NEAR: Final = 2
"""Characters between two doubtful spans up to which they are read as one."""


def read_again(
    read: list[ReadLine], corners: Sequence[Corners], reader: Callable[[list[Corners]], list[ReadLine]]
) -> None:
    """Put a second reading of doubtful spans into the lines, by `reader`. Where both agree they are surer
    together.
    """
    asked = [(number, span) for number, line in enumerate(read) for span in doubtful_spans(line)]
    places = [_place_of(read[number], corners[number], *span) for number, span in asked]
    again = reader([place for place, _, _ in places])
    for (number, (start, end)), (_, left, right), second in reversed(
        list(zip(asked, places, again, strict=True))
    ):
        line = read[number]
        before, doubted, after = line.part(0, start), line.part(start, end), line.part(end, len(line.text))
        edges = tuple((left + a * (right - left), left + b * (right - left)) for a, b in second.edges)
        again_read = _stripped(ReadLine(second.text, edges, second.probabilities))
        better = of_two_readings(doubted, again_read, cut=(start, end) != (0, len(line.text)))
        read[number] = ReadLine(
            before.text + better.text + after.text,
            before.edges + better.edges + after.edges,
            before.probabilities + better.probabilities + after.probabilities,
        )


def _stripped(line: ReadLine) -> ReadLine:
    start = len(line.text) - len(line.text.lstrip())
    return line.part(start, max(start, len(line.text.rstrip())))


def doubtful_spans(line: ReadLine) -> list[tuple[int, int]]:
    """Offsets of the words that have an unsure character or a run of equal ones, from the left."""
    text = line.text
    unsure = {number for number, p in enumerate(line.probabilities) if p < _UNSURE}
    for match in _RUN.finditer(text):
        unsure.update(range(*match.span()))
    spans: list[list[int]] = []
    for start, end in _words(text, sorted(unsure)):
        if spans and start - spans[-1][1] <= _NEAR:
            spans[-1][1] = max(end, spans[-1][1])
        else:
            spans.append([start, end])
    if spans and (sum(end - start for start, end in spans) > _MOST * len(text) or not _is_even(line)):
        return [(0, len(text))]
    return [(start, end) for start, end in spans]


def _is_even(line: ReadLine) -> bool:
    """Whether its characters stand as far apart everywhere: only then is it known where each of them is."""
    if len(line.text) < _LEAST_EVEN:
        return False
    centres = np.array([(left + right) / 2 for left, right in line.edges])
    places = np.arange(len(centres))
    slope, start = np.polyfit(places, centres, 1)
    return bool(np.std(centres - (slope * places + start)) < _UNEVEN * slope)


def _words(text: str, places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The words around these offsets; of a space both of its neighbours."""
    for place in places:
        left, right = (place - 1, place + 1) if text[place].isspace() else (place, place)
        start = text.rfind(" ", 0, max(0, left)) + 1
        end = text.find(" ", min(right, len(text)))
        yield start, len(text) if end < 0 else end


def _place_of(line: ReadLine, corner: Corners, start: int, end: int) -> tuple[Corners, float, float]:
    """The corners of some characters of a line, and where they begin and end on the way along it."""
    if (start, end) == (0, len(line.text)):
        return corner, 0.0, 1.0
    left, right = 0.0, 1.0
    if start:
        before, after = line.edges[start - 1]
        left = before + _OF_SPACE * (after - before)
    if end < len(line.text):
        before, after = line.edges[end]
        right = after - _OF_SPACE * (after - before)
    along_top, along_bottom = corner[1] - corner[0], corner[2] - corner[3]
    part = np.stack(
        [
            corner[0] + along_top * left,
            corner[0] + along_top * right,
            corner[3] + along_bottom * right,
            corner[3] + along_bottom * left,
        ]
    )
    return part.astype(np.float32), left, right
