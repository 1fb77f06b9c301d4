"""What was found for the fields of a schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_smalltools.tools.extract.schema import Field
from mcp_smalltools.tools.extract.structure.node import Unread


@dataclass(frozen=True, slots=True)
class FieldValue:
    """The value of a field, on lines `start` to `end`. `features` say how sure it is; see `confidence`.

    `outcome` says how two readers came to it; "" where there was one.
    """

    field: str
    value: Any
    start: int
    end: int
    verified: bool
    features: Mapping[str, float]
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Absence:
    """A field that the text doesn't say, with the features of that; both as in FieldValue."""

    field: Field
    features: Mapping[str, float]
    outcome: str = ""
    doubted_at: int = 0
    """The line of a value that was too unlikely to be given; 0: there was none."""


@dataclass(slots=True)
class FilledRecords:
    """The rows of a list of objects."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    """Fields that a row lacks."""
    unverified: set[str] = field(default_factory=set)
    not_read: int = 0
    named: bool = True
    """The rows name their values; otherwise the reader chose them."""
    unread: list[Unread] = field(default_factory=list)
    """Lines of the table that became no row."""
    absent: bool = False
    """The text was understood in full, and has no such list."""


@dataclass(frozen=True, slots=True)
class UnusedKey:
    """A key that no field has: in words, alone and with the name before it. `value` is what it would give the
    field; `near`: its name shares what tells with the field's, but is not the same.
    """

    phrases: tuple[str, ...]
    line: int
    value: FieldValue | None = None
    shown: str = ""
    near: bool = False


@dataclass(frozen=True, slots=True)
class OpenField:
    """A field that a text of named values seems not to have, with what it asks for in words, and the keys
    that no field has and whose values it could take. `doubt`: what was said of it, "" if nothing.
    """

    name: str
    asked: tuple[str, ...]
    keys: list[UnusedKey]
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class RenamedField:
    """A field whose value stands under a key or column that is called something else.

    `doubt`: what was said of it, "" if nothing; `clean`: the value is one word or phrase, not a text.
    """

    name: str
    asked: tuple[str, ...]
    phrases: tuple[str, ...]
    line: int
    doubt: str
    clean: bool
    says_more: bool = False
    """The key has two or more words that the field's name lacks."""


@dataclass(slots=True)
class Mapped:
    """What the structure of a text gives. `left`: fields that only prose can give."""

    found: list[FieldValue] = field(default_factory=list)
    tables: dict[int, FilledRecords] = field(default_factory=dict)
    """By the place of the list in the plan."""
    left: list[Field] = field(default_factory=list)
    absent: list[Field] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    open: list[OpenField] = field(default_factory=list)
    """Fields for which there is no value."""
    renamed: list[RenamedField] = field(default_factory=list)
    near: dict[str, int] = field(default_factory=dict)
    """Fields that are left to prose, with the line of a key that may mean each."""
    names: dict[str, str] = field(default_factory=dict)
    """The column or path of fields that are called something else."""


def put(record: dict[str, Any], item: Field, value: Any) -> None:
    """At the field's place; what is absent is null where the schema requires it, and left out elsewhere."""
    if value is None and not item.required:
        return
    for name in item.path[:-1]:
        record = record.setdefault(name, {})
    record[item.path[-1]] = value
