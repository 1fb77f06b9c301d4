"""The lines of a log ranked: chances of each, pieces of evidence, and how sure the first is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.calibration.calibration import load_calibration
from mcp_smalltools.tools.find_failure.features import feature_names, features_of
from mcp_smalltools.tools.find_failure.lines import Baseline, LogLines
from mcp_smalltools.tools.find_failure.spans import Piece, pieces_of
from mcp_smalltools.tools.find_failure.trees import Chances, load_ranker
from mcp_smalltools.tools.find_failure.verdict import FEATURES, cause_features, failure_features


@dataclass(frozen=True, slots=True)
class Ranked:
    """Chances of the lines that are looked at, and what was chosen of them: `pieces` all, the likeliest cause
    first.
    """

    chances: Chances
    pieces: list[Piece]
    new: NDArray[np.bool_] | None
    failed: float
    sure: float


def rank(log: LogLines, baseline: Baseline | None) -> Ranked:
    """Judge the lines. Needs no file and no engine."""
    calibration = load_calibration("find_failure", FEATURES)
    table = features_of(log, baseline)
    chances = load_ranker(tuple(feature_names()))(table)
    cut = calibration.constants["evidence_compared" if baseline else "evidence_alone"]
    pieces = pieces_of(chances, table, log.numbers, cut)
    failed = float(calibration.models["failed"](failure_features(table, chances))[0])
    sure = 0.0
    if pieces:
        found = cause_features(pieces, chances, compared=baseline is not None, total=log.total)
        sure = float(calibration.models["cause"](found)[0])
    new = table[:, feature_names().index("new")] > 0 if baseline is not None else None
    return Ranked(chances, pieces, new, failed, sure)
