"""Sessions: the records that carry one identifier (a request, a block, an order, a process), put together.

Nothing is configured. An identifier is a value with a digit in it. Slots that hold the same values are one
kind of identifier; a kind makes sessions if its values recur over several templates in short sequences.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.lines.line_table import LineTable
from mcp_smalltools.logs.lines.records import Assembler
from mcp_smalltools.logs.templates.parsed_log import ParsedLog

PROBED = 4_000
"""Lines in which sessions must show, for more to be looked at."""
LOOKED_AT = 20_000
"""Lines of a long log that are looked at."""
WHOLE_UP_TO = 50_000
"""Lines of a log that is looked at whole."""
SHOWN = 3
_LEAST_SESSIONS = 5
_LONGEST = 60
"""Records of the median session: a value that recurs more often is no session's."""
_LEAST_COVER = 0.2
"""Share of the records that carry the identifier."""
_LEAST_MIXED = 0.5
"""Share of the sessions that have records of two templates or more."""
_RUN = re.compile(r"[\w./:-]+")
_DIGIT = re.compile(r"\d")
_NOT_BEFORE = re.compile(r"[\w+~%]")
_NOT_BEHIND = ("+", "~", "%")
_NO_VALUE = re.compile(
    r".*[./:]|\d{4}-\d\d(?:-\d\d)?T?\d*$"
)  # numbers with a point, times, dates, paths, addresses
_BEFORE = re.compile(r"[\w.-]+\[$|[\w.-]+=$|[\w.-]+ ?[:#]? ?$")
_VALUES_OF_A_LINE = 8
_LEAST_CHARS = 3
_CONTEXT = 30


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A record of a session."""

    line: int
    template: int
    is_error: bool


@dataclass(frozen=True, slots=True)
class LogSessions:
    """All sessions, by the identifier that makes the best ones.

    `usual` is the most common sequence of templates, without repeats.
    """

    by_value: Mapping[str, Sequence[SessionRecord]]
    usual: tuple[int, ...]
    last_line: int  # that was looked at

    @property
    def records(self) -> int:
        """Records that carry one of the identifiers, or more."""
        return len({record.line for records in self.by_value.values() for record in records})

    def usual_ones(self) -> int:
        return sum(sequence_of(records) == self.usual for records in self.by_value.values())

    def failed(self) -> list[str]:
        """Identifiers of sessions with an error, in the order of their first record."""
        return [value for value, records in self.by_value.items() if any(item.is_error for item in records)]

    def unusual(self) -> list[str]:
        """Of the others, those with a sequence of their own, the rarest sequence first."""
        failed = set(self.failed())
        how_often = Counter(map(sequence_of, self.by_value.values()))
        others = [
            value
            for value, records in self.by_value.items()
            if value not in failed and sequence_of(records) != self.usual
        ]
        return sorted(others, key=lambda value: how_often[sequence_of(self.by_value[value])])


def sequence_of(records: Sequence[SessionRecord]) -> tuple[int, ...]:
    """The templates in order, each run of one as one."""
    sequence: list[int] = []
    for record in records:
        if not sequence or sequence[-1] != record.template:
            sequence.append(record.template)
    return tuple(sequence)


def find_sessions(
    blocks: Iterable[Block],
    log: ParsedLog,
    table: LineTable,
    *,
    joins_plain: bool = False,
    joins_grave: bool = False,
) -> LogSessions | None:
    """The sessions of the first lines of a log that was parsed with this table, and with an `Assembler` that
    joins plain lines or not; None if it has none.
    """
    most = log.lines if log.lines <= WHOLE_UP_TO else LOOKED_AT
    found, assembler = _Values(), Assembler(joins_plain=joins_plain, joins_grave=joins_grave)
    last_line = records = 0
    for whole in blocks:
        for start in range(0, len(whole), PROBED):
            block = whole.part(start, min(len(whole), start + PROBED, most - whole.first + 1))
            records += _look_at(block, log, table, assembler, found)
            if not last_line and found.best(records) is None:
                return None
            last_line = block.first + len(block) - 1
            if last_line >= most:
                break
        if last_line >= most:
            break
    best = found.best(records)
    if best is None:
        return None
    usual, _ = Counter(map(sequence_of, best.values())).most_common(1)[0]
    return LogSessions(best, usual, last_line)


def _look_at(block: Block, log: ParsedLog, table: LineTable, assembler: Assembler, found: _Values) -> int:
    """Note the values of each record's first line; gives the number of records."""
    records = 0
    for place, number in enumerate(table.read(block).tolist()):
        layout = table.layouts.all[number]
        line_type, line = layout.line_type, block.line(place)
        if not assembler.starts(line_type.kind, line_type.opens_trace, line, line_type.level):
            continue
        template = log.template_of(line_type.shape)
        if template is None:
            continue
        records += 1
        record = SessionRecord(block.first + place, template.id, line_type.level in {"error", "fatal"})
        start = layout.time.end if layout.time is not None and layout.time.start <= 40 else 0
        found.note(line, start, record)
    return records


