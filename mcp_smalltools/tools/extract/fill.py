"""Values for the fields of a schema from one document: named values first, then what the reader points to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from mcp_smalltools.errors import EngineError, ModelError, UsageError
from mcp_smalltools.text.facts import occurs
from mcp_smalltools.tools.extract.assign import PAGE, REQUEST, Choice, choose
from mcp_smalltools.tools.extract.coerce import convert
from mcp_smalltools.tools.extract.document import Document, Window
from mcp_smalltools.tools.extract.mapping.found import Absence, FieldValue, FilledRecords, Mapped, put
from mcp_smalltools.tools.extract.options import Option, options_of, without_article
from mcp_smalltools.tools.extract.schema import Field, Records
from mcp_smalltools.tools.extract.structure.key_values import FieldNames, NamedValue, named_values
from mcp_smalltools.tools.extract.structure.list_entries import ListEntry, list_entries
from mcp_smalltools.tools.extract.value_forms import may_be
from mcp_smalltools.tools.extract.writing.ask_writer import WrittenValues, ask_writer
from mcp_smalltools.tools.extract.writing.combine import FieldDecision, SecondReading, Writer, likelier
from mcp_smalltools.tools.span_reader import MAX_CHARS, Reading, question_of, read

if TYPE_CHECKING:
    from mcp_smalltools.calibration.calibration import Logistic
    from mcp_smalltools.engine.api import Engine

T = TypeVar("T")

NAMED_FROM: Final = 0.6
"""Fit of a name from which its value is taken without asking the reader."""
_TELLS: Final = re.compile(
    r"task|what|action|description|summary|issue|problem|reason|message|note|comment|cause|detail|change|text"
)
_STOP: Final = re.compile(r"[:;,.!?](?=\s|$)|\s[-–—]\s|[()|\n]")
_CHECKED_EVERY: Final = 256
"""FieldNames or rows between two looks at the clock."""
MAX_READ_ROWS: Final = 60
"""Entries of a list without names that the reader goes through."""


class InThread(Protocol):
    """Runs work that takes long beside the event loop."""

    async def __call__(self, function: Callable[..., T], /, *args: Any) -> T: ...


async def _in_place(function: Callable[..., T], /, *args: Any) -> T:
    return function(*args)


@dataclass(frozen=True, slots=True)
class Work:
    """How work is done: where, and what is called now and then to end it by an exception."""

    in_thread: InThread = _in_place
    check: Callable[[], None] = lambda: None


WORK: Final = Work()


@dataclass(slots=True)
class Filled:
    found: list[FieldValue] = field(default_factory=list)
    absent: list[Absence] = field(default_factory=list)
    used_reader: bool = False
    writer: str = ""
    """The model that read too."""
    by_reader: dict[str, tuple[Field, FieldDecision]] = field(default_factory=dict)
    """What the reader alone says of each field that it has read."""
    ways: dict[str, Sequence[FieldDecision]] = field(default_factory=dict)
    """What both say of each field that the writer has read."""
    writer_unread: Sequence[str] = ()
    """Fields that the writer had no time for."""
    writer_problem: str = ""
    """The code of the error that kept the writer from reading."""


async def fill(
    fields: Sequence[Field],
    document: Document,
    engine: Engine,
    seconds: Callable[[], float],
    work: Work = WORK,
    *,
    mapped: Mapped | None = None,
    writer: Writer | None = None,
    filled: Filled | None = None,
) -> Filled:
    """A value or an absence for each field. `mapped`: what the structure of the text gave; None for a request
    in prose. `writer` reads what the reader reads. Raises what `work.check` raises, and errors of the
    engine, after `filled` has got what needs no reader.
    """
    filled = Filled() if filled is None else filled
    if mapped is None:
        asked = await work.in_thread(_take_named, fields, document, filled, work.check)
    else:
        filled.found += mapped.found
        filled.absent += [Absence(item, {"named": 1.0}) for item in mapped.absent]
        asked = await work.in_thread(_windows, mapped.left, document, filled, work.check)
    if asked:
        pairs = [(question_of(item.words, item.description), window.text) for item, window in asked]
        readings = await read(engine, pairs, seconds())
        filled.used_reader = True
        view = await work.in_thread(
            _read_by_reader, list(zip(asked, readings, strict=True)), document, filled, work.check
        )
        written = await _write(view, document, engine, seconds, writer, filled=filled)
        second = SecondReading(writer, written) if writer and written else None
        await work.in_thread(_decide, view, document, filled, second, work.check)
    return filled


@dataclass(frozen=True, slots=True)
class _ReaderView:
    """What the reader makes of each field: its options, best first, and its choice."""

    fields: Sequence[Field]
    options: Sequence[Sequence[Option]]
    choices: Sequence[Choice]


async def _write(
    view: _ReaderView,
    document: Document,
    engine: Engine,
    seconds: Callable[[], float],
    writer: Writer | None,
    *,
    filled: Filled,
) -> WrittenValues | None:
    """What the writer says of the fields that the reader has read; None without one, where it fails, or
    where it has nothing to read. Of a long text it reads what the reader is not sure of.
    """
    if writer is None:
        return None
    fields = writer.fields_to_ask(view.fields, view.choices, document)
    if not fields:
        return None
    try:
        limit = writer.most_s
        written = await ask_writer(engine, writer.model, fields, document, lambda: min(limit, seconds()))
    except (EngineError, ModelError, UsageError) as error:
        filled.writer_problem = error.code
        return None
    filled.writer = writer.model
    filled.writer_unread = written.unread
    return written


def _take_named(
    fields: Sequence[Field], document: Document, filled: Filled, check: Callable[[], None]
) -> list[tuple[Field, Window]]:
    """Fill in what the text names; what the reader has to read for the other fields."""
    left = list(fields)
    for item, entry, worth in _match_names(fields, document, check):
        value = convert(entry.value, item)
        if value is not None:
            filled.found.append(_value_of_entry(item, entry, value, worth))
            left.remove(item)
    return _windows(left, document, filled, check)


def _windows(
    left: Sequence[Field], document: Document, filled: Filled, check: Callable[[], None]
) -> list[tuple[Field, Window]]:
    """The parts of the text in which the reader looks for each field."""
    if not left or not document.text.strip():
        filled.absent += [Absence(item, {"named": 1.0}) for item in left]
        return []
    return [(item, window) for item in left for window in document.windows(item, check)]


def _read_by_reader(
    readings: Sequence[tuple[tuple[Field, Window], Reading]],
    document: Document,
    filled: Filled,
    check: Callable[[], None],
) -> _ReaderView:
    """All that could be the value of each field, and which the reader chooses."""
    left = list({item.name: item for (item, _), _ in readings}.values())
    options: dict[str, list[Option]] = {item.name: [] for item in left}
    for (item, window), reading in readings:
        check()
        options[item.name] += [
            replace(o, start=o.start + window.start, end=o.end + window.start)
            for o in (without_article(o, window.text) for o in options_of(item, window.text, reading))
            if may_be(item.of_item, o.value)
        ]
    floors = REQUEST if document.is_request else PAGE
    named = {found.start: str(found.value) for found in filled.found}
    ordered = [
        sorted(
            (o for o in options[item.name] if not _is_part(o, named, document)),
            key=lambda o: (-o.score, o.start),
        )
        for item in left
    ]
    return _ReaderView(left, ordered, choose(left, ordered, document.text, floors))


def _decide(
    view: _ReaderView,
    document: Document,
    filled: Filled,
    second: SecondReading | None,
    check: Callable[[], None],
) -> None:
    """A value or an absence for each field; where the writer has read it too, what both say."""
    for item, choice, found in zip(view.fields, view.choices, view.options, strict=True):
        check()
        filled.by_reader[item.name] = item, _by_reader(choice)
        if second is not None:
            filled.ways[item.name] = second.ways(item, choice, found, document, check)
        models = second.writer.models if second else {}
        decision = likelier(item, filled.ways.get(item.name, ()), models)
        _keep(item, decision or filled.by_reader[item.name][1], document, filled)


def _by_reader(choice: Choice) -> FieldDecision:
    return FieldDecision("", choice.option, choice.features)


def _is_part(option: Option, named: Mapping[int, str], document: Document) -> bool:
    """Whether an option is the value of another field that the text names."""
    value = named.get(document.line_at(option.start), "")
    return document.text[option.start : option.end] in value or str(option.value) == value


def _match_names(
    fields: Sequence[Field], document: Document, check: Callable[[], None]
) -> list[tuple[Field, NamedValue, float]]:
    """The best entry for each field; none is used twice."""
    names = FieldNames(fields)
    entries: list[NamedValue] = []
    pairs: list[tuple[float, int, int]] = []
    for place, entry in enumerate(named_values(document.lines)):
        if place % _CHECKED_EVERY == 0:
            check()
        fits = [(-worth, place, n) for n, worth in names.fits(entry.path).items() if worth >= NAMED_FROM]
        pairs += fits
        entries.append(entry)
    taken: set[str] = set()
    used: set[tuple[tuple[str, ...], int]] = set()
    chosen = []
    for less, place, number in sorted(pairs):
        worth, item, entry = -less, fields[number], entries[place]
        if item.name not in taken and (entry.path, entry.line) not in used:
            taken.add(item.name)
            used.add((entry.path, entry.line))
            chosen.append((item, entry, worth))
    return chosen


def _value_of_entry(item: Field, entry: NamedValue, value: Any, worth: float) -> FieldValue:
    verified = isinstance(value, bool) or occurs(value, entry.text) or occurs(value, str(entry.value))
    return FieldValue(item.name, value, entry.line, entry.line, verified, {"named": worth})


def _keep(item: Field, decision: FieldDecision, document: Document, filled: Filled) -> None:
    option, features = decision.chosen, dict(decision.features)
    if option is None:
        at = document.line_at(decision.doubted.start) if decision.doubted else 0
        filled.absent.append(Absence(item, features, decision.outcome, at))
        return
    start, end = document.line_at(option.start), document.line_at(max(option.start, option.end - 1))
    verified = option.verified and (
        item.type == "boolean" or _is_said(item, option.value, document.text[option.start : option.end])
    )
    filled.found.append(FieldValue(item.name, option.value, start, end, verified, features, decision.outcome))


def choose_of_ways(
    filled: Filled, fields: Sequence[Field], document: Document, models: Mapping[str, Logistic]
) -> Filled:
    """What was read, decided anew by these models; without any, as the reader alone says."""
    found = [value for value in filled.found if value.field not in filled.by_reader]
    absent = [absence for absence in filled.absent if absence.field.name not in filled.by_reader]
    ways = filled.ways if models else {}
    anew = replace(filled, found=found, absent=absent, ways=ways)
    for item in fields:
        if item.name in filled.by_reader:
            decision = likelier(item, ways.get(item.name, ()), models)
            _keep(item, decision or filled.by_reader[item.name][1], document, anew)
    return anew


def _is_said(item: Field, value: Any, text: str) -> bool:
    if item.members is not None and not item.listed:
        return True  # candidates of an enum are the places where a member is said
    if item.date_form or item.is_time:
        return True  # made by code from the date or time in the text
    return occurs(value, text)


async def fill_records(
    group: Records,
    document: Document,
    engine: Engine,
    seconds: Callable[[], float],
    work: Work = WORK,
    *,
    mapped: FilledRecords | None = None,
) -> FilledRecords:
    """A record for each row of the table, or entry of the list, that fits the fields best. `mapped`: the rows
    that the structure of the text gave.
    """
    if mapped is not None:
        return mapped
    result = FilledRecords(named=False)
    entries = await work.in_thread(
        list_entries, document.lines, f"{' '.join(group.path)} {group.description}"
    )
    result.not_read = max(0, len(entries) - MAX_READ_ROWS)
    entries = entries[:MAX_READ_ROWS]
    pairs = [
        (question_of(item.words, item.description), _text_of(entry))
        for entry in entries
        for item in group.fields
    ]
    readings = await read(engine, pairs, seconds())
    await work.in_thread(_take_read_entries, group, entries, readings, result, work.check)
    return result


def _text_of(entry: ListEntry) -> str:
    return entry.text[:MAX_CHARS]


def _take_read_entries(
    group: Records,
    entries: Sequence[ListEntry],
    readings: Sequence[Reading],
    result: FilledRecords,
    check: Callable[[], None],
) -> None:
    for row, entry in enumerate(entries):
        text = _text_of(entry)
        check()
        part = Document("", text.split("\n"))
        filled = Filled()
        at = row * len(group.fields)
        options = [
            [without_article(o, text) for o in options_of(item, text, readings[at + k])]
            for k, item in enumerate(group.fields)
        ]
        choices = choose(group.fields, options, text)
        for item, choice in zip(group.fields, choices, strict=True):
            _keep(item, _by_reader(_whole_clause(item, choice, choices, text)), part, filled)
        record: dict[str, Any] = {}
        values = {f.field: f for f in filled.found}
        for item in group.fields:
            found = values.get(item.name)
            put(record, item, found.value if found else None)
            if found is None:
                result.missing.add(item.name)
            elif not found.verified:
                result.unverified.add(item.name)
        if values:
            result.rows.append(record)
            result.places.append((entry.start, entry.end))


def _whole_clause(item: Field, choice: Choice, choices: Sequence[Choice], text: str) -> Choice:
    """For a field whose value is a clause (`task`, `reason`): all up to the next stop or the next value."""
    option = choice.option
    if option is None or option.kind != "span" or item.listed or not _TELLS.search(item.words):
        return choice
    others = [c.option for c in choices if c.option is not None and c.option is not option]
    first = max([0, *(o.end for o in others if o.end <= option.start)])
    last = min([len(text), *(o.start for o in others if o.start >= option.end)])
    stops = [m.end() for m in _STOP.finditer(text, first, option.start)]
    start = max([first, *stops])
    stop = _STOP.search(text, option.end, last)
    whole = text[start : stop.start() if stop else last].strip(" \t\n,;:.-()|")
    if not whole or option.value not in whole:
        return choice
    at = text.index(whole, start)
    return replace(
        choice, option=replace(option, value=" ".join(whole.split()), start=at, end=at + len(whole))
    )


__all__ = ["Absence", "FieldValue", "Filled", "FilledRecords", "Window", "fill", "fill_records", "put"]
