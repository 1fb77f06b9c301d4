"""Fit how sure `extract` may be: `PYTHONPATH=. python models/recipes/extract/fit.py`, some minutes.

Plays the tool on sentences of the reader's held out schemas and on the requests of cases.txt, which are
closest to what agents send. Half of both fits, the other half checks. Writes
`models/skills/extract/scores.json`. The same seed gives the same numbers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from dev import Played, generated, hand_written, play

from mcp_smalltools.evaluation.extract import is_right
from mcp_smalltools.skills.calibration import (
    Calibration,
    Logistic,
    coverage_at,
    expected_calibration_error,
)
from mcp_smalltools.tools.extraction.confidence import Judgement, whole_features

SKILL = Path(__file__).resolve().parents[2] / "skills" / "extract"
RELIED_ON = 0.95
"""Share of the objects that may be relied on and must be right, on data made here; the promise is .90."""
HAND_WRITTEN_COUNTS = 2.0
SEEN_WHILE_WRITING = 78
"""The first cases of cases.txt, with which at hand the rules were written: they would flatter the tool."""

FOUND = {
    "margin": 1,
    "score": 1,
    "moved": -1,
    "text": -1,
    "list": -1,
    "judged": -1,
    "left_over": -1,
    "required": 0,
}
ABSENT = {"margin": 1, "required": -1}
WHOLE = {"product": 1, "worst": 1, "unused": -1, "needed": -1, "unverified": -1, "fields": -1}


def _columns(rows: Sequence[dict[str, float]], names: Sequence[str]) -> dict[str, Any]:
    return {name: np.array([row.get(name, 0.0) for row in rows]) for name in names}


def _field_rows(played: Sequence[Played]) -> tuple[list[Any], list[Any]]:
    """(features, right, weight) of what was found, and of what was said to be absent."""
    found, absent = [], []
    for item in played:
        accepted = item.case.accepted
        weight = HAND_WRITTEN_COUNTS if item.hand_written else 1.0
        for f in item.filled.found:
            if "named" not in f.features:
                found.append((f.features, is_right({f.field: f.value}, {f.field: accepted[f.field]}), weight))
        for field, features in item.filled.absent:
            if "named" not in features:
                absent.append((features, "" in accepted[field.name], weight))
    return found, absent


def _fit(rows: Sequence[Any], signs: dict[str, int]) -> Logistic:
    columns = _columns([row[0] for row in rows], list(signs))
    right = [row[1] for row in rows]
    signs = {name: sign for name, sign in signs.items() if sign}
    return Logistic.fit(columns, right, signs=signs, weight=[row[2] for row in rows])


def _whole_rows(played: Sequence[Played], models: dict[str, Logistic]) -> list[Any]:
    rows = []
    for item in played:
        judged = Judgement(None, None)
        judged.unverified = [f.field for f in item.filled.found if not f.verified]
        features = whole_features(item.document, item.filled, judged, Calibration(models, {}))
        if features is not None:
            rows.append((features, item.right, HAND_WRITTEN_COUNTS if item.hand_written else 1.0))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--generated", type=int, default=400)
    args = parser.parse_args()
    made = asyncio.run(play(generated(args.generated, 9, held_out=True)))
    hand = asyncio.run(play(hand_written(), hand_written=True))
    played = [*made, *hand[SEEN_WHILE_WRITING:]]
    fitting, checking = played[::2], played[1::2]
    found, absent = _field_rows(fitting)
    models = {"found": _fit(found, FOUND), "absent": _fit(absent, ABSENT)}
    rows = _whole_rows(fitting, models)
    models["whole"] = _fit(rows, WHOLE)

    def chances(rows: Sequence[Any]) -> Any:
        return models["whole"](_columns([row[0] for row in rows], list(WHOLE)))

    checked = _whole_rows(checking, models)
    together = [*rows, *checked]
    weight = np.concatenate([np.repeat(i, int(row[2])) for i, row in enumerate(together)])
    share, limit = coverage_at(
        chances(together)[weight], np.array([r[1] for r in together])[weight], RELIED_ON
    )
    calibration = Calibration(models, {"sure_from": round(limit, 3)})
    chance, right = chances(checked), np.array([row[1] for row in checked])
    sure = chance >= limit
    figures = {
        "objects": len(checked),
        "right": round(float(right.mean()), 3),
        "hand_written_right": f"{sum(item.right for item in hand)} of {len(hand)}",
        "expected_calibration_error": round(expected_calibration_error(chance, right), 3),
        "covered": round(float(sure.mean()), 3),
        "right_of_covered": round(float(right[sure].mean()), 3) if sure.any() else None,
    }
    print(json.dumps(figures), share)
    content = {
        "command": "PYTHONPATH=. python models/recipes/extract/fit.py",
        "checked_on": figures,
        "calibration": calibration.to_json(),
    }
    (SKILL / "scores.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
