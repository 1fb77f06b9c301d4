"""A number for each key, looked up for all lines of a block at once.

Lines of a like length are rows of one width, a row's hash is its place in a table, and what is found there
is compared with the row byte for byte: no number hangs on a hash. Keys whose place is taken, and long ones,
are in a dictionary.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

WIDTHS = (64, 128, 256, 512)
_SLOT_BITS = 20
Numbers = NDArray[np.int64]
Rows = NDArray[np.uint64]
"""Lines padded with zeros, shape (lines, width / 8)."""


class KeyTable:
    """`bytes` is what the keys take up, about."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.keys = self.bytes = 0
        self._by_width: dict[int, _Table] = {}
        self._others: dict[bytes, int] = {}

    def find(self, keys: bytes, starts: Numbers, sizes: Numbers) -> Numbers:
        """The number of each key, -1 for those that are not known."""
        numbers = np.full(len(starts), -1)
        padded = np.frombuffer(keys + bytes(WIDTHS[-1]), np.uint8)
        width_of_line = np.searchsorted(WIDTHS, sizes)
        for place, width in enumerate(WIDTHS):
            table = self._by_width.get(width)
            if table is not None and len(chosen := np.flatnonzero(width_of_line == place)):
                rows = _rows(padded, starts[chosen], sizes[chosen], width)
                numbers[chosen] = table.find(rows, sizes[chosen])
        if self._others:
            left = np.flatnonzero(numbers < 0)
            for place, start, size in zip(
                left.tolist(), starts[left].tolist(), sizes[left].tolist(), strict=True
            ):
                numbers[place] = self._others.get(keys[start : start + size], -1)
        return numbers

    def add(self, numbers: dict[bytes, int]) -> None:
        """Know these keys, which are new."""
        by_width: dict[int, list[bytes]] = {}
        for key in numbers:
            by_width.setdefault(bisect_left(WIDTHS, len(key)), []).append(key)
        self.keys += len(numbers)
        for place, keys in by_width.items():
            left = keys
            if place < len(WIDTHS):
                table = self._by_width.setdefault(WIDTHS[place], _Table(WIDTHS[place]))
                left = table.add(keys, [numbers[key] for key in keys])
                self.bytes += len(keys) * WIDTHS[place]
            for key in left:
                self._others[key] = numbers[key]
                self.bytes += len(key)


class _Table:
    """The keys of one width."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._factors = np.random.default_rng(width).integers(1 << 63, size=width // 8, dtype=np.uint64) | 1
        self._slots = np.zeros(1 << _SLOT_BITS, np.int32)  # the row of each hash, 0: none
        self._rows: Rows = np.zeros((1, width // 8), np.uint64)
        self._sizes = np.full(1, -1)
        self._numbers = np.full(1, -1)
        self._used = 1

    def find(self, rows: Rows, sizes: Numbers) -> Numbers:
        at = self._slots[self._hashes(rows)]
        stored = self._rows.view(f"V{self._width}")[at].view(np.uint64).reshape(rows.shape)
        found = (stored == rows).all(axis=1) & (self._sizes[at] == sizes)
        return np.where(found, self._numbers[at], -1)

    def add(self, keys: Sequence[bytes], numbers: Sequence[int]) -> list[bytes]:
        """Store these keys; gives those that have no slot left."""
        sizes = np.fromiter(map(len, keys), np.int64, len(keys))
        text = b"".join([key.ljust(self._width, b"\0") for key in keys])
        rows = np.frombuffer(text, np.uint64).reshape(len(keys), -1)
        slots = self._hashes(rows)
        free = np.flatnonzero(self._slots[slots] == 0)
        _, firsts = np.unique(slots[free], return_index=True)
        kept = free[firsts]
        at = self._room(len(kept))
        self._rows[at], self._sizes[at], self._numbers[at] = rows[kept], sizes[kept], np.array(numbers)[kept]
        self._slots[slots[kept]] = at
        left = np.ones(len(keys), bool)
        left[kept] = False
        return [keys[place] for place in np.flatnonzero(left).tolist()]

    def _hashes(self, rows: Rows) -> Numbers:
        return (rows @ self._factors >> (64 - _SLOT_BITS)).view(np.int64)

    def _room(self, keys: int) -> Numbers:
        missing = self._used + keys - len(self._rows)
        if missing > 0:
            more = max(missing, len(self._rows))
            self._rows = np.concatenate((self._rows, np.zeros((more, self._rows.shape[1]), np.uint64)))
            self._sizes = np.concatenate((self._sizes, np.full(more, -1)))
            self._numbers = np.concatenate((self._numbers, np.full(more, -1)))
        self._used += keys
        return np.arange(self._used - keys, self._used)


def _rows(padded: NDArray[np.uint8], starts: Numbers, sizes: Numbers, width: int) -> Rows:
    """The lines at these places of a text that goes on for a row behind the last of them."""
    at_any_place = np.ndarray((len(padded) - width + 1,), f"V{width}", padded.data, 0, (1,))
    rows = at_any_place[starts].view(np.uint64).reshape(len(starts), -1)
    rows &= _masks(width)[sizes].view(np.uint64).reshape(rows.shape)
    return rows


@lru_cache(maxsize=len(WIDTHS))
def _masks(width: int) -> NDArray[np.void]:
    """For each size from 0 to the width a row with so many bytes of ones."""
    bits = np.where(np.arange(width) < np.arange(width + 1)[:, None], 255, 0).astype(np.uint8)
    return bits.view(f"V{width}").reshape(-1)
