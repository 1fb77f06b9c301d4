"""Values that a request names: `key: value`, rows of two cells, cells that name the next."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mcp_smalltools.text.words import content_stems, stem, stems_of
from mcp_smalltools.tools.extract.schema import Field

# Of a line without white space at its end. Linear: no two quantifiers can share a run of white space, and
# a key has at most 60 characters.
_LINE: Final = re.compile(
    r"\s*+(?:[-*+•]\s++)?(?:export\s++)?(?P<key>\*{0,2}[\w\"'`][\w ./()#%&'\"`*-]{0,60}?)\*{0,2}"
    r"\s*+(?::\*{0,2}\s++|=\s*+|(?<=\t)|(?<=\s\s\s)|:(?=\S)(?!//))(?P<value>\S.*)"
)
_IN_BRACKETS: Final = re.compile(r"(?<!\s)\s*+[(\[][^()\[\]]*+[)\]]")
_SENTENCE_END: Final = re.compile(r"(?<=[a-z\d)%])\.\s+(?=[A-Z])")
_COLUMNS: Final = re.compile(r"\s{3,}|\t+")
_LONG_KEY: Final = 7
_KEY_CHARS: Final = 200
"""Characters of a name up to which it is looked for, and compared with those of fields."""
_SHOWN_CHARS: Final = 20_000
"""Characters of a line in which a value is looked for again."""
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


def named_values(lines: Sequence[str]) -> list[NamedValue]:
    """All named values of a request's lines."""
    return list(_of_lines(lines))


def _of_lines(lines: Sequence[str]) -> Iterator[NamedValue]:
    for number, line in enumerate(lines, 1):
        shown = line.strip()[:_SHOWN_CHARS]
        if len(cells := _COLUMNS.split(line.strip())) > 2:
            yield from _of_columns(cells, number, shown)
            continue
        for part in _SENTENCE_END.split(line):
            name, value = _pair_in(part)
            if name and len(name.split()) <= _LONG_KEY and set(value) - set("-:|= "):
                yield NamedValue((name.strip(" *\"'`"),), value.strip(), number, shown)


def _pair_in(line: str) -> tuple[str, str]:
    """Name and value of a row of two cells, or of `name: value` and the like; "" if it is neither."""
    text = line.strip()
    if text.count("|") == 3 and text[0] == text[-1] == "|" and "||" not in text:
        name, value = text.split("|")[1:3]
        return name.strip() or name[-1], value.strip() or value[-1]
    match = _LINE.match(line.rstrip())
    return (match["key"], match["value"]) if match else ("", "")


def _of_columns(cells: Sequence[str], number: int, line: str) -> Iterator[NamedValue]:
    """Each cell as the name of the next one: `Billed to    Invoice no.   HP-871`."""
    for key, value in itertools.pairwise(cells):
        if re.match(r"[A-Za-z]", key) and len(key.split()) <= _LONG_KEY:
            yield NamedValue((key.rstrip(" :."),), value, number, line)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The stems of a field's name."""

    last: frozenset[str]
    whole: frozenset[str]
    squeezed: str
    said: frozenset[str]
    """Stems of its description."""


@dataclass(frozen=True, slots=True)
class _Named:
    """The stems of an entry's name in one of the ways to read it."""

    own: frozenset[str]
    full: frozenset[str]
    squeezed: str


class FieldNames:
    """The fields that names may be the names of. Each name is taken apart once, and compared only with the
    fields that share a stem with it, so that the time grows with names and fields, not with their product.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self._wanted = [_wanted(field) for field in fields]
        self._by_stem: dict[str, set[int]] = {}
        for number, wanted in enumerate(self._wanted):
            for word in (*wanted.last, *wanted.whole, wanted.squeezed):
                self._by_stem.setdefault(word, set()).add(number)

    def fits(self, path: tuple[str, ...]) -> dict[int, float]:
        """How well a name names each field, 0 to 1: 1 if the words are the same; by the fields' numbers.
        Fields that share no stem with the name are left out: they fit by their description at most, below
        0.5.

        What a name has in brackets may be left out (`Time (UTC)`), and short forms count as long (`Qty`).
        """
        if len(path[-1]) > _KEY_CHARS or not self._may_fit(path[-1]):
            return {}
        ways = _ways_to_read(path)
        near = {
            number
            for way in ways
            for word in (*way.own, way.squeezed)
            for number in self._by_stem.get(word, ())
        }
        return {number: max(_fit(way, self._wanted[number]) for way in ways) for number in near}

    def _may_fit(self, name: str) -> bool:
        """False for most names, in a fraction of the time."""
        words, known = stems_of(name), self._by_stem
        if (
            "(" in name
            or "[" in name
            or any(w in known or stem(w) in known or w in _SHORT_FOR for w in words)
        ):
            return True
        return "".join(words) in known or "".join(map(stem, words)) in known


def fit(entry: NamedValue, field: Field) -> float:
    """How well an entry's name names a field, 0 to 1; 0 where they share no stem (see `FieldNames`)."""
    return FieldNames([field]).fits(entry.path).get(0, 0.0)


def _ways_to_read(path: tuple[str, ...]) -> list[_Named]:
    bare = _IN_BRACKETS.sub("", path[-1])
    before = path[-2:-1]
    ways = []
    for way in {path[-1], bare, _spell_out(bare)}:
        if way.strip():
            own = stems_of(way)
            ways.append(_Named(frozenset(own), frozenset(stems_of(" ".join((*before, way)))), "".join(own)))
    return ways


def _wanted(field: Field) -> _Wanted:
    whole = stems_of(field.words)
    return _Wanted(
        frozenset(stems_of(field.words.split(".")[-1])),
        frozenset(whole),
        "".join(whole),
        frozenset(content_stems(field.description)),
    )


def _spell_out(name: str) -> str:
    return " ".join(_SHORT_FOR.get(word, word) for word in stems_of(name))


def _fit(named: _Named, field: _Wanted) -> float:
    wanted, own = field.last, named.own
    if not wanted or not own:
        return 0.0
    if wanted == own:
        return 1.0
    if named.full in (field.whole, wanted):
        return 0.97
    if named.squeezed == field.squeezed:
        return 0.95
    if own < wanted and own <= _MEAN_LITTLE:
        return 0.5  # `Date` is not yet a departure date
    inside = len(wanted & own) / len(wanted | own)
    described = len(own & (field.said | wanted)) / len(own)
    return min(0.9, 0.6 * inside + 0.35 * described)
