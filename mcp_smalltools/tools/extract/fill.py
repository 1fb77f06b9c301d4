"""Values for the fields of a schema from one document: named values first, then what the reader points to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from mcp_smalltools.text.facts import occurs
from mcp_smalltools.tools.extract.assign import PAGE, REQUEST, Choice, choose
from mcp_smalltools.tools.extract.coerce import convert
from mcp_smalltools.tools.extract.document import Document, Window
from mcp_smalltools.tools.extract.options import Option, options_of, without_article
from mcp_smalltools.tools.extract.schema import Field, Records
from mcp_smalltools.tools.extract.span_reader import MAX_CHARS, question_of, read
from mcp_smalltools.tools.extract.structure.key_values import NamedValue, fit, named_values
from mcp_smalltools.tools.extract.structure.tables import best_table, list_entries
from mcp_smalltools.tools.extract.structure.yaml_lists import TableRow

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine

NAMED_FROM: Final = 0.6
"""Fit of a name from which its value is taken without asking the reader."""
_TELLS: Final = re.compile(
    r"task|what|action|description|summary|issue|problem|reason|message|note|comment|cause|detail|change|text"
)
_STOP: Final = re.compile(r"[:;,.!?](?=\s|$)|\s[-–—]\s|[()|\n]")
_DATA: Final = (".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".csv", ".tsv", ".properties", ".env")
"""Files whose values all have names: what has no name there is read only if it is required."""
MAX_READ_ROWS: Final = 60
"""Entries of a list without names that the reader goes through."""


@dataclass(frozen=True, slots=True)
class FieldValue:
    """The value of a field, on lines `start` to `end`. `features` say how sure it is; see `confidence`."""

    field: str
    value: Any
    start: int
    end: int
    verified: bool
    features: dict[str, float]


@dataclass(slots=True)
class Filled:
    found: list[FieldValue] = field(default_factory=list)
    absent: list[tuple[Field, dict[str, float]]] = field(default_factory=list)
    used_reader: bool = False


@dataclass(slots=True)
class FilledRecords:
    rows: list[dict[str, Any]] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    unverified: set[str] = field(default_factory=set)
    not_read: int = 0
    named: bool = True
    """The rows name their values; otherwise the reader chose them."""


async def fill(
    fields: Sequence[Field], document: Document, engine: Engine, seconds: Callable[[], float]
) -> Filled:
    """A value or an absence for each field."""
    filled = Filled()
    left = list(fields)
    for item, entry, worth in _match_names(fields, document):
        value = convert(entry.value, item)
        if value is not None:
            filled.found.append(_value_of_entry(item, entry, value, worth))
            left.remove(item)
    if PurePath(document.path).suffix.lower() in _DATA:
        filled.absent += [(item, {"named": 1.0}) for item in left if not item.required]
        left = [item for item in left if item.required]
    if left and document.text.strip():
        filled.used_reader = True
        asked = [(item, window) for item in left for window in document.windows(item)]
        pairs = [(question_of(item.words, item.description), window.text) for item, window in asked]
        readings = await read(engine, pairs, seconds())
        options: dict[str, list[Option]] = {item.name: [] for item in left}
        for (item, window), reading in zip(asked, readings, strict=True):
            options[item.name] += [
                replace(o, start=o.start + window.start, end=o.end + window.start)
                for o in (without_article(o, window.text) for o in options_of(item, window.text, reading))
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
        for item, choice in zip(left, choose(left, ordered, document.text, floors), strict=True):
            _keep(item, choice, document, filled)
    else:
        filled.absent += [(item, {"named": 1.0}) for item in left]
    return filled


def _is_part(option: Option, named: Mapping[int, str], document: Document) -> bool:
    """Whether an option is the value of another field that the text names."""
    value = named.get(document.line_at(option.start), "")
    return document.text[option.start : option.end] in value or str(option.value) == value


def _match_names(fields: Sequence[Field], document: Document) -> list[tuple[Field, NamedValue, float]]:
    """The best entry for each field; none is used twice."""
    entries = named_values(document.path, document.lines)
    pairs = sorted(
        ((fit(entry, item), -n, item, entry) for item in fields for n, entry in enumerate(entries)),
        key=lambda pair: (-pair[0], -pair[1]),
    )
    taken: set[str] = set()
    used: set[tuple[tuple[str, ...], int]] = set()
    chosen = []
    for worth, _, item, entry in pairs:
        if worth < NAMED_FROM:
            break
        if item.name not in taken and (entry.path, entry.line) not in used:
            taken.add(item.name)
            used.add((entry.path, entry.line))
            chosen.append((item, entry, worth))
    return chosen


def _value_of_entry(item: Field, entry: NamedValue, value: Any, worth: float) -> FieldValue:
    verified = isinstance(value, bool) or occurs(value, entry.text) or occurs(value, str(entry.value))
    return FieldValue(item.name, value, entry.line, entry.line, verified, {"named": worth})


def _keep(item: Field, choice: Choice, document: Document, filled: Filled) -> None:
    if choice.option is None:
        filled.absent.append((item, dict(choice.features)))
        return
    option = choice.option
    start, end = document.line_at(option.start), document.line_at(max(option.start, option.end - 1))
    verified = option.verified and (
        item.type == "boolean" or _is_said(item, option.value, document.text[option.start : option.end])
    )
    filled.found.append(FieldValue(item.name, option.value, start, end, verified, dict(choice.features)))


def _is_said(item: Field, value: Any, text: str) -> bool:
    if item.members is not None and not item.listed:
        return True  # candidates of an enum are the places where a member is said
    if item.date_form or item.is_time:
        return True  # made by code from the date or time in the text
    return occurs(value, text)


async def fill_records(
    group: Records, document: Document, engine: Engine, seconds: Callable[[], float]
) -> FilledRecords:
    """A record for each row of the table, or entry of the list, that fits the fields best."""
    rows, columns = best_table(document.path, document.lines, group.fields)
    result = FilledRecords()
    if not columns:
        result.named = False
        entries = list_entries(document.lines, f"{' '.join(group.path)} {group.description}")
        return await _read_entries(group, entries, engine, seconds, result)
    for row in rows:
        record: dict[str, Any] = {}
        empty: list[str] = []
        for item in group.fields:
            raw = row.values.get(columns.get(item.name, "\0"))
            value = None if raw is None else convert(raw, item)
            _put(record, item, value)
            if value is None:
                empty.append(item.name)
        if len(empty) < len(group.fields):
            result.rows.append(record)
            result.places.append((row.start, row.end))
            result.missing.update(empty)
    return result


async def _read_entries(
    group: Records,
    entries: Sequence[TableRow],
    engine: Engine,
    seconds: Callable[[], float],
    result: FilledRecords,
) -> FilledRecords:
    result.not_read = max(0, len(entries) - MAX_READ_ROWS)
    entries = entries[:MAX_READ_ROWS]
    texts = [str(entry.values[""])[:MAX_CHARS] for entry in entries]
    pairs = [(question_of(item.words, item.description), text) for text in texts for item in group.fields]
    readings = await read(engine, pairs, seconds())
    for row, (entry, text) in enumerate(zip(entries, texts, strict=True)):
        part = Document("", text.split("\n"))
        filled = Filled()
        at = row * len(group.fields)
        options = [
            [without_article(o, text) for o in options_of(item, text, readings[at + k])]
            for k, item in enumerate(group.fields)
        ]
        choices = choose(group.fields, options, text)
        for item, choice in zip(group.fields, choices, strict=True):
            _keep(item, _whole_clause(item, choice, choices, text), part, filled)
        record: dict[str, Any] = {}
        values = {f.field: f for f in filled.found}
        for item in group.fields:
            found = values.get(item.name)
            _put(record, item, found.value if found else None)
            if found is None:
                result.missing.add(item.name)
            elif not found.verified:
                result.unverified.add(item.name)
        if values:
            result.rows.append(record)
            result.places.append((entry.start, entry.end))
    return result


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


def _put(record: dict[str, Any], item: Field, value: Any) -> None:
    """At the field's place; what is absent is null where the schema requires it, and left out elsewhere."""
    if value is None and not item.required:
        return
    for name in item.path[:-1]:
        record = record.setdefault(name, {})
    record[item.path[-1]] = value


def put(data: dict[str, Any], item: Field, value: Any) -> None:
    _put(data, item, value)


__all__ = ["FieldValue", "Filled", "FilledRecords", "Window", "fill", "fill_records", "put"]
