"""Measured scores and calibration of each tool that ships, beside what the user's own outcomes say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mcp_smalltools.calibration.scores import FILE, REAL_INPUT, Evaluation, read_quality
from mcp_smalltools.errors import ModelError
from mcp_smalltools.models.shipped import library_folder
from mcp_smalltools.stores.outcomes import ReportedOutcome

Bin = tuple[float, float, int]
"""Mean confidence, share right, answers."""

SURE: Final = 0.9
"""Confidence from which on the page says how often an answer was right."""
ENOUGH: Final = 10
"""Outcomes with a confidence from which on a tool's own calibration is drawn."""
_OWN_BINS: Final = 5
TOO_SURE: Final = 0.1
"""What a confidence may promise too much."""
_DEVIATIONS: Final = 2.5
"""Standard deviations of the share right, if the confidence held."""
_LEAST: Final = 20
"""Answers in a bin whose gap is shown."""


@dataclass(frozen=True, slots=True)
class Specialist:
    """One tool: the sets that it was measured on, real input first, the calibration on real input or else the
    newest one, and the user's own outcomes.
    """

    name: str
    sets: Sequence[Evaluation]
    calibrated: Evaluation | None
    own: Sequence[Bin]
    own_answers: int  # outcomes with a confidence, even where they are too few to be drawn

    @property
    def measured(self) -> Sequence[Bin]:
        return self.calibrated.reliability if self.calibrated else ()


def specialists(outcomes: Iterable[ReportedOutcome]) -> list[Specialist]:
    """By name. A skill whose scores can't be read has none: `doctor` is where that is said."""
    rated: dict[str, list[tuple[float, bool]]] = {}
    for outcome in outcomes:
        if outcome.confidence is not None:
            pair = (min(max(outcome.confidence, 0.0), 1.0), outcome.verdict == "right")
            rated.setdefault(outcome.tool, []).append(pair)
    found = []
    for path in sorted((library_folder() / "skills").glob(f"*/{FILE}")):
        name = path.parent.name
        sets = _evaluations(path)
        if not sets and name not in rated:
            continue
        calibrated = max((entry for entry in sets if entry.reliability), key=_says_most, default=None)
        pairs = rated.get(name, [])
        own = own_bins(pairs) if len(pairs) >= ENOUGH else []
        found.append(Specialist(name, sets, calibrated, own, len(pairs)))
    return found


def own_bins(pairs: Sequence[tuple[float, bool]]) -> list[Bin]:
    """Mean confidence, share right and answers of each fifth of 0 to 1 that has any."""
    parts: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in pairs:
        parts.setdefault(min(int(confidence * _OWN_BINS), _OWN_BINS - 1), []).append((confidence, right))
    return [
        (sum(c for c, _ in part) / len(part), sum(r for _, r in part) / len(part), len(part))
        for _, part in sorted(parts.items())
    ]


def right_when_sure(bins: Sequence[Bin]) -> tuple[float, int] | None:
    """Share right and number of the answers whose confidence is about `SURE` or more; None without any."""
    sure = [(right, count) for confidence, right, count in bins if confidence >= SURE]
    answers = sum(count for _, count in sure)
    return (sum(right * count for right, count in sure) / answers, answers) if answers else None


def worst_gap(bins: Sequence[Bin]) -> float:
    """By how much a confidence promised too much at most, in bins of 20 answers or more; 0.0 at least."""
    return max((confidence - right for confidence, right, count in bins if count >= _LEAST), default=0.0)


def is_too_sure(bins: Sequence[Bin]) -> bool:
    """Whether a confidence promises too much, by more than chance makes of so few answers."""
    return any(
        confidence - right > max(TOO_SURE, _DEVIATIONS * (confidence * (1 - confidence) / count) ** 0.5)
        for confidence, right, count in bins
    )


def _evaluations(path: Path) -> Sequence[Evaluation]:
    try:
        return read_quality(path).evaluation
    except ModelError:
        return ()


def _says_most(entry: Evaluation) -> tuple[bool, str, int]:
    return entry.set == REAL_INPUT, entry.date.isoformat(), entry.items
