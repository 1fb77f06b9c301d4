"""BM25 over passages (Robertson and Zaragoza 2009), with the words of `words`."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

_K1: Final = 1.2
_B: Final = 0.6


class BM25:
    """An index of texts, in memory. Texts are numbered from 0."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        """`texts` are lists of words."""
        self._lengths = [len(text) for text in texts]
        self._mean = sum(self._lengths) / max(1, len(texts)) or 1.0
        self._postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, text in enumerate(texts):
            for word, count in Counter(text).items():
                self._postings[word].append((number, count))

    def __len__(self) -> int:
        return len(self._lengths)

    def rarity(self, word: str) -> float:
        """Inverse document frequency: 0 for a word that every text has, large for one that none has."""
        found = len(self._postings.get(word, ()))
        return math.log1p((len(self) - found + 0.5) / (found + 0.5))

    def scores(self, query: Sequence[str]) -> dict[int, float]:
        """The score of each text that has a word of the query."""
        scores: dict[int, float] = defaultdict(float)
        for word, weight in Counter(query).items():
            rarity = self.rarity(word) * min(weight, 2)
            for number, count in self._postings.get(word, ()):
                norm = _K1 * (1 - _B + _B * self._lengths[number] / self._mean)
                scores[number] += rarity * count * (_K1 + 1) / (count + norm)
        return scores

    def best(self, query: Sequence[str], most: int) -> list[int]:
        """Numbers of the best texts, best first; of equal ones the first in the file."""
        scores = self.scores(query)
        return sorted(scores, key=lambda number: (-scores[number], number))[:most]
