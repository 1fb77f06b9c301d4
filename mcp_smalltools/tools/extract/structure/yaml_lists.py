"""Lists of objects in YAML, at any depth, with the lines of each entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

MAX_CHARS: Final = 300_000
"""The parser is slow: what is longer is read line by line."""
_DEPTH: Final = 40


@dataclass(frozen=True, slots=True)
class TableRow:
    """Named values on lines `start` to `end`. A row of a list without names has its text under ""."""

    values: dict[str, Any]
    start: int
    end: int


def yaml_lists(text: str) -> Iterator[list[TableRow]]:
    """Each list with objects in it; an object of objects counts as one, its keys as `name`. None where the
    text is no YAML. Nodes are not built into objects, and what an anchor names is gone through once.
    """
    import yaml

    if len(text) > MAX_CHARS:
        return
    try:
        roots = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError, ValueError):
        return
    seen: set[int] = set()
    for root in roots:
        yield from _lists(root, seen, _DEPTH)


def _lists(node: Any, seen: set[int], depth: int) -> Iterator[list[TableRow]]:
    if node is None or id(node) in seen or not depth:
        return
    seen.add(id(node))
    inner = _inside(node)
    objects = [(name, item) for name, item in inner if item.id == "mapping"]
    if len(objects) > (node.id == "mapping"):
        yield [_row(name, item) for name, item in objects]
    for _, item in inner:
        yield from _lists(item, seen, depth - 1)


def _inside(node: Any) -> list[tuple[str, Any]]:
    """Name and value of what is in a mapping; in a sequence the names are empty."""
    if node.id == "mapping":
        return [(str(key.value), item) for key, item in node.value]
    return [("", item) for item in node.value] if node.id == "sequence" else []


def _row(name: str, node: Any) -> TableRow:
    values: dict[str, Any] = {"name": name} if name else {}
    _flatten(node, "", values, 6)
    start = node.start_mark.line + 1
    return TableRow(values, start, max(start, _last_line(node)))


def _flatten(node: Any, before: str, values: dict[str, Any], depth: int) -> None:
    """Under their names, those of the objects around them in front. Of a list of objects only a lone one."""
    for key, item in _inside(node) if depth else ():
        name = f"{before}{key}"
        parts = [part for _, part in _inside(item)]
        if item.id == "scalar":
            values[name] = item.value
        elif item.id == "mapping":
            _flatten(item, f"{name} ", values, depth - 1)
        elif all(part.id == "scalar" for part in parts):
            values[name] = [part.value for part in parts]
        elif len(parts) == 1 and parts[0].id == "mapping":
            _flatten(parts[0], f"{name} ", values, depth - 1)


def _last_line(node: Any) -> int:
    """Where its last value ends: the parser's own end is that of the white space after it."""
    for _ in range(_DEPTH):
        inner = _inside(node)
        if not inner:
            break
        node = inner[-1][1]
    return int(node.end_mark.line) + int(node.end_mark.column > 0)
