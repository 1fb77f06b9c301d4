"""Fit `ask_file`: `PYTHONPATH=. python models/recipes/ask_file/fit.py DIR...`, some minutes.

Questions are made by code from the real files under the folders (`evaluation/questions.py`), a third of them
put to files that don't answer; those that a person wrote (`free.py`) count twice. Fits what a unit must have
to be the answer, when an answer is there at all, and how sure either can be. Writes
`models/skills/ask_file/scores.json`. Report on other folders: `mcp-smalltools eval ask`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from free import WRITTEN, Free, free_questions

from mcp_smalltools.config import load_settings
from mcp_smalltools.engine.client import EngineClient
from mcp_smalltools.evaluation.questions import Question, questions
from mcp_smalltools.skills.calibration import (
    Calibration,
    Logistic,
    coverage_at,
    expected_calibration_error,
)
from mcp_smalltools.tools.asking.answer import _shown, _whole, log_odds
from mcp_smalltools.tools.asking.question import understood
from mcp_smalltools.tools.asking.ranking import Index, Place
from mcp_smalltools.tools.asking.units import units_of

SKILL = Path(__file__).resolve().parents[2] / "skills" / "ask_file"
RELIED_ON = 0.97
"""Share of the answers that are not escalated and must be right, on data made here."""
WRONG_FOUND = 0.025
"""Share of questions without an answer that may be "found", on data made here; the promise is .05."""
RELIED_ON_WRITTEN = 0.8
"""The same share on questions that a person wrote, by models that have not seen the file."""
FOUND_FROM = 0.35
"""Under this chance lines are pointed to only."""
FREE_WEIGHT = 2.0
"""A written question counts as so many made ones."""


def f1(start: int, end: int, question: Question) -> float:
    both = min(end, question.end) - max(start, question.start) + 1
    return 0.0 if both <= 0 else 2 * both / ((end - start + 1) + (question.end - question.start + 1))


def grade(place: Place, question: Any) -> float:
    """How well the lines of a place answer."""
    if isinstance(question, Free):
        return float(bool(question.lines & set(range(place.unit.start, place.unit.end + 1))))
    right_file = question.paths[place.file] == question.path
    return f1(place.unit.start, place.unit.end, question) if right_file else 0.0


async def features_of(asked: list[Any], engine: Any) -> list[Any]:
    """For each question: its candidates' features, how well each answers, the share of words there."""
    rows = []
    for question in asked:
        places = []
        for number, path in enumerate(question.paths):
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
            places += [Place(number, unit) for unit in units_of(str(path), lines)]
        index, meant = Index(places), understood(question.text)
        chosen = index.candidates(meant)
        if not chosen:
            rows.append((question, [], [], 0.0))
            continue
        texts = [_shown(index.places[n].unit) for n in chosen]
        vectors = (await engine.embed([question.text, *texts])).vectors
        found = index.features(meant, chosen, [float(v) for v in vectors[1:] @ vectors[0]])
        good = [grade(index.places[n], question) for n in chosen]
        rows.append((question, found, good, index.known(meant)))
    return rows


def columns_of(found: list[dict[str, float]]) -> dict[str, Any]:
    return {name: np.array([row[name] for row in found]) for name in found[0]}


async def gather(folders: list[Path], free: list[Path], count: int) -> tuple[list[Any], list[Any]]:
    engine = EngineClient(load_settings())
    asked = [q for n, folder in enumerate(folders) for q in questions(folder, count, 100 + n, without=0.5)]
    random.Random(3).shuffle(asked)
    written = [question for path in free for question in free_questions(path) if not question.held]
    try:
        return await features_of(asked, engine), await features_of(written, engine)
    finally:
        await engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=400, help="questions of each folder")
    parser.add_argument("--free", type=Path, nargs="*", default=[], help="more questions like questions.tsv")
    args = parser.parse_args()
    fit(*asyncio.run(gather(args.folders, [WRITTEN, *args.free], args.count)))


SIGNS = {
    **dict.fromkeys(("best", "lead", "coverage", "own_words", "likeness", "named", "known", "has_answer"), 1),
    **dict.fromkeys(("thin", "not_named", "no_answer", "wrong_kind"), -1),
}
ABSENT = {"known": -1, "likeness": -1, "best": -1, "coverage": -1}
"""What says that the file doesn't answer, of the questions to which nothing is found."""


@dataclass(frozen=True, slots=True)
class Judged:
    question: Any
    whole: dict[str, float] | None
    """Features of the whole; None without any candidate."""
    grade: float
    there: float = 0.0


def answers(question: Any) -> bool:
    """The file does answer."""
    return bool(question.lines if isinstance(question, Free) else question.start)


def weight_of(question: Any) -> float:
    return FREE_WEIGHT if isinstance(question, Free) else 1.0


def fit_two(rows: list[Any]) -> tuple[Logistic, Logistic]:
    """Which unit answers, and whether the best one does."""
    flat = [
        (f, g >= 0.5 and g == max(good), weight_of(q))
        for q, found, good, _ in rows
        if answers(q)
        for f, g in zip(found, good, strict=True)
    ]
    unit = Logistic.fit(
        columns_of([f for f, _, _ in flat]), [g for _, g, _ in flat], weight=[w for *_, w in flat]
    )
    known = [j for j in best_of(rows, unit) if j.whole is not None]
    there = Logistic.fit(
        columns_of([{name: j.whole[name] for name in SIGNS} for j in known if j.whole]),
        [j.grade >= 0.5 for j in known],
        signs=SIGNS,
        weight=[weight_of(j.question) for j in known],
    )
    return unit, there


