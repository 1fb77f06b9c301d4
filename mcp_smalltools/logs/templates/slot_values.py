"""What the slots of a template hold: values that tell records apart, by count, and numbers, by range.

A status, a method, a verdict, an exit code: few different values in many records. They are counted; those
that stand for failures are told even where they are rare. Of measures (latency, memory, loss) the least, the
median and the greatest are told. Identifiers, names and texts say nothing in this way.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mcp_smalltools.logs.headers.read_header import read_line
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.lines.line_table import LineTable
from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.message.parameters import TemplateMatcher
from mcp_smalltools.logs.templates.columns import message_of
from mcp_smalltools.logs.templates.optional_fields import strip_fields
from mcp_smalltools.logs.templates.parsed_log import ParsedLog, ParsedTemplate

LOOKED_AT = 20_000
"""Lines of a log whose values are looked at, from the first that counts."""
_MOST_COUNTED = 12
"""Values of a slot that are told with their counts; those that stand for failures come on top of them."""
_MOST_DIFFERENT = 24
_FEW = 4
"""Different values up to which a measure is counted too."""
_LEAST_EACH = 2.0
"""Records for each different value, from which they are counted."""
_VALUE_CHARS = 40
_MOST_WORDS = 16
_SHARE = 0.95

_STATUS = re.compile(r"[1-5]\d\d")
_USUAL_STATUS = frozenset(
    map(
        str,
        (200, 201, 202, 204, 206, 301, 302, 304, 400, 401, 403, 404, 405, 409, 422, 429, *range(499, 505)),
    )
)
_BAD_STATUS = re.compile(r"[45]\d\d")
_BAD_WORD = re.compile(
    r"(?i)(?:block|den|drop|reject|fail|err|fatal|crit|abort|timeout|timed|refus|invalid|unhealthy|kill|panic|lost|bad)\w*"
    r"|NXDOMAIN|SERVFAIL|NOTOK|KO|NOK"
)
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?) ?(%|[A-Za-zµ]{0,4}(?:/s)?)")
_UNITS: Mapping[str, float] = {
    **{"": 1.0, "%": 1.0},
    **{
        "ns": 1e-9,
        "us": 1e-6,
        "µs": 1e-6,
        "ms": 1e-3,
        "msec": 1e-3,
        "s": 1.0,
        "sec": 1.0,
        "secs": 1.0,
        "min": 60.0,
    },
    **{"b": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 1024.0, "mib": 2.0**20, "gib": 2.0**30},
    **{"b/s": 1.0, "kb/s": 1e3, "mb/s": 1e6, "gb/s": 1e9, "kib/s": 1024.0, "mib/s": 2.0**20},
}
_MEASURE = re.compile(
    r"(?i)(?:bytes?|size|duration|elapsed|latency|time|took|ms|loss|acc(?:uracy)?|mem(?:ory)?|rss|heap|cpu|count|depth|queue"
    r"|len(?:gth)?|rate|used?|usage|free|avail\w*|total|attempts?|retr(?:y|ies)|records?|rows?|packets?|lag|percent|temp\w*"
    r"|score|speed|throughput|pause|load|delay|age|left|lr|grad\w*|eta)"
)
_NAMED = re.compile(r"([A-Za-z_@][\w.@-]{0,40})[\"']?\]? ?[=:] ?[\"'\[(]?$")
_WORD_BEFORE = re.compile(r"([A-Za-z][\w-]{0,30})[\"']?[ =:([]{1,3}$")
_WORD_AFTER = re.compile(r"[ ]?([A-Za-z]{1,20})")
_STATUS_NAME = re.compile(r"(?i).*(?:status|code|errno|err|rc|ret(?:urn)?|exit|signal)")


@dataclass(frozen=True, slots=True)
class SlotValues:
    """What one slot held in `records` records. `counts`: records by value, the most frequent first, with
    `others` records of values that are not among them. `range`: least, median and greatest value.
    """

    slot: int  # 1 is the first <*> of the template
    name: str
    records: int
    counts: dict[str, int] = field(default_factory=dict)
    others: int = 0
    range: tuple[str, str, str] | None = None
    telling: float = 0.0


Columns = Sequence[Counter[str]]
"""The values of each slot of a template, with the number of records that have each."""
Scrub = Callable[[str], str]


def count_values(
    blocks: Iterable[Block], log: ParsedLog, table: LineTable, wanted: Collection[int], scrub: Scrub
) -> dict[int, Columns]:
    """The values of the slots of these templates (by id), from blocks that begin at line 1. Lines before the
    first that was counted are passed over, and at most LOOKED_AT are looked at. Lines are scrubbed whole,
    before they are taken apart: what gives a secret away is often the word before it.
    """
    first = log.last_line - log.lines + 1
    found = {item.id: _Slots(item.text) for item in log.templates if item.id in wanted and VAR in item.text}
    for whole in blocks:
        start = max(0, first - whole.first)
        block = whole.part(start, min(len(whole), first + LOOKED_AT - whole.first))
        if len(block):
            _add(block, log, table, found, scrub)
        if whole.first + len(whole) >= first + LOOKED_AT:
            break
    return {number: slots.columns for number, slots in found.items()}


class _Slots:
    """What the slots of one template held so far. A value takes in the dashes that it touches (`SC--`)."""

    def __init__(self, template: str) -> None:
        self._matcher = TemplateMatcher(template)
        self._constants = template.split(VAR)
        self.columns: list[Counter[str]] = [Counter() for _ in range(self._matcher.count)]
        self._dashed = [
            before.endswith("-") or after.startswith("-")
            for before, after in itertools.pairwise(self._constants)
        ]

    def add(self, message: str) -> None:
        values = self._matcher.values(message)
        if values is None:
            return
        end = 0
        for number, value in enumerate(values):
            start = end + len(self._constants[number])
            end = start + len(value)
            whole = _with_dashes(message, start, end) if self._dashed[number] else value
            self.columns[number][strip_fields(whole)] += 1


def _with_dashes(text: str, start: int, end: int) -> str:
    while start and text[start - 1] == "-":
        start -= 1
    while text[end : end + 1] == "-":
        end += 1
    return text[start:end]


def _add(block: Block, log: ParsedLog, table: LineTable, found: Mapping[int, _Slots], scrub: Scrub) -> None:
    numbers = table.read(block)
    layouts = table.layouts.all
    templates = np.array([log.template_of_shape[item.line_type.shape].id for item in layouts])
    starts = np.array([bool(item.line_type.records) for item in layouts])
    chosen = np.flatnonzero(np.isin(templates[numbers], [*found]) & starts[numbers])
    for place, number in zip(chosen.tolist(), numbers[chosen].tolist(), strict=True):
        layout, line = layouts[number], block.line(place)
        scrubbed = scrub(line)
        at = layout.content_at if scrubbed == line else None
        content = line[at:] if at is not None else read_line(scrubbed).content
        found[int(templates[number])].add(message_of(content, layout.line_type.columns))


def slot_values(template: ParsedTemplate, columns: Columns) -> list[SlotValues]:
    """What is worth telling of the slots of a template, the most telling first."""
    constants = template.text.split(VAR)
    found = []
    for number, column in enumerate(columns, 1):
        before, after = constants[number - 1], constants[number]
        for part, values in enumerate(_parts(column)):
            told = _told(number, _name_of(before, after) if part == 0 else "", values)
            if told is not None:
                found.append(told)
    return sorted(found, key=lambda item: (-item.telling, item.slot))


def _parts(column: Counter[str]) -> list[Counter[str]]:
    """Values of several words as one column for each word, where nearly all have as many."""
    sizes: Counter[int] = Counter()
    if all(map(_NUMBER.fullmatch, column)):
        return [column]  # a number and its unit
    split = [(value.split(), count) for value, count in column.items()]
    for words, count in split:
        sizes[len(words)] += count
    size, records = sizes.most_common(1)[0] if sizes else (0, 0)
    if not 2 <= size <= _MOST_WORDS or records < _SHARE * column.total():
        return [column]
    parts: list[Counter[str]] = [Counter() for _ in range(size)]
    for words, count in split:
        if len(words) == size:
            for part, word in zip(parts, words, strict=True):
                part[word] += count
    return parts


def _name_of(before: str, after: str) -> str:
    """What the text around a slot calls it."""
    named = _NAMED.search(before) or _WORD_BEFORE.search(before)
    if named is not None:
        return named[1]
    following = _WORD_AFTER.match(after)
    return following[1] if following is not None else ""


def _told(slot: int, name: str, column: Counter[str]) -> SlotValues | None:
    counts = Counter({value: count for value, count in column.items() if 0 < len(value) <= _VALUE_CHARS})
    if len(counts) < 2:
        return None
    status = _are_statuses(counts)
    measured = _ranged(slot, name, counts) if len(counts) > _FEW else None
    if measured is not None and not status:
        return measured
    if status or (len(counts) <= _MOST_DIFFERENT and counts.total() >= _LEAST_EACH * len(counts)):
        return _counted(slot, name, counts, status=status)
    return _ranged(slot, name, counts)


def _are_statuses(counts: Counter[str]) -> bool:
    """Whether nearly all are codes such as HTTP's."""
    usual = sum(count for value, count in counts.items() if value in _USUAL_STATUS)
    return len(counts) <= 60 and usual >= _SHARE * counts.total() and all(map(_STATUS.fullmatch, counts))


