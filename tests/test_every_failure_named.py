"""find_failure: of a run with many failures each distinct one is named or counted, in a short answer."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from mcp_smalltools.tools.find_failure.answer import FindFailureArguments
from mcp_smalltools.tools.find_failure.compose import compose_answer
from mcp_smalltools.tools.find_failure.lines import read_log
from mcp_smalltools.tools.find_failure.rank import rank
from mcp_smalltools.tools.find_failure.showing.failures import failures_in

WORDS = ("crane", "dock", "mast", "pier", "rope", "sail", "tide", "wharf", "anchor", "buoy")


def names(count: int) -> list[str]:
    return [f"{WORDS[n % 10]}_{WORDS[(n * 7 + 3) % 10]}_{n}" for n in range(count)]


def pytest_log(count: int) -> str:
    said = ["=" * 20 + " test session starts " + "=" * 20, f"collected {count + 40} items", ""]
    said += [f"tests/test_port.py {'.' * 40}{'F' * count}   [100%]", "", "=" * 30 + " FAILURES " + "=" * 30]
    for n, name in enumerate(names(count)):
        said += ["_" * 20 + f" test_{name} " + "_" * 20, "", f"    def test_{name}():",
                 f">       assert weigh('{name}') == {n + 4}", f"E       assert {n} == {n + 4}",
                 f"E        +  where {n} = weigh('{name}')", "", f"tests/test_port.py:{n * 9 + 12}: AssertionError"]  # fmt: skip
    said += ["=" * 20 + " short test summary info " + "=" * 20]
    said += [
        f"FAILED tests/test_port.py::test_{name} - assert {n} == {n + 4}"
        for n, name in enumerate(names(count))
    ]
    return "\n".join([*said, f"{'=' * 20} {count} failed, 40 passed in 1.41s {'=' * 20}"])


def jest_log(count: int) -> str:
    said = ["PASS src/dock.test.js", "FAIL src/port.test.js"]
    said += ["  port", *(f"    ✕ weighs {name} (3 ms)" for name in names(count)), "    ✓ opens (1 ms)", ""]
    for n, name in enumerate(names(count)):
        said += [f"  ● port › weighs {name}", "", "    expect(received).toBe(expected) // Object.is equality", "",
                 f"    Expected: {n + 4}", f"    Received: {n}", "", f"      {n + 9} |   it('weighs {name}', () => {{",
                 f"    > {n + 10} |     expect(weigh('{name}')).toBe({n + 4});", "         |     ^", "",
                 f"      at Object.<anonymous> (src/port.test.js:{n + 10}:31)", ""]  # fmt: skip
    return "\n".join(
        [
            *said,
            "Test Suites: 1 failed, 1 passed, 2 total",
            f"Tests:       {count} failed, 4 passed, {count + 4} total",
        ]
    )


def go_log(count: int) -> str:
    said = ["ok  \tacme/dock\t0.012s", "--- FAIL: TestPort (0.01s)"]
    for n, name in enumerate(names(count)):
        said += [
            f"    --- FAIL: TestPort/{name} (0.00s)",
            f"        port_test.go:{n + 31}: weigh({name}) = {n}, want {n + 4}",
        ]
    return "\n".join([*said, "FAIL", "FAIL\tacme/port\t0.014s", "FAIL"])


def cargo_log(count: int) -> str:
    said = ["   Compiling port v0.1.0 (/w/port)", f"running {count + 3} tests", "test tests::opens ... ok"]
    said += [f"test tests::weighs_{name} ... FAILED" for name in names(count)] + ["", "failures:", ""]
    for n, name in enumerate(names(count)):
        said += [f"---- tests::weighs_{name} stdout ----", "", f"thread 'tests::weighs_{name}' panicked at src/lib.rs:{n * 5 + 20}:9:",
                 "assertion `left == right` failed", f"  left: {n}", f" right: {n + 4}", ""]  # fmt: skip
    said += ["", "failures:", *(f"    tests::weighs_{name}" for name in names(count)), ""]
    return "\n".join(
        [
            *said,
            f"test result: FAILED. 1 passed; {count} failed; 0 ignored",
            "",
            "error: test failed, to rerun pass `--lib`",
        ]
    )


def maven_log(count: int) -> str:
    said = ["[INFO]  T E S T S", "[INFO] Running com.acme.PortTest"]
    said += [
        f"[ERROR] Tests run: {count + 3}, Failures: {count}, Errors: 0, Skipped: 0, Time elapsed: 0.1 s <<< FAILURE! - in com.acme.PortTest"
    ]
    for n, name in enumerate(names(count)):
        said += [f"[ERROR] weighs_{name}(com.acme.PortTest)  Time elapsed: 0.01 s  <<< FAILURE!",
                 f"java.lang.AssertionError: expected:<{n + 4}> but was:<{n}>", "\tat org.junit.Assert.fail(Assert.java:89)",
                 f"\tat com.acme.PortTest.weighs_{name}(PortTest.java:{n * 6 + 30})", ""]  # fmt: skip
    said += ["[INFO] Results:", "[INFO] ", "[ERROR] Failures: "]
    said += [
        f"[ERROR]   PortTest.weighs_{name}:{n * 6 + 30} expected:<{n + 4}> but was:<{n}>"
        for n, name in enumerate(names(count))
    ]
    said += [
        "[INFO] ",
        f"[ERROR] Tests run: {count + 3}, Failures: {count}, Errors: 0, Skipped: 0",
        "[INFO] BUILD FAILURE",
    ]
    return "\n".join(
        [
            *said,
            "[ERROR] Failed to execute goal org.apache.maven.plugins:maven-surefire-plugin:2.22:test (default-test) on project port: There are test failures.",
        ]
    )


def gcc_log(count: int) -> str:
    said = []
    for n, name in enumerate(names(count)):
        said += [f"[{n + 1}/{count + 9}] Building C object src/{name}.o", f"src/{name}.c: In function 'load_{name}':",
                 f"src/{name}.c:{n * 3 + 7}:12: error: 'weight_{name}' undeclared (first use in this function)",
                 f"   {n * 3 + 7} |     return weight_{name};", "      |            ^~~~~~"]  # fmt: skip
        said += [f"make: *** [Makefile:9: src/{name}.o] Error 1"]
    return "\n".join([*said, "make: Target 'all' not remade because of errors."])


def tsc_log(count: int) -> str:
    said = ["> port@1.0.0 build", "> tsc -p .", ""]
    said += [
        f"src/{name}.ts({n * 3 + 7},12): error TS2304: Cannot find name 'weight_{name}'."
        for n, name in enumerate(names(count))
    ]
    return "\n".join([*said, "npm ERR! code 2", "npm ERR! command sh -c tsc -p ."])


def eslint_log(count: int) -> str:
    said = ["> port@1.0.0 lint", "> eslint src", ""]
    for n, name in enumerate(names(count)):
        said += [f"/w/port/src/{name}.js", f"   {n + 3}:7  warning  Unexpected console statement  no-console",
                 f"  {n + 12}:5  error    '{name}' is assigned a value but never used  no-unused-vars", ""]  # fmt: skip
    return "\n".join([*said, f"✖ {count * 2} problems ({count} errors, {count} warnings)"])


def rspec_log(count: int) -> str:
    said = (
        ["Pier", "  opens"]
        + [f"  weighs {name} (FAILED - {n + 1})" for n, name in enumerate(names(count))]
        + ["", "Failures:", ""]
    )
    for n, name in enumerate(names(count)):
        said += [f"  {n + 1}) Pier weighs {name}", f"     Failure/Error: expect(pier.weigh('{name}')).to eq({n + 4})", "",
                 f"       expected: {n + 4}", f"            got: {n}", "", "       (compared using ==)",
                 f"     # ./spec/pier_spec.rb:{n + 31}:in `block (2 levels) in <top (required)>'", ""]  # fmt: skip
    said += [
        "Finished in 0.21 seconds",
        f"{count + 1} examples, {count} failures",
        "",
        "Failed examples:",
        "",
    ]
    return "\n".join(
        [
            *said,
            *(
                f"rspec ./spec/pier_spec.rb:{n + 29} # Pier weighs {name}"
                for n, name in enumerate(names(count))
            ),
        ]
    )


def phpunit_log(count: int) -> str:
    said = ["PHPUnit 9.5.10 by Sebastian Bergmann and contributors.", "", "F" * count + "....", "",
            "Time: 00:00.021, Memory: 6.00 MB", "", f"There were {count} failures:" if count > 1 else "There was 1 failure:", ""]  # fmt: skip
    for n, name in enumerate(names(count)):
        said += [
            f"{n + 1}) PortTest::test_{name}",
            f"Failed asserting that {n} is identical to {n + 4}.",
            "",
            f"/app/tests/PortTest.php:{n + 18}",
            "",
        ]
    return "\n".join([*said, "FAILURES!", f"Tests: {count + 4}, Assertions: {count + 4}, Failures: {count}."])


LOGS: dict[str, Callable[[int], str]] = {
    "pytest": pytest_log, "jest": jest_log, "go test": go_log, "cargo": cargo_log, "maven": maven_log, "gcc": gcc_log,
    "tsc": tsc_log, "eslint": eslint_log, "rspec": rspec_log, "phpunit": phpunit_log,
}  # fmt: skip


@pytest.mark.parametrize("form", LOGS)
@pytest.mark.parametrize("count", [1, 2, 5, 12, 30])
def test_the_distinct_failures_of_a_log_are_counted_once_each(form: str, count: int) -> None:
    assert len(failures_in(LOGS[form](count).splitlines())) == count


@pytest.mark.parametrize("form", LOGS)
@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 12, 30])
def test_every_distinct_failure_is_named_or_counted_in_a_short_answer(form: str, count: int) -> None:
    log = read_log([LOGS[form](count).splitlines()])
    ranked = rank(log, None)
    answer = compose_answer(log, ranked, FindFailureArguments(path="build.log"), {})
    shown = "\n".join(span.text for span in answer.evidence)
    named = [name for name in names(count) if name in shown]
    assert len(json.dumps(answer.structured(), ensure_ascii=False, separators=(",", ":"))) <= 1_900
    assert len(named) + answer.dropped.get("failures", 0) == count
    assert len(named) >= min(count, 8)
    if answer.dropped.get("failures"):
        assert "failure" in str(answer.note)


def test_a_long_line_beside_the_main_one_is_shown_to_its_end_while_there_is_room() -> None:
    said = "the icon of the package must not be transparent, and must not have rounded corners or a border"
    reason = f"Reason: {said}; {said}; see the rules for icons (ID: 7)"
    steps = [f"2026-05-11T00:19:{n:02}.1589230Z Uploading part {n} of 40" for n in range(40)]
    ends = (
        "##[error]upload of harbour.ipa refused by the store",
        reason,
        "",
        "##[error]Process completed with exit code 1.",
    )
    text = "\n".join([*steps, *(f"2026-05-11T00:19:41.0000000Z {line}" for line in ends)])
    log = read_log([text.splitlines()])
    answer = compose_answer(log, rank(log, None), FindFailureArguments(path="build.log"), {})
    lines = [line for span in answer.evidence for line in span.text.splitlines()]
    assert f"…{reason}" in lines
    assert "2026-05-11T00:19:41.0000000Z " not in lines
    assert len(json.dumps(answer.structured(), ensure_ascii=False)) <= 2_000
