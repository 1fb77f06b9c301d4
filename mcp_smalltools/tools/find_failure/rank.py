"""The lines of a log ranked: probabilities of each, spans of evidence, and how sure the first is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.calibration.calibration import load_calibration
from mcp_smalltools.tools.find_failure.features import feature_names, features_of
from mcp_smalltools.tools.find_failure.learned_lines import LearnedLines
from mcp_smalltools.tools.find_failure.lines import Baseline, LogLines
from mcp_smalltools.tools.find_failure.spans import EvidenceSpan, evidence_spans
from mcp_smalltools.tools.find_failure.trees import LineProbabilities, load_ranker
from mcp_smalltools.tools.find_failure.verdict import FEATURES, cause_features, failure_features

_LEARNED = 0.97
"""Probability of a line that is like one which said why in other logs of the user's."""


@dataclass(frozen=True, slots=True)
class RankedLog:
    """What was found of a log.

    `spans` are all spans of evidence, the likeliest cause first. `failed` is the probability that the run
    failed at all, `sure` the one that the first span holds the cause. `learned` is the version of what was
    learned from corrections, where the first span is there because of it.
    """

    probabilities: LineProbabilities
    spans: list[EvidenceSpan]
    new: NDArray[np.bool_] | None
    failed: float
    sure: float
    learned: int | None = None


def put_first(spans: Sequence[EvidenceSpan], marked: NDArray[np.bool_]) -> list[EvidenceSpan]:
    """The marked lines first, each as a span; what is left of the others around their main lines."""
    places = [int(place) for place in np.flatnonzero(marked)]
    others = []
    for span in spans:
        if marked[span.peak]:
            continue
        start = max((place + 1 for place in places if span.start <= place < span.peak), default=span.start)
        stop = min((place for place in places if span.peak < place < span.stop), default=span.stop)
        others.append(replace(span, start=start, stop=stop))
    return [*(EvidenceSpan(place, place + 1, place, _LEARNED) for place in places), *others]


def rank(log: LogLines, baseline: Baseline | None, learned: LearnedLines | None = None) -> RankedLog:
    """Judge the lines. Needs no file and no engine. What was learned orders the evidence; it takes no part in
    whether the run failed.
    """
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
    ranked = RankedLog(probabilities, spans, new, failed, sure)
    return _with_learned(log, ranked, learned) if learned and log.contents else ranked


def _with_learned(log: LogLines, ranked: RankedLog, learned: LearnedLines) -> RankedLog:
    """The spans with what is like a learned line first. A line that a passing log has too says nothing."""
    marked = learned.mark(log)
    if ranked.new is not None:
        marked &= ranked.new
    if not marked.any():
        return ranked
    same = bool(ranked.spans) and bool(marked[ranked.spans[0].peak])
    sure = max(ranked.sure, learned.confidence) if same else learned.confidence
    return replace(ranked, spans=put_first(ranked.spans, marked), sure=sure, learned=learned.version)
