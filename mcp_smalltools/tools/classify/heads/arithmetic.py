"""Small arithmetic on matrices of vectors and scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

CENTRE_WEIGHT = 10.0
"""The mean of the names counts as this many items in the centre of a call."""


def unit(vectors: Matrix) -> Matrix:
    """Rows scaled to length 1."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), np.float32)


def softmax(scores: Matrix) -> Matrix:
    """Rows as probabilities."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def log_softmax(scores: Matrix) -> Matrix:
    """Logarithms of the rows as probabilities."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), np.float32)


def log_odds(probability: NDArray[np.floating]) -> NDArray[np.float64]:
    """On the scale of logarithms of odds, kept within those of 1e-4 and 1 - 1e-4."""
    clipped = np.clip(np.asarray(probability, np.float64), 1e-4, 1 - 1e-4)
    return np.asarray(np.log(clipped / (1 - clipped)))


def one_hot(column: NDArray[np.int64], width: int) -> Matrix:
    """A row for each number, 1 in its column."""
    return np.eye(width, dtype=np.float32)[column]


def centred(vectors: Matrix) -> Matrix:
    """Unit vectors without their mean, where there are more than two."""
    scaled = unit(vectors)
    return unit(scaled - scaled.mean(axis=0)) if len(scaled) > 2 else scaled


def centre_of(items: Matrix, names: Matrix) -> Matrix:
    """The mean of the items, drawn to that of the names while there are few items."""
    total = items.sum(axis=0) + CENTRE_WEIGHT * names.mean(axis=0)
    return np.asarray(total / (len(items) + CENTRE_WEIGHT), np.float32)
