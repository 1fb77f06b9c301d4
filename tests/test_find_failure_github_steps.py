"""find_failure on logs as `gh run view --log` saves them, and on what Jenkins and npm say last."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.tools.find_failure.answer import FindFailureAnswer, FindFailureArguments
from mcp_smalltools.tools.find_failure.compose import compose_answer
from mcp_smalltools.tools.find_failure.lines import content_of, read_log
from mcp_smalltools.tools.find_failure.naming.name import name_of
from mcp_smalltools.tools.find_failure.naming.places import places_in
from mcp_smalltools.tools.find_failure.outcome.ending import Ending, read_ending
from mcp_smalltools.tools.find_failure.outcome.roles import NEVER_EVIDENCE, roles_of
from mcp_smalltools.tools.find_failure.rank import rank

AT = "2026-05-10T17:31:02.6924416Z "


def find(text: str) -> FindFailureAnswer:
    log = read_log([text.splitlines()])
    return compose_answer(log, rank(log, None, None), FindFailureArguments(path="run.log"), {})


def ending(text: str) -> Ending:
    log = read_log([text.splitlines()])
    return read_ending(log.contents, log.roles).ending


@pytest.mark.parametrize(
    "step",
    ["test (3.12)", "Quality & Tests", "Test (ubuntu-latest, mt5)", "build / Pears [a, b]", "検査 – lint"],
)
@pytest.mark.parametrize("mark", ["", "\ufeff", "∩╗┐", "´╗┐"])
def test_job_and_step_before_a_line_are_no_content_whatever_they_are_called(step: str, mark: str) -> None:
    assert content_of(f"{step}\tRun shelf: all\t{mark}{AT}not ok 3") == "not ok 3"


def test_of_a_message_of_several_lines_the_later_ones_have_no_time() -> None:
    step = "unit\tRun tests\t"
    lines = [f"{step}{AT}##[error]Expected: 1", f"{step}Received: 2", "other\tRun tests\tReceived: 3"]
    assert read_log([lines]).contents == [
        "##[error]Expected: 1",
        "Received: 2",
        "other\tRun tests\tReceived: 3",
    ]


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_content_is_the_end_of_its_line(first: str, second: str) -> None:
    lines = [f"job\tstep\t{AT}{first}".replace("\n", " "), f"job\tstep\t{second}".replace("\n", " ")]
    log = read_log([lines])
    assert all(t.rstrip("\r").endswith(c) for t, c in zip(log.texts, log.contents, strict=True))


@pytest.mark.parametrize(
    ("line", "content"),
    [
        ("npm ERR! ../src/shelf.cc:10:5: error: x", "../src/shelf.cc:10:5: error: x"),
        ("104 error D:\\shop\\shelf.cpp(10,5): error C2065: x", "D:\\shop\\shelf.cpp(10,5): error C2065: x"),
        ("npm ERR! code E404", "npm ERR! code E404"),
        ("9.313 npm error code EUSAGE", "npm error code EUSAGE"),
        ("0.5 0.7 0.9", "0.5 0.7 0.9"),
    ],
)
def test_what_npm_and_buildkit_put_before_the_error_of_a_compiler_is_no_content(
    line: str, content: str
) -> None:
    assert content_of(line) == content


@pytest.mark.parametrize(
    ("result", "expected"),
    [("SUCCESS", Ending.PASSED), ("FAILURE", Ending.FAILED), ("UNSTABLE", Ending.FAILED)],
)
def test_jenkins_closes_behind_what_a_program_wrote_without_an_end_of_the_line(
    result: str, expected: Ending
) -> None:
    assert ending(f"Started by user pear\n+ ./shelf\nWidth: 7 Height: 2 Finished: {result}") is expected


def test_a_program_that_says_finished_is_not_jenkins() -> None:
    assert ending("reading the shelf\nall rows read. Finished: SUCCESS") is not Ending.PASSED


def test_vulnerabilities_that_an_installation_counts_are_no_failure_of_it() -> None:
    counted = "19 high severity vulnerabilities\n\nTo address all issues, run:\n  npm audit fix --force"
    installed = "added 619 packages, and audited 620 packages in 1m"
    assert find(f"{installed}\n\n{counted}").failed is False
    assert find(f"# npm audit report\n\nshelf  <1.2\n{counted}").failed is not False


def test_a_step_that_ran_out_of_time_comes_before_the_tests_that_failed_in_it() -> None:
    text = "\n".join(
        [
            "##[group]Run npx jest",
            "##[endgroup]",
            "FAIL test/shelf.test.ts",
            "  ● shelf › holds pears",
            "",
            "    Expected: 4",
            "    Received: 3",
            "",
            "Tests:       1 failed, 85 passed, 86 total",
            "Jest did not exit one second after the test run has completed.",
            "##[error]The action 'Run npx jest' has timed out after 30 minutes.",
            "Post job cleanup.",
        ]
    )
    found = find(text)
    assert found.kind == "timeout"
    assert "timed out" in found.evidence[0].text


def test_a_trace_is_shown_with_what_was_raised() -> None:
    frames = [f"\tat org.shop.Shelf.fill{n}(Shelf.java:{n})" for n in range(30, 52)]
    text = "\n".join(
        [
            "loading",
            "org.shop.JobException: the shelf could not be filled: no pears",
            *frames,
            "",
            "Driver stacktrace:",
            *frames,
        ]
    )
    assert "no pears" in "\n".join(span.text for span in find(text).evidence)


def test_a_list_of_like_items_leaves_room_for_what_introduces_it() -> None:
    missing = [f"npm error Missing: pear-{chr(97 + n)}@1.{n}.0 from lock file" for n in range(24)]
    head = "npm error `npm ci` can only install packages when package.json and package-lock.json agree."
    found = find("\n".join(["npm error code EUSAGE", "npm error", head, "npm error", *missing]))
    assert "can only install" in "\n".join(span.text for span in found.evidence)


NO_PLACES = {
    "a library's, as Log4j has it": "\tat com.pear.Shelf.fill(Shelf.scala:146) ~[pear_2.12-1.0.jar:1.0]",
    "a frame of Jenkins": "\tat org.jenkinsci.plugins.workflow.Shell.doParse(Shell.java:142)",
    "Godot's own source": "   at: _parse_sub_resource (scene/resources/resource_format_text.cpp:113)",
    "MSBuild's targets": "C:\\Program Files\\dotnet\\Microsoft.Common.Current.targets(5063,5): error MSB3027",
    "Cypress' runner": "    at f (http://localhost:3000/__cypress/runner/cypress_runner.js:78379:22)",
}


@pytest.mark.parametrize("line", NO_PLACES.values(), ids=NO_PLACES)
def test_what_a_program_brings_with_it_is_no_place_of_the_user(line: str) -> None:
    assert list(places_in(line, 0)) == []


def test_a_folder_with_a_space_in_its_name_belongs_to_the_place() -> None:
    [place] = places_in("        at C:\\Users\\pear\\Coding Projects\\shop\\shelf.spec.ts:16:31", 0)
    assert (place.file, place.line) == ("C:\\Users\\pear\\Coding Projects\\shop\\shelf.spec.ts", 16)


def test_tests_in_mochas_form_are_cypress_where_cypress_ran_them() -> None:
    lines = ["  1 failing", "", "  1) shelf", "       holds pears:", "     at Context.<anonymous> (a.js:3:9)"]
    assert name_of(lines, [(2, 5, 2)]).tool == "mocha"
    assert name_of([*lines, "  (Run Finished)"], [(2, 5, 2)]).tool == "cypress"


def test_the_place_is_that_of_the_error_which_a_span_begins_with() -> None:
    lines = [
        "e: file:///shop/Shelf.kt:18:57 Unresolved reference 'pear'.",
        "> Task :compileKotlin FAILED",
        "e: file:///shop/Box.kt:2:9 Unresolved reference 'x'.",
    ]
    found = find("\n".join(lines))
    assert found.place is not None
    assert (found.place.file, found.place.line) == ("/shop/Shelf.kt", 18)


FAILED_TEST = [
    "FAIL test/shelf.test.ts",
    "  ● shelf › holds pears",
    "",
    "    Expected: 4",
    "    Received: 3",
    "",
    "Tests:       1 failed, 85 passed, 86 total",
]


def test_the_one_failed_step_whose_tool_names_the_failed_test_is_sure() -> None:
    one = [
        "##[group]Run npx jest",
        "##[endgroup]",
        *FAILED_TEST,
        "##[error]Process completed with exit code 1.",
    ]
    other = [
        "##[group]Run ./fill",
        "##[endgroup]",
        "no pears",
        "##[error]Process completed with exit code 2.",
    ]
    assert not find("\n".join(one)).escalate
    assert (find("\n".join([*one, *other])).confidence or 0) <= (find("\n".join(one)).confidence or 0)


def test_the_lines_of_a_dockerfile_that_buildkit_shows_say_nothing() -> None:
    shown = [
        "  10 |     # Install all pears (needed for the shelf)",
        "  11 | >>> RUN npm ci",
        "  12 |     COPY . .",
    ]
    lines = ["Dockerfile:11", "--------------------", *shown, "--------------------"]
    roles = roles_of(lines)
    assert all(role in NEVER_EVIDENCE for role in roles[2:5])


def test_a_tool_that_only_a_later_span_tells_is_not_stated() -> None:
    lines = ["the shelf is broken", "", "shelf.ts(3,20): error TS2307: Cannot find module 'pear'."]
    later, main = (name_of(lines, spans) for spans in ([(0, 1, 0), (2, 3, 2)], [(2, 3, 2), (0, 1, 0)]))
    assert (later.tool, later.tool_is_stated) == ("tsc", False)
    assert (main.tool, main.tool_is_stated) == ("tsc", True)
