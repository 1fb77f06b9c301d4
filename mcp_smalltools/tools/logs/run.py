"""One call of parse_log: read, compare, group, choose, write."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcp_smalltools.errors import DeadlineExceeded, UsageError
from mcp_smalltools.request import PrivacyLevel
from mcp_smalltools.result import Span
from mcp_smalltools.tools import parse_log as answers
from mcp_smalltools.tools.logs.block import Block
from mcp_smalltools.tools.logs.export import Exporter
from mcp_smalltools.tools.logs.forms import Sample
from mcp_smalltools.tools.logs.headers import uncoloured
from mcp_smalltools.tools.logs.masking import VAR
from mcp_smalltools.tools.logs.parser import LogParser, ParsedLog, ParsedTemplate
from mcp_smalltools.tools.logs.report import (
    ERRORS,
    Selection,
    error_sample,
    masked_words,
    select,
    slots_of,
)
from mcp_smalltools.tools.logs.since import parse_since
from mcp_smalltools.tools.logs.specialist.adapted import judge_for
from mcp_smalltools.tools.logs.times import Calendar

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import SourceFile
    from mcp_smalltools.tools.base import ToolContext

SLOTS = 3
"""First slots of a template whose values are shown."""
NOTABLE = 10
BURSTS = 5
_HEAD_LINES, _TAIL_LINES = 3, 3
_LINE_CHARS = 300
_TEMPLATE_CHARS = 300
_VALUE_CHARS = 40
_GROUPING_SHARE = 0.2
"""Of the time, what is kept for grouping and for the answer."""

Scrub = Callable[[str], str]
Feed = Callable[[Block], None]


@dataclass(frozen=True, slots=True)
class Counted:
    """The files of a call, read: every line is counted under its shape, none has a template yet."""

    source: SourceFile
    parser: LogParser
    compares: bool
    dropped: dict[str, int]


async def run(arguments: answers.ParseLogArguments, context: ToolContext) -> answers.ParseLogAnswer:
    """Count, group, answer, as far as the time allows. Raises FileError, UsageError, Cancelled."""
    counted = await context.in_thread(count, arguments, context)
    judge = await context.in_thread(judge_for, context.settings.state_dir)
    log = await context.in_thread(counted.parser.result, judge)
    return await context.in_thread(answer, counted, log, arguments, context)


def count(arguments: answers.ParseLogArguments, context: ToolContext) -> Counted:
    """Read the log, and the baseline if there is one."""
    since = parse_since(arguments.since) if arguments.since else None
    if since and arguments.baseline_path:
        raise UsageError("Both since and baseline_path are given.", remedy="Give one of them.")
    source = context.open(arguments.path)
    parser = LogParser()
    dropped: dict[str, int] = {}
    if arguments.baseline_path:
        baseline = context.open(arguments.baseline_path)
        dropped |= _read(baseline, context, "baseline", parser.skip)
        parser.restart()
    dropped |= _read(source, context, "log", since.reader(parser) if since else parser.feed)
    if since and not parser.lines:
        raise UsageError(
            f"Nothing in {arguments.path} is at or after since={since.text}.",
            remedy="Call without since to see the log's time range and number of lines.",
        )
    return Counted(source, parser, since is not None or bool(arguments.baseline_path), dropped)


def answer(
    counted: Counted, log: ParsedLog, arguments: answers.ParseLogArguments, context: ToolContext
) -> answers.ParseLogAnswer:
    """What an agent should see of the log; the export too."""
    selection = select(log, limit=arguments.limit, focus=arguments.focus, compares=counted.compares)
    result = _Writer(log, selection, context, compares=counted.compares).answer()
    result.dropped |= counted.dropped
    _say_what_is_missing(result, log, selection, arguments, counted.dropped)
    if arguments.export_path:
        result.export = _export(arguments.export_path, counted.source, counted.parser, log, context)
    return result


def _read(source: SourceFile, context: ToolContext, what: str, feed: Feed) -> dict[str, int]:
    """Feed the file block by block while there is time. What was not read is said in bytes."""
    reserve = context.stop.seconds * _GROUPING_SHARE
    try:
        for block in source.byte_blocks(stop=context.stop):
            feed(Block(block.first, uncoloured(block.data)))
            context.stop.check()
            context.progress(source.bytes_read, source.size, f"reading the {what}")
            if context.stop.remaining_s < reserve:
                break
        else:
            return {f"cut_lines_of_{what}": source.cut_lines} if source.cut_lines else {}
    except DeadlineExceeded:
        pass
    return {f"bytes_of_{what}_not_read": max(1, source.size - source.bytes_read)}


class _Writer:
    """Turns a parsed log into the answer's records."""

    def __init__(self, log: ParsedLog, selection: Selection, context: ToolContext, *, compares: bool) -> None:
        self._log = log
        self._selection = selection
        self._scrub = context.scrub
        self._sealed = context.level() is PrivacyLevel.SEALED
        self._compares = compares
        self._text = masked_words(log.templates) if self._sealed else str

    def answer(self) -> answers.ParseLogAnswer:
        log, chosen = self._log, self._selection
        shown = {template.id for template in chosen.shown}
        errors = [self._error(template) for template in chosen.errors[:ERRORS] if template.id in shown]
        bursts = [self._burst(template) for template in chosen.bursting[:BURSTS] if template.id in shown]
        present = sum(1 for template in log.templates if template.records)
        answer = answers.ParseLogAnswer(
            lines=log.lines,
            records=log.records,
            levels=log.levels,
            formats=log.formats,
            time=self._time(),
            template_count=present,
            errors=errors,
            templates=[self._template(template) for template in chosen.shown],
            new=_ids(chosen.new, shown) if self._compares else None,
            rare=_ids(chosen.rare, shown) or None,
            bursts=bursts or None,
        )
        left_out = {
            "templates": present - len(chosen.shown),
            "errors": len(chosen.errors) - len(errors),
            "new": len(chosen.new) - len(answer.new or []),
            "rare": len(chosen.rare) - len(answer.rare or []),
            "bursts": len(chosen.bursting) - len(bursts),
            "lines_in_coarse_templates": log.coarse_lines,
        }
        answer.dropped = {name: count for name, count in left_out.items() if count > 0}
        return answer

    def _template(self, template: ParsedTemplate) -> answers.Template:
        levels = {name: count for name, count in template.levels.items() if name != "none"}
        return answers.Template(
            id=template.id,
            template=_cut(self._text(template.text).replace(VAR, "<*>"), _TEMPLATE_CHARS, self._scrub),
            count=template.records,
            first_line=template.first,
            last_line=template.last,
            levels=levels or None,
            before=template.before if self._compares else None,
            variables=[] if self._sealed else self._variables(template) or None,
        )

    def _variables(self, template: ParsedTemplate) -> list[answers.Variable]:
        return [
            answers.Variable(type=slot.type, examples=[_cut(value, _VALUE_CHARS) for value in slot.examples])
            for slot in slots_of(template, self._scrub)[:SLOTS]
        ]

    def _error(self, template: ParsedTemplate) -> answers.ErrorGroup:
        level = "fatal" if template.levels.get("fatal") else "error"
        count = sum(template.levels.get(name, 0) for name in ("error", "fatal"))
        sample = error_sample(template)
        return answers.ErrorGroup(
            template_id=template.id,
            level=level,
            count=count,
            evidence=_spans(sample, self._scrub) if sample else [],
        )

    def _burst(self, template: ParsedTemplate) -> answers.Burst:
        burst = template.burst
        assert burst is not None  # only bursting templates come here
        return answers.Burst(
            template_id=template.id,
            count=burst.count,
            start=None if self._sealed else self._shown(burst.start),
            end=None if self._sealed else self._shown(burst.end),
            factor=round(burst.factor, 1),
        )

    def _time(self) -> answers.TimeRange | None:
        timeline = self._log.timeline
        if timeline is None or self._log.calendar is None:
            return None
        gaps = [
            answers.Gap(seconds=round(gap.seconds, 3), after_line=gap.after_line, before_line=gap.before_line)
            for gap in timeline.gaps
        ]
        return answers.TimeRange(
            start=None if self._sealed else self._shown(timeline.first),
            end=None if self._sealed else self._shown(timeline.last),
            seconds=round(timeline.last - timeline.first, 3),
            gaps=gaps or None,
            backwards=timeline.backwards or None,
        )

    def _shown(self, position: float) -> str:
        """A position on the timeline as text, in the calendar of the log."""
        calendar = self._log.calendar
        if calendar is None:
            return f"line {max(1, int(position))}"
        if calendar is Calendar.UPTIME:
            return f"{position:.3f} s"
        at = datetime.datetime.fromtimestamp(position, datetime.UTC).replace(tzinfo=None)
        text = at.isoformat(sep=" ", timespec="milliseconds").removesuffix(".000")
        return text[{Calendar.DATED: 0, Calendar.YEARLESS: 5, Calendar.CLOCK: 11}[calendar] :]


