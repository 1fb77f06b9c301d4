"""Which passages fit a query: words first, then meaning, then both together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from mcp_smalltools.tools.passages.bm25 import BM25
from mcp_smalltools.tools.passages.words import content_words, words

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine
    from mcp_smalltools.tools.passages.split import Passage

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


async def similarities(engine: Engine, query: str, texts: Sequence[str], deadline_s: float) -> list[float]:
    """Cosine of each text to the query. Raises what the engine raises."""
    from mcp_smalltools.engine.api import CallOptions

    vectors = (await engine.embed([query, *texts], CallOptions(deadline_s=max(1.0, deadline_s)))).vectors
    return [float(value) for value in vectors[1:] @ vectors[0]]


async def ranked(
    engine: Engine,
    query: str,
    passages: Sequence[Passage],
    most: int,
    *,
    candidates: int = 48,
    deadline_s: float = 30,
) -> list[int]:
    """Numbers of the passages that fit a query, best first: BM25 chooses candidates, both rank them."""
    by_words = index(passages).best(content_words(query), candidates)
    chosen = by_words or spread(len(passages), candidates)
    likeness = await similarities(engine, query, [passages[i].with_title for i in chosen], deadline_s)
    by_meaning = [chosen[k] for k in sorted(range(len(chosen)), key=lambda k: -likeness[k])]
    return fused([by_words, by_meaning])[:most]
