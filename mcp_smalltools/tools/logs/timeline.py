"""Time range, gaps, and where a template bursts, over times of one calendar or over line numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BUCKETS = 64
"""At most so many buckets between the first and the last position."""
GAPS_KEPT = 3
BURST_RECORDS = 10
"""A burst has at least so many records."""
BURST_FACTOR = 5.0
"""In a burst, a template's share of its own records is so many times the share of all records there."""
_GAP_FACTOR = 20.0


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without records."""

    seconds: float
    after_line: int
    before_line: int


@dataclass(frozen=True, slots=True)
class Burst:
    """Much of a template between two positions, the end excluded."""

    start: float
    end: float
    count: int
    factor: float


class Timeline:
    """Positions of records in their order. `width` is a power of two, so buckets merge exactly."""

    def __init__(self, width: float) -> None:
        self.width = width
        self.records = 0
        self.first = self.last = 0.0  # smallest and largest position
        self.backwards = 0  # records that are earlier than the one before
        self.buckets: dict[int, dict[int, int]] = {}  # form's id: bucket: records
        self._newest = 0.0
        self._newest_line = 0
        self._gaps: list[tuple[float, int, int]] = []

    def add(self, forms: NDArray[np.int64], positions: NDArray[np.float64], lines: NDArray[np.int64]) -> None:
        """Count records, in their order: the id of each one's form, its position and its line number."""
        low, high = float(positions.min()), float(positions.max())
        if not self.records:
            self.first, self.last = low, high
            self._newest, self._newest_line = float(positions[0]), int(lines[0])
        self.first, self.last = min(self.first, low), max(self.last, high)
        self.records += len(positions)
        self._note_gaps(positions, lines)
        while self.last // self.width - self.first // self.width >= BUCKETS:
            self._widen()
        bucket = (positions // self.width).astype(np.int64)
        base = int(self.first // self.width)
        codes, counts = np.unique(forms * BUCKETS + (bucket - base), return_counts=True)
        for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
            form, place = divmod(code, BUCKETS)
            of_form = self.buckets.setdefault(form, {})
            of_form[place + base] = of_form.get(place + base, 0) + count

    def _note_gaps(self, positions: NDArray[np.float64], lines: NDArray[np.int64]) -> None:
        steps = np.diff(positions, prepend=self._newest)
        self.backwards += int((steps < 0).sum())
        before = np.concatenate(([self._newest_line], lines[:-1]))
        smallest = self._gaps[-1][0] if len(self._gaps) == GAPS_KEPT else 0.0
        for place in np.argsort(-steps, kind="stable")[:GAPS_KEPT].tolist():
            if steps[place] > smallest:
                self._gaps.append((float(steps[place]), -int(before[place]), int(lines[place])))
        self._gaps = sorted(self._gaps, reverse=True)[:GAPS_KEPT]
        self._newest, self._newest_line = float(positions[-1]), int(lines[-1])

    def _widen(self) -> None:
        self.width *= 2
        for form, counts in self.buckets.items():
            merged: dict[int, int] = {}
            for bucket, count in counts.items():
                merged[bucket // 2] = merged.get(bucket // 2, 0) + count
            self.buckets[form] = merged

    @property
    def gaps(self) -> list[Gap]:
        """The longest gaps, if they stand out from the mean distance of records; longest first."""
        if self.records < 3 or self.last <= self.first:
            return []
        mean = (self.last - self.first) / (self.records - 1)
        return [
            Gap(seconds, -minus_line, line)
            for seconds, minus_line, line in self._gaps
            if seconds >= _GAP_FACTOR * mean and seconds >= 1
        ]

    def merged(self, forms: Iterable[int]) -> dict[int, int]:
        """Records in each bucket, of these forms together."""
        total: dict[int, int] = {}
        for form in forms:
            for bucket, count in self.buckets.get(form, {}).items():
                total[bucket] = total.get(bucket, 0) + count
        return total

    def burst(self, counts: Mapping[int, int], totals: Mapping[int, int]) -> Burst | None:
        """The bucket in which a template, with these counts, stands out most from all records."""
        records = sum(counts.values())
        best: Burst | None = None
        for bucket, count in counts.items():
            factor = (count / records) / (totals[bucket] / self.records)
            if count >= BURST_RECORDS and factor >= BURST_FACTOR and (best is None or count > best.count):
                best = Burst(bucket * self.width, (bucket + 1) * self.width, count, factor)
        return best
