"""Calibration: what comes out is a probability, it follows the data, and it never runs against the score."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.calibration.calibration import (
    Calibration,
    Isotonic,
    Logistic,
    fit_temperature,
    load_calibration,
    softmax,
)
from mcp_smalltools.calibration.measures import coverage_at, expected_calibration_error
from mcp_smalltools.errors import ModelError

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


@given(scores_and_outcomes)
def test_isotonic_regression_is_bounded_and_never_falls(pairs):
    score, right = columns(pairs)
    chances = Isotonic.fit(score, right)(np.linspace(-6, 6, 61))
    assert ((chances > 0) & (chances < 1)).all()
    assert (np.diff(chances) >= -1e-12).all()


def test_a_logistic_model_recovers_the_chances_that_made_the_data():
    rng = np.random.default_rng(0)
    score, noise = rng.normal(size=20_000), rng.normal(size=20_000)
    true = 1 / (1 + np.exp(-(0.5 + 2 * score)))
    right = rng.random(20_000) < true
    model = Logistic.fit({"score": score, "noise": noise}, right)
    assert model.weights["score"] == pytest.approx(2, abs=0.1)
    assert model.weights["noise"] == pytest.approx(0, abs=0.06)
    assert expected_calibration_error(model({"score": score, "noise": noise}), right) < 0.015


def test_isotonic_regression_recovers_a_curve_that_no_logistic_has():
    rng = np.random.default_rng(1)
    score = rng.random(20_000)
    right = rng.random(20_000) < np.where(score < 0.5, 0.2, 0.9)
    assert expected_calibration_error(Isotonic.fit(score, right)(score), right) < 0.03


def test_a_feature_that_points_the_wrong_way_is_left_out():
    rng = np.random.default_rng(2)
    score = rng.normal(size=500)
    right = rng.random(500) < 1 / (1 + np.exp(score))
    assert "score" not in Logistic.fit({"score": score}, right, signs={"score": 1}).weights


def test_the_fitted_temperature_undoes_the_one_that_made_the_scores():
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(4000, 5)) * 2
    truth = np.array([rng.choice(5, p=row) for row in softmax(logits)])
    assert fit_temperature(logits * 3, truth) == pytest.approx(3, rel=0.15)


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


def test_a_calibration_survives_json():
    calibration = Calibration({"right": Logistic({"margin": 1.5}, -0.25)}, {"sure_from": 0.8})
    again = Calibration.from_json(json.loads(json.dumps(calibration.to_json())))
    assert again.constants == calibration.constants
    assert again.models["right"]({"margin": 0.3}) == calibration.models["right"]({"margin": 0.3})


def test_the_calibration_that_ships_loads_and_never_falls_with_the_scores():
    calibration = load_calibration("classify")
    for mode in ("names", "examples"):
        assert (
            0 < calibration.constants[f"fits_below_{mode}"] < calibration.constants[f"sure_from_{mode}"] < 1
        )
        for kind in ("fits", "right"):
            for feature, weight in calibration.models[f"{kind}_{mode}"].weights.items():
                assert weight <= 0 if feature == "labels" else weight >= 0, (kind, mode, feature)


def test_a_missing_or_damaged_calibration_is_a_clear_error(tmp_path):
    with pytest.raises(ModelError, match="nothing_like_it"):
        load_calibration("nothing_like_it")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "scores.json").write_text('{"calibration": {"models": 3}}')
    with pytest.raises(ModelError, match=r"scores\.json"):
        load_calibration("broken", [tmp_path])
