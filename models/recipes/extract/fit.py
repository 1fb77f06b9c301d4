"""Fit the confidence of `extract`.

    PYTHONPATH=. python models/recipes/extract/fit.py    # some minutes

Requests: those of models/skills/extract/requests.txt, with which neither the reader nor the rules were made,
and sentences of the reader's held-out schemas. Pages: several of those schemas on one page. Each fifth is
judged by models fitted on the others, which gives the figures; what ships is fitted on all. Writes
`models/skills/extract/scores.json`. The same seed gives the same numbers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dev import Played, generated, hand_written, pages, play

from mcp_smalltools.calibration.calibration import Calibration, Logistic
from mcp_smalltools.calibration.measures import coverage_at, expected_calibration_error
from mcp_smalltools.config import load_settings
from mcp_smalltools.evaluation.suites.extract import is_right
from mcp_smalltools.tools.extract.confidence import FEATURES, Assessment, whole_features

SKILL = Path(__file__).resolve().parents[2] / "skills" / "extract"
RELIED_ON = 0.95
"""Share of the objects that may be relied on and must be right, on data made here; the promise is .90."""
HAND_WRITTEN_COUNTS = 2
FOLDS = 5

FOUND = {
    "margin": 1,
    "score": 1,
    "swap": 1,
    "moved": -1,
    "text": -1,
    "list": -1,
    "judged": -1,
    "left_over": -1,
    "required": 0,
}
ABSENT = {"margin": 1, "required": -1}
WHOLE = {"product": 1, "worst": 1, "unused": -1, "needed": -1, "unverified": -1, "fields": -1}


@dataclass(frozen=True, slots=True)
class Objects:
    """What was played: features of whole objects, which are right, and how much each counts."""

    features: list[dict[str, float]]
    right: Any
    weight: Any


def _columns(rows: Sequence[dict[str, float]], names: Sequence[str]) -> dict[str, Any]:
    return {name: np.array([row.get(name, 0.0) for row in rows]) for name in names}


def _weight(item: Played) -> float:
    return HAND_WRITTEN_COUNTS if item.hand_written else 1


def _field_rows(played: Sequence[Played]) -> tuple[list[Any], list[Any]]:
    """(features, right, weight) of what was found, and of what was said to be absent."""
    found, absent = [], []
    for item in played:
        accepted = item.case.accepted
        for f in item.filled.found:
            if "named" not in f.features:
                right = is_right({f.field: f.value}, {f.field: accepted[f.field]})
                found.append((f.features, right, _weight(item)))
        for absence in item.filled.absent:
            if "named" not in absence.features:
                absent.append((absence.features, "" in accepted[absence.field.name], _weight(item)))
    return found, absent


def _fit(rows: Sequence[Any], signs: dict[str, int]) -> Logistic:
    columns = _columns([row[0] for row in rows], list(signs))
    right = [row[1] for row in rows]
    signs = {name: sign for name, sign in signs.items() if sign}
    return Logistic.fit(columns, right, signs=signs, weight=[row[2] for row in rows])


def fit_models(played: Sequence[Played], ending: str) -> dict[str, Logistic]:
    """For fields first, then for whole objects by the fields' chances."""
    found, absent = _field_rows(played)
    models = {f"found{ending}": _fit(found, FOUND), f"absent{ending}": _fit(absent, ABSENT)}
    objects = objects_of(played, models)
    rows = list(zip(objects.features, objects.right, objects.weight, strict=True))
    return {**models, f"whole{ending}": _fit(rows, WHOLE)}


def objects_of(played: Sequence[Played], models: dict[str, Logistic]) -> Objects:
    rows, right, weight = [], [], []
    for item in played:
        judged = Assessment(None, None)
        judged.unverified = [f.field for f in item.filled.found if not f.verified]
        features = whole_features(item.document, item.filled, judged, Calibration(models, {}, {}))
        if features is not None:
            rows.append(features)
            right.append(item.right)
            weight.append(_weight(item))
    return Objects(rows, np.array(right), np.array(weight))


def crossed(played: Sequence[Played], ending: str) -> tuple[Any, Any, Any]:
    """Chance, right and weight of all, each fifth by models that were fitted on the others."""
    parts = []
    for fold in range(FOLDS):
        models = fit_models([item for i, item in enumerate(played) if i % FOLDS != fold], ending)
        objects = objects_of(played[fold::FOLDS], models)
        chance = models[f"whole{ending}"](_columns(objects.features, list(WHOLE)))
        parts.append((chance, objects.right, objects.weight))
    chance, right, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
    return chance, right, weight


def figures_of(chance: Any, right: Any, limit: float) -> dict[str, Any]:
    sure = chance >= limit
    return {
        "objects": len(right),
        "right": round(float(right.mean()), 3),
        "expected_calibration_error": round(expected_calibration_error(chance, right), 3),
        "covered": round(float(sure.mean()), 3),
        "right_of_covered": round(float(right[sure].mean()), 3) if sure.any() else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--generated", type=int, default=300, help="sentences of held out schemas")
    parser.add_argument("--pages", type=int, default=160, help="pages of held out schemas")
    args = parser.parse_args()
    cases = [*generated(args.generated, 9, held_out=True), *pages(args.pages, 9)]
    played = asyncio.run(play(hand_written(SKILL / "requests.txt"), hand_written=True)) + asyncio.run(
        play(cases)
    )
    requests = [item for item in played if item.document.is_request]
    paged = [item for item in played if not item.document.is_request]
    models = {**fit_models(requests, ""), **fit_models(paged, "_on_page")}
    chance, right, weight = crossed(requests, "")
    repeated = np.repeat(np.arange(len(right)), weight.astype(int))
    _, limit = coverage_at(chance[repeated], right[repeated], RELIED_ON)
    checked = {"requests": figures_of(chance, right, limit)}
    by_hand = weight == HAND_WRITTEN_COUNTS
    checked["of those, written by hand"] = figures_of(chance[by_hand], right[by_hand], limit)
    chance, right, _ = crossed(paged, "_on_page")
    checked["pages"] = figures_of(chance, right, limit)
    print(json.dumps(checked, indent=1))
    constants = {"sure_from": round(limit, 3)}
    content = {
        "command": "PYTHONPATH=. python models/recipes/extract/fit.py",
        "checked_on": checked,
        "calibration": Calibration(models, constants, FEATURES, load_settings().embed_model).to_json(),
    }
    (SKILL / "scores.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
