"""What the slots of a template hold: values that tell records apart, by count, and numbers, by range.

A status, a method, a verdict, an exit code: few different values in many records. They are counted; those
that stand for failures are told even where they are rare. Of measures (latency, memory, loss) the least, the
median and the greatest are told. Identifiers, names and texts say nothing in this way.
"""

from __future__ import annotations

import dataclasses
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
from mcp_smalltools.logs.message.parameters import TemplateMatcher, parameter_type
from mcp_smalltools.logs.templates.columns import message_of
from mcp_smalltools.logs.templates.named_columns import column_names, names_of_slots
from mcp_smalltools.logs.templates.optional_fields import strip_fields
from mcp_smalltools.logs.templates.parsed_log import ParsedLog

WHOLE_UP_TO = 20_000
"""Lines of a log all of whose values are looked at."""
LOOKED_AT = 4_000
"""Lines of a longer log whose values are looked at, from the first that counts."""
_ERROR_LINES = 6
"""Records of a template with the level of an error whose numbers are kept."""
_EXAMPLES = 48
"""Different values of a slot, of each of which a line is kept."""
_MOST_COUNTED = 8
"""Values of a slot that are told with their counts; those that stand for failures come on top of them."""
_MOST_DIFFERENT: Mapping[str, int] = {"word": 16, "bool": 2, "int": 8, "text": 4, "id": 4, "hex": 4}
"""Different values of a slot, by their type, up to which they are counted; of other types 3."""
_FEW = 4
"""Different values up to which a measure is counted too."""
_LEAST_EACH = 2.0
"""Records for each different value, from which they are counted."""
_VALUE_CHARS = 40
_MOST_WORDS = 16
_MOST_DIGITS = 7
_CLEAR = 2.0
"""What tells as much is given beside what tells most."""
_SHARE = 0.95
_USUALLY = 0.8
"""Share of the records with one value, from which the others are worth more attention."""

_RESULT = r"(?:[A-Z][A-Z_]{2,30}/)?"
_STATUS = re.compile(rf"{_RESULT}[1-5]\d\d")
_USUAL_STATUS = frozenset(
    map(
        str,
        (200, 201, 202, 204, 206, 301, 302, 304, 400, 401, 403, 404, 405, 409, 422, 429, *range(499, 505)),
    )
)
_SERVER_FAILURE = re.compile(rf"{_RESULT}5\d\d")
_BAD_STATUS = re.compile(rf"{_RESULT}[45]\d\d")
_REQUEST = re.compile(r"\b(?:GET|POST|PUT|HEAD|DELETE|PATCH|OPTIONS|HTTP|[Ss]tatus)\b")
_PATHED = re.compile(r"[A-Z][A-Z_]{2,30}/$")
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
_WORD_AFTER = re.compile(r" ?([a-z]{1,20})\b")
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
    range: tuple[str, ...] | None = None
    telling: float = 0.0
    status: bool = False
    failures: int = 0  # records with a status of the server's own failure, 5xx
    first_failure: KeptLine | None = None


Scrub = Callable[[str], str]