def best_of(rows: list[Any], unit: Logistic, there: Logistic | None = None) -> list[Judged]:
    out = []
    for question, found, good, known in rows:
        if not found:
            out.append(Judged(question, None, 0.0))
            continue
        chances = unit(columns_of(found))
        order = np.argsort(-chances, kind="stable")
        whole = _whole(found, chances, order, known)
        chance = 0.0 if there is None else float(there({n: whole[n] for n in there.weights})[0])
        out.append(Judged(question, whole, good[int(order[0])], chance))
    return out


def apart(free: list[Any], made: list[Any]) -> list[Judged]:
    """Each written question judged by models that have not seen a question to its file."""
    out = []
    for path in sorted({q.path for q, *_ in free}):
        unit, there = fit_two([*made, *(row for row in free if row[0].path != path)])
        out += best_of([row for row in free if row[0].path == path], unit, there)
    return out


def threshold(pairs: list[tuple[float, bool]], right: float) -> float:
    return coverage_at([c for c, _ in pairs], [ok for _, ok in pairs], right)[1]


def fit(made: list[Any], free: list[Any]) -> None:
    """Rows hold for each question its candidates' features, how well each one's lines answer, and `known`."""
    fitting, checking = made[::2], made[1::2]
    unit, there = fit_two([*fitting, *free])
    every, unseen = best_of(made, unit, there), apart(free, fitting)
    none = sorted((j.there for j in every if not answers(j.question)), reverse=True)
    limit = max(none[int(len(none) * WRONG_FOUND)] + 1e-6, FOUND_FROM)
    sure = max(
        limit,
        threshold([(j.there, j.grade >= 0.5) for j in every if j.there >= limit], RELIED_ON),
        threshold([(j.there, j.grade >= 0.5) for j in unseen if j.there >= limit], RELIED_ON_WRITTEN),
    )
    missing = [j for j in [*every, *unseen] if j.whole and j.there < limit]
    absent = Logistic.fit(
        columns_of([{name: j.whole[name] for name in ABSENT} for j in missing if j.whole]),
        [not answers(j.question) for j in missing],
        signs=ABSENT,
        weight=[weight_of(j.question) for j in missing],
    )

    right = Logistic.fit(
        {"log_odds": log_odds([j.there for j in unseen if j.whole])},
        [j.grade >= 0.5 for j in unseen if j.whole],
        signs={"log_odds": 1},
    )

    def nothing(j: Judged) -> float:
        return float(absent({name: (j.whole or {})[name] for name in absent.weights})[0])

    written = [(nothing(j), not answers(j.question)) for j in missing if isinstance(j.question, Free)]
    _, nothing_from = coverage_at([c for c, _ in written], [ok for _, ok in written], RELIED_ON)
    checked = best_of(checking, unit, there)
    answerable = [j for j in checked if answers(j.question)]
    by_kind: dict[str, list[float]] = {}
    for j in answerable:
        by_kind.setdefault(j.question.kind, []).append(j.grade * (j.there >= limit))
    found = [j for j in unseen if j.there >= limit]
    figures = {
        "questions": len(answerable),
        "f1": round(float(np.mean([j.grade * (j.there >= limit) for j in answerable])), 3),
        "f1_if_always_found": round(float(np.mean([j.grade for j in answerable])), 3),
        "reachable": round(
            float(np.mean([max(good, default=0.0) for q, _, good, _ in checking if q.start])), 3
        ),
        "wrong_found": round(
            float(np.mean([j.there >= limit for j in checked if not answers(j.question)])), 3
        ),
        "expected_calibration_error": round(
            expected_calibration_error([j.there for j in checked], [j.grade >= 0.5 for j in checked]), 3
        ),
        "by_kind": {kind: round(float(np.mean(values)), 3) for kind, values in sorted(by_kind.items())},
        "written": len(unseen),
        "written_found": len(found),
        "written_right_of_found": round(float(np.mean([j.grade >= 0.5 for j in found])), 3),
        "written_expected_calibration_error": round(
            expected_calibration_error(
                right({"log_odds": log_odds([j.there for j in unseen])}), [j.grade >= 0.5 for j in unseen]
            ),
            3,
        ),
    }
    print(json.dumps(figures, indent=1))
    calibration = Calibration(
        {"unit": unit, "there": there, "right": right, "absent": absent},
        {"found_from": round(limit, 4), "sure_from": round(sure, 4), "nothing_from": round(nothing_from, 4)},
    )
    known = json.loads((SKILL / "scores.json").read_text(encoding="utf-8"))
    content = {
        "evaluation": known.get("evaluation", []),
        "command": "PYTHONPATH=. python models/recipes/ask_file/fit.py DIR...",
        "checked_on": figures,
        "calibration": calibration.to_json(),
    }
    (SKILL / "scores.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
