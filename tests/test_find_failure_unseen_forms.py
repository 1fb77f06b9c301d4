"""Forms of outcomes and messages that real runs of other projects showed."""

from __future__ import annotations

import pytest

from mcp_smalltools.tools.find_failure.lines import content_of, read_log
from mcp_smalltools.tools.find_failure.naming.name import name_of
from mcp_smalltools.tools.find_failure.outcome.ending import Ending, read_ending
from mcp_smalltools.tools.find_failure.showing.whole_message import message_around
from mcp_smalltools.tools.find_failure.spans import EvidenceSpan


def ending(text: str) -> Ending:
    log = read_log([text.splitlines()])
    return read_ending(log.contents, log.roles).ending


PASSED = {
    "BuildKit wrote the image, whatever a step said that went well": (
        "#7 [3/4] RUN configure\n#7 2.9 configure failed\n#7 DONE 8.3s\n#9 exporting layers 0.3s done\n"
        "#9 writing image sha256:b997 done\n#9 DONE 0.4s"
    ),
    "rspec counts no failure, whatever the tested code logs": (
        "ERROR: Validation failed for shelf 'pears'\n  keeps the order\n\nFinished in 2.8 seconds\n"
        "136 examples, 0 failures"
    ),
    "pip installs in spite of conflicts": (
        "ERROR: pip's dependency resolver does not currently take into account all the packages that are "
        "installed.\nshelf 1.0 requires pear>=2, but you have pear 1.9 which is incompatible.\n"
        "Successfully installed pear-1.9"
    ),
    "the legend of Next.js in another code page": (
        "Route (app)\nΓöî Γùï /\nΓöö Γùï /shelf\n\n\nΓùï  (Static)  prerendered as static content"
    ),
    "colcon counts what it finished": (
        "-- Performing Test HAS_PEARS - Failed\n-- Generating done\n[100%] Built target shelf\n"
        "Finished <<< shelf [4.38s]\nrunning install\nFinished <<< pears [2.1s]\n\n"
        "Summary: 4 packages finished [1min 27s]"
    ),
    "a patch that is there already": (
        "Warning: failed to apply patch (exit code 1), assuming it is already applied: shelf.patch\n"
        "BUILD SUCCESSFUL in 9s"
    ),
}


@pytest.mark.parametrize("text", PASSED.values(), ids=PASSED)
def test_a_tools_last_word_overrules_what_was_no_failure_of_the_run(text: str) -> None:
    assert ending(text) is Ending.PASSED


def test_rspec_with_failures_before_is_not_passed() -> None:
    assert ending("3 examples, 2 failures\n\n136 examples, 0 failures") is not Ending.PASSED


@pytest.mark.parametrize(
    "line",
    [
        "2026-05-08 INFO 15 --- [main] c.m.ShelfTests : Started ShelfTests in 5.2 seconds (for 7)",
        "You passed `num_labels=3` which is incompatible to the `id2label` map of length `2`.",
        "returns status 503 Service Unavailable",
    ],
)
def test_a_context_that_started_a_word_in_passing_and_a_status_of_http_conclude_nothing(line: str) -> None:
    assert ending(f"loading\n{line}") is Ending.STOPS


def test_an_exception_with_its_package_at_the_end_is_the_last_word_though_it_sounds_like_success() -> None:
    text = "Traceback (most recent call last):\n" + '  File "shop.py", line 4, in sell\n    sell()\n' * 9
    log = read_log(
        [[*text.splitlines(), "shop.stock.errors.WrongOrderError: pears is applied before apples"]]
    )
    found = read_ending(log.contents, log.roles)
    assert (found.ending, found.last) == (Ending.LOOKS_FAILED, True)


@pytest.mark.parametrize(
    ("line", "content"),
    [
        ("packages/shelf lint:   102:9  error  unused", "  102:9  error  unused"),
        ("@shop/shelf:build: error TS2304: none", "error TS2304: none"),
        ("##[error]shelf/pear.go:21:2: Pear redeclared", "shelf/pear.go:21:2: Pear redeclared"),
        ("##[error]src/pear.ts(4,1): error TS1: none", "src/pear.ts(4,1): error TS1: none"),
        ("##[error]Process completed with exit code 1.", "##[error]Process completed with exit code 1."),
        ("error: test: no pears", "error: test: no pears"),
    ],
)
def test_prefixes_of_workspaces_and_marks_of_matchers_are_no_content(line: str, content: str) -> None:
    assert content_of(line) == content


def test_what_a_go_test_said_above_its_failure_belongs_to_its_message() -> None:
    lines = [
        "=== RUN   TestShelf",
        "GET /shelf 200",
        "    shelf_test.go:54: ",
        "        Error:  Should be true",
        "        Test:  TestShelf",
        "--- FAIL: TestShelf (0.1s)",
        "FAIL",
    ]
    above, _ = message_around(EvidenceSpan(5, 6, 5, 0.9), lines, range(1, 8), {5}, lambda _: True)
    assert above == [4, 3, 2]


def test_the_place_of_a_playwright_test_is_where_it_failed_not_where_it_begins() -> None:
    lines = [
        "  1) [chromium] › tests/shelf.spec.ts:4:7 › finds pears",
        "",
        "    TimeoutError: locator.waitFor: Timeout 10000ms exceeded.",
        "",
        "        at /shop/tests/shelf.spec.ts:50:26",
    ]
    place = name_of(lines, [(0, 5, 2)]).place
    assert place is not None
    assert place.line == 50
