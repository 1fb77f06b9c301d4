"""What the slots of a template held in a line, and of which type it is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mcp_smalltools.logs.message.masking import VAR, replace_marks, type_of

_SPACES = re.compile(r"\s+")


def normalise_spaces(content: str) -> str:
    """A content as templates are written: single spaces, none at the ends."""
    return _SPACES.sub(" ", replace_marks(content)).strip()


class TemplateMatcher:
    """The constant parts of one template. Matching is linear: where only wildcards stand between constants,
    the leftmost place of each constant is always right.
    """

    __slots__ = ("_first", "_last", "_middle", "count", "least")

    def __init__(self, template: str) -> None:
        self._first, *rest = template.split(VAR)
        self.count = len(rest)
        self._last = rest[-1] if rest else ""
        self._middle: Sequence[str] = rest[:-1]
        self.least = len(template) - self.count

    def values(self, content: str) -> list[str] | None:
        """The value of each slot, left to right; None if the template does not describe the content.

        `content` must be plain (see `normalise_spaces`).
        """
        if not self.count:
            return [] if content == self._first else None
        end = len(content) - len(self._last)
        place = len(self._first)
        if end < place or not content.startswith(self._first) or not content.endswith(self._last):
            return None
        values = []
        for part in self._middle:
            # A value is rarely empty: look for the next constant after at least one character first.
            found = content.find(part, place + 1, end) if part else min(place + 1, end)
            if found < 0:
                found = content.find(part, place, end)
            if found < 0:
                return self._leftmost(content, end)
            values.append(content[place:found])
            place = found + len(part)
        return [*values, content[place:end]] if place <= end else self._leftmost(content, end)

    def _leftmost(self, content: str, end: int) -> list[str] | None:
        place, values = len(self._first), []
        for part in self._middle:
            found = content.find(part, place, end)
            if found < 0:
                return None
            values.append(content[place:found])
            place = found + len(part)
        return [*values, content[place:end]]


def parameter_type(values: Sequence[str]) -> str:
    """The type of a slot by its values: one type if all agree, else the wider of them."""
    types = {type_of(value) for value in values if value}
    if not types:
        return "text"
    if len(types) == 1:
        return types.pop()
    if types <= {"int", "float"}:
        return "float"
    if types <= {"int", "hex", "id", "word", "bool", "version"}:
        return "id" if types & {"int", "hex", "id"} else "word"
    return "text"
