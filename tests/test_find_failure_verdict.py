"""find_failure: failed, passed or can't tell, from the words of the run, its exit code and its command."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.tools.find_failure.answer import FindFailureAnswer, FindFailureArguments
from mcp_smalltools.tools.find_failure.compose import compose_answer
from mcp_smalltools.tools.find_failure.lines import read_log
from mcp_smalltools.tools.find_failure.outcome.decide import decide
from mcp_smalltools.tools.find_failure.outcome.ending import Ending, LogEnding, read_ending
from mcp_smalltools.tools.find_failure.outcome.exit_codes import read_command
from mcp_smalltools.tools.find_failure.outcome.roles import roles_of
from mcp_smalltools.tools.find_failure.rank import rank

LAST_WORDS = Path(__file__).parent / "last_words.txt"
FILLER = [f"[{n}/40] Building C object part_{n}.o" for n in range(1, 41)]


def find(*lines: str, exit_code: int | None = None, command: str = "") -> FindFailureAnswer:
    log = read_log([list(lines)])
    arguments = FindFailureArguments(path="a.log", exit_code=exit_code, command=command)
    return compose_answer(log, rank(log, None), arguments, {})


def ending(*lines: str) -> Ending:
    return read_ending(lines, roles_of(lines)).ending


GOOD_ENDS = [
    "BUILD SUCCESSFUL in 48s",
    "[INFO] BUILD SUCCESS",
    "** BUILD SUCCEEDED **",
    "OK (12 tests, 30 assertions)",
    "==== 12 passed, 1 xfailed in 0.31s ====",
    "test result: ok. 63 passed; 0 failed; 0 ignored",
    "12 examples, 0 failures",
    "Tests:       12 passed, 12 total",
    "100% tests passed, 0 tests failed out of 12",
    "Successfully installed glass-2.1",
    "Apply complete! Resources: 3 added, 0 changed, 0 destroyed.",
    "✓ built in 9.21s",
    "Process finished with exit code 0",
    "Finished: SUCCESS",
    "Job succeeded",
    "Done. Your build exited with 0.",
    "Build wurde erfolgreich abgeschlossen",
    "构建成功",
    "ビルド成功",
    "Сборка успешно завершена",
    "La compilation est réussie",
    "Compilación completada con éxito",
]
BAD_ENDS = [
    "BUILD FAILED in 3s",
    "[INFO] BUILD FAILURE",
    "FAILED (errors=1)",
    "==== 1 failed, 11 passed in 0.31s ====",
    "test result: FAILED. 62 passed; 1 failed; 0 ignored",
    "12 examples, 1 failure",
    "Tests:       1 failed, 11 passed, 12 total",
    "14/16 URLs passed",
    "make: *** [Makefile:91: all] Error 2",
    "npm ERR! code ELIFECYCLE",
    "Process finished with exit code 3",
    "==> Ended after 41 s with code 1",
    "Finished: FAILURE",
    "ERROR: Job failed: exit code 1",
    "Done. Your build exited with 1.",
    "##[error]Process completed with exit code 1.",
    "    3 Fehler",
    "テスト失敗",
    "构建失败",
]


@pytest.mark.parametrize("last", GOOD_ENDS)
def test_a_success_that_is_the_last_word_is_read_in_many_tools_and_languages(last: str) -> None:
    assert ending("started", last) in {Ending.PASSED, Ending.LOOKS_PASSED}
    assert ending("started", last, *FILLER) is Ending.STOPS or last.startswith(
        ("Finished", "Job", "Done. Your")
    )


@pytest.mark.parametrize("last", BAD_ENDS)
def test_a_failure_that_is_the_last_word_is_read_in_many_tools_and_languages(last: str) -> None:
    assert ending("started", last) is Ending.FAILED


@pytest.mark.parametrize("good", GOOD_ENDS[:16])
@pytest.mark.parametrize("bad", BAD_ENDS[:12])
def test_a_failure_after_a_success_is_never_a_passing_run(good: str, bad: str) -> None:
    assert ending("started", good, bad) is not Ending.PASSED
    assert ending("started", good, bad) is not Ending.LOOKS_PASSED


@pytest.mark.parametrize(
    "tolerated",
    [
        "fatal: [local]: FAILED! => {} ...ignoring",
        "FAILED - RETRYING: [local]: Wait for the machine (300 retries left).",
        "make: [clean] Error 1 (ignored)",
        "attempt 1 failed (503), retrying",
        "test_known_gap ... xfail",
        "WARNING: Failed to read the cache",
        "test_error_is_raised ... ok",
    ],
)
def test_a_failure_that_is_tolerated_is_overruled_by_the_success_at_the_end(tolerated: str) -> None:
    assert ending("started", tolerated, "12 passed in 0.31s") is Ending.PASSED


def test_a_log_that_only_stops_is_neither_passed_nor_failed() -> None:
    answer = find(*FILLER)
    assert answer.failed is None
    assert answer.escalate
    assert "only stops" in str(answer.reason)


def test_a_tool_that_announced_itself_and_never_closed_has_not_passed() -> None:
    log = ["> Task :core:compileKotlin", "> Task :core:build", "All 12 checks passed"]
    assert ending(*log) is Ending.STOPS
    assert ending(*log, "BUILD SUCCESSFUL in 3s") is Ending.PASSED


@pytest.mark.parametrize(
    "frame", ["travis_fold:start:install", "[Pipeline] sh", "section_start:19:step_script"]
)
def test_within_a_ci_system_only_its_own_last_word_is_success(frame: str) -> None:
    assert ending(frame, "[INFO] BUILD SUCCESS") is Ending.STOPS


def test_rows_of_one_summary_speak_together() -> None:
    rows = [
        "PLAY RECAP ****",
        "one : ok=9 changed=0 unreachable=0 failed=1",
        "two : ok=9 changed=0 unreachable=0 failed=0",
    ]
    assert ending(*rows) is Ending.FAILED


@given(st.integers(0, 10**6))
def test_a_passing_run_that_is_cut_before_its_end_has_not_passed(seed: int) -> None:
    chance = random.Random(seed)
    log = [
        "=== test session starts ===",
        *(f"test_{n}.py::test_error_{n} PASSED" for n in range(40)),
        "=== 40 passed in 0.3s ===",
    ]
    assert ending(*log) is Ending.PASSED
    assert ending(*log[: chance.randrange(1, 41)]) not in {Ending.PASSED, Ending.LOOKS_PASSED}


# Last words


def last_words() -> list[tuple[bool, str, tuple[str, ...]]]:
    """Last lines of runs of some 300 tools: whether they went well, of what, and the lines."""
    found: list[tuple[bool, str, list[str]]] = []
    for line in LAST_WORDS.read_text(encoding="utf-8").splitlines():
        if line.startswith(("+ ", "- ")):
            found.append((line[0] == "+", line[2:], []))
        else:
            found[-1][2].append(line[2:])
    return [(good, name, tuple(lines)) for good, name, lines in found]


def read_last_words(lines: tuple[str, ...]) -> bool | None:
    log = read_log([list(lines)])
    read = read_ending(log.contents, log.roles).ending
    if read in {Ending.PASSED, Ending.LOOKS_PASSED}:
        return True
    return False if read in {Ending.FAILED, Ending.LOOKS_FAILED} else None


def test_the_last_words_of_hundreds_of_tools_are_read_and_none_as_the_contrary() -> None:
    read = [(good, read_last_words(lines), name) for good, name, lines in last_words()]
    assert [name for good, said, name in read if said is (not good)] == []
    silent = [name for _, said, name in read if said is None]
    assert len(silent) <= len(read) * 0.05, silent


@pytest.mark.parametrize(
    "complaint",
    [
        "coverage of 71% is below the required 80%",
        "3 of 41 images differ.",
        "gave up after 30 attempts",
        "checksum mismatch for rope.tar.gz",
        "The load was rolled back.",
        "glass.ropes.RopeTorn: 41 cm",
    ],
)
def test_a_complaint_of_no_known_form_is_a_failure_where_it_stands_last(complaint: str) -> None:
    assert ending("started", complaint) is Ending.LOOKS_FAILED
    assert ending("started", complaint, "12 passed in 0.3s") is Ending.PASSED


def test_a_sentence_that_came_before_concludes_nothing() -> None:
    assert ending("part 1 of the report written", "part 2 of the report written") is Ending.STOPS
    assert find("started", "report 7 was written").failed is not True


def test_a_job_of_github_that_is_cut_has_not_passed() -> None:
    log = ["Complete job name: build", "##[group]Run make", "make", "##[endgroup]", *FILLER]
    assert ending(*log) is Ending.STOPS
    assert ending(*log, "Post job cleanup.") is Ending.PASSED


def test_what_go_says_of_a_package_is_no_column_of_a_ci_system() -> None:
    log = read_log([["ok  \tglass/pour\t0.014s", "ok  \tglass/rope\t(cached)"]])
    assert log.contents[0].startswith("ok")
    assert read_ending(log.contents, log.roles).ending is Ending.PASSED


# Exit codes


@given(
    st.integers(-64, 255),
    st.sampled_from(["", "make", "pytest -q", "set -o pipefail; make | tee x", "a && b"]),
)
def test_an_exit_code_of_the_run_decides_whether_it_failed(code: int, command: str) -> None:
    for log in (FILLER, ["12 passed in 0.3s"], ["make: *** [all] Error 2"], []):
        assert find(*log, exit_code=code, command=command).failed is (code != 0)


def test_a_code_that_the_log_contradicts_is_looked_at_again() -> None:
    assert find(*FILLER, "12 passed in 0.3s", exit_code=1).escalate
    assert find(*FILLER, "make: *** [all] Error 2", exit_code=0).escalate
    assert not find(*FILLER, exit_code=0).escalate


@pytest.mark.parametrize(
    ("command", "hidden"),
    [
        ("make | tail -20", True),
        ("make 2>&1 | tee build.log", True),
        ("set -o pipefail; make | tail -20", False),
        ("bash -o pipefail -c 'make | tail'", False),
        ("make || true", True),
        ("make; echo done", True),
        ("make && make test", False),
        ("cd shop && npm test", False),
        ("npm test > out.txt 2>&1", False),
        ("set -e; cd shop; npm test", False),
        ("bash -c 'make | head'", True),
        ("grep -q 'a|b' x.txt", False),
        ("make &", True),
    ],
)
def test_it_is_known_where_a_command_hides_exit_codes(command: str, hidden: bool) -> None:
    assert (read_command(command).hides is not None) is hidden


def test_a_hidden_zero_is_no_success_by_itself() -> None:
    answer = find(*FILLER, exit_code=0, command="make | tail -40")
    assert answer.failed is False and answer.escalate
    assert "pipefail" in str(answer.note)
    assert find(*FILLER, "make: *** [all] Error 2", exit_code=0, command="make | tail -40").failed is True
    assert find("12 passed in 0.3s", exit_code=0, command="pytest | tail -40").failed is False


def test_a_failed_run_whose_log_says_nothing_is_not_sure() -> None:
    assert find(*FILLER, exit_code=2, command="make").escalate
    assert find(exit_code=2, command="make").escalate


def test_grep_without_a_match_is_no_failure_with_a_cause() -> None:
    answer = find(exit_code=1, command="grep -r total src")
    assert answer.failed is True
    assert not answer.evidence
    assert "no line matched" in str(answer.note)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (124, "timeout"),
        (137, "memory"),
        (139, "crash"),
        (127, "dependency"),
        (126, "permission"),
        (130, "cancelled"),
        (-11, "crash"),
    ],
)
def test_a_code_names_the_kind_where_the_log_tells_no_better_one(code: int, kind: str) -> None:
    assert find(*FILLER, exit_code=code).kind == kind


# Quiet ends


@pytest.mark.parametrize(
    "lines",
    [
        [
            'File "src/port.ml", line 14, characters 10-15:',
            "Unbound value weigt",
            "Hint: Did you mean weight?",
        ],
        ["  Warning  Failed     2m (x4 over 4m)    kubelet            Error: ErrImagePull"],
        ["DEBUG Solving", "  × No solution found when resolving dependencies:"],
        ["LibMambaUnsatisfiableError: Encountered problems while solving:"],
        ["Automatic merge failed; fix conflicts and then commit the result."],
        ["./run.sh: line 14: 20311 Segmentation fault      (core dumped) ./bin/weave"],
        ["PHP Fatal error:  Uncaught Error: no rope in /srv/a.php:3", "#0 /srv/b.php(7): a()", "#1 {main}"],
        ["Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(8,1)"],
    ],
)
def test_an_error_at_the_end_in_words_of_its_own_is_a_failure(lines: list[str]) -> None:
    assert ending("started", *lines) in {Ending.FAILED, Ending.LOOKS_FAILED}
    assert find("started", *lines).failed


def test_what_a_test_runner_logs_before_it_closes_is_not_sure() -> None:
    log = ["PHPUnit 11.5.55", "....Cart::add error: no such ware", "....token check failed"]
    assert find(*log).failed is None or find(*log).escalate


def test_a_command_that_is_shown_last_is_still_running() -> None:
    assert ending("12 passed in 0.3s", "$ npm run build") is Ending.STOPS
    assert ending("12 passed in 0.3s", "+ rm -rf out") is Ending.PASSED


@given(st.floats(0, 0.35))
def test_a_run_is_never_surely_passed_while_a_line_says_that_it_failed(learned: float) -> None:
    for_it, against = LogEnding(Ending.LOOKS_PASSED, 8), LogEnding(Ending.LOOKS_PASSED, 8, 3)
    assert decide(for_it, learned, list(range(1, 10)), None, "").reason is None
    verdict = decide(against, learned, list(range(1, 10)), None, "")
    assert verdict.failed is False
    assert verdict.reason == "Line 9 says that it went well, line 4 that something failed."
