"""Did the run fail at all, and does the first span hold its cause: both as calibrated probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.calibration.calibration import Features
from mcp_smalltools.tools.find_failure.features import feature_names, is_telling

if TYPE_CHECKING:
    from mcp_smalltools.tools.find_failure.spans import EvidenceSpan
    from mcp_smalltools.tools.find_failure.trees import LineProbabilities

_COLUMN = {name: number for number, name in enumerate(feature_names())}
_END = 40
"""Lines at the end in which a run says how it went."""
_LAST = 12
"""Lines at the end, without empty ones and a CI system's own, in which an uncaught error is looked for."""
_AFTER = 40
"""Lines after what looks most like evidence in which the run, or this part of it, says that it failed."""
_ENDED_BADLY = ("failed status", "exit status", "some failed", "marked by the CI")
_UNCAUGHT = ("exception at start", "trace opens", "killed")
_MANY = 20
"""Lines of evidence beyond which more of them don't make a failure likelier."""
_TRACE = ("exception at start", "frame", "killed")
_MESSAGE = ("error at start", "diagnostic")
_COMPLAINT = ("complaint", "cannot", "missing", "invalid", "network")

FEATURES: Features = {
    "failed": (
        *("best", "best five", "best cause", "best at the end", "report at the end"),
        *("uncaught at the end", "message at the end", "complaint at the end", "failed at the end"),
        *("exit at the end", "marked by the CI", "some failed at the end", "good in the last lines"),
        *("good at the end", "failed after the best", "bad summary", "bad summary after the best"),
        *("good summary after the best", "last summary", "good summary is the last word"),
        *("ends in a trace", "lines after the best", "complaint in the last lines"),
        *("lines of evidence", "lines"),
    ),
    "cause": ("cause", "evidence", "margin", "pieces", "compared", "lines"),
}
"""What the two models of the calibration are given: did the run fail, does the first span hold the cause."""


def failure_features(table: NDArray[np.float32], probabilities: LineProbabilities) -> Mapping[str, float]:
    """What distinguishes a failed run from a passed one: what its lines look like, and how it ends."""
    evidence, cause = probabilities.evidence, probabilities.cause
    best = np.sort(evidence)[::-1][:5]
    end = table[-_END:]
    last = np.flatnonzero(is_telling(table))[-_LAST:]
    very_last = table[last[-2:]]
    after = _after_best(table, evidence)
    summaries = table[:, [_COLUMN["bad summary"], _COLUMN["good summary"]]]
    summarised = np.flatnonzero(summaries.any(axis=1))

    def seen(names: Sequence[str], where: NDArray[np.float32]) -> float:
        return float(where[:, [_COLUMN[name] for name in names]].max()) if len(where) else 0.0

    return {
        "best": float(_logit(best[:1].mean())) if len(best) else -6.0,
        "best five": float(_logit(best.mean())) if len(best) else -6.0,
        "best cause": float(_logit(cause.max())) if len(cause) else -6.0,
        "best at the end": float(_logit(evidence[last].max())) if len(last) else -6.0,
        "report at the end": float(_logit(probabilities.report[last].max())) if len(last) else -6.0,
        "uncaught at the end": seen(_UNCAUGHT, table[last]),
        "message at the end": seen(_MESSAGE, very_last),
        "complaint at the end": seen(_COMPLAINT, very_last),
        "failed at the end": seen(["failed status"], end),
        "exit at the end": seen(["exit status"], end),
        "marked by the CI": seen(["marked by the CI"], end),
        "some failed at the end": seen(["some failed"], end),
        "good in the last lines": seen(["good status", "none failed"], very_last),
        "good at the end": float(end[:, _COLUMN["good status"]].mean()) if len(end) else 0.0,
        "failed after the best": seen(_ENDED_BADLY, after),
        "bad summary": seen(["bad summary"], table),
        "bad summary after the best": seen(["bad summary"], after),
        "good summary after the best": seen(["good summary"], after),
        "last summary": float(summaries[summarised[-1]] @ (1, -1)) if len(summarised) else 0.0,
        "good summary is the last word": _good_is_the_last_word(table),
        "ends in a trace": seen(_TRACE, table[last[-3:]]),
        "lines after the best": _lines_after_best(table, evidence),
        "complaint in the last lines": seen(["complaint"], table[last[-4:]]),
        "lines of evidence": float(np.log1p(min((evidence >= 0.5).sum(), _MANY))),
        "lines": float(np.log1p(len(table))),
    }


def _good_is_the_last_word(table: NDArray[np.float32]) -> float:
    """1 where a summary says that all is well, none that it isn't, and no strong line comes after it."""
    good = np.flatnonzero(table[:, _COLUMN["good summary"]])
    if not len(good) or table[:, _COLUMN["bad summary"]].any():
        return 0.0
    return float(not table[good[-1] :, _COLUMN["strong"]].any())


def _after_best(table: NDArray[np.float32], evidence: NDArray[np.float64]) -> NDArray[np.float32]:
    best = int(np.argmax(evidence)) if len(evidence) else 0
    return table[best : best + _AFTER]


def _lines_after_best(table: NDArray[np.float32], evidence: NDArray[np.float64]) -> float:
    return float(table[int(np.argmax(evidence)), _COLUMN["telling lines after"]]) if len(evidence) else 0.0


def cause_features(
    spans: Sequence[EvidenceSpan], probabilities: LineProbabilities, *, compared: bool, total: int
) -> Mapping[str, float]:
    """What distinguishes a first span that holds the cause from one that doesn't."""
    first = spans[0]
    second = spans[1].cause if len(spans) > 1 else 0.0
    return {
        "cause": float(_logit(first.cause)),
        "evidence": float(_logit(probabilities.evidence[first.start : first.stop].max())),
        "margin": first.cause - second,
        "pieces": float(np.log1p(len(spans))),
        "compared": float(compared),
        "lines": float(np.log1p(total)),
    }


def _logit(probability: float | np.floating) -> float:
    bounded = min(max(float(probability), 0.002), 0.998)
    return float(np.log(bounded / (1 - bounded)))
