"""Fit `ask_file`: which unit answers, whether one does at all, and how probable each is.

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
from mcp_smalltools.config import load_settings
from mcp_smalltools.tools.ask_file.features import FEATURES, Floats, log_odds_of, ranking_features
from mcp_smalltools.tools.ask_file.selection import MAX_PASSAGES, RankedPassage, select_passages
from mcp_smalltools.tools.ask_file.verdict import is_doubtful, passages_needed

SKILL: Final = Path(__file__).resolve().parents[2] / "skills" / "ask_file"
FOLDS: Final = 5
WRITTEN_WEIGHT: Final = 2.0
"""How many made questions a written one counts for."""
ASTRAY_WEIGHT: Final = 0.5
"""The same of a written question that is put to another file."""
RIDGE: Final = 100.0
"""L2 penalty of the models."""
RELIED_ON: Final = 0.9
"""The share of what comes without `escalate` that must be right."""
MISSED: Final = 0.01
"""The share of written questions with an answer for which "not found" may come without `escalate`."""
WRONG_FOUND: Final = 0.045
"""The share of made questions without an answer for which lines may be found; the aim is 0.05."""
FOUND_FROM: Final = 0.35
"""The lowest probability with which lines are found, not only pointed to."""


@dataclass(slots=True)
class Case:
    """A question with the passages that were ranked for it."""

    row: Row
    passages: Sequence[RankedPassage]
    features: Mapping[str, float]
    first: float = 0.0
    """The probability that the first passage answers."""
    three: float = 0.0
    """The probability that one of the first three does."""
    absent: float = 0.0
    """The probability that nothing in the file does."""

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
    weight = np.concatenate([np.full(len(row.units), weight_of(row)) for row in used])
    return Logistic.fit(varied, right, weight=weight, ridge=RIDGE)


def judge(rows: Sequence[Row], unit: Logistic) -> list[Case]:
    judged = []
    for row in rows:
        if not row.columns:
            continue
        log_odds = log_odds_of(unit(row.columns))
        found = select_passages(row.units, log_odds)
        features = ranking_features(row.question, row.matches, row.columns, log_odds, found)
        judged.append(Case(row, found, features))
    return judged


def fit_right(judged: Sequence[Case], count: int) -> Logistic:
    """The probability that one of the first so many passages answers."""
    return fit_whole(judged, [j.right(count) for j in judged])


def fit_absent(judged: Sequence[Case]) -> Logistic:
    """The probability that nothing in the file answers."""
    return fit_whole(judged, [not j.has_answer for j in judged])


def fit_whole(judged: Sequence[Case], right: Sequence[bool]) -> Logistic:
    columns = columns_of([j.features for j in judged])
    varied = {name: column for name, column in columns.items() if column.std() > 0}
    return Logistic.fit(varied, right, weight=[weight_of(j.row) for j in judged], ridge=RIDGE)


def probability_of(model: Logistic, features: Mapping[str, float]) -> float:
    return float(model({name: features[name] for name in model.weights})[0])


def folds_of(rows: Sequence[Row]) -> dict[str, int]:
    groups = sorted({row.group for row in rows})
    np.random.default_rng(5).shuffle(groups)
    return {group: number % FOLDS for number, group in enumerate(groups)}


def judge_out_of_fold(rows: Sequence[Row]) -> list[Case]:
    """Every question judged by models that have not seen one to its file."""
    fold = folds_of(rows)
    judged: list[Case] = []
    for number in range(FOLDS):
        unit = fit_units([row for row in rows if fold[row.group] != number])
        judged += judge([row for row in rows if fold[row.group] == number], unit)
    for number in range(FOLDS):
        seen = [j for j in judged if fold[j.row.group] != number]
        first, three, absent = fit_right(seen, 1), fit_right(seen, MAX_PASSAGES), fit_absent(seen)
        for j in judged:
            if fold[j.row.group] == number:
                j.first, j.three = probability_of(first, j.features), probability_of(three, j.features)
                j.absent = probability_of(absent, j.features)
    return judged


def shown_passages(j: Case, sure: float) -> tuple[int, float]:
    """How many passages are evidence, and the probability that one of them answers."""
    if is_doubtful(j.features):
        return 1, 0.0
    if j.first < sure <= j.three:
        return passages_needed(j.passages), j.three
    return 1, j.first


def sure_from(judged: Sequence[Case]) -> float:
    """The lowest probability at which what comes without `escalate` is right often enough."""
    best, most = 1.0, 0
    for limit in np.arange(0.5, 1.0, 0.005).tolist():
        shown = [(j, *shown_passages(j, limit)) for j in judged]
        right = [j.right(count) for j, count, probability in shown if probability >= limit]
        if len(right) > most and np.mean(right) >= RELIED_ON:
            best, most = limit, len(right)
    return best


def fit(rows: Sequence[Row]) -> None:
    judged = judge_out_of_fold(rows)
    written = [j for j in judged if j.row.written]
    made = [j for j in judged if j.row.part == "made"]
    first = rescale(judged, "first", [j.right(1) for j in written])
    three = rescale(judged, "three", [j.right(MAX_PASSAGES) for j in written])
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
        "three": three(fit_right(judged, MAX_PASSAGES)),
        "absent": fit_absent(judged),
    }
    limits = {"found_from": limit, "sure_from": sure, "nothing_from": nothing_from}
    constants = {name: round(value, 4) for name, value in limits.items()}
    save(Calibration(models, constants, FEATURES, load_settings().embed_model), figures)


def rescale(judged: Sequence[Case], name: str, right: Sequence[bool]) -> Callable[[Logistic], Logistic]:
    """Rescales the probabilities of that name for written questions; returns what rescales their model."""
    written = [j for j in judged if j.row.written]
    odds = [float(log_odds_of(getattr(j, name))) for j in written]
    platt = Logistic.fit({"odds": odds}, right, signs={"odds": 1})
    for j in judged:
        setattr(j, name, float(platt({"odds": log_odds_of(getattr(j, name))})[0]))
    slope = platt.weights["odds"]
    return lambda model: Logistic(
        {feature: slope * weight for feature, weight in model.weights.items()},
        slope * model.bias + platt.bias,
    )


def figures_of(
    written: Sequence[Case],
    made: Sequence[Case],
    limit: float,
    sure: float,
    nothing: float,
) -> dict[str, float]:
    answered = [j for j in written if j.has_answer]
    asked = [j for j in made if j.has_answer]
    calm = [j for j in written if j.three >= limit and shown_passages(j, sure)[1] >= sure]
    return {
        "written": len(written),
        "written_first_right": share([j.right(1) for j in answered]),
        "written_three_right": share([j.right(MAX_PASSAGES) for j in answered]),
        "written_wrong_found": share([j.three >= limit for j in written if not j.has_answer]),
        "written_sure": round(len(calm) / len(written), 3),
        "written_right_of_sure": share([j.right(shown_passages(j, sure)[0]) for j in calm]),
        "written_calibration_error": round(
            expected_calibration_error([j.three for j in written], [j.right(MAX_PASSAGES) for j in written]),
            3,
        ),
        "written_not_found_sure": share(
            [j.three < limit and j.absent >= nothing for j in written if not j.has_answer]
        ),
        "made": len(asked),
        "made_f1": share([grade(j, sure) * (j.three >= limit) for j in asked]),
        "made_wrong_found": share([j.three >= limit for j in made if not j.has_answer]),
    }


def grade(j: Case, sure: float) -> float:
    """F1 of the lines that are evidence."""
    shown = j.passages[: shown_passages(j, sure)[0]]
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
