"""TOML with the lines of its values: inline tables, lists of tables, dotted keys."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from mcp_smalltools.text.next_line import NextLine
from mcp_smalltools.text.toml import load_toml
from mcp_smalltools.tools.extract.structure.node import MAX_DEPTH, Budget, Node, NotOfForm

_HEAD: Final = re.compile(r"\s*+\[\[?+([^\[\]]{1,400})\]\]?")
_KEY: Final = re.compile(
    r"\s*+((?:[\w-]++|\"[^\"]{0,200}\"|'[^']{0,200}')(?:\s*+\.\s*+(?:[\w-]++|\"[^\"]{0,200}\"|'[^']{0,200}'))*+)\s*+="
)
_PART: Final = re.compile(r"[\w-]++|\"([^\"]*)\"|'([^']*)'")


def read_toml(lines: Sequence[str]) -> Node:
    """Raises NotOfForm."""
    try:
        data = load_toml("\n".join(lines))
    except (ValueError, RecursionError) as error:
        raise NotOfForm("no TOML") from error
    if not data:
        raise NotOfForm("no TOML value")
    return _Located(lines).node("", data, (), MAX_DEPTH)


class _Located:
    """Finds the line of each value: tomllib doesn't give it."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._places: dict[tuple[str, ...], list[int]] = {}
        self._budget = Budget()
        self._next = NextLine(lines)
        self._used: dict[tuple[str, ...], int] = {}
        head: tuple[str, ...] = ()
        for number, line in enumerate(lines, 1):
            if match := _HEAD.match(line):
                head = _parts(match[1])
                self._places.setdefault(head, []).append(number)
            elif match := _KEY.match(line):
                keys = _parts(match[1])
                for k in range(1, len(keys) + 1):
                    self._places.setdefault((*head, *keys[:k]), []).append(number)

    def node(self, name: str, value: Any, path: tuple[str, ...], depth: int, line: int = 1) -> Node:
        if not depth:
            raise NotOfForm("nested too deeply")
        self._budget.take()
        start = self._line(path, line) if name else line
        if isinstance(value, dict):
            inner = [self.node(key, item, (*path, key), depth - 1, start) for key, item in value.items()]
            return Node(name, "object", start, max([start, *(i.end for i in inner)]), inner=inner)
        if isinstance(value, list):
            return self._list(name, value, path, depth, start)
        plain = value if value is None or isinstance(value, bool) else _as_written(value)
        end = start + (str(value).count("\n") if isinstance(value, str) else 0)
        return Node(name, "value", start, min(end, len(self._lines)), plain, literal=True)

    def _list(self, name: str, value: list[Any], path: tuple[str, ...], depth: int, start: int) -> Node:
        found = Node(name, "list", start, start)
        at = start
        for item in value:
            if isinstance(item, dict):
                tables = self._places.get(path, [start])
                if len(tables) > 1 and len(tables) == len(value):
                    at = tables[len(found.inner)]
            elif (next_at := self._next.find(_shown(item), at - 1, at + 200)) is not None:
                at = next_at + 1
            found.inner.append(self.node("", item, path, depth - 1, at))
            found.end = max(found.end, found.inner[-1].end)
        return found

    def _line(self, path: tuple[str, ...], otherwise: int) -> int:
        """Of a key that stands in several tables of a list, the next one each time."""
        places = self._places.get(path)
        if not places:
            return otherwise
        used = self._used.get(path, 0)
        self._used[path] = used + 1
        return places[min(used, len(places) - 1)]


def _parts(key: str) -> tuple[str, ...]:
    return tuple(m[1] or m[2] or m[0] for m in _PART.finditer(key.strip()))


def _shown(item: Any) -> str:
    return item.split("\n")[0][:200] if isinstance(item, str) else str(item)


def _as_written(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
