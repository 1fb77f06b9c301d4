"""Header columns without a form of their own, recognised by statistics over the whole log.

`headers` recognises a header by its form, on one line. What may follow it before the message (a host, a
component, a thread, a request in brackets, a level) has no such form. But in a header nearly all lines
of one kind have the same sort of column at the same place, whatever their messages are:

- a level: a word or a letter for one,
- a variable: an identifier, a number, an address, a time,
- a context: something in brackets,
- a word, such as a component: only if a column of the first three kinds follows it.

A message may begin like this too ("worker 12 ..."). So the columns must leave enough different messages, and
words are taken for a header only before a level, or before a context if they look like names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from mcp_smalltools.logs.headers.header_tokens import BRACKETED
from mcp_smalltools.logs.headers.levels import LEVEL_NAMES, level_of_name
from mcp_smalltools.logs.headers.read_header import read_line
from mcp_smalltools.logs.keys.normalize import line_key, short_numbers
from mcp_smalltools.logs.lines.line_table import LineTable
from mcp_smalltools.logs.lines.line_types import LineType
from mcp_smalltools.logs.message.masking import MARKS, mask_text
from mcp_smalltools.logs.message.parameters import normalise_spaces

MOST = 10
"""Columns that are looked at."""
_LEAST_LINES = 50
_LEAST_MESSAGES = 4
_SHARE = 0.95
_SHARE_WITHOUT_HEADER = 0.98

_FIELDS_HAVE_NAMES = ("json", "logfmt", "access")

_COLUMN = re.compile(rf"(?:\[\]|{BRACKETED}|\([^()]*\)|<[^<>]*>|\{{[^{{}}]*\}})[:,|-]?(?= |$)|[^ ]+")
_LEVEL = re.compile(rf"[\[(<|]?(?:{LEVEL_NAMES})\d?[\])>|]?[:,]?", re.IGNORECASE)
_PLAIN_LEVEL = re.compile(rf"(?:{LEVEL_NAMES.upper()})[|:,]?|[\[(<](?i:{LEVEL_NAMES})\d?[\])>][:,|]?")
_LETTER = re.compile(r"[\[(<|]?[VTDINWEFC][\])>|:/]?")
_CONTEXT = re.compile(r"[\[(<{].*[\])>}][:,|-]?")
_VALUES = "".join(MARKS[name] for name in ("int", "hex", "ip", "uuid", "id", "mac", "time", "host"))
_VARIABLE = re.compile(rf"[\w.:/@#*-]*[{_VALUES}][\w.:/@#*{_VALUES}-]*[,|]?")
_REQUEST = re.compile(rf"[{MARKS['hex']}{MARKS['uuid']}][,|]?")
_SIGNS = re.compile(r"[^\w ]{1,3}")
_NOTHING = re.compile(rf"{_SIGNS.pattern}|(?i:null|none|nil|n/a|unknown\w{{0,20}})")
"""What stands in a column for a value that is not there."""
_NAME = re.compile(r"[a-z][a-z0-9]*|[A-Z][A-Z0-9_-]*|(?=.*[._/:$-])[A-Za-z][\w.:/$-]*")
_NAMED_SO = re.compile(rf"{_NAME.pattern}|{_SIGNS.pattern}|{_VARIABLE.pattern}")
_NAMES = 64
"""A log has no more components than this."""


@dataclass(frozen=True, slots=True)
class ShapeStart:
    """The start of a shape: its first columns, and how many lines have it."""

    columns: Sequence[str]
    lines: int


@dataclass(frozen=True, slots=True)
class Header:
    """Which columns at the start of a content are a header's, by their kinds, and which is the level."""

    kinds: tuple[str, ...] = ()
    level_at: int | None = None

    @property
    def columns(self) -> int:
        return len(self.kinds)

    def has(self, columns: Sequence[str]) -> bool:
        """Whether a content that starts with these columns has this header: some lines of the log lack it."""
        return len(columns) > len(self.kinds) and all(
            _is_kind(kind, column) for kind, column in zip(self.kinds, columns, strict=False)
        )


