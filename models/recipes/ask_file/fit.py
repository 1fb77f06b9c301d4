"""Fit `ask_file`: which place answers, whether one does at all, and how probable each is.

    PYTHONPATH=. python models/recipes/ask_file/fit.py --rows ROWS    # a minute; ROWS by gather.py

Probabilities and thresholds come from written questions alone, each judged by models that have not seen a
question about its file. Writes `models/skills/ask_file/scores.json`. `measure.py` makes the figures on the
part `test`.
"""

from __future__ import annotations

import argparse
import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from gather import Row

from mcp_smalltools.calibration.calibration import Calibration, Logistic
from mcp_smalltools.calibration.measures import expected_calibration_error
from mcp_smalltools.tools.ask_file.features import FEATURES, Floats, log_odds, of_whole
from mcp_smalltools.tools.ask_file.selection import MOST, Passage, passages
from mcp_smalltools.tools.ask_file.verdict import doubtful, enough

SKILL: Final = Path(__file__).resolve().parents[2] / "skills" / "ask_file"
FOLDS: Final = 5
WRITTEN_WEIGHT: Final = 2.0
"""A written question counts as so many made ones."""
ASTRAY_WEIGHT: Final = 0.5
RIDGE: Final = 100.0
RELIED_ON: Final = 0.9
"""Share that is right of what is shown and not escalated."""
MISSED: Final = 0.01
"""Share of the written questions with an answer that may be told "not found" without `escalate`."""
WRONG_FOUND: Final = 0.045
"""Share of made questions without an answer to which lines may be found; the promise is .05."""
FOUND_FROM: Final = 0.35
"""Under this chance lines are pointed to only."""


@dataclass(slots=True)
class Judged:
    row: Row
    passages: Sequence[Passage]
    whole: Mapping[str, float]
    first: float = 0.0
    """The chance that the first passage answers."""
    three: float = 0.0
    """The chance that one of all does."""
    absent: float = 0.0
    """The chance that nothing in the file does."""

    @property
    def has_answer(self) -> bool:
        return bool(self.row.gold)

    def right(self, count: int) -> bool:
        return any(self.row.holds(p.file, p.start, p.end) for p in self.passages[:count])


def weight_of(row: Row) -> float:
    return {"made": 1.0, "astray": ASTRAY_WEIGHT}.get(row.part, WRITTEN_WEIGHT)


def columns_of(found: Sequence[Mapping[str, float]]) -> dict[str, Floats]:
    return {name: np.array([one[name] for one in found], np.float64) for name in found[0]}


def fit_units(rows: Sequence[Row]) -> Logistic:
    used = [row for row in rows if row.columns and any(row.answers)]
    columns = {name: np.concatenate([row.columns[name] for row in used]) for name in used[0].columns}
    varied = {name: column for name, column in columns.items() if column.std() > 0}
    right = np.concatenate([row.answers for row in used])
    weight = np.concatenate([np.full(len(row.places), weight_of(row)) for row in used])
    return Logistic.fit(varied, right, weight=weight, ridge=RIDGE)


def judge(rows: Sequence[Row], unit: Logistic) -> list[Judged]:
    judged = []
    for row in rows:
        if not row.columns:
            continue
        odds = log_odds(unit(row.columns))
        found = passages(row.places, odds)
        judged.append(Judged(row, found, of_whole(row.meant, row.matches, row.columns, odds, found)))
    return judged


def fit_right(judged: Sequence[Judged], count: int) -> Logistic:
    """The chance that one of the first so many passages answers."""
    return fit_whole(judged, [j.right(count) for j in judged])


def fit_absent(judged: Sequence[Judged]) -> Logistic:
    """The chance that nothing in the file answers."""
    return fit_whole(judged, [not j.has_answer for j in judged])


def fit_whole(judged: Sequence[Judged], right: Sequence[bool]) -> Logistic:
    columns = columns_of([j.whole for j in judged])
    varied = {name: column for name, column in columns.items() if column.std() > 0}
    return Logistic.fit(varied, right, weight=[weight_of(j.row) for j in judged], ridge=RIDGE)


def chance(model: Logistic, features: Mapping[str, float]) -> float:
    return float(model({name: features[name] for name in model.weights})[0])


def folds_of(rows: Sequence[Row]) -> dict[str, int]:
    groups = sorted({row.group for row in rows})
    np.random.default_rng(5).shuffle(groups)
    return {group: number % FOLDS for number, group in enumerate(groups)}


def apart(rows: Sequence[Row]) -> list[Judged]:
    """Every question judged by models that have not seen one to its file."""
    fold = folds_of(rows)
    judged: list[Judged] = []
    for number in range(FOLDS):
        unit = fit_units([row for row in rows if fold[row.group] != number])
        judged += judge([row for row in rows if fold[row.group] == number], unit)
    for number in range(FOLDS):
        seen = [j for j in judged if fold[j.row.group] != number]
        first, three, absent = fit_right(seen, 1), fit_right(seen, MOST), fit_absent(seen)
        for j in judged:
            if fold[j.row.group] == number:
                j.first, j.three = chance(first, j.whole), chance(three, j.whole)
                j.absent = chance(absent, j.whole)
    return judged


