"""Runs of 280 tools and CI systems, their right answers written first: what find_failure makes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from mcp_smalltools.tools.find_failure.answer import FindFailureAnswer, FindFailureArguments
from mcp_smalltools.tools.find_failure.compose import compose_answer
from mcp_smalltools.tools.find_failure.lines import read_log
from mcp_smalltools.tools.find_failure.rank import rank
from tests.written_runs import WrittenRun, written_runs


def answer_to(lines: Sequence[str]) -> FindFailureAnswer:
    log = read_log([lines])
    return compose_answer(log, rank(log, None), FindFailureArguments(path="run.log"), {})


def shown(answer: FindFailureAnswer) -> set[int]:
    return {line for span in answer.evidence for line in range(span.start, span.end + 1)}


@pytest.fixture(scope="module")
def answers() -> list[tuple[WrittenRun, FindFailureAnswer]]:
    return [(run, answer_to(run.lines)) for run in written_runs()]


Answered = list[tuple[WrittenRun, FindFailureAnswer]]


def share(
    answers: Answered, holds: Callable[[WrittenRun, FindFailureAnswer], bool]
) -> tuple[float, list[str]]:
    """The share for which it holds, and the names of the others."""
    others = [run.name for run, answer in answers if not holds(run, answer)]
    return 1 - len(others) / len(answers), others


def test_no_verdict_is_sure_and_wrong(answers: Answered) -> None:
    wrong = [run.name for run, answer in answers if not answer.escalate and answer.failed is not run.failed]
    assert wrong == []


def test_nearly_all_verdicts_are_right(answers: Answered) -> None:
    right, wrong = share(answers, lambda run, answer: answer.failed is run.failed)
    assert right >= 0.97, wrong


def test_nearly_all_messages_are_whole_and_stand_first(answers: Answered) -> None:
    failing = [(run, answer) for run, answer in answers if run.failed]
    first, missed = share(failing, lambda run, answer: not run.guilty.isdisjoint(shown(answer)))
    assert first >= 0.98, missed
    whole, cut = share(failing, lambda run, answer: run.guilty <= shown(answer))
    assert whole >= 0.95, cut


def test_a_kind_that_is_given_is_right(answers: Answered) -> None:
    told = [(run, answer) for run, answer in answers if run.kinds != {""} and answer.kind]
    right, wrong = share(told, lambda run, answer: answer.kind in run.kinds or "" in run.kinds)
    assert right >= 0.95, wrong


def test_a_ci_system_around_a_run_changes_no_verdict() -> None:
    for run in list(written_runs())[::4]:
        answer = answer_to(run.at_github())
        assert answer.failed is run.failed or (answer.escalate and answer.failed is None), run.name


def test_the_prefix_of_a_ci_system_takes_no_room() -> None:
    job = "build\tRun the tests\t2026-03-03T10:11:12.0000000Z "
    log = [f"{job}compiling part {n}" for n in range(30)]
    answer = answer_to([*log, f"{job}lamp.c:14:5: error: unknown type name 'wick_t'"])
    assert answer.evidence[0].text.split("\n")[-1] == "…lamp.c:14:5: error: unknown type name 'wick_t'"


def test_lines_in_the_same_words_are_shown_a_few_times_and_counted() -> None:
    answer = answer_to(
        [*["Could not reach the lamp server"] * 200, "the lamp's check failed after 200 attempts"]
    )
    assert len(shown(answer)) <= 5
    assert 201 in shown(answer)


def test_a_line_is_never_cut_to_nothing_but_its_mark() -> None:
    names = [f"tests/integration/test_{'long' * 12}_{n}.py::test_{'name' * 14}" for n in range(60)]
    answer = answer_to([*(f"FAILED {name} - assert 1 == 2" for name in names), "60 failed in 0.3s"])
    texts = [line for span in answer.evidence for line in span.text.split("\n")]
    assert texts
    assert all(len(text.strip("… ")) > len("FAILED") for text in texts if text.startswith("FAILED"))
    assert answer.dropped["failures"] >= 30