_NONE = Header()


def messages_of(table: LineTable, by_shape: Mapping[int, Sequence[LineType]]) -> list[str]:
    """The text of each shape without its header columns; its line types get the columns and their level."""
    starts = [first_columns(shape) for shape in table.shapes]
    headers = _Headers(starts, by_shape)
    messages = []
    for number, (shape, columns) in enumerate(zip(table.shapes, starts, strict=True)):
        line_types = by_shape[number]
        found = {headers.of(item.format, columns) for item in line_types}
        header = found.pop() if len(found) == 1 else _NONE
        header = header if header.has(columns) else _NONE
        message = skip_columns(shape, header.columns)
        if header.columns and not (message and _fits(line_types, header, message)):
            header, message = _NONE, shape
        messages.append(message)
        for line_type in line_types:
            line_type.columns = header.columns
            level = level_of(header, columns)
            if level is not None and not line_type.level_said:
                line_type.level, line_type.level_said = level, True
    return messages


def message_of(content: str, columns: int) -> str:
    """A line's content as templates are written, less these columns."""
    text = normalise_spaces(content)
    return skip_columns(text, columns) if columns else text


class _Headers:
    """The headers of a log: one for each format, or one for each place of the level where all have one."""

    def __init__(self, starts: Sequence[Sequence[str]], by_shape: Mapping[int, Sequence[LineType]]) -> None:
        rows: dict[str, list[ShapeStart]] = defaultdict(list)
        for number, columns in enumerate(starts):
            for name in {item.format for item in by_shape[number]}:
                line_types = [item for item in by_shape[number] if item.format == name]
                rows[name].append(ShapeStart(columns, sum(item.lines + item.before for item in line_types)))
        self._by_level: set[str] = set()
        self._found: dict[tuple[str, int | None], Header] = {}
        for name, of_format in rows.items():
            if not name.endswith(_FIELDS_HAVE_NAMES):
                self._find(name, of_format)

    def of(self, name: str, columns: Sequence[str]) -> Header:
        place = level_place(columns) if name in self._by_level else None
        return self._found.get((name, place), _NONE)

    def _find(self, name: str, rows: Sequence[ShapeStart]) -> None:
        headed = name not in ("plain", "ci")
        if _Total(rows, _SHARE).have_level():
            self._by_level.add(name)
            places = {level_place(row.columns) for row in rows} - {None}
            parts = {place: [row for row in rows if level_place(row.columns) == place] for place in places}
            self._found |= {(name, place): header_of(part, headed=headed) for place, part in parts.items()}
        else:
            self._found[name, None] = header_of(rows, headed=headed)


def level_place(columns: Sequence[str]) -> int | None:
    """Which of the first columns is a level, in capitals or in brackets."""
    return next((n for n, column in enumerate(columns[:MOST]) if _PLAIN_LEVEL.fullmatch(column)), None)


def _fits(line_types: Sequence[LineType], header: Header, message: str) -> bool:
    """Do the columns of a line end where those of its shape do? A value of several words is one there."""
    for line_type in line_types:
        if line_type.sample is not None:
            content = short_numbers(read_line(line_key(line_type.sample.head[0])).content)
            return mask_text(message_of(content, header.columns)) == message
    return True


def first_columns(shape: str) -> list[str]:
    return [found[0] for found in islice(_COLUMN.finditer(shape), MOST + 3)]


def skip_columns(text: str, columns: int) -> str:
    """A text with single spaces, without this many columns at its start."""
    place = 0
    for _ in range(columns):
        column = _COLUMN.match(text, place)
        if column is None:
            return text
        place = column.end() + 1
    return text[place:]


def level_of(header: Header, columns: Sequence[str]) -> str | None:
    """What the column of the level says."""
    if header.level_at is None or len(columns) <= header.level_at:
        return None
    return level_of_name(columns[header.level_at].strip("[](){}<>|:,/-"))


