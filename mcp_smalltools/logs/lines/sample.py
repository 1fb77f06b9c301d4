"""The lines of a record that are kept to be shown."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from typing import Any

_HEAD_LINES, _TAIL_LINES = 6, 4

_CHAINED = re.compile(r"During handling of the above|The above exception was the direct cause")


class Sample:
    """The first record of a line_type: its start, its last lines, and its cause."""

    __slots__ = ("_last_said", "cause", "first", "head", "tail", "total")

    def __init__(self, first: int) -> None:
        self.first = first  # line number
        self.total = 0
        self.head: list[str] = []
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)
        # The last "Caused by: …", or what comes before the first "… was the direct cause …", and its number.
        self.cause: tuple[int, str] | None = None
        self._last_said: tuple[int, str] | None = None  # the last line that is not indented

    def add(self, line: str) -> None:
        """Keep a line, or only what is needed of it."""
        if len(self.head) < _HEAD_LINES:
            self.head.append(line)
        else:
            self.tail.append(line)
        if line.lstrip().startswith("Caused by: "):
            self.cause = self.first + self.total, line
        elif self.cause is None and _CHAINED.match(line):
            self.cause = self._last_said
        if line and not line[0].isspace():
            self._last_said = self.first + self.total, line
        self.total += 1

    def state(self) -> list[Any]:
        """All of it, in plain values; see `of`."""
        return [self.first, self.total, self.head, [*self.tail], self.cause, self._last_said]

    @classmethod
    def of(cls, state: Sequence[Any]) -> Sample:
        first, total, head, tail, cause, last_said = state
        sample = cls(first)
        sample.total, sample.head = total, head
        sample.tail.extend(tail)
        sample.cause = None if cause is None else (cause[0], cause[1])
        sample._last_said = None if last_said is None else (last_said[0], last_said[1])
        return sample

    def telling_rest(self, lines: int) -> list[tuple[int, list[str]]]:
        """Number and text of what says most after the record's start: the cause and, if it is an exception
        of its own, the last line; or the end.
        """
        if self.cause is not None and self.cause[0] >= self.first + 3:
            last, telling = self._last_said, [self.cause]
            if last is not None and last[0] == self.first + self.total - 1 > self.cause[0]:
                telling.append(last)
            return [(number, [line]) for number, line in telling]
        kept = [*self.head, *self.tail][-lines:]
        return [(self.first + self.total - len(kept), kept)]
