"""In which line a text comes next, in time that grows with the text alone, whatever is looked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

_TIMES: Final = 40
"""How often all characters may be looked at: names that stand in no line are looked for up to the end."""
_LINE_CHARS: Final = 64
"""Characters that a line counts for at least."""


class NextLine:
    """Finds lines by what is in them. When it has looked at too much it finds nothing more."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._left = _TIMES * sum(len(line) + _LINE_CHARS for line in lines)

    def find(
        self, text: str, start: int, end: int | None = None, *, fits: Callable[[str], bool] | None = None
    ) -> int | None:
        """The first index in [start, end) whose line holds the text, and fits; None if there is none."""
        lines = self._lines
        for index in range(start, len(lines) if end is None else min(end, len(lines))):
            line = lines[index]
            self._left -= len(line) + _LINE_CHARS
            if self._left < 0:
                return None
            if text in line:
                if fits is None or fits(line):
                    return index
                self._left -= 20 * len(line)
        return None
