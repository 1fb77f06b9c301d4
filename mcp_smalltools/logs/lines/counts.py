"""What is counted of each form, as columns: entry n belongs to the form of number n."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64]


class Counts:
    """`lines` of the form, also those inside records of others; `records` that start with it, and the line
    numbers of the `first` and `last` of them (0: none); `before`: records that are there for comparison only.
    """

    __slots__ = ("before", "first", "last", "lines", "records")

    def __init__(self) -> None:
        self.lines = np.zeros(0, np.int64)
        self.records = np.zeros(0, np.int64)
        self.before = np.zeros(0, np.int64)
        self.first = np.zeros(0, np.int64)
        self.last = np.zeros(0, np.int64)

    def grow(self, forms: int) -> None:
        """Have a row for each of so many forms."""
        missing = forms - len(self.lines)
        if missing > 0:
            rows = np.zeros(max(missing, len(self.lines)), np.int64)
            for name in self.__slots__:
                setattr(self, name, np.concatenate((getattr(self, name), rows)))

    def add_lines(self, forms: Column) -> None:
        self.lines += np.bincount(forms, minlength=len(self.lines))

    def add_before(self, forms: Column) -> None:
        self.before += np.bincount(forms, minlength=len(self.before))

    def add_records(self, forms: Column, numbers: Column) -> Column:
        """Count records in their order: the form and the line number of each. Gives the forms whose number of
        records reached a power of two: their lines are worth a look.
        """
        added = np.bincount(forms, minlength=len(self.records))
        before = self.records
        self.records = before + added
        new = self.first[forms] == 0
        if new.any():
            self.first[forms[new][::-1]] = numbers[new][::-1]  # of equal indexes the last one counts
        self.last[forms] = numbers
        return np.flatnonzero((before ^ self.records) > before)
