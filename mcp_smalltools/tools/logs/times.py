"""Timestamps of many kinds to seconds, and the fast way to the timestamp of each line of a block."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from functools import lru_cache

from mcp_smalltools.tools.logs.headers import read_line

_MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}
_LEAP_YEAR = 1972  # for times without a year: any day of a year is valid in it
_CLOCK = r"(?P<h>\d{1,2}):(?P<mi>\d\d):(?P<s>\d\d)(?P<f>[.,]\d{1,9})?(?: ?(?P<ap>[AP]M))?"
_ZONE = r"(?: ?(?P<z>Z|UTC|GMT|[+-]\d\d:?\d\d|[A-Z]{3,4}))?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?P<y>\d{{4}})[-/.](?P<mo>\d\d)[-/.](?P<d>\d\d)(?:[T _-]|, ?){_CLOCK}{_ZONE}",
        rf"(?:[A-Z][a-z]{{2}},? )?(?P<b>[A-Z][a-z]{{2}}) +(?P<d>\d{{1,2}}) {_CLOCK}(?: (?P<z>[A-Z]{{3,4}}))?(?: (?P<y>\d{{4}}))?",
        rf"(?:[A-Z][a-z]{{2}},? )?(?P<d>\d{{1,2}})[ /-](?P<b>[A-Z][a-z]{{2}})(?:[ /-](?P<y>\d{{4}}))?[ :]{_CLOCK}{_ZONE}",
        rf"(?P<b>[A-Z][a-z]{{2}}) +(?P<d>\d{{1,2}}),? (?P<y>\d{{4}}),? {_CLOCK}",
        rf"(?P<d>\d\d)/(?P<mo>\d\d)/(?P<y>\d{{4}}|\d\d)[ T]{_CLOCK}",
        rf"(?P<mo>\d\d)-(?P<d>\d\d) {_CLOCK}",
        r"(?P<mo>\d\d)(?P<d>\d\d) (?P<h>\d\d):(?P<mi>\d\d):(?P<s>\d\d)(?P<f>\.\d+)",
        r"(?P<y>\d\d)(?P<mo>\d\d)(?P<d>\d\d) (?P<h>\d\d):?(?P<mi>\d\d):?(?P<s>\d\d)",
        r"(?P<y>\d{4})-(?P<mo>\d\d)-(?P<d>\d\d)-(?P<h>\d\d)\.(?P<mi>\d\d)\.(?P<s>\d\d)(?P<f>\.\d+)",
        _CLOCK,
    )
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def to_seconds(text: str) -> float | None:
    """Seconds since 1970 (of the clock that the log shows, zones of the form ±hh:mm applied).

    Times without a year count from a fixed leap year, times without a date from 1970, so only their
    differences mean something. None if the text is no timestamp.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return _epoch_seconds(text)
    for form in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            return _of_fields(found.groupdict())
    return None


def _epoch_seconds(text: str) -> float:
    value = float(text)
    digits = len(text.partition(".")[0])
    return value / {13: 1e3, 16: 1e6, 19: 1e9}.get(digits, 1.0)


def _of_fields(fields: dict[str, str | None]) -> float | None:
    month = _MONTHS.get(fields["b"] or "") if fields.get("b") else int(fields.get("mo") or 1)
    day = int(fields.get("d") or 1)
    year = int(fields.get("y") or (_LEAP_YEAR if fields.get("d") else 1970))
    if year < 100:
        year += 2000 if year < 70 else 1900
    if month is not None and month > 12 >= day:
        month, day = day, month
    hour = int(fields["h"] or 0)
    if fields.get("ap"):
        hour = hour % 12 + (12 if fields["ap"] == "PM" else 0)
    if month is None or not 1 <= month <= 12 or not 1 <= day <= 31 or hour > 24:
        return None
    whole = calendar.timegm((year, month, day, hour, int(fields["mi"] or 0), int(fields["s"] or 0)))
    fraction = float("0." + (fields.get("f") or ".0")[1:])
    return whole + fraction - _zone_seconds(fields.get("z"))


def _zone_seconds(zone: str | None) -> int:
    if not zone or zone[0] not in "+-":
        return 0
    sign = -1 if zone[0] == "-" else 1
    return sign * (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60)


Locator = Callable[[str], str | None]
_KEYED_TIME = re.compile(
    r'[{, ]"?(?:time|ts|timestamp|@timestamp|t|datetime|date|asctime|eventTime|when)"?[:=] ?"?([^",}]+)'
)


def _whole_seconds(start: int, end: int) -> Locator:
    def locate(line: str) -> str:
        return line[start:end]

    return locate


def _by_reading(line: str) -> str | None:
    return read_line(line).time


def locator(line: str, time: str) -> Locator:
    """How to find the time, down to the second, in lines that are alike but for their digits.

    The fraction is left out where the time starts the line: then all lines of one second share one string.
    """
    start = line.find(time)
    whole = re.match(r".*?\d\d:\d\d:\d\d(?![\d])", time)
    if 0 <= start <= 1 and whole is not None:
        fraction = time[whole.end() :]
        if not fraction or re.fullmatch(r"[.,]\d+", fraction):
            return _whole_seconds(start, start + whole.end())
        if re.fullmatch(r"[.,]\d+Z", fraction):
            return _whole_seconds(start, start + whole.end())
    return _by_reading


class SecondsCache:
    """Timestamp text to seconds, remembered: neighbouring lines share their second."""

    def __init__(self) -> None:
        self._parse = lru_cache(maxsize=65_536)(to_seconds)

    def __call__(self, text: str | None) -> float | None:
        return None if text is None else self._parse(text)
