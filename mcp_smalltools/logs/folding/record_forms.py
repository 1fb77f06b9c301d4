"""The forms in which records are written over several lines, and where the records are in some lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from mcp_smalltools.logs.headers.csv_rows import is_time_name, names_of_columns
from mcp_smalltools.logs.headers.folded_fields import FIELD

MOST_LINES = 2_000
"""Lines of one record; what goes on for longer is none."""
_STARTS_ROW = re.compile(r"\"?(?:\d{10,13}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d[^\",]{0,24})\"?,")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_LONE_TAG = re.compile(r"\s*<(?:[?!/]|[\w:.-]+[^<>\n]{0,2000}>\s*$)")


@dataclass(frozen=True, slots=True)
class FoundRecords:
    """`spans`: the places of each record's first and last line; `open_at`: where one starts that has no end
    yet, the number of lines if there is none; `frame`: lines around the records that say nothing.
    """

    spans: list[tuple[int, int]]
    open_at: int
    frame: set[int]


class RecordForm(Protocol):
    """Finds records in lines of which the first is outside of any."""

    def find(self, lines: Sequence[str]) -> FoundRecords:
        """The records of these lines."""
        ...


@dataclass(frozen=True, slots=True)
class JsonForm:
    """Objects with indents, one after the other or in an array."""

    _FRAME: ClassVar[frozenset[str]] = frozenset(("[", "]", ",", "],", "}", "},"))

    def find(self, lines: Sequence[str]) -> FoundRecords:
        spans, frame, start, depth = [], set(), -1, 0
        for place, line in enumerate(lines):
            text = line.strip()
            if start < 0:
                if text in self._FRAME:
                    frame.add(place)
                if not text.lstrip("[ ").startswith("{"):
                    continue
                start, depth = place, 0
            bare = _STRING.sub("", text) if '"' in text else text
            deepest_end = depth - bare.count("}")
            depth += bare.count("{") - bare.count("}")
            if depth <= 0:
                spans.append((start, place))
                start = -1
            elif deepest_end <= 0 and place > start:  # "}, {": the next one begins on this line
                spans.append((start, place))
                start = place + 1
            if start >= 0 and place - start >= MOST_LINES:
                start = -1
        return FoundRecords(spans, start if start >= 0 else len(lines), frame)


@dataclass(frozen=True, slots=True)
class XmlForm:
    """Elements of one name."""

    tag: str

    def find(self, lines: Sequence[str]) -> FoundRecords:
        spans, frame, start = [], set(), -1
        opening = re.compile(rf"\s*<{re.escape(self.tag)}(?=[\s>/]|$)")
        closing = f"</{self.tag}>"
        for place, line in enumerate(lines):
            if start < 0:
                if opening.match(line) is None:
                    if _LONE_TAG.match(line) is not None:
                        frame.add(place)
                    continue
                start = place
            if closing in line:
                spans.append((start, place))
                start = -1
            elif place - start >= MOST_LINES:
                start = -1
        return FoundRecords(spans, start if start >= 0 else len(lines), frame)


@dataclass(frozen=True, slots=True)
class FieldsForm:
    """Lines of `name: value` or `NAME=value`, with an empty line behind each record, or `---` before it."""

    first: str
    """The name of a record's first field, or `---`."""

    def find(self, lines: Sequence[str]) -> FoundRecords:
        spans, start, last = [], -1, -1
        for place, line in enumerate(lines):
            if self._starts(line, lines[place - 1] if place else ""):
                if start >= 0:
                    spans.append((start, last))
                start = place
            if line.strip():
                last = place
            if start >= 0 and place - start >= MOST_LINES:
                start = -1
        return FoundRecords(spans, start if start >= 0 else len(lines), set())

    def _starts(self, line: str, before: str) -> bool:
        if self.first == "---":
            return line == "---"
        if before.strip():
            return False
        found = FIELD.match(line)
        return found is not None and name_of(found) == self.first


@dataclass(frozen=True, slots=True)
class CsvForm:
    """Rows of CSV below a line with the names of their columns; a value in quotes may have several lines."""

    names: str
    """The line with the names."""

    def find(self, lines: Sequence[str]) -> FoundRecords:
        spans, start = [], -1
        frame = {place for place, line in enumerate(lines) if line == self.names}
        starts = _STARTS_ROW if is_time_name(names_of_columns(self.names)[0]) else None
        for place, line in enumerate(lines):
            if start >= 0 and starts is not None and starts.match(line) is not None:
                start = -1  # a quote in a value that isn't in quotes
            if line.count('"') % 2 == 0:
                pass
            elif start < 0:
                start = place
            else:
                spans.append((start, place))
                start = -1
            if start >= 0 and place - start >= MOST_LINES:
                start = -1
        return FoundRecords(spans, start if start >= 0 else len(lines), frame)


def name_of(field: re.Match[str]) -> str:
    """The name of a field, without a number behind it: `Event[12]`."""
    return field[1].partition("[")[0]
