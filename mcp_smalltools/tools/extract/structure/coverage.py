"""Whether a page is nothing but named values and tables, as what most programs print is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import Node

_LEAST_VALUES: Final = 3
_LEAST_DIFFERENT: Final = 0.5
"""Share of the names that must differ: where one comes again and again, it is the frame of a message."""
_MOST_WORDS: Final = 20
"""Words of a value; a longer one is a text, which may say more than its name tells."""
_MOST_WORDS_OF_ITEM: Final = 6
"""Words of an entry of a list without a name."""


def names_all(root: Node, lines: Sequence[str]) -> bool:
    """True where each line that says something is a named value, a row or a heading, and none is a text.

    What has no name in such a page is not in it; of any other, prose may say it.
    """
    covered: set[int] = set()
    names: list[str] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.kind == "value":
            if not node.exact or len(str(node.value).split()) > _MOST_WORDS:
                return False
            names.append(node.name)
            covered.update(range(node.start, node.end + 1))
            continue
        if node.kind == "object" and node.value is not None:
            return False
        if node.kind == "list" and not node.is_table and _has_texts(node):
            return False
        if node.name or node.is_table:
            covered.add(node.start)
        covered.update(n for unread in node.unread for n in range(unread.start, unread.end + 1))
        if node.is_table:
            covered.update(n for row in node.inner for n in range(row.start, row.end + 1))
            names += {item.name for row in node.inner for item in row.inner}
        else:
            waiting += node.inner
    if len(names) < _LEAST_VALUES or len(set(names)) < _LEAST_DIFFERENT * len(names):
        return False
    return not any(
        number not in covered and any(char.isalnum() for char in line) for number, line in enumerate(lines, 1)
    )


def _has_texts(node: Node) -> bool:
    return any(
        item.kind == "value" and not item.inner and len(str(item.value).split()) > _MOST_WORDS_OF_ITEM
        for item in node.inner
    )