def _counted(slot: int, name: str, counts: Counter[str], *, status: bool) -> SlotValues:
    bad = [value for value in counts if is_bad(name, value, status=status)]
    shown = [value for value, _ in counts.most_common(_MOST_COUNTED)]
    shown += [value for value in bad if value not in shown]
    told = {value: counts[value] for value in sorted(shown, key=lambda value: -counts[value])}
    words = sum(count for value, count in counts.items() if not _NUMBER.fullmatch(value)) / counts.total()
    telling = 3.0 * bool(bad) + 2.0 * status + (1.5 if words > 0.5 else 0.5) + 0.5 * bool(name)
    others = counts.total() - sum(told.values())
    return SlotValues(
        slot, name or ("status" if status else ""), counts.total(), told, others, telling=telling
    )


def is_bad(name: str, value: str, *, status: bool) -> bool:
    """Whether a value stands for a failure: 4xx and 5xx, a code that is not 0, a word such as DENIED."""
    if status:
        return _BAD_STATUS.fullmatch(value) is not None
    if _NUMBER.fullmatch(value):
        return value.startswith("-") or (
            _STATUS_NAME.fullmatch(name) is not None and value not in ("0", "200", "00", "0x0")
        )
    return _BAD_WORD.fullmatch(value) is not None


def _ranged(slot: int, name: str, counts: Counter[str]) -> SlotValues | None:
    """The range of a measure; None for what only looks like a number, such as an identifier."""
    numbers: list[tuple[float, str]] = []
    united = fractions = False
    for value in counts:
        found = _NUMBER.fullmatch(value)
        factor = _UNITS.get(found[2].lower()) if found is not None else None
        if found is not None and factor is not None:
            united, fractions = united or bool(found[2]), fractions or "." in found[1]
            numbers.append((float(found[1]) * factor, value))
    records = sum(counts[value] for _, value in numbers)
    last_word = re.split(r"[_.-]", name)[-1]
    measure = united or fractions or _MEASURE.fullmatch(last_word) is not None
    if records < _SHARE * counts.total() or not measure:
        return None
    numbers.sort()
    places = np.cumsum([counts[value] for _, value in numbers])
    median = numbers[int(np.searchsorted(places, records / 2))][1]
    telling = 1.0 + united + 0.5 * bool(name)
    return SlotValues(slot, name, records, range=(numbers[0][1], median, numbers[-1][1]), telling=telling)
