"""Forms of the output of test runners."""

from mcp_smalltools.tools.find_failure.naming.reporters.reporter import reporter

TEST_RUNNERS = (
    reporter(
        "pytest",
        "test",
        [
            r"^E {3}",
            r"^(?:FAILED|ERROR) [^\s:]+\.py(?:::| - |$)",
            r"^[^\s:]+\.py::\S.* (?:FAILED|ERROR)",
            r"^\S+\.py:\d+: (?:\w+(?:Error|Exception|Failed)|in test_\w+)$",
            r"^ImportError while loading conftest",
            r"^pytest: error: ",
            r"^Fixture .* called directly",
            r"^\[XPASS\(strict\)\]",
        ],
        [
            r"^_{3,} .{1,200} _{3,}$",
            r"^=+ (?:FAILURES|ERRORS|short test summary info) =+$",
            r"^=+ .{0,80}\b\d+ (?:failed|errors?)\b.{0,80} in [\d.]+ ?s.{0,20} =+$",
        ],
    ),
    reporter(
        "vitest",
        "test",
        [
            r"^ +FAIL +\S+\.(?:[cm]?[jt]sx?|vue|svelte)(?: > | \[)",
            r"^ *❯ \S.*:\d+:\d+$",
            r"^ *[×❯] \S+\.(?:test|spec)\.\S+ (?:\(|>)",
        ],
        [r"^ *RUN +v\d+\.\d", r"^⎯{3,} (?:Failed|Unhandled)", r"^ Test Files +\d+ failed"],
    ),
    reporter(
        "robot", "test", [r"^(?:\S.{0,200} \| )?FAIL \|$"], [r"^\d+ tests?, \d+ passed, [1-9]\d* failed$"]
    ),
    reporter("common test", "test", [r"^%%% \w+_SUITE ==> ", r"^===> Failures occurred running tests: "]),
    reporter(
        "deno",
        "test",
        [r"^\S.{0,200} => \.?/?\S+\.[cm]?[jt]sx?:\d+:\d+$"],
        [r"^running \d+ tests? from \S+", r"^FAILED \| \d+ passed "],
    ),
    reporter(
        "forge",
        "test",
        [r"^\[FAIL[.:\]]"],
        [r"^Suite result: \w+\. \d+ passed", r"^Encountered a total of \d+ failing tests"],
    ),
    reporter(
        "bun",
        "test",
        [r"^\(fail\) \S", r"^error: expect\(received\)\."],
        [r"^bun test v\d", r"^Ran \d+ tests? across \d+ files?\. +\["],
    ),
    reporter(
        "playwright",
        "test",
        [r"^ *\d+\) (?:\[[\w -]+\] › )?\S+\.[cm]?[jt]sx?:\d+:\d+ › "],
        [r"^ *Running \d+ tests? using \d+ workers?", r"npx playwright show-(?:trace|report)"],
    ),
    reporter(
        "cypress",
        "test",
        [r"^ *at (?:Context|Suite)\.(?:eval|<anonymous>) \(webpack://", r"CypressError: "],
        [r"^ *Running: +\S+\.cy\.[jt]sx?\b", r"\bCypress: +\d+\.\d", r"^ *\(Run Starting\)"],
    ),
    reporter(
        "jest",
        "test",
        [
            r"^ *(?:●|ÔùÅ|â—\S?) .{1,300} (?:›|ÔÇ║|â€º) ",
            r"^ *● Test suite failed to run",
            r"^FAIL (?:[\w@/.-]+ )?\S+\.(?:js|ts|jsx|tsx|mjs|cjs)(?: \([\d.]+ ?m?s\))?$",
        ],
        [r"^Test Suites: \d+ failed", r"^Tests: +\d+ failed, .*total$"],
    ),
    reporter(
        "rspec",
        "test",
        [r"^ *Failure/Error: ", r"^rspec '?\./\S+_spec\.rb", r"^ *# \./spec/\S+_spec\.rb:\d+:in "],
        [r"^\d+ examples?, \d+ failures?", r"^Failed examples:$"],
    ),
    reporter(
        "cucumber",
        "test",
        [r"^cucumber (?:-p \w+ )?features/\S+:\d+", r"^ *features/\S+\.feature:\d+:in `"],
        [r"^\d+ scenarios? \(\d+ (?:failed|undefined)"],
    ),
    reporter(
        "minitest",
        "test",
        [
            r"^ *\d+\) (?:Failure|Error):$",
            r"^[A-Z]\w*(?:::\w+)*#test_\w",
            r"^(?:bin/)?rails test \S+:\d+",
        ],
        [r"^\d+ (?:runs|tests), \d+ assertions, \d+ failures"],
    ),
    reporter(
        "phpunit",
        "test",
        [r"^\d+\) [\w\\]+::\w+", r"^Failed asserting that "],
        [
            r"^(?:FAILURES|ERRORS)!$",
            r"^PHPUnit \d+\.\d",
            r"^Tests: \d+, Assertions: \d+, (?:Errors|Failures): \d",
        ],
    ),
    reporter(
        "pest",
        "test",
        [r"^ *FAILED +(?:Tests\\|P\\)\S+ > ", r"^ *⨯ "],
        [r"^ *Tests: +\d+ failed, "],
    ),
    reporter("phpt", "test", [r"^FAIL .* \[\S+\.phpt\]", r"^\d{3}[+-] "], [r"^=+(?:DONE|DIFF)=+$"]),
    reporter(
        "prove",
        "test",
        [
            r"^# {3}(?:Failed test|at \S+ line \d+)",
            r"^# Looks like you (?:failed|planned)",
            r"^Dubious, test returned",
            r"^Failed \d+/\d+ subtests",
        ],
        [r"^Test Summary Report$", r"^\S+\.t \.{2,}", r"^Result: FAIL$"],
    ),
    reporter(
        "exunit",
        "test",
        [
            r"^ *\d+\) (?:test|doctest|property) .*\([\w.]+\)$",
            r"^ *\*\* \(ExUnit\.\w+\)",
            r"^ *Assertion with .* failed$",
        ],
        [r"^\d+ (?:doctests?, |properties, )*\d* ?tests?, \d+ failures?"],
    ),
    reporter(
        "testthat",
        "test",
        [
            r"^── (?:\d+\. )?(?:Failure|Error) \(",
            r"^── \d+\. (?:Failure|Error): ",
            r"^(?:Failure|Error) \(\S+\.R:\d+",
        ],
        [r"^\[ FAIL [1-9]", r"══ testthat results"],
    ),
    reporter(
        "R CMD check",
        "check",
        [r"^Running the tests in ‘", r"^\* checking .* (?:ERROR|WARNING)$"],
        [r"^Status: \d+ (?:ERROR|WARNING)"],
    ),
    reporter("busted", "test", [r"^(?:Failure|Error) → \S+ @ \d+"], [r"^\d+ successes / \d+ failures? / "]),
    reporter(
        "Julia tests",
        "test",
        [
            r"^(?:.*: )?(?:Test Failed|Error During Test) at ",
            r"^Some tests did not pass: ",
            r"^ERROR: LoadError: (?:Some tests|Test)",
        ],
        [r"^Test Summary: +\|"],
    ),
    reporter(
        "xctest",
        "test",
        [
            r"^\S+\.(?:swift|mm?):\d+: error: -\[",
            r"^\S+\.swift:\d+: error: \S+\.test\w+ : ",
            r"^Test Case '-?\[?[\w. ]+\]?' failed",
            r"\bXCTAssert\w+ failed",
            r"^ *✗ \w+, ",
        ],
        [r"^\*\* TEST FAILED \*\*"],
    ),
    reporter(
        "xunit",
        "test",
        [r"^ +\[xUnit\.net .*\[FAIL\]", r"^ *[\w.]+(?:\(.*\))? \[FAIL\]$"],
        [r"^xUnit\.net Console Runner"],
    ),
    reporter(
        "dotnet test",
        "test",
        [r"^ +Failed [\w.]+(?:\(.*\))? \[[\d< ]+ ?m?s\]", r"^ *Error Message:$", r"^ *Stack Trace:$"],
        [r"^Failed! +- Failed: ", r"^Test Run Failed\.$"],
    ),
    reporter("nunit", "test", [r"^\d+\) (?:Failed|Error) : [\w.]+"], [r"^Overall result: Failed"]),
    reporter("pester", "test", [r"^ *\[-\] "], [r"^Tests Passed: \d+, Failed: [1-9]"]),
    reporter(
        "k6",
        "check",
        [
            r"level=error msg=\"thresholds on metrics",
            r"^ *↳ +\d+% — ✓ \d",
            r"^ *✗ \{? ?\w+\.{4,}:",
            r"^ *✗ (?:status|\w+) is \d{3}",
        ],
    ),
    reporter(
        "bats",
        "test",
        [
            r"^ *✗ (?!\w+, )",
            r"^# \(in test file \S+\.bats, line \d+\)",
            r"^ +\(in test file \S+\.bats, line \d+\)",
        ],
        [],
    ),
    reporter(
        "googletest",
        "test",
        [r"^\[  FAILED  \] ", r"^\S+:\d+: Failure$", r"^\S+\(\d+\): error: (?:Value of|Expected)"],
        [r"^\[==========\] "],
    ),
    reporter("catch2", "test", [r"^\S+:\d+: FAILED:$"], [r"^test cases: +\d+ \| "]),
    reporter(
        "boost.test", "test", [r"error: in \"[\w/<>, ]+\": "], [r"^\*\*\* \d+ failures? (?:is|are) detected"]
    ),
    reporter(
        "ctest",
        "test",
        [
            r"\*\*\*(?:Failed|Exception|Timeout|Not Run)",
            r"^Errors while running CTest",
            r"^\s+\d+ - \S+ \((?:Failed|Timeout|SEGFAULT|Not Run|Subprocess|ILLEGAL)",
        ],
        [r"^The following tests FAILED:", r"^\d+% tests passed, [1-9]\d* tests? failed"],
    ),
    reporter(
        "meson test", "test", [r"^ *\d+/\d+ .* (?:FAIL|TIMEOUT|ERROR) +[\d.]+s"], [r"^Fail: +[1-9]\d*$"]
    ),
    reporter("nose", "test", [r"^(?:FAIL|ERROR): \w+(?:\.\w+){2,}(?:\(.*\))?$"]),
    reporter(
        "automake",
        "test",
        [r"^(?:FAIL|XPASS): \S+$"],
        [r"^# (?:FAIL|ERROR): +[1-9]", r"^See \S*test-suite\.log"],
    ),
    reporter(
        "go test",
        "test",
        [
            r"^ *--- FAIL: ",
            r"^FAIL\t",
            r"^ +\S+_test\.go:\d+: ",
            r"^\t*Error Trace:\t",
            r"^panic: test timed out after ",
        ],
        [r"^FAIL$"],
    ),
    reporter("ginkgo", "test", [r"^ *(?:• )?\[FAIL(?:ED)?\] ", r"^\[Fail\] "], [r"^Ran \d+ of \d+ Specs"]),
    reporter(
        "unittest",
        "test",
        [r"^(?:FAIL|ERROR): \w+ \([\w.]+\)", r"^\w+ \([\w.]+\)(?: \.\.\.)? ?(?:FAIL|ERROR)$"],
        [r"^FAILED \((?:failures|errors)="],
    ),
    reporter(
        "karma",
        "test",
        [
            r"^(?:[\w.]+ )+\(.*\)(?: .*)? FAILED$",
            r"^.*: Executed \d+ of \d+ .*(?:FAILED|DISCONNECTED)",
            r"\[(?:karma|launcher|reporter\.\w+)\]: ",
        ],
        [],
    ),
    reporter("ava", "test", [r"^ *✘ \[fail\]: "], [r"^ *\d+ tests? failed$"]),
    reporter(
        "node:test",
        "test",
        [r"^ *failureType: ", r"^test at \S+js:\d+:\d+$", r"^ *✖ .*\([\d.]+ms\)$"],
        [r"^ℹ fail [1-9]", r"^# fail [1-9]"],
    ),
    reporter("mocha", "test", [r"^ +at Context\.<anonymous> \("], [r"^ +\d+ failing$"]),
    reporter("tap", "test in TAP", [r"^ *not ok \d+"], [r"^TAP version \d+"]),
    reporter(
        "flutter test",
        "test",
        [r"^\d\d:\d\d \+\d+(?: ~\d+)? -\d+: .*\[E\]$"],
        [r"^\d\d:\d\d .*: Some tests failed\.$"],
    ),
    reporter(
        "scalatest",
        "test",
        [r"\*\*\* FAILED \*\*\*"],
        [r"\*\*\* \d+ (?:TESTS? FAILED|SUITES? ABORTED) \*\*\*"],
    ),
    reporter("clojure.test", "test", [r"^(?:FAIL|ERROR) in \("], [r"^\d+ failures, \d+ errors\."]),
    reporter("hspec", "test", [r"^ +\S+\.hs:\d+:\d+: ?$"], [r"^\d+ examples?, \d+ failures?$"]),
    reporter("common test", "test", [r"^\w+_SUITE:\w+ failed", r"^Testing .*: \d+ ok, [1-9]\d* failed"], []),
    reporter("alcotest", "test", [r"^\[FAIL\] +\S+ +\d+ ", r"^│ \[FAIL\]"], []),
)
