"""Weights by which the right candidate of each question comes first, with the shipped order as a start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEPS: Final = 60
_ENOUGH: Final = 1e-7
_LEAST_SPREAD: Final = 0.02
"""Of a column that tells candidates apart: one that hardly varies gets hardly a weight."""


@dataclass(frozen=True, slots=True)
class AskedChoice:
    """The candidates of one question: `start` their log odds before, shape (candidates,); `columns` their
    features, (candidates, features); `right` which of them answer, (candidates,).
    """

    start: Floats
    columns: Floats
    right: NDArray[np.bool_]


def fit_weights(choices: Sequence[AskedChoice], ridge: float) -> Floats:
    """The weights that make the right ones likeliest, shape (features,): a softmax over each question's
    candidates (as in ListNet, Cao et al. 2007), drawn to 0, which is the order before.

    By Newton's method with the curvature of the candidates' spread, which is never negative; a step that is
    too long is halved. Columns are scaled by their spread, so that one `ridge` fits all.
    """
    width = choices[0].columns.shape[1]
    spread = np.concatenate([choice.columns for choice in choices]).std(axis=0)
    spread[spread < _LEAST_SPREAD] = 1.0
    scaled = [AskedChoice(one.start, one.columns / spread, one.right) for one in choices if one.right.any()]
    weights = np.zeros(width)
    loss = _loss(scaled, weights, ridge)
    for _ in range(_STEPS):
        slope, curvature = _slope(scaled, weights, ridge)
        step = np.linalg.solve(curvature, slope)
        length = 1.0
        while length > 1e-3 and _loss(scaled, weights - length * step, ridge) > loss:
            length /= 2
        weights = weights - length * step
        before, loss = loss, _loss(scaled, weights, ridge)
        if before - loss < _ENOUGH * max(1.0, abs(before)):
            break
    return np.asarray(weights / spread)


def mean_loss(choices: Sequence[AskedChoice], weights: Floats) -> float:
    """How unlikely the right ones are, in nats, as a mean over the questions that have one."""
    asked = [one for one in choices if one.right.any()]
    return _loss(asked, weights, 0.0) / max(1, len(asked))


def _shares(choice: AskedChoice, weights: Floats) -> Floats:
    scores = choice.start + choice.columns @ weights
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())


def _loss(choices: Sequence[AskedChoice], weights: Floats, ridge: float) -> float:
    shares = (float(_shares(one, weights)[one.right].sum()) for one in choices)
    return -sum(float(np.log(max(share, 1e-12))) for share in shares) + ridge / 2 * float(weights @ weights)


def _slope(choices: Sequence[AskedChoice], weights: Floats, ridge: float) -> tuple[Floats, Floats]:
    slope, curvature = ridge * weights, ridge * np.eye(len(weights))
    for one in choices:
        shares = _shares(one, weights)
        wanted = np.where(one.right, shares, 0.0)
        wanted /= max(float(wanted.sum()), 1e-12)
        slope = slope + one.columns.T @ (shares - wanted)
        middle = shares @ one.columns
        curvature = curvature + (one.columns.T * shares) @ one.columns - np.outer(middle, middle)
    return slope, curvature
