"""Whether the files answer, how sure that is, and whether the agent must look itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mcp_smalltools.calibration.calibration import Calibration
    from mcp_smalltools.tools.ask_file.selection import Passage

ENOUGH: Final = 0.9
"""Share of what speaks for all places together, at which a further passage would not add to the evidence."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`chance` is that of being right: one of the passages shown answers, or nothing in the files does."""

    shown: int
    """Passages that are evidence, the best first; 0: not found."""
    chance: float
    escalate: bool
    reason: str | None = None


def verdict(found: Sequence[Passage], whole: Mapping[str, float], calibration: Calibration) -> Verdict:
    """`whole` is what is known of the passages that were found together (`features.of_whole`)."""
    limits = calibration.constants
    first, three = _chance("first", whole, calibration), _chance("three", whole, calibration)
    if three >= limits["found_from"]:
        fits = not doubtful(whole)
        if fits and first >= limits["sure_from"]:
            return Verdict(1, first, escalate=False)
        if fits and three >= limits["sure_from"]:
            return Verdict(enough(found), three, escalate=False)
        reason = (
            f"not sure: with a chance of {three:.2f} one of the places in `evidence` and `elsewhere` answers"
        )
        return Verdict(1, first, True, reason)
    nothing = _chance("absent", whole, calibration)
    if nothing >= limits["nothing_from"]:
        return Verdict(0, nothing, False, "nothing in the files fits the question well enough")
    reason = (
        f"no line clearly answers: with a chance of {three:.2f} one of the best places, in `elsewhere`, does"
    )
    return Verdict(0, nothing, True, reason)


def doubtful(whole: Mapping[str, float]) -> bool:
    """A number or a time is asked for and no passage has one, or a name that the best one lacks."""
    return bool(whole["no_answer_anywhere"] or whole["not_named"])


def enough(found: Sequence[Passage]) -> int:
    """How many passages hold nearly all that speaks for any."""
    share = 0.0
    for number, passage in enumerate(found, 1):
        share += passage.share
        if share >= ENOUGH:
            return number
    return len(found)


def _chance(name: str, whole: Mapping[str, float], calibration: Calibration) -> float:
    model = calibration.models[name]
    return float(model({feature: whole[feature] for feature in model.weights})[0])
