"""The lines of files that answer a question, how sure that is, and the short answer that they hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mcp_smalltools.errors import EngineError, ModelError
from mcp_smalltools.skills.calibration import Calibration
from mcp_smalltools.tools.asking.question import Question
from mcp_smalltools.tools.asking.ranking import ADDRESS, Index, Place, shape
from mcp_smalltools.tools.asking.units import Unit
from mcp_smalltools.tools.evidence import dates, numbers, times

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine

UNKNOWN_LIKENESS: Final = 0.3
THIN: Final = 0.4
"""Share of a question's words, by their rarity, under which a unit is hardly about it."""
_VALUE: Final = re.compile(r"^[^=:]*?(?:=|:)\s*(?P<value>.+?)\s*[,;]?\s*(?:(?:#|//)\s.*)?$")


@dataclass(frozen=True, slots=True)
class Ranked:
    """Places with the chance that each answers, best first, and what is known of the best one."""

    places: Sequence[Place]
    chances: Sequence[float]
    features: dict[str, float]
    """Of the whole: what the chance that the answer is there at all depends on."""
    alike: int = 0
    """Other lines that say the same as the best one with other numbers, of which it is the first, or last."""
    by_words_alone: str = ""
    """The code of the engine's error, where there was no encoder to ask."""


async def rank(
    engine: Engine, index: Index, question: Question, calibration: Calibration, seconds: float
) -> Ranked:
    """Words choose candidates; words, meaning and structure rank them, without an encoder the two others.

    Raises DeadlineExceeded, Cancelled.
    """
    from mcp_smalltools.engine.api import CallOptions

    chosen = index.candidates(question)
    if not chosen:
        return Ranked((), (), {"known": index.known(question)})
    texts = [_shown(index.places[number].unit) for number in chosen]
    missing = ""
    try:
        found = await engine.embed([question.text, *texts], CallOptions(deadline_s=max(1.0, seconds)))
        likeness = [float(value) for value in found.vectors[1:] @ found.vectors[0]]
    except (EngineError, ModelError) as error:
        likeness, missing = [UNKNOWN_LIKENESS] * len(chosen), error.code
    rows = index.features(question, chosen, likeness)
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    chances = calibration.models["unit"](columns)
    order = np.argsort(-chances, kind="stable")
    best, alike = _of_those_alike(index.places[chosen[int(order[0])]], index.places, question)
    places = [index.places[chosen[k]] for k in order]
    return Ranked(
        places=[best, *(place for place in places if place is not best)],
        chances=[float(chances[k]) for k in order],
        features=_whole(rows, chances, order, index.known(question)),
        alike=alike,
        by_words_alone=missing,
    )


def _of_those_alike(best: Place, places: Sequence[Place], question: Question) -> tuple[Place, int]:
    """Of lines that differ in their numbers only, the first or, if asked for, the last; and how many others.

    A question with numbers of its own means one of them.
    """
    if best.unit.kind != "line" or re.search(r"\d", question.text):
        return best, 0
    form = shape(best.unit.text)
    alike = [p for p in places if p.file == best.file and shape(p.unit.text) == form]
    last = re.search(r"\b(?:last|latest|final|finally|most recent)\b", question.text, re.I)
    return alike[-1 if last else 0], len(alike) - 1


def _shown(unit: Unit) -> str:
    """What the encoder reads of a unit."""
    named = f"{unit.context} {unit.name}".strip()
    return f"{named}: {unit.text}"[:500] if named and unit.kind != "sentence" else unit.text[:500]


def log_odds(chances: ArrayLike) -> NDArray[np.float64]:
    """Of chances strictly between 0 and 1."""
    values = np.asarray(chances, np.float64).clip(1e-4, 1 - 1e-4)
    return np.asarray(np.log(values / (1 - values)))


def _whole(
    rows: Sequence[dict[str, float]], chances: np.ndarray, order: np.ndarray, known: float
) -> dict[str, float]:
    best = rows[int(order[0])]
    odds = log_odds(chances)
    second = float(odds[order[1]]) if len(order) > 1 else -7.0
    return {
        "best": float(odds[order[0]]),
        "lead": min(6.0, float(odds[order[0]]) - second),
        "coverage": best["coverage"],
        "thin": max(0.0, THIN - best["coverage"]),
        "own_words": best["own_words"],
        "likeness": best["likeness"],
        "named": best["named"],
        "not_named": best["not_named"],
        "no_answer": best["no_answer"],
        "wrong_kind": best["wrong_kind"],
        "has_answer": best["has_answer"],
        "known": known,
    }


def short_answer(question: Question, unit: Unit) -> str | None:
    """The value or name that the lines hold; None where only the lines themselves answer."""
    if question.kind == "definition":
        return unit.name or None
    if question.kind == "raise" and (
        match := re.match(r"\s*(?:raise|throw new|throw)\s+([\w.]+)", unit.text)
    ):
        return match[1]
    if question.address and unit.kind != "entry":
        addresses = [match[0].rstrip(".,;)") for match in ADDRESS.finditer(unit.text)]
        return addresses[0] if len(addresses) == 1 else None
    if unit.kind == "entry" and question.kind in ("value", "number", "when", "other"):
        match = _VALUE.match(unit.text.split("\n")[0])
        return match["value"].strip("\"'") if match else None
    if question.kind == "when":
        moments = [*dates(unit.text), *times(unit.text)]
        return unit.text[moments[0].start : moments[0].end] if len(moments) == 1 else None
    if question.kind == "number":
        asked = {n.value for n in numbers(question.text)}
        found = [n for n in numbers(unit.text) if n.value not in asked]
        return unit.text[found[0].start : found[0].end] if len(found) == 1 else None
    return None
