"""Similarity of texts to a query by the encoder, and what is said without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mcp_smalltools.text.fusion import fused, index, spread
from mcp_smalltools.text.words import content_words

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine
    from mcp_smalltools.text.passages import Passage


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
