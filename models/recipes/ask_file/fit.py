"""Fit `ask_file`: `PYTHONPATH=. python models/recipes/ask_file/fit.py DIR...`, some minutes.

Questions are made by code from the real files under the folders (`evaluation/questions.py`), a third of them
put to files that don't answer. Fits what a unit must have to be the answer, and when an answer is there at
all. Writes `models/skills/ask_file/scores.json`. Report on other folders: `mcp-smalltools eval ask`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from pathlib import Path
from typing import Any

import numpy as np

from mcp_smalltools.config import load_settings
from mcp_smalltools.engine.client import EngineClient
from mcp_smalltools.evaluation.questions import Question, questions
from mcp_smalltools.skills.calibration import (
    Calibration,
    Logistic,
    coverage_at,
    expected_calibration_error,
)
from mcp_smalltools.tools.asking.answer import _shown, _whole
from mcp_smalltools.tools.asking.question import understood
from mcp_smalltools.tools.asking.ranking import Index, Place
from mcp_smalltools.tools.asking.units import units_of

SKILL = Path(__file__).resolve().parents[2] / "skills" / "ask_file"
RELIED_ON = 0.97
"""Share of the answers that are not escalated and must be right, on data made here."""
WRONG_FOUND = 0.025
"""Share of questions without an answer that may be "found", on data made here; the promise is .05."""


def f1(start: int, end: int, question: Question) -> float:
    both = min(end, question.end) - max(start, question.start) + 1
    return 0.0 if both <= 0 else 2 * both / ((end - start + 1) + (question.end - question.start + 1))


async def features_of(asked: list[Question], engine: Any) -> list[Any]:
    """For each question: the features of its candidates, and how well each one's lines answer."""
    rows = []
    for question in asked:
        places = []
        for number, path in enumerate(question.paths):
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
            places += [Place(number, unit) for unit in units_of(str(path), lines)]
        index, meant = Index(places), understood(question.text)
        chosen = index.candidates(meant)
        if not chosen:
            rows.append((question, [], []))
            continue
        texts = [_shown(index.places[n].unit) for n in chosen]
        vectors = (await engine.embed([question.text, *texts])).vectors
        found = index.features(meant, chosen, [float(v) for v in vectors[1:] @ vectors[0]])
        units = [index.places[n] for n in chosen]
        good = [
            f1(p.unit.start, p.unit.end, question) if question.paths[p.file] == question.path else 0.0
            for p in units
        ]
        rows.append((question, found, good))
    return rows


def columns_of(found: list[dict[str, float]]) -> dict[str, Any]:
    return {name: np.array([row[name] for row in found]) for name in found[0]}


async def gather(folders: list[Path], count: int) -> list[Any]:
    engine = EngineClient(load_settings())
    asked = [q for n, folder in enumerate(folders) for q in questions(folder, count, 100 + n, without=0.5)]
    random.Random(3).shuffle(asked)
    try:
        return await features_of(asked, engine)
    finally:
        await engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=400, help="questions of each folder")
    args = parser.parse_args()
    fit(asyncio.run(gather(args.folders, args.count)))


def fit(rows: list[Any]) -> None:
    """`rows` hold for each question its candidates' features and how well the lines of each one answer."""
    fitting, checking = rows[::2], rows[1::2]
    flat = [
        (f, g >= 0.5 and g == max(good))
        for q, found, good in fitting
        if q.start
        for f, g in zip(found, good, strict=True)
    ]
    unit = Logistic.fit(columns_of([f for f, _ in flat]), [g for _, g in flat])

    def judged(rows: list[Any]) -> list[Any]:
        out = []
        for question, found, good in rows:
            if not found:
                out.append((question, None, 0.0))
                continue
            chances = unit(columns_of(found))
            order = np.argsort(-chances, kind="stable")
            out.append((question, _whole(found, chances, order), good[int(order[0])]))
        return out

    signs = {
        "best": 1,
        "lead": 1,
        "coverage": 1,
        "thin": -1,
        "own_words": 1,
        "likeness": 1,
        "named": 1,
        "not_named": -1,
    }
    known = [(w, g) for _, w, g in judged(fitting) if w is not None]
    names = [*signs, "no_answer", "wrong_kind"]
    there = Logistic.fit(
        {name: np.array([w[name] for w, _ in known]) for name in names},
        [g >= 0.5 for _, g in known],
        signs={**signs, "no_answer": -1, "wrong_kind": -1},
    )

    def chance(whole: Any) -> float:
        return 0.0 if whole is None else float(there({name: whole[name] for name in names})[0])

    everything = judged(rows)
    none = sorted((chance(w) for q, w, _ in everything if not q.start), reverse=True)
    limit = none[int(len(none) * WRONG_FOUND)] + 1e-6 if none else 0.5
    found_ones = [(c, g >= 0.5) for _, w, g in everything if (c := chance(w)) >= limit]
    _, sure = coverage_at([c for c, _ in found_ones], [ok for _, ok in found_ones], RELIED_ON)
    checked = judged(checking)
    answerable = [(q, w, g) for q, w, g in checked if q.start]
    by_kind: dict[str, list[float]] = {}
    for q, w, g in answerable:
        by_kind.setdefault(q.kind, []).append(g if chance(w) >= limit else 0.0)
    chances = [chance(w) for _, w, _ in checked]
    figures = {
        "questions": len(answerable),
        "f1": round(float(np.mean([g if chance(w) >= limit else 0.0 for _, w, g in answerable])), 3),
        "f1_if_always_found": round(float(np.mean([g for _, _, g in answerable])), 3),
        "reachable": round(float(np.mean([max(good, default=0.0) for q, _, good in checking if q.start])), 3),
        "wrong_found": round(float(np.mean([chance(w) >= limit for q, w, _ in checked if not q.start])), 3),
        "expected_calibration_error": round(
            expected_calibration_error(chances, [g >= 0.5 for _, _, g in checked]), 3
        ),
        "by_kind": {kind: round(float(np.mean(values)), 3) for kind, values in sorted(by_kind.items())},
    }
    print(json.dumps(figures, indent=1))
    calibration = Calibration(
        {"unit": unit, "there": there},
        {"found_from": round(limit, 4), "sure_from": round(max(limit, sure), 4)},
    )
    content = {
        "command": "PYTHONPATH=. python models/recipes/ask_file/fit.py DIR...",
        "checked_on": figures,
        "calibration": calibration.to_json(),
    }
    (SKILL / "scores.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
