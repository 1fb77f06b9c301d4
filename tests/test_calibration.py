"""Calibration: what comes out is a probability, it follows the data, and it never runs against the score."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.calibration.calibration import Calibration, Logistic, load_calibration
from mcp_smalltools.calibration.measures import coverage_at, expected_calibration_error, with_confidence
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ModelError
from mcp_smalltools.models.shipped import shipped_file
from mcp_smalltools.tools.ask_file.features import FEATURES as ask_features
from mcp_smalltools.tools.classify.decision import FEATURES as classify_features
from mcp_smalltools.tools.extract.confidence import FEATURES as extract_features
from mcp_smalltools.tools.find_failure.verdict import FEATURES as failure_features
from mcp_smalltools.tools.find_files.certainty import FEATURES as find_features

scores_and_outcomes = st.lists(st.tuples(st.floats(-5, 5), st.booleans()), min_size=2, max_size=60)


def columns(pairs):
    return np.array([score for score, _ in pairs]), np.array([right for _, right in pairs])


@given(scores_and_outcomes)
def test_a_fitted_logistic_is_bounded_and_monotone_in_a_feature_with_a_sign(pairs):
    score, right = columns(pairs)
    model = Logistic.fit({"score": score}, right, signs={"score": 1})
    chances = model({name: np.linspace(-50, 50, 101) for name in model.weights} or {"score": score})
    assert ((chances > 0) & (chances < 1)).all()
    assert (np.diff(chances) >= 0).all()


def test_a_logistic_model_recovers_the_chances_that_made_the_data():
    rng = np.random.default_rng(0)
    score, noise = rng.normal(size=20_000), rng.normal(size=20_000)
    true = 1 / (1 + np.exp(-(0.5 + 2 * score)))
    right = rng.random(20_000) < true
    model = Logistic.fit({"score": score, "noise": noise}, right)
    assert model.weights["score"] == pytest.approx(2, abs=0.1)
    assert model.weights["noise"] == pytest.approx(0, abs=0.06)
    assert expected_calibration_error(model({"score": score, "noise": noise}), right) < 0.015


def test_a_feature_that_points_the_wrong_way_is_left_out():
    rng = np.random.default_rng(2)
    score = rng.normal(size=500)
    right = rng.random(500) < 1 / (1 + np.exp(score))
    assert "score" not in Logistic.fit({"score": score}, right, signs={"score": 1}).weights


def test_the_calibration_error_is_the_distance_between_promise_and_outcome():
    assert expected_calibration_error([0.9] * 10, [True] * 9 + [False]) == pytest.approx(0)
    assert expected_calibration_error([0.9] * 10, [False] * 10) == pytest.approx(0.9)
    assert expected_calibration_error([], []) == 0


def test_coverage_is_the_largest_share_that_keeps_the_accuracy():
    chance = [0.9, 0.8, 0.7, 0.6]
    assert coverage_at(chance, [True, True, False, False], 0.95) == (0.5, 0.8)
    assert coverage_at(chance, [False, True, True, True], 0.95) == (0.0, 1.0)


def test_coverage_does_not_cut_between_equal_chances():
    assert coverage_at([0.8, 0.8, 0.8], [True, True, False], 0.9) == (0.0, 1.0)


CALIBRATION = Calibration(
    {"right": Logistic({"margin": 1.5}, -0.25)}, {"sure_from": 0.8}, {"right": ("margin", "length")}
)


def test_a_calibration_survives_json():
    again = Calibration.from_json(json.loads(json.dumps(CALIBRATION.to_json())))
    assert again == CALIBRATION
    assert again.models["right"]({"margin": 0.3}) == CALIBRATION.models["right"]({"margin": 0.3})


def write(folder, calibration, name="made"):
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "scores.json").write_text(json.dumps({"calibration": calibration}))


@pytest.mark.parametrize(
    "features",
    [{"right": ("length", "margin")}, {"right": ("margin",)}, {"left": ("margin", "length")}, {}],
    ids=["another order", "fewer", "another model", "none"],
)
def test_a_calibration_that_was_fitted_on_other_features_is_refused(tmp_path, features):
    write(tmp_path, CALIBRATION.to_json())
    assert load_calibration("made", CALIBRATION.features, [tmp_path]) == CALIBRATION
    with pytest.raises(ModelError, match=r"scores\.json was made for other features") as refused:
        load_calibration("made", features, [tmp_path])
    assert refused.value.remedy == "Make it again: models/recipes/made."


@pytest.mark.parametrize("change", [{"features": []}, {"weights": {"size": 1.0}}])
def test_a_model_without_the_names_of_its_features_is_refused(tmp_path, change):
    data = CALIBRATION.to_json()
    data["models"]["right"] |= change
    write(tmp_path, data)
    with pytest.raises(ModelError, match="was made for other features"):
        load_calibration("made", CALIBRATION.features, [tmp_path])
    del data["models"]["right"]["features"]
    write(tmp_path, data)
    with pytest.raises(ModelError, match="was made for other features"):
        load_calibration("made", CALIBRATION.features, [tmp_path])


def test_there_is_a_doubt_where_another_encoder_is_in_use_than_the_measured_one():
    base = Settings(embed_model="small")
    measured = replace(CALIBRATION, encoder="small")
    assert Calibration.from_json(json.loads(json.dumps(measured.to_json()))) == measured
    assert measured.doubt(base) is None
    assert measured.doubt(base.model_copy(update={"embed_model": "large"})) == (
        "The configured encoder large is not the one that confidences were measured with (small): "
        "judge the answer yourself."
    )
    assert "encoder small+own is not" in measured.doubt(base, "own")
    assert "small (over HTTP) is not" in measured.doubt(
        base.model_copy(update={"engine_urls": ("http://127.0.0.1:9",)})
    )
    # Features that no encoder takes part in.
    assert CALIBRATION.doubt(base.model_copy(update={"embed_model": "large"})) is None


@pytest.mark.parametrize(
    ("skill", "features"),
    [
        ("classify", classify_features),
        ("extract", extract_features),
        ("ask_file", ask_features),
        ("find_failure", failure_features),
        ("find_files", find_features),
    ],
)
def test_the_encoder_that_a_calibration_names_is_the_one_that_its_skill_is_made_for(skill, features):
    entry = tomllib.loads(shipped_file(skill, "skill.toml").read_text(encoding="utf-8"))
    assert load_calibration(skill, features).encoder == entry.get("base")


def test_answers_without_a_confidence_do_not_count_in_its_figures():
    assert with_confidence([0.9, None, 0.5], [True, False, False]) == ([0.9, 0.5], [True, False])
    assert with_confidence([None], [True]) == ([], [])


def test_the_calibration_that_ships_loads_and_never_falls_with_the_scores():
    calibration = load_calibration("classify", classify_features)
    for mode in ("names", "examples"):
        assert (
            0 < calibration.constants[f"fits_below_{mode}"] < calibration.constants[f"sure_from_{mode}"] < 1
        )
        for kind in ("fits", "right"):
            for feature, weight in calibration.models[f"{kind}_{mode}"].weights.items():
                falls = feature in {"labels", "share", "alike"}
                assert weight <= 0 if falls else weight >= 0, (kind, mode, feature)


def test_a_missing_or_damaged_calibration_is_a_clear_error(tmp_path):
    with pytest.raises(ModelError, match="nothing_like_it"):
        load_calibration("nothing_like_it", {})
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "scores.json").write_text('{"calibration": {"models": 3}}')
    with pytest.raises(ModelError, match=r"scores\.json"):
        load_calibration("broken", {}, [tmp_path])
