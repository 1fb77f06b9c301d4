"""Line types: a shape under one kind of header. What is counted is counted by line type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from mcp_smalltools.logs.lines.counts import LineCounts
from mcp_smalltools.logs.lines.records import Kind, indicates_error
from mcp_smalltools.logs.lines.sample import Sample
from mcp_smalltools.logs.lines.times import Calendar

_NOT_HEADED = ("plain", "ci")


class HeaderType(NamedTuple):
    """What the lines of one line type share besides their shape."""

    format: str
    level: str | None
    kind: Kind
    opens_trace: bool
    """The next lines are a stack trace."""
    calendar: Calendar | None
    level_said: bool = False
    """The header says the level; it wasn't guessed from words of the message."""

    @property
    def headed(self) -> bool:
        """There is a header of the line's own, or one that carried it."""
        return self.format not in _NOT_HEADED

    def state(self) -> list[Any]:
        """In plain values; see `of`."""
        calendar = None if self.calendar is None else int(self.calendar)
        return [self.format, self.level, int(self.kind), self.opens_trace, calendar, self.level_said]

    @classmethod
    def of(cls, state: Sequence[Any]) -> HeaderType:
        """The header type of a state."""
        name, level, kind, opens_trace, calendar, *said = state  # what an older version stored has no `said`
        known = None if calendar is None else Calendar(calendar)
        return cls(name, level, Kind(kind), opens_trace, known, bool(said and said[0]))


class LineType:
    """A shape under one kind of header: what its lines share, and how many of them and of their records
    there are.
    """

    __slots__ = (
        "before",
        "coarse",
        "columns",
        "error",
        "first",
        "first_text",
        "header",
        "id",
        "kind",
        "last",
        "last_text",
        "level",
        "level_said",
        "lines",
        "opens_trace",
        "promoted",
        "records",
        "sample",
        "seen",
        "shape",
    )

    def __init__(self, number: int, shape: int, header: HeaderType, *, coarse: bool) -> None:
        self.id = number
        self.shape = shape
        self.header = header
        self.level = header.level
        self.level_said = header.level_said
        self.kind = header.kind
        self.opens_trace = header.opens_trace
        self.error = indicates_error(header.kind, header.level)
        self.coarse = coarse
        self.columns = 0  # at the start of its content, which are no part of the message
        self.lines = 0  # lines of this type, also those inside records of others
        self.records = 0  # records that start with a line of this type
        self.promoted = 0  # of them, those without a level of their own and with a stack trace
        self.before = 0  # records before `since`, or of the baseline
        self.first = 0  # line numbers of the first and last record
        self.last = 0
        self.seen = 0  # number of the first line of this type, also inside a record
        self.first_text = ""  # two of its lines
        self.last_text = ""
        self.sample: Sample | None = None  # the first record

    @property
    def format(self) -> str:
        return self.header.format

    def forget_texts(self) -> None:
        """Drop what was kept of records, as if there had been none yet."""
        self.promoted = 0
        self.first_text = self.last_text = ""
        self.sample = None

    def count(self, counts: LineCounts) -> None:
        """Take over what was counted."""
        self.lines, self.records = int(counts.lines[self.id]), int(counts.records[self.id])
        self.first, self.last = int(counts.first[self.id]), int(counts.last[self.id])
        self.before, self.seen = int(counts.before[self.id]), int(counts.seen[self.id])


class LineTypes:
    """Numbers the line types: `all` lists them in order of appearance."""

    def __init__(self) -> None:
        self.all: list[LineType] = []
        self._of: dict[tuple[int, HeaderType], LineType] = {}

    def of(self, shape: int, header: HeaderType, *, coarse: bool) -> LineType:
        """The line type of a shape, by its number, under this kind of header."""
        line_type = self._of.get((shape, header))
        if line_type is None:
            line_type = LineType(len(self.all), shape, header, coarse=coarse)
            self._of[shape, header] = line_type
            self.all.append(line_type)
        return line_type

    def state(self) -> list[list[Any]]:
        """Shape and header of each, in plain values; see `add`."""
        return [[item.shape, item.coarse, *item.header.state()] for item in self.all]

    def add(self, state: Iterable[Sequence[Any]]) -> None:
        """Add the line types of a state, in its order."""
        for shape, coarse, *header in state:
            self.of(shape, HeaderType.of(header), coarse=coarse)
