"""A record as a row of CSV, as log stores export them: CloudWatch, Datadog, Google, Splunk, Kibana."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from mcp_smalltools.logs.headers.levels import CLEAR_NAMES, level_of_name
from mcp_smalltools.logs.headers.parsed_line import ParsedLine
from mcp_smalltools.logs.headers.time_forms import TIME

Inner = Callable[[str], ParsedLine | None]
_MAY_BE = re.compile(r'"?\d[^",\n]{8,40}"?,|(?:"[^"\n]{0,120}"|[^",\n]{0,120}),')
_TIME = re.compile(rf"(?:{TIME}|1\d{{9}}(?:\.\d{{1,9}}|\d{{3}})?)")
_LEVEL = re.compile(rf"(?i:{CLEAR_NAMES})")
_MOST_COLUMNS, _MOST_CHARS = 40, 20_000
_TIME_WITHIN, _LEVEL_WITHIN = 12, 16
"""Columns in which a time, and a level, is looked for."""
_MILLISECONDS = 13
_NAMES = re.compile(
    r"\"?[A-Za-z@_][\w@. /()\[\]-]{0,60}\"?(?:,\"?[A-Za-z@_#][\w@. #/()\[\]-]{0,60}\"?){1,40}\s*"
)
_TIME_NAME = re.compile(
    r"(?i:(?:^|[ _.@])(?:time|date|datetime|timestamp|ts)(?:$|[ _.(\[])|(?:time|timestamp)$)"
)


class CsvValue(NamedTuple):
    """One value of a row, and where it starts."""

    start: int
    value: str
    quoted: bool


def names_of_columns(line: str) -> list[str]:
    """The names of the columns, if the line heads a table of records: one of them is a time; else none."""
    if _NAMES.fullmatch(line) is None:
        return []
    names = [name.strip().strip('"') for name in line.split(",")]
    return names if any(_TIME_NAME.search(name) for name in names) else []


def is_time_name(name: str) -> bool:
    """Whether a column of this name has the record's time."""
    return _TIME_NAME.search(name) is not None


def columns_of(line: str) -> list[CsvValue]:
    """The columns of a row, of which the last may be cut; none if the line isn't one."""
    found: list[CsvValue] = []
    at, size = 0, min(len(line), _MOST_CHARS)
    while at <= size and len(found) < _MOST_COLUMNS:
        if line[at : at + 1] == '"':
            end = _end_of_quoted(line, at + 1)
            found.append(CsvValue(at + 1, line[at + 1 : end].replace('""', '"'), True))
            at = end + 1
            if at < size and line[at] != ",":
                return [] if line[at:].strip() else found
        else:
            end = line.find(",", at)
            end = size if end < 0 else end
            found.append(CsvValue(at, line[at:end], False))
            at = end
        if at >= size:
            break
        at += 1
    return found


def _end_of_quoted(line: str, at: int) -> int:
    """Where the quote is that ends a value; the line's end if there is none."""
    while True:
        end = line.find('"', at)
        if end < 0:
            return len(line)
        if line[end + 1 : end + 2] != '"':
            return end
        at = end + 2


def read_csv_row(line: str, inner: Inner) -> ParsedLine | None:
    """A row with a time in a column of its own, and a level in another one or in its message. `inner` reads
    the message, which may have a header of its own.
    """
    if _MAY_BE.match(line) is None:
        return None
    columns = columns_of(line)
    place = next((n for n, one in enumerate(columns[:_TIME_WITHIN]) if _is_time(one.value)), None)
    if place is None or len(columns) < 2:
        return None
    time = columns[place]
    level_place = next(
        (n for n, one in enumerate(columns[:_LEVEL_WITHIN]) if n != place and _is_level(one.value)), None
    )
    rest = [one for n, one in enumerate(columns) if n not in (place, level_place)]
    if not rest or not _is_export(columns, place, has_level=level_place is not None):
        return None
    content = " ".join(_message(rest).split("\n")).strip()
    level = level_of_name(columns[level_place].value) if level_place is not None else None
    read = inner(content)
    said = level is not None
    if read is not None and level is None:
        level, said = read.level, read.level_said
    if read is not None and (read.level_said or read.time is not None) and read.content:
        content = read.content
    return ParsedLine("csv", content, time.value, level, time_at=time.start, level_said=said)


def _is_time(value: str) -> bool:
    return 8 < len(value) < 50 and _TIME.fullmatch(value) is not None


def _is_level(value: str) -> bool:
    return _LEVEL.fullmatch(value) is not None


def _is_export(columns: Sequence[CsvValue], place: int, *, has_level: bool) -> bool:
    """Whether a line of text with commas is none: a level stands alone in a column, or the row begins with
    its time and then has a value in quotes.
    """
    if has_level and (place == 0 or len(columns) > 2):
        return True
    if place != 0:
        return False
    first = columns[0]
    return any(one.quoted for one in columns[1:]) or (
        first.value.isdigit() and len(first.value) == _MILLISECONDS
    )


def _message(columns: Sequence[CsvValue]) -> str:
    """The column that is text: the longest of those with several words, or else the longest."""
    return max(columns, key=lambda one: (" " in one.value.strip(), len(one.value))).value
