"""The flow: blocks of lines in, a ParsedLog out. One pass, in memory that does not grow with the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.tools.logs.forms import Entry, Form, FormTable, Sample
from mcp_smalltools.tools.logs.grouping import group
from mcp_smalltools.tools.logs.records import Assembler, Kind
from mcp_smalltools.tools.logs.timeline import Burst, Timeline
from mcp_smalltools.tools.logs.times import Calendar, Clock

_SAMPLE_LINE_CHARS = 2_000
_BLANK_LINES = 20
_SAMPLE_CHARS = 24 << 20
"""Of all samples together; later forms keep only their first line."""
_RECORDS_FOR_LINES = 1_000
"""A log without times must have so many records for its line numbers to tell of bursts."""
_HALF_A_YEAR = 183 * 86_400
_YEAR = 366 * 86_400
_FINEST_S = 2.0**-10


@dataclass(slots=True)
class ParsedTemplate:
    """One event of the log."""

    id: int  # numbered from 1 by first appearance
    text: str  # with VAR for each variable
    forms: list[Form]
    records: int
    lines: int  # also those inside records of other templates
    first: int  # line numbers of the first and last record; 0 without records
    last: int
    before: int  # records before `since`, or in the baseline
    levels: dict[str, int] = field(default_factory=dict)
    burst: Burst | None = None


@dataclass(slots=True)
class ParsedLog:
    """The whole parse. `templates` holds every template, also those only seen inside records or before."""

    lines: int
    last_line: int  # number of the last line that was read; 0 if none was
    records: int
    coarse_lines: int
    levels: dict[str, int]
    formats: dict[str, int]
    templates: list[ParsedTemplate]
    template_of_shape: list[ParsedTemplate]
    timeline: Timeline | None
    calendar: Calendar | None  # None: the timeline is one of line numbers


class LogParser:
    """Feed it blocks of lines, in order; then ask for the result."""

    def __init__(self, table: FormTable | None = None) -> None:
        self.table = table or FormTable()
        self.clock = Clock()
        self.lines = 0
        self.last_line = 0
        self._records = Assembler()
        self._open: Form | None = None
        self._promoted = False
        self._sampling: Sample | None = None
        self._blanks: list[str] = []  # lines that are not kept yet
        self._sample_chars = 0
        self._timelines: dict[Calendar, Timeline] = {}
        self._by_line = Timeline(1.0)
        self._years = 0  # how often a log without years went from December to January
        self._newest_yearless: float | None = None

    def feed(self, first: int, lines: Sequence[str]) -> None:
        """Parse lines; `first` is the number of the first of them."""
        if not lines:
            return
        entries = self.table.entries(lines)
        forms = [entry.form for entry in entries]
        for form, count in Counter(forms).items():
            form.lines += count
        self.lines += len(lines)
        self.last_line = first + len(lines) - 1
        starts = self._starts(first, lines, forms)
        numbers: Sequence[int] = range(first, first + len(lines))
        if starts is not None:
            lines = [lines[place] for place in starts]
            entries = [entries[place] for place in starts]
            forms = [forms[place] for place in starts]
            numbers = [first + place for place in starts]
        if forms:
            self._count(numbers, lines, forms)
            self._place_in_time(numbers, lines, entries)

    def _starts(self, first: int, lines: Sequence[str], forms: Sequence[Form]) -> list[int] | None:
        """The places of lines that start a record; None if every line does."""
        if all(form.kind is Kind.HEADED for form in set(forms)):
            self._all_start(first, lines, forms)
            return None
        starts = []
        for place, (line, form) in enumerate(zip(lines, forms, strict=True)):
            if self._records.starts(form.kind, form.trace, line):
                starts.append(place)
                self._start(first + place, line, form)
            else:
                self._continue(form, line)
        return starts

    def skip(self, lines: Sequence[str]) -> None:
        """Count lines that are there for comparison only: a baseline, or what was before `since`."""
        starts = self._records.starts
        for line, entry in zip(lines, self.table.entries(lines), strict=True):
            form = entry.form
            if starts(form.kind, form.trace, line):
                form.before += 1

    def restart(self) -> None:
        """What follows does not continue what came before."""
        self._records = Assembler()
        self._open = self._sampling = None

    def time_of(self, line: str, entry: Entry) -> float | None:
        """Seconds of the line's timestamp, or None."""
        return None if entry.time is None else self.clock.read(line, entry.time)

    def _all_start(self, first: int, lines: Sequence[str], forms: Sequence[Form]) -> None:
        last = len(lines) - 1
        firsts = dict(zip(reversed(forms), range(last, -1, -1), strict=True))
        for form, place in firsts.items():
            if form.sample is None:
                self._sample(form, first + place, lines[place])
        self._records.headed(forms[-1].trace)
        self._start(first + last, lines[last], forms[-1])

    def _start(self, number: int, line: str, form: Form) -> None:
        """A record starts; what follows may belong to it."""
        self._open, self._promoted, self._sampling = form, False, None
        if form.sample is None:
            self._sample(form, number, line)
        elif form.sample.first == number:
            self._sampling = form.sample

    def _continue(self, form: Form, line: str) -> None:
        start = self._open
        if start is None:
            return
        if form.error and start.level is None and not self._promoted:
            start.promoted += 1
            self._promoted = True
        if self._sampling is not None:
            self._blanks.append(line)
            if form.kind is not Kind.BLANK:
                self._keep(self._sampling)
            elif len(self._blanks) > _BLANK_LINES:
                self._sampling = None

    def _sample(self, form: Form, number: int, line: str) -> None:
        form.first_text = line
        form.sample = self._sampling = Sample(number)
        self._blanks = [line]
        self._keep(self._sampling)

    def _keep(self, sample: Sample) -> None:
        """Keep the line and the blank ones before it; blank lines at the end of a record are nobody's."""
        for line in self._blanks:
            sample.add(line[:_SAMPLE_LINE_CHARS])
            self._sample_chars += min(len(line), _SAMPLE_LINE_CHARS)
        self._blanks.clear()
        if self._sample_chars > _SAMPLE_CHARS:
            self._sampling = None

    def _count(self, numbers: Sequence[int], lines: Sequence[str], forms: Sequence[Form]) -> None:
        for form, count in Counter(forms).items():
            form.records += count
        # Of equal keys a dictionary keeps the value that comes last.
        for form, place in dict(zip(forms, range(len(forms)), strict=True)).items():
            form.last, form.last_text = numbers[place], lines[place]
        for form, place in dict(zip(reversed(forms), range(len(forms) - 1, -1, -1), strict=True)).items():
            if not form.first:
                form.first, form.first_text = numbers[place], lines[place]

    def _place_in_time(self, numbers: Sequence[int], lines: Sequence[str], entries: Sequence[Entry]) -> None:
        ids = np.array([entry.form.id for entry in entries], dtype=np.int64)
        places = np.array(numbers, dtype=np.int64)
        spans = {entry.time for entry in set(entries)}
        if len(spans) == 1:
            span = spans.pop()
            if span is None:
                self._by_line.add(ids, places.astype(np.float64), places)
            else:
                self._add_times(span.calendar, ids, self.clock.read_alike(lines, span), places)
            return
        seconds = np.array(
            [self.time_of(*pair) for pair in zip(lines, entries, strict=True)], dtype=np.float64
        )
        calendars = [entry.time.calendar if entry.time else None for entry in entries]
        for calendar in Calendar:
            chosen = np.array([item is calendar for item in calendars])
            self._add_times(calendar, ids[chosen], seconds[chosen], places[chosen])
        chosen = np.array([item is None for item in calendars])
        if chosen.any():
            self._by_line.add(ids[chosen], places[chosen].astype(np.float64), places[chosen])

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
            self._on(calendar).add(ids, self._over_new_year(calendar, seconds), places)

    def _on(self, calendar: Calendar) -> Timeline:
        if calendar not in self._timelines:
            self._timelines[calendar] = Timeline(_FINEST_S)
        return self._timelines[calendar]

    def _over_new_year(self, calendar: Calendar, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Times without a year go on counting where December is followed by January."""
        if calendar is not Calendar.YEARLESS:
            return seconds
        newest = self._newest_yearless if self._newest_yearless is not None else float(seconds[0])
        turns = np.cumsum(np.diff(seconds, prepend=newest) < -_HALF_A_YEAR)
        self._newest_yearless = float(seconds[-1])
        placed = seconds + (self._years + turns) * _YEAR
        self._years += int(turns[-1])
        return placed

    def result(self) -> ParsedLog:
        """Group what was fed."""
        forms = self.table.forms
        templates, of_shape = _templates(self.table)
        records = sum(form.records for form in forms)
        timeline, calendar = self._main_timeline(records)
        if timeline is not None:
            _find_bursts(templates, timeline)
        return ParsedLog(
            lines=self.lines,
            last_line=self.last_line,
            records=records,
            coarse_lines=sum(form.lines for form in forms if form.coarse),
            levels=_levels(forms),
            formats=_counted((form.format, form.records) for form in forms),
            templates=templates,
            template_of_shape=of_shape,
            timeline=timeline,
            calendar=calendar,
        )

    def _main_timeline(self, records: int) -> tuple[Timeline | None, Calendar | None]:
        """The calendar that most records have, if those are at least half of all; else line numbers."""
        if self._timelines:
            calendar, timeline = max(self._timelines.items(), key=lambda item: item[1].records)
            if 2 * timeline.records >= records:
                return timeline, calendar
        by_line = self._by_line
        return (by_line, None) if 2 * by_line.records > records >= _RECORDS_FOR_LINES else (None, None)


def _templates(table: FormTable) -> tuple[list[ParsedTemplate], list[ParsedTemplate]]:
    by_shape: dict[int, list[Form]] = {}
    for form in table.forms:
        by_shape.setdefault(form.shape, []).append(form)
    counts = [sum(form.lines + form.before for form in by_shape[shape]) for shape in range(len(table.shapes))]
    found = []
    for template in group(table.shapes, counts):
        forms = [form for shape in template.members for form in by_shape[shape]]
        found.append((min(template.members), template.text, template.members, forms))
    found.sort(key=lambda item: item[0])
    templates: list[ParsedTemplate] = []
    of_shape: dict[int, ParsedTemplate] = {}
    for number, (_, text, members, forms) in enumerate(found, 1):
        templates.append(_template(number, text, forms))
        of_shape.update(dict.fromkeys(members, templates[-1]))
    return templates, [of_shape[shape] for shape in range(len(table.shapes))]


def _template(number: int, text: str, forms: list[Form]) -> ParsedTemplate:
    started = [form for form in forms if form.records]
    return ParsedTemplate(
        id=number,
        text=text,
        forms=forms,
        records=sum(form.records for form in started),
        lines=sum(form.lines for form in forms),
        first=min((form.first for form in started), default=0),
        last=max((form.last for form in started), default=0),
        before=sum(form.before for form in forms),
        levels=_levels(started),
    )


def _find_bursts(templates: Iterable[ParsedTemplate], timeline: Timeline) -> None:
    totals = timeline.merged(timeline.buckets)
    if len(totals) < 4:
        return
    for template in templates:
        counts = timeline.merged(form.id for form in template.forms)
        if counts:
            template.burst = timeline.burst(counts, totals)


def _levels(forms: Iterable[Form]) -> dict[str, int]:
    pairs: list[tuple[str, int]] = []
    for form in forms:
        if form.level is not None:
            pairs.append((form.level, form.records))
        else:
            pairs += [("error", form.promoted), ("none", form.records - form.promoted)]
    return _counted(pairs)


def _counted(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for name, count in pairs:
        total[name] += count
    return {name: count for name, count in total.most_common() if count}
