"""From scores to decisions: which label, how sure, and why not to rely on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.calibration.calibration import Calibration, Features
from mcp_smalltools.tools.classify.scoring import ItemScores

OVERLAP = "labels overlap"
NO_FIT = "no label fits"
MAY_NOT_FIT = "maybe no label fits"
LITTLE_TEXT = "too little text"
UNSURE = "not sure enough"
UNMEASURED = "no confidence was measured for this encoder"

MAX_LABELS_PER_ITEM = 6
"""The most labels that one item may get."""

Column = NDArray[np.float64]

_BY_NAMES = (
    *("direct", "refined", "pulled", "agree", "margin", "similarity", "support"),
    *("labels", "density", "words"),
)
_BY_EXAMPLES = (*_BY_NAMES, "examples_right", "examples", "rank")
_OF_FURTHER_LABEL = ("chance", "whole", "similarity", "first")
FEATURES: Features = {
    **{"fits_names": _BY_NAMES, "right_names": _BY_NAMES, "also_names": _OF_FURTHER_LABEL},
    **{"fits_examples": _BY_EXAMPLES, "right_examples": _BY_EXAMPLES, "also_examples": _OF_FURTHER_LABEL},
}
"""What the models are given: does any label fit, is the best one right, does a further one fit too."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`label` and `runner_up` are columns of the scores.

    `label` None: none of them fits, and `runner_up` is the closest one.
    """

    label: int | None
    runner_up: int | None
    confidence: float
    reason: str | None  # None: the answer can be relied on
    labels: tuple[int, ...] | None = None  # where several may fit: all that do, the best first

    @property
    def escalate(self) -> bool:
        return self.reason is not None


def features_of(scores: ItemScores, texts: Sequence[str]) -> dict[str, Column]:
    """The features for the calibration, each of shape (items,). Larger is surer, except for `labels`."""
    best = scores.probabilities.argmax(axis=1)
    items, labels = scores.probabilities.shape
    ranked = np.sort(scores.direct, axis=1)
    second = ranked[:, -2] if labels > 1 else np.zeros(items)
    row = np.arange(items)
    columns: dict[str, Column] = {
        "direct": _log_odds(scores.direct[row, best]),
        "refined": _log_odds(scores.probabilities[row, best]),
        "pulled": _log_odds(scores.pulled[row, best]),
        "agree": (scores.direct.argmax(axis=1) == best).astype(np.float64),
        "margin": np.asarray(ranked[:, -1] - second, np.float64),
        "similarity": np.asarray(scores.similarity[row, best], np.float64),
        "support": np.asarray(scores.support, np.float64),
        "labels": np.full(items, np.log(labels)),
        "density": np.full(items, np.log1p(items / labels)),
        "words": np.log1p([len(text.split()) for text in texts]),
    }
    if scores.left_out is not None:
        typical = scores.left_out.support
        right = int(scores.left_out.right.sum())
        columns["examples_right"] = np.full(items, np.log((right + 1) / (len(typical) - right + 1)))
        columns["examples"] = np.full(items, np.log(len(typical) / labels + 1))
        columns["rank"] = _log_odds(
            (1 + (typical[None, :] < scores.support[:, None]).sum(axis=1)) / (2 + len(typical))
        )
    return columns


def decide(scores: ItemScores, texts: Sequence[str], calibration: Calibration) -> list[Decision]:
    """One decision for each row of the scores."""
    mode = scores.mode
    columns = features_of(scores, texts)
    fits = calibration.models[f"fits_{mode}"](columns)
    right = calibration.models[f"right_{mode}"](columns)
    limits = calibration.constants
    order = np.argsort(-scores.probabilities, axis=1, kind="stable")[:, :2]
    decisions = []
    for row, ranked in enumerate(order.tolist()):
        best, second = ranked[0], ranked[1] if len(ranked) > 1 else None
        if fits[row] < limits[f"fits_below_{mode}"]:
            decisions.append(Decision(None, best, float(1 - fits[row]), NO_FIT))
            continue
        confidence = float(right[row])
        sure = confidence >= limits[f"sure_from_{mode}"]
        reason = None if sure else _reason_of(row, columns, confidence, float(fits[row]))
        decisions.append(Decision(best, second, confidence, reason))
    return decisions


@dataclass(frozen=True, slots=True)
class LabelCandidates:
    """Labels that an item may have: `candidates` (items, at most MAX_SEVERAL), columns of the scores, the
    likeliest first, and their features, each of the same shape.
    """

    candidates: NDArray[np.intp]
    features: dict[str, Column]


def label_candidates(
    whole: ItemScores, parts: ItemScores | None, parts_of: Sequence[Sequence[int]]
) -> LabelCandidates:
    """Features of the likeliest labels, in the whole text or in its best clause.

    `parts` are scores of the clauses, `parts_of` the rows of each item in them.
    """
    probability, similarity = whole.probabilities.copy(), whole.similarity.copy()
    first = whole.probabilities == whole.probabilities.max(axis=1, keepdims=True)
    for row, rows in enumerate(parts_of if parts is not None else ()):
        if rows and parts is not None:
            inside = parts.probabilities[list(rows)]
            probability[row] = np.maximum(probability[row], inside.max(axis=0))
            similarity[row] = np.maximum(similarity[row], parts.similarity[list(rows)].max(axis=0))
            first[row] |= (inside == inside.max(axis=1, keepdims=True)).any(axis=0)
    # The best label of the whole text stays in front: it is the one label that the answer gives.
    ranked = (
        probability
        + whole.probabilities
        + (whole.probabilities == whole.probabilities.max(axis=1, keepdims=True)) * 4
    )
    candidates = np.argsort(-ranked, axis=1, kind="stable")[:, :MAX_LABELS_PER_ITEM]

    def column(table: NDArray[Any]) -> Column:
        return np.asarray(np.take_along_axis(table, candidates, axis=1), np.float64)

    columns = {
        "chance": _log_odds(column(probability)),
        "whole": _log_odds(column(whole.probabilities)),
        "similarity": column(similarity),
        "first": column(first),
    }
    return LabelCandidates(candidates, columns)


def add_further_labels(
    decisions: Sequence[Decision],
    whole: ItemScores,
    parts: ItemScores | None,
    parts_of: Sequence[Sequence[int]],
    calibration: Calibration,
) -> list[Decision]:
    """The decisions with all labels that fit; none where no label does."""
    chosen = choose_labels(label_candidates(whole, parts, parts_of), whole.mode, calibration)
    return [
        replace(one, labels=() if one.label is None else tuple(labels))
        for one, labels in zip(decisions, chosen, strict=True)
    ]


def choose_labels(found: LabelCandidates, mode: str, calibration: Calibration) -> list[list[int]]:
    """All labels of each item that are likely enough, the best label of the whole text first."""
    shape = found.candidates.shape
    flat = {name: column.ravel() for name, column in found.features.items()}
    likely = calibration.models[f"also_{mode}"](flat).reshape(shape)
    taken = likely >= calibration.constants[f"also_from_{mode}"]
    taken[:, 0] = True
    return [row[keep].tolist() for row, keep in zip(found.candidates, taken, strict=True)]


def _reason_of(row: int, columns: Mapping[str, Column], right: float, fits: float) -> str:
    """Where the doubt comes from. `right` and `fits` are probabilities: of this label, and of any."""
    if columns["words"][row] <= np.log1p(1):
        return LITTLE_TEXT
    if 1 - fits > fits - right:  # of the two other ways to be wrong, the likelier one
        return MAY_NOT_FIT
    return OVERLAP if columns["margin"][row] < 0.3 else UNSURE


def _log_odds(probability: NDArray[np.floating]) -> Column:
    clipped = np.clip(np.asarray(probability, np.float64), 1e-4, 1 - 1e-4)
    return np.asarray(np.log(clipped / (1 - clipped)))
