"""What the other items of a call say about an item: they pull labels, and share with their neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.tools.classify.heads.arithmetic import Matrix, centred, softmax, unit

ROUNDS = 10
"""Rounds of sharing between neighbours, and of pulling labels where there are examples."""
TEMPERATURE = 0.05
"""By which cosines are divided before the softmax."""
NEIGHBOURS = 8
"""Nearest items with which an item shares its probabilities."""
_CHUNK = 1024
"""Items whose similarities to all are held at once."""
OWN_WEIGHT = 2.0
"""An item's own scores count as this many identical neighbours."""


def pull_labels(
    items: Matrix,
    around: Matrix,
    base: Matrix,
    probabilities: Matrix,
    *,
    head: Matrix | None = None,
    rounds: int = ROUNDS,
) -> Matrix:
    """Rounds of: label vectors from `base` and the items that they win, then probabilities from the label
    vectors (soft k-means that starts at `base` and never forgets it).

    `items` (items, dim) as they are, `around` the same around the centre of the call. `head` are scores of
    another kind, which are added in every round.
    """
    fixed = np.float32(0) if head is None else head
    for _ in range(rounds):
        label_vectors = unit(base + probabilities.T @ items)
        probabilities = softmax(fixed + around @ centred(label_vectors).T / TEMPERATURE)
    return probabilities


def propagate(around: Matrix, own: Matrix) -> Matrix:
    """Rounds of: an item's probabilities from its own and those of its nearest items, by their similarity
    (label propagation, Zhu and Ghahramani 2002).
    """
    neighbour, weight = _nearest_items(around)
    total = OWN_WEIGHT + weight.sum(axis=1, keepdims=True)
    probabilities = own
    for _ in range(ROUNDS):
        shared = np.einsum("ik,ikl->il", weight, probabilities[neighbour])
        probabilities = (OWN_WEIGHT * own + shared) / total
    return np.asarray(probabilities, np.float32)


def _nearest_items(around: Matrix) -> tuple[NDArray[np.intp], Matrix]:
    """The nearest items of each, and their weights: both of shape (items, at most NEIGHBOURS)."""
    size = min(NEIGHBOURS, len(around) - 1)
    nearest, weights = [], []
    for start in range(0, len(around), _CHUNK):
        closeness = around[start : start + _CHUNK] @ around.T
        rows = np.arange(len(closeness))
        closeness[rows, start + rows] = -1.0
        best = (
            np.argsort(-closeness, axis=1, kind="stable")[:, :size] if size else np.zeros((len(rows), 0), int)
        )
        nearest.append(best)
        weights.append(np.maximum(np.take_along_axis(closeness, best, axis=1), 0) ** 4)
    return np.vstack(nearest), np.vstack(weights)
