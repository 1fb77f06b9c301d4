"""How likely it is that records, levels and times of a log were read right, from what the reading looks like.

The features say how even the reading is: a log of one program has a header, a time and a level in all of its
records or in none, no line is left that begins like a header, and lines without one are few or indented. A
log of a form that is read only in part differs in some of that. Each aspect has a model of its own, so that
an answer can say which of them is doubtful.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mcp_smalltools.calibration.calibration import Features, load_calibration
from mcp_smalltools.logs.headers.levels import ANY_NAMES
from mcp_smalltools.logs.headers.read_header import read_line
from mcp_smalltools.logs.lines.line_types import LineType
from mcp_smalltools.logs.lines.records import Kind
from mcp_smalltools.logs.lines.times import Calendar
from mcp_smalltools.logs.message.failure_words import LIKELY, failure_degree
from mcp_smalltools.logs.templates.parsed_log import ParsedLog

_TYPES = 400
"""Line types that are looked at, the most frequent ones."""
_LOOKED_AT = 100
"""Characters at the start of a line, or of its message, where a header's parts are."""
_GENERIC = frozenset(("time", "level+time", "level", "plain", "ci", "ci+time", "ci+level+time", "ci+level"))
"""Formats that the grammar reads token by token; the others are of programs that are known."""
_LEVEL_WORD = re.compile(
    r"(?<![\w/.-])(?:[\[(<|/\"]\s*)?(?:ERR|INF|WRN|DBG|TRC|VRB|INFO|DEBUG|WARN(?:ING)?|ERROR|FATAL|CRITICAL|SEVERE|NOTICE|TRACE|VERBOSE)"
    r"(?![\w/.-])"
    r"|[\[(<|/.\"](?i:info(?:rmation)?|inf|warn(?:ing)?|wrn|err(?:or)?|debug|dbg|notice|trace|fatal|crit(?:ical)?|verbose)"
    r"[\])>|/:\"-]"
    r"|(?<![\w])(?i:info|warn(?:ing)?|error|debug|notice|trace|fatal|critical)(?: *[:|\t]|  )"
)
_NAMED = re.compile(rf"(?i:{ANY_NAMES})|[^\x00-\x7f]")
_LETTER = re.compile(r"(?:^|[\s|\[(<])[IWEDFVTN](?=[\s|\])>/:])")
_CLOCK = re.compile(
    r"(?<![\d.])\d{1,2}[:.]\d\d[:.]\d\d(?!\d)|(?<!\d)(?:19|20)\d\d[-/.]?\d\d[-/.]?\d\d(?!\d)|(?<!\d)1[5-9]\d{8}(?:\d{3})?(?!\d)"
)
NAMES = (
    *("header", "time", "level", "uneven_header", "uneven_time", "uneven_level", "no_level", "no_time"),
    *("main_form", "forms", "known_program", "unread_level", "unread_letter", "unread_time", "two_levels"),
    *("time_in_message", "header_left", "empty_message", "failing_unsaid", "guessed", "one_level", "errors"),
    *(
        "unnamed_level",
        "continued",
        "joined_plain",
        "plain",
        "other_calendar",
        "backwards",
        "undated",
        "size",
    ),
)
"""The features, in their order."""
ASPECTS = {"records": "`records`", "levels": "`levels` and `errors`", "times": "`time`"}
"""What a model judges, and what of the answer it is."""
FEATURES: Features = dict.fromkeys(ASPECTS, NAMES)
_STARTS_LIKE_HEADER = re.compile(r"[\[(<{|]|\d+[\s:|,]|[A-Z]{1,2}\s|\S{1,40} *\|")


@dataclass(frozen=True, slots=True)
class _ReadType:
    """The first record of a line type: its first line and what is left of it as the message."""

    records: int
    line: str
    content: str
    said: bool
    timed: bool
    headed: bool
    level: str | None


@dataclass(frozen=True, slots=True)
class LogDoubts:
    """Of each aspect, the probability that it is right, and from which on it is given as sure."""

    probabilities: Mapping[str, float]
    thresholds: Mapping[str, float]

    def doubtful(self) -> list[str]:
        """The aspects that may be wrong."""
        return [name for name, value in self.probabilities.items() if value < self.thresholds[name]]

    def reason(self) -> str | None:
        """Which parts of the answer can't be relied on, and which can; None if all can."""
        doubtful = self.doubtful()
        if not doubtful:
            return None
        told = " and ".join(
            f"{ASPECTS[name]} (right in {self.probabilities[name]:.0%} of the logs that look so)"
            for name in doubtful
        )
        sure = [ASPECTS[name] for name in self.probabilities if name not in doubtful]
        rest = f" {' and '.join(sure)} can be used." if sure else ""
        return f"Doubtful: {told}; look at some lines of the log before you rely on it.{rest}"