def values_in(line: str, start: int) -> Iterator[tuple[int, int]]:
    """[first, last) of each value from `start` on: `(?<![\\w+~%])[\\w./:-]*\\d[\\w./:-]*(?![+~%])`.

    That pattern takes quadratic time for a line of dashes or dots; this takes linear time.
    """
    for run in _RUN.finditer(line, start):
        first, last = run.span()
        while first < last and first and _NOT_BEFORE.match(line, first - 1):
            first += 1
        last -= line.startswith(_NOT_BEHIND, last)
        if _DIGIT.search(line, first, last):
            yield first, last


class _Values:
    """Which values are in which slots, and in which records."""

    def __init__(self) -> None:
        self._records: dict[tuple[Hashable, str], list[SessionRecord]] = defaultdict(list)
        self._parents: dict[Hashable, Hashable] = {}
        self._kind_of_value: dict[str, Hashable] = {}

    def note(self, line: str, start: int, record: SessionRecord) -> None:
        seen: set[tuple[Hashable, str]] = set()
        for ordinal, (first, last) in enumerate(values_in(line, start)):
            if ordinal >= _VALUES_OF_A_LINE:
                break
            value = line[first:last].rstrip(".:")
            if len(value) < _LEAST_CHARS or _NO_VALUE.match(value):
                continue
            kind: Hashable = (record.template, ordinal)
            if value.isdigit():
                # Numbers are equal by coincidence: only those after the same word are one kind.
                before = _BEFORE.search(line[max(start, first - _CONTEXT) : first])
                if before is None:
                    continue
                kind = before[0].strip()
            else:
                self._join(kind, self._kind_of_value.setdefault(value, kind))
            if (kind, value) not in seen:
                seen.add((kind, value))
                self._records[kind, value].append(record)

    def kinds(self) -> dict[Hashable, dict[str, list[SessionRecord]]]:
        """The records of each value, by kind of identifier."""
        kinds: dict[Hashable, dict[str, list[SessionRecord]]] = defaultdict(dict)
        for (kind, value), records in self._records.items():
            known = kinds[self._root(kind)].setdefault(value, [])
            known.extend(records)
        for by_value in kinds.values():
            for value, records in by_value.items():
                by_value[value] = sorted(set(records), key=lambda record: record.line)
        return kinds

    def best(self, records: int) -> dict[str, list[SessionRecord]] | None:
        """The kind of identifier that makes sessions best, of so many records; None if none does."""
        scored = [(_score(by_value, records), by_value) for by_value in self.kinds().values()]
        best = max(scored, key=lambda item: item[0], default=None)
        return best[1] if best is not None and best[0] else None

    def _root(self, kind: Hashable) -> Hashable:
        root = kind
        while (parent := self._parents.get(root, root)) != root:
            root = parent
        while kind != root:  # the way is short next time
            self._parents[kind], kind = root, self._parents[kind]
        return root

    def _join(self, kind: Hashable, other: Hashable) -> None:
        one, two = self._root(kind), self._root(other)
        if one != two:
            self._parents[one] = two


def _score(by_value: Mapping[str, Sequence[SessionRecord]], records: int) -> float:
    """How well the values make sessions; 0 if they don't."""
    if len(by_value) < _LEAST_SESSIONS or not records:
        return 0.0
    lengths = [len(items) for items in by_value.values()]
    mixed = sum(len({item.template for item in items}) > 1 for items in by_value.values()) / len(by_value)
    cover = len({item.line for items in by_value.values() for item in items}) / records
    if statistics.median(lengths) > _LONGEST or mixed < _LEAST_MIXED or cover < _LEAST_COVER:
        return 0.0
    return mixed * cover
