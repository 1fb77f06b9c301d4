"""What is counted of each line type, as columns: row n is that of line type n."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64]


class LineCounts:
    """`lines`: of this type, also those inside records of others; `seen`: the number of the first of them.
    `records`: those that start with such a line; `first` and `last`: their line numbers, 0 for none.
    `before`: records for comparison only.
    """

    __slots__ = ("before", "first", "last", "lines", "records", "seen")

    def __init__(self) -> None:
        self.lines = np.zeros(0, np.int64)
        self.records = np.zeros(0, np.int64)
        self.before = np.zeros(0, np.int64)
        self.first = np.zeros(0, np.int64)
        self.last = np.zeros(0, np.int64)
        self.seen = np.zeros(0, np.int64)

    def grow(self, types: int) -> None:
        """Make sure that there is a row for each line type."""
        missing = types - len(self.lines)
        if missing > 0:
            rows = np.zeros(max(missing, len(self.lines)), np.int64)
            for name in self.__slots__:
                setattr(self, name, np.concatenate((getattr(self, name), rows)))

    def add_lines(self, types: Column, first: int) -> None:
        """Count lines, of which this is the number of the first."""
        added = np.bincount(types, minlength=len(self.lines))
        for number in np.flatnonzero((self.seen == 0) & (added > 0)).tolist():
            self.seen[number] = first + int(np.argmax(types == number))
        self.lines += added

    def add_before(self, types: Column) -> None:
        self.before += np.bincount(types, minlength=len(self.before))

    def add_records(self, types: Column, numbers: Column) -> Column:
        """Count records in their order: the line type and the line number of each.

        Returns the line types whose number of records reached a power of two: their lines are kept.
        """
        added = np.bincount(types, minlength=len(self.records))
        before = self.records
        self.records = before + added
        new = self.first[types] == 0
        if new.any():
            self.first[types[new][::-1]] = numbers[new][::-1]  # of equal indexes the last one counts
        self.last[types] = numbers
        return np.flatnonzero((before ^ self.records) > before)
