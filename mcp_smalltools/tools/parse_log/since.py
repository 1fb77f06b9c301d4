"""The argument `since`: a line number, or a time in any format that a log may have."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mcp_smalltools.errors import UsageError
from mcp_smalltools.logs.counting.parser import LogParser
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.lines.times import Calendar, calendar_of, to_seconds

_REMEDY = 'Give "last", a line number, or a time such as 2026-03-01 14:30:00, Mar 1 14:30:00 or 14:30.'
_COMPLETED = (
    (re.compile(r".*\d\d\d\d-\d\d-\d\d|[A-Z][a-z]{2} +\d{1,2}"), " 00:00:00"),
    (re.compile(r"(?:.*[ T])?\d{1,2}:\d\d"), ":00"),
)


@dataclass(frozen=True, slots=True)
class Since:
    """The first line that counts, or the first time."""

    text: str
    line: int | None
    seconds: float = 0.0
    calendar: Calendar = Calendar.DATED

    def reader(self, parser: LogParser) -> Callable[[Block], None]:
        """A function that feeds blocks to the parser, and lets it skip what comes before."""
        reached = False

        def read(block: Block) -> None:
            nonlocal reached
            at = 0 if reached else self._place(parser, block)
            if at:
                parser.skip(block.part(0, at))
            if at < len(block):
                reached = True
                parser.feed(block.part(at, len(block)) if at else block)

        return read

    def _place(self, parser: LogParser, block: Block) -> int:
        """How many of the lines come before."""
        if self.line is not None:
            return min(max(0, self.line - block.first), len(block))
        seconds, calendars = parser.times(block)
        for place in np.flatnonzero(np.isfinite(seconds) & (calendars != Calendar.UPTIME)).tolist():
            if self._is_before_or_at(float(seconds[place]), Calendar(int(calendars[place]))):
                return place
        return len(block)

    def _is_before_or_at(self, seconds: float, calendar: Calendar) -> bool:
        common = max(calendar, self.calendar)
        return _reduced(self.seconds, self.calendar, common) <= _reduced(seconds, calendar, common)


def _reduced(seconds: float, calendar: Calendar, to: Calendar) -> float:
    """A time with its year, or its whole date, left out."""
    if to is Calendar.CLOCK:
        return seconds % 86_400
    if to is Calendar.YEARLESS and calendar is Calendar.DATED:
        at = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
        return at.replace(year=1972).timestamp()
    return seconds


def parse_since(text: str) -> Since:
    """Read what the caller gave. Raises UsageError."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        if int(text) < 1:
            raise UsageError("since is 0, but lines are numbered from 1.", remedy=_REMEDY)
        return Since(text, int(text))
    for pattern, rest in (*_COMPLETED, (re.compile(".*"), "")):
        full = text + rest
        calendar = calendar_of(full) if pattern.fullmatch(text) else None
        seconds = to_seconds(full) if calendar is not None else None
        if calendar is not None and seconds is not None:
            return Since(text, None, seconds, calendar)
    raise UsageError(f"since={text!r} is neither a line number nor a time.", remedy=_REMEDY)
