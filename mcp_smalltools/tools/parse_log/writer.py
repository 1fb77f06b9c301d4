"""A parsed log as the records of the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mcp_smalltools.logs.headers.folded_fields import FOLD
from mcp_smalltools.logs.headers.read_header import read_line
from mcp_smalltools.logs.lines.sample import Sample
from mcp_smalltools.logs.lines.times import Calendar, as_date, zone_seconds, zone_text
from mcp_smalltools.logs.message.failure_words import SURE
from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.templates.parsed_log import ParsedLog, ParsedTemplate
from mcp_smalltools.logs.templates.slot_values import SlotValues, TemplateValues, slot_values, with_constants
from mcp_smalltools.result import Span
from mcp_smalltools.tools.parse_log import answer as records
from mcp_smalltools.tools.parse_log.report import (
    ERRORS,
    FURTHER_SUSPECTED,
    SUSPECTED,
    Selection,
    Suspect,
    error_sample,
    errors_of,
    exception_lines,
    first_sample,
    is_said,
    rare_word_mask,
)

SLOTS = 3
"""Slots of a template whose values are shown."""
_NEARLY_ALL = 0.95
"""Share of a template's records that were looked at, from which their number isn't told."""

NOTABLE = 10

_GAPS = 2

BURSTS = 5

GONE = 5

EXCEPTIONS, OPTIONAL = 6, 5

_WHOLE_LINES, _HEAD_LINES, _TAIL_LINES = 6, 2, 3

_LINE_CHARS = 220

_SHORT_LINE_CHARS = 120
_FOLDED_CHARS = 400
_BRIEF_CHARS, _BRIEFEST_CHARS = 90, 60
_FURTHER, _FURTHER_CHARS = 2, 80
"""Further records of an error that are shown, and so much of each."""
_ALSO = 6
"""Line numbers of further records of an error, besides the last."""
_EVIDENCE_CHARS = 700
"""Characters of evidence from which on only first lines of errors are shown."""

MOST_ERRORS, _WITH_LINE = 30, 8
"""Templates of errors that are named, and of which a whole line is shown."""

_TEMPLATE_CHARS, _SINGLE_CHARS = 300, 160

Scrub = Callable[[str], str]


class RecordWriter:
    """Turns a parsed log into the answer's records."""

    def __init__(
        self,
        log: ParsedLog,
        selection: Selection,
        scrub: Scrub,
        values: Mapping[int, TemplateValues],
        *,
        sealed: bool,
    ) -> None:
        self._values = values
        self._log = log
        self._selection = selection
        self._scrub = scrub
        self._sealed = sealed
        self._compares = selection.survey.compares
        self._focused = selection.survey.focused
        self._errors = selection.survey.errors[:MOST_ERRORS]
        self._suspects = selection.survey.suspects[: SUSPECTED + FURTHER_SUSPECTED]
        self._slots: dict[int, list[SlotValues]] = {}
        self._constants: dict[int, tuple[str, dict[int, int]]] = {}
        self._usual_level = max(log.levels, key=lambda name: log.levels[name], default="none")
        self._text = rare_word_mask(log.templates) if self._sealed else str

    def answer(self) -> records.ParseLogAnswer:
        log, chosen, templates = self._log, self._selection.survey, self._selection.shown
        shown = {template.id for template in templates}
        errors = self._error_groups()
        errors += [
            self._suspected(suspect, brief=place >= SUSPECTED) for place, suspect in enumerate(self._suspects)
        ]
        errors += self._failed_requests()
        bursts = [self._burst(template) for template in chosen.bursting[:BURSTS] if template.id in shown]
        present = sum(1 for template in log.templates if template.records)
        answer = records.ParseLogAnswer(
            lines=log.lines,
            records=log.records,
            levels=log.levels if {*log.levels} - {"none"} else None,
            formats=log.formats if len(log.formats) > 1 else None,
            time=self._time(),
            template_count=present,
            errors=errors,
            exceptions=self._exceptions() or None,
            templates=[self._template(template) for template in templates],
            new=_ids(chosen.new, shown) if self._compares else None,
            changed=self._changed(shown) or None,
            gone=[self._gone(template) for template in chosen.gone[:GONE]] or None,
            rare=None if self._focused else _ids(chosen.rare, shown) or None,
            bursts=bursts or None,
        )
        left_out = {
            "templates": len(chosen.candidates) - len(templates),
            "errors": len(chosen.errors) - len(self._errors),
            "suspected": len(chosen.suspects) - len(self._suspects),
            "new": len(chosen.new) - len(answer.new or []),
            "changed": len(chosen.changed) - len(answer.changed or []),
            "gone": len(chosen.gone) - len(answer.gone or []),
            "rare": 0 if self._focused else len(chosen.rare) - len(answer.rare or []),
            "bursts": len(chosen.bursting) - len(bursts),
            "lines_in_coarse_templates": log.coarse_lines,
            "lines_in_templates_not_judged": sum(item.lines for item in log.templates if not item.judged),
        }
        answer.dropped = {name: count for name, count in left_out.items() if count > 0}
        return answer

    def _template(self, template: ParsedTemplate) -> records.Template:
        levels = {name: count for name, count in template.levels.items() if name != "none"}
        return records.Template(
            id=template.id,
            template=self._shown_text(template),
            count=template.records,
            first_line=template.first,
            levels=levels if levels and [*levels] != [self._usual_level] else None,
            optional=self._optional(template) or None,
            before=template.before if self._compares else None,
            variables=self._variables(template) or None,
            evidence=self._evidence(template) if self._focused else None,
        )

    def _optional(self, template: ParsedTemplate) -> list[records.OptionalPart]:
        parts = [*template.optional.items()][:OPTIONAL]
        return [records.OptionalPart(key=self._text(key).replace(VAR, "<*>"), count=n) for key, n in parts]

    def _exceptions(self) -> list[records.ExceptionLines]:
        """Of what is found inside of records only, what names an exception."""
        inside = [(template, exception_lines(template)) for template in self._log.templates]
        found = sorted((item for item in inside if item[1]), key=lambda item: -item[1])
        return [
            records.ExceptionLines(template=self._shown_text(template), lines=lines, first_line=template.seen)
            for template, lines in found[:EXCEPTIONS]
        ]

    def _evidence(self, template: ParsedTemplate) -> list[Span] | None:
        if template in self._errors or any(one.template is template for one in self._suspects):
            return None  # it is there, with the record that is one
        sample = first_sample(template)
        return _spans(sample, self._scrub) if sample else None

    def _changed(self, shown: set[int]) -> list[records.Changed]:
        return [
            records.Changed(template_id=change.template.id, factor=float(f"{change.factor:.2g}"))
            for change in self._selection.survey.changed
            if change.template.id in shown
        ][:NOTABLE]

    def _gone(self, template: ParsedTemplate) -> records.Gone:
        return records.Gone(template=self._shown_text(template), before=template.before)

    def _shown_text(self, template: ParsedTemplate) -> str:
        most = _TEMPLATE_CHARS if template.records > 1 else _SINGLE_CHARS
        text, _ = self._with_constants(template)
        return _cut(self._text(text).replace(VAR, "<*>"), most, self._scrub)

    def _with_constants(self, template: ParsedTemplate) -> tuple[str, dict[int, int]]:
        """The template's text, and the number of each slot in it."""
        values = None if self._sealed else self._values.get(template.id)
        if values is None:
            return template.text, {}
        if template.id not in self._constants:
            self._constants[template.id] = with_constants(values, template.records, self._scrub)
        return self._constants[template.id]

    def _variables(self, template: ParsedTemplate) -> list[records.Variable]:
        _, places = self._with_constants(template)
        return [
            records.Variable(
                slot=places[item.slot],
                name=item.name or None,
                counts=item.counts or None,
                others=item.others or None,
                range=[*item.range] if item.range else None,
                records=item.records if item.records < _NEARLY_ALL * template.records else None,
            )
            for item in self._told(template)
            if item.slot in places
        ]

    def _told(self, template: ParsedTemplate) -> list[SlotValues]:
        """What is told of the template's slots."""
        if template.id not in self._slots:
            values = self._values.get(template.id)
            told = [] if self._sealed or values is None else slot_values(values, self._scrub, SLOTS)
            self._slots[template.id] = told
        return self._slots[template.id]

    def _failed_requests(self) -> list[records.ErrorGroup]:
        """Records whose status is 5xx, of templates that no level and no word makes an error."""
        known = {item.id for item in self._errors} | {item.template.id for item in self._suspects}
        groups = []
        for template in self._selection.shown:
            failed = next((item for item in self._told(template) if item.first_failure is not None), None)
            if failed is not None and failed.first_failure is not None and template.id not in known:
                line = failed.first_failure
                groups.append(
                    records.ErrorGroup(
                        template_id=template.id,
                        level=self._level_of(template),
                        count=failed.failures,
                        suspected=True,
                        evidence=[_span(line.number, [line.text], self._scrub)],
                    )
                )
        return groups[:SUSPECTED]

    def _level_of(self, template: ParsedTemplate) -> str:
        return next(iter(template.levels), "none")

    def _suspected(self, suspect: Suspect, *, brief: bool) -> records.ErrorGroup:
        template = suspect.template
        if brief:
            evidence = [self._brief(suspect.sample, _BRIEF_CHARS)]
        else:
            evidence = _spans(suspect.sample, self._scrub, whole=suspect.degree == SURE)
        return records.ErrorGroup(
            template_id=template.id,
            level=self._level_of(template),
            count=template.records,
            suspected=True,
            evidence=evidence,
        )

    def _error_groups(self) -> list[records.ErrorGroup]:
        """The first few with their whole records as long as there is room, then some with their first line,
        the rest with the start of its message.
        """
        groups: list[records.ErrorGroup] = []
        room = _EVIDENCE_CHARS
        for template in self._errors:
            whole = len(groups) < ERRORS and room > 0
            groups.append(self._error(template, whole=whole, brief=len(groups) >= _WITH_LINE))
            room -= sum(len(span.text) for span in groups[-1].evidence)
        return groups

    def _error(self, template: ParsedTemplate, *, whole: bool, brief: bool) -> records.ErrorGroup:
        said = is_said(template)
        level = "none" if not said else "fatal" if template.levels.get("fatal") else "error"
        count = errors_of(template.levels if said else template.guessed)
        sample = error_sample(template)
        first = sample.first if sample else 0
        evidence = [] if sample is None else _spans(sample, self._scrub, whole=whole)
        if brief and sample is not None:
            evidence = [self._brief(sample, _BRIEFEST_CHARS)]
        further, numbers = self._further(template, first, with_text=whole)
        return records.ErrorGroup(
            template_id=template.id,
            level=level,
            count=count,
            suspected=None if said else True,
            evidence=evidence + further,
            also=numbers or None,
        )

    def _brief(self, sample: Sample, chars: int) -> Span:
        """The start of a record's message."""
        text = _cut(_message_of(sample), chars, self._scrub)
        return Span(start=sample.first, end=sample.first, text=text)

    def _further(
        self, template: ParsedTemplate, first: int, *, with_text: bool
    ) -> tuple[list[Span], list[int]]:
        """More records of an error: one of another wording, and the lines of some, first of those of yet
        other wordings, and of the last.
        """
        values = self._values.get(template.id)
        if values is None or values.last_error is None:
            return [], []
        wordings = [line for line in values.errors.values() if line.number != first]
        others = wordings[: _FURTHER - 1]
        spans = [
            Span(
                start=line.number,
                end=line.number,
                text=_cut(self._scrub(line.text)[line.start :], _FURTHER_CHARS),
            )
            for line in (others if with_text else ())
        ]
        shown = {first, *(span.start for span in spans)}
        numbers = [line.number for line in wordings[:_ALSO]]
        if with_text:
            numbers += [number for number in values.error_lines if number not in numbers][
                : _ALSO - len(numbers)
            ]
        return spans, sorted({*numbers, values.last_error.number} - shown)

    def _burst(self, template: ParsedTemplate) -> records.Burst:
        burst = template.burst
        assert burst is not None  # only bursting templates come here
        return records.Burst(
            template_id=template.id,
            count=burst.count,
            start=None if self._sealed else self._shown(burst.start),
            end=None if self._sealed else self._shown(burst.end),
            factor=round(burst.factor, 1),
        )

    def _time(self) -> records.TimeRange | None:
        timeline, calendar = self._log.timeline, self._log.calendar
        if timeline is None or calendar is None:
            return None
        gaps = [
            records.Gap(seconds=round(gap.seconds, 3), after_line=gap.after_line, before_line=gap.before_line)
            for gap in timeline.gaps[:_GAPS]
        ]
        return records.TimeRange(
            start=None if self._sealed else time_text(timeline.first, calendar, self._log.zone),
            end=None if self._sealed else time_text(timeline.last, calendar, self._log.last_zone),
            seconds=round(timeline.last - timeline.first, 3),
            gaps=gaps or None,
            backwards=timeline.backwards or None,
        )

    def _shown(self, position: float) -> str:
        """A position on the timeline as text, in the calendar of the log."""
        calendar = self._log.calendar
        if calendar is None:
            return f"line {max(1, int(position))}"
        return time_text(position, calendar, self._log.zone)


