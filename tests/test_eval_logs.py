"""The four figures of eval logs, on groups that can be counted by hand."""

from __future__ import annotations

import pytest

from mcp_smalltools.evaluation.suites.logs import plain_template, score

TRUE = ["open <*>", "open <*>", "close <*>", "close <*>", "at <*>:<*>"]


def test_what_is_right_everywhere_scores_one() -> None:
    scores = score(TRUE, TRUE, 1.0)
    assert (scores.ga, scores.pa, scores.fga, scores.fta) == (1, 1, 1, 1)


def test_a_split_group_costs_its_lines_and_two_wrong_groups() -> None:
    scores = score(["open 1", "open 2", *TRUE[2:]], TRUE, 1.0)
    assert (scores.ga, scores.pa) == (0.6, 0.6)
    assert scores.fga == pytest.approx(2 * 2 / (4 + 3), abs=1e-4)


@pytest.mark.parametrize(
    ("found", "true"),
    [
        ("at <*>", "at <*>:<*>"),
        ("job blk_<*> done", "job <*> done"),
        ('a "<*>" b', "a <*> b"),
        ("v<*>.<*>", "<*>"),
    ],
)
def test_delimiters_alone_cost_nothing_in_the_normal_form(found: str, true: str) -> None:
    scores = score([found], [true], 1.0)
    assert (scores.pa, scores.pa_normal, scores.fta_normal) == (0, 1, 1)


def test_words_that_differ_differ_in_the_normal_form_too() -> None:
    assert score(["open <*>"], ["close <*>"], 1.0).pa_normal == 0


def test_variables_that_touch_are_one() -> None:
    assert plain_template(" a  <*> <*><*> b ") == "a <*> b"
