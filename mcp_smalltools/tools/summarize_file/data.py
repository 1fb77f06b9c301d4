"""Data files by shape: columns, types, counts. Every number is counted over all rows that were read."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from mcp_smalltools.errors import Unreadable
from mcp_smalltools.text.outlines.heading import Heading
from mcp_smalltools.text.outlines.json_keys import JsonKey, json_keys
from mcp_smalltools.text.outlines.setting_keys import settings_outline
from mcp_smalltools.text.outlines.xml_elements import outline_xml
from mcp_smalltools.text.toml import TOMLRefused, load_toml
from mcp_smalltools.tools.summarize_file.digest_records import Column, Digest, Sentence
from mcp_smalltools.tools.summarize_file.purpose import purpose_of_code

MAX_COLUMNS: Final = 60
MAX_DISTINCT: Final = 1000
_KEPT_CHARS: Final = 1000
"""Of an example: enough to see what it is and to mask it before it is cut to what is shown."""
_TYPES: Final = (
    ("int", re.compile(r"[+-]?\d{1,18}$")),
    ("float", re.compile(r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?$")),
    ("bool", re.compile(r"(?i)(?:true|false|yes|no)$")),
    ("time", re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?.*)?$")),
)
_FLAT_KEYS: Final = 40
"""Keys of one kind above which a JSON object is a map: counted, with a few of its keys."""
_KEYS_SHOWN: Final = 8
_INNER_BYTES: Final = 1 << 20
"""Of JSON up to which the keys of inner objects are in the outline."""


class _Tally:
    """One column while it is read."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.filled = 0
        self.types: dict[str, int] = {}
        self.values: set[str] | None = set()
        self.examples: list[str] = []

    def add(self, value: str, kind: str) -> None:
        self.filled += 1
        self.types[kind] = self.types.get(kind, 0) + 1
        told_apart = (
            value
            if len(value) <= _KEPT_CHARS
            else hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
        )
        if self.values is not None and told_apart not in self.values:
            self.values.add(told_apart)
            if len(self.examples) < 3:
                self.examples.append(value[:_KEPT_CHARS])
            if len(self.values) > MAX_DISTINCT:
                self.values = None

    def column(self) -> Column:
        kinds = set(self.types)
        joint = "float" if kinds == {"int", "float"} else "/".join(sorted(kinds)) or "empty"
        distinct = len(self.values) if self.values is not None else None
        return Column(self.name, joint, self.filled, distinct, tuple(self.examples))


def read_table(lines: Iterable[str], name: str) -> Digest:
    """CSV or TSV; the separator is the one that the first line has most of."""
    source = (line.replace("\r", " ") for line in lines)  # csv takes a lone CR for a mistake of its caller
    first = next(source, "")
    separator = "\t" if name.endswith(".tsv") else max(",;\t|", key=first.count)
    rows = csv.reader(_with(first, source), delimiter=separator)
    names = next(_checked(rows, name), [])
    digest = Digest("data", language="tsv" if separator == "\t" else "csv")
    has_names = all(_kind(cell) == "text" for cell in names if cell)
    shown = names[:MAX_COLUMNS]
    tallies = [_Tally(cell if has_names else f"column {i + 1}") for i, cell in enumerate(shown)]
    digest.rows = uneven = 0
    for row in _checked(rows, name) if has_names else _with(names, _checked(rows, name)):
        if not row:
            continue
        digest.rows += 1
        uneven += len(row) != len(names)
        for tally, cell in zip(tallies, row, strict=False):
            if cell.strip():
                tally.add(cell.strip(), _kind(cell.strip()))
    return _with_columns(digest, tallies, uneven, len(names))


def _checked(rows: Any, name: str) -> Iterator[list[str]]:
    """Raises Unreadable in place of csv's own error."""
    try:
        yield from rows
    except csv.Error as error:
        raise Unreadable(
            f"{name}: {error} at line {rows.line_num}.",
            remedy="Look there for a quote that is not closed, or read the file with another tool.",
        ) from None


def read_json_lines(lines: Iterable[str]) -> Digest:
    digest = Digest("data", language="jsonl")
    tallies = _Tallies()
    digest.rows = broken = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            broken += 1
            continue
        digest.rows += 1
        tallies.add(entry)
    if broken:
        digest.dropped["lines_that_are_no_json"] = broken
    return _with_columns(digest, tallies.shown, 0, tallies.count)


