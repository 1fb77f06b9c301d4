"""An entry of an outline."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """A definition, a heading, a cell. Lines are 1-based and include `end`."""

    line: int
    end: int
    depth: int
    text: str
    about: str = ""
    name: str = ""
    """The text in short, for where there is no room for it."""
    minor: bool = False
    """A constant, a step: the first to be left out."""