def count_values(
    blocks: Iterable[Block], log: ParsedLog, table: LineTable, wanted: Collection[int]
) -> dict[int, TemplateValues]:
    """The values of the slots of these templates (by id). Lines of the blocks before the first that was
    counted are passed over, and so are all but the first of a long log.
    """
    first = log.last_line - log.lines + 1
    end = first + (log.lines if log.lines <= WHOLE_UP_TO else LOOKED_AT)
    names = column_names(log)
    found = {item.id: TemplateValues(item.text, names) for item in log.templates if item.id in wanted}
    for whole in blocks:
        start = max(0, first - whole.first)
        block = whole.part(start, min(len(whole), end - whole.first))
        if len(block):
            _add(block, log, table, found)
        if whole.first + len(whole) >= end:
            break
    return found


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A line with its number; its content begins at `start` of it, and its message after so many columns."""

    number: int
    text: str
    start: int
    columns: int


class TemplateValues:
    """What the slots of one template held: `columns` has the records of each value, slot by slot. A value
    takes in dashes and words of a result that it touches (`SC--`, `TCP_MISS/503`). `column_names`: of all
    columns of a line, where a row of the log gives them.
    """

    def __init__(self, template: str, column_names: Sequence[str] = ()) -> None:
        self._matcher = TemplateMatcher(template)
        self._column_names = column_names
        self._slot_names: Mapping[int, tuple[str, ...]] = {}
        self.constants = template.split(VAR)
        self.columns: list[Counter[str]] = [Counter() for _ in range(self._matcher.count)]
        self._examples: list[dict[str, KeptLine]] = [{} for _ in self.columns]
        self.errors: dict[int, KeptLine] = {}  # the first with the level of an error, by line type
        self.last_error: KeptLine | None = None
        self.error_lines: list[int] = []  # numbers of its first errors
        self._dashed = [
            before.endswith("-") or after.startswith("-")
            for before, after in itertools.pairwise(self.constants)
        ]
        pathed = [_PATHED.search(before) for before in self.constants[:-1]]
        self._results = ["" if found is None else found[0] for found in pathed]

    def add(self, line: KeptLine, message: str) -> None:
        """Count the values of a line, by its message."""
        if self._column_names and not self._slot_names:
            values = self._matcher.values(message) or ()
            self._slot_names = names_of_slots(self._column_names, message, self.constants, values)
        for column, examples, value in zip(self.columns, self._examples, self._values(message), strict=False):
            column[value] += 1
            if len(examples) < _EXAMPLES and value not in examples:
                examples[value] = line

    def shared(self, slot: int, records: int) -> tuple[str, str, bool] | None:
        """What all of so many records have at the start and at the end of a slot, in whole words, and whether
        anything differs between them; None if nothing is shared, or it isn't known.
        """
        column = self.columns[slot]
        if not column or column.total() != records or self._dashed[slot] or not all(map(_is_telling, column)):
            return None
        result = self._results[slot]
        split = [value.removeprefix(result).split(" ") for value in column]
        if len(split) == 1:
            return " ".join(split[0]), "", False
        if len({len(words) for words in split}) > 1:
            return None
        same = [len(set(words)) == 1 for words in zip(*split, strict=True)]
        first = next(place for place, alike in enumerate(same) if not alike)
        last = next(place for place, alike in enumerate(reversed(same)) if not alike)
        words = split[0]
        return (
            "".join(f"{word} " for word in words[:first]),
            "".join(f" {word}" for word in words[len(words) - last :]),
            True,
        )

    def name(self, slot: int, part: int) -> str:
        """What the log calls this part of a slot (from 0), or what the text around it does; or nothing."""
        names = self._slot_names.get(slot, ())
        if part < len(names):
            return names[part]
        return _name_of(self.constants[slot], self.constants[slot + 1]) if part == 0 else ""

    def example(self, slot: int, value: str) -> KeptLine | None:
        """The first line with this value in this slot, if it was kept."""
        return self._examples[slot].get(value)

    def scrubbed(self, slot: int, value: str, scrub: Scrub) -> str:
        """A value as it may leave. The line that has it is scrubbed whole: what gives a secret away is often
        the word before it.
        """
        example = self.example(slot, value)
        if example is None:
            before, after = self.constants[slot], self.constants[slot + 1]
            return value if scrub(f"{before}{value}{after}") == f"{before}{value}{after}" else "[masked]"
        masked = scrub(example.text)
        if masked == example.text:
            return value
        values = self._values(message_of(read_line(masked).content, example.columns))
        return values[slot] if values else "[masked]"

    def _values(self, message: str) -> list[str]:
        values = self._matcher.values(message)
        end = 0
        found = []
        for number, value in enumerate(values or ()):
            start = end + len(self.constants[number])
            end = start + len(value)
            whole = _with_dashes(message, start, end) if self._dashed[number] else value
            found.append(self._results[number] + strip_fields(whole))
        return found


def _with_dashes(text: str, start: int, end: int) -> str:
    """The value with the dashes around it, where nothing but a space is beyond them."""
    first, last = start, end
    while first and text[first - 1] == "-":
        first -= 1
    while text[last : last + 1] == "-":
        last += 1
    start = start if text[first - 1 : first].strip() else first
    end = end if text[last : last + 1].strip() else last
    return text[start:end]


def _add(block: Block, log: ParsedLog, table: LineTable, found: Mapping[int, TemplateValues]) -> None:
    numbers = table.read(block)
    layouts = table.layouts.all
    of_layouts = [log.template_of(item.line_type.shape) for item in layouts]
    templates = np.array([-1 if template is None else template.id for template in of_layouts])
    starts = np.array([bool(item.line_type.records) for item in layouts])
    chosen = np.flatnonzero(np.isin(templates[numbers], [*found]) & starts[numbers])
    for place, number in zip(chosen.tolist(), numbers[chosen].tolist(), strict=True):
        layout, line = layouts[number], block.line(place)
        content = read_line(line).content if layout.content_at is None else line[layout.content_at :]
        kept = KeptLine(block.first + place, line, layout.content_at or 0, layout.line_type.columns)
        values = found[int(templates[number])]
        values.add(kept, message_of(content, kept.columns))
        if layout.line_type.level in {"error", "fatal"}:
            values.errors.setdefault(layout.line_type.id, kept)
            values.last_error = kept
            if len(values.error_lines) < _ERROR_LINES:
                values.error_lines.append(kept.number)


def with_constants(values: TemplateValues, records: int, scrub: Scrub) -> tuple[str, dict[int, int]]:
    """The template's text with what all of its records share in a slot: what doesn't vary is none of its
    variables. And the new number of each slot that is left, from 1. A value that may not leave stays a slot.
    """
    text, places = values.constants[0], dict[int, int]()
    for slot, after in enumerate(values.constants[1:]):
        shared = values.shared(slot, records) if records > 1 else None
        if shared is not None and any(
            values.scrubbed(slot, value, scrub) != value for value in values.columns[slot]
        ):
            shared = None
        start, end, differs = shared or ("", "", True)
        if differs:
            places[slot + 1] = len(places) + 1
        text += f"{start}{VAR if differs else ''}{end}{after}"
    return text, places


def slot_values(values: TemplateValues, scrub: Scrub, most: int) -> list[SlotValues]:
    """What is worth telling of the slots of a template, at most so many, the most telling first."""
    found = []
    for number, column in enumerate(values.columns):
        for part, counts in enumerate(_parts(column)):
            name = values.name(number, part)
            told = _told(number + 1, name, counts) or _one_status(number + 1, name, counts, values.constants)
            if told is not None:
                found.append(told)
    found.sort(key=lambda item: (-item.telling, item.slot))
    kept = [item for at, item in enumerate(found[:most]) if not at or item.telling >= _CLEAR]
    return [_scrubbed(item, values, scrub) for item in kept]


def _scrubbed(item: SlotValues, values: TemplateValues, scrub: Scrub) -> SlotValues:
    """The values as they may leave; a part of a value is masked as the whole is."""
    whole_of: dict[str, str] = {}
    for whole in values.columns[item.slot - 1]:
        for word in (whole, *whole.split()):
            whole_of.setdefault(word, whole)

    def masked(value: str) -> str:
        whole = whole_of.get(value, value)
        return (
            value
            if values.scrubbed(item.slot - 1, whole, scrub) == whole
            else scrub(value)
            if scrub(value) != value
            else "[masked]"
        )

    counts: Counter[str] = Counter()
    for value, count in item.counts.items():
        counts[masked(value)] += count
    requests = item.status and _REQUEST.search(" ".join(values.constants)) is not None
    failed = [value for value in item.counts if requests and _SERVER_FAILURE.fullmatch(value)]
    lines = [values.example(item.slot - 1, whole_of.get(value, value)) for value in failed]
    first = min((line for line in lines if line is not None), key=lambda line: line.number, default=None)
    told = tuple(map(masked, item.range)) if item.range else None
    failures = sum(item.counts[value] for value in failed)
    return dataclasses.replace(
        item, counts=dict(counts), range=told, failures=failures, first_failure=first if failures else None
    )


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
    """What the text around a slot calls it: a key before it, or a word that names a measure or a code."""
    named = _NAMED.search(before)
    if named is not None:
        return named[1]
    for found in (_WORD_BEFORE.search(before), _WORD_AFTER.match(after)):
        if found is not None and (_MEASURE.fullmatch(found[1]) or _STATUS_NAME.fullmatch(found[1])):
            return found[1]
    return ""


def _told(slot: int, name: str, column: Counter[str]) -> SlotValues | None:
    counts = Counter({value: count for value, count in column.items() if _is_telling(value)})
    if len(counts) < 2:
        return None
    status = _are_statuses(counts)
    measured = _ranged(slot, name, counts) if len(counts) > _FEW else None
    if measured is not None and not status:
        return measured
    most = _MOST_DIFFERENT.get(parameter_type([*counts]), 3)
    if not status and max(map(len, counts)) > _MOST_DIGITS and all(map(str.isdigit, counts)):
        return None
    if status or (len(counts) <= most and counts.total() >= _LEAST_EACH * len(counts)):
        return _counted(slot, name, counts, status=status)
    return _ranged(slot, name, counts)


def _is_telling(value: str) -> bool:
    """Short, and not only signs."""
    return 0 < len(value) <= _VALUE_CHARS and (any(map(str.isalnum, value)) or set(value) == {"-"})


def _one_status(slot: int, name: str, counts: Counter[str], constants: Sequence[str]) -> SlotValues | None:
    """A status of failure that all records of a request's template have."""
    if len(counts) != 1 or not _REQUEST.search(" ".join(constants)):
        return None
    value, count = counts.most_common(1)[0]
    if value[-3:] not in _USUAL_STATUS or not _BAD_STATUS.fullmatch(value):
        return None
    return SlotValues(slot, name or "status", count, {value: count}, telling=4.0, status=True)


def _are_statuses(counts: Counter[str]) -> bool:
    """Whether nearly all are codes such as HTTP's."""
    usual = sum(count for value, count in counts.items() if value[-3:] in _USUAL_STATUS)
    return len(counts) <= 60 and usual >= _SHARE * counts.total() and all(map(_STATUS.fullmatch, counts))


def _counted(slot: int, name: str, counts: Counter[str], *, status: bool) -> SlotValues:
    bad = [value for value in counts if is_bad(name, value, status=status)]
    shown = [value for value, _ in counts.most_common(_MOST_COUNTED)]
    shown += [value for value in bad if value not in shown]
    told = {value: counts[value] for value in sorted(shown, key=lambda value: -counts[value])}
    words = sum(count for value, count in counts.items() if not _NUMBER.fullmatch(value)) / counts.total()
    rare = max(counts.values()) >= _USUALLY * counts.total()
    telling = 0.7 * rare + 3.0 * bool(bad) + 2.0 * status + (1.5 if words > 0.5 else 0.5) + 0.5 * bool(name)
    others = counts.total() - sum(told.values())
    name = name or ("status" if status else "")
    return SlotValues(slot, name, counts.total(), told, others, telling=telling, status=status)


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
