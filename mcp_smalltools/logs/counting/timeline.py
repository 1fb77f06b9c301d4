"""Time range, gaps, and where a template bursts, over times of one calendar or over line numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BUCKETS = 64
"""At most this many buckets between the first and the last position."""
GAPS_KEPT = 3
BURST_RECORDS = 10
"""Records that a burst has at least."""
BURST_FACTOR = 5.0
"""In a burst, the share of a template's records is at least this many times the share of all records."""
_GAP_FACTOR = 20.0


@dataclass(frozen=True, slots=True)
class TimelineGap:
    """A time without records."""

    seconds: float
    after_line: int
    before_line: int


@dataclass(frozen=True, slots=True)
class TimelineBurst:
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
        self.first_line = self.last_line = 0  # and their line numbers
        self.backwards = 0  # records that are earlier than the one before
        self._base = 0  # the bucket of the smallest position
        self._counts = np.zeros((0, BUCKETS), np.int64)  # number of the line type, bucket from `_base`
        self.oldest = 0.0  # position of the first record
        self._oldest_line = 0
        self.newest = 0.0  # of the last one
        self._newest_line = 0
        self._gaps: list[tuple[float, int, int]] = []

    def add(self, types: NDArray[np.int64], positions: NDArray[np.float64], lines: NDArray[np.int64]) -> None:
        """Count records in their order: the line type, the position and the line number of each."""
        if not self.records:
            self.newest, self._newest_line = float(positions[0]), int(lines[0])
            self.oldest, self._oldest_line = self.newest, self._newest_line
        low, high = int(positions.argmin()), int(positions.argmax())
        self._note_edges((float(positions[low]), int(lines[low])), (float(positions[high]), int(lines[high])))
        self._cover(float(positions[low]), float(positions[high]), int(types.max()) + 1)
        self.records += len(positions)
        self._note_gaps(positions, lines)
        bucket = (positions // self.width).astype(np.int64) - self._base
        self._counts += np.bincount(types * BUCKETS + bucket, minlength=self._counts.size).reshape(
            self._counts.shape
        )

    def _note_gaps(self, positions: NDArray[np.float64], lines: NDArray[np.int64]) -> None:
        steps = np.diff(positions, prepend=self.newest)
        self.backwards += int((steps < 0).sum())
        smallest = self._gaps[-1][0] if len(self._gaps) == GAPS_KEPT else 0.0
        longer = np.flatnonzero(steps > smallest)
        for place in longer[np.argsort(-steps[longer], kind="stable")][:GAPS_KEPT].tolist():
            before = int(lines[place - 1]) if place else self._newest_line
            self._gaps.append((float(steps[place]), -before, int(lines[place])))
        self._gaps = sorted(self._gaps, reverse=True)[:GAPS_KEPT]
        self.newest, self._newest_line = float(positions[-1]), int(lines[-1])

    def _note_edges(self, low: tuple[float, int], high: tuple[float, int]) -> None:
        """Position and line of the smallest and the largest that are new."""
        if not self.records or low[0] < self.first:
            self.first_line = low[1]
        if not self.records or high[0] > self.last:
            self.last_line = high[1]

    def _cover(self, low: float, high: float, types: int) -> None:
        """Have buckets for these positions, and rows for this many line types."""
        if not self.records:
            self.first, self.last = low, high
            self._base = int(low // self.width)
        self.first, self.last = min(self.first, low), max(self.last, high)
        width = self.width
        while self.last // width - self.first // width >= BUCKETS:
            width *= 2
        if width > self.width or self.first // width < self._base:
            self._move(width)
        missing = types - len(self._counts)
        if missing > 0:
            rows = np.zeros((max(missing, len(self._counts)), BUCKETS), np.int64)
            self._counts = np.concatenate((self._counts, rows))

    def _move(self, width: float) -> None:
        """Have buckets of this width, no smaller than now, from that of `first` on."""
        base = int(self.first // width)
        used = np.flatnonzero(self._counts.any(axis=0))
        to = (used + self._base) * self.width // width
        moved = np.zeros_like(self._counts)
        for place, bucket in zip(used.tolist(), to.tolist(), strict=True):
            moved[:, int(bucket) - base] += self._counts[:, place]
        self._counts, self._base, self.width = moved, base, width

    def state(self) -> dict[str, Any]:
        """All of it, in plain values; see `append`."""
        rows, places = np.nonzero(self._counts)
        return {
            "width": self.width,
            "records": self.records,
            "range": [self.first, self.last],
            "lines": [self.first_line, self.last_line],
            "backwards": self.backwards,
            "ends": [self.oldest, self._oldest_line, self.newest, self._newest_line],
            "gaps": self._gaps,
            "counts": [rows.tolist(), (places + self._base).tolist(), self._counts[rows, places].tolist()],
        }

    def append(self, state: Mapping[str, Any], types: NDArray[np.int64]) -> None:
        """Add the state of a timeline of later records; `types` maps its line types to the ones here."""
        if not state["records"]:
            return
        oldest, oldest_line, newest, newest_line = state["ends"]
        if not self.records:
            self.oldest, self._oldest_line = oldest, oldest_line
        else:
            step = oldest - self.newest
            self.backwards += step < 0
            self._gaps.append((step, -self._newest_line, oldest_line))
        if self.width < state["width"]:
            self._move(state["width"])
        low, high = state["range"]
        first_line, last_line = state["lines"]
        self._note_edges((low, first_line), (high, last_line))
        self._cover(low, high, int(types.max()) + 1)
        self.records += state["records"]
        self.backwards += state["backwards"]
        gaps = {gap for gap in (*self._gaps, *map(tuple, state["gaps"])) if gap[0] > 0}
        self._gaps = sorted(gaps, reverse=True)[:GAPS_KEPT]
        self.newest, self._newest_line = newest, newest_line
        rows, buckets, counts = (np.array(column) for column in state["counts"])
        places = (buckets * state["width"] // self.width).astype(np.int64) - self._base
        np.add.at(self._counts, (types[rows], places), counts)

    @property
    def gaps(self) -> list[TimelineGap]:
        """The longest gaps, if they stand out from the mean distance of records; longest first."""
        if self.records < 3 or self.last <= self.first:
            return []
        mean = (self.last - self.first) / (self.records - 1)
        return [
            TimelineGap(seconds, -minus_line, line)
            for seconds, minus_line, line in self._gaps
            if seconds >= _GAP_FACTOR * mean and seconds > 1  # the step of a clock that shows seconds
        ]

    def merged(self, types: Iterable[int] | None = None) -> dict[int, int]:
        """Records in each bucket, of these line types together (of all if None)."""
        rows = range(len(self._counts)) if types is None else [n for n in types if n < len(self._counts)]
        total = self._counts[rows].sum(axis=0)
        return {int(place) + self._base: int(total[place]) for place in np.flatnonzero(total)}

    def burst(self, counts: Mapping[int, int], totals: Mapping[int, int]) -> TimelineBurst | None:
        """The bucket in which a template, with these counts, stands out most from all records."""
        records = sum(counts.values())
        best: TimelineBurst | None = None
        for bucket, count in counts.items():
            factor = (count / records) / (totals[bucket] / self.records)
            if count >= BURST_RECORDS and factor >= BURST_FACTOR and (best is None or count > best.count):
                best = TimelineBurst(bucket * self.width, (bucket + 1) * self.width, count, factor)
        return best
