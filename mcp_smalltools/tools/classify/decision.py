"""From scores to decisions: which label, how sure, and why not to rely on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.calibration.calibration import Calibration, Features
from mcp_smalltools.tools.classify.heads.arithmetic import log_odds
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

_OF_ITEM = ("top", "margin", "agreement", "similarity", "words", "labels")
_OF_CALL = ("mean_top", "mean_similarity", "mean_agreement", "evenness", "share", "density")
_BY_NAMES = (*_OF_ITEM, *_OF_CALL, "gap", "mean_gap", "known", "alike")
_BY_EXAMPLES = (*_OF_ITEM, *_OF_CALL, "support", "rank", "examples", "examples_right", "label_right")
_OF_FURTHER_LABEL = ("chance", "whole", "similarity", "first")
FEATURES: Features = {
    **{"fits_names": _BY_NAMES, "right_names": _BY_NAMES, "also_names": _OF_FURTHER_LABEL},
    "yes_question": ("similarity", "ahead", "best", "spread", "above", "near_and_above", "items"),
    **{"fits_examples": _BY_EXAMPLES, "right_examples": _BY_EXAMPLES, "also_examples": _OF_FURTHER_LABEL},
}
"""What the models are given: does any label fit, is the best one right, does a further one fit too,
and is the answer to a question yes."""


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
    probability: float | None = None  # of yes, where a question was asked
    distribution: tuple[float, ...] | None = None  # of each label, in the order of the columns

    @property
    def escalate(self) -> bool:
        return self.reason is not None


def features_of(scores: ItemScores, texts: Sequence[str]) -> dict[str, Column]:
    """The features for the calibration, each of shape (items,).

    Those of the whole call tell whether its labels say anything about its items at all.
    """
    best = scores.probabilities.argmax(axis=1)
    items, labels = scores.probabilities.shape
    ranked = np.sort(scores.probabilities, axis=1)
    second = ranked[:, -2] if labels > 1 else np.zeros(items)
    row = np.arange(items)
    shares = scores.probabilities.mean(axis=0).astype(np.float64)
    columns: dict[str, Column] = {
        "top": log_odds(ranked[:, -1]),
        "margin": np.log(ranked[:, -1] + 1e-6) - np.log(second + 1e-6),
        "agreement": np.asarray(scores.agreement[row, best], np.float64),
        "similarity": np.asarray(scores.similarity[row, best], np.float64),
        "words": np.log1p([len(text.split()) for text in texts]),
        "labels": np.full(items, np.log(labels)),
        "density": np.full(items, np.log1p(items / labels)),
        "evenness": np.full(items, -(shares * np.log(shares + 1e-9)).sum() / np.log(max(labels, 2))),
        "share": np.log(shares[best] * labels),
    }
    for name in ("top", "similarity", "agreement"):
        columns[f"mean_{name}"] = np.full(items, columns[name].mean())
    columns |= _of_names(scores, best) if scores.validation is None else _of_examples(scores, best)
    return {name: columns[name] for name in FEATURES[f"right_{scores.mode}"]}


def _of_names(scores: ItemScores, best: NDArray[np.intp]) -> dict[str, Column]:
    row = np.arange(len(best))
    others = scores.similarity.astype(np.float64)
    own = others[row, best].copy()
    others[row, best] = -1.0
    gap = own - others.max(axis=1)
    return {
        "gap": gap,
        "mean_gap": np.full(len(best), gap.mean()),
        "known": np.full(len(best), float(scores.known_names)),
        "alike": np.full(len(best), scores.names_alike),
    }


def _of_examples(scores: ItemScores, best: NDArray[np.intp]) -> dict[str, Column]:
    """How the examples did when each was left out. Shares are drawn to one half, or to the share of all."""
    found = scores.validation
    assert found is not None
    count, right = len(found.label), found.right
    items, labels = scores.probabilities.shape
    share = (right.sum() + 1) / (count + 2)
    answered = found.probabilities.argmax(axis=1)
    of_label = np.array(
        [(right[answered == k].sum() + 2 * share) / ((answered == k).sum() + 2) for k in range(labels)]
    )
    return {
        "support": np.asarray(scores.support, np.float64),
        "rank": log_odds((1 + (found.support[None, :] < scores.support[:, None]).sum(axis=1)) / (2 + count)),
        "examples": np.full(items, np.log(count / labels + 1)),
        "examples_right": np.full(items, log_odds(np.array([share]))[0]),
        "label_right": log_odds(of_label)[best],
    }


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


def add_distributions(decisions: Sequence[Decision], scores: ItemScores) -> list[Decision]:
    """The decisions with the probability of each label: the best one has the confidence, the others share the
    rest as the scores do. Where none of them fits, all share what is left of 1.
    """
    found = []
    for one, row in zip(decisions, scores.probabilities.astype(np.float64), strict=True):
        if one.label is None:
            shares = row * (1 - one.confidence)
        else:
            rest = np.delete(row, one.label) + 1e-9
            shares = np.insert(rest / rest.sum() * (1 - one.confidence), one.label, one.confidence)
            if len(row) == 1:
                shares = np.array([one.confidence])
        found.append(replace(one, distribution=tuple(shares.tolist())))
    return found


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
        "chance": log_odds(column(probability)),
        "whole": log_odds(column(whole.probabilities)),
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
    return OVERLAP if columns["margin"][row] < 1.0 else UNSURE
