"""The flow: blocks of lines in, a ParsedLog out. One pass, in memory that does not grow with the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mcp_smalltools.tools.logs.forms import Entry, Form, FormTable, Sample
from mcp_smalltools.tools.logs.grouping import group
from mcp_smalltools.tools.logs.records import Assembler, Kind
from mcp_smalltools.tools.logs.timeline import Burst, Timeline, merged
from mcp_smalltools.tools.logs.times import Calendar, Clock

_SAMPLE_LINE_CHARS = 2_000
_BLANK_LINES = 20
_SAMPLE_CHARS = 24 << 20
"""Of all samples together; later forms keep only their first line."""
_RECORDS_FOR_LINES = 1_000
"""A log without times must have so many records for its line numbers to tell of bursts."""
_HALF_A_YEAR = 183 * 86_400
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
        self._year_offset = 0.0
        self._newest_yearless = 0.0

    def feed(self, first: int, lines: Sequence[str]) -> None:
        """Parse lines; `first` is the number of the first of them."""
        entries = self.table.entries(lines)
        headed, starts = Kind.HEADED, self._records.starts
        for number, (line, entry) in enumerate(zip(lines, entries, strict=True), first):
            form = entry.form
            form.lines += 1
            if form.kind is headed or starts(form.kind, form.trace, line):
                self._start(form, entry, number, line)
            else:
                self._continue(form, line)
        self.lines += len(lines)
        self.last_line = first + len(lines) - 1

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

    def _start(self, form: Form, entry: Entry, number: int, line: str) -> None:
        if form.kind is Kind.HEADED:
            self._records.headed(form.trace)
        self._open, self._promoted, self._sampling = form, False, None
        form.records += 1
        if form.records == 1:
            form.first = number
            self._sample(form, number, line)
        form.last = number
        form.last_text = line
        if entry.time is None:
            self._by_line.add(form, number, number)
            return
        seconds = self.clock.read(line, entry.time)
        if seconds is None:
            return
        calendar = entry.time.calendar
        if calendar is Calendar.YEARLESS:
            seconds = self._over_new_year(seconds)
        timeline = self._timelines.get(calendar)
        if timeline is None:
            timeline = self._timelines[calendar] = Timeline(_FINEST_S)
        timeline.add(form, seconds, number)

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

    def _over_new_year(self, seconds: float) -> float:
        if seconds + self._year_offset < self._newest_yearless - _HALF_A_YEAR:
            self._year_offset += 366 * 86_400
        self._newest_yearless = seconds + self._year_offset
        return self._newest_yearless

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
    totals = timeline.totals()
    if len(totals) < 4:
        return
    for template in templates:
        counts = merged(form for form in template.forms if form in timeline)
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