def doubts_of(log: ParsedLog) -> LogDoubts:
    """How likely what was read of the log is right, by what the shipped calibration learned."""
    calibration = load_calibration("parse_log", FEATURES)
    features = features_of(log)
    probabilities = {name: float(calibration.models[name](features)[0]) for name in ASPECTS}
    return LogDoubts(probabilities, {name: calibration.constants[f"sure_{name}"] for name in ASPECTS})


def features_of(log: ParsedLog) -> Mapping[str, float]:
    """Shares (0 to 1) of the records unless the name says otherwise."""
    types = [item for template in log.templates for item in template.line_types]
    started = sorted((item for item in types if item.records), key=lambda item: -item.records)[:_TYPES]
    seen = [_read_type(item) for item in started if item.sample is not None and item.sample.head]
    records = max(1, log.records)
    looked_at = max(1, sum(item.records for item in seen))

    def share(which: Iterable[_ReadType]) -> float:
        return sum(item.records for item in which) / looked_at

    header, time, level = _recognised(log, records)
    unsaid = [item for item in seen if not item.said]
    untimed = [item for item in seen if not item.timed]
    joined = sum(item.lines - item.records for item in types if item.kind in (Kind.START, Kind.DIAGNOSIS))
    main = max((form.records for form in log.recognition), default=0) / records
    timed = sum(log.timed.values())
    main_time = log.timed.get(log.calendar, 0) if log.calendar is not None else 0
    timeline = log.timeline if log.calendar is not None else None
    return {
        "header": header,
        "time": time,
        "level": level,
        "uneven_header": _uneven(header),
        "uneven_time": _uneven(time),
        "uneven_level": _uneven(level),
        "no_level": float(level == 0),
        "no_time": float(time == 0),
        "main_form": main,
        "forms": math.log1p(len(log.recognition)),
        "known_program": share(
            item for item, kept in zip(seen, started, strict=False) if kept.format not in _GENERIC
        ),
        "unread_level": share(item for item in unsaid if _LEVEL_WORD.search(item.line[:_LOOKED_AT])),
        "unread_letter": share(item for item in unsaid if _LETTER.search(item.line[:60])),
        "unread_time": share(item for item in untimed if _CLOCK.search(item.line[:_LOOKED_AT])),
        "two_levels": share(item for item in seen if item.said and _LEVEL_WORD.search(item.content[:40])),
        "time_in_message": share(item for item in seen if item.timed and _CLOCK.search(item.content[:40])),
        "header_left": share(
            item for item in seen if item.headed and _STARTS_LIKE_HEADER.match(item.content)
        ),
        "empty_message": share(item for item in seen if not item.content.strip()),
        "failing_unsaid": share(item for item in unsaid if failure_degree(item.line) >= LIKELY),
        "guessed": sum(log.guessed.values()) / records,
        "one_level": float(level > 0 and len({*log.levels} - {"none"}) == 1),
        "errors": sum(log.levels.get(name, 0) for name in ("error", "fatal")) / records,
        "unnamed_level": share(
            item for item in seen if item.said and not _NAMED.search(item.line[: 2 * _LOOKED_AT])
        ),
        "continued": 1 - records / max(records, log.lines),
        "joined_plain": joined / max(1, log.lines),
        "plain": share(item for item in seen if not item.headed),
        "other_calendar": 1 - main_time / timed if timed else 0.0,
        "backwards": timeline.backwards / timeline.records
        if timeline is not None and timeline.records
        else 0.0,
        "undated": float(log.calendar in (Calendar.CLOCK, Calendar.UPTIME)),
        "size": math.log10(records),
    }


def _recognised(log: ParsedLog, records: int) -> tuple[float, float, float]:
    """Shares of the records with a header, a time and a level."""
    counts = [(form.headed, form.timed, form.levelled) for form in log.recognition]
    header, time, level = (
        (sum(column) / records for column in zip(*counts, strict=True)) if counts else (0, 0, 0)
    )
    return header, time, level


def _uneven(share: float) -> float:
    """0 where all records have it or none, 1 where half of them do."""
    return 2 * min(share, 1 - share)


def _read_type(item: LineType) -> _ReadType:
    assert item.sample is not None
    line = item.sample.head[0]
    content = read_line(line).content
    header = item.header
    return _ReadType(
        item.records, line, content, item.level_said, header.calendar is not None, header.headed, item.level
    )
