"""find_failure: kind, tool and place of a failure, over the forms in which tools report."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.tools.find_failure.naming.kind import KINDS
from mcp_smalltools.tools.find_failure.naming.name import FailureName, name_of
from mcp_smalltools.tools.find_failure.naming.own_source import own_file
from mcp_smalltools.tools.find_failure.naming.places import places_in
from mcp_smalltools.tools.find_failure.naming.wrapped import console_width, joined


def name(text: str, main: str = "") -> FailureName:
    """The name of a log that is evidence as a whole; its main line is the first that holds `main`."""
    lines = text.splitlines()
    peak = next(number for number, line in enumerate(lines) if main in line)
    return name_of(lines, [(0, len(lines), peak)])


def at(found: FailureName) -> str | None:
    return f"{found.place.file}:{found.place.line}" if found.place else None


REPORTS = [
    # (main line, report, kind, tool, place)
    ("error", "a.c:3:1: error: x undeclared", "compile", "compiler", "a.c:3"),
    ("undefined", "b.c:(.text+0x1): undefined reference to `f'", "link", "linker", None),
    ("cannot", "[ERROR] /w/src/A.java:[12,9] cannot find symbol", "compile", "maven", "/w/src/A.java:12"),
    ("E0425", "error[E0425]: cannot find value\n  --> src/a.rs:6:21", "compile", "cargo", "src/a.rs:6"),
    ("Module", "Traceback (most recent call last):\n  File \"/w/a.py\", line 4, in <module>\n    import x\n"
     "ModuleNotFoundError: No module named 'x'", "dependency", "python", "/w/a.py:4"),
    ("No space", "dd: error writing 'a': No space left on device", "disk", "shell", None),
    ("curl", "curl: (7) Failed to connect to shop.example port 443: Connection refused", "network", "curl", None),
    ("heap", "FATAL ERROR: heap limit Allocation failed - JavaScript heap out of memory", "memory", "node", None),
    ("E:", "E: Unable to locate package libshelf-dev", "dependency", "apt", None),
    ("pathspec", "error: pathspec 'side' did not match any file(s) known to git", "configuration", "git", None),
    ("denied", "bash: ./x.sh: Permission denied", "permission", "shell", None),
    ("TS2322", "src/a.ts(6,3): error TS2322: Type", "compile", "tsc", "src/a.ts:6"),
    ("got 3", "--- FAIL: TestA (0.00s)\n    a_test.go:13: got 3", "test", "go test", "a_test.go:13"),
    # Tests
    ("assert", "______ test_sum ______\n\n    def test_sum():\n>       assert total() == 4\nE       assert 3 == 4\n\n"
     "tests/test_till.py:9: AssertionError", "test", "pytest", "tests/test_till.py:9"),
    ("Value", "______ test_sum ______\n\ntests/test_till.py:9: \n_ _ _ _\n    def total():\n"
     ">       raise ValueError('no coin')\nE       ValueError: no coin\n\nsrc/till.py:31: ValueError",
     "test", "pytest", "src/till.py:31"),
    ("Type", " RUN  v3.2.4 /code/shop\n\n FAIL  src/till.test.ts > gives change\nTypeError: coins is not iterable\n"
     " ❯ change src/till.ts:41:22\n ❯ src/till.test.ts:27:5", "test", "vitest", "src/till.ts:41"),
    ("expect(", "FAIL src/till.test.js\n  ● till › gives change\n\n    expect(received).toBe(expected)\n\n"
     "      at toBe (node_modules/expect/build/index.js:12:3)\n      at Object.<anonymous> (src/till.test.js:12:18)",
     "test", "jest", "src/till.test.js:12"),
    ("got", "not ok 3 - length\n#   Failed test 'length'\n#   at t/02-ship.t line 19.\n#          got: '120'\n"
     "Dubious, test returned 1 (wstat 256, 0x100)", "test", "prove", "t/02-ship.t:19"),
    ("Timed out", "  Running:  till.cy.js                    (1 of 1)\n\n  1) till\n       pays:\n"
     "     Timed out retrying after 4000ms: Expected to find element: `#paid`, but never found it.\n"
     "      at Context.eval (webpack://shop/./cypress/e2e/till.cy.js:17:34)", "test", "cypress",
     "cypress/e2e/till.cy.js:17"),
    ("Failure/", "  1) Pier refuses\n     Failure/Error: expect(a).to be(false)\n\n       expected false\n"
     "     # ./spec/pier_spec.rb:31:in `block (2 levels) in <top (required)>'\n", "test", "rspec",
     "./spec/pier_spec.rb:31"),
    ("asserting", "1) PortTest::testLift\nFailed asserting that 3 is identical to 4.\n\n/app/vendor/phpunit/TestCase.php:9\n"
     "/app/tests/PortTest.php:18", "test", "phpunit", "/app/tests/PortTest.php:18"),
    ("Assertion", "  1) test lifts (PortTest)\n     test/port_test.exs:6\n     Assertion with == failed\n"
     "     code:  assert lift(1) == 2\n", "test", "exunit", "test/port_test.exs:6"),
    ("expected", "org.acme.TillTest > change FAILED\n    java.lang.AssertionError: expected:<3> but was:<4>\n"
     "        at org.junit.Assert.fail(Assert.java:88)\n        at org.acme.TillTest.change(TillTest.java:31)",
     "test", "gradle", "TillTest.java:31"),
    ("Expected", "[ RUN      ] Till.Change\ntill_test.cc:12: Failure\nExpected equality of these values:\n  3\n"
     "[  FAILED  ] Till.Change (0 ms)", "test", "googletest", "till_test.cc:12"),
    ("panicked", "---- tests::change stdout ----\n\nthread 'tests::change' panicked at src/till.rs:41:9:\n"
     "assertion `left == right` failed", "test", "cargo test", "src/till.rs:41"),
    ("FAIL:", "FAIL: test_change (tests.test_till.Till)\n-----\nTraceback (most recent call last):\n"
     '  File "/w/tests/test_till.py", line 8, in test_change\n    self.assertEqual(a, 3)\nAssertionError: 2 != 3',
     "test", "unittest", "/w/tests/test_till.py:8"),
    ("[FAIL]", "  Nancy.BrowserTests.Posts [FAIL]\n      Assert.Equal() Failure\n      Stack Trace:\n"
     "        /w/test/BrowserTests.cs(445,0): at Nancy.BrowserTests.Posts()", "test", "xunit",
     "/w/test/BrowserTests.cs:445"),
    ("[-]", "[-] counts coins 12ms\n Expected 3, but got 4.\n at <ScriptBlock>, /w/Till.Tests.ps1: line 12",
     "test", "pester", "/w/Till.Tests.ps1:12"),
    ("FAILED", "- gives change *** FAILED ***\n  4 did not equal 3 (TillSpec.scala:72)", "test", "scalatest",
     "TillSpec.scala:72"),
    ("XCT", "/w/Tests/TillTests.swift:55: error: -[Tests.TillTests testChange] : XCTAssertTrue failed", "test",
     "xctest", "/w/Tests/TillTests.swift:55"),
    ("Failure", "── Failure (test-till.R:14:3): change ──\n`a` not equal to 3.", "test", "testthat", "test-till.R:14"),
    ("Test Failed", "till: Test Failed at /w/test/runtests.jl:12\n  Expression: a == 3\n   Evaluated: 4 == 3", "test",
     "Julia tests", "/w/test/runtests.jl:12"),
    ("No module", "ERROR collecting tests/test_a.py\nImportError while importing test module 'tests/test_a.py'.\n"
     "E   ModuleNotFoundError: No module named 'shelf'", "dependency", "pytest", None),
    ("panic: test", "panic: test timed out after 10m0s\nrunning tests:\n\tTestSlow (9m0s)\nFAIL\tacme/till\t600s",
     "timeout", "go test", None),
    # Compilers
    ("Unbound", 'File "src/port.ml", line 14, characters 10-15:\n14 |   let n = weigt\n               ^^^^^\n'
     "Unbound value weigt", "compile", "ocaml", "src/port.ml:14"),
    ("Error:", "lib/till.dart:41:22: Error: The getter 'coins' isn't defined.", "compile", "dart", "lib/till.dart:41"),
    ("Unresolved", "e: file:///w/src/Till.kt:41:22 Unresolved reference 'coins'.", "compile", "kotlin",
     "/w/src/Till.kt:41"),
    ("Unresolved", "e: /w/src/Till.kt: (41, 22): Unresolved reference: coins", "compile", "kotlin", "/w/src/Till.kt:41"),
    ("CS0103", "Till.cs(20,40): error CS0103: The name 'key' does not exist [/w/Till.csproj]", "compile", "msbuild",
     "Till.cs:20"),
    ("not found", "[error] /w/src/Till.scala:10:8: not found: value coins", "compile", "scalac", "/w/src/Till.scala:10"),
    ("cannot find", "/w/Sources/Till.swift:10:8: error: cannot find 'coins' in scope", "compile", "swift",
     "/w/Sources/Till.swift:10"),
    ("error", "src/Till.hs:38:10: error:\n    Not in scope: type constructor `Coin'", "compile", "ghc", "src/Till.hs:38"),
    ("error", "step.cu(12): error: identifier \"coins\" is undefined", "compile", "nvcc", "step.cu:12"),
    ("nvcc", "nvcc fatal   : Unsupported gpu architecture 'compute_35'\ngmake[2]: *** [CMakeFiles/w.dir/build.make:76: "
     "init.cu.o] Error 1", "compile", "nvcc", None),
    ("undefined:", "./till.go:12:3: undefined: coins", "compile", "go", "./till.go:12"),
    ("undefined variable", "** (CompileError) lib/till.ex:12: undefined function coins/0", "compile", "elixir",
     "lib/till.ex:12"),
    ("Undefined", "./till.tex:12: Undefined control sequence.", "compile", "latex", "./till.tex:12"),
    ("LNK2019", "till.obj : error LNK2019: unresolved external symbol main", "link", "linker", None),
    # Checks: none of the kinds
    ("Method", " ------ ------\n  Line   src/Port/Crane.php\n ------ ------\n  118    Method lift() invoked\n ------ ------",
     None, "phpstan", "src/Port/Crane.php:118"),
    ("no-unused", "/w/src/till.js\n   3:7  warning  odd  x\n  12:5  error  'a' is never used  no-unused-vars", None,
     "eslint", "/w/src/till.js:12"),
    ("[assign", 'src/till.py:12: error: Incompatible types in assignment  [assignment]', None, "mypy", "src/till.py:12"),
    ("F401", "F401 [*] `os` imported but unused\n  --> till.py:9:21", None, "ruff", "till.py:9"),
    ("Style", "db/migrate/a.rb:1:1: C: Style/FrozenStringLiteralComment: Missing comment", None, "rubocop",
     "db/migrate/a.rb:1"),
    # Dependencies, configuration, deployment
    ("No solution", "  × No solution found when resolving dependencies:\n  ╰─▶ Because tide>=4 depends on moon>=3",
     "dependency", "uv", None),
    ("Error: creating", "│ Error: creating Mapping (arn:aws:sqs:eu-1:1:acme.fifo): StatusCode: 400\n│ \n"
     "│   on modules/crane/main.tf line 87, in resource \"m\" \"t\":", None, "terraform", "modules/crane/main.tf:87"),
    ("uid", "#7 0.211 adduser: uid '1000' in use\n------\n > [4/6] RUN adduser boat:\n0.211 adduser: uid '1000' in use\n"
     "------\nDockerfile:9\n--------------------", None, "docker", "Dockerfile:9"),
    ("mapping values", "ERROR! Syntax Error while loading YAML.\n  mapping values are not allowed here\n\n"
     "The error appears to be in '/w/play.yml': line 3, column 5, but may\nbe elsewhere", "configuration", "ansible",
     "/w/play.yml:3"),
    ("nil pointer", "Error: template: shop/templates/web.yaml:12:3: executing \"web\" at <.Values.x>: nil pointer",
     None, "helm", "shop/templates/web.yaml:12"),
    ("CMake", "CMake Error at CMakeLists.txt:12 (find_package):\n  Could not find a package configuration file",
     "dependency", "cmake", "CMakeLists.txt:12"),
    ("missing sep", "Makefile:12: *** missing separator.  Stop.", "configuration", "make", "Makefile:12"),
    ("What went", "FAILURE: Build failed with an exception.\n\n* What went wrong:\n99.0.1\n\n* Try:\n> Run with --info",
     "configuration", "gradle", None),
    ("does not", 'psql:schema.sql:12: ERROR:  relation "coins" does not exist', None, "postgres", "schema.sql:12"),
    ("No rule", "ERROR: zip-3.0-r0 do_compile: oe_runmake failed\n| make: *** No rule to make target 'flags'.  Stop.",
     "compile", "make", None),
    # Programs
    ("Fatal", "PHP Fatal error:  Uncaught TypeError: bad in /app/src/till.php:118\nStack trace:\n#0 /app/index.php(3): f()",
     "crash", "php", "/app/src/till.php:118"),
    ("Warning", "PHP Parse error:  syntax error, unexpected token in /app/till.php on line 118", None, "php",
     "/app/till.php:118"),
    ("no coin", "Exception in thread \"main\" java.lang.IllegalStateException: no coin\n"
     "\tat java.base/java.util.Optional.get(Optional.java:143)\n\tat com.acme.Till.change(Till.java:41)", "crash", "java",
     "Till.java:41"),
    ("Reference", "/w/till.js:82\n  x\n  ^\n\nReferenceError: x is not defined\n    at Object.<anonymous> (/w/till.js:82:3)\n"
     "    at Module._compile (node:internal/modules/cjs/loader:1105:14)", "crash", "node", "/w/till.js:82"),
    ("Segm", "./run.sh: line 14: 20311 Segmentation fault      (core dumped) ./weave", "crash", "shell", "./run.sh:14"),
    ("not recog", "At C:\\w\\x.ps1:12 char:5\n+ frob\n+ ~~~~\nfrob : The term 'frob' is not recognized as the name of a cmdlet",
     "dependency", "powershell", "C:\\w\\x.ps1:12"),
    ("UndefVar", "ERROR: LoadError: UndefVarError: `x` not defined\nStacktrace:\n [1] top-level scope\n   @ ~/till.jl:12",
     "crash", "julia", "~/till.jl:12"),
    ("at till", "Can't call method \"x\" on an undefined value at till.pl line 12.", "crash", "perl", "till.pl:12"),
    ("Address", "==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x60\n    #0 0x55 in change /w/till.c:41:3",
     "crash", "sanitizer", "/w/till.c:41"),
    # Ends that CI or the system made
    ("execution took", "ERROR: Job failed: execution took longer than 1h0m0s seconds", "timeout", None, None),
    ("cancel", "##[error]The operation was canceled.", "cancelled", None, None),
    ("shutdown", "##[error]The runner has received a shutdown signal.", "infrastructure", "github actions", None),
    ("137", "ERROR: Job failed: exit code 137", "memory", None, None),
]  # fmt: skip


def test_a_runtime_is_not_named_where_only_its_frames_stand_around_a_failure_of_another_tool():
    frames = "    at check (/w/till.js:82:3)\n    at next (/w/node_modules/strider/lib/walk.js:14:9)"
    found = name(f"strider: 3 of 40 walks ended early\n  expected 4 coins, counted 3\n{frames}", "expected 4")
    assert (found.kind, found.tool) == (None, None)


@pytest.mark.parametrize(
    ("main", "report", "kind", "tool", "place"), REPORTS, ids=[f"{row[3]}-{row[0]}" for row in REPORTS]
)
def test_a_report_of_a_tool_is_named_by_its_form(
    main: str, report: str, kind: str | None, tool: str | None, place: str | None
) -> None:
    found = name(report, main if main in report else "")
    assert (found.kind, found.tool, at(found)) == (kind, tool, place)


@pytest.mark.parametrize(
    "line",
    [
        "dial tcp 10.0.0.1:443: connect: connection refused",
        "Could not create connection to elpa.gnu.org:443",
        "GET https://shop.example/a.js:12 failed",
        "arn:aws:sqs:eu-1:1:acme-topic.fifo",
        "12:30:41 error",
        "requires python 3.12:4",
        "2031-02-03 10:00:00 main.go:12: cannot connect to the store",
        "I0203 10:00:00.000000    1 server.go:41] shutting down",
        '{"level":"error","caller":"till.go:12","msg":"no coin"}',
        "    at Module._compile (node:internal/modules/cjs/loader:1105:14)",
        "    at run (/w/node_modules/mocha/lib/runner.js:12:3)",
        '  File "/usr/lib/python3.12/json/decoder.py", line 353, in raw_decode',
        '  File "/w/.venv/lib/python3.12/site-packages/x.py", line 3, in f',
        "\tat org.junit.Assert.fail(Assert.java:88)",
        "\tat java.base/java.util.ArrayList.get(ArrayList.java:427)",
        "   0: std::panicking::begin at /rustc/abc/library/std/src/panicking.rs:12:3",
        "gmake[2]: *** [CMakeFiles/wave.dir/build.make:76: init.cu.o] Error 1",
        "make: *** [Makefile:91: all] Error 2",
        "In file included from vis.h:14:0,",
        "src/a.c:3:1: warning: unused variable",
        "/home/u/go/pkg/mod/example.com/x@v1.2.0/y.go:12: undefined",
        "registry.example/ferry:9",
        "image: postgres:16",
        "/usr/share/cmake-3.2/Modules/FindX.cmake:138 (message):",
    ],
)
def test_what_is_no_place_in_the_users_own_source_is_not_taken_for_one(line: str) -> None:
    assert list(places_in(line, 0)) == []


def test_the_failing_line_of_a_python_trace_is_the_last_own_one() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "/w/job.py", line 9, in <module>\n    main()\n'
        '  File "/w/till.py", line 41, in main\n    json.loads(x)\n'
        '  File "/usr/lib/python3.12/json/__init__.py", line 346, in loads\n    return 1\n'
        "json.decoder.JSONDecodeError: Expecting value"
    )
    assert at(name(text, "Expecting")) == "/w/till.py:41"


def test_frames_of_a_build_tools_plugin_are_not_the_users_source() -> None:
    text = (
        "[ERROR] Failed to write\ncom.acme.gen.WriteException: no\n\tat com.acme.gen.Mojo.run(Mojo.java:12)\n"
        "\tat org.apache.maven.plugin.DefaultBuildPluginManager.executeMojo(DefaultBuildPluginManager.java:126)"
    )
    assert at(name(text, "WriteException")) is None


def test_lines_that_a_console_broke_are_read_as_one() -> None:
    lines = [
        "gradlew.bat : e: file:",
        "///C:/shop/src/core/Til",
        "l.kt:41:22 Unresolved r",
        "eference 'coins'.",
        "done",
    ]
    lines = [line if number != 0 else "gradlew.bat : e: file:/" for number, line in enumerate(lines)]
    lines[1] = "//C:/shop/src/core/Till"
    lines[2] = ".kt:41:22 Unresolved re"
    lines[3] = "ference 'coins'."
    width = console_width(lines)
    assert width == 23
    whole, places = joined(lines, width)
    assert whole == [
        "gradlew.bat : e: file:///C:/shop/src/core/Till.kt:41:22 Unresolved reference 'coins'.",
        "done",
    ]
    assert places == [0, 0, 0, 0, 1]
    found = name_of(lines, [(1, 3, 1)])
    assert (found.tool, at(found)) == ("kotlin", "C:/shop/src/core/Till.kt:41")


def test_lines_of_any_length_and_rules_are_not_taken_for_broken_ones() -> None:
    assert console_width(["-" * 40, "a", "-" * 40, "b", "-" * 40]) is None
    assert console_width(["one", "three", "fourteen letters"]) is None
    assert console_width([]) is None


@given(st.lists(st.text(max_size=80), min_size=1, max_size=30), st.data())
def test_no_lines_break_the_naming_and_a_place_stands_in_the_log(
    lines: list[str], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(lines) - 1))
    stop = data.draw(st.integers(start + 1, len(lines)))
    found = name_of(lines, [(start, stop, data.draw(st.integers(start, stop - 1)))])
    assert found.kind is None or found.kind in KINDS
    if found.place is not None:
        assert str(found.place.line) in "".join(lines)


@given(st.from_regex(r"[\w./\\:@-]{1,60}", fullmatch=True))
def test_a_file_of_the_users_own_is_part_of_what_was_written(name: str) -> None:
    file = own_file(name)
    assert file is None or file in name
