"""Text that names its values: `key: value` lines, settings, JSON, YAML, TOML, two-column tables."""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Final

from mcp_smalltools.text.words import content_stems, stems_of
from mcp_smalltools.tools.extract.schema import Field

_LINE: Final = re.compile(
    r"^\s*(?:[-*+•]\s+)?(?:export\s+)?(?P<key>\*{0,2}[\w\"'`][\w ./()#%&'\"`*-]{0,60}?)\*{0,2}"
    r"\s*(?::\*{0,2}\s+|\s*=\s*|\t+|\s{3,}|:(?=\S)(?!//))(?P<value>\S.*?)\s*$"
)
_IN_BRACKETS: Final = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_ROW: Final = re.compile(r"^\s*\|\s*(?P<key>[^|]+?)\s*\|\s*(?P<value>[^|]+?)\s*\|\s*$")
_SENTENCE_END: Final = re.compile(r"(?<=[a-z\d)%])\.\s+(?=[A-Z])")
_COMMENT: Final = re.compile(r"\s+(?:#|//)\s.*$")
_COLUMNS: Final = re.compile(r"\s{3,}|\t+")
_LONG_KEY: Final = 7
_MEAN_LITTLE: Final = frozenset(
    stems_of(
        "date time name number id type status value amount total price city address phone email subject text"
    )
)
_SHORT_FORMS: Final = (
    "qty:quantity amt:amount no:number nr:number num:number id:number desc:description cfg:config "
    "msg:message info:information dept:department addr:address tel:phone telephone:phone mail:email "
    "temp:temperature min:minimum max:maximum avg:average pct:percent ref:reference org:organization "
    "env:environment ver:version lang:language"
)
_SHORT_FOR: Final = dict(pair.split(":") for pair in _SHORT_FORMS.split())


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A value under its name. `path` has the names that lead to it; `line` is 1-based."""

    path: tuple[str, ...]
    value: Any
    line: int
    text: str

    @property
    def words(self) -> list[str]:
        return stems_of(" ".join(self.path[-2:]))


def named_values(path: str, lines: Sequence[str]) -> list[NamedValue]:
    """All named values. A file that is data by its name is parsed; everything else is read line by line."""
    suffix = PurePath(path).suffix.lower()
    text = "\n".join(lines)
    if suffix == ".json" or (not path and text.lstrip()[:1] in "{["):
        try:
            return list(_walk_tree(json.loads(text), (), _LineFinder(lines)))
        except (ValueError, RecursionError):
            pass
    if suffix == ".toml":
        try:
            return list(_walk_tree(tomllib.loads(text), (), _LineFinder(lines)))
        except (ValueError, RecursionError):
            pass
    return list(
        _of_lines(
            lines, nested=suffix in (".yaml", ".yml"), sections=suffix in (".ini", ".cfg", ".conf", ".toml")
        )
    )


def _walk_tree(value: Any, path: tuple[str, ...], finder: _LineFinder) -> Iterator[NamedValue]:
    line = finder.line_of(path[-1]) if path and not path[-1].isdigit() else finder.at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk_tree(inner, (*path, str(key)), finder)
        return
    plain = not isinstance(value, list) or not any(isinstance(item, (dict, list)) for item in value)
    if path and plain:
        yield NamedValue(path, value, line, finder.text(line))
    if isinstance(value, list) and not plain:
        for number, item in enumerate(value):
            yield from _walk_tree(item, (*path, str(number)), finder)


class _LineFinder:
    """The line of the next occurrence of a key, which parsers don't give."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self.at = 1

    def line_of(self, key: str) -> int:
        pattern = re.compile(rf"(?<![\w-])[\"']?{re.escape(key)}[\"']?\s*[\]:=.]")
        for number in range(self.at, len(self._lines) + 1):
            if pattern.search(self._lines[number - 1]):
                self.at = number
                return number
        return self.at

    def text(self, line: int) -> str:
        return self._lines[line - 1].strip() if self._lines else ""


def _of_lines(lines: Sequence[str], *, nested: bool, sections: bool) -> Iterator[NamedValue]:
    above: list[tuple[int, str]] = []
    section = ""
    for number, line in enumerate(lines, 1):
        if sections and (match := re.match(r"\s*\[\[?([^\]]+)\]", line)):
            section = match[1]
            continue
        indent = len(line) - len(line.lstrip())
        if nested:
            above = [(depth, key) for depth, key in above if depth < indent]
            if match := re.match(r"\s*(?:-\s+)?([\w.\"'/-]+)\s*:\s*(?:#.*)?$", line):
                above.append((indent, match[1].strip("\"'")))
                continue
        if not nested and not sections and len(cells := _COLUMNS.split(line.strip())) > 2:
            yield from _of_columns(cells, number, line.strip())
            continue
        for part in [line] if nested or sections else _SENTENCE_END.split(line):
            match = _ROW.match(part) or _LINE.match(part)
            if match is None or len(match["key"].split()) > _LONG_KEY or set(match["value"]) <= set("-:|= "):
                continue
            key = match["key"].strip(" *\"'`")
            value = _COMMENT.sub("", match["value"]).rstrip(",;") if nested or sections else match["value"]
            path = (*(key for _, key in above), key) if nested else ((section, key) if section else (key,))
            yield NamedValue(path, value.strip(), number, line.strip())


def _of_columns(cells: Sequence[str], number: int, line: str) -> Iterator[NamedValue]:
    """Each cell as the name of the next one: `Billed to    Invoice no.   HP-871`."""
    for key, value in itertools.pairwise(cells):
        if re.match(r"[A-Za-z]", key) and len(key.split()) <= _LONG_KEY:
            yield NamedValue((key.rstrip(" :."),), value, number, line)


def fit(entry: NamedValue, field: Field) -> float:
    """How well an entry's name names a field, 0 to 1: 1 if the words are the same.

    What a name has in brackets may be left out (`Time (UTC)`), and short forms count as long (`Qty`).
    """
    bare = _IN_BRACKETS.sub("", entry.path[-1])
    ways = {entry.path[-1], bare, _spell_out(bare)}
    names = (replace(entry, path=(*entry.path[:-1], way)) for way in ways if way.strip())
    return max((_fit(name, field) for name in names), default=0.0)


def _spell_out(name: str) -> str:
    return " ".join(_SHORT_FOR.get(word, word) for word in stems_of(name))


def _fit(entry: NamedValue, field: Field) -> float:
    wanted = set(stems_of(field.words.split(".")[-1]))
    own = set(stems_of(entry.path[-1]))
    if not wanted or not own:
        return 0.0
    if wanted == own:
        return 1.0
    full, whole = set(entry.words), set(stems_of(field.words))
    if full in (whole, wanted):
        return 0.97
    squeezed = "".join(stems_of(entry.path[-1])), "".join(stems_of(field.words))
    if squeezed[0] == squeezed[1]:
        return 0.95
    if own < wanted and own <= _MEAN_LITTLE:
        return 0.5  # `Date` is not yet a departure date
    said = set(content_stems(field.description))
    inside = len(wanted & own) / len(wanted | own)
    described = len(own & (said | wanted)) / len(own)
    return min(0.9, 0.6 * inside + 0.35 * described)
