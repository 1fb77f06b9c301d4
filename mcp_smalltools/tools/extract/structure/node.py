"""What a structured text says, in whatever form: a tree of named values with their lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

MAX_NODES: Final = 400_000
"""Nodes of a text; a form whose text has more is not read."""
MAX_DEPTH: Final = 40
"""Objects and lists inside each other."""
MAX_COLUMNS: Final = 2_000
"""Columns of a table that are looked at."""
MAX_ROWS: Final = 50_000
"""Rows of a table that are read."""

ALSO: Final = " · "
"""Between the names of a value that has several, since its form doesn't write one."""

Kind = Literal["value", "object", "list"]


class NotOfForm(ValueError):
    """The text doesn't have the form that it was read as, or goes beyond a limit of it."""


@dataclass(slots=True)
class Unread:
    """Lines of a table that became no row, and why."""

    start: int
    end: int
    why: str


@dataclass(slots=True)
class Node:
    """A value, an object or a list on lines `start` to `end`, 1-based.

    `value` is the text as it is written, or true, false or null where the form has them; an object may have
    one besides what is in it: the text of a section. `literal`: by its form "-" or "none" is this very text.
    """

    name: str
    kind: Kind
    start: int
    end: int
    value: Any = None
    inner: list[Node] = field(default_factory=list)
    link: str = ""
    """Where the text leads, if it is a link."""
    literal: bool = False
    exact: bool = True
    """The form leaves no doubt where this begins and ends."""
    is_table: bool = False
    unread: list[Unread] = field(default_factory=list)


@dataclass(slots=True)
class Structure:
    """A text as a tree. `complete`: all that it says has a name in the tree; otherwise there is prose too."""

    form: str
    root: Node
    complete: bool
    prose: tuple[list[str], list[tuple[int, int]]] | None = None
    """The lines to read as prose, and the lines of the file that each is on; None for the file as it is."""


class Budget:
    """Counts the nodes of a text. Raises NotOfForm beyond MAX_NODES."""

    def __init__(self) -> None:
        self._left = MAX_NODES

    def take(self, count: int = 1) -> None:
        self._left -= count
        if self._left < 0:
            raise NotOfForm(f"more than {MAX_NODES:,} values")


def leaves(
    node: Node, before: tuple[str, ...] = (), depth: int = MAX_DEPTH
) -> Iterator[tuple[tuple[str, ...], Node]]:
    """The values and lists inside an object, each with the names that lead to it.

    A list of one object counts as that object; what is in other lists of objects isn't given.
    """
    for item in node.inner if depth else ():
        path = (*before, item.name)
        if item.kind == "value":
            yield path, item
        elif item.kind == "list":
            yield path, item
            if len(item.inner) == 1 and item.inner[0].kind == "object":
                yield from leaves(item.inner[0], path, depth - 1)
        else:
            if item.value is not None:
                yield path, item
            yield from leaves(item, path, depth - 1)


def table_node(
    name: str,
    names: list[str],
    rows: list[tuple[int, int, list[str]]],
    start: int,
    unread: list[Unread] | None = None,
) -> Node:
    """A table as a list of objects. `rows` have their first and last line and their cells."""
    columns = unique_names(names[:MAX_COLUMNS])
    table = Node(name, "list", start, rows[-1][1] if rows else start, is_table=True, unread=unread or [])
    for first, last, cells in rows[:MAX_ROWS]:
        values = [
            Node(column, "value", first, last, cell) for column, cell in zip(columns, cells, strict=False)
        ]
        table.inner.append(Node("", "object", first, last, inner=values))
    if len(rows) > MAX_ROWS:
        table.unread.append(Unread(rows[MAX_ROWS][0], rows[-1][1], f"more than {MAX_ROWS:,} rows"))
    return table


def unique_names(names: list[str]) -> list[str]:
    """The second column of a name gets its number, so that none hides another."""
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return unique
