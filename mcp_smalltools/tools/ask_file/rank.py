"""From a question and an index of the files to ranked passages, and the short answer of the best one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.calibration.calibration import Calibration
from mcp_smalltools.tools.ask_file.answer_judge import judged
from mcp_smalltools.tools.ask_file.features import (
    Floats,
    candidate_features,
    log_odds_of,
    ranking_features,
    ranking_of_readings,
    reading_features,
)
from mcp_smalltools.tools.ask_file.question import Question
from mcp_smalltools.tools.ask_file.selection import RankedPassage, select_passages, shown_lines
from mcp_smalltools.tools.ask_file.units.prose import RELEASE
from mcp_smalltools.tools.ask_file.units.unit import Unit
from mcp_smalltools.tools.ask_file.word_index import FileUnit, Index, Matches, normalised_line
from mcp_smalltools.tools.similarity import UNAVAILABLE, NoEncoder, similarities

if TYPE_CHECKING:
    from pathlib import Path

    from mcp_smalltools.engine.api import Engine
    from mcp_smalltools.tools.ask_file.learned_order import LearnedOrder

UNKNOWN_SIMILARITY: Final = 0.3
"""What all candidates get where there is no encoder: between what unrelated and related texts have."""
_ENCODER_CHARS: Final = 500
"""Characters of a unit that the encoder reads."""


NO_READINGS: Final = dict.fromkeys(("read", "read_lead", "read_most", "read_agrees"), 0.0)
"""What stands for the readings where there are none; then there is no confidence either."""
READ: Final = 12
"""Candidates that the judge reads together with the question."""
_JUDGE_CHARS: Final = 600
_TITLE_CHARS: Final = 150
"""Characters of a candidate, and of the names around it, that the judge reads."""
_AS_MANY_WORDS: Final = 0.8
"""The share of the most words of the question that another change must have to be on the same thing."""
_BEHIND_READ: Final = 0.5


@dataclass(frozen=True, slots=True)
class Asking:
    """The lines of each file of a call, the seconds that it has, and what was learned of the files'
    repository, with where they are.
    """

    files: Sequence[Sequence[str]]
    seconds: float
    learned: LearnedOrder | None = None
    paths: Sequence[Path] = ()


@dataclass(slots=True)
class Scored:
    """The candidates of a question. `columns` are their features, `log_odds` theirs of being an answer."""

    matches: Matches
    units: list[FileUnit]
    columns: dict[str, Floats]
    log_odds: Floats
    of_readings: dict[str, float]
    no_encoder: NoEncoder | None = None
    no_judge: NoEncoder | None = None
    all_units: Sequence[FileUnit] = ()
    all_log_odds: Floats | None = None
    learned: dict[str, Floats] | None = None
    """With what was learned of a repository: the candidates and others that it adds behind them, and what it
    says of each (`learned_order.FEATURES`).
    """


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
    no_judge: NoEncoder | None = None
    """Set where the encoder took part, but the judge, which is an adapter of it, did not."""
    moved: bool = False
    """What was learned puts another place first than the shipped order."""
    learned: int = 0
    """The version of what was learned, if it took part."""


async def rank(
    engine: Engine, index: Index, question: Question, calibration: Calibration, ask: Asking
) -> Ranking:
    """The passages of the best candidates; what was learned of a repository orders them last.

    Raises DeadlineExceeded, Cancelled.
    """
    found = await score(engine, index, question, calibration, ask)
    if found is None:
        return Ranking((), {})
    units, log_odds = found.units, found.log_odds
    best = int(np.argmax(log_odds))
    best = _of_first_release(best, units, question, found.columns, ask.files)
    log_odds[best] = log_odds.max()
    units[best], lines_alike = _first_or_last_alike(units[best], index.units, question)
    passages = select_passages(units, log_odds)
    features = ranking_features(question, found.matches, found.columns, log_odds, passages)
    ranking = Ranking(passages, features | found.of_readings, lines_alike, found.no_encoder, found.no_judge)
    return _reordered(ranking, found, question, ask) if ask.learned and not lines_alike else ranking


def _reordered(ranking: Ranking, found: Scored, question: Question, ask: Asking) -> Ranking:
    """The places in the order that was learned. Features stay those of the shipped one: the confidence was
    measured with it.
    """
    if ask.learned is None or found.learned is None or found.all_log_odds is None:
        return ranking
    order = ask.learned.reordered(found.learned, found.all_log_odds)
    passages = select_passages(found.all_units, order)
    before, now = ranking.passages[0], passages[0]
    same = before.file == now.file and before.start <= now.end and now.start <= before.end
    return replace(ranking, passages=passages, moved=not same, learned=ask.learned.version)


async def score(
    engine: Engine, index: Index, question: Question, calibration: Calibration, ask: Asking
) -> Scored | None:
    """Words choose the candidates; words, structure and, if there is an encoder, similarity rank them; then
    the judge reads the best ones together with the question. None if no word matches anything.

    Raises DeadlineExceeded, Cancelled.
    """
    matches = index.matches(question)
    chosen = index.candidates(matches)
    if not chosen:
        return None
    lines = ask.learned.asked(question.text, ask.files, ask.paths) if ask.learned else None
    both = [*chosen, *lines.more(index.units, chosen)] if lines else chosen
    texts = [encoder_text(index.units[number].unit) for number in both]
    similar = await similarities(engine, question.text, texts, ask.seconds)
    no_encoder = similar if isinstance(similar, NoEncoder) else None
    if isinstance(similar, NoEncoder):
        similar = [UNKNOWN_SIMILARITY] * len(both)
    columns = candidate_features(index, question, matches, chosen, similar[: len(chosen)])
    log_odds = log_odds_of(calibration.models["unit"](columns))
    units = [index.units[number] for number in chosen]
    scored = Scored(matches, units, columns, log_odds, NO_READINGS, no_encoder)
    if no_encoder is None:
        read_now = np.argsort(-log_odds, kind="stable")[:READ]
        pairs = [(question.text, judge_text(units[n], ask.files)) for n in read_now.tolist()]
        scores = await read_scores(engine, pairs, ask.seconds)
        if isinstance(scores, NoEncoder):
            scored.no_judge = scores
        else:
            scored.log_odds, scored.of_readings = with_readings(log_odds, read_now, scores, calibration)
    if lines and not (no_encoder or scored.no_judge):
        every = candidate_features(index, question, matches, both, similar)
        more = log_odds_of(calibration.models["unit"](every))[len(chosen) :]
        behind = np.minimum(more, scored.log_odds.min(initial=0.0))
        scored.all_units = [*units, *(index.units[number] for number in both[len(chosen) :])]
        scored.all_log_odds = np.concatenate([scored.log_odds, behind])
        scored.learned = lines.features(scored.all_units, every)
    return scored


def judge_text(unit: FileUnit, files: Sequence[Sequence[str]]) -> str:
    """What the judge reads of a unit: where it is, and the lines that would be shown."""
    start, end = shown_lines(unit.unit)
    lines = " ".join(line.strip() for line in files[unit.file][start - 1 : end])
    title = f"{unit.unit.context[:_TITLE_CHARS]} {unit.unit.name}".strip()
    return f"{title}: {lines}"[:_JUDGE_CHARS]


async def read_scores(engine: Engine, pairs: Sequence[tuple[str, str]], seconds: float) -> Floats | NoEncoder:
    """How well each text answers its question, as the judge says."""
    try:
        return await judged(engine, pairs, seconds)
    except UNAVAILABLE as error:
        return NoEncoder(error)


def with_readings(
    log_odds: Floats, read_now: NDArray[np.int64], scores: Floats, calibration: Calibration
) -> tuple[Floats, dict[str, float]]:
    """Log odds of all candidates with the readings of some, and what these say of the ranking.

    A candidate that was not read stays behind those that were.
    """
    model = calibration.models["read"]
    found = log_odds_of(model(reading_features(log_odds[read_now], scores)))
    after = np.minimum(log_odds, found.min() - _BEHIND_READ)
    after[read_now] = found
    return after, ranking_of_readings(found, scores)


def _of_first_release(
    best: int,
    units: Sequence[FileUnit],
    question: Question,
    columns: Mapping[str, Floats],
    files: Sequence[Sequence[str]],
) -> int:
    """Of the changes that have as many of the question's words, the one of the oldest release, if asked for.

    Releases are listed newest first or last: their versions say which.
    """
    if not question.first_release:
        return best
    words = columns["exact_own"]
    found = [
        (version, n)
        for n, unit in enumerate(units)
        if unit.file == units[best].file
        and words[n] >= _AS_MANY_WORDS * words.max()
        and (version := _release_of(unit, files))
    ]
    return min(found)[1] if found and _release_of(units[best], files) else best


def _release_of(unit: FileUnit, files: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """The version of the release that a change is under; () if it is under none."""
    under = unit.unit.under
    match = RELEASE.search(files[unit.file][under - 1].lstrip("#=* ")) if under else None
    return tuple(int(part[:9]) for part in re.findall(r"\d+", match["version"])) if match else ()


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
