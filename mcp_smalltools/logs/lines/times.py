"""Timestamps of many kinds to seconds: where a line has its time, and what it says."""

from __future__ import annotations

import calendar
import datetime
import enum
import itertools
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.logs.headers.parsed_line import ParsedLine
from mcp_smalltools.logs.headers.time_forms import FOREIGN_MONTHS, FORMS

_MONTHS = {
    form: number
    for number, name in enumerate(calendar.month_abbr)
    if name
    for form in (name, name.upper(), name.lower())
} | FOREIGN_MONTHS
_MONTHS |= {
    f"{name}月": n
    for n, name in enumerate(["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"], 1)
}
_LEAP_YEAR = 1972  # for times without a year: any day of a year is valid in it
_YEAR_10_000 = 253_402_300_800.0
_EPOCH = datetime.datetime(1970, 1, 1)
_EARLIEST, _LATEST = -62_135_596_800.0, _YEAR_10_000 - 1
"""The first and the last second of the years that a date can have."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?s?")
_DATE_AND_CLOCK = re.compile(r"(?:19|20)\d{6}\.\d{6}")
_OFFSET = re.compile(r"(?:GMT|UTC)?(?P<sign>[+-])(?P<hours>\d\d?)(?::?(?P<minutes>\d\d))?")
_FEWEST_DATES = 2
"""Different dates of a log from which the way between them tells their order."""


class Calendar(enum.IntEnum):
    """What a timestamp says of its day. Only times of one calendar can be compared."""

    __hash__ = int.__hash__

    DATED = 0
    YEARLESS = 1  # syslog
    CLOCK = 2  # no day at all
    UPTIME = 3  # seconds since some start


class DateOrder(enum.IntEnum):
    """In which order a date of three numbers has its day, month and year."""

    DAY_FIRST = 0
    MONTH_FIRST = 1
    YEAR_FIRST = 2


def order_of_dates(texts: Iterable[str]) -> DateOrder | None:
    """The order in which these timestamps, in the order of a log, write their dates: the one in which all are
    dates, and if several are, in which the log goes on most steadily. None where they don't tell.
    """
    parts = dict.fromkeys(found for text in texts if (found := _three_numbers(text.strip())) is not None)
    ways = {order: [_ordered(order, *numbers) for numbers in parts] for order in DateOrder}
    possible = {order: dates for order, dates in ways.items() if all(_is_date(*date) for date in dates)}
    if len(possible) < 2:
        return next(iter(possible), None)
    if len(parts) < _FEWEST_DATES:
        return None
    way = {order: _days_on_the_way(dates) for order, dates in possible.items()}
    best, second, *_ = sorted(way, key=lambda order: way[order])
    return best if 2 * way[best] <= way[second] else None


def has_open_order(text: str) -> bool:
    """Whether a timestamp alone leaves open which of its three numbers are the day and the month. One with AM
    or PM is American.
    """
    numbers = _three_numbers(text.strip())
    if numbers is None or (_fields(text.strip()) or {}).get("ap"):
        return False
    orders = (DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST)
    return len({date for order in orders if _is_date(*(date := _ordered(order, *numbers)))}) > 1


def _three_numbers(text: str) -> tuple[int, int, int] | None:
    fields = None if _is_number(text) else _fields(text)
    if fields is None or fields.get("n3") is None:
        return None
    first, second, third = (int(fields[name] or 0) for name in ("n1", "n2", "n3"))
    return first, second, third


def _ordered(order: DateOrder, first: int, second: int, third: int) -> tuple[int, int, int]:
    """Year, month and day of three numbers in this order."""
    if order is DateOrder.YEAR_FIRST:
        return (_four_digits(first) if third < 100 else 0, second, third)
    day, month = (first, second) if order is DateOrder.DAY_FIRST else (second, first)
    return _four_digits(third), month, day


def _days_on_the_way(dates: Iterable[tuple[int, int, int]]) -> int:
    """Days from date to date, there and back."""
    days = [372 * year + 31 * month + day for year, month, day in dates]
    return sum(abs(then - first) for first, then in itertools.pairwise(days))


def to_seconds(text: str, order: DateOrder | None = None) -> float | None:
    """Seconds since 1970 (of the clock that the log shows, zones of the form ±hh:mm applied).

    Times without a year count from a fixed leap year, times without a date from 1970, so only their
    differences mean something. A date of three numbers is read in this order, or if none is given as the date
    that is nearest to today and not after it. None if the text is no timestamp.
    """
    text = text.strip()
    if _is_number(text):
        return _epoch_seconds(text.replace(",", "."))
    fields = _fields(text)
    return None if fields is None else _of_fields(fields, order)


def to_local_seconds(text: str, order: DateOrder | None = None) -> float | None:
    """The same of the clock that the log shows, whatever its zone. None if the text is no timestamp."""
    seconds = to_seconds(text, order)
    return None if seconds is None else seconds + zone_seconds(zone_of(text))


def as_date(seconds: float) -> datetime.datetime:
    """Seconds since 1970 as a date without a zone; beyond the years 1 to 9999, the first or last of these."""
    return _EPOCH + datetime.timedelta(seconds=min(max(seconds, _EARLIEST), _LATEST))


def zone_of(text: str) -> str:
    """The zone of a timestamp as it is written (`Z`, `+0330`, `CET`); Z for seconds since 1970, otherwise
    empty if there is none.
    """
    text = text.strip()
    if _is_number(text):
        return "Z" if calendar_of(text) is Calendar.DATED else ""
    fields = _fields(text)
    return (fields or {}).get("z") or ""


def _is_number(text: str) -> bool:
    """A number of seconds, that is; fourteen digits are a date and a clock, also with a dot between these."""
    if _NUMBER.fullmatch(text) is None or len(text.partition(".")[0]) == 14:
        return False
    return _DATE_AND_CLOCK.fullmatch(text) is None


def _fields(text: str) -> dict[str, str | None] | None:
    for form in FORMS:
        found = form.fullmatch(text)
        if found is not None:
            return found.groupdict()
    return None


def calendar_of(text: str) -> Calendar | None:
    """What a timestamp says of its day, by its form alone; None if the text is no timestamp."""
    text = text.strip()
    if _is_number(text):
        digits = len(re.split("[.,]", text, maxsplit=1)[0])
        return Calendar.DATED if digits >= 10 else Calendar.UPTIME
    fields = _fields(text)
    if fields is None:
        return None
    if fields.get("y") or fields.get("n3"):
        return Calendar.DATED
    return Calendar.YEARLESS if fields.get("d") else Calendar.CLOCK


def _epoch_seconds(text: str) -> float | None:
    """Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by the number of digits; or
    seconds since the machine started. None for a number that is no time."""
    digits = len(text.partition(".")[0].rstrip("s"))
    seconds = float(text.rstrip("s")) / {13: 1e3, 16: 1e6, 19: 1e9}.get(digits, 1.0)
    return seconds if seconds < _YEAR_10_000 else None


def _of_fields(fields: dict[str, str | None], order: DateOrder | None) -> float | None:
    date = _date(fields) if fields.get("n3") is None else _ordered_date(fields, order)
    hour = int(fields["h"] or 0)
    half = fields.get("ap")
    if half:
        hour = hour % 12 + (12 if half.strip()[0] in "Pp" or half in ("下午", "午後") else 0)
    if date is None or not _is_date(*date) or hour > 24:
        return None
    whole = calendar.timegm((*date, hour, int(fields["mi"] or 0), int(fields.get("s") or 0)))
    fraction = float("0." + (fields.get("f") or ".0")[1:])
    return whole + fraction - zone_seconds(fields.get("z"))


def _date(fields: dict[str, str | None]) -> tuple[int, int, int] | None:
    """Year, month and day; those that are not there are of a fixed year, or of 1970."""
    month = _month(fields["b"] or "") if fields.get("b") else int(fields.get("mo") or 1)
    day = int(fields.get("d") or 1)
    year = int(fields.get("y") or (_LEAP_YEAR if fields.get("d") else 1970))
    if month is not None and month > 12 >= day:
        month, day = day, month
    return None if month is None else (_four_digits(year), month, day)


def _month(name: str) -> int | None:
    """The number of a month; of one in English the first letters will do."""
    return _MONTHS.get(name) or _MONTHS.get(name[:3])


def _ordered_date(fields: dict[str, str | None], order: DateOrder | None) -> tuple[int, int, int] | None:
    """A date of three numbers, in this order if it is one so; else in the order in which it is one. Of several,
    one that is past, and of these the one nearest to today.
    """
    first, second, third = (int(fields[name] or 0) for name in ("n1", "n2", "n3"))
    if order is not None and _is_date(*(date := _ordered(order, first, second, third))):
        return date
    dates = [(third, first, second), (third, second, first)]
    if not fields.get("ap"):
        dates.reverse()
    today = datetime.date.today()
    if third < 100:
        if fields.get("dash") and first <= today.year % 100 and _is_date(first + 2000, second, third):
            return first + 2000, second, third  # as ISO 8601 has it, without the century
        dates.append((first, second, third))
    dates = [(_four_digits(year), month, day) for year, month, day in dates]
    valid = [date for date in dates if _is_date(*date)]
    latest = _as_numbers(today + datetime.timedelta(days=2))  # of a clock that is ahead
    return min(valid, key=lambda date: (date > latest, abs(date[0] - today.year))) if valid else None


def _as_numbers(day: datetime.date) -> tuple[int, int, int]:
    return day.year, day.month, day.day


def _four_digits(year: int) -> int:
    return year if year >= 100 else year + (2000 if year < 70 else 1900)


def _is_date(year: int, month: int, day: int) -> bool:
    return year > 0 and 1 <= month <= 12 and 1 <= day <= 31


def zone_seconds(zone: str | None) -> int:
    """Seconds that a zone `±hh:mm` is ahead of UTC; 0 for a name, whose clock is taken as it is."""
    found = _OFFSET.fullmatch(zone or "")
    if found is None:
        return 0
    seconds = int(found["hours"]) * 3600 + int(found["minutes"] or 0) * 60
    return -seconds if found["sign"] == "-" else seconds


def zone_text(zone: str) -> str:
    """A zone behind a time, as an answer writes it: `+03:30`, ` CET`, `Z`; empty if there is none."""
    found = _OFFSET.fullmatch(zone)
    if found is not None:
        return f"{found['sign']}{int(found['hours']):02}:{found['minutes'] or '00'}"
    return f" {zone}" if len(zone) > 1 else zone


class TimeSpan(NamedTuple):
    """Where a line has its time. All lines of one key have it at the same place."""

    start: int
    seconds_end: int  # end of the whole seconds
    end: int
    plain: bool  # nothing but a fraction (and Z) follows the seconds
    calendar: Calendar
    """Only times of one calendar can be compared."""


_SECONDS_AND_REST = re.compile(r"(.*?\d\d:\d\d:\d\d)([.,]\d{1,9})?(.*)")


def find_time(text: str, line: ParsedLine) -> TimeSpan | None:
    """Where `text`, which was read as `line`, has its time; None if it has none that can be read.

    Digits of `text` need not be those of a real time: only its form is looked at.
    """
    if line.time is None:
        return None
    start = line.time_at if line.time_at >= 0 else text.find(line.time)
    end = start + len(line.time)
    form = _form_of(text[start:end]) if start >= 0 else None
    if form is None:
        return None
    seconds, size, plain, days = form
    return TimeSpan(start, start + seconds, start + size, plain, days)


@lru_cache(maxsize=4_096)
def _form_of(text: str) -> tuple[int, int, bool, Calendar] | None:
    """Of a time: where its whole seconds end, how long it is, whether it is plain, and its calendar."""
    days = calendar_of(text)
    if days is None:
        return None
    parts = _SECONDS_AND_REST.fullmatch(text)
    if parts is None or parts[3] not in {"", "Z"}:
        return len(text), len(text), False, days
    return parts.end(1), parts.end(2) if parts[2] else parts.end(1), True, days


class Clock:
    """Reads the times of lines. Neighbouring lines share their minute, so few texts are parsed."""

    def __init__(self, parse: Callable[[str], float | None] = to_seconds) -> None:
        self._parse: Callable[[str], float | None] = lru_cache(maxsize=65_536)(parse)

    def read(self, shown: NDArray[np.uint8], span: TimeSpan) -> NDArray[np.float64]:
        """Seconds (see `to_seconds`) of times of one form, the bytes from `span.start` to `span.end` of each
        line, shape (lines, bytes); nan where one can't be read.
        """
        start, seconds_end, end, plain, _ = span
        whole = seconds_end - start
        alike = whole - 2 if plain else whole
        changes = np.flatnonzero(_differ_from_last(shown[:, :alike])) + 1
        places = [0, *changes.tolist()]
        texts = [shown[place, :alike].tobytes().decode("utf-8", "replace") for place in places]
        read = np.array([self._parse(f"{text}00" if plain else text) for text in texts], dtype=np.float64)
        seconds = np.repeat(read, np.diff([*places, len(shown)]))
        if not plain:
            return seconds
        seconds += _number(shown[:, alike:whole])
        if end > seconds_end:
            seconds += _number(shown[:, whole + 1 :]) / 10.0 ** (end - seconds_end - 1)
        return seconds


def _number(shown: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Digits as numbers, shape (lines, digits)."""
    digits = shown.astype(np.float64) - ord("0")
    return digits @ (10.0 ** np.arange(shown.shape[1] - 1, -1, -1))


def _differ_from_last(rows: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """For each row but the first, whether it is another one than that before it; eight bytes at a time."""
    words = np.zeros((len(rows), -(-rows.shape[1] // 8)), np.uint64)
    words.view(np.uint8)[:, : rows.shape[1]] = rows
    differ = np.zeros(len(rows) - 1, bool)
    for column in words.T:
        differ |= column[1:] != column[:-1]
    return differ
