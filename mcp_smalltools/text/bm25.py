"""BM25 (Robertson and Zaragoza 2009): idf, the score of a word in a text, and an index of texts in memory."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from mcp_smalltools.text.words import stems_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mcp_smalltools.text.passages import Passage

_K1: Final = 1.2
_B: Final = 0.6
"""For passages: k1 says how soon more occurrences add nothing, b from 0 to 1 how much length counts."""


def idf(texts_with_word: int, texts: int) -> float:
    """Inverse document frequency: near 0 for a word that every text has, large for one that none has.

    In the form that is never below 0 (the `+ 1` of Lucene's BM25): ln(1 + (N - n + 0.5) / (n + 0.5)).
    """
    return math.log1p((texts - texts_with_word + 0.5) / (texts_with_word + 0.5))


def smooth_idf(texts_with: NDArray[np.int64], texts: int) -> NDArray[np.float32]:
    """Inverse document frequency of each column: 0 for one that no text has, 1 for one that all have.

    ln((1 + N) / (1 + n)) + 1, as in scikit-learn's TfidfTransformer; classify was fitted with it.
    """
    import numpy as np

    return np.where(texts_with, np.log((1 + texts) / (1 + texts_with)) + 1, 0).astype(np.float32)


def length_norm(length: float, mean_length: float, k1: float, b: float) -> float:
    """How often a word must occur in a text of this length to be worth half of its idf."""
    return k1 * (1 - b + b * length / mean_length)


def term_score(weight: float, count: float, norm: float, factor: float = 1.0) -> float:
    """What `count` occurrences of a word are worth, from 0 to `weight` (its idf) times `factor`.

    The paper's factor is k1 + 1. It is the same for all texts, so it orders none, but rounding depends on it.
    """
    return weight * count * factor / (count + norm)


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

    def idf(self, word: str) -> float:
        """Inverse document frequency of a word in these texts."""
        return idf(len(self._postings.get(word, ())), len(self))

    def scores(self, query: Sequence[str]) -> dict[int, float]:
        """The score of each text that has a word of the query."""
        scores: dict[int, float] = defaultdict(float)
        for word, times in Counter(query).items():
            weight = self.idf(word) * min(times, 2)
            for number, count in self._postings.get(word, ()):
                norm = length_norm(self._lengths[number], self._mean, _K1, _B)
                scores[number] += term_score(weight, count, norm, _K1 + 1)
        return scores

    def best(self, query: Sequence[str], most: int) -> list[int]:
        """Numbers of the best texts, best first; of equal ones the first in the file."""
        scores = self.scores(query)
        return sorted(scores, key=lambda number: (-scores[number], number))[:most]


def index_of_passages(passages: Sequence[Passage]) -> BM25:
    """By the stems of each passage and of its title."""
    return BM25([stems_of(passage.with_title) for passage in passages])