def header_of(rows: Sequence[ShapeStart], *, headed: bool) -> Header:
    """The columns that these shapes, all of one format, have before their messages. `headed`: a header was
    found by its form before them.
    """
    total = _Total(rows, _SHARE if headed else _SHARE_WITHOUT_HEADER)
    if total.lines < _LEAST_LINES:
        return _NONE
    taken, level_at = 0, None
    kinds: list[str] = []
    for place in range(MOST):
        kind = total.kind_at(place)
        if kind is None:
            break
        kinds.append(kind)
        if kind == "word" or not _belongs(kind, taken, place, total, headed=headed):
            continue
        taken = place + 1
        if kind in ("level", "letter") and level_at is None:
            level_at = place
    del kinds[taken:]
    while 0 < taken < MOST and total.are_signs(taken):
        taken += 1
        kinds.append("sign")
    if not taken or total.messages_behind(taken) < _LEAST_MESSAGES:
        return _NONE
    return Header(tuple(kinds), level_at)


def _belongs(kind: str, taken: int, place: int, total: _Total, *, headed: bool) -> bool:
    """Is a column of the header, with the words between it and the columns before that are?"""
    if taken == place or kind == "level":
        return True
    if kind == "letter" or not (taken or (headed and kind in ("context", "request"))):
        return False
    return all(total.are_names(between) for between in range(taken, place))


class _Total:
    """What the rows have at each place. A share must hold for lines and for shapes, so that neither a
    frequent message nor many rare ones decide alone.
    """

    def __init__(self, rows: Sequence[ShapeStart], share: float) -> None:
        self._rows = rows
        self._share = share
        self.lines = sum(row.lines for row in rows)

    def kind_at(self, place: int) -> str | None:
        """The kind of column; None if too few shapes have one there and another one after it."""
        if not self._nearly_all(place, lambda _: True):
            return None
        for kind, pattern in _KINDS:
            if self._match(place, pattern):
                return kind if kind != "letter" or self._several(place) else "word"
        return "word"

    def _match(self, place: int, pattern: re.Pattern[str]) -> bool:
        return self._nearly_all(place, lambda column: pattern.fullmatch(column) is not None)

    def have_level(self) -> bool:
        """Whether nearly all have one among their first columns."""
        with_level = [row for row in self._rows if level_place(row.columns) is not None]
        lines = sum(row.lines for row in with_level)
        return len(with_level) >= self._share * len(self._rows) and lines >= self._share * self.lines

    def are_names(self, place: int) -> bool:
        """Whether nearly all shapes have a name or a sign there, and there are few different ones."""
        known = {row.columns[place] for row in self._rows if len(row.columns) > place}
        return len(known) <= _NAMES and self._match(place, _NAMED_SO)

    def are_signs(self, place: int) -> bool:
        return self._match(place, _SIGNS)

    def messages_behind(self, columns: int) -> int:
        """How many different messages are left, by their first two words."""
        return len(
            {tuple(row.columns[columns : columns + 2]) for row in self._rows if len(row.columns) > columns}
        )

    def _several(self, place: int) -> bool:
        return len({row.columns[place] for row in self._rows if len(row.columns) > place}) > 1

    def _nearly_all(self, place: int, fits: Callable[[str], bool]) -> bool:
        shapes = lines = 0
        for row in self._rows:
            if len(row.columns) > place + 1 and fits(row.columns[place]):
                shapes += 1
                lines += row.lines
        return shapes >= self._share * len(self._rows) and lines >= self._share * self.lines


def _is_kind(kind: str, column: str) -> bool:
    """Whether a column can be one of this kind; what stands for nothing is one of any kind."""
    if _NOTHING.fullmatch(column):
        return True
    if kind == "word":
        return _NAMED_SO.fullmatch(column) is not None
    if kind == "sign":
        return False
    return any(name == kind and pattern.fullmatch(column) for name, pattern in _KINDS)


_KINDS = (
    ("level", _LEVEL),
    ("letter", _LETTER),
    ("context", _CONTEXT),
    ("request", _REQUEST),
    ("variable", _VARIABLE),
)
