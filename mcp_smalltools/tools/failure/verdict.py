"""Did the run fail at all, and does the first piece hold its cause: both as calibrated chances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.tools.failure.features import feature_names

if TYPE_CHECKING:
    from mcp_smalltools.tools.failure.spans import Piece
    from mcp_smalltools.tools.failure.trees import Chances

_COLUMN = {name: number for number, name in enumerate(feature_names())}
_END = 40
"""Lines at the end in which a run says how it went."""


def failure_features(table: NDArray[np.float32], chances: Chances) -> Mapping[str, float]:
    """What tells a failed run from a passed one."""
    evidence, cause = chances.evidence, chances.cause
    best = np.sort(evidence)[::-1][:5]
    end = table[-_END:]

    def seen(name: str, where: NDArray[np.float32] = table) -> float:
        return float(where[:, _COLUMN[name]].max()) if len(where) else 0.0

    return {
        "best": float(_logit(best[:1].mean())) if len(best) else -6.0,
        "best five": float(_logit(best.mean())) if len(best) else -6.0,
        "best cause": float(_logit(cause.max())) if len(cause) else -6.0,
        "failed at the end": seen("failed status", end),
        "exit at the end": seen("exit status", end),
        "marked by the CI": seen("marked by the CI", end),
        "some failed at the end": seen("some failed", end),
        "good at the end": float(end[:, _COLUMN["good status"]].mean()) if len(end) else 0.0,
    }


def cause_features(
    pieces: Sequence[Piece], chances: Chances, *, compared: bool, total: int
) -> Mapping[str, float]:
    """What tells a first piece that holds the cause from one that doesn't."""
    first = pieces[0]
    second = pieces[1].cause if len(pieces) > 1 else 0.0
    return {
        "cause": float(_logit(first.cause)),
        "evidence": float(_logit(chances.evidence[first.start : first.stop].max())),
        "margin": first.cause - second,
        "pieces": float(np.log1p(len(pieces))),
        "compared": float(compared),
        "lines": float(np.log1p(total)),
    }


def _logit(chance: float | np.floating) -> float:
    bounded = min(max(float(chance), 0.002), 0.998)
    return float(np.log(bounded / (1 - bounded)))
