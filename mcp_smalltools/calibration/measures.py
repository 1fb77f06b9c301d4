"""How well confidence fits: calibration error, and coverage at a precision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

_BINS: Final = 15


def with_confidence(
    confidence: Sequence[float | None], right: Sequence[bool]
) -> tuple[list[float], list[bool]]:
    """The answers that have a confidence, and whether each of them is right."""
    pairs = [(value, hit) for value, hit in zip(confidence, right, strict=True) if value is not None]
    return [value for value, _ in pairs], [hit for _, hit in pairs]


def expected_calibration_error(confidence: ArrayLike, right: ArrayLike) -> float:
    """Mean distance between promised and real accuracy over 15 equal-width bins, weighted by their size."""
    confidences, hits = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    if not len(confidences):
        return 0.0
    bin_of = np.minimum((confidences * _BINS).astype(np.int64), _BINS - 1)
    gaps = np.bincount(bin_of, confidences - hits, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(confidences))


def coverage_at(confidence: ArrayLike, right: ArrayLike, accuracy: float) -> tuple[float, float]:
    """The largest share of answers, surest first, that is right at least so often, and its lowest confidence.

    (0.0, 1.0) if no share is.
    """
    confidences, hits = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    order = np.argsort(-confidences, kind="stable")
    running = np.cumsum(hits[order]) / np.arange(1, len(order) + 1)
    ranked = confidences[order]
    # A cut may not fall between equal confidences: a threshold could not make it.
    last_of_equals = np.append(ranked[1:] != ranked[:-1], True)
    good = np.flatnonzero((running >= accuracy) & last_of_equals)
    if not len(good):
        return 0.0, 1.0
    return float((good[-1] + 1) / len(order)), float(ranked[good[-1]])
