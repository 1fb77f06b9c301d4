"""Which tool printed a line, by the form of its own output, and what that tool does.

A form is what the tool itself prints, at the place in a line where it prints it. A tool's name in a path, a
command or a message of another tool is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_NEAR = 40
"""Lines before and after a span in which the report is looked for that a line of it belongs to."""
_LONGEST = 60
"""Lines of a span that are looked at."""

_C_SOURCE = r"(?:c|cc|cpp|cxx|c\+\+|h|hh|hpp|hxx|inl|m|mm|ipp|S|f|f90|F90|f95|f03|for|adb|ads|d)"


@dataclass(frozen=True, slots=True)
class Reporter:
    """A tool and the forms of its output.

    `does` is what it does: test, compile, link, check, dependency, configuration, deploy, build (a wrapper of
    others), run (a language's runtime), shell, ci. `frames` are forms that begin or end its report, so that
    lines near them belong to it.
    """

    tool: str
    does: str
    forms: re.Pattern[str]
    frames: re.Pattern[str] | None = field(default=None)

    @property
    def rank(self) -> int:
        """The lower, the closer to the failure: a compiler says more than the make that ran it."""
        return _RANKS.get(self.does, 0)


_RANKS = {"test in TAP": 1, "build": 1, "run": 2, "shell": 3, "ci": 4}


def _reporter(tool: str, does: str, forms: Sequence[str], frames: Sequence[str] = ()) -> Reporter:
    return Reporter(
        tool, does, re.compile("|".join([*forms, *frames])), re.compile("|".join(frames)) if frames else None
    )


REPORTERS = (
    # Tests
    _reporter(
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
        ],
        [
            r"^_{3,} .{1,200} _{3,}$",
            r"^=+ (?:FAILURES|ERRORS|short test summary info) =+$",
            r"^=+ .{0,80}\b\d+ (?:failed|errors?)\b.{0,80} in [\d.]+ ?s.{0,20} =+$",
        ],
    ),
    _reporter(
        "vitest",
        "test",
        [
            r"^ +FAIL +\S+\.(?:[cm]?[jt]sx?|vue|svelte)(?: > | \[)",
            r"^ *❯ \S.*:\d+:\d+$",
            r"^ *[×❯] \S+\.(?:test|spec)\.\S+ (?:\(|>)",
        ],
        [r"^ *RUN +v\d+\.\d", r"^⎯{3,} (?:Failed|Unhandled)", r"^ Test Files +\d+ failed"],
    ),
    _reporter(
        "playwright",
        "test",
        [r"^ *\d+\) (?:\[[\w -]+\] › )?\S+\.[cm]?[jt]sx?:\d+:\d+ › "],
        [r"^ *Running \d+ tests? using \d+ workers?", r"npx playwright show-(?:trace|report)"],
    ),
    _reporter(
        "cypress",
        "test",
        [r"^ *at (?:Context|Suite)\.(?:eval|<anonymous>) \(webpack://", r"CypressError: "],
        [r"^ *Running: +\S+\.cy\.[jt]sx?\b", r"\bCypress: +\d+\.\d", r"^ *\(Run Starting\)"],
    ),
    _reporter(
        "jest",
        "test",
        [
            r"^ *(?:●|ÔùÅ|â—\S?) .{1,300} (?:›|ÔÇ║|â€º) ",
            r"^ *● Test suite failed to run",
            r"^FAIL (?:[\w@/.-]+ )?\S+\.(?:js|ts|jsx|tsx|mjs|cjs)(?: \([\d.]+ ?m?s\))?$",
        ],
        [r"^Test Suites: \d+ failed", r"^Tests: +\d+ failed, .*total$"],
    ),
    _reporter(
        "rspec",
        "test",
        [r"^ *Failure/Error: ", r"^rspec '?\./\S+_spec\.rb", r"^ *# \./spec/\S+_spec\.rb:\d+:in "],
        [r"^\d+ examples?, \d+ failures?", r"^Failed examples:$"],
    ),
    _reporter(
        "cucumber",
        "test",
        [r"^cucumber (?:-p \w+ )?features/\S+:\d+", r"^ *features/\S+\.feature:\d+:in `"],
        [r"^\d+ scenarios? \(\d+ (?:failed|undefined)"],
    ),
    _reporter(
        "minitest",
        "test",
        [
            r"^ *\d+\) (?:Failure|Error):$",
            r"^[A-Z]\w*(?:::\w+)*#test_\w",
            r"^(?:bin/)?rails test \S+:\d+",
        ],
        [r"^\d+ (?:runs|tests), \d+ assertions, \d+ failures"],
    ),
    _reporter(
        "phpunit",
        "test",
        [r"^\d+\) [\w\\]+::\w+", r"^Failed asserting that "],
        [
            r"^(?:FAILURES|ERRORS)!$",
            r"^PHPUnit \d+\.\d",
            r"^Tests: \d+, Assertions: \d+, (?:Errors|Failures): \d",
        ],
    ),
    _reporter(
        "pest",
        "test",
        [r"^ *FAILED +(?:Tests\\|P\\)\S+ > ", r"^ *⨯ "],
        [r"^ *Tests: +\d+ failed, "],
    ),
    _reporter("phpt", "test", [r"^FAIL .* \[\S+\.phpt\]", r"^\d{3}[+-] "], [r"^=+(?:DONE|DIFF)=+$"]),
    _reporter(
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
    _reporter(
        "exunit",
        "test",
        [
            r"^ *\d+\) (?:test|doctest|property) .*\([\w.]+\)$",
            r"^ *\*\* \(ExUnit\.\w+\)",
            r"^ *Assertion with .* failed$",
        ],
        [r"^\d+ (?:doctests?, |properties, )*\d* ?tests?, \d+ failures?"],
    ),
    _reporter(
        "testthat",
        "test",
        [
            r"^── (?:\d+\. )?(?:Failure|Error) \(",
            r"^── \d+\. (?:Failure|Error): ",
            r"^(?:Failure|Error) \(\S+\.R:\d+",
        ],
        [r"^\[ FAIL [1-9]", r"══ testthat results"],
    ),
    _reporter(
        "R CMD check",
        "check",
        [r"^Running the tests in ‘", r"^\* checking .* (?:ERROR|WARNING)$"],
        [r"^Status: \d+ (?:ERROR|WARNING)"],
    ),
    _reporter("busted", "test", [r"^(?:Failure|Error) → \S+ @ \d+"], [r"^\d+ successes / \d+ failures? / "]),
    _reporter(
        "Julia tests",
        "test",
        [
            r"^(?:.*: )?(?:Test Failed|Error During Test) at ",
            r"^Some tests did not pass: ",
            r"^ERROR: LoadError: (?:Some tests|Test)",
        ],
        [r"^Test Summary: +\|"],
    ),
    _reporter(
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
    _reporter(
        "xunit",
        "test",
        [r"^ +\[xUnit\.net .*\[FAIL\]", r"^ *[\w.]+(?:\(.*\))? \[FAIL\]$"],
        [r"^xUnit\.net Console Runner"],
    ),
    _reporter(
        "dotnet test",
        "test",
        [r"^ +Failed [\w.]+(?:\(.*\))? \[[\d< ]+ ?m?s\]", r"^ *Error Message:$", r"^ *Stack Trace:$"],
        [r"^Failed! +- Failed: ", r"^Test Run Failed\.$"],
    ),
    _reporter("nunit", "test", [r"^\d+\) (?:Failed|Error) : [\w.]+"], [r"^Overall result: Failed"]),
    _reporter("pester", "test", [r"^ *\[-\] "], [r"^Tests Passed: \d+, Failed: [1-9]"]),
    _reporter(
        "k6",
        "check",
        [
            r"level=error msg=\"thresholds on metrics",
            r"^ *↳ +\d+% — ✓ \d",
            r"^ *✗ \{? ?\w+\.{4,}:",
            r"^ *✗ (?:status|\w+) is \d{3}",
        ],
    ),
    _reporter(
        "bats",
        "test",
        [
            r"^ *✗ (?!\w+, )",
            r"^# \(in test file \S+\.bats, line \d+\)",
            r"^ +\(in test file \S+\.bats, line \d+\)",
        ],
        [],
    ),
    _reporter(
        "googletest",
        "test",
        [r"^\[  FAILED  \] ", r"^\S+:\d+: Failure$", r"^\S+\(\d+\): error: (?:Value of|Expected)"],
        [r"^\[==========\] "],
    ),
    _reporter("catch2", "test", [r"^\S+:\d+: FAILED:$"], [r"^test cases: +\d+ \| "]),
    _reporter(
        "boost.test", "test", [r"error: in \"[\w/<>, ]+\": "], [r"^\*\*\* \d+ failures? (?:is|are) detected"]
    ),
    _reporter(
        "ctest",
        "test",
        [
            r"\*\*\*(?:Failed|Exception|Timeout|Not Run)",
            r"^Errors while running CTest",
            r"^\s+\d+ - \S+ \((?:Failed|Timeout|SEGFAULT|Not Run|Subprocess|ILLEGAL)",
        ],
        [r"^The following tests FAILED:", r"^\d+% tests passed, [1-9]\d* tests? failed"],
    ),
    _reporter(
        "meson test", "test", [r"^ *\d+/\d+ .* (?:FAIL|TIMEOUT|ERROR) +[\d.]+s"], [r"^Fail: +[1-9]\d*$"]
    ),
    _reporter("nose", "test", [r"^(?:FAIL|ERROR): \w+(?:\.\w+){2,}(?:\(.*\))?$"]),
    _reporter(
        "automake",
        "test",
        [r"^(?:FAIL|XPASS): \S+$"],
        [r"^# (?:FAIL|ERROR): +[1-9]", r"^See \S*test-suite\.log"],
    ),
    _reporter(
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
    _reporter("ginkgo", "test", [r"^ *(?:• )?\[FAIL(?:ED)?\] ", r"^\[Fail\] "], [r"^Ran \d+ of \d+ Specs"]),
    _reporter(
        "unittest",
        "test",
        [r"^(?:FAIL|ERROR): \w+ \([\w.]+\)", r"^\w+ \([\w.]+\)(?: \.\.\.)? ?(?:FAIL|ERROR)$"],
        [r"^FAILED \((?:failures|errors)="],
    ),
    _reporter(
        "karma",
        "test",
        [
            r"^(?:[\w.]+ )+\(.*\)(?: .*)? FAILED$",
            r"^.*: Executed \d+ of \d+ .*(?:FAILED|DISCONNECTED)",
            r"\[(?:karma|launcher|reporter\.\w+)\]: ",
        ],
        [],
    ),
    _reporter("ava", "test", [r"^ *✘ \[fail\]: "], [r"^ *\d+ tests? failed$"]),
    _reporter(
        "node:test",
        "test",
        [r"^ *failureType: ", r"^test at \S+js:\d+:\d+$", r"^ *✖ .*\([\d.]+ms\)$"],
        [r"^ℹ fail [1-9]", r"^# fail [1-9]"],
    ),
    _reporter("mocha", "test", [r"^ +at Context\.<anonymous> \("], [r"^ +\d+ failing$"]),
    _reporter("tap", "test in TAP", [r"^ *not ok \d+"], [r"^TAP version \d+"]),
    _reporter(
        "flutter test",
        "test",
        [r"^\d\d:\d\d \+\d+(?: ~\d+)? -\d+: .*\[E\]$"],
        [r"^\d\d:\d\d .*: Some tests failed\.$"],
    ),
    _reporter(
        "scalatest",
        "test",
        [r"\*\*\* FAILED \*\*\*"],
        [r"\*\*\* \d+ (?:TESTS? FAILED|SUITES? ABORTED) \*\*\*"],
    ),
    _reporter("clojure.test", "test", [r"^(?:FAIL|ERROR) in \("], [r"^\d+ failures, \d+ errors\."]),
    _reporter("hspec", "test", [r"^ +\S+\.hs:\d+:\d+: ?$"], [r"^\d+ examples?, \d+ failures?$"]),
    _reporter("common test", "test", [r"^\w+_SUITE:\w+ failed", r"^Testing .*: \d+ ok, [1-9]\d* failed"], []),
    _reporter("alcotest", "test", [r"^\[FAIL\] +\S+ +\d+ ", r"^│ \[FAIL\]"], []),
    # Compilers
    _reporter(
        "nvcc",
        "compile",
        [
            r"^nvcc (?:fatal|error) *: ",
            r"\S+\.cuh?\(\d+\): (?:catastrophic )?error",
            r"^ptxas (?:fatal|error) *: ",
        ],
    ),
    _reporter(
        "sanitizer",
        "run-check",
        [
            r"^=*\d*=*ERROR: (?:Address|Leak|Memory)Sanitizer",
            r"WARNING: ThreadSanitizer",
            r"^SUMMARY: \w+Sanitizer",
            r"^\S+:\d+:\d+: runtime error: ",
        ],
    ),
    _reporter(
        "linker",
        "link",
        [
            r"undefined reference to",
            r"multiple definition of",
            r"\bld(?:\.\w+|\.exe)?: (?:cannot find|error: |undefined |symbol)",
            r"\bld returned \d+ exit status",
            r"unresolved external symbol",
            r"^LINK : fatal error",
            r"(?:error|fatal error) LNK\d+",
            r"^Undefined symbols for architecture",
            r"^ld: ",
            r"linker command failed",
            r"^error: linking with ",
            r"\blld?: error: ",
        ],
    ),
    _reporter("tsc", "compile", [r"error TS\d+: "]),
    _reporter("clang-tidy", "check", [r"(?:error|warning): .*\[[\w.-]+,-warnings-as-errors\]$"]),
    _reporter(
        "cargo",
        "compile",
        [
            r"^error\[E\d+\]: ",
            r"^ *--> \S+\.rs:\d+:\d+",
            r"^error: could not compile `",
            r"^error: aborting due to",
        ],
    ),
    _reporter(
        "cargo test",
        "test",
        [
            r"^test \S+ \.\.\. FAILED$",
            r"^error: test failed, to rerun pass",
        ],
        [r"^test result: FAILED", r"^---- \S.* stdout ----$"],
    ),
    _reporter(
        "kotlin",
        "compile",
        [
            r"^(?:\S{1,40} : )?e: (?:file://|/|[A-Za-z]:[\\/]|\w)\S*\.kts?\b",
            r"^error: .*\(\S+\.kt:\d+:\d+\)$",
        ],
    ),
    _reporter(
        "swift",
        "compile",
        [
            r"^\S+\.swift:\d+:\d+: (?:fatal )?error: ",
            r"^SwiftCompile .*failed",
            r"^error: emit-module command failed",
        ],
    ),
    _reporter(
        "dart", "compile", [r"^\S+\.dart:\d+:\d+: Error: ", r"^ *error [•-] .* [•-] \S+\.dart:\d+:\d+"]
    ),
    _reporter(
        "scalac",
        "compile",
        [
            r"^\[error\] \S+\.scala:\d+(?::\d+)?: ",
            r"^\[error\] -- .*Error: \S+\.scala:\d+",
            r"^\S+\.scala:\d+: error: ",
        ],
    ),
    _reporter("ghc", "compile", [r"^\S+\.l?hs:(?:\d+:\d+|\(\d+,\d+\))(?:-\S+)?: (?:error|fatal)"]),
    _reporter("ocaml", "compile", [r"^File \"\S+\.(?:mli?|mly|mll)\", lines? \d+"]),
    _reporter("elm", "compile", [r"^-- [A-Z ]+ -+ \S+\.elm$"]),
    _reporter("javac", "compile", [r"^\S+\.java:\d+: error: ", r"^ *\[javac\] \S+\.java:\d+: "]),
    _reporter(
        "msbuild",
        "compile",
        [
            r"^ *(?:[^\s(]+\(\d+(?:,\d+){0,3}\)|MSBUILD|CSC) ?: (?:fatal )?error (?:CS|FS|BC|MSB|NU|NETSDK|CA|IDE|SA|AD)\w*\d+",
            r"\berror (?:MSB|NETSDK|NU)\d{4}: ",
        ],
        [r"^Build FAILED\.$"],
    ),
    _reporter("cl", "compile", [r"^\S.*\(\d+(?:,\d+)?\) ?: (?:fatal )?error C\d{4}: "]),
    _reporter("go", "compile", [r"^(?:vet: )?\S+\.go:\d+:\d+: ", r"^package \S+ is not in (?:GOROOT|std)"]),
    _reporter(
        "elixir",
        "compile",
        [r"^\*\* \((?:CompileError|SyntaxError|TokenMissingError)\)", r"^== Compilation error in file "],
    ),
    _reporter(
        "latex",
        "compile",
        [
            r"^! (?:LaTeX|Package|Undefined|Missing|Emergency|TeX|File|Extra|Misplaced)",
            r"^(?:LaTeX|Package \S+) Error: ",
            r"^\S+\.(?:tex|sty|cls|bib):\d+: ",
        ],
    ),
    _reporter(
        "latex",
        "check",
        [r"^LaTeX Warning: ", r"^Overfull \\[hv]box"],
        [r"^Latexmk: ", r"^Output written on \S+\.pdf"],
    ),
    _reporter("verilator", "compile", [r"^%Error(?:-\w+)?: "]),
    _reporter("unity", "compile", [r"^Assets[\\/]\S+\.cs\(\d+,\d+\): error CS\d+"]),
    _reporter("nix", "build", [r"^error: builder for '/nix/store", r"^error: .*/nix/store/\S+\.drv"]),
    _reporter("esbuild", "compile", [r"^✘ \[ERROR\] "]),
    _reporter(
        "webpack",
        "compile",
        [r"^ERROR in \S", r"^Module (?:not found|build failed)", r"^ *@ \./\S+ \d+:\d+"],
        [r"^webpack \d+\.\d+.*compiled with \d+ error"],
    ),
    _reporter(
        "vite",
        "compile",
        [r"^\[vite(?::[\w-]+)?\] ", r"^error during build:$", r"^\[commonjs--resolver\]"],
        [],
    ),
    _reporter("rollup", "compile", [r"^\[!\] (?:\(|Error|RollupError)", r"^RollupError: "]),
    _reporter("next", "compile", [r"^Failed to compile\.$", r"^> Build error occurred"], []),
    _reporter(
        "compiler",
        "compile",
        [
            rf"^(?:\[.{{0,40}}\] )?[^\s:]+\.{_C_SOURCE}:\d+(?::\d+)?: (?:fatal )?error\b",
            r"^cc1\w*: (?:fatal )?error",
            r"^compilation terminated\.$",
            r"^(?:gcc|g\+\+|cc|c\+\+|clang(?:\+\+)?)(?:-\d+)?: (?:fatal )?error: ",
            r"^(?:f951|gfortran): ",
            r"^\S+: error: .*\[-W(?:error)?[\w=-]*\]$",
        ],
    ),
    # Checks
    _reporter("phpstan", "check", [r"^ *\[ERROR\] Found \d+ errors?"], [r"^ *Line +\S+\.php\b"]),
    _reporter("psalm", "check", [r"^ERROR: \w+ - \S+\.php:\d+:\d+ - "]),
    _reporter(
        "phpcs", "check", [r"^ *\d+ \| (?:ERROR|WARNING) +\| ", r"^FOUND \d+ ERRORS? "], [r"^FILE: \S+\.php$"]
    ),
    _reporter("rubocop", "check", [r"^\S+\.rb:\d+:\d+: [CWEFR]: ", r"^\d+ files? inspected, \d+ offenses?"]),
    _reporter(
        "mypy",
        "check",
        [r"^\S+\.pyi?:\d+(?::\d+)?: error: .*\[[\w-]+\]$", r"^Found \d+ errors? in \d+ files? \(checked"],
    ),
    _reporter("pyright", "check", [r"^ *\S+\.py:\d+:\d+ - error: "]),
    _reporter(
        "ruff",
        "check",
        [r"^\S+\.(?:py|ipynb)\S*:\d+:\d+: [A-Z]{1,4}\d{3,4} ", r"^[A-Z]{1,4}\d{3,4} (?:\[\*\] )?[A-Z`'\"]"],
        [r"^Found \d+ errors?\.$"],
    ),
    _reporter("pylint", "check", [r"^\S+\.py:\d+:\d+: [CRWEF]\d{4}: "]),
    _reporter("black", "check", [r"^would reformat \S", r"^error: cannot format \S"]),
    _reporter("stylelint", "check", [r"^ +\d+:\d+ +✖ +\S"]),
    _reporter("eslint", "check", [r"^ +\d+:\d+ +error +\S", r"^✖ \d+ problems? \(\d+ errors?"], []),
    _reporter(
        "oxlint", "check", [r"^ *[×x] [\w@-]+\([\w/-]+\): "], [r"^Found \d+ warnings? and \d+ errors?\."]
    ),
    _reporter("biome", "check", [r"^\S+:\d+:\d+ (?:lint|parse|assist)/\S+ ━"]),
    _reporter(
        "prettier",
        "check",
        [r"^\[(?:warn|error)\] \S+\.\w+$", r"^\[error\] \S+: SyntaxError"],
        [r"Code style issues (?:found|were)"],
    ),
    _reporter("markdownlint", "check", [r"^\S+\.md: ?\d+(?::\d+)?:? (?:error )?MD\d{3}/"]),
    _reporter(
        "shellcheck",
        "check",
        [r"^In \S+\.(?:ba|da|k|z)?sh line \d+:$", r"\bSC\d{4} ?\(error\)", r"\(SC\d{4}\)|\[SC\d{4}\]"],
    ),
    _reporter("golangci-lint", "check", [r"^\S+\.go:\d+(?::\d+)?: .*\((?:\w+)\)$"]),
    _reporter("checkstyle", "check", [r"^\[(?:ERROR|WARN)\] \S+\.java:\d+(?::\d+)?: .*\[\w+\]$"]),
    _reporter("hadolint", "check", [r"^\S*Dockerfile\S*:\d+ DL\d{4}"]),
    _reporter("swiftlint", "check", [r"^\S+\.swift:\d+:\d+: (?:warning|error): .* Violation: "]),
    _reporter("flake8", "check", [r"^\S+\.py:\d+:\d+: [EWFCN]\d{3} "]),
    _reporter("pre-commit", "check", [r"^- hook id: "], [r"^[\w .'-]+\.{5,}Failed$"]),
    _reporter("cargo fmt", "check", [r"^Diff in \S+\.rs\b"]),
    _reporter("pa11y", "check", [r"^ • \S"], [r"^Errors in https?://", r"^Running Pa11y on"]),
    _reporter("gofmt", "check", [r"^diff (?:-u )?\S+\.go(?:\.orig)? "]),
    _reporter("codespell", "check", [r"^\S+:\d+: \w+ ==> \w"]),
    _reporter("commitlint", "check", [r"^[✖⧗] +(?:subject|type|body|input|found)"]),
    # Dependencies
    _reporter("uv", "dependency", [r"^ *× No solution found when resolving", r"^ *[├╰]─▶ "], []),
    _reporter(
        "poetry",
        "dependency",
        [
            r"^ *Because .* depends on .*version solving failed",
            r"^version solving failed",
            r"^ *SolverProblemError",
        ],
        [],
    ),
    _reporter(
        "conda",
        "dependency",
        [
            r"^(?:LibMamba)?Unsatisfiable",
            r"^LibMambaUnsatisfiableError",
            r"^PackagesNotFoundError",
            r"^ResolvePackageNotFound",
            r"^Could not solve for environment specs",
            r"^Solving environment: .*failed",
        ],
        [],
    ),
    _reporter(
        "pip",
        "dependency",
        [
            r"^ *ERROR: (?:Could not find a version|No matching distribution|Could not install|Cannot install|ResolutionImpossible|Failed building wheel|Failed to build|Command errored|Package .* requires a different Python|Ignored the following|Invalid requirement|Could not build wheels|THESE PACKAGES)",
            r"^error: (?:subprocess-exited-with-error|metadata-generation-failed|externally-managed)",
            r"^ *× (?:python setup|Getting requirements|Building wheel|pip subprocess|Preparing metadata|Encountered error)",
            r"^note: This error originates from a subprocess, and is likely not a problem with pip",
        ],
    ),
    _reporter(
        "bundler",
        "dependency",
        [
            r"^Could not find (?:gem '|\S+ in (?:any of the sources|rubygems|locally))",
            r"^Bundler (?:could not find|::)",
            r"^Bundler::\w+Error",
            r"^An error occurred while installing \S+ \(",
            r"^Your bundle (?:is locked|only supports)",
        ],
    ),
    _reporter(
        "composer",
        "dependency",
        [
            r"^ *Problem \d+$",
            r"^ *Your requirements could not be resolved",
            r"^ *- The requested package",
            r"^ *- Root composer\.json requires",
        ],
    ),
    _reporter("pnpm", "dependency", [r"ERR_PNPM_\w+", r"ELIFECYCLE.*Command failed"]),
    _reporter(
        "yarn",
        "dependency",
        [
            r"^error Couldn't find (?:any versions|package)",
            r"^➤ YN\d{4}: .*(?:error|failed|couldn't)",
            r"^error An unexpected error occurred: \"https",
        ],
    ),
    _reporter("apt", "dependency", [r"^E: ", r"^Err:\d+ ", r"^dpkg: error"]),
    _reporter(
        "dnf",
        "dependency",
        [
            r"^Error: (?:Unable to find a match|Problem: |Failed to download metadata)",
            r"^No match for argument: ",
        ],
    ),
    _reporter("apk", "dependency", [r"^ERROR: unable to select packages"]),
    _reporter("brew", "dependency", [r"^Error: No (?:available|formulae)", r"^Error: \S+ has been disabled"]),
    _reporter(
        "cocoapods", "dependency", [r"^\[!\] (?:CocoaPods|Unable to find a specification|Error installing)"]
    ),
    _reporter("go", "dependency", [r"^go: ", r"no required module provides package"]),
    _reporter(
        "cargo",
        "dependency",
        [
            r"^error: (?:no matching package|failed to (?:select a version|parse manifest|get `|load|download|read|resolve))"
        ],
    ),
    _reporter(
        "unity", "dependency", [r"^\[Package Manager\]", r"^An error occurred while resolving packages"]
    ),
    _reporter(
        "composer",
        "dependency",
        [r"^ +Failed to (?:extract|download) [\w-]+/[\w-]+"],
        [r"^Installing dependencies from lock file", r"^ {2}- (?:Installing|Downloading) [\w-]+/[\w-]+ \("],
    ),
    # Configuration and deployment
    _reporter("cmake", "configuration", [r"^CMake Error"], [r"^-- Configuring incomplete, errors occurred"]),
    _reporter("meson", "configuration", [r"^\S*meson\.build:\d+:\d+: ERROR: "]),
    _reporter("configure", "configuration", [r"^configure: error: ", r"^configure\.ac:\d+: error"]),
    _reporter(
        "terraform",
        "deploy",
        [
            r"^[│|] Error: ",
            r"^Error: .*\bprovider\b",
            r"\[ERROR\] (?:provider\.terraform-|vertex \")",
            r"^[│|]?  +on \S+\.tf line \d+",
        ],
        [r"^╷$"],
    ),
    _reporter(
        "ansible",
        "deploy",
        [r"^fatal: \[[^\]]+\](?: ->.*)?: (?:FAILED|UNREACHABLE)!", r"^failed: \[[^\]]+\]", r"^ERROR! "],
        [r"^PLAY RECAP \*+", r"^TASK \[.*\] \*+"],
    ),
    _reporter(
        "helm",
        "deploy",
        [
            r"^Error: (?:INSTALLATION FAILED|UPGRADE FAILED|UNINSTALL|template: |chart requires|parse error at)",
            r"^\[ERROR\] templates/",
        ],
    ),
    _reporter(
        "kubectl",
        "deploy",
        [
            r"^(?:Error from server|error: (?:unable to recognize|error validating|the server|timed out waiting for|deployment))",
            r"^The \w+ \"\S+\" is invalid: ",
        ],
    ),
    _reporter(
        "kubernetes",
        "deploy",
        [r"^ *Warning +(?:Failed|BackOff|Unhealthy|FailedScheduling|FailedMount|FailedCreate)\w* "],
    ),
    _reporter(
        "docker compose",
        "deploy",
        [r"^(?:Error response from daemon|service \"\S+\" (?:didn't|depends)|dependency failed to start)"],
    ),
    _reporter("pulumi", "deploy", [r"^ +error: .*(?:urn:pulumi|update failed)"], [r"^Diagnostics:$"]),
    _reporter(
        "systemd",
        "deploy",
        [
            r"systemd\[\d+\]: .*(?:Failed|failed|Main process exited)",
            r"\.service: (?:Main process exited|Failed with result|Unable to locate executable|Failed at step)",
            r"^ +Active: failed \(",
        ],
    ),
    _reporter("nginx", "configuration", [r"^(?:nginx: )?\[emerg\] "]),
    _reporter(
        "kernel",
        "crash",
        [
            r"Kernel panic - not syncing",
            r"^BUG: ",
            r"^(?:\[ *\d+\.\d+\] )?Oops: ",
            r"general protection fault",
        ],
    ),
    _reporter("postgres", "run", [r"^psql:\S+:\d+: ERROR: "]),
    _reporter(
        "git",
        "git",
        [
            r"^CONFLICT \(",
            r"^fatal: .*(?:repository|remote|branch|revision|commit|pathspec|HEAD|\brefs?\b|git)",
            r"^error: pathspec ",
            r"^error: could not apply",
            r"^ ! \[(?:remote )?rejected\]",
            r"^Automatic merge failed",
        ],
    ),
    _reporter("curl", "network", [r"^curl: \(\d+\) "]),
    _reporter("wget", "network", [r"^wget: ", r"^Connecting to .* failed: "]),
    _reporter(
        "packer",
        "deploy",
        [r"^Build '[\w.-]+' errored"],
        [r"^==> (?:Some builds didn't complete|Wait completed after)"],
    ),
    _reporter(
        "vagrant", "deploy", [r"^(?:Vagrant|The SSH command responded with a non-zero)", r"^ *==> \w+: "]
    ),
    _reporter("kubelet", "configuration", [r"\bkubelet\[\d+\]: "]),
    _reporter(
        "github actions",
        "ci's own",
        [
            r"^##\[error\](?:Unable to (?:process|resolve|download|find)|Invalid format|The (?:template|workflow|job|runner|hosted)|Input required|Missing download|Unrecognized named-value|No files were found)"
        ],
    ),
    # Wrappers
    _reporter(
        "bitbake",
        "build",
        [
            r"^ERROR: \S+ do_\w+: ",
            r"^ERROR: Task \(.*\.bb:do_\w+\) failed",
            r"^ERROR: Nothing (?:R?PROVIDES|RPROVIDES)",
        ],
        [r"^NOTE: Tasks Summary: "],
    ),
    _reporter(
        "bazel",
        "build",
        [
            r"^ERROR: (?:/\S+|[\w/]+)(?:BUILD|BUILD\.bazel|\.bzl|WORKSPACE):\d+:\d+: ",
            r"^(?:ERROR|FAILED): (?:Build did NOT|Analysis of target|no such (?:package|target))",
            r"^//\S+ +(?:FAILED|TIMEOUT) in ",
        ],
        [r"^INFO: Elapsed time: "],
    ),
    _reporter("gradle", "test", [r"^\w[\w.$]*(?: > .{1,200})? > .{1,200} FAILED$"]),
    _reporter(
        "gradle",
        "build",
        [
            r"^FAILURE: Build (?:failed|completed)",
            r"^Execution failed for task",
            r"^> Task :\S+ FAILED$",
            r"^> (?:Could not resolve|A failure occurred while executing)",
        ],
        [r"^\* What went wrong:$", r"^\* (?:Try|Exception is):", r"^BUILD FAILED in "],
    ),
    _reporter(
        "maven",
        "compile",
        [r"^\[ERROR\] COMPILATION ERROR", r"^\[ERROR\] \S+\.(?:java|kt|scala|groovy):\[\d+,\d+\]"],
    ),
    _reporter(
        "maven",
        "test",
        [
            r"^(?:\[ERROR\] )?(?:Tests run: .*)?.*Time elapsed: .*<<< (?:FAILURE|ERROR)!",
            r"^(?:\[ERROR\] )?Tests run: \d+, .*(?:Failures|Errors): [1-9]",
            r"^\[ERROR\] {2,3}[\w$]+\.\w+:\d+",
            r"^(?:\[ERROR\] )?(?:Failures|Errors|Tests in error|Failed tests): ?$",
            r"^\[ERROR\] .*There are test failures",
        ],
    ),
    _reporter(
        "maven",
        "build",
        [
            r"^\[ERROR\] .*(?:Failed to execute goal|Non-resolvable|Could not (?:resolve|find)|Non-parseable|Malformed|Plugin \S+ or one of)",
            r"^\[ERROR\] (?:The build could not read|Some problems were encountered|Re-run Maven|To see the full stack)",
        ],
        [r"^\[INFO\] BUILD FAILURE$", r"^\[ERROR\] BUILD (?:FAILURE|ERROR)"],
    ),
    _reporter(
        "sbt", "build", [r"^\[error\] \(.*\) ", r"^\[error\] Failed tests:"], [r"^\[error\] Total time: "]
    ),
    _reporter(
        "ant", "build", [r"^ *\[(?:javac|junit|exec|java)\] ", r"^\S+build\.xml:\d+: "], [r"^BUILD FAILED$"]
    ),
    _reporter("leiningen", "dependency", [r"^Could not (?:transfer|find) artifact \S+ (?:from/to|in) "], []),
    _reporter(
        "docker",
        "build",
        [
            r"^(?:#\d+ )?ERROR: (?:failed to (?:solve|build)|process \"/bin/sh)",
            r"^failed to solve",
            r"^unable to prepare context",
            r"^The command '/bin/sh .* returned a non-zero code",
            r"^executor failed running",
            r"^docker: Error response",
            r"^Dockerfile\S*:\d+$",
            r"^ *\d+ \| >>> ",
        ],
        [r"^ > \[.*\] [A-Z]+ "],
    ),
    _reporter(
        "tox", "build", [r"^ERROR: InvocationError ", r"^  \S+: FAIL code \d+"], [r"^  evaluation failed :\("]
    ),
    _reporter("rake", "build", [r"^rake aborted!$", r"^No Rakefile found "], []),
    _reporter("npm", "build", [r"^npm (?:ERR!|error)(?: |$)"]),
    _reporter("yarn", "build", [r"^error Command failed with exit code"]),
    _reporter(
        "make",
        "build",
        [r"^g?make(?:\[\d+\])?: \*\*\* ", r"^(?:\S*/)?(?:GNU)?[Mm]akefile(?:\.\w+)?:\d+: \*\*\* "],
    ),
    _reporter("cargo", "build", [], [r"^error: failed to run custom build command for `"]),
    _reporter("ninja", "build", [r"^ninja: (?:build stopped|error: |fatal: )", r"^FAILED: \S"]),
    _reporter(
        "xcodebuild",
        "build",
        [
            r"^xcodebuild: error: ",
            r"^\*\* (?:BUILD|ARCHIVE|EXPORT) FAILED \*\*",
            r"^The following build commands failed:",
            r"^error: .*(?:Provisioning|Signing|scheme)",
        ],
    ),
    _reporter(
        "dotnet",
        "build",
        [r"^(?:Unhandled exception\. )System\.", r"^It was not possible to find any compatible framework"],
    ),
    # Runtimes
    _reporter(
        "python",
        "run",
        [
            r"^ *Traceback \(most recent call last",
            r"^ *File \"[^\"]{1,300}\", line \d+, in ",
            r"^ModuleNotFoundError: ",
            r"^Fatal Python error",
        ],
    ),
    _reporter(
        "node",
        "run",
        [
            r"^node:internal",
            r"^\(node:\d+\) ",
            r"^Node\.js v\d",
            r"^ +at .{1,200}(?:node_modules|node:internal|\.[cm]?[jt]sx?:\d+:\d+\)?$)",
            r"FATAL ERROR: .*(?:heap|Allocation)",
            r"^(?:internal/)?modules/cjs/loader",
            r"^ +throw (?:err|er|new)\b",
            r"^Require stack:",
        ],
    ),
    _reporter(
        "java",
        "run",
        [
            r"^\s+at [\w.$/@]+\([\w$-]+\.(?:java|kt|scala|groovy):\d+\)",
            r"^Exception in thread ",
            r"^(?:Caused by: )?(?:java|javax|org|com|io|net|kotlin|scala|jdk)\.[\w.$]{1,200}(?:Error|Exception)\b",
            r"^Caused by: ",
            r"^Error occurred during initialization of (?:VM|boot)",
        ],
    ),
    _reporter("ruby", "run", [r"\.rb:\d+:in [`']", r"^\S+: (?:cannot load such file|undefined method)"]),
    _reporter("rust", "run", [r"^thread '.*' panicked at", r"RUST_BACKTRACE"]),
    _reporter("go", "run", [r"^panic: ", r"^goroutine \d+ \[", r"^fatal error: all goroutines"]),
    _reporter(
        "php",
        "run",
        [r"^(?:PHP )?(?:Fatal|Parse) error: ", r"^PHP (?:Warning|Notice): ", r"^#\d+ \S+\.php\(\d+\): "],
    ),
    _reporter("perl", "run", [r" at \S+\.(?:p[lm]|t) line \d+", r"^Can't locate \S+\.pm in @INC"]),
    _reporter("R", "run", [r"^Error in .+ ?:", r"^Execution halted$", r"^Calls: "]),
    _reporter(
        "julia",
        "run",
        [
            r"^ *@ \w+ \S+\.jl:\d+",
            r"^ERROR: (?:LoadError|MethodError|UndefVarError|ArgumentError|BoundsError)",
        ],
    ),
    _reporter("lua", "run", [r"^lua\w*: ", r"^\t?\[C\]: in "]),
    _reporter("elixir", "run", [r"^ *\*\* \(\w[\w.]*\)", r"^ +\([\w.]+(?: \d[\w.-]*)?\) \S+\.exs?:\d+: "]),
    _reporter(
        "powershell",
        "shell",
        [
            r"^At (?:[A-Za-z]:|/|\.)\S+\.ps1:\d+ char:\d+",
            r"^At line:\d+ char:\d+",
            r"^ *\+ CategoryInfo +: ",
            r"^\+ FullyQualifiedErrorId",
            r"^ParserError: ",
        ],
    ),
    _reporter(
        "shell",
        "shell",
        [
            r"^(?:\S+: )?(?:line \d+: |\d+: )?\S+: (?:command not found|not found|unbound variable|Permission denied|No such file or directory)$",
            r"^\S+\.(?:sh|bash): line \d+: ",
            r"^(?:/bin/)?(?:ba|da|z|k)?sh: ",
            r"^(?:cp|mv|tar|rm|mkdir|cat|dd|gzip|timeout|ln|ls|chmod|chown|sed|grep|find|install|unzip): ",
        ],
    ),
)


def reporter_of(contents: Sequence[str], start: int, stop: int, peak: int) -> Reporter | None:
    """Who printed the lines from `start` to before `stop`: the reporter that is closest to the failure among
    those whose form one of the lines has, or whose report is around them.
    """
    lines = [peak, *range(start, min(stop, start + _LONGEST))]
    own = _closest(contents[place] for place in lines)
    if own is not None and own.rank == 0:
        return own
    before = range(start - 1, max(start - _NEAR, 0) - 1, -1)
    after = range(stop, min(stop + _NEAR, len(contents)))
    around = _closest((contents[place] for place in (*before, *after)), frames=True)
    if around is not None and (own is None or around.rank < own.rank):
        return around
    return own


def _closest(lines: Iterable[str], *, frames: bool = False) -> Reporter | None:
    """Of the reporters of these lines one of the lowest rank: the first line's, of one line the first in the
    table.
    """
    best: Reporter | None = None
    for line in lines:
        for reporter in _FRAMING if frames else REPORTERS:
            if best is not None and reporter.rank >= best.rank:
                continue
            forms = reporter.frames if frames else reporter.forms
            if forms is not None and forms.search(line):
                best = reporter
        if best is not None and best.rank == 0:
            break
    return best


_FRAMING = tuple(reporter for reporter in REPORTERS if reporter.frames is not None)
