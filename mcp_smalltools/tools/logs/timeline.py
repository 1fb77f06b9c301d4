"""Time range, gaps, and where a template bursts, over times of one calendar or over line numbers."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mcp_smalltools.tools.logs.forms import Form

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
        self._newest = 0.0
        self._newest_line = 0
        self._low = self._high = 0
        self._gaps: list[tuple[float, int, int]] = []
        self._forms: set[Form] = set()

    def add(self, form: Form, position: float, line: int) -> None:
        """Count a record of a form at a position."""
        bucket = int(position // self.width)
        if not self.records:
            self.first = self.last = self._newest = position
            self._low = self._high = bucket
        elif position >= self._newest:
            self._note_gap(position, line)
        else:
            self.backwards += 1
        self.records += 1
        self._newest, self._newest_line = position, line
        self.first, self.last = min(self.first, position), max(self.last, position)
        if not self._low <= bucket <= self._high:
            self._low, self._high = min(self._low, bucket), max(self._high, bucket)
            while self._high - self._low >= BUCKETS:
                self._widen()
            bucket = int(position // self.width)
        form.buckets[bucket] = form.buckets.get(bucket, 0) + 1
        self._forms.add(form)

    def _note_gap(self, position: float, line: int) -> None:
        seconds = position - self._newest
        if len(self._gaps) < GAPS_KEPT:
            heapq.heappush(self._gaps, (seconds, -self._newest_line, line))
        elif seconds > self._gaps[0][0]:
            heapq.heapreplace(self._gaps, (seconds, -self._newest_line, line))

    def _widen(self) -> None:
        self.width *= 2
        self._low //= 2
        self._high //= 2
        for form in self._forms:
            merged: dict[int, int] = {}
            for bucket, count in form.buckets.items():
                merged[bucket // 2] = merged.get(bucket // 2, 0) + count
            form.buckets = merged

    def __contains__(self, form: Form) -> bool:
        return form in self._forms

    @property
    def gaps(self) -> list[Gap]:
        """The longest gaps, if they stand out from the mean distance of records; longest first."""
        if self.records < 3 or self.last <= self.first:
            return []
        mean = (self.last - self.first) / (self.records - 1)
        return [
            Gap(seconds, -minus_line, line)
            for seconds, minus_line, line in sorted(self._gaps, reverse=True)
            if seconds >= _GAP_FACTOR * mean and seconds >= 1
        ]

    def totals(self) -> dict[int, int]:
        """Records in each bucket, of all forms."""
        return merged(self._forms)

    def burst(self, counts: Mapping[int, int], totals: Mapping[int, int]) -> Burst | None:
        """The bucket in which a template, with these counts, stands out most from all records."""
        records = sum(counts.values())
        best: Burst | None = None
        for bucket, count in counts.items():
            factor = (count / records) / (totals[bucket] / self.records)
            if count >= BURST_RECORDS and factor >= BURST_FACTOR and (best is None or count > best.count):
                best = Burst(bucket * self.width, (bucket + 1) * self.width, count, factor)
        return best


def merged(forms: Iterable[Form]) -> dict[int, int]:
    """The buckets of several forms, added up."""
    total: dict[int, int] = {}
    for form in forms:
        for bucket, count in form.buckets.items():
            total[bucket] = total.get(bucket, 0) + count
    return total
