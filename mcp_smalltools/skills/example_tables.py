"""Rows of the small tables that a `skill.toml` names: .jsonl, .csv with a header, .tsv of label and text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_smalltools.errors import SkillError

REMEDY = "Write it as .jsonl (an object per line), .csv with a header, or .tsv (label, tab, text)."


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """One row and its 1-based line."""

    line: int
    values: Mapping[str, Any]


def rows(path: Path, content: bytes) -> list[ExampleRow]:
    """Empty lines are skipped. Raises SkillError naming the line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _error(path, line, "it is not UTF-8", "Save it as UTF-8.") from None
    match path.suffix.lower():
        case ".jsonl":
            return _json_lines(path, text)
        case ".tsv":
            return _label_and_text(path, text)
        case ".csv":
            reader = csv.DictReader(io.StringIO(text))
            return [ExampleRow(reader.line_num, row) for row in reader]
    raise _error(path, None, f"{path.suffix or 'no suffix'} is not a known kind of table", REMEDY)


def _json_lines(path: Path, text: str) -> list[ExampleRow]:
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except json.JSONDecodeError as error:
            raise _error(path, number, error.msg, REMEDY) from None
        if not isinstance(values, dict):
            raise _error(path, number, "it is not a JSON object", REMEDY)
        found.append(ExampleRow(number, values))
    return found


def _label_and_text(path: Path, text: str) -> list[ExampleRow]:
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        label, tab, rest = line.rstrip("\r").partition("\t")
        if not tab:
            raise _error(path, number, "there is no tab between label and text", REMEDY)
        found.append(ExampleRow(number, {"label": label.strip(), "text": rest.strip()}))
    return found


def _error(path: Path, line: int | None, message: str, remedy: str) -> SkillError:
    return SkillError(f"{path}{f', line {line}' if line else ''}: {message}.", remedy=remedy)
