"""How much of a log's form was understood, and what can't be said where it was not.

A log whose levels weren't read has no known errors; that is not the same as a log without errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mcp_smalltools.logs.lines.line_types import LineType
from mcp_smalltools.logs.templates.parsed_log import ParsedLog

_ENOUGH = 0.5
"""Share of the records with a header, or with a level, from which a log counts as understood."""
_SOME_LEVELS, _MOST_LEVELS = 0.25, 0.75
"""Shares of records with a level between which it is doubtful whether the others have none."""
_MOST_HEADERS = 0.7
"""Share of the records with a header below which it is doubtful where records begin."""
_OTHER_CALENDAR = 0.1
"""Share of the timed records whose times can't be compared with those of the others, which `time` lacks."""
_UNREAD = 0.2
"""Share of the records that seem to hold a level, or a time, that was not read as one: not understood."""
_LEVEL = re.compile(
    r"(?<![\w/-])(?:ERR|INF|WRN|DBG|INFO|DEBUG|WARN(?:ING)?|ERROR|FATAL|CRITICAL|SEVERE|WARNUNG|FEHLER|INFORMATION|AVERTISSEMENT"
    r"|ERREUR|GRAVE|ADVERTENCIA|ОШИБКА|ПРЕДУПРЕЖДЕНИЕ)(?![\w/.-])|情報|警告|重大|信息|严重|\[(?:info|warn(?:ing)?|error|debug)\]"
    r"|/(?:INFO|WARN|ERROR|DEBUG|FATAL)\]"
    r"|\b(?:level|severity|lvl)\"?[=:]"
)
_CLOCK = re.compile(r"(?<!\d)\d{1,2}:\d\d:\d\d(?!\d)|(?<!\d)20\d\d[-/.]?\d\d[-/.]?\d\d")
_LOOKED_AT = 120
"""Characters at the start of a line where its level and its time are."""


@dataclass(frozen=True, slots=True)
class Understood:
    """Shares of the records, 0 to 1. `unread_levels` and `unread_times`: records that seem to have one which
    was not read; `other_times`: records whose times are of another kind than those of `time`, of all
    `timed`; `by_ci`: a CI system wrote most of the headers, and it marks only what it wants to stand out.
    """

    records: int
    header: float
    time: float
    level: float
    unread_levels: int
    unread_times: int
    timed: int = 0
    other_times: int = 0
    by_ci: bool = False
    open_dates: bool = False
    """The order of day and month is a guess."""

    def reason(self) -> str | None:
        """Why the answer can't be relied on; None if it can."""
        if self.unread_levels >= _UNREAD * self.records:
            return (
                f"Levels unknown: {self.unread_levels:,} of {self.records:,} records seem to have a level "
                "that was not read. Other errors than those shown may be there: search for the level words."
            )
        if self.header < _ENOUGH and self.level < _ENOUGH:
            return (
                f"Levels unknown: no known header in {1 - self.header:.0%} of {self.records:,} records. "
                "`errors` has only what looks like a failure by its words."
            )
        return self._doubt()

    def _doubt(self) -> str | None:
        """What of a log that was read in most parts may be wrong."""
        if self.other_times > _OTHER_CALENDAR * self.timed:
            return (
                f"Times of two kinds: {self.other_times:,} of {self.timed:,} (without a year or a date, or "
                "since a start) can't be compared with the others and are not in `time`."
            )
        if self.open_dates:
            return (
                "Dates may be day/month or month/day, and nothing in the log tells: `time` may be wrong. "
                "The rest can be used."
            )
        if self.unread_times >= _UNREAD * self.records:
            return f"{self.unread_times:,} of {self.records:,} records seem to have a time that was not read."
        if not self.by_ci and _SOME_LEVELS <= self.level < _MOST_LEVELS:
            return (
                f"Only {self.level:.0%} of the records have a level that could be read; whether the "
                "others have one is not known. Search for the level words before you rely on `levels`."
            )
        if self.header < _MOST_HEADERS and self.level < _MOST_LEVELS:
            return (
                f"{1 - self.header:.0%} of the records have no known header; they may continue others, so "
                "`records` may be too high."
            )
        return None

    def notes(self) -> list[str]:
        """What to know before acting on an answer that is given."""
        notes = []
        if self.level < _ENOUGH and self.reason() is None:
            share = (
                "No record has" if not self.level else f"Only {max(0.01, self.level):.0%} of the records have"
            )
            notes.append(
                f"{share} a level that could be read: `errors` has what looks like a failure by its words."
            )
        if not self.time and self.unread_times < _UNREAD * self.records:
            notes.append("No times were found.")
        return notes


def understood(log: ParsedLog) -> Understood | None:
    """What was read of the log's records; None if there are none."""
    records = log.records
    if not records:
        return None
    started = [item for template in log.templates for item in template.line_types if item.records]
    without_level = [item for item in started if not item.level_said]
    without_time = [item for item in started if item.header.calendar is None]
    forms = log.recognition
    return Understood(
        records,
        sum(form.headed for form in forms) / records,
        sum(form.timed for form in forms) / records,
        sum(form.levelled for form in forms) / records,
        _with_sign(without_level, _LEVEL),
        _with_sign(without_time, _CLOCK),
        sum(log.timed.values()),
        sum(count for calendar, count in log.timed.items() if calendar is not log.calendar),
        2 * sum(form.records for form in forms if form.form == "ci") > records,
        log.open_dates,
    )


def _with_sign(line_types: Iterable[LineType], sign: re.Pattern[str]) -> int:
    """Records of these types whose first line has the sign near its start."""
    return sum(
        item.records
        for item in line_types
        if item.sample is not None and item.sample.head and sign.search(item.sample.head[0][:_LOOKED_AT])
    )
