"""One answer of several heads: a weighted sum of their log-probabilities, weighted by cross-validation.

The weights are those under which the caller's own examples, each scored by heads that were fitted without
it, are likeliest (stacking, Wolpert 1992, with log-probabilities in place of predictions); they are drawn to
weights that were good on many tasks, the more so the fewer examples there are.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.tools.classify.heads.arithmetic import Matrix, log_softmax

USUAL_WEIGHTS: Mapping[str, float] = {
    "both": 0.45,
    "pulled": 0.07,
    "near": 0.3,
    "regression": 0.68,
    "words": 0.2,
}
"""Weights that are best on the mean of many real tasks (models/LOG.md), by the name of the head."""
HOLD = 10.0
"""Weight of the squared distance from USUAL_WEIGHTS, in log-likelihood of examples."""
_ROUNDS = 40
_SMALLEST_STEP = 1e-3

Weights = NDArray[np.float64]


def mix(heads: Mapping[str, Matrix], weights: Mapping[str, float] = USUAL_WEIGHTS) -> Matrix:
    """Log-probabilities of the mixture, of the shape of each head's (items, labels)."""
    return log_softmax(sum(np.float32(weights[name]) * scores for name, scores in heads.items()))  # type: ignore[arg-type]


def fit_weights(held_out: Mapping[str, Matrix], column: NDArray[np.int64]) -> dict[str, float]:
    """Weights of the heads, none below 0. `held_out` are log-probabilities (examples, labels) of examples
    that the heads did not see, `column` their labels.

    Projected Newton steps, halved until they help.
    """
    names = list(held_out)
    table = np.stack([np.asarray(held_out[name], np.float64) for name in names])
    usual = np.array([USUAL_WEIGHTS[name] for name in names])
    weights, loss = usual.copy(), _loss(usual, table, column, usual)
    for _ in range(_ROUNDS):
        step = _newton_step(weights, table, column, usual)
        size = 1.0
        while size > _SMALLEST_STEP:
            tried = np.maximum(weights - size * step, 0)
            new = _loss(tried, table, column, usual)
            if new < loss:
                break
            size /= 2
        else:
            break
        gain, weights, loss = loss - new, tried, new
        if gain < 1e-5 * len(column):
            break
    return dict(zip(names, weights.tolist(), strict=True))


def _log_probabilities(weights: Weights, table: Weights) -> Weights:
    scores = np.einsum("h,hnl->nl", weights, table)
    scores -= scores.max(axis=1, keepdims=True)
    return np.asarray(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))


def _loss(weights: Weights, table: Weights, column: NDArray[np.int64], usual: Weights) -> float:
    likely = _log_probabilities(weights, table)[np.arange(len(column)), column]
    return float(HOLD * ((weights - usual) ** 2).sum() - likely.sum())


def _newton_step(weights: Weights, table: Weights, column: NDArray[np.int64], usual: Weights) -> Weights:
    probability = np.exp(_log_probabilities(weights, table))
    mean = np.einsum("nl,hnl->hn", probability, table)
    true = table[:, np.arange(len(column)), column]
    gradient = (mean - true).sum(axis=1) + 2 * HOLD * (weights - usual)
    spread = np.einsum("nl,hnl,knl->hk", probability, table, table) - mean @ mean.T
    curvature = spread + 2 * HOLD * np.eye(len(weights))
    free = (weights > 0) | (gradient < 0)
    step = np.zeros_like(weights)
    step[free] = np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
    return step
