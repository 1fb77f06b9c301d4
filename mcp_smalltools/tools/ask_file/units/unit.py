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
    """definition, doc, entry, row, sentence, section or line."""
    name: str = ""
    """The name that a definition or an entry gives."""