def time_text(seconds: float, calendar: Calendar, zone: str) -> str:
    """A time as the clock of the log shows it, in ISO 8601's order, with the zone that the log writes."""
    if calendar is Calendar.UPTIME:
        return f"{seconds:.3f} s"
    text = (
        as_date(seconds + zone_seconds(zone)).isoformat(sep=" ", timespec="milliseconds").removesuffix(".000")
    )
    text = text[{Calendar.DATED: 0, Calendar.YEARLESS: 5, Calendar.CLOCK: 11}[calendar] :]
    return text + zone_text(zone)


def _ids(templates: Sequence[ParsedTemplate], shown: set[int]) -> list[int]:
    return [template.id for template in templates if template.id in shown][:NOTABLE]


def _spans(sample: Sample, scrub: Scrub, *, whole: bool = True) -> list[Span]:
    """The record, or where it is long its start and what is most telling of the rest; its first line only if
    not `whole`.
    """
    if not whole and not (sample.head and FOLD in sample.head[0]):
        text = _cut(sample.head[0], _SHORT_LINE_CHARS, scrub) if sample.head else ""
        return [Span(start=sample.first, end=sample.first, text=text)]
    if sample.head and FOLD in sample.head[0]:
        return [_folded_span(sample, scrub)]
    kept = [*sample.head, *sample.tail]
    if sample.total == len(kept) <= _WHOLE_LINES:
        return [_span(sample.first, kept, scrub)]
    rest = [_span(start, lines, scrub) for start, lines in sample.telling_rest(_TAIL_LINES)]
    return [_span(sample.first, sample.head[:_HEAD_LINES], scrub), *rest]


def _message_of(sample: Sample) -> str:
    """A record's first line from where its message begins."""
    line = sample.head[0] if sample.head else ""
    content = read_line(line).content if len(line) <= _LINE_CHARS else line
    return content if content and line.endswith(content) else line


def _folded_span(sample: Sample, scrub: Scrub) -> Span:
    """A record of several lines whose lines stand behind each other, as far as there is room."""
    lines = sample.head[0].split(FOLD)
    text = " ".join(line.strip() for line in lines)
    return Span(start=sample.first, end=sample.first + len(lines) - 1, text=_cut(text, _FOLDED_CHARS, scrub))


def _span(start: int, lines: Sequence[str], scrub: Scrub) -> Span:
    text = "\n".join(_cut(line, _LINE_CHARS, scrub) for line in lines)
    return Span(start=start, end=start + len(lines) - 1, text=text)


def _cut(text: str, at_most: int, scrub: Scrub = str) -> str:
    """The start of a text. It is scrubbed before it is cut: the first half of a secret looks like nothing."""
    text = (text if len(text) <= at_most else scrub(text)).replace(FOLD, " ")
    return text if len(text) <= at_most else text[: at_most - 1] + "…"
