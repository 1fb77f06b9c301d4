"""Which passages fit a query: words first, then meaning, then both together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from mcp_smalltools.text.bm25 import BM25
from mcp_smalltools.text.words import words

if TYPE_CHECKING:
    from mcp_smalltools.text.passages import Passage

_RANK_OFFSET: Final = 60
"""The constant of reciprocal rank fusion (Cormack et al. 2009)."""


def fused(rankings: Sequence[Sequence[int]], weights: Sequence[float] = ()) -> list[int]:
    """One ranking of several, each best first: sums of weight / (60 + rank)."""
    scores: dict[int, float] = {}
    for ranking, weight in zip(rankings, weights or [1.0] * len(rankings), strict=True):
        for rank, number in enumerate(ranking):
            scores[number] = scores.get(number, 0.0) + weight / (_RANK_OFFSET + rank)
    return sorted(scores, key=lambda number: (-scores[number], number))


def index(passages: Sequence[Passage]) -> BM25:
    return BM25([words(passage.with_title) for passage in passages])


def spread(count: int, most: int) -> list[int]:
    """Numbers at even distances, for files in which no word of the query occurs."""
    step = max(1, -(-count // most))
    return list(range(0, count, step))
