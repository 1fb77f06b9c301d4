"""A number for each key, looked up for all lines of a block at once.

Lines of a like length are rows of one width, a row's hash is its place in a table, and what is found there
is compared with the row byte for byte: no number hangs on a hash. Keys whose place is taken, and long ones,
are in a dictionary.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTHS = (64, 128, 256, 512)
_SLOT_BITS = 20
Numbers = NDArray[np.int64]
Rows = NDArray[np.uint64]
"""Lines padded with zeros, shape (lines, width / 8)."""


class KeyTable:
    """`keys`: how many are known. `bytes`: about how many they take up."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.keys = self.bytes = 0
        self._by_width: dict[int, _Table] = {}
        self._others: dict[bytes, int] = {}

    def find(self, text: bytes, starts: Numbers, sizes: Numbers) -> Numbers:
        """The number of each key at these places of a text, -1 for those that are not known."""
        numbers = np.full(len(starts), -1)
        for width, chosen, rows in _rows_by_width(text, starts, sizes, {*self._by_width}):
            numbers[chosen] = self._by_width[width].find(rows, sizes[chosen])
        if self._others:
            for place in np.flatnonzero(numbers < 0).tolist():
                start = int(starts[place])
                numbers[place] = self._others.get(text[start : start + int(sizes[place])], -1)
        return numbers

    def add(self, text: bytes, starts: Numbers, sizes: Numbers, numbers: Numbers) -> None:
        """Know these keys, which are new and differ from each other."""
        self.keys += len(starts)
        left = np.ones(len(starts), bool)
        for width, chosen, rows in _rows_by_width(text, starts, sizes, WIDTHS):
            if width not in self._by_width:
                self._by_width[width] = _Table(width)
            table = self._by_width[width]
            left[chosen[table.add(rows, sizes[chosen], numbers[chosen])]] = False
            self.bytes += rows.nbytes
        for place in np.flatnonzero(left).tolist():
            start, size = int(starts[place]), int(sizes[place])
            self._others[text[start : start + size]] = int(numbers[place])
            self.bytes += size

    def state(self) -> dict[str, Any]:
        """All of it, in plain values; see `of`."""
        return {
            "keys": self.keys,
            "bytes": self.bytes,
            "widths": {width: table.state() for width, table in self._by_width.items()},
            "others": [[*self._others.keys()], [*self._others.values()]],
        }

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> KeyTable:
        """The table of a state."""
        table = cls()
        table.keys, table.bytes = state["keys"], state["bytes"]
        table._by_width = {width: _Table.of(width, rows) for width, rows in state["widths"].items()}
        table._others = dict(zip(*state["others"], strict=True))
        return table


def _rows_by_width(
    text: bytes, starts: Numbers, sizes: Numbers, widths: Collection[int]
) -> Iterator[tuple[int, Numbers, Rows]]:
    """For each of these widths: the width, which keys are of it, and their rows."""
    padded = np.frombuffer(text + bytes(WIDTHS[-1]), np.uint8)
    width_of_key = np.searchsorted(WIDTHS, sizes)
    for place, width in enumerate(WIDTHS):
        chosen = np.flatnonzero(width_of_key == place)
        if width in widths and len(chosen):
            yield width, chosen, _rows(padded, starts[chosen], sizes[chosen], width)


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

    def add(self, rows: Rows, sizes: Numbers, numbers: Numbers) -> Numbers:
        """Store these keys; gives the places of those that have a slot."""
        slots = self._hashes(rows)
        free = np.flatnonzero(self._slots[slots] == 0)
        _, firsts = np.unique(slots[free], return_index=True)
        kept: Numbers = free[firsts]
        at = self._room(len(kept))
        self._rows[at], self._sizes[at], self._numbers[at] = rows[kept], sizes[kept], numbers[kept]
        self._slots[slots[kept]] = at
        return kept

    def state(self) -> list[bytes]:
        """Rows, sizes and numbers of all keys; where each hash leads follows from the rows."""
        used = slice(1, self._used)
        return [self._rows[used].tobytes(), self._sizes[used].tobytes(), self._numbers[used].tobytes()]

    @classmethod
    def of(cls, width: int, state: list[bytes]) -> _Table:
        """The keys of a state."""
        table = cls(width)
        rows = np.frombuffer(state[0], np.uint64).reshape(-1, width // 8)
        at = table._room(len(rows))
        table._rows[at] = rows
        table._sizes[at], table._numbers[at] = (np.frombuffer(part, np.int64) for part in state[1:])
        table._slots[table._hashes(rows)] = at
        return table

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
    """For each size from 0 to the width, a row whose first `size` bytes are ones."""
    bits = np.where(np.arange(width) < np.arange(width + 1)[:, None], 255, 0).astype(np.uint8)
    return bits.view(f"V{width}").reshape(-1)
