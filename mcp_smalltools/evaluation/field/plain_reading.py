"""The plain methods beside the tools that read one text: BM25, grep, one pattern, the first words."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mcp_smalltools.evaluation.field.cases import FieldCase
from mcp_smalltools.evaluation.field.judges import judge, touches_anywhere
from mcp_smalltools.text.bm25 import BM25
from mcp_smalltools.text.words import STOP_WORDS, stems_of, words_of

WINDOW: Final = 8
"""Lines of a window, about what `ask_file` shows; the next one begins half of them further."""
PLACES: Final = 5
"""Windows, none over another, that stand beside all places that `ask_file` shows."""
AROUND: Final = 2
"""Lines before and after a match, as of `grep -C 2`."""
_FIRST_WORDS_CHARS: Final = 300
LINE_END: Final = re.compile(r"\r\n|\n|\r")
_BARE_MARK: Final = re.compile(r"^(?:[#/*;%!<>=~`+\"'-]|--)*\s*$")
_MARKS: Final = re.compile(
    r"^\s*(?:\#+|//+!?|/\*+!?|\*+|--+|;+|%+|<!--|\"{3}|'{3}|\.\.)\s*|\s*(?:\*/|-->)\s*$"
)
_NAMED: Final = re.compile(
    r"^\s*(?:(?:export|default|public|private|protected|static|async|abstract|final|pub|local|virtual|inline)\s+)*"
    r"(?:def|class|function|func|fn|struct|enum|interface|trait|impl|type|module|const|let|var|sub|package"
    r"|\#\s*define|create\s+(?:table|view|index|function)(?:\s+if\s+not\s+exists)?|resource|message|service)"
    r"\s+[\"'`(]?([\w.$-]+)|^\#{1,6}\s+(.+?)\s*\#*$|^\[+([^\]]+)\]+\s*$|^([A-Za-z_][\w.-]*)\s*[:=]",
    re.IGNORECASE,
)
_TRUE: Final = frozenset({"true", "yes", "on"})
_FALSE: Final = frozenset({"false", "no", "off"})


def lines_of_file(case: FieldCase) -> list[str]:
    """The lines of the file that the call names first."""
    return LINE_END.split(text_of_case(case))


def text_of_case(case: FieldCase) -> str:
    """The text of the call, or of the file that it names first."""
    if "text" in case.arguments:
        return str(case.arguments["text"])
    return case.paths()[0].read_bytes().decode("utf-8", "replace")


def plain_ask(case: FieldCase) -> dict[str, float]:
    """The window that fits best by BM25 with stems, and the first line with the question's rarest word; of a
    file that answers also whether one of the best windows does.
    """
    lines = lines_of_file(case)
    question = str(case.arguments["question"])
    windows = _best_windows(question, lines)
    ways = {
        f"BM25, {WINDOW} lines": windows,
        "grep of the rarest word": _rarest_word(question, lines),
    }
    told = {name: float(judge(case.tool, case.right, answer)["lines"]) for name, answer in ways.items()}
    if case.right.get("lines"):
        told[f"BM25, {PLACES} places of {WINDOW} lines: anywhere"] = float(
            touches_anywhere(case.right, windows)
        )
    return told


def _spans(*spans: tuple[int, int]) -> dict[str, Any]:
    """As `ask_file` answers."""
    return {"found": bool(spans), "evidence": [{"start": start, "end": end} for start, end in spans]}


def _best_windows(question: str, lines: Sequence[str]) -> dict[str, Any]:
    """The best windows first; neighbours share half of their lines, so of two that do the better one."""
    firsts = range(0, max(1, len(lines) - WINDOW // 2), WINDOW // 2)
    index = BM25([stems_of(" ".join(lines[first : first + WINDOW])) for first in firsts])
    asked = [stem for word, stem in zip(words_of(question), stems_of(question), strict=True) if _says(word)]
    best: list[int] = []
    for number in index.best(asked, len(firsts)):
        if len(best) < PLACES and not any(abs(number - other) < 2 for other in best):
            best.append(number)
    return _spans(*((firsts[n] + 1, min(firsts[n] + WINDOW, len(lines))) for n in best))


def _rarest_word(question: str, lines: Sequence[str]) -> dict[str, Any]:
    lower = [line.lower() for line in lines]
    counts = {word: sum(word in line for line in lower) for word in words_of(question) if _says(word)}
    there = {word: count for word, count in counts.items() if count}
    if not there:
        return _spans()
    rarest = min(there, key=lambda word: there[word])
    at = next(number for number, line in enumerate(lower, 1) if rarest in line)
    return _spans((max(1, at - AROUND), min(len(lines), at + AROUND)))


def _says(word: str) -> bool:
    return word not in STOP_WORDS


def plain_summary(case: FieldCase) -> dict[str, float]:
    """The first comment or paragraph as the purpose; names by one pattern as the outline."""
    lines = lines_of_file(case)
    told: dict[str, float] = {}
    if "outline" in case.right:
        answer = {"outline": [name for line in lines if (name := _name_in(line))], "columns": lines[:1]}
        told["one pattern: outline"] = float(
            judge(case.tool, {"outline": case.right["outline"]}, answer)["outline"]
        )
    wanted = {name: case.right[name] for name in ("purpose", "purpose_words") if name in case.right}
    if wanted:
        parts = judge(case.tool, wanted, {"purpose": first_words(lines)})
        told["first comment or paragraph: purpose"] = float(bool(parts) and all(parts.values()))
    return told


def _name_in(line: str) -> str:
    found = _NAMED.match(line[:400])
    return next((group for group in found.groups() if group), "") if found else ""


def first_words(lines: Sequence[str]) -> str | None:
    """The first run of lines with words, without marks of comments and headings; None if there is none."""
    kept: list[str] = []
    for line in lines:
        if _BARE_MARK.match(line.strip()) or line.startswith("#!"):
            if kept:
                break
            continue
        kept.append(_MARKS.sub("", line).strip())
    return " ".join(kept)[:_FIRST_WORDS_CHARS] or None


def plain_extract(case: FieldCase) -> dict[str, float]:
    """Each field's value is that of the first key with its name, or what follows the name in a line."""
    text = text_of_case(case)
    found = _NamedValues(text).object_of(case.arguments["schema"])
    return {"first key of that name": float(all(judge(case.tool, case.right, {"data": found}).values()))}


