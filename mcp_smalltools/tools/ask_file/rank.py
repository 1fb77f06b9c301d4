"""From a question and an index of the files to ranked passages, and the short answer of the best one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mcp_smalltools.calibration.calibration import Calibration
from mcp_smalltools.text.facts import dates, numbers, times
from mcp_smalltools.tools.ask_file.features import ADDRESS, candidate_features, log_odds_of, ranking_features
from mcp_smalltools.tools.ask_file.question import Question
from mcp_smalltools.tools.ask_file.selection import RankedPassage, select_passages
from mcp_smalltools.tools.ask_file.unit import Unit
from mcp_smalltools.tools.ask_file.word_index import FileUnit, Index, normalised_line
from mcp_smalltools.tools.similarity import NoEncoder, similarities

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine

UNKNOWN_SIMILARITY: Final = 0.3
"""What all candidates get where there is no encoder: between what unrelated and related texts have."""
_ENCODER_CHARS: Final = 500
"""Characters of a unit that the encoder reads."""
_VALUE_CHARS: Final = 400
"""Characters of a line of which a value is a short answer."""
_VALUE: Final = re.compile(r"^[^=:]*?(?:=|:)\s*(?P<value>.+?)\s*[,;]?\s*(?:(?:#|//)\s.*)?$")


@dataclass(frozen=True, slots=True)
class Ranking:
    """Passages that may answer, best first; none if no word of the question matches anything."""

    passages: Sequence[RankedPassage]
    features: Mapping[str, float]
    """Of the ranking as a whole (`features.ranking_features`)."""
    lines_alike: int = 0
    """Other log lines that differ from the best one in their numbers alone; it is the first or the last."""
    no_encoder: NoEncoder | None = None
    """Set where the encoder took no part."""


async def rank(
    engine: Engine, index: Index, question: Question, calibration: Calibration, seconds: float
) -> Ranking:
    """Words choose the candidates; words, structure and, if there is an encoder, similarity rank them.

    Raises DeadlineExceeded, Cancelled.
    """
    matches = index.matches(question)
    chosen = index.candidates(matches)
    if not chosen:
        return Ranking((), {})
    texts = [encoder_text(index.units[number].unit) for number in chosen]
    similar = await similarities(engine, question.text, texts, seconds)
    no_encoder = similar if isinstance(similar, NoEncoder) else None
    if isinstance(similar, NoEncoder):
        similar = [UNKNOWN_SIMILARITY] * len(chosen)
    columns = candidate_features(index, question, matches, chosen, similar)
    log_odds = log_odds_of(calibration.models["unit"](columns))
    units = [index.units[number] for number in chosen]
    best = int(np.argmax(log_odds))
    units[best], lines_alike = _first_or_last_alike(units[best], index.units, question)
    passages = select_passages(units, log_odds)
    features = ranking_features(question, matches, columns, log_odds, passages)
    return Ranking(passages, features, lines_alike, no_encoder)


def _first_or_last_alike(
    best: FileUnit, units: Sequence[FileUnit], question: Question
) -> tuple[FileUnit, int]:
    """Of log lines that differ in numbers alone, the first or, if asked for, the last; and how many others.

    A question with a number means the very line that was found.
    """
    if best.unit.kind != "line" or re.search(r"\d", question.text):
        return best, 0
    line = normalised_line(best.unit.text)
    same = [u for u in units if u.file == best.file and normalised_line(u.unit.text) == line]
    last = re.search(r"\b(?:last|latest|final|finally|most recent)\b", question.text, re.I)
    return same[-1 if last else 0], len(same) - 1


def encoder_text(unit: Unit) -> str:
    """What the encoder reads of a unit."""
    title = f"{unit.context} {unit.name}".strip()
    text = f"{title}: {unit.text}" if title and unit.kind != "sentence" else unit.text
    return text[:_ENCODER_CHARS]


def short_answer(question: Question, unit: Unit) -> str | None:
    """The value or name that the unit holds, verbatim; None where only the lines themselves answer."""
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
        line = unit.text.split("\n")[0]
        match = _VALUE.match(line) if len(line) <= _VALUE_CHARS else None
        return match["value"].strip("\"'") if match else None
    if question.kind == "when":
        moments = [*dates(unit.text), *times(unit.text)]
        return unit.text[moments[0].start : moments[0].end] if len(moments) == 1 else None
    if question.kind == "number":
        asked = {n.value for n in numbers(question.text)}
        found = [n for n in numbers(unit.text) if n.value not in asked]
        return unit.text[found[0].start : found[0].end] if len(found) == 1 else None
    return None
