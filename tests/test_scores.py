"""What scores.json says of a skill's quality, and the page that is made of it."""

from __future__ import annotations

import datetime
import importlib.util
import itertools
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from mcp_smalltools.calibration.scores import (
    Evaluation,
    Speed,
    coverage_curve,
    read_quality,
    record_quality,
    reliability,
)
from mcp_smalltools.errors import ModelError

REPOSITORY = Path(__file__).parents[1]
TODAY = datetime.date(2026, 11, 25)


def quality_page():
    spec = importlib.util.spec_from_file_location("quality", REPOSITORY / "docs" / "quality.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def evaluation(**changes):
    given = {
        "set": "a set",
        "items": 4,
        "metrics": {"accuracy": 0.75},
        "command": "mcp-smalltools eval",
        "date": TODAY,
    }
    return Evaluation(**(given | changes))


def test_the_page_of_quality_and_its_pictures_are_what_the_scores_say():
    wanted = quality_page().files()
    docs = REPOSITORY / "docs"
    there = {name: (docs / name).read_text(encoding="utf-8") for name in wanted if (docs / name).exists()}
    assert there == wanted, "stale: run python docs/quality.py"
    pictures = {f"quality/{path.name}" for path in (docs / "quality").glob("*")}
    assert pictures == set(wanted) - {"quality.md"}


def test_entries_are_recorded_by_name_and_the_rest_of_the_file_stays(tmp_path):
    path = tmp_path / "skill" / "scores.json"
    record_quality(path, [evaluation()])
    data = json.loads(path.read_text()) | {"calibration": {"constants": {"sure_from": 0.8}}}
    path.write_text(json.dumps(data))
    again = evaluation(metrics={"accuracy": 0.8}, reliability=[(0.9, 0.8, 4)])
    speed = Speed(what="1,000 items", metrics={"seconds": 2.5}, command="bench", date=TODAY)
    record_quality(path, [again, evaluation(set="another")], [speed])
    quality = read_quality(path)
    assert [(entry.set, entry.metrics["accuracy"]) for entry in quality.evaluation] == [
        ("a set", 0.8),
        ("another", 0.75),
    ]
    assert quality.evaluation[0] == again
    assert quality.speed == (speed,)
    assert json.loads(path.read_text())["calibration"] == {"constants": {"sure_from": 0.8}}
    assert "[0.9, 0.8, 4]" in path.read_text()


def test_a_file_that_is_not_as_documented_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "scores.json"
    path.write_text('{"evaluation": [{"set": "x"}]}')
    with pytest.raises(ModelError, match=r"scores\.json.*metrics"):
        read_quality(path)


@pytest.mark.parametrize(
    ("aim", "reached"), [(">= 0.75", True), (">= 0.76", False), ("<= 0.75", True), ("<= 0.7", False)]
)
def test_an_aim_is_reached_or_missed_in_its_direction(aim, reached):
    assert evaluation(aims={"accuracy": aim}).reached("accuracy") is reached
    assert evaluation().reached("accuracy") is None


def test_the_coverage_curve_falls_from_the_surest_to_all():
    chance, right = np.linspace(1, 0, 200), np.arange(200) < 150
    curve = coverage_curve(chance, right)
    assert curve[-1] == (1.0, 0.75)
    assert curve[0][1] == 1.0
    assert all(before[0] < after[0] for before, after in itertools.pairwise(curve))


def test_reliability_counts_every_answer_once():
    rng = np.random.default_rng(0)
    chance = rng.random(1000)
    rows = reliability(chance, rng.random(1000) < chance)
    assert sum(count for *_, count in rows) == 1000
    assert all(abs(promised - share) < 0.2 for promised, share, _ in rows)


def test_a_picture_is_well_formed_and_has_a_dot_for_each_bin():
    rows = [(0.5, 0.4, 10), (0.9, 0.95, 90)]
    entry = evaluation(coverage_curve=[(0.5, 1.0), (1.0, 0.9)], reliability=rows)
    picture = ElementTree.fromstring(quality_page().draw(entry))
    circles = picture.findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == len(rows)
    assert float(circles[1].get("r")) > float(circles[0].get("r"))
