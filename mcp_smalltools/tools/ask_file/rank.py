"""The lines of files that answer a question, how sure that is, and the short answer that they hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mcp_smalltools.calibration.calibration import Calibration
from mcp_smalltools.text.facts import dates, numbers, times
from mcp_smalltools.tools.ask_file.features import ADDRESS, features, log_odds, of_whole
from mcp_smalltools.tools.ask_file.question import Question
from mcp_smalltools.tools.ask_file.selection import Passage, passages
from mcp_smalltools.tools.ask_file.units import Unit
from mcp_smalltools.tools.ask_file.word_index import Index, Place, shape
from mcp_smalltools.tools.similarity import NoEncoder, similarities

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine

UNKNOWN_SIMILARITY: Final = 0.3
"""What all candidates get where there is no encoder: between what unrelated and related texts have."""
_VALUE: Final = re.compile(r"^[^=:]*?(?:=|:)\s*(?P<value>.+?)\s*[,;]?\s*(?:(?:#|//)\s.*)?$")


@dataclass(frozen=True, slots=True)
class Ranked:
    """Passages that may answer, best first, and what is known of them as a whole."""

    passages: Sequence[Passage]
    whole: Mapping[str, float]
    """What the chance depends on that one of them answers."""
    known: float
    """Share of the question, by rarity, whose words are in the files, or words that mean the like."""
    alike: int = 0
    """Other lines that say the same as the best one with other numbers, of which it is the first, or last."""
    no_encoder: NoEncoder | None = None
    """Set where the encoder took no part."""


async def rank(
    engine: Engine, index: Index, question: Question, calibration: Calibration, seconds: float
) -> Ranked:
    """Words choose candidates; words, meaning and structure rank them, without an encoder the two others.

    Raises DeadlineExceeded, Cancelled.
    """
    matches = index.matches(question)
    chosen = index.candidates(matches)
    if not chosen:
        return Ranked((), {}, known=0.0)
    texts = [shown(index.places[number].unit) for number in chosen]
    similar = await similarities(engine, question.text, texts, seconds)
    no_encoder = similar if isinstance(similar, NoEncoder) else None
    if isinstance(similar, NoEncoder):
        similar = [UNKNOWN_SIMILARITY] * len(chosen)
    columns = features(index, question, matches, chosen, similar)
    odds = log_odds(calibration.models["unit"](columns))
    places = [index.places[number] for number in chosen]
    best = int(np.argmax(odds))
    same, alike = _of_those_alike(places[best], index.places, question)
    places[best] = same
    found_passages = passages(places, odds)
    return Ranked(
        found_passages,
        of_whole(question, matches, columns, odds, found_passages),
        known=float(matches.weights @ matches.every.max(axis=1)),
        alike=alike,
        no_encoder=no_encoder,
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


def shown(unit: Unit) -> str:
    """What the encoder reads of a unit."""
    named = f"{unit.context} {unit.name}".strip()
    return f"{named}: {unit.text}"[:500] if named and unit.kind != "sentence" else unit.text[:500]


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