def _ids(templates: Sequence[ParsedTemplate], shown: set[int]) -> list[int]:
    return [template.id for template in templates if template.id in shown][:NOTABLE]


def _spans(sample: Sample, scrub: Scrub) -> list[Span]:
    """The record, or where it is long its start and what is most telling of the rest."""
    if sample.total <= _HEAD_LINES + _TAIL_LINES and len(sample.head) == sample.total:
        return [_span(sample.first, sample.head, scrub)]
    start, tail = sample.telling_end(_TAIL_LINES)
    return [_span(sample.first, sample.head[:_HEAD_LINES], scrub), _span(start, tail, scrub)]


def _span(start: int, lines: Sequence[str], scrub: Scrub) -> Span:
    text = "\n".join(_cut(line, _LINE_CHARS, scrub) for line in lines)
    return Span(start=start, end=start + len(lines) - 1, text=text)


def _cut(text: str, at_most: int, scrub: Scrub = str) -> str:
    """The start of a text. It is scrubbed before it is cut: the first half of a secret looks like nothing."""
    text = text if len(text) <= at_most else scrub(text)
    return text if len(text) <= at_most else text[: at_most - 1] + "…"


def _say_what_is_missing(
    result: answers.ParseLogAnswer,
    log: ParsedLog,
    selection: Selection,
    arguments: answers.ParseLogArguments,
    dropped: dict[str, int],
) -> None:
    notes = []
    if any(name.endswith("_not_read") for name in dropped):
        notes.append(
            f"The time was over: {log.lines:,} lines are counted; raise deadline_s in the configuration."
        )
    if arguments.focus and not selection.focus_found:
        notes.append(f"No template holds a word of focus={arguments.focus!r}; all are candidates.")
    if result.dropped.get("templates") and not arguments.focus:
        notes.append("More templates: raise limit, name words in focus, or give export_path for every line.")
    result.note = " ".join(notes) or None


def _export(
    name: str, source: SourceFile, parser: LogParser, log: ParsedLog, context: ToolContext
) -> answers.Export:
    target = context.output_file(name)
    sealed = context.level() is PrivacyLevel.SEALED
    masked = masked_words(log.templates) if sealed else str
    texts = {
        template.id: context.scrub(masked(template.text).replace(VAR, "<*>")) for template in log.templates
    }
    exporter = Exporter(log, parser.table, texts, None if sealed else context.scrub)
    lines = exporter.write(source.blocks(stop=context.stop), target, context.stop, log.last_line)
    return answers.Export(path=str(target), lines=lines)
