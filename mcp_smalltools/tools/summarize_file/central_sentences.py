"""Which sentences to show: near to what the others say or to the focus, and not the same thing twice."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_DIVERSITY: Final = 0.35


def choose_central(
    vectors: NDArray[np.float32], most: int, focus: NDArray[np.float32] | None = None
) -> list[int]:
    """Indexes of up to `most` sentences, best first. `vectors` has shape (sentences, dim), L2-normalised.

    Maximal marginal relevance (Carbonell and Goldstein, 1998), relevance being the cosine to the centroid, or
    to `focus`, shape (dim,).
    """
    if not len(vectors):
        return []
    centre = vectors.mean(axis=0) if focus is None else focus
    relevance = vectors @ (centre / max(float(np.linalg.norm(centre)), 1e-9))
    chosen: list[int] = []
    nearest = np.zeros(len(vectors), dtype=np.float32)
    for _ in range(min(most, len(vectors))):
        worth = (1 - _DIVERSITY) * relevance - _DIVERSITY * nearest
        worth[chosen] = -np.inf
        best = int(worth.argmax())
        chosen.append(best)
        nearest = np.maximum(nearest, vectors @ vectors[best])
    return chosen
