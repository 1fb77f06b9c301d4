"""A question in place of labels: yes or no for each item, and how likely yes is.

Without examples an encoder can say which items are nearest to what is asked, not whether the answer is yes:
the probability is calibrated, so that the items are ranked, and hardly any is sure. Examples of yes and no
make it a task with labels like any other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcp_smalltools.calibration.calibration import Calibration
from mcp_smalltools.tools.classify.decision import Column, Decision, decide
from mcp_smalltools.tools.classify.heads.arithmetic import Matrix
from mcp_smalltools.tools.classify.labels import NO, YES, LabelSet
from mcp_smalltools.tools.classify.scoring import ItemScores

NEARNESS_ALONE = "only how near it is to the question is known: give examples of yes and no"
_SPREAD = 0.05
"""Added to the spread of similarities: in a call of equals nothing stands out."""
_FEW = 10.0
"""With so many items their mean and spread count for half."""


def question_features(items: Matrix, asked: Matrix) -> dict[str, Column]:
    """Of unit vectors of the items and of the question (dim,): how near each is, alone and among all."""
    near = np.asarray(items @ asked, np.float64)
    count = len(near)
    spread = near.std()
    above = (near - near.mean()) / (spread + _SPREAD) * (count / (count + _FEW)) ** 0.5
    return {
        "similarity": near,
        "ahead": near - near.max(),
        "best": np.full(count, near.max()),
        "spread": np.full(count, spread * (count / (count + _FEW)) ** 0.5),
        "above": above,
        "near_and_above": near * above,
        "items": np.full(count, np.log1p(count)),
    }


def answer_by_nearness(
    items: Matrix, names: Matrix, labels: LabelSet, calibration: Calibration
) -> list[Decision]:
    """Yes or no without examples. `names` are vectors of the labels, in their order."""
    yes, no = labels.names.index(YES), labels.names.index(NO)
    likely = calibration.models["yes_question"](question_features(items, names[yes]))
    decisions = []
    for probability in likely.tolist():
        best, second = (yes, no) if probability >= 0.5 else (no, yes)
        confidence = max(probability, 1 - probability)
        sure = confidence >= calibration.constants[f"sure_from_{labels.names[best]}"]
        decisions.append(
            Decision(best, second, confidence, None if sure else NEARNESS_ALONE, probability=probability)
        )
    return decisions


def answer_by_examples(
    scores: ItemScores, texts: Sequence[str], labels: LabelSet, calibration: Calibration
) -> list[Decision]:
    """Yes or no by examples of both. An item that is like neither is a "no" that isn't sure."""
    yes, no = labels.names.index(YES), labels.names.index(NO)
    decisions = []
    for one in decide(scores, texts, calibration):
        if one.label is None:
            likely = min(0.5, float(1 - one.confidence))
            decisions.append(Decision(no, yes, 1 - likely, one.reason, probability=likely))
            continue
        likely = one.confidence if one.label == yes else 1 - one.confidence
        decisions.append(Decision(one.label, one.runner_up, one.confidence, one.reason, probability=likely))
    return decisions
