"""Heads that are fitted on examples: kernel ridge regression and softmax regression."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.tools.classify.heads.arithmetic import Matrix, log_softmax, one_hot, softmax

KERNEL_SHARPNESS = 2.0
"""How fast the kernel falls with the distance of two vectors: exp(sharpness x (cosine - 1))."""
RIDGE = 0.3
"""Added to the kernel's diagonal: how far the fit may miss an example."""
PENALTY = 0.1
"""Of the squared weights of softmax regression."""
STEPS = 30
NAME_COUNT = 0.5
"""A label's name counts as so much of an example in softmax regression."""


def meaning(left: Matrix, right: Matrix) -> Matrix:
    """The kernel of two sets of unit vectors."""
    return np.asarray(np.exp(KERNEL_SHARPNESS * (left @ right.T - 1)), np.float32)


def ridge_scores(known: Matrix, asked: Matrix, target: Matrix) -> Matrix:
    """Kernel ridge regression. `known` (texts, texts) and `asked` (items, texts) are kernels, `target`
    (texts, labels) what the known texts should give; scores of shape (items, labels).
    """
    weights = np.linalg.solve(known + RIDGE * np.eye(len(known), dtype=np.float32), target)
    return np.asarray(asked @ weights, np.float32)


def softmax_regression(known: Matrix, column: NDArray[np.int64], names: Matrix, items: Matrix) -> Matrix:
    """Log-probabilities (items, labels) by multinomial logistic regression on vectors around their mean.

    By the fixed bound of the curvature (Böhning 1992), so each step is one product with a matrix that is
    inverted once.
    """
    labels, middle = len(names), known.mean(axis=0)

    def design(vectors: Matrix) -> Matrix:
        return np.hstack([vectors - middle, np.full((len(vectors), 1), 0.5)]).astype(np.float32)

    rows = design(np.vstack([known, names]))
    target = np.vstack([one_hot(column, labels), NAME_COUNT * np.eye(labels, dtype=np.float32)])
    curvature = 0.5 * rows.T @ rows + PENALTY * np.eye(rows.shape[1], dtype=np.float32)
    step = np.linalg.inv(curvature)
    count = target.sum(axis=1, keepdims=True)
    weights = np.zeros((rows.shape[1], labels), np.float32)
    for _ in range(STEPS):
        gradient = rows.T @ (target - count * softmax(rows @ weights)) - PENALTY * weights
        weights += step @ gradient
    return log_softmax(design(items) @ weights)
