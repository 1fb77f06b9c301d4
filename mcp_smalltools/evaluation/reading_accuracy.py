"""How much of what is written on a picture was read, and in which order."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

_SAME: Final = 0.6
"""Similarity from which a line that was read is a reading of one that is written."""


@dataclass(frozen=True, slots=True)
class ReadingCounts:
    """Counts of one picture."""

    characters: int
    wrong: int
    """Characters to be changed, left out or put in: of lines that were not read all, of lines that are not
    written all.
    """
    lines: int
    in_order: int
    """The most lines that were read in the order in which they are written."""


def compare(written: Sequence[str], read: Sequence[str]) -> ReadingCounts:
    """Runs of white space count as one space."""
    truth = [" ".join(line.split()) for line in written]
    truth = [line for line in truth if line]
    found = [" ".join(line.split()) for line in read]
    found = [line for line in found if line]
    pairs = _pairs(truth, found)
    wrong = sum(distance(truth[one], found[other]) for one, other in pairs.items())
    wrong += sum(len(line) for number, line in enumerate(truth) if number not in pairs)
    used = set(pairs.values())
    wrong += sum(len(line) for number, line in enumerate(found) if number not in used)
    order = [pairs[number] for number in sorted(pairs)]
    return ReadingCounts(sum(map(len, truth)), wrong, len(truth), _longest_rising(order))


def _pairs(truth: Sequence[str], found: Sequence[str]) -> dict[int, int]:
    """Each written line with the reading that is most like it, the likest first."""
    scored = []
    for one, line in enumerate(truth):
        matcher = SequenceMatcher(None, autojunk=False)
        matcher.set_seq2(line)
        for other, reading in enumerate(found):
            matcher.set_seq1(reading)
            if matcher.real_quick_ratio() < _SAME or matcher.quick_ratio() < _SAME:
                continue
            if (score := matcher.ratio()) >= _SAME:
                away = abs(one / len(truth) - other / len(found))
                scored.append((round(score, 3), -away, one, other))
    pairs: dict[int, int] = {}
    used: set[int] = set()
    for _, _, one, other in sorted(scored, reverse=True):
        if one not in pairs and other not in used:
            pairs[one] = other
            used.add(other)
    return pairs


def distance(one: str, other: str) -> int:
    """Levenshtein's: the fewest characters to change, leave out or put in."""
    before = list(range(len(other) + 1))
    for row, a in enumerate(one, 1):
        now = [row]
        for column, b in enumerate(other, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (a != b)))
        before = now
    return before[-1]


def _longest_rising(numbers: Sequence[int]) -> int:
    ends: list[int] = []
    for number in numbers:
        place = bisect.bisect_left(ends, number)
        ends[place : place + 1] = [number]
    return len(ends)
