"""The templates of what was counted: the last stage."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from mcp_smalltools.logs.counting.parser import LogParser
from mcp_smalltools.logs.counting.timeline import Timeline, TimelineBurst
from mcp_smalltools.logs.headers.levels import LEVEL_NAMES
from mcp_smalltools.logs.headers.read_header import read_line
from mcp_smalltools.logs.judge.judge import Judge
from mcp_smalltools.logs.lines.line_table import LineTable
from mcp_smalltools.logs.lines.line_types import LineType
from mcp_smalltools.logs.lines.recognition import FormRecognition, recognition_of
from mcp_smalltools.logs.lines.times import Calendar, has_open_order, zone_of
from mcp_smalltools.logs.templates.clustering import ClusterTemplate, cluster_shapes
from mcp_smalltools.logs.templates.columns import messages_of
from mcp_smalltools.logs.templates.optional_fields import merge_optional_fields, optional_field_counts

_HARMLESS = frozenset(("trace", "debug", "info", "notice"))
_WITH_WORDS = 0.2
"""Share of the records that say a harmless level as a word, from which words are levels."""
_FEW = 0.15
_NAMED = re.compile(rf"(?i:\b(?:{LEVEL_NAMES})\b)|[^\x00-\x7f]")
"""A level as a word."""
_WORD_FIRST = re.compile(r"(?:error|fatal|warning|panic): ")
_RECORDS_FOR_LINES = 1_000
"""Records that a log without times must have for bursts by line number."""


@dataclass(slots=True)
class ParsedTemplate:
    """One event of the log. `levels`: its records by the level that their header says, "none" for those whose
    header says none; of these, `guessed` has those whose words or stack trace suggest one.
    """

    id: int  # numbered from 1 by first appearance
    text: str  # with VAR for each variable
    line_types: list[LineType]
    records: int
    lines: int  # also those inside records of other templates
    first: int  # line numbers of the first and last record; 0 without records
    last: int
    before: int  # records before `since`, or in the baseline
    seen: int  # number of the first line, also inside a record of another template; 0 if only before
    levels: dict[str, int] = field(default_factory=dict)
    guessed: dict[str, int] = field(default_factory=dict)
    burst: TimelineBurst | None = None
    # Records by key=value part, of those that some lack.
    optional: dict[str, int] = field(default_factory=dict)
    judged: bool = True  # False: the time was over, and similar lines are taken for one event


@dataclass(slots=True)
class ParsedLog:
    """The whole parse. `templates` holds every template, also those only seen inside records or before;
    `levels` and `guessed` as those of a template.
    """

    lines: int
    last_line: int  # number of the last line that was read; 0 if none was
    records: int
    coarse_lines: int
    levels: dict[str, int]
    guessed: dict[str, int]
    formats: dict[str, int]
    recognition: list[FormRecognition]
    templates: list[ParsedTemplate]
    template_of_shape: list[ParsedTemplate]
    timeline: Timeline | None
    calendar: Calendar | None  # None: the timeline is one of line numbers
    timed: dict[Calendar, int] = field(default_factory=dict)  # records by what their times say of the day
    zone: str = ""  # as the times are written, of the earliest record
    last_zone: str = ""  # of the latest
    open_dates: bool = False  # the order of day and month in its dates is a guess

    def template_of(self, shape: int) -> ParsedTemplate | None:
        """None for a shape that the parse has not seen: the file was changed before it was read again."""
        return self.template_of_shape[shape] if shape < len(self.template_of_shape) else None


def derive_templates(parser: LogParser, judge: Judge | None = None, until: float = math.inf) -> ParsedLog:
    """Group what was fed, by the given judge or the one that ships; judging ends at the time `until` (of
    time.monotonic).
    """
    parser.finish()
    line_types = parser.table.line_types
    parser.counts.grow(len(line_types))
    for line_type in line_types:
        line_type.count(parser.counts)
    _believe_words(line_types)
    _doubt_letters(line_types)
    templates, of_shape = _templates(parser.table, judge, until)
    records = sum(item.records for item in line_types)
    timeline, calendar = _main_timeline(parser, records)
    if timeline is not None:
        _find_bursts(templates, timeline)
    levels, guessed = _levels(line_types)
    return ParsedLog(
        lines=parser.lines,
        last_line=parser.last_line,
        records=records,
        coarse_lines=sum(item.lines for item in line_types if item.coarse),
        levels=levels,
        guessed=guessed,
        formats=_counted((item.format, item.records) for item in line_types),
        recognition=recognition_of(line_types),
        templates=templates,
        template_of_shape=of_shape,
        timeline=timeline,
        calendar=calendar,
        timed={of: line.records for of, line in parser.timelines.items()},
        zone=_zone(parser, calendar, timeline.first_line if timeline is not None else 0),
        last_zone=_zone(parser, calendar, timeline.last_line if timeline is not None else 0),
        open_dates=parser.date_order is None and calendar is Calendar.DATED and _has_open_dates(parser),
    )


def _has_open_dates(parser: LogParser) -> bool:
    """Whether the dates of the earliest and the latest record can be read in more than one order."""
    texts = parser.edges.get(Calendar.DATED, {}).values()
    return any(has_open_order(time) for text in texts if (time := read_line(text).time) is not None)


def _believe_words(line_types: Iterable[LineType]) -> None:
    """Where others say `info: ` and `warn: `, `error: ` says a level too; without them it may be one of a
    compiler's messages.
    """
    started = [item for item in line_types if item.records]
    plain = [item for item in started if item.format in ("plain", "ci") and item.level is not None]
    said = sum(item.records for item in started if item.format.endswith("level") and item.level in _HARMLESS)
    if not plain or said < _WITH_WORDS * sum(item.records for item in started):
        return
    for item in plain:
        if item.sample is not None and item.sample.head and _WORD_FIRST.match(item.sample.head[0]):
            item.level_said = True


def _doubt_letters(line_types: Iterable[LineType]) -> None:
    """A letter that is a level in only a few of the records is another program's code for something else."""
    started = [item for item in line_types if item.records]
    said = [item for item in started if item.level_said]
    records = sum(item.records for item in said)
    if not records or records >= _FEW * sum(item.records for item in started):
        return
    if all(item.format in ("time", "level+time") and not _names_level(item) for item in said):
        for item in said:
            item.level_said, item.level = False, None


