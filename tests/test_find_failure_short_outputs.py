"""Short outputs of many tools, as reports paste them: how they end, and what failed where."""

from __future__ import annotations

import pytest

from mcp_smalltools.tools.find_failure.answer import FindFailureAnswer, FindFailureArguments
from mcp_smalltools.tools.find_failure.compose import compose_answer
from mcp_smalltools.tools.find_failure.lines import read_log
from mcp_smalltools.tools.find_failure.naming.name import name_of
from mcp_smalltools.tools.find_failure.naming.own_source import own_file
from mcp_smalltools.tools.find_failure.outcome.ending import Ending, read_ending
from mcp_smalltools.tools.find_failure.rank import rank
from mcp_smalltools.tools.find_failure.showing.whole_message import message_around
from mcp_smalltools.tools.find_failure.spans import EvidenceSpan


def ending(text: str) -> Ending:
    log = read_log([text.splitlines()])
    return read_ending(log.contents, log.roles).ending


def find(text: str) -> FindFailureAnswer:
    log = read_log([text.splitlines()])
    return compose_answer(log, rank(log, None), FindFailureArguments(path="run.log"), {})


PASSED = {
    "bazel, though a mirror answered with 404": (
        "WARNING: Download from https://mirror.example/pears.tgz failed: GET returned 404\n"
        "INFO: Found 1 target...\nTarget //:orchard up-to-date:\n  bazel-bin/orchard\n"
        "INFO: Build completed successfully, 7 total actions"
    ),
    "mix, with warnings": (
        'Compiling 3 files (.ex)\nwarning: variable "rope" is unused\n  lib/shed.ex:4\n\nGenerated shed app'
    ),
    "a host that Ansible was rescued on": (
        'TASK [fetch] ****\nfatal: [barn]: FAILED! => {"msg": "timed out"}\n\nTASK [other way] ****\n'
        "changed: [barn]\n\n"
        "PLAY RECAP ****\nbarn  : ok=2  changed=1  unreachable=0  failed=0  skipped=0  rescued=1  ignored=0"
    ),
    "playwright, with a test that passed when it was tried again": (
        "Running 2 tests using 1 worker\n  ✓  1 tests/pear.spec.ts:3:1 › peels (1.1s)\n"
        "  ✘  2 tests/pear.spec.ts:9:1 › slices (5.0s)\n"
        "  ✓  3 tests/pear.spec.ts:9:1 › slices (retry #1) (1.0s)\n\n"
        "  1 flaky\n    tests/pear.spec.ts:9:1 › slices ────\n  1 passed (8.1s)"
    ),
    "vitest, with what a test logs": (
        "stderr | test/pear.test.ts > refuses stones\nError: a stone\n    at peel (/shed/pear.ts:4:9)\n\n"
        " ✓ test/pear.test.ts (3 tests) 12ms\n\n Test Files  1 passed (1)\n      Tests  3 passed (3)\n"
        "   Duration  312ms"
    ),
    "unittest, with failures that were meant": (
        ".ERROR:shed:no such rope\nTraceback (most recent call last):\nKeyError: 'rope'\n..\n"
        "Ran 3 tests in 0.002s\n\nOK (skipped=1, expected failures=1)"
    ),
    "eslint, with warnings alone": (
        "/shed/error.js\n  4:7  warning  'rope' is never used  no-unused-vars\n\n"
        "✖ 1 problem (0 errors, 1 warning)"
    ),
    "uv, with a package that is called after errors": (
        "Resolved 3 packages in 2ms\nInstalled 2 packages in 9ms\n + error-pages==1.0.2\n + pear==1.16.0"
    ),
}


@pytest.mark.parametrize("text", PASSED.values(), ids=PASSED)
def test_a_short_output_whose_tool_says_that_all_went_well_is_a_passing_run(text: str) -> None:
    assert ending(text) is Ending.PASSED


@pytest.mark.parametrize(
    "text",
    [
        "[1/2] Building CXX object error.cpp.o\n[2/2] Linking CXX executable orchard",
        "[1 of 2] Compiling Shed.Error ( src/Error.hs, dist/Error.o )\n[2 of 2] Linking dist/shed",
        "W: the list is configured twice\nProcessing triggers for libc-bin (2.36-9) ...",
    ],
)
def test_the_last_of_all_steps_is_an_end_that_is_not_sure(text: str) -> None:
    answer = find(text)
    assert answer.failed is False
    assert answer.escalate


