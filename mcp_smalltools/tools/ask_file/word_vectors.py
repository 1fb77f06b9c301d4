"""The similarity of two words: a table of word vectors, taken from the encoder once (no model at run time).

Each vector is the encoder's for the word alone, without the direction that all words share, in fewer
dimensions (`models/recipes/ask_file/words.py`), as in Model2Vec (Tulkens and van Dongen 2024).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.models.shipped import shipped_file, unusable
from mcp_smalltools.text.words import base_forms

UNRELATED: Final = 0.2
"""The cosine up to which two words have nothing to do with each other."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class WordTable:
    """`vectors` has shape (words, dimensions), each row of length 1; `numbers` says which row is a word's."""

    numbers: dict[str, int]
    vectors: Floats

    def similarities(self, first: Sequence[str], second: Sequence[str]) -> Floats:
        """Similarities of words in lower case, 0 to 1, shape (first, second); 0 where one has no vector."""
        known = [(row, at) for row, word in enumerate(first) if (at := self._number(word)) is not None]
        other = [(row, at) for row, word in enumerate(second) if (at := self._number(word)) is not None]
        scores = np.zeros((len(first), len(second)), np.float32)
        if known and other:
            cosine = self.vectors[[n for _, n in known]] @ self.vectors[[n for _, n in other]].T
            rows, columns = [row for row, _ in known], [row for row, _ in other]
            scores[np.ix_(rows, columns)] = ((cosine - UNRELATED) / (1 - UNRELATED)).clip(0.0, 1.0)
        return scores

    def _number(self, word: str) -> int | None:
        """The row of a word, or of the word without its ending."""
        if word in self.numbers:
            return self.numbers[word]
        return next((self.numbers[form] for form in base_forms(word) if form in self.numbers), None)


@functools.cache
def word_table(folders: tuple[Path, ...] = ()) -> WordTable:
    """The table that ships. Raises ModelError."""
    path = shipped_file("ask_file", "words.npz", folders)
    try:
        with np.load(path, allow_pickle=False) as stored:
            words = bytes(stored["words"]).decode().split("\n")
            vectors = stored["vectors"].astype(np.float32)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise unusable(path, error) from None
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return WordTable({word: number for number, word in enumerate(words)}, vectors)