def told(j: Judged, sure: float) -> tuple[int, float]:
    """How many passages are evidence, and the chance that one of them answers."""
    if doubtful(j.whole):
        return 1, 0.0
    if j.first < sure <= j.three:
        return enough(j.passages), j.three
    return 1, j.first


def sure_from(judged: Sequence[Judged]) -> float:
    """The lowest chance at which what is told without `escalate` is right often enough."""
    best, most = 1.0, 0
    for limit in np.arange(0.5, 1.0, 0.005).tolist():
        right = [j.right(told(j, limit)[0]) for j in judged if told(j, limit)[1] >= limit]
        if len(right) > most and np.mean(right) >= RELIED_ON:
            best, most = limit, len(right)
    return best


def fit(rows: Sequence[Row]) -> None:
    judged = apart(rows)
    written = [j for j in judged if j.row.written]
    made = [j for j in judged if j.row.part == "made"]
    first = rescale(judged, "first", [j.right(1) for j in written])
    three = rescale(judged, "three", [j.right(MOST) for j in written])
    none = sorted((j.three for j in made if not j.has_answer), reverse=True)
    limit = max(none[int(len(none) * WRONG_FOUND)] + 1e-6, FOUND_FROM)
    found = [j for j in written if j.three >= limit]
    sure = sure_from(found)
    nothing_from = float(np.quantile([j.absent for j in written if j.has_answer], 1 - MISSED)) + 1e-6
    figures = figures_of(written, made, limit, sure, nothing_from)
    print(json.dumps(figures, indent=1))
    models = {
        "unit": fit_units(rows),
        "first": first(fit_right(judged, 1)),
        "three": three(fit_right(judged, MOST)),
        "absent": fit_absent(judged),
    }
    limits = {"found_from": limit, "sure_from": sure, "nothing_from": nothing_from}
    save(Calibration(models, {name: round(value, 4) for name, value in limits.items()}, FEATURES), figures)


def rescale(judged: Sequence[Judged], name: str, right: Sequence[bool]) -> Callable[[Logistic], Logistic]:
    """Moves the chances of that name to what holds for written questions; gives what moves their model."""
    written = [j for j in judged if j.row.written]
    odds = [float(log_odds(getattr(j, name))) for j in written]
    platt = Logistic.fit({"odds": odds}, right, signs={"odds": 1})
    for j in judged:
        setattr(j, name, float(platt({"odds": log_odds(getattr(j, name))})[0]))
    slope = platt.weights["odds"]
    return lambda model: Logistic(
        {feature: slope * weight for feature, weight in model.weights.items()},
        slope * model.bias + platt.bias,
    )


def figures_of(
    written: Sequence[Judged], made: Sequence[Judged], limit: float, sure: float, nothing: float
) -> dict[str, float]:
    answered = [j for j in written if j.has_answer]
    asked = [j for j in made if j.has_answer]
    calm = [j for j in written if j.three >= limit and told(j, sure)[1] >= sure]
    return {
        "written": len(written),
        "written_first_right": share([j.right(1) for j in answered]),
        "written_three_right": share([j.right(MOST) for j in answered]),
        "written_wrong_found": share([j.three >= limit for j in written if not j.has_answer]),
        "written_sure": round(len(calm) / len(written), 3),
        "written_right_of_sure": share([j.right(told(j, sure)[0]) for j in calm]),
        "written_calibration_error": round(
            expected_calibration_error([j.three for j in written], [j.right(MOST) for j in written]), 3
        ),
        "written_not_found_sure": share(
            [j.three < limit and j.absent >= nothing for j in written if not j.has_answer]
        ),
        "made": len(asked),
        "made_f1": share([grade(j, sure) * (j.three >= limit) for j in asked]),
        "made_wrong_found": share([j.three >= limit for j in made if not j.has_answer]),
    }


def grade(j: Judged, sure: float) -> float:
    """F1 of the lines that are evidence."""
    shown = j.passages[: told(j, sure)[0]]
    lines = {(p.file, n) for p in shown for n in range(p.start, p.end + 1)}
    return 2 * len(lines & j.row.gold) / (len(lines) + len(j.row.gold))


def share(values: Sequence[Any]) -> float:
    return round(float(np.mean([float(value) for value in values])), 3)


def save(calibration: Calibration, figures: Mapping[str, Any]) -> None:
    known = json.loads((SKILL / "scores.json").read_text(encoding="utf-8"))
    content = {
        "evaluation": known.get("evaluation", []),
        "command": "PYTHONPATH=. python models/recipes/ask_file/fit.py --rows ROWS",
        "checked_on": figures,
        "calibration": calibration.to_json(),
    }
    (SKILL / "scores.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=Path, required=True, help="what gather.py wrote")
    fit(pickle.loads(parser.parse_args().rows.read_bytes()))


if __name__ == "__main__":
    main()
