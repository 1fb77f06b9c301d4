"""Texts of a call as vectors, by the engine. Each distinct text is embedded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mcp_smalltools.engine.api import CallOptions
from mcp_smalltools.errors import DeadlineExceeded
from mcp_smalltools.tools.classification.pieces import pieces
from mcp_smalltools.tools.classification.scoring import Examples, Matrix, Texts, unit

if TYPE_CHECKING:
    from mcp_smalltools.tools.base import ToolContext
    from mcp_smalltools.tools.classification.cases import Case
    from mcp_smalltools.tools.classification.labels import LabelSet

TEXTS_A_STEP = 512
"""Texts that are embedded between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class Read:
    """Items, label names and examples of one call.

    Items and examples are sorted and distinct, so that the order of the call can't change an answer.
    """

    items: Texts
    names: Texts
    examples: Examples | None


async def embed_all(
    cases: Sequence[Case],
    labels: LabelSet,
    known: Sequence[tuple[str, str]],
    instructions: str,
    context: ToolContext,
) -> Read:
    """Embed labels and examples (pairs of text and label), then the cases until the time is over."""
    names = [label.text for label in labels.labels]
    name_vectors = await _embed(names, context)
    if instructions:
        name_vectors = unit(
            name_vectors + await _embed([f"{instructions}: {name}" for name in names], context)
        )
    examples = await _embed_examples(known, labels, context)
    wanted = list(dict.fromkeys(case.text for case in cases if case.text))
    vectors: dict[str, Matrix] = {}
    for start in range(0, len(wanted), TEXTS_A_STEP):
        if start and context.stop.remaining_s < 1:
            break
        step = wanted[start : start + TEXTS_A_STEP]
        try:
            vectors.update(zip(step, await _embed(step, context), strict=True))
        except DeadlineExceeded:
            if not vectors:
                raise
            break
        context.progress(len(vectors), len(wanted), "reading texts")
    ordered = sorted(vectors)
    items = Texts(ordered, np.stack([vectors[text] for text in ordered]))
    return Read(items, Texts(names, name_vectors), examples)


async def _embed_examples(
    known: Sequence[tuple[str, str]], labels: LabelSet, context: ToolContext
) -> Examples | None:
    column = {name: index for index, name in enumerate(labels.names)}
    pairs = sorted({(text, column[label]) for text, label in known if label in column})
    if not pairs:
        return None
    texts = [text for text, _ in pairs]
    vectors = await _embed(texts, context)
    return Examples(Texts(texts, vectors), np.array([index for _, index in pairs], np.int64))


async def _embed(texts: Sequence[str], context: ToolContext) -> Matrix:
    """Unit vectors, shape (texts, dim): the mean of the vectors of each text's pieces."""
    parts = [pieces(text) for text in texts]
    distinct = sorted({piece for part in parts for piece in part})
    options = CallOptions(deadline_s=max(1.0, context.stop.remaining_s))
    found = (await context.engine.embed(distinct, options)).vectors
    row = {piece: index for index, piece in enumerate(distinct)}
    return unit(np.stack([found[[row[piece] for piece in part]].mean(axis=0) for part in parts]))