@pytest.mark.parametrize(
    "text",
    [
        "fatal: [barn]: FAILED! => {}\n\nPLAY RECAP ****\n"
        "barn  : ok=2  changed=1  unreachable=0  failed=1  skipped=0",
        "  ✘  2 tests/pear.spec.ts:9:1 › slices (5.0s)\n\n  1 flaky\n  1 failed\n  1 passed (8.1s)",
        "✖ 1 problem (0 errors, 1 warning)\n\nESLint found too many warnings (maximum: 0).",
        " Test Files  1 failed | 1 passed (2)\n      Tests  1 failed | 3 passed (4)",
        "==> shed\nCompiling 3 files (.ex)\n\n== Compilation error in file lib/shed.ex ==\n"
        "** (CompileError) lib/shed.ex:8: undefined function rope/0",
    ],
)
def test_what_sounds_alike_and_failed_is_no_passing_run(text: str) -> None:
    assert ending(text) is Ending.FAILED


@pytest.mark.parametrize(
    "text",
    [
        "PS> ./build.ps1\nGet-Rope : Es gibt hier kein Seil.\nAt C:\\shed\\build.ps1:4 char:5\n"
        "+     Get-Rope red\n"
        "+     ~~~~~~~~\n"
        "    + CategoryInfo          : ObjectNotFound: (red:String) [Get-Rope], RopeException\n"
        "    + FullyQualifiedErrorId : NoRope,Shed.GetRopeCommand",
        "Get-Rope: /shed/build.ps1:4\nLine |\n   4 |  Get-Rope red\n     |  ~~~~~~~~\n"
        "     | Es gibt hier kein Seil.",
        "Migrating: create_pears\n\n   Illuminate\\Database\\QueryException \n\n"
        "  SQLSTATE[42S01]: pears is there\n\n"
        "  at vendor/laravel/framework/src/Illuminate/Database/Connection.php:829\n"
        "    825▕  $this->go(\n  ➜ 829▕  throw new\n"
        "      +39 vendor frames ",
    ],
)
def test_a_record_of_an_error_at_the_end_is_a_failure(text: str) -> None:
    assert ending(text) is Ending.LOOKS_FAILED


def test_an_error_that_make_ignores_is_no_failure() -> None:
    text = (
        "rm: cannot remove 'old.o': No such file or directory\nmake: [Makefile:9: clean] Error 1 (ignored)\n"
    )
    assert find(f"{text}gcc -c rope.c\ngcc -o shed rope.o").failed is None
    assert ending(text.replace(" (ignored)", "").replace("[", "*** [")) is Ending.FAILED


def test_a_compilers_warning_at_the_end_is_no_complaint_unless_it_is_made_an_error() -> None:
    warning = "rope.c:3:7: warning: unused variable 'knot' [-Wunused-variable]"
    assert ending(f"building\n{warning}") is Ending.STOPS
    assert ending(f"building\n{warning.replace('warning:', 'error:')}") is Ending.LOOKS_FAILED


BUN = """bun test v1.1.0

src/pear.test.ts:
(pass) pear > peels
41 |     const pear = grow("pear");
42 |     expect(pear.stones).toBe(0);
                             ^
error: expect(received).toBe(expected)

Expected: 0
Received: 6

      at <anonymous> (/orchard/src/pear.test.ts:42:25)
(fail) pear > has no stones [1.00ms]
52 |     expect(pear.colour).toBe("green");
                             ^
error: expect(received).toBe(expected)

Expected: "green"
Received: "grey"

      at <anonymous> (/orchard/src/pear.test.ts:52:25)
(fail) pear > is green [2.00ms]

 1 pass
 2 fail
 3 expect() calls
Ran 3 tests across 1 files. [12.00ms]"""


def test_bun_tells_what_failed_above_the_tests_name_and_the_first_is_the_main_one() -> None:
    answer = find(BUN)
    assert (answer.failed, answer.kind, answer.tool) == (True, "test", "bun")
    assert answer.place is not None
    assert answer.place.line == 42
    assert "Received: 6" in answer.evidence[0].text


def test_the_report_of_a_data_race_belongs_to_the_test_that_go_failed_for_it() -> None:
    answer = find(
        "==================\nWARNING: DATA RACE\nWrite at 0x00c0 by goroutine 8:\n  shed.(*Rope).Cut()\n"
        "      /shed/rope.go:14 +0x44\n==================\n--- FAIL: TestCut (0.00s)\n"
        "    testing.go:1465: race detected during execution of test\nFAIL\nFAIL\tshed\t0.012s\nFAIL"
    )
    assert "WARNING: DATA RACE" in answer.evidence[0].text
    assert answer.place is not None
    assert answer.place.file == "/shed/rope.go"


