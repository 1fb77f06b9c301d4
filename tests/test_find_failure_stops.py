"""find_failure: what ended a run from outside is a cause of its own, put first."""

from __future__ import annotations

import pytest

from mcp_smalltools.tools.find_failure.answer import FindFailureAnswer, FindFailureArguments
from mcp_smalltools.tools.find_failure.compose import compose_answer
from mcp_smalltools.tools.find_failure.lines import read_log
from mcp_smalltools.tools.find_failure.outcome.roles import roles_of
from mcp_smalltools.tools.find_failure.outcome.stops import outside_stop
from mcp_smalltools.tools.find_failure.rank import rank

NOISE = [
    "starting",
    *(f"round {n} of 90 clean" for n in range(20)),
    "test_limits.py: error: 3 retries, as expected",
]
STOPS = {
    "##[error]The job running on runner A has exceeded the maximum execution time of 360 minutes.": "timeout",
    "ERROR: Job failed: execution took longer than 1h0m0s seconds": "timeout",
    "No output has been received in the last 10m0s, this potentially indicates a stalled build.": "timeout",
    "slurmstepd: error: *** JOB 17 ON n3 CANCELLED AT 2031-02-03T10:00:00 DUE TO TIME LIMIT ***": "timeout",
    "##[error]The operation was canceled.": "cancelled",
    "ERROR: failed to solve: Canceled: context canceled": "cancelled",
    "Aborted by ann": "cancelled",
    "##[error]The runner has received a shutdown signal.": "infrastructure",
    "ERROR: Job failed (system failure): prepare environment: exit code 1": "infrastructure",
    "Cannot contact node-4: java.lang.InterruptedException": "infrastructure",
    "tar: out.tar: Cannot write: No space left on device": "disk",
    "[  12.3] Out of memory: Killed process 811 (cc1plus)": "memory",
    "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory": "memory",
    "run.sh: line 3:   811 Killed                  ./train": "memory",
}


def find(*lines: str, exit_code: int | None = None) -> FindFailureAnswer:
    log = read_log([list(lines)])
    return compose_answer(log, rank(log, None), FindFailureArguments(path="a.log", exit_code=exit_code), {})


@pytest.mark.parametrize("line", STOPS)
def test_what_ended_a_run_from_outside_is_the_first_evidence(line: str) -> None:
    answer = find(*NOISE, line)
    assert answer.failed
    assert answer.kind == STOPS[line]
    assert answer.evidence[0].start <= len(NOISE) + 1 <= answer.evidence[0].end


@pytest.mark.parametrize("line", STOPS)
def test_a_run_that_goes_on_long_after_it_did_not_end_with_it(line: str) -> None:
    log = [*NOISE, line, *(f"row {n}" for n in range(80)), "12 passed in 0.3s"]
    assert outside_stop(log, roles_of(log)) is None


def test_what_was_cancelled_after_another_failure_is_a_consequence() -> None:
    log = [
        "error: no rope",
        "##[error]Process completed with exit code 1.",
        "##[error]The operation was canceled.",
    ]
    assert outside_stop(log, roles_of(log)) is None


def test_a_shown_script_and_a_warning_tell_no_stop() -> None:
    for line in ("+ echo 'No space left on device'", "warning: No space left on device, using memory"):
        assert outside_stop([line], roles_of([line])) is None