@dataclass(frozen=True, slots=True)
class _NamedValues:
    """A text in which values are looked for by their names."""

    text: str

    def object_of(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        fields = schema.get("properties", {})
        values = ((name, self._value(name, field)) for name, field in fields.items())
        return {name: value for name, value in values if value is not None}

    def _value(self, name: str, field: Mapping[str, Any]) -> Any:
        if _type_of(field) == "array":
            inside = field.get("items", {})
            rows = self._rows()
            if _type_of(inside) == "object":
                return [_row_of(row, inside.get("properties", {})) for row in rows]
            return [_typed(row[key], inside) for row in rows for key in row if _plain(key) == _plain(name)]
        if _type_of(field) == "object":
            return self.object_of(field)
        found = next((value for key, value in _pairs(self._data()) if _plain(key) == _plain(name)), None)
        if found is None:
            spaced = r"[ _-]?".join(map(re.escape, words_of(name)))
            match = re.search(rf"(?i)\b{spaced}\b[\"'*]*\s*[:=]\s*[\"'*]*([^\n\"']+)", self.text)
            found = match[1].strip(" ,;|*") if match else None
        return None if found is None else _typed(found, field)

    def _data(self) -> Any:
        """The text as JSON or TOML; None if it is neither."""
        for load in (json.loads, tomllib.loads):
            try:
                return load(self.text)
            except (ValueError, RecursionError):
                continue
        return None

    def _rows(self) -> list[dict[str, Any]]:
        """The first list of objects, or the rows under the first line by the delimiter that it has most."""
        data = self._data()
        if data is not None:
            lists = [data, *(value for _, value in _pairs(data))]
            return next(
                (one for one in lists if isinstance(one, list) and one and isinstance(one[0], dict)), []
            )
        head = self.text.split("\n", 1)[0]
        delimiter = max(",;\t|", key=head.count)
        try:
            rows = list(csv.DictReader(io.StringIO(self.text), delimiter=delimiter))
        except csv.Error:
            return []
        return [{(key or "").strip(): value or "" for key, value in row.items()} for row in rows]


def _pairs(data: Any) -> Iterator[tuple[str, Any]]:
    """All keys at any depth with their values, in their order."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield str(key), value
            yield from _pairs(value)
    elif isinstance(data, list):
        for value in data:
            yield from _pairs(value)


def _row_of(row: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    by_name = {_plain(key): value for key, value in row.items()}
    values = {name: _typed(by_name.get(_plain(name)), field) for name, field in fields.items()}
    return {name: value for name, value in values.items() if value is not None}


def _plain(name: str) -> str:
    return "".join(words_of(name))


def _type_of(field: Mapping[str, Any]) -> str:
    """The type of a field; of several the first that isn't null."""
    types = field.get("type", "string")
    return types if isinstance(types, str) else next((one for one in types if one != "null"), "null")


def _typed(value: Any, field: Mapping[str, Any]) -> Any:
    """As the schema wants it; None where it can't be."""
    if not isinstance(value, str):
        return value
    wanted = _type_of(field)
    text = value.strip()
    if wanted == "boolean":
        return text.lower() in _TRUE if text.lower() in _TRUE | _FALSE else None
    if wanted in ("integer", "number"):
        number = re.search(r"-?\d+(?:\.\d+)?", text.replace(",", ""))
        if number is None:
            return None
        return int(float(number[0])) if wanted == "integer" else float(number[0])
    return text or None
