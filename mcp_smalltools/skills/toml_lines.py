"""The line of a key in a TOML text, which the standard parser doesn't give."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]

_PART = re.compile(r"""\s*(?:([A-Za-z0-9_-]+)|("(?:[^"\\]|\\.)*")|'([^']*)')\s*""")
_STRINGS = re.compile(
    r'"{3}.*?(?:(?<!\\)"{3,5}|\Z)|\'{3}.*?(?:\'{3,5}|\Z)|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)
_SYNTAX_LINE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The 1-based line of the key at `path`, or of its innermost part that is in the text.

    An index counts the tables of `[[array]]`. Keys inside inline tables and arrays are not looked for: their
    line is that of the key that holds them. None if nothing of the path is there.
    """
    places = {place.path: place.line for place in reversed(list(_places(text)))}
    for length in range(len(path), 0, -1):
        if (line := places.get(tuple(path[:length]))) is not None:
            return line
    return None


def line_of_syntax_error(message: str, text: str) -> int | None:
    """The line that a `tomllib.TOMLDecodeError` names."""
    found = _SYNTAX_LINE.search(message)
    if found is None:
        return None
    return int(found[1]) if found[1] else text.count("\n") + 1


@dataclass(frozen=True, slots=True)
class _Place:
    path: Path
    line: int


def _places(text: str) -> Iterator[_Place]:
    """Each table and key at the start of a line, with all of its parents."""
    table: Path = ()
    arrays: dict[Path, int] = {}
    inside = 0  # brackets that are open at the start of the line
    for number, line in enumerate(_mask_strings(text).split("\n"), 1):
        begins_in_value, code = inside > 0, line.split("#", 1)[0]
        header = re.match(r"\s*(\[{1,2})([^\[\]]+)\]", code) if not begins_in_value else None
        if header:
            names = _resolve_arrays(_keys(_original(text, number, header.start(2), header.end(2))), arrays)
            if header[1] == "[[":
                arrays[names] = arrays.get(names, -1) + 1
                yield _Place(names, number)
                names = (*names, arrays[names])
            table = names
            yield from _with_parents((), table, number)
            continue
        inside = max(0, inside + sum(map(code.count, "[{")) - sum(map(code.count, "]}")))
        equals = code.find("=")
        if not begins_in_value and equals > 0:
            yield from _with_parents(table, _keys(_original(text, number, 0, equals)), number)


def _with_parents(table: Path, names: Path, line: int) -> Iterator[_Place]:
    for length in range(1, len(names) + 1):
        yield _Place((*table, *names[:length]), line)


def _resolve_arrays(names: Path, arrays: dict[Path, int]) -> Path:
    """`[a.b]` below `[[a]]` belongs to its last element."""
    path: Path = ()
    for name in names[:-1]:
        path = (*path, name)
        if path in arrays:
            path = (*path, arrays[path])
    return (*path, names[-1]) if names else ()


def _keys(text: str) -> Path:
    names: list[str | int] = []
    at = 0
    while found := _PART.match(text, at):
        names.append(found[1] or (json.loads(found[2]) if found[2] else found[3]))
        at = found.end() + 1  # the dot
    return tuple(names)


def _mask_strings(text: str) -> str:
    """The text with every character of a string or of a comment masked, lines and columns kept."""
    pattern = re.compile(f"({_STRINGS.pattern})|#[^\n]*", re.DOTALL)
    return pattern.sub(
        lambda found: re.sub(r"[^\n]", "_", found[0]) if found[1] else " " * len(found[0]), text
    )


def _original(text: str, line: int, start: int, end: int) -> str:
    return text.split("\n")[line - 1][start:end]
