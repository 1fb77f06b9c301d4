"""The text that values are taken from: its lines, and the parts of it in which a field is read."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from mcp_smalltools.text.bm25 import BM25, index_of_passages
from mcp_smalltools.text.passages import evenly_spaced, split_passages
from mcp_smalltools.text.words import content_stems
from mcp_smalltools.tools.extract.candidates import pattern_of
from mcp_smalltools.tools.extract.schema import Field
from mcp_smalltools.tools.extract.structure.node import Node, Structure
from mcp_smalltools.tools.extract.structure.text_forms import read_structure
from mcp_smalltools.tools.span_reader import MAX_CHARS

REQUEST_LINES: Final = 3
REQUEST_CHARS: Final = 600
WINDOWS: Final = 3
"""Parts of a long text that are read for each field."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the text that is read at once; `start` is the place of its first character."""

    start: int
    text: str


@dataclass(slots=True)
class Document:
    """`path` is "" for a text that the caller gave."""

    path: str
    lines: Sequence[str]
    text: str = ""
    structure: Structure | None = None
    """Its tree; None for a request in prose."""
    _prose: Sequence[str] = ()
    _places: Sequence[tuple[int, int]] = ()
    _starts: list[int] = field(default_factory=list)
    _windows: list[Window] = field(default_factory=list)
    _index: BM25 | None = None
    _with_pattern: dict[re.Pattern[str], list[Window]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._set_text(self.lines)

    @property
    def is_request(self) -> bool:
        """A short text of the caller's: somebody asks for something; not a page about many things."""
        return not self.path and len(self.lines) <= REQUEST_LINES and len(self.text) <= REQUEST_CHARS

    def line_at(self, place: int) -> int:
        """The number of a character's line, 1-based."""
        line = max(1, bisect.bisect_right(self._starts, place))
        return self._places[min(line, len(self._places)) - 1][0] if self._places else line

    def _read_as(self, lines: Sequence[str], places: Sequence[tuple[int, int]]) -> None:
        """Take other lines for the text, such as a mail's body without its encoding."""
        self._prose, self._places = lines, places
        self._starts = []
        self._set_text(lines)

    def _set_text(self, lines: Sequence[str]) -> None:
        self.text = "\n".join(lines)
        at = 0
        for line in lines:
            self._starts.append(at)
            at += len(line) + 1

    def prepare(self, check: Callable[[], None]) -> None:
        """Read its structure, and cut it into windows; blocking work."""
        structure = read_structure(self.path, self.lines)
        if (
            structure.complete
            or not self.is_request
            or structure.form != "page"
            or _names_all(structure.root)
        ):
            self.structure = structure
        if structure.prose is not None:
            self._read_as(*structure.prose)
        if len(self.text) <= MAX_CHARS:
            self._windows = [Window(0, self.text)]
            return
        passages = split_passages(self.path, self._prose or self.lines, check)
        self._windows = [Window(self._starts[p.start - 1], self._cut(p.start, p.end)) for p in passages]
        self._index = index_of_passages(passages)

    def windows(self, field: Field, check: Callable[[], None] = lambda: None) -> list[Window]:
        """Where to look for a field: all of a short text, the passages that share its words of a long one."""
        if self._index is None or len(self._windows) <= WINDOWS:
            return self._windows
        if (pattern := pattern_of(field)) is not None:
            holding = self._holding(pattern, check)
            if 0 < len(holding) <= 2 * WINDOWS:
                return holding
        query = content_stems(f"{field.words} {field.words} {field.description}")
        best = self._index.best(query, WINDOWS)
        return [self._windows[i] for i in best or evenly_spaced(len(self._windows), WINDOWS)]

    def _holding(self, pattern: re.Pattern[str], check: Callable[[], None]) -> list[Window]:
        """The windows with a value of the pattern; many fields may have one pattern."""
        if pattern not in self._with_pattern:
            found = self._with_pattern[pattern] = []
            for window in self._windows:
                check()
                if pattern.search(window.text):
                    found.append(window)
                    if len(found) > 2 * WINDOWS:
                        break
        return self._with_pattern[pattern]

    def _cut(self, start: int, end: int) -> str:
        last = self._starts[end] - 1 if end < len(self._starts) else len(self.text)
        return self.text[self._starts[start - 1] : last][:MAX_CHARS]


def _names_all(root: Node) -> bool:
    """Whether a short text is nothing but named values."""
    return (
        root.value is None and len(root.inner) > 1 and all(i.kind == "value" and i.exact for i in root.inner)
    )
