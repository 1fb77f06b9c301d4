"""The calibration of a reader with a writer, from cases that both have read; and what they gain together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from mcp_smalltools.calibration.calibration import Calibration, Logistic
from mcp_smalltools.calibration.measures import coverage_at
from mcp_smalltools.calibration.qualification import PairFigures
from mcp_smalltools.evaluation.suites.extract import is_right
from mcp_smalltools.learning.writers.played import (
    JudgedObject,
    PlayedCase,
    features_together,
    judge_alone,
    judge_together,
)
from mcp_smalltools.tools.extract.confidence import FEATURES_OF_PAIR
from mcp_smalltools.tools.extract.writing.combine import OUTCOMES

FOLDS: Final = 5
SURE: Final = 0.96
"""Share of the objects above the threshold that has to be right, on cases that no model was fitted on."""
LEAST_SURE: Final = 12
"""Objects above the threshold, at least: fewer say nothing."""
MAY_LOSE: Final = 1 / 3
"""Share of what is sure and right alone that may become unsure: the reader's own calibration was fitted on
some of the cases, so that it is surer on them than it is elsewhere.
"""
NEVER: Final = 1.0
"""A threshold that nothing reaches."""
RIDGE: Final = 4.0
_SIGNS: Final[Mapping[str, Mapping[str, int]]] = {
    "agree": {"score": 1, "text": -1, "list": -1, "judged": -1, "page": 0, "required": 0},
    "reader_of_two": {"score": 1, "support": -1, "inside": -1, "around": 1, "page": 0, "text": 0},
    "writer_of_two": {"support": 1, "score": -1, "inside": 1, "around": -1, "near": 1, "said": 1, "page": 0},
    "reader_alone": {"score": 1, "margin": 1, "required": 1, "judged": -1, "page": 0, "text": -1},
    "writer_alone": {"support": 1, "required": 1, "near": 1, "said": 1, "text": -1, "number": 0},
    "held_back": {"text": 0, "number": 0},
    "neither": {"required": -1, "judged": 0, "page": 0},
}
"""Features that each model may weigh, and in which direction (0: in either)."""
_WHOLE: Final = {
    "product": 1,
    "worst": 1,
    "needed": -1,
    "unverified": -1,
    "fields": -1,
    "alone": 1,
    "alike": 1,
}


def fit_pair(played: Sequence[PlayedCase], encoder: str) -> Calibration:
    """Models fitted on all cases, with a threshold from cases that each model has not seen."""
    models = _fit_models(played)
    return Calibration(models, {"sure_from": _threshold(played)}, FEATURES_OF_PAIR, encoder)


def crossed(played: Sequence[PlayedCase], encoder: str) -> list[JudgedObject]:
    """Each case judged by models that were fitted on others; the threshold is that of all cases so judged."""
    limit = _threshold(played)
    judged: dict[int, JudgedObject] = {}
    for fold in range(FOLDS):
        models = _fit_models([item for number, item in enumerate(played) if number % FOLDS != fold])
        pair = Calibration(models, {"sure_from": limit}, FEATURES_OF_PAIR, encoder)
        judged |= {n: judge_together(item, pair) for n, item in enumerate(played) if n % FOLDS == fold}
    return [judged[number] for number in range(len(played))]


def alone(played: Sequence[PlayedCase]) -> list[JudgedObject]:
    return [judge_alone(item) for item in played]


def figures_of(judged: Sequence[JudgedObject]) -> PairFigures:
    sure = [item for item in judged if item.sure]
    return PairFigures(
        cases=len(judged),
        fields_right=_share(sum(i.fields_right for i in judged), sum(i.fields for i in judged)),
        whole=_share(sum(i.right for i in judged), len(judged)),
        made_up=_share(sum(i.made_up for i in judged), sum(i.absent for i in judged)),
        sure=_share(len(sure), len(judged)),
        right_of_sure=_share(sum(i.right for i in sure), len(sure)) if sure else None,
    )


def adds_right_answers(without: PairFigures, together: PairFigures) -> bool:
    """More objects are right, at no less certainty: what is sure is right as often, or in .95, and most of
    what was sure and right still is.
    """
    if together.whole <= without.whole or together.right_of_sure is None:
        return False
    certainty = min(0.95, without.right_of_sure if without.right_of_sure is not None else 0.95)
    before, after = without.sure * (without.right_of_sure or 0.0), together.sure * together.right_of_sure
    return together.right_of_sure >= certainty and after >= (1 - MAY_LOSE) * before


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0


def _fit_models(played: Sequence[PlayedCase]) -> dict[str, Logistic]:
    rows: dict[str, list[tuple[Mapping[str, float], bool]]] = {name: [] for name in OUTCOMES}
    for item in played:
        for name, ways in item.read.ways.items():
            accepted = {name: item.case.accepted[name]}
            for way in ways:
                value = way.chosen.value if way.chosen else None
                rows[way.outcome].append((way.features, is_right({name: value}, accepted)))
    models = {name: _fit(rows[name], _SIGNS[name]) for name in OUTCOMES}
    whole = [
        (features, judge_together(item, _pair_of(models)).right)
        for item in played
        if (features := features_together(item, models)) is not None
    ]
    return {**models, "whole": _fit(whole, _WHOLE)}


def _pair_of(models: Mapping[str, Logistic]) -> Calibration:
    """To judge by before the model of whole objects is there."""
    unknown = Logistic({}, 0.0)
    return Calibration({"whole": unknown, **models}, {"sure_from": NEVER}, FEATURES_OF_PAIR)


def _fit(rows: Sequence[tuple[Mapping[str, float], bool]], signs: Mapping[str, int]) -> Logistic:
    """Of rows that are all right or all wrong, or few, only their share (Laplace's estimate)."""
    right = [right for _, right in rows]
    if len(rows) < 2 * len(signs) or min(sum(right), len(right) - sum(right)) < 3:
        share = (sum(right) + 1) / (len(right) + 2)
        return Logistic({}, float(np.log(share / (1 - share))))
    columns: dict[str, Any] = {name: np.array([features[name] for features, _ in rows]) for name in signs}
    directed = {name: sign for name, sign in signs.items() if sign}
    return Logistic.fit(columns, right, signs=directed, ridge=RIDGE)


def _threshold(played: Sequence[PlayedCase]) -> float:
    """The confidence from which on SURE are right, of cases that the models were not fitted on."""
    chance, right = [], []
    for fold in range(FOLDS):
        models = _fit_models([item for number, item in enumerate(played) if number % FOLDS != fold])
        for item in played[fold::FOLDS]:
            features = features_together(item, models)
            if features is not None:
                chance.append(float(models["whole"](features)[0]))
                right.append(judge_together(item, _pair_of(models)).right)
    coverage, limit = coverage_at(np.array(chance), np.array(right), SURE)
    return round(float(limit), 3) if coverage * len(chance) >= LEAST_SURE else NEVER
