"""What every trial of corrections says: whether they are to be kept, and if not, why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Final

LIKELY_CHANCE: Final = 0.05
"""The gain counts if chance makes one as large in at most so many trials (the exact test of McNemar 1947)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionTrial:
    """`reasons` say why it is not kept; none if it is."""

    reasons: tuple[str, ...]

    @property
    def better(self) -> bool:
        return not self.reasons

    def report(self) -> dict[str, Any]:
        return {**asdict(self), "better": self.better}


def gained_and_lost(before: Sequence[bool], after: Sequence[bool]) -> tuple[int, int]:
    """How many answers have become right, and how many wrong."""
    pairs = list(zip(before, after, strict=True))
    return sum(new and not old for old, new in pairs), sum(old and not new for old, new in pairs)


def chance_of(gained: int, changed: int) -> float:
    """The probability that at least `gained` of `changed` answers get better by chance alone."""
    ways = sum(math.comb(changed, count) for count in range(gained, changed + 1))
    return float(Fraction(ways, 2**changed))