def test_a_test_of_elixir_failed_where_its_trace_says_or_else_where_it_begins() -> None:
    lines = [
        "  1) test drops ropes (Shed.RopeTest)",
        "     test/shed/rope_test.exs:19",
        "     ** (exit) exited in: GenServer.call(#PID<0.1.0>, :stop, 5000)",
        "     stacktrace:",
        "       (elixir) lib/gen_server.ex:357: GenServer.call/3",
        "       test/shed/rope_test.exs:23",
    ]
    spans = [(0, 4, 2)]
    place, begins = name_of(lines, spans).place, name_of(lines[:5], spans).place
    assert place is not None
    assert place.line == 23
    assert begins is not None
    assert begins.line == 19


def test_an_error_of_alembic_is_not_called_a_target_of_ninja() -> None:
    assert name_of(["FAILED: Can't locate revision identified by '1a2b'"], [(0, 1, 0)]).tool == "alembic"
    assert name_of(["FAILED: obj/rope.o "], [(0, 1, 0)]).tool == "ninja"


def test_what_hadolint_finds_fails_its_run_whatever_its_level() -> None:
    assert ending("Dockerfile:4 DL3008 info: Pin versions in apt get install") is Ending.LOOKS_FAILED


@pytest.mark.parametrize(
    ("lines", "kind", "tool"),
    [
        (["//shed:rope_test    FAILED in 0.3s"], "test", "bazel"),
        (["[FAIL: assertion failed: 4 != 3] testRope() (gas: 1204)"], "test", "forge"),
        (["cuts => ./rope_test.ts:3:6", "error: AssertionError: Values are not equal."], "test", "deno"),
        (["[XPASS(strict)] not yet"], "test", "pytest"),
        (["Cuts        | FAIL |", "4 != 3"], "test", "robot"),
        (["%%% rope_SUITE ==> cut: FAILED", "%%% rope_SUITE ==> {badmatch,3}"], "test", "common test"),
        (["Error in cut(rop) : object 'rop' not found", "Execution halted"], "crash", "R"),
        (['ERROR: modpost: "rope_cut" [drivers/rope.ko] undefined!'], "link", None),
        (["ERROR: (gcloud.run.deploy) PERMISSION_DENIED: Permission 'run' denied"], "permission", None),
        (["Error in rule cut:", "    jobid: 3"], None, "snakemake"),
        (["Error HH701: There are multiple artifacts for contract Rope"], None, "hardhat"),
        (["Build 'ebs.rope' errored after 5 minutes: no image"], None, "packer"),
        (["[!] Error building the application - see the log above"], None, None),
        (["[!] Error: Could not resolve entry module"], "compile", "rollup"),
    ],
)
def test_tools_are_known_by_how_they_say_that_something_failed(
    lines: list[str], kind: str | None, tool: str | None
) -> None:
    name = name_of(lines, [(0, len(lines), 0)])
    assert (name.kind, name.tool) == (kind, tool)


def test_sources_of_pytorch_as_it_was_built_are_not_the_users_own() -> None:
    assert own_file("/pytorch/aten/src/THC/THCStorage.cu") is None
    assert own_file("/opt/conda/conda-bld/pytorch_1/work/THCStorage.cu") is None
    assert own_file("/home/ann/shed/rope.cu") is not None


def test_what_sqlalchemy_says_below_an_exception_belongs_to_its_message() -> None:
    lines = ["shed.Error: no rope", "", "[SQL: SELECT rope]", "[parameters: {}]", "", "shed is closed"]
    _, below = message_around(EvidenceSpan(0, 1, 0, 0.9), lines, range(1, 7), {0}, lambda _: True)
    assert below == [1, 2, 3]


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("dependency", "No package 'rope-3.0' found"),
        ("dependency", "npm ERR! 404 Not Found - GET https://registry.example/rope - Not found"),
        ("dependency", "shed.go:4:2: no required module provides package example.com/rope; to add it:"),
        ("dependency", "nothing provides librope.so.2 needed by shed-1.0"),
        ("network", "requests.exceptions.ConnectionError: Max retries exceeded with url: /rope"),
        ("permission", "remote: Permission to ann/shed.git denied to bob."),
        ("permission", "Error from server (Forbidden): ropes is forbidden"),
        ("memory", "framework.errors_impl.ResourceExhaustedError: OOM when allocating tensor"),
        ("configuration", "shed.py: error: the following arguments are required: --rope"),
        ("compile", "./shed.go:4:2: undefined: rope"),
    ],
)
def test_the_kind_is_what_a_single_message_states(kind: str, line: str) -> None:
    assert name_of([line], [(0, 1, 0)]).kind == kind
