"""Blocks of lines in, counts by shape out. One pass, in memory that does not grow with the log."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.logs.counting.timeline import Timeline
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.lines.counts import LineCounts
from mcp_smalltools.logs.lines.line_table import LineTable
from mcp_smalltools.logs.lines.line_types import LineType
from mcp_smalltools.logs.lines.plain_lines import LOOKED_AT, joins_grave, joins_plain
from mcp_smalltools.logs.lines.records import ANNOUNCING, Assembler, Kind
from mcp_smalltools.logs.lines.sample import Sample
from mcp_smalltools.logs.lines.times import (
    Calendar,
    Clock,
    DateOrder,
    order_of_dates,
    to_local_seconds,
    to_seconds,
)

SAMPLE_LINE_CHARS = 2_000
_BLANK_LINES = 20
_SAMPLE_CHARS = 24 << 20
"""Of all samples together; later line types keep only their first line."""
HALF_A_YEAR = 183 * 86_400
_YEAR = 366 * 86_400
_FINEST_S = 2.0**-10


class _Announced(NamedTuple):
    """A record of which only the header has come. `place`: in the block, None if that was an earlier one;
    then `seconds` and `calendar` are its time, nan and -1 without one.
    """

    number: int
    line: str
    line_type: LineType
    place: int | None
    seconds: float = math.nan
    calendar: int = -1


class LogParser:
    """Feed it blocks of lines, in order; `derive_templates` makes templates of what it counted."""

    def __init__(self, table: LineTable | None = None) -> None:
        self.table = table or LineTable()
        self.date_order: DateOrder | None = None
        self.clock = Clock()
        self._local_clock = Clock(to_local_seconds)
        self.lines = 0
        self.last_line = 0
        self.counts = LineCounts()
        self.assembler = Assembler()
        self._open: LineType | None = None
        self._announced: _Announced | None = None
        self._promoted = False
        self._sampling: Sample | None = None
        self._blanks: list[str] = []  # lines that are not kept yet
        self._sample_chars = 0
        self.timelines: dict[Calendar, Timeline] = {}
        self.edges: dict[Calendar, dict[int, str]] = {}  # the lines of its earliest and its latest record
        self.by_line = Timeline(1.0)
        self.years = 0  # how often a log without years went from December to January
        self.newest_yearless: float | None = None

    def feed(self, block: Block) -> None:
        """Parse lines."""
        if not len(block):
            return
        numbers, line_types = self._read(block)
        self.counts.add_lines(line_types, block.first)
        self.lines += len(block)
        self.last_line = block.first + len(block) - 1
        starts = self._starts(block, line_types, keep=True)
        starts = self._wait_for_message(block, starts, numbers)
        if len(starts):
            self._count(block, line_types[starts], starts + block.first)
            self._place_in_time(block, starts, numbers[starts], line_types[starts])

    def look_ahead(self, head: Block) -> None:
        """Decide by the first lines of a log whose lines those without a header are, and in which order a
        date of three numbers is written.
        """
        head = head.part(0, min(LOOKED_AT, len(head)))
        numbers = self.table.read(head)
        types = self.table.layouts.types_of(numbers).tolist()
        lines = [head.line(place) for place in range(len(head))]
        line_types = [self.table.line_types[n] for n in types]
        self.assembler.joins_plain = joins_plain(line_types, lines)
        self.assembler.joins_grave = joins_grave(line_types, lines)
        self.order_dates(order_of_dates(self._times_of(head, numbers)))

    def order_dates(self, order: DateOrder | None) -> None:
        """Read dates of three numbers in this order."""
        self.date_order = order
        self.clock = Clock(partial(to_seconds, order=order))
        self._local_clock = Clock(partial(to_local_seconds, order=order))

    def _times_of(self, block: Block, numbers: NDArray[np.int64]) -> Iterator[str]:
        """The texts of the times of these lines, whose layouts have these numbers."""
        for place, number in enumerate(self.table.layouts.spans_of(numbers).tolist()):
            span = self.table.layouts.spans[number]
            if span is not None and span.calendar is Calendar.DATED:
                shown = block.columns(np.array([place]), span.start, span.end)
                yield shown[0].tobytes().decode("utf-8", "replace")

    def skip(self, block: Block) -> None:
        """Count lines that are there for comparison only: a baseline, or what was before `since`."""
        if not len(block):
            return
        _, line_types = self._read(block)
        self.last_line = block.first + len(block) - 1
        self.counts.add_before(line_types[self._starts(block, line_types, keep=False)])
        self._announced = None

    def restart(self) -> None:
        """What follows does not continue what came before."""
        self.finish()
        self.last_line = 0
        self.assembler = Assembler()
        self._open = self._sampling = None

    def resume(self, last_line: int, assembler: Assembler) -> None:
        """Go on where another parser of the same file had come to."""
        self.finish()
        self.last_line, self.assembler = last_line, assembler
        self._open = self._sampling = None

    def times(self, block: Block, *, local: bool = False) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Seconds and calendar of each line, both of shape (lines,); nan and -1 where it has no time.
        `local`: seconds of the clock that the line shows, whatever its zone.
        """
        clock = self._local_clock if local else self.clock
        return self._times(block, np.arange(len(block)), self.table.read(block), clock)

    def _read(self, block: Block) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The numbers of each line's layout and of its line type, both of shape (lines,)."""
        numbers = self.table.read(block)
        self.counts.grow(len(self.table.line_types))
        return numbers, self.table.layouts.types_of(numbers)

    def _starts(self, block: Block, line_types: NDArray[np.int64], *, keep: bool) -> NDArray[np.int64]:
        """The places of lines that start a record. Lines with a header always do, so only runs of
        other lines are examined one by one.
        """
        table = self.table.line_types
        headed = np.array([item.kind is Kind.HEADED for item in table])[line_types]
        if keep:
            self._sample_headed(block, line_types, headed)
        others = np.flatnonzero(~headed | self._may_be_message(line_types))
        if not len(others):
            self._follow(block, line_types, len(block) - 1, keep=keep)
            return np.arange(len(block))
        starts = headed
        previous = -1
        for place in others.tolist():
            if place and place - 1 != previous:
                self._follow(block, line_types, place - 1, keep=keep)
            line, line_type = block.line(place), table[line_types[place]]
            if self.assembler.announced and _is_message(line_type):
                starts[place] = False
                self._join(line_types, line, line_type, keep=keep)
                previous = place
                continue
            if line_type.kind is not Kind.BLANK:
                self.finish()
            starts[place] = self.assembler.starts(
                line_type.kind, line_type.opens_trace, line, line_type.level
            )
            if self.assembler.announced and line_type.kind in ANNOUNCING:
                self._announced = _Announced(block.first + place, line, line_type, place)
            if keep and starts[place]:
                self._start(block.first + place, line, line_type)
            elif keep:
                self._continue(line_type, line)
            previous = place
        if headed[-1] and previous != len(block) - 1:
            self._follow(block, line_types, len(block) - 1, keep=keep)
        return np.flatnonzero(starts)

    def _may_be_message(self, line_types: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Of each line, whether the one before it announces its message."""
        kinds = [item.kind in ANNOUNCING for item in self.table.line_types]
        announcing: NDArray[np.bool_] = np.array(kinds, bool)[line_types]
        after = np.zeros(len(announcing), bool)
        after[1:] = announcing[:-1]
        after[0] = self.assembler.announced
        return after

    def _join(self, line_types: NDArray[np.int64], line: str, line_type: LineType, *, keep: bool) -> None:
        """The message of a header has come: the record's type is that of both."""
        announced, self._announced = self._announced, None
        self.assembler.message(line_type.opens_trace, line_type.level)
        if announced is None:  # it was counted by another call
            return
        joined = self.table.with_message(announced.line_type, line_type)
        self.counts.grow(len(self.table.line_types))
        if announced.place is not None:
            line_types[announced.place] = joined.id
        if not keep:
            return
        if announced.place is None:
            self._count_one(announced, joined)
        self._start(announced.number, announced.line, joined)
        self._continue(line_type, line)

    def _wait_for_message(
        self, block: Block, starts: NDArray[np.int64], numbers: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The starts less one of which the message is in the next block."""
        announced = self._announced
        if announced is None or announced.place is None:
            return starts
        place = np.array([announced.place])
        seconds, calendars = self._times(block, place, numbers[place], self.clock)
        self._announced = announced._replace(
            place=None, seconds=float(seconds[0]), calendar=int(calendars[0])
        )
        others: NDArray[np.int64] = starts[starts != announced.place]
        return others

    def finish(self) -> None:
        """Count a record whose message has not come, as what it is without."""
        announced, self._announced = self._announced, None
        if announced is not None and announced.place is None:
            self._count_one(announced, announced.line_type)

    def _count_one(self, announced: _Announced, line_type: LineType) -> None:
        """Count a record of an earlier block."""
        types, lines = np.array([line_type.id]), np.array([announced.number])
        if len(self.counts.add_records(types, lines)) and len(announced.line) <= SAMPLE_LINE_CHARS:
            line_type.first_text = line_type.first_text or announced.line
            line_type.last_text = announced.line
        if announced.calendar >= 0:
            calendar = Calendar(announced.calendar)
            self._add_times(calendar, types, np.array([announced.seconds]), lines)
            self._keep_edges(calendar, lambda _: announced.line)
        else:
            self.by_line.add(types, lines.astype(np.float64), lines)

    def _sample_headed(self, block: Block, line_types: NDArray[np.int64], headed: NDArray[np.bool_]) -> None:
        """Keep the first line of each line type that is new."""
        new = np.array([item.sample is None for item in self.table.line_types])
        if new.any():
            for place in np.flatnonzero(headed & new[line_types]).tolist():
                line_type = self.table.line_types[line_types[place]]
                if line_type.sample is None:
                    line_type.sample = self._sample(block.first + place, block.line(place))

    def _follow(self, block: Block, line_types: NDArray[np.int64], place: int, *, keep: bool) -> None:
        """A line with a header was the last one: what comes next may belong to it."""
        line_type = self.table.line_types[line_types[place]]
        self.assembler.headed(line_type.opens_trace, line_type.level)
        if keep:
            self._start(block.first + place, "", line_type)

    def _start(self, number: int, line: str, line_type: LineType) -> None:
        """A record starts; what follows may belong to it."""
        self._open, self._promoted, self._sampling = line_type, False, None
        self._blanks.clear()
        if line_type.sample is None:
            line_type.sample = self._sample(number, line)
        if line_type.sample.first == number and self._sample_chars <= _SAMPLE_CHARS:
            self._sampling = line_type.sample

    def _continue(self, line_type: LineType, line: str) -> None:
        start = self._open
        if start is None:
            return
        if line_type.error and start.level is None and not self._promoted:
            start.promoted += 1
            self._promoted = True
        if self._sampling is not None:
            self._blanks.append(line)
            if line_type.kind is not Kind.BLANK:
                self._keep(self._sampling)
            elif len(self._blanks) > _BLANK_LINES:
                self._sampling = None

    def _sample(self, number: int, line: str) -> Sample:
        sample = Sample(number)
        self._add_to(sample, line)
        return sample

    def _add_to(self, sample: Sample, line: str) -> None:
        sample.add(line[:SAMPLE_LINE_CHARS])
        self._sample_chars += min(len(line), SAMPLE_LINE_CHARS)

    def _keep(self, sample: Sample) -> None:
        """Keep the line and the blank ones before it; blank lines at the end of a record are nobody's."""
        for line in self._blanks:
            self._add_to(sample, line)
        self._blanks.clear()
        if self._sample_chars > _SAMPLE_CHARS:
            self._sampling = None

    def _count(self, block: Block, line_types: NDArray[np.int64], numbers: NDArray[np.int64]) -> None:
        for number in self.counts.add_records(line_types, numbers).tolist():
            line_type = self.table.line_types[number]
            last = block.line(int(self.counts.last[number]) - block.first)
            # Whole or not at all: half a secret can't be recognised as one.
            if len(last) <= SAMPLE_LINE_CHARS:
                line_type.first_text, line_type.last_text = line_type.first_text or last, last

    def _place_in_time(
        self,
        block: Block,
        places: NDArray[np.int64],
        numbers: NDArray[np.int64],
        line_types: NDArray[np.int64],
    ) -> None:
        seconds, calendars = self._times(block, places, numbers, self.clock)
        lines = places + block.first
        for calendar in Calendar:
            chosen = calendars == calendar
            if chosen.any():
                self._add_times(calendar, line_types[chosen], seconds[chosen], lines[chosen])
                self._keep_edges(calendar, lambda number: block.line(number - block.first))
        chosen = calendars < 0
        if chosen.any():
            self.by_line.add(line_types[chosen], lines[chosen].astype(np.float64), lines[chosen])

    def _keep_edges(self, calendar: Calendar, text_of: Callable[[int], str]) -> None:
        timeline, known = self.timeline_of(calendar), self.edges.get(calendar, {})
        edges = {timeline.first_line, timeline.last_line} - {0}
        if known.keys() != edges:
            self.edges[calendar] = {
                line: known.get(line) or text_of(line)[:SAMPLE_LINE_CHARS] for line in edges
            }

    def _times(
        self, block: Block, places: NDArray[np.int64], numbers: NDArray[np.int64], clock: Clock
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """See `times`; of the lines at these places, whose layouts have these numbers."""
        seconds = np.full(len(places), np.nan)
        calendars = np.full(len(places), -1)
        of_line = self.table.layouts.spans_of(numbers)
        for number in np.flatnonzero(np.bincount(of_line)).tolist():
            span = self.table.layouts.spans[number]
            if span is not None:
                chosen = np.flatnonzero(of_line == number)
                shown = block.columns(places[chosen], span.start, span.end)
                seconds[chosen] = clock.read(shown, span)
                calendars[chosen] = span.calendar
        return seconds, calendars

    def _add_times(
        self,
        calendar: Calendar,
        ids: NDArray[np.int64],
        seconds: NDArray[np.float64],
        places: NDArray[np.int64],
    ) -> None:
        readable = np.isfinite(seconds)
        if not readable.all():
            ids, seconds, places = ids[readable], seconds[readable], places[readable]
        if len(ids):
            self.timeline_of(calendar).add(ids, self._over_new_year(calendar, seconds), places)

    def timeline_of(self, calendar: Calendar) -> Timeline:
        if calendar not in self.timelines:
            self.timelines[calendar] = Timeline(_FINEST_S)
        return self.timelines[calendar]

    def _over_new_year(self, calendar: Calendar, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Times without a year go on counting where December is followed by January."""
        if calendar is not Calendar.YEARLESS:
            return seconds
        newest = self.newest_yearless if self.newest_yearless is not None else float(seconds[0])
        turns = np.cumsum(np.diff(seconds, prepend=newest) < -HALF_A_YEAR)
        self.newest_yearless = float(seconds[-1])
        placed = seconds + (self.years + turns) * _YEAR
        self.years += int(turns[-1])
        return placed


def _is_message(line_type: LineType) -> bool:
    """Whether a line after a header that announces its message is that message."""
    if line_type.kind is Kind.HEADED:
        return line_type.header.calendar is None and line_type.format.endswith(("level", "python"))
    return line_type.kind is not Kind.BLANK and line_type.kind not in ANNOUNCING
