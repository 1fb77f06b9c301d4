"""Fit `ask_file`: which unit answers, whether one does at all, and how probable each is.

    PYTHONPATH=. python models/recipes/ask_file/fit.py --rows ROWS    # a minute; ROWS by gather.py

Every model judges rows of sources that it has not seen; probabilities and thresholds come from real cases
and from written questions to files that the judge was not trained on. Writes scores.json of the skill.
`measure.py` makes the figures of written questions, `mcp-smalltools eval field --split held_out` with
`--tool ask_file` those of real ones.
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
from gather import Row, fit_units, name_of, weight_of
from written import unseen_by_the_judge

from mcp_smalltools.calibration.calibration import Calibration, Logistic
from mcp_smalltools.calibration.measures import expected_calibration_error
from mcp_smalltools.config import load_settings
from mcp_smalltools.tools.ask_file.features import (
    FEATURES,
    Floats,
    log_odds_of,
    ranking_features,
    reading_features,
)
from mcp_smalltools.tools.ask_file.rank import with_readings
from mcp_smalltools.tools.ask_file.selection import MAX_PASSAGES, RankedPassage, select_passages
from mcp_smalltools.tools.ask_file.verdict import is_doubtful

SKILL: Final = Path(__file__).resolve().parents[2] / "skills" / "ask_file"
READ_RIDGE: Final = 3.0
WHOLE_RIDGE: Final = 100.0
"""L2 penalties of the model of the readings, and of those of the whole ranking."""
RELIED_ON: Final = 0.95
"""The share of what comes without `escalate` that must be right."""
RELIED_ON_WRITTEN: Final = 0.9
"""The same share for written questions, which are harder: most of them ask for what the file nearly says."""
MARGIN: Final = 0.03
"""Added to the limit from which answers are sure: what just does on these questions is too low on others."""
FEWEST_SURE: Final = 15
"""Of a kind of questions, for its share of right ones to say something."""
MISSED: Final = 0.01
"""The share of questions with an answer for which "not found" may come without `escalate`."""


@dataclass(slots=True)
class Case:
    """A question with the passages that were ranked for it."""

    row: Row
    passages: Sequence[RankedPassage]
    features: Mapping[str, float]
    first: float = 0.0
    """The probability that the first passage answers."""
    shown: float = 0.0
    """The probability that one of all that are shown does."""
    absent: float = 0.0
    """The probability that nothing in the file does."""

    @property
    def is_real(self) -> bool:
        return self.row.part == "field"

    @property
    def has_answer(self) -> bool:
        return bool(self.row.gold)

    def right(self, count: int) -> bool:
        return any(self.row.holds(p.file, p.start, p.end) for p in self.passages[:count])


def fit_readings(rows: Sequence[Row]) -> Logistic:
    """Which of the candidates that were read answers, by their log odds and the judge."""
    used = [(row, *read_of(row)) for row in rows if any(row.answers)]
    found = [reading_features(log_odds, scores) for _, log_odds, scores in used]
    columns = {name: np.concatenate([one[name] for one in found]) for name in found[0]}
    right = np.concatenate([np.array(row.answers)[row.read] for row, _, _ in used])
    weight = np.concatenate([np.full(len(scores), weight_of(row)) for row, _, scores in used])
    return Logistic.fit(columns, right, weight=weight, ridge=READ_RIDGE)


def read_of(row: Row) -> tuple[Floats, Floats]:
    assert row.log_odds is not None
    assert row.scores is not None
    return row.log_odds[row.read], row.scores


def judge(rows: Sequence[Row], read: Logistic) -> list[Case]:
    judged = []
    calibration = Calibration({"read": read}, {}, FEATURES)
    for row in rows:
        assert row.log_odds is not None
        assert row.read is not None
        assert row.scores is not None
        log_odds, of_readings = with_readings(row.log_odds, row.read, row.scores, calibration)
        found = select_passages(row.units, log_odds)
        features = ranking_features(row.question, row.matches, row.columns, log_odds, found)
        judged.append(Case(row, found, features | of_readings))
    return judged


def fit_whole(judged: Sequence[Case], right: Sequence[bool]) -> Logistic:
    columns = {name: np.array([j.features[name] for j in judged], np.float64) for name in judged[0].features}
    varied = {name: column for name, column in columns.items() if column.std() > 0}
    return Logistic.fit(varied, right, weight=[weight_of(j.row) for j in judged], ridge=WHOLE_RIDGE)


def fit_rankings(judged: Sequence[Case]) -> dict[str, Logistic]:
    """Models of the whole ranking: the first passage answers, one that is shown does, nothing does."""
    return {
        "first": fit_whole(judged, [j.right(1) for j in judged]),
        "shown": fit_whole(judged, [j.right(MAX_PASSAGES) for j in judged]),
        "absent": fit_whole(judged, [not j.has_answer for j in judged]),
    }


def probability_of(model: Logistic, features: Mapping[str, float]) -> float:
    return float(model({name: features[name] for name in model.weights})[0])


def judge_out_of_fold(rows: Sequence[Row]) -> list[Case]:
    """Every question judged by models that have not seen one of its source, each left out in turn."""
    groups = sorted({row.group for row in rows})
    judged: list[Case] = []
    for group in groups:
        read = fit_readings([row for row in rows if row.group != group])
        judged += judge([row for row in rows if row.group == group], read)
    for group in groups:
        models = fit_rankings([j for j in judged if j.row.group != group])
        for j in judged:
            if j.row.group == group:
                j.first = probability_of(models["first"], j.features)
                j.shown = probability_of(models["shown"], j.features)
                j.absent = probability_of(models["absent"], j.features)
    return judged


def rescale(judged: Sequence[Case], name: str, right: Sequence[bool]) -> Callable[[Logistic], Logistic]:
    """Rescales the probabilities of that name for what is judged; returns what rescales their model."""
    odds = [float(log_odds_of(getattr(j, name))) for j in judged]
    platt = Logistic.fit({"odds": odds}, right, signs={"odds": 1})
    for j in judged:
        setattr(j, name, float(platt({"odds": log_odds_of(getattr(j, name))})[0]))
    slope = platt.weights["odds"]
    return lambda model: Logistic(
        {feature: slope * weight for feature, weight in model.weights.items()},
        slope * model.bias + platt.bias,
    )


def found_from(judged: Sequence[Case]) -> float:
    """The highest probability from which lines are evidence that leaves nearly as many answers right."""
    limits = np.arange(0.2, 0.8, 0.01).tolist()
    rights = [
        np.mean([j.right(1) if j.shown >= limit else not j.has_answer for j in judged]) for limit in limits
    ]
    best = max(rights)
    return float(max(limit for limit, right in zip(limits, rights, strict=True) if right >= best - 0.015))


def is_sure(j: Case, limit: float) -> bool:
    return j.first >= limit and not is_doubtful(j.passages, j.features)


def sure_from(judged: Sequence[Case]) -> float:
    """The lowest probability from which, and from any higher one, enough are right, and `MARGIN` above it."""
    lowest = 1.0
    for limit in np.arange(0.98, 0.5, -0.005).tolist():
        enough = True
        for real, least in ((True, RELIED_ON), (False, RELIED_ON_WRITTEN)):
            right = [j.right(1) for j in judged if j.is_real is real and is_sure(j, limit)]
            enough &= len(right) < FEWEST_SURE or float(np.mean(right)) >= least
        if not enough:
            break
        lowest = float(limit)
    return lowest + MARGIN


def fit(rows: Sequence[Row]) -> None:
    unseen = unseen_by_the_judge(name_of(row) for row in rows if row.part != "field")
    read = [row for row in rows if row.scores is not None and (row.part == "field" or name_of(row) in unseen)]
    judged = judge_out_of_fold(read)
    first = rescale(judged, "first", [j.right(1) for j in judged])
    shown = rescale(judged, "shown", [j.right(MAX_PASSAGES) for j in judged])
    real = [j for j in judged if j.is_real]
    limit = found_from(real)
    sure = sure_from([j for j in judged if j.shown >= limit])
    nothing_from = float(np.quantile([j.absent for j in judged if j.has_answer], 1 - MISSED)) + 1e-6
    figures = {"real": figures_of(real, limit, sure, nothing_from)}
    figures["written"] = figures_of([j for j in judged if not j.is_real], limit, sure, nothing_from)
    print(json.dumps(figures, indent=1))
    reading = fit_readings(read)
    whole = fit_rankings(judge(read, reading))
    models = {
        "unit": fit_units(rows),
        "read": reading,
        "first": first(whole["first"]),
        "shown": shown(whole["shown"]),
        "absent": whole["absent"],
    }
    limits = {"found_from": limit, "sure_from": sure, "nothing_from": nothing_from}
    constants = {name: round(value, 4) for name, value in limits.items()}
    save(Calibration(models, constants, FEATURES, load_settings().embed_model), figures)


def figures_of(judged: Sequence[Case], limit: float, sure: float, nothing: float) -> dict[str, float]:
    """Shares are of 1; each case is judged by models that have not seen its source."""
    answered = [j for j in judged if j.has_answer]
    found = [j for j in judged if j.shown >= limit]
    calm = [j for j in found if is_sure(j, sure)]
    return {
        "questions": len(judged),
        "right": share([j.right(1) if j.shown >= limit else not j.has_answer for j in judged]),
        "first_right": share([j.right(1) for j in answered]),
        "shown_right": share([j.right(MAX_PASSAGES) for j in answered]),
        "wrong_found": share([j.shown >= limit for j in judged if not j.has_answer]),
        "sure": round(len(calm) / max(1, len(judged)), 3),
        "right_of_sure": share([j.right(1) for j in calm]),
        "calibration_error": round(
            expected_calibration_error([j.first for j in judged], [j.right(1) for j in judged]), 3
        ),
        "not_found_sure": share([j.shown < limit and j.absent >= nothing for j in judged]),
    }


def share(values: Sequence[Any]) -> float:
    return round(float(np.mean([float(value) for value in values])), 3) if values else 0.0


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
