"""How probable it is that what is asked for is among the first files: what the ranking says of itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mcp_smalltools.calibration.calibration import Calibration, Features

SHOWN: Final = 5
"""Files of which one has to be right; where a call wants fewer, the first one has to be."""
_OF_WORDS: Final = (
    *("words", "known", "rarest", "held", "held_five", "passage", "passage_five", "in_path", "in_path_five"),
    *("lead", "lead_five", "lead_all", "passage_first", "code"),
)
_OF_MEANING: Final = ("similar", "similar_five", "similar_lead", "agree", "nearest_shown")
FEATURES: Final[Features] = {
    "five": (*_OF_WORDS, *_OF_MEANING),
    "first": (*_OF_WORDS, *_OF_MEANING),
    "five_by_words": _OF_WORDS,
    "first_by_words": _OF_WORDS,
}
"""What each model of the calibration is given: whether one of five files is right, or the first; with vectors
of the files, or by words alone.
"""
_COMPARED: Final = 30
_NO_RIVAL: Final = 3.0
_FAR: Final = 0.05
"""Score of a rival, as a share of the best, below which it is none."""
_UNKNOWN: Final = 0.3
_HELD: Final = 0.5
"""Shares of the query, by the idf of its words, from which the reason names them."""


@dataclass(frozen=True, slots=True)
class RankedFile:
    """What certainty looks at of one file. `held`, `in_path` and `passage` are shares of the query, by the
    idf of its words: of all that the file holds, of its path, of its best passage.
    """

    score: float
    by_words: float
    held: float
    in_path: float
    passage: float
    passage_score: float
    similarity: float
    is_code: bool


@dataclass(frozen=True, slots=True)
class AskedWords:
    """Of the query: its words, the share of them that some file holds, and the highest idf of those."""

    count: int
    known: float
    rarest: float


@dataclass(frozen=True, slots=True)
class Certainty:
    """`probability` is that one of the first `SHOWN` files, or the first one, is what is asked for."""

    probability: float
    escalate: bool
    reason: str | None = None


def ranking_features(
    ranked: Sequence[RankedFile], asked: AskedWords, nearest: Sequence[float]
) -> dict[str, float]:
    """Features of a ranking of one or more files, best first.

    `nearest` are the highest similarities of all files, best first; empty without vectors. How many files
    there are is no feature: it told repositories apart, not answers.
    """
    first, five = ranked[0], ranked[:SHOWN]
    most_similar = max((one.similarity for one in five), default=0.0)
    others = [one.similarity for one in ranked[SHOWN:]]
    words_first = max(ranked, key=lambda one: one.by_words)
    shown_nearest = nearest[SHOWN - 1] if len(nearest) >= SHOWN else min(nearest, default=0.0)
    return {
        "words": float(min(12, asked.count)),
        "known": asked.known,
        "rarest": asked.rarest,
        "held": first.held,
        "held_five": max(one.held for one in five),
        "passage": first.passage,
        "passage_five": max(one.passage for one in five),
        "in_path": first.in_path,
        "in_path_five": max(one.in_path for one in five),
        "lead": _lead(ranked, 1),
        "lead_five": _lead(ranked, SHOWN),
        "lead_all": _lead(ranked, min(len(ranked), _COMPARED) - 1),
        "passage_first": float(first.passage_score == max(one.passage_score for one in ranked)),
        "code": sum(one.is_code for one in five) / len(five),
        "similar": first.similarity,
        "similar_five": most_similar,
        "similar_lead": most_similar - max(others, default=0.0),
        "agree": float(words_first.similarity >= shown_nearest) if nearest else 0.0,
        "nearest_shown": sum(one.similarity >= shown_nearest for one in five) / SHOWN if nearest else 0.0,
    }


def _lead(ranked: Sequence[RankedFile], place: int) -> float:
    """How far the first file is before that at `place`, counted from 0: the log of their scores' ratio."""
    if place < 1 or place >= len(ranked) or ranked[0].score <= 0:
        return _NO_RIVAL
    return min(_NO_RIVAL, -math.log(max(_FAR, ranked[place].score / ranked[0].score)))


def certainty(
    features: Mapping[str, float], calibration: Calibration, *, limit: int, by_words: bool
) -> Certainty:
    """`limit` files are returned; `by_words` where too few files have vectors."""
    of_five = limit >= SHOWN
    name = ("five" if of_five else "first") + ("_by_words" if by_words else "")
    model = calibration.models[name]
    probability = float(model({feature: features[feature] for feature in model.weights})[0])
    if probability >= calibration.constants[f"{name}_sure_from"]:
        return Certainty(probability, escalate=False)
    which = f"one of the first {SHOWN} files" if of_five else "the first file"
    return Certainty(
        probability,
        True,
        f"not sure: {which} is what you ask for with probability {probability:.2f}; {_advice(features)}",
    )


def _advice(features: Mapping[str, float]) -> str:
    """What is weak about the ranking, and what to do."""
    if features["known"] < 1 - _UNKNOWN:
        return "much of the query is in no file: ask in the project's own words, or search yourself"
    if features["held_five"] < _HELD:
        return "no file holds half of the query: read the passages, or ask for one thing at a time"
    return (
        "several files fit about as well: read the passages, or name a function, a message or a setting, or "
        "narrow it with `path` or `glob`"
    )
