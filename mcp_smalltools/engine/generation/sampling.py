"""From logits to a token: greedy, or by temperature, top-k, top-p and min-p; with or without a constraint."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.engine.api import Sampling
from mcp_smalltools.engine.generation.constraint import Constraint

Logits = NDArray[np.float32]


def log_probability(logits: Logits, token: int) -> float:
    """Natural-log probability of a token under the model's own distribution."""
    top = float(logits.max())
    return float(logits[token]) - top - float(np.log(np.exp(logits - top).sum(dtype=np.float64)))


class Sampler:
    """Chooses the tokens of one answer. The same seed gives the same choices."""

    def __init__(self, sampling: Sampling, constraint: Constraint | None = None) -> None:
        self._sampling = sampling
        self._random = np.random.default_rng(sampling.seed)
        self._constraint = constraint

    def choose(self, logits: Logits, written: Sequence[int]) -> int:
        """The next token. `logits` has shape (vocabulary,) and is left as it is.

        Under a constraint the free choice is tried first, and the mask over the whole vocabulary is
        computed only if that token is refused: a model that has learned its format hardly ever is.
        """
        if self._sampling.repeat_penalty != 1.0 and written:
            logits = self._penalised(logits, written)
        token = self._pick(logits)
        if self._constraint is None or self._constraint.take(token):
            return token
        token = self._pick(np.where(self._constraint.allowed(), logits, -np.inf).astype(np.float32))
        self._constraint.take(token)
        return token

    def _pick(self, logits: Logits) -> int:
        settings = self._sampling
        if settings.temperature <= 0:
            return int(logits.argmax())
        k = min(settings.top_k or len(logits), len(logits))
        best = np.argpartition(logits, -k)[-k:]
        best = best[np.argsort(-logits[best], kind="stable")]
        weights = np.exp((logits[best] - logits[best[0]]).astype(np.float64) / settings.temperature)
        weights /= weights.sum()
        # top-p keeps the likeliest tokens that add up to p; min-p drops those far less likely than the best
        keep = (np.cumsum(weights) - weights < settings.top_p) & (weights >= settings.min_p * weights[0])
        keep[0] = True
        weights = np.where(keep, weights, 0.0)
        return int(best[self._random.choice(len(best), p=weights / weights.sum())])

    def _penalised(self, logits: Logits, written: Sequence[int]) -> Logits:
        """Repetition penalty of CTRL (Keskar et al., 2019)."""
        out = logits.copy()
        seen = np.unique(np.asarray(written[-256:], dtype=np.int64))
        values = out[seen]
        penalty = np.float32(self._sampling.repeat_penalty)
        out[seen] = np.where(values > 0, values / penalty, values * penalty)
        return out
