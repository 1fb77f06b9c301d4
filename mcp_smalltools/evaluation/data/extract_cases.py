"""Texts with the fields of a schema and the values that are right, in a compact form of our own.

    ? Wake me at 6:45.                            a request, on one line
    === invoice                                   or a text, up to the line ---
    Total due: 84.60 EUR
    ---
    total number* What is to be paid. = 84.6      then a field on each line

A field is its name, type ("*": required, "[]": a list, <a|b>: an enum), description, "= value" as JSON;
several accepted ones with "||"; without "=": not in the text, where "|| value" is accepted too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_FIELD: Final = re.compile(
    r"([\w.]+) (string|integer|number|boolean)(\[\])?(\*)? (?:<([^>]+)> )?(.*?)((?: (?:=|\|\|) .*)?)$"
)


@dataclass(frozen=True, slots=True)
class ExtractCase:
    """A text, a schema and by the field's name the values that are accepted; "" among them: none."""

    request: str
    schema: Mapping[str, Any]
    accepted: Mapping[str, Sequence[Any]]
    path: str = ""
    """What the text would be called as a file; "" for a request."""


@dataclass(slots=True)
class _OpenCase:
    """A case whose fields are being read."""

    text: str
    path: str
    properties: dict[str, Any] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    accepted: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, line: str) -> None:
        match = _FIELD.fullmatch(line)
        if match is None:
            raise ValueError(f"no field: {line!r}")
        name, kind, listed, required, members, description, values = match.groups()
        schema: dict[str, Any] = {"type": kind, "description": description}
        if members:
            schema["enum"] = members.split("|")
        if listed:
            schema = {"type": "array", "items": {"type": kind}, "description": description}
        self.properties[name] = schema
        if required:
            self.required.append(name)
        ways = [json.loads(value) for value in re.split(r" (?:=|\|\|) ", values) if value.strip()]
        self.accepted[name] = ways if values.startswith(" =") else [*ways, ""]

    def close(self) -> ExtractCase:
        schema = {"type": "object", "properties": self.properties, "required": self.required}
        return ExtractCase(self.text, schema, self.accepted, self.path)


def read_extract_cases(path: Path) -> list[ExtractCase]:
    """All cases of a file. Raises ValueError for a line that is no field."""
    found: list[_OpenCase] = []
    text: list[str] | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        if text is not None:
            if line == "---":
                found[-1].text, text = "\n".join(text), None
            else:
                text.append(line)
        elif line.startswith("=== "):
            found.append(_OpenCase("", line[4:].strip()))
            text = []
        elif line.startswith("? "):
            found.append(_OpenCase(line[2:], ""))
        elif line and not line.startswith("#"):
            found[-1].add(line)
    return [case.close() for case in found]
