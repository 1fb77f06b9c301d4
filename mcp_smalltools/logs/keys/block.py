"""A block of consecutive lines as bytes, so that what is alike in all of them is done for all at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.logs.keys.bitstreams import few_places

_LF = 10


class Block:
    """Lines as UTF-8, each ended by LF. `first` is the number of the first of them, 1-based.

    `starts` and `ends` hold the place of each line in `data`, shape (lines,), its LF excluded.
    """

    __slots__ = ("data", "ends", "first", "starts")

    def __init__(self, first: int, data: bytes) -> None:
        self.first = first
        self.data = data
        self.ends = few_places(np.frombuffer(data, np.uint8) == _LF)
        self.starts = np.concatenate(([0], self.ends[:-1] + 1))[: len(self.ends)]

    @classmethod
    def of(cls, first: int, lines: Sequence[str]) -> Block:
        return cls(first, "".join([f"{line}\n" for line in lines]).encode("utf-8", "surrogatepass"))

    def __len__(self) -> int:
        return len(self.ends)

    def line(self, place: int) -> str:
        return self.data[self.starts[place] : self.ends[place]].decode("utf-8", "surrogatepass")

    def lines(self, places: Iterable[int]) -> list[str]:
        return [self.line(place) for place in places]

    def part(self, start: int, end: int) -> Block:
        """The lines from place `start` to before `end`."""
        if start >= end:
            return Block(self.first + start, b"")
        return Block(self.first + start, self.data[self.starts[start] : self.ends[end - 1] + 1])

    def columns(self, places: NDArray[np.int64], start: int, end: int) -> NDArray[np.uint8]:
        """Bytes `start` to before `end` of these lines, which reach so far, shape (places, end - start)."""
        size = end - start
        at_any_place = np.ndarray((len(self.data) - size + 1,), f"V{size}", self.data, 0, (1,))
        shown: NDArray[np.uint8] = at_any_place[self.starts[places] + start].view(np.uint8)
        return shown.reshape(len(places), size)
