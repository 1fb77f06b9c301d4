"""Passages that may answer: units that are close to each other, grown around the best ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.tools.ask_file.units.unit import Unit
from mcp_smalltools.tools.ask_file.word_index import FileUnit

MAX_PASSAGE_LINES: Final = 12
MAX_PASSAGES: Final = 5
"""Passages that an answer shows, as evidence or as places to read."""
COMPARED: Final = 3
"""Passages, the best ones, by which it is told how sure the first one is."""
MAX_GAP: Final = 1
"""Lines between two units of one passage that belong to neither."""
MAX_BEHIND: Final = 2.5
"""How far, in log odds, a unit may be behind the best one near it and still join its passage."""
MAX_BEHIND_ENTRY: Final = 1.0
"""The same where the best unit is a setting or a row, which is mostly an answer by itself."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """Lines `start` to `end` of a file, 1-based; `file` is the number of its path."""

    file: int
    start: int
    end: int
    share: float
    """The probability that this passage answers, given that one of the candidates does."""
    best: FileUnit
    """Its unit with the highest log odds."""
    number: int
    """The number of that unit among the candidates."""


def select_passages(units: Sequence[FileUnit], log_odds: Floats) -> list[RankedPassage]:
    """The best `MAX_PASSAGES` passages, best first, no line in two. `log_odds` has the shape (units,)."""
    powers = np.exp(log_odds - log_odds.max())
    shares = powers / powers.sum()
    found: list[RankedPassage] = []
    used: set[int] = set()
    for first in np.argsort(-log_odds, kind="stable").tolist():
        unit, file = units[first].unit, units[first].file
        start, end = shown_lines(unit)
        if first in used or _overlaps(found, file, start, end):
            continue
        if len(found) == MAX_PASSAGES:
            break
        members, start, end = _grow(first, (start, end), units, log_odds, found)
        used |= members
        share = float(shares[list(members)].sum())
        found.append(RankedPassage(file, start, end, share, units[first], first))
    return found


def shown_lines(unit: Unit) -> tuple[int, int]:
    """The lines that are shown of a unit, all of its own first."""
    start, end = unit.shown
    if end - start >= MAX_PASSAGE_LINES:
        start, end = unit.start, min(unit.end, unit.start + MAX_PASSAGE_LINES - 1)
    return start, end


def _overlaps(found: Sequence[RankedPassage], file: int, start: int, end: int) -> bool:
    return any(p.file == file and start <= p.end and p.start <= end for p in found)


def _grow(
    first: int,
    lines: tuple[int, int],
    units: Sequence[FileUnit],
    log_odds: Floats,
    found: Sequence[RankedPassage],
) -> tuple[set[int], int, int]:
    """A unit joined by close ones that are not far behind: the numbers of all, first and last line."""
    members, (start, end), file = {first}, lines, units[first].file
    max_behind = MAX_BEHIND_ENTRY if units[first].unit.kind in ("entry", "row") else MAX_BEHIND
    near = [
        n
        for n, other in enumerate(units)
        if other.file == file and abs(other.unit.start - start) <= 2 * MAX_PASSAGE_LINES
    ]
    grows = True
    while grows:
        grows = False
        for n in near:
            first_line, last_line = shown_lines(units[n].unit)
            lowest, highest = min(start, first_line), max(end, last_line)
            inside = (lowest, highest) == (start, end)
            close = first_line <= end + MAX_GAP + 1 and last_line >= start - MAX_GAP - 1
            fits = highest - lowest < MAX_PASSAGE_LINES and log_odds[n] > log_odds[first] - max_behind
            if n in members or not (inside or (close and fits)) or _overlaps(found, file, lowest, highest):
                continue
            members = members | {n}
            start, end, grows = lowest, highest, True
    return members, start, end
