"""Layouts: what is known of all lines of one key, by number, so that whole blocks are looked up at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.logs.lines.line_types import LineType
from mcp_smalltools.logs.lines.times import Calendar, TimeSpan

Numbers = NDArray[np.int64]


class LineLayout(NamedTuple):
    """The line type of a key's lines, where their time is (in bytes), and where their content starts."""

    line_type: LineType
    time: TimeSpan | None
    content_at: int | None  # None: the content is not a part of the line (JSON, key=value)


class LineLayouts:
    """Numbers layouts and the places of times: `all[n]` is layout n, `spans[n]` place n."""

    def __init__(self) -> None:
        self.all: list[LineLayout] = []
        self.spans: list[TimeSpan | None] = []
        self._numbers: dict[LineLayout, int] = {}
        self._span_numbers: dict[TimeSpan | None, int] = {}
        self._columns: Numbers = np.zeros((2, 1_024), np.int64)  # line type and span of each layout

    def number_of(self, layout: LineLayout) -> int:
        """The number of a layout, a new one if it is new."""
        number = self._numbers.setdefault(layout, len(self.all))
        if number == len(self.all):
            self._add(layout)
        return number

    def types_of(self, numbers: Numbers) -> Numbers:
        """The number of the line type of each of these layouts."""
        return np.take(self._columns[0], numbers)

    def spans_of(self, numbers: Numbers) -> Numbers:
        """The number of the place of the time of each of these layouts."""
        return np.take(self._columns[1], numbers)

    def clear(self) -> None:
        """Forget all layouts; numbers start again at 0."""
        self.all.clear()
        self.spans.clear()
        self._numbers.clear()
        self._span_numbers.clear()

    def state(self) -> dict[str, Any]:
        """All of it, in plain values; see `add`."""
        spans = [None if span is None else [*span[:-1], int(span.calendar)] for span in self.spans]
        layouts = [[item.line_type.id, item.content_at] for item in self.all]
        return {"spans": spans, "layouts": layouts, "span_of": self._columns[1, : len(self.all)].tolist()}

    def add(self, state: Mapping[str, Any], line_types: Sequence[LineType]) -> None:
        """Add the layouts of a state, in its order."""
        spans = [None if span is None else _span(*span) for span in state["spans"]]
        for (line_type, content_at), span in zip(state["layouts"], state["span_of"], strict=True):
            self.number_of(LineLayout(line_types[line_type], spans[span], content_at))

    def _add(self, layout: LineLayout) -> None:
        if len(self.all) == self._columns.shape[1]:
            self._columns = np.concatenate((self._columns, np.zeros_like(self._columns)), axis=1)
        span = self._span_numbers.setdefault(layout.time, len(self.spans))
        if span == len(self.spans):
            self.spans.append(layout.time)
        self._columns[:, len(self.all)] = layout.line_type.id, span
        self.all.append(layout)


def _span(start: int, seconds_end: int, end: int, plain: bool, calendar: int) -> TimeSpan:
    return TimeSpan(start, seconds_end, end, plain, Calendar(calendar))
