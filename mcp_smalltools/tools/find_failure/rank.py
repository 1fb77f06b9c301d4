"""The lines of a log ranked: probabilities of each, spans of evidence, and how sure the first is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.calibration.calibration import load_calibration
from mcp_smalltools.tools.find_failure.features import feature_names, features_of
from mcp_smalltools.tools.find_failure.lines import Baseline, LogLines
from mcp_smalltools.tools.find_failure.spans import EvidenceSpan, evidence_spans
from mcp_smalltools.tools.find_failure.trees import LineProbabilities, load_ranker
from mcp_smalltools.tools.find_failure.verdict import FEATURES, cause_features, failure_features


@dataclass(frozen=True, slots=True)
class RankedLog:
    """What was found of a log.

    `spans` are all spans of evidence, the likeliest cause first. `failed` is the probability that the run
    failed at all, `sure` the one that the first span holds the cause.
    """

    probabilities: LineProbabilities
    spans: list[EvidenceSpan]
    new: NDArray[np.bool_] | None
    failed: float
    sure: float


def rank(log: LogLines, baseline: Baseline | None) -> RankedLog:
    """Judge the lines. Needs no file and no engine."""
    calibration = load_calibration("find_failure", FEATURES)
    table = features_of(log, baseline)
    probabilities = load_ranker(tuple(feature_names()))(table)
    cut = calibration.constants["evidence_compared" if baseline else "evidence_alone"]
    spans = evidence_spans(probabilities, table, log.numbers, cut)
    failed = float(calibration.models["failed"](failure_features(table, probabilities))[0])
    sure = 0.0
    if spans:
        found = cause_features(spans, probabilities, compared=baseline is not None, total=log.total)
        sure = float(calibration.models["cause"](found)[0])
    new = table[:, feature_names().index("new")] > 0 if baseline is not None else None
    return RankedLog(probabilities, spans, new, failed, sure)
