"""Places that stand together as one passage, and the best of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.tools.ask_file.word_index import Place

MOST_LINES: Final = 8
"""Lines of a passage."""
MOST: Final = 3
"""Passages that are shown."""
GAP: Final = 1
"""Lines between two places of one passage that belong to neither."""
BEHIND: Final = 2.0
"""How far, in log odds, a place may be behind the best one beside it and still belong to its passage."""
APART: Final = 0.5
"""The same where the best place is a setting or a row, which says its own."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines `start` to `end` of a file, 1-based."""

    file: int
    start: int
    end: int
    share: float
    """Of what speaks for all places together: the chance that it answers, if one does."""
    best: Place
    """The place in it that fits best, and its number."""
    number: int


def passages(places: Sequence[Place], odds: Floats) -> list[Passage]:
    """The best `MOST` passages, best first, no line in two. `odds` are the places', of shape (places,)."""
    powers = np.exp(odds - odds.max())
    shares = powers / powers.sum()
    found: list[Passage] = []
    used: set[int] = set()
    for first in np.argsort(-odds, kind="stable").tolist():
        unit, file = places[first].unit, places[first].file
        start, end = unit.start, min(unit.end, unit.start + MOST_LINES - 1)
        if first in used or _taken(found, file, start, end):
            continue
        if len(found) == MOST:
            break
        members, start, end = _grown(first, (start, end), places, odds, found)
        used |= members
        share = float(shares[list(members)].sum())
        found.append(Passage(file, start, end, share, places[first], first))
    return found


def _taken(found: Sequence[Passage], file: int, start: int, end: int) -> bool:
    return any(p.file == file and start <= p.end and p.start <= end for p in found)


def _grown(
    first: int, lines: tuple[int, int], places: Sequence[Place], odds: Floats, found: Sequence[Passage]
) -> tuple[set[int], int, int]:
    """A place's passage with what stands beside it and is not far behind: its places and its lines."""
    members, (start, end), file = {first}, lines, places[first].file
    behind = APART if places[first].unit.kind in ("entry", "row") else BEHIND
    near = [
        n
        for n, place in enumerate(places)
        if place.file == file and abs(place.unit.start - start) <= 2 * MOST_LINES
    ]
    grows = True
    while grows:
        grows = False
        for n in near:
            other = places[n].unit
            lowest, highest = min(start, other.start), max(end, other.end)
            inside = (lowest, highest) == (start, end)
            beside = other.start <= end + GAP + 1 and other.end >= start - GAP - 1
            fits = highest - lowest < MOST_LINES and odds[n] > odds[first] - behind
            if n in members or not (inside or (beside and fits)) or _taken(found, file, lowest, highest):
                continue
            members = members | {n}
            start, end, grows = lowest, highest, True
    return members, start, end
