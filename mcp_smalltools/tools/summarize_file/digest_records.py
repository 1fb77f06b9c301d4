"""What a reader of one kind of file hands to the tool."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_smalltools.text.outlines.heading import Heading


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the file, verbatim but for line ends, which are spaces."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    filled: int
    """Values that are not empty."""
    distinct: int | None = None
    examples: tuple[str, ...] = ()


@dataclass(slots=True)
class Digest:
    kind: str
    language: str | None = None
    purpose: Sentence | None = None
    headings: list[Heading] = field(default_factory=list)
    sentences: list[Sentence] = field(default_factory=list)
    """Candidates for the key points."""
    rows: int | None = None
    columns: list[Column] = field(default_factory=list)
    text: str = ""
    """The file's text, where keywords are to be drawn from it."""
    pages: bool = False
    """Line numbers are page numbers."""
    broken: bool = False
    unknown: bool = False
    """Its language isn't known: the outline may lack definitions."""
    note: str = ""
    """What is to be said of the file as a whole."""
    dropped: dict[str, int] = field(default_factory=dict)