def _names_level(item: LineType) -> bool:
    return item.sample is None or not item.sample.head or _NAMED.search(item.sample.head[0][:200]) is not None


def _zone(parser: LogParser, calendar: Calendar | None, line: int) -> str:
    """The zone that this line, an edge of the timeline, has behind its time."""
    text = parser.edges.get(calendar, {}).get(line, "") if calendar is not None else ""
    return zone_of(read_line(text).time or "") if text else ""


def _main_timeline(parser: LogParser, records: int) -> tuple[Timeline | None, Calendar | None]:
    """The calendar that most records have, if those are a quarter of all, or several of a hundred;
    else line numbers.
    """
    if parser.timelines:
        calendar, timeline = max(parser.timelines.items(), key=lambda item: item[1].records)
        several = timeline.records > 1 and 100 * timeline.records >= records
        if several or 4 * timeline.records >= records:
            return timeline, calendar
    by_line = parser.by_line
    return (by_line, None) if 2 * by_line.records > records >= _RECORDS_FOR_LINES else (None, None)


def _templates(
    table: LineTable, judge: Judge | None, until: float
) -> tuple[list[ParsedTemplate], list[ParsedTemplate]]:
    by_shape: dict[int, list[LineType]] = {}
    for line_type in table.line_types:
        by_shape.setdefault(line_type.shape, []).append(line_type)
    texts = messages_of(table, by_shape)
    messages = merge_optional_fields(texts)
    by_message: dict[str, list[int]] = {}
    for shape, message in enumerate(messages):
        by_message.setdefault(message, []).append(shape)
    # What was only seen inside records of the baseline counts as one line: it has no records of its own.
    counts = [
        max(1, sum(item.lines + item.before for shape in shapes for item in by_shape[shape]))
        for shapes in by_message.values()
    ]
    shapes_of = [*by_message.values()]
    found = []
    for template in cluster_shapes([*by_message], counts, judge, until):
        members = [shape for message in template.members for shape in shapes_of[message]]
        found.append((min(members), template, members))
    found.sort(key=lambda item: item[0])
    templates: list[ParsedTemplate] = []
    of_shape: dict[int, ParsedTemplate] = {}
    for number, (_, template, members) in enumerate(found, 1):
        line_types = [item for shape in members for item in by_shape[shape]]
        templates.append(_template(number, template, line_types))
        if any(texts[shape] != messages[shape] for shape in members):
            records = [sum(item.records for item in by_shape[shape]) for shape in members]
            templates[-1].optional = optional_field_counts([texts[shape] for shape in members], records)
        of_shape.update(dict.fromkeys(members, templates[-1]))
    return templates, [of_shape[shape] for shape in range(len(table.shapes))]


def _template(number: int, template: ClusterTemplate, line_types: list[LineType]) -> ParsedTemplate:
    started = [item for item in line_types if item.records]
    levels, guessed = _levels(started)
    return ParsedTemplate(
        id=number,
        text=template.text,
        judged=template.judged,
        line_types=line_types,
        records=sum(item.records for item in started),
        lines=sum(item.lines for item in line_types),
        first=min((item.first for item in started), default=0),
        last=max((item.last for item in started), default=0),
        before=sum(item.before for item in line_types),
        seen=min((item.seen for item in line_types if item.seen), default=0),
        levels=levels,
        guessed=guessed,
    )


def _find_bursts(templates: Iterable[ParsedTemplate], timeline: Timeline) -> None:
    totals = timeline.merged()
    if len(totals) < 4:
        return
    for template in templates:
        counts = timeline.merged(item.id for item in template.line_types)
        if counts:
            template.burst = timeline.burst(counts, totals)


def _levels(line_types: Iterable[LineType]) -> tuple[dict[str, int], dict[str, int]]:
    """Records by the level that is said, and those without one by the level that is guessed."""
    said: list[tuple[str, int]] = []
    guessed: list[tuple[str, int]] = []
    for line_type in line_types:
        if line_type.level is not None and line_type.level_said:
            said.append((line_type.level, line_type.records))
            continue
        said.append(("none", line_type.records))
        guessed.append(
            ("error", line_type.promoted) if line_type.level is None else (line_type.level, line_type.records)
        )
    return _counted(said), _counted(guessed)


def _counted(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for name, count in pairs:
        total[name] += count
    return {name: count for name, count in total.most_common() if count}
