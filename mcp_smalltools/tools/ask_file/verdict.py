"""Whether the files answer a question, how probable that is, and whether the agent must judge by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mcp_smalltools.calibration.calibration import Calibration
    from mcp_smalltools.tools.ask_file.selection import RankedPassage

LACKED: Final = 0.6
LACKED_BY_LINE: Final = 0.5
"""The share of the question that a word has which a sure place must not lack: of lines of a log or of code,
which are alike in all others, less.
"""

_FEWEST_WORDS: Final = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """`probability` is that of being right: a passage shown answers, or nothing in the files does."""

    shown: int
    """Passages that are evidence, the best first; 0: not found."""
    probability: float
    escalate: bool
    reason: str | None = None


def verdict(
    found: Sequence[RankedPassage], features: Mapping[str, float], calibration: Calibration
) -> Verdict:
    """`features` are those of all passages together (`features.ranking_features`)."""
    limits = calibration.constants
    first = _probability("first", features, calibration)
    any_shown = _probability("shown", features, calibration)
    if any_shown >= limits["found_from"]:
        if first >= limits["sure_from"] and not is_doubtful(found, features):
            return Verdict(1, first, escalate=False)
        reason = (
            f"not sure: one of the places in `evidence` and `elsewhere` answers with probability "
            f"{any_shown:.2f}; read them and judge for yourself"
        )
        return Verdict(1, first, True, reason)
    absent = _probability("absent", features, calibration)
    if absent >= limits["nothing_from"]:
        return Verdict(0, absent, False, "no line fits the question well enough to be an answer")
    reason = (
        f"no line clearly answers: one of the places in `elsewhere` does with probability "
        f"{any_shown:.2f}; read them and judge for yourself"
    )
    return Verdict(0, absent, True, reason)


def is_doubtful(found: Sequence[RankedPassage], features: Mapping[str, float]) -> bool:
    """The best passage lacks the number or time that is asked for, or a name or a weighty word; or the
    question has one word that counts ("must I name the authors?"), which tells where to look and not what is
    asked, if it asks whether, how or why.
    """
    asks_of_it = features["asks yes"] or features["asks manner"] or features["asks why"]
    if features["words"] < _FEWEST_WORDS and asks_of_it:
        return True
    most = LACKED_BY_LINE if found[0].best.unit.kind == "line" else LACKED
    lacks_word = features["missing"] >= most
    asks_value = features["asks number"] or features["asks when"]
    lacks_value = features["no_answer_anywhere"] or (asks_value and features["no_answer"])
    return bool(lacks_value or features["not_named"] or lacks_word)


def _probability(name: str, features: Mapping[str, float], calibration: Calibration) -> float:
    model = calibration.models[name]
    return float(model({feature: features[feature] for feature in model.weights})[0])