def read_json(text: str, check: Callable[[], None] = lambda: None) -> Digest | None:
    """None if it is no JSON. Raises what `check` raises."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    digest = Digest("data", language="json")
    if isinstance(value, list):
        tallies = _Tallies()
        digest.rows = len(value)
        for entry in value:
            check()
            tallies.add(entry)
        return _with_columns(digest, tallies.shown, 0, tallies.count)
    if isinstance(value, dict):
        _outline_object(digest, text, value, check)
    return digest


def _outline_object(digest: Digest, text: str, value: dict[str, Any], check: Callable[[], None]) -> None:
    inner = len(text) <= _INNER_BYTES and len(value) <= _FLAT_KEYS
    keys = list(json_keys(text, int(inner), check))
    shapes = {_shape(entry) for entry in value.values()}
    kinds = {shape.split(" ")[0] for shape in shapes}
    if len(value) > _FLAT_KEYS and len(kinds) == 1:
        keys = keys[:_KEYS_SHOWN]
        kind = kinds.pop()
        digest.rows = len(value)
        digest.dropped["keys"] = len(value) - len(keys)
        digest.note = (
            f"A map of {len(value)} keys, each with a value of the type {kind}: the first are shown."
        )
    top = ""
    for key in keys:
        top = key.name if not key.depth else top
        digest.headings.append(_json_heading(key, value, top))
        if (
            not key.depth
            and key.name in ("description", "$comment", "_comment")
            and _is_said(value[key.name])
        ):
            digest.purpose = Sentence(key.line, key.line, str(value[key.name]))


def _json_heading(key: JsonKey, value: dict[str, Any], top: str) -> Heading:
    holder = value if not key.depth else value.get(top)
    entry = holder.get(key.name) if isinstance(holder, dict) else None
    return Heading(key.line, key.line, key.depth, key.name, _shape(entry), minor=bool(key.depth))


def _is_said(value: Any) -> bool:
    return isinstance(value, str) and len(value.split()) >= 3 and len(value) < _KEPT_CHARS


def read_settings(text: str, language: str) -> Digest:
    """Settings and rules: what they say they are for; keys, tables, targets, stages or resources."""
    digest = Digest("data", language=language, text=text)
    lines = text.split("\n")
    digest.headings = settings_outline(lines, language)
    digest.purpose = purpose_of_code(lines, language, ())
    if language == "toml":
        try:
            load_toml(text)
        except TOMLRefused:
            pass
        except (ValueError, RecursionError):
            digest.broken = True
    return digest


def read_xml(text: str, check: Callable[[], None] = lambda: None) -> Digest:
    """Elements by what names them. Raises what `check` raises."""
    found = outline_xml(text, check)
    lines = text.split("\n")
    digest = Digest("data", language="xml", text=text, headings=found.headings, broken=found.broken)
    digest.purpose = purpose_of_code(lines, "xml", found.headings)
    if found.left_out:
        digest.dropped["outline"] = found.left_out
    return digest


def _with(first: Any, rest: Iterable[Any]) -> Iterable[Any]:
    yield first
    yield from rest


def _with_columns(digest: Digest, tallies: Sequence[_Tally], uneven: int, count: int) -> Digest:
    """`count` is that of all columns, of which `tallies` are the first."""
    digest.columns = [tally.column() for tally in tallies]
    if count > len(tallies):
        digest.dropped["columns"] = count - len(tallies)
    if uneven:
        digest.dropped["rows_of_another_width"] = uneven
    return digest


class _Tallies:
    """The fields of objects: the first MAX_COLUMNS are counted out, of the others there is only a number."""

    def __init__(self) -> None:
        self._by_name: dict[str, _Tally] = {}
        self._others: set[int] = set()

    @property
    def shown(self) -> list[_Tally]:
        return list(self._by_name.values())

    @property
    def count(self) -> int:
        return len(self._by_name) + len(self._others)

    def add(self, entry: Any) -> None:
        fields = entry.items() if isinstance(entry, dict) else [("value", entry)]
        for name, value in fields:
            tally = self._by_name.get(name)
            if tally is None:
                if len(self._by_name) >= MAX_COLUMNS:
                    self._others.add(hash(name))
                    continue
                tally = self._by_name[name] = _Tally(name)
            if value is not None and value != "":
                shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                tally.add(shown, _json_kind(value))


def _json_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    names = {int: "int", float: "float", list: "list", dict: "object"}
    return names.get(type(value)) or _kind(str(value)).replace("int", "text").replace("float", "text")


def _kind(value: str) -> str:
    return next((name for name, pattern in _TYPES if pattern.match(value)), "text")


def _shape(value: Any) -> str:
    if isinstance(value, dict):
        return f"object of {len(value)}"
    return f"list of {len(value)}" if isinstance(value, list) else _json_kind(value)
