"""The argument `since`: a line number, or a time in any form that a log or an answer may have."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mcp_smalltools.errors import UsageError
from mcp_smalltools.logs.counting.parser import LogParser
from mcp_smalltools.logs.headers.read_header import read_line
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.lines.times import Calendar, as_date, calendar_of, to_seconds, zone_of

_REMEDY = 'Give "last", a line number, or a time such as 2026-03-01 14:30:00, Mar 1 14:30:00 or 14:30.'
_LINE = re.compile(r"(?:line )?([0-9]{1,9})")
_UPTIME = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?s")
_MINUTES = re.compile(r"((?:.*[ T:])?[0-9]{1,2}:[0-9][0-9])((?: ?(?:Z|[+-][0-9]{2}:?[0-9]{2}|[A-Z]{3,4}))?)")
_DAY_IN_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Since:
    """The first line that counts, or the first time. `zoned`: the time is one of UTC, otherwise one of the
    clock that the log shows.
    """

    text: str
    line: int | None
    seconds: float = 0.0
    calendar: Calendar = Calendar.DATED
    zoned: bool = False

    def is_before_or_at(self, seconds: float, calendar: Calendar) -> bool:
        """Whether a record of this time counts; one of another kind of clock doesn't."""
        if Calendar.UPTIME in (calendar, self.calendar) and calendar is not self.calendar:
            return False
        common = max(calendar, self.calendar)
        return _reduced(self.seconds, self.calendar, common) <= _reduced(seconds, calendar, common)


class SinceReader:
    """Feeds blocks to a parser from the first line that counts on, and lets it skip what comes before.

    `first_line` is the number of that line, `first_text` its text; 0 and empty if none came. `timed` counts
    the lines with a time before it, `last_timed` is the latest of them and its number.
    """

    def __init__(self, since: Since, parser: LogParser) -> None:
        self._since = since
        self._parser = parser
        self.first_line = 0
        self.first_text = ""
        self.timed = 0
        self.last_timed: tuple[int, str] | None = None

    def read(self, block: Block) -> None:
        """Read the next block."""
        at = 0 if self.first_line else self._place(block)
        if at:
            self._parser.skip(block.part(0, at))
        if at < len(block):
            if not self.first_line:
                self.first_line, self.first_text = block.first + at, block.line(at)
            self._parser.feed(block.part(at, len(block)) if at else block)

    def _place(self, block: Block) -> int:
        """How many of the lines come before."""
        since = self._since
        if since.line is not None:
            return min(max(0, since.line - block.first), len(block))
        seconds, calendars = self._parser.times(block, local=not since.zoned)
        timed = np.flatnonzero(np.isfinite(seconds))
        for place in timed.tolist():
            if since.is_before_or_at(float(seconds[place]), Calendar(int(calendars[place]))):
                return place
        if len(timed):
            self.timed += len(timed)
            self.last_timed = block.first + int(timed[-1]), block.line(int(timed[-1]))
        return len(block)


def time_of(line: str) -> str:
    """The time of a line as it is written; empty if it has none."""
    return (read_line(line).time or "").strip()


def _reduced(seconds: float, calendar: Calendar, to: Calendar) -> float:
    """A time with its year, or its whole date, left out."""
    if to is Calendar.CLOCK:
        return seconds % _DAY_IN_SECONDS
    if to is Calendar.YEARLESS and calendar is Calendar.DATED:
        return as_date(seconds).replace(year=1972, tzinfo=datetime.UTC).timestamp()
    return seconds


def parse_since(text: str) -> Since:
    """Read what the caller gave. Raises UsageError."""
    text = text.strip()
    line = _LINE.fullmatch(text)
    if line is not None:
        if int(line[1]) < 1:
            raise UsageError("since is 0, but lines are numbered from 1.", remedy=_REMEDY)
        return Since(text, int(line[1]))
    for full in _completed(text):
        calendar = calendar_of(full)
        seconds = to_seconds(full) if calendar is not None else None
        if calendar is not None and seconds is not None:
            return Since(text, None, seconds, calendar, bool(zone_of(full)))
    raise UsageError(f"since={text!r} is neither a line number nor a time.", remedy=_REMEDY)


def _completed(text: str) -> Iterator[str]:
    """Ways to read it as a whole time: as it is, with seconds, as the start of a day."""
    uptime = _UPTIME.fullmatch(text)
    yield uptime[1] if uptime is not None else text
    minutes = _MINUTES.fullmatch(text)
    if minutes is not None:
        yield f"{minutes[1]}:00{minutes[2]}"
    yield f"{text} 00:00:00"
