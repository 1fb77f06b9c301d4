"""How often words, pairs of words and places for variables occur in logging statements of source code.

Counts are kept under hashes, in tables of fixed size: small, and none of the text can be read back.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.message.tokenize import tokens_of
from mcp_smalltools.logs.statements.pieces import Piece

START, END = "^", "$"
_SIZES = {"words": 1 << 16, "pairs": 1 << 18, "before": 1 << 15, "after": 1 << 15, "around": 1 << 17}
"""Entries of each table: words; neighbouring words; words before a variable; after one; around one."""
_CACHED = 100_000
_AT_MOST = 3
"""Times that a program counts for one entry: what many programs say matters, not what one repeats."""


class Lexicon:
    """Tables of counts, asked for natural logs of 1 + count."""

    def __init__(self, counts: Mapping[str, NDArray[np.integer[Any]]]) -> None:
        self._counts = counts
        self._cache: dict[tuple[str, ...], float] = {}

    def word(self, word: str) -> float:
        return self._get("words", word)

    def pair(self, first: str, second: str) -> float:
        """How often the second word follows the first."""
        return self._get("pairs", first, second)

    def before(self, word: str) -> float:
        """How much likelier than elsewhere a variable is after the word: log odds."""
        return self._odds("before", word)

    def after(self, word: str) -> float:
        """The same for a variable that the word follows."""
        return self._odds("after", word)

    def around(self, first: str, second: str) -> float:
        """How often a variable is between the two words."""
        return self._get("around", first, second)

    def _odds(self, table: str, word: str) -> float:
        return self._get(table, word) - math.log1p(math.exp(self._get("words", word))) + 1.0

    def _get(self, table: str, *words: str) -> float:
        key = (table, *words)
        value = self._cache.get(key)
        if value is None:
            if len(self._cache) > _CACHED:
                self._cache.clear()
            entries = self._counts[table]
            value = math.log1p(int(entries[_place(" ".join(words).lower(), len(entries))]))
            self._cache[key] = value
        return value


def _place(text: str, size: int) -> int:
    return zlib.crc32(text.encode("utf-8", "replace")) % size


def counts_of(statements: Iterable[Sequence[Piece]]) -> dict[str, NDArray[np.int32]]:
    """What the statements of one program count."""
    counts = _Counts()
    for pieces in statements:
        text = "".join(piece if isinstance(piece, str) else VAR for piece in pieces)
        counts.add(tokens_of(text)[0])
    return {name: np.minimum(table, _AT_MOST) for name, table in counts.tables.items()}


class _Counts:
    def __init__(self) -> None:
        self.tables = {name: np.zeros(size, dtype=np.int32) for name, size in _SIZES.items()}

    def add(self, tokens: Sequence[str]) -> None:
        words = [START, *(token.lower() for token in tokens), END]
        for place in range(1, len(words)):
            before, word = words[place - 1], words[place]
            if word == VAR:
                self._note("before", before)
                self._note("around", f"{before} {words[place + 1]}")
            else:
                if before == VAR:
                    self._note("after", word)
                else:
                    self._note("pairs", f"{before} {word}")
                self._note("words", word)

    def _note(self, table: str, text: str) -> None:
        entries = self.tables[table]
        entries[_place(text, len(entries))] += 1
