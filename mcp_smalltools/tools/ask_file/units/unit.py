"""A unit of a file: the smallest whole span that can answer a question."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """Lines `start` to `end` of a file, 1-based, with their text and where they are in the file."""

    start: int
    end: int
    text: str
    context: str = ""
    """Words that are searched too: the heading, the enclosing names, the comment above."""
    kind: str = "line"
    """definition, doc, entry, row, header (of a table), sentence, section or line."""
    name: str = ""
    """The name that a definition or an entry gives."""
    whole: tuple[int, int] | None = None
    """Lines that are shown with it: its comment, block, paragraph or list item. None: its own."""
    under: int = 0
    """The line of the heading, the column names or the block that it is under; 0 if there is none."""

    @property
    def shown(self) -> tuple[int, int]:
        """First and last line of what is shown of it."""
        return self.whole or (self.start, self.end)
