"""The distinct shapes of a log, in bounded number.

A log with more than `MAX_SHAPES` gets coarse shapes for the rest: the first word, then one variable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mcp_smalltools.logs.keys.normalize import short_numbers
from mcp_smalltools.logs.message.masking import MARKS, mask_text

MAX_SHAPES = 20_000
MAX_COARSE = 2_000
MAX_CONTENT = 2_000
"""Characters of a content that its shape describes; the rest is one variable."""
_CACHED_CONTENTS = 20_000
_FIRST_WORD = re.compile(r"\s*([^\W\d_]{2,40})\b")


class Shapes:
    """Numbers the shapes: `texts` lists them in order of appearance."""

    def __init__(self, most: int = MAX_SHAPES) -> None:
        self.texts: list[str] = []
        self._most = most
        self._numbers: dict[str, int] = {}
        self._of_content: dict[str, tuple[int, bool]] = {}

    def of_content(self, content: str) -> tuple[int, bool]:
        """The number of the shape of a key's content, and whether the shape is a coarse one."""
        content = short_numbers(content)
        known = self._of_content.get(content)
        if known is None:
            if len(self._of_content) >= _CACHED_CONTENTS:
                self._of_content.clear()
            known = self._of_content[content] = self._masked(content)
        return known

    def add(self, shape: str, *, coarse: bool) -> tuple[int, bool]:
        """The number of a shape that another process found, and whether it is a coarse one here."""
        known = self._numbers.get(shape)
        if known is not None:
            return known, coarse
        if len(self.texts) < self._most:
            return self._new(shape), coarse
        return self._coarse(shape), True

    def state(self) -> dict[str, Any]:
        """All of it, in plain values; see `of`."""
        contents = [[content, *known] for content, known in self._of_content.items()]
        return {"most": self._most, "texts": self.texts, "contents": contents}

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Shapes:
        """The shapes of a state."""
        shapes = cls(state["most"])
        shapes.texts = state["texts"]
        shapes._numbers = {text: number for number, text in enumerate(shapes.texts)}
        shapes._of_content = {content: (number, coarse) for content, number, coarse in state["contents"]}
        return shapes

    def _masked(self, content: str) -> tuple[int, bool]:
        text = mask_text(content[:MAX_CONTENT])
        if len(content) > MAX_CONTENT:
            text += MARKS["text"]
        known = self._numbers.get(text)
        if known is not None:
            return known, False
        if len(self.texts) < self._most:
            return self._new(text), False
        return self._coarse(content), True

    def _coarse(self, content: str) -> int:
        first = _FIRST_WORD.match(content)
        coarse = f"{first[1]} {MARKS['text']}" if first else MARKS["text"]
        if coarse not in self._numbers and len(self.texts) >= self._most + MAX_COARSE:
            coarse = MARKS["text"]
        known = self._numbers.get(coarse)
        return self._new(coarse) if known is None else known

    def _new(self, text: str) -> int:
        number = self._numbers[text] = len(self.texts)
        self.texts.append(text)
        return number
