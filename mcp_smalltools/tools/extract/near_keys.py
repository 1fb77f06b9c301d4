"""Doubts about what a structured text seems not to have: a key that no field has may mean it otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from mcp_smalltools.tools.extract.mapping.found import Mapped, OpenField
from mcp_smalltools.tools.similarity import NoEncoder, embed

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine

NEAR: Final = 0.45
"""Similarity of a field and a key from which the key may mean it. On real texts it finds 17 of 22 fields that
were there under other words, for a doubt about 11 of 50 that were not there (`models/LOG.md`).
"""
_MOST_FIELDS: Final = 20
_MOST_KEYS: Final = 150
"""Keys that are compared; of more the first, which stand nearest to the top."""


async def doubt_absent(mapped: Mapped, engine: Engine, seconds: float) -> NoEncoder | None:
    """Add a doubt for each field that has no value in a text of named values, where an unused key is near to
    it in meaning. Gives why the encoder was not asked, where fields are open and it could not be.
    """
    fields = [one for one in mapped.open if one.keys][:_MOST_FIELDS]
    if not fields:
        return None
    phrases = {text for one in fields for text in (*one.asked, *(key for key, _ in one.keys[:_MOST_KEYS]))}
    texts = sorted(phrases)
    vectors = await embed(engine, texts, seconds)
    if isinstance(vectors, NoEncoder):
        return vectors
    at = {text: number for number, text in enumerate(texts)}
    for one in fields:
        keys = one.keys[:_MOST_KEYS]
        similar = vectors[_rows(one.asked, at)] @ vectors[_rows([key for key, _ in keys], at)].T
        best = int(similar.max(axis=0).argmax())
        if float(similar[:, best].max()) >= NEAR:
            mapped.doubts.append(_doubt(one, keys[best][1]))
    return None


def _rows(texts: Sequence[str], at: dict[str, int]) -> list[int]:
    return [at[text] for text in texts]


def _doubt(one: OpenField, line: int) -> str:
    return f"{one.name} (may be on line {line})"
