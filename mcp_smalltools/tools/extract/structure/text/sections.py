"""The sections of a page while it is read: headings, and what stands under each."""

from __future__ import annotations

import re
from typing import Final

from mcp_smalltools.tools.extract.structure.node import MAX_DEPTH, Budget, Node

_PAIR: Final = re.compile(r"([^\W\d_][\w /()&#.'-]{0,50}?)\s{0,3}:\s{1,3}(\S.{0,1000})")
_TEXT_CHARS: Final = 20_000
"""Characters of a section's own text that are kept."""


class Sections:
    """Builds the tree: a section is an object under its heading, in the section of the level above."""

    def __init__(self) -> None:
        self._root = Node("", "object", 1, 1)
        self._open: list[tuple[int, Node]] = [(0, self._root)]
        self._budget = Budget()
        self.lead = ""
        """The line before a list or table that leads to it: `Dependencies:`."""

    @property
    def root(self) -> Node:
        return self._root

    @property
    def here(self) -> Node:
        return self._open[-1][1]

    def open(self, heading: str, level: int, line: int) -> None:
        self._budget.take()
        self.lead = ""
        while len(self._open) > 1 and (self._open[-1][0] >= level or len(self._open) >= MAX_DEPTH):
            self._open.pop()[1].end = max(line - 1, 1)
        section = Node(heading, "object", line, line)
        self.here.inner.append(section)
        self._open.append((level, section))

    def add(self, node: Node) -> None:
        """A value, a list or a table; an object without a name is put in by what is in it."""
        self._budget.take()
        if node.kind == "object" and not node.name:
            self.here.inner += node.inner
        else:
            if node.kind == "list" and not node.name:
                node.name = self.lead
            self.here.inner.append(node)
        self.lead = ""
        self.here.end = max(self.here.end, node.end)

    def text(self, text: str, start: int, end: int) -> None:
        """A paragraph; one that is `name: value` is a value as well."""
        here = self.here
        if match := _PAIR.fullmatch(text):
            here.inner.append(Node(match[1].strip(), "value", start, end, match[2].strip(), exact=False))
        elif len(str(here.value or "")) < _TEXT_CHARS:
            here.value = text if here.value is None else f"{here.value}\n{text}"
        self.lead = text.rstrip(" :") if text.endswith(":") and len(text) < 120 else ""
        here.end = max(here.end, end)

    def finished(self, last_line: int) -> Node:
        for _, node in self._open:
            node.end = max(node.end, last_line)
        return self._root
