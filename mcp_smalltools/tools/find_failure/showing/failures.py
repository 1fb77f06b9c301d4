"""The distinct failures of a log that the tools' own forms name: failed tests, errors of compilers and linters,
hosts of a deployment.

One failure may be named several times: as it happens, in its report, in a list at the end, in a retry. What is
only a consequence (a summary, make's `Error 2`, "could not compile") is none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

_SOURCE = r"[^\s:()\[\]'\"]{1,300}\.[A-Za-z][\w+]{0,9}"
_MOST = 5_000
"""Distinct failures that are kept; more are not told apart."""


@dataclass(slots=True)
class NamedFailure:
    """A failure and the lines (places from 0) that name it: those of each form in their order."""

    key: str
    level: int
    lines: dict[str, list[int]] = field(default_factory=dict)

    @property
    def places(self) -> list[int]:
        """All lines that name it, in their order."""
        return sorted(place for places in self.lines.values() for place in places)

    @property
    def forms(self) -> set[str]:
        return set(self.lines)

    @property
    def in_source(self) -> bool:
        """Whether it is an error at a place in source, not a test or a host."""
        return not self.forms.isdisjoint(_IN_SOURCE)

    @property
    def is_test(self) -> bool:
        """Whether it is a failed test."""
        return self.level == 1 and self.forms.isdisjoint(_NO_TESTS)

    @property
    def reported(self) -> int:
        """The line under which it is reported; where only lists name it, the first of those."""
        forms = sorted(self.lines.items(), key=lambda item: (not _is_report(item[0]), item[1][0]))
        return forms[0][1][0]

    def place_in(self, start: int, stop: int) -> int:
        """Its first line from `start` to before `stop`; `stop` if there is none."""
        return next((place for place in self.places if start <= place < stop), stop)

    def heads(self) -> list[int]:
        """A line of each form, the first that says the most: a list with messages, the report, other lists."""
        forms = sorted(self.lines.items(), key=lambda item: (item[0] not in _WITH_MESSAGES, item[1][0]))
        return [places[0] for _, places in forms]

    @property
    def times(self) -> int:
        """How often it happened: a list at the end that names it once more is not counted."""
        return max(len(places) for places in self.lines.values())


@dataclass(frozen=True, slots=True)
class _Form:
    """A form of a line that names a failure. `list` forms are those of a list at the end."""

    name: str
    pattern: re.Pattern[str]
    key: Callable[[re.Match[str]], str]
    level: int = 1


def _form(name: str, pattern: str, *groups: str, level: int = 1) -> _Form:
    def key(found: re.Match[str]) -> str:
        return "\0".join(_SPACES.sub(" ", found[group] or "").strip() for group in groups or ("id",))

    return _Form(name, re.compile(pattern), key, level)


_SPACES = re.compile(r"\s+")
_LEVEL_OF_TASKS = 2
_FORMS = (
    # Tests: the id is a test's name, so that its report and the list at the end are one failure.
    _form(
        "pytest list",
        r"(?:FAILED|ERROR) (?P<file>\S{1,300}\.py)(?:::(?P<id>\S.{0,300}?))?(?: - |$)",
        "id",
        "file",
    ),
    _form(
        "pytest verbose",
        r"(?P<file>\S{1,300}\.py)::(?P<id>\S.{0,300}?) (?:FAILED|ERROR)(?: |$)",
        "id",
        "file",
    ),
    _form(
        "pytest report",
        r"_{3,} (?:ERROR at \w+ of |ERROR collecting )?(?P<id>(?!coverage: )\S.{0,300}?) _{3,}$",
    ),
    _form("unittest report", r"(?:FAIL|ERROR): (?P<id>\w+ \([\w.]+\)|[\w.]+(?:\([^)]{0,200}\))?)(?: \[.*)?$"),
    _form("unittest verbose", r"(?P<id>\w+ \([\w.]+\)|[\w.]{1,300}) \.\.\. (?:FAIL|ERROR)$"),
    _form(
        "jest report",
        r" *(?:●|ÔùÅ|â—\S?) (?P<id>(?!Console$|Cannot log).{1,300} (?:›|ÔÇ║|â€º) .{1,300}|Test suite failed to run)$",
    ),
    _form(
        "vitest report",
        r" *FAIL +(?:\|[^|]{1,60}\| |[\w@/-]{1,60} )?(?P<id>\S{1,300} > .{1,300}|\S{1,300}\.[cm]?[jt]sx? \[ .{1,300} \])$",
    ),
    _form("jest list", r" +[✕×] (?P<id>\S.{0,300}?)(?: \([\d.]+ m?s\))?$"),
    _form("vitest list", r" *× (?P<id>\S{1,300}\.[cm]?[jt]sx? > .{1,300}?)(?: [\d.]+m?s)?$"),
    _form(
        "playwright report", r" *\d{1,5}\) (?P<id>(?:\[[^\]]{1,60}\] › )?\S{1,300}:\d+:\d+ › .{1,300}?)[ ─]*$"
    ),
    _form("numbered report", r" {0,8}(?P<id>\d{1,5}\)(?: .{0,300}?)?):?$"),
    _form("rspec verbose", r" +(?P<title>\S.{0,300}) \(FAILED - (?P<id>\d{1,5})\)$"),
    _form("minitest report", r"(?P<id>[A-Z]\w*(?:::\w+)*#test_\w.{0,200}?)(?: \[.{1,300}:\d+\])?:$"),
    _form("go test", r" *--- FAIL: (?P<id>\S{1,300}) \([\d.]+s\)$"),
    _form("cargo test", r"test (?P<id>\S.{0,300}) \.\.\. FAILED$"),
    _form("cargo report", r"---- (?P<id>\S.{0,300}) stdout ----$"),
    _form(
        "surefire",
        r"(?:\[ERROR\] )?(?P<id>\w+(?:\[.{0,200}\])?\([\w.$]{1,300}\)) +(?:-- )?Time elapsed: .*<<< (?:FAILURE|ERROR)!",
    ),
    _form(
        "surefire 3",
        r"\[ERROR\] (?P<id>[\w.$]{1,300}\.\w+(?:[\[({].{0,200})?) +-- Time elapsed: .*<<< (?:FAILURE|ERROR)!",
    ),
    _form("surefire old list", r" {2}(?P<id>\w+\([\w.$]{3,300}\)):"),
    _form("surefire list", r"\[ERROR\] {2,3}(?P<id>[\w$]{1,200}\.\w{1,200})(?::\d+|->)"),
    _form("gradle test", r"(?P<id>\w[\w.$]{0,300}(?: > .{1,300})? > .{1,300}) FAILED$"),
    _form("tap", r" {0,40}(?P<id>not ok \d{1,6}(?![^\n]*# (?:TODO|SKIP|todo|skip))(?: .{0,300})?)$"),
    _form("googletest", r"\[  FAILED  \] (?P<id>[\w/]{1,200}\.[\w/]{1,200})"),
    _form(
        "ctest list",
        r"\s+\d+ - (?P<id>\S{1,300}) \((?:Failed|Timeout|SEGFAULT|Not Run|Subprocess.{0,30}|ILLEGAL|Exception.{0,30}|ABRT)\)",
    ),
    _form("ctest", r" *\d+/\d+ Test +#\d+: (?P<id>\S{1,300}) \.*\*\*\*"),
    _form("dotnet test", r" {1,4}Failed (?P<id>[\w.+]{1,300}\S{0,200}) \[[\d< ,.]+ ?m?s\]$"),
    _form("xunit", r" *(?:\[xUnit\.net [\d:.]+\] +)?(?P<id>[\w.+]{3,300}(?:\(.{0,300}\))?) \[FAIL\]$"),
    _form("karma", r"[\w.]+ [\d.]+ \([^)]{1,60}\) (?P<id>\S.{1,300}) FAILED$"),
    _form("scalatest", r"(?:\[info\] )? *-{1,2} (?P<id>\S.{1,300}) \*\*\* FAILED \*\*\*"),
    _form("pester", r" *\[-\] (?P<id>\S.{1,300}?)(?: [\d.]+m?s(?: \(.*\))?)?$"),
    _form("forge", r"\[FAIL\b[^\n]{0,300}?\] (?P<id>\w{1,100}\([^)]{0,200}\)) \((?:gas|runs)\b"),
    _form("bun", r"\(fail\) (?P<id>\S.{0,300}?)(?: \[[\d.]+ ?m?s\])?$"),
    _form("bats", r" *✗ (?P<id>\S.{1,300}?)(?: \[\d+\])?$"),
    _form("flutter test", r"\d\d:\d\d \+\d+(?: ~\d+)? -\d+: (?P<id>\S.{1,300}) \[E\]$"),
    _form("testthat", r"── (?:\d+\. )?(?:Failure|Error)(?: \(|: )(?P<id>.{1,300}?) ?─*$"),
    _form("phpt", r"FAIL (?P<id>.{0,300}\[\S{1,300}\.phpt\])"),
    _form("automake", r"FAIL: (?P<id>\S{1,300}[./]\S{1,300})$"),
    _form("swift testing", r"[✘✗] (?:Test )?(?P<id>\S.{1,300}?)(?: failed after| recorded an issue|,)"),
    _form("xctest", r"Test Case '(?P<id>.{1,300})' failed"),
    _form("julia", r"(?:.{1,100}: )?(?:Test Failed|Error During Test) at (?P<id>\S{1,300}:\d+)"),
    _form("clojure", r"(?:FAIL|ERROR) in \((?P<id>[^)]{1,200})\)"),
    # Errors in source: the id is the place and the message.
    _form(
        "rust error",
        r"(?P<id>error(?:\[E\d+\])?: (?!could not compile|aborting due|test failed|[Rr]ecipe|process didn't|Process completed|subprocess|script \").{1,400})$",
    ),
    _form(
        "error at a place",
        rf"(?:\[[\w ]{{1,20}}\] |e: |Error: |vet: )?(?P<id>(?:file://)?(?:[A-Za-z]:(?=[\\/]))?{_SOURCE}(?::\d+(?:[:-]\d+)*|\(\d+(?:[,:-]\d+)*\)|:\[\d+,\d+\]|:\(\d+,\d+\)-\(\d+,\d+\)|: \(\d+, \d+\)):? ?(?:- )?(?P<said>.{{0,700}}?))(?: \[\S{{1,300}}proj(?:::.{{1,60}})?\])?$",
        "id",
    ),
    _form("scala 3", r"(?:\[error\] )?-- (?:\[E\d+\] )?[\w ]{0,40}Error: (?P<id>\S{1,300}:\d+:\d+)"),
    _form("go panic", r"(?P<id>panic: test timed out .{1,100})$"),
    _form("kotlin", r"e: (?P<id>(?:file://)?\S{1,300}:\d+:\d+ .{1,400})$"),
    _form("link undefined", r".{0,400}?undefined (?:reference to|symbol:) [`'\"]?(?P<id>[^'`\"]{1,300})"),
    _form("link unresolved", r"(?P<id>.{0,300}?unresolved external symbol .{1,400})$"),
    _form(
        "link multiple", r".{0,300}?(?:multiple definition of|duplicate symbol) [`'\"]?(?P<id>[^'`\"]{1,300})"
    ),
    _form("link missing", r".{0,100}?\bcannot find (?P<id>-l\S{1,100})"),
    _form("ruff", r"(?P<id>[A-Z]{1,4}\d{3,4} (?:\[\*\] )?[A-Z`'].{3,300})$"),
    _form("table row", r" {1,4}(?P<id>\d{1,6}(?::\d{1,5})? {1,12}(?:error|✖|×)? *[^\s|].{0,300})$"),
    _form("phpcs row", r" *(?P<id>\d{1,6} \| ERROR +\| .{1,300})$"),
    _form("oxlint", r" {2}[×x] (?P<id>[\w@/-]{1,60}\([\w@/-]{1,60}\): .{1,300})$"),
    _form("nvcc", r"(?P<id>nvcc (?:fatal|error) *: .{1,300})$"),
    _form("formatter", r"(?P<id>Diff in \S.{1,300}|would reformat \S.{1,300}|\[warn\] \S{1,300}\.\w{1,8})$"),
    # Hosts and resources
    _form("ansible", r"(?:p=\d+ u=\S+ n=\S+ \| )?(?P<id>(?:fatal|failed): \[[^\]]{1,200}\].{0,300})"),
    _form("terraform", r"[│|] (?P<id>Error: .{1,300})$"),
    # Tasks: failures only where nothing closer is named.
    _form("gradle task", r"> Task (?P<id>:\S{1,300}) FAILED$", level=_LEVEL_OF_TASKS),
    _form("bazel target", r"(?P<id>//\S{1,300}) +(?:FAILED|TIMEOUT)(?: in |$)", level=_LEVEL_OF_TASKS),
    _form("ninja target", r"FAILED: (?P<id>\S.{0,300})$", level=_LEVEL_OF_TASKS),
    _form("pre-commit", r"(?P<id>[\w .'()/-]{1,80}?)\.{5,}Failed$", level=_LEVEL_OF_TASKS),
)
_WORDS = (
    *("Diff in", "would ref", "[warn]"),
    *("FAIL", "ail", "rror", "ERROR", "fatal", "***", "<<<", "not ok", "[-]", "[E]", " x ", "#test_", " ─"),
    *(
        "● ",
        "ÔùÅ",
        "â—",
        "panic: ",
        "✗",
        "✘",
        "✖",
        "×",
        "undefined ",
        "unresolved ",
        "definition of",
        "duplicate ",
        "cannot find -l",
    ),
)
_STARTS = re.compile(
    r"e: | {0,8}\d{1,5}\) |_{3,} |---- | {1,4}\d{1,6}(?::\d+)? +\S|[A-Z]{1,4}\d{3,4} | {2}\w{1,200}\([\w.$]{1,200}\):|[^\s:(]{1,200}\.\w{1,9}(?::\d|\(\d)"
)
"""A line that names a failure has one of these words or begins so."""
_MARKS = (
    "failing",
    "ailures:",
    "There w",
    "failed",
    "Pending:",
    "example",
    "FAILURES!",
    "passing",
    "Summary of",
    "listed below",
)
_WITH_MESSAGES = ("pytest list", "surefire list")
_IN_SOURCE = frozenset(
    {
        "error at a place",
        "rust error",
        "scala 3",
        "kotlin",
        "table row",
        "phpcs row",
        "oxlint",
        "ruff",
        "nvcc",
        "link undefined",
        "link unresolved",
        "link multiple",
        "formatter",
    }
)
_NO_TESTS = _IN_SOURCE | {"link missing", "ansible", "terraform", "go panic"}
MESSAGE_ABOVE = frozenset({"googletest", "xctest", "bun"})
"""Forms of a test's name that stand below what it says of the failure."""
_LISTS = ("list", "verbose", "ctest list", "cargo test")


def _is_report(form: str) -> bool:
    return not form.endswith(_LISTS)


_WARNS = re.compile(r"(?i)^\W{0,4}(?:warning|note|info|hint|remark|help)\b")
_ERROR_SAID = re.compile(
    r"(?i)^\W{0,4}(?:fatal |syntax |catastrophic |internal |type )?(?:error|undefined|undeclared|cannot|failure)\b|^(?:[CWEFR]: |[A-Z]{1,5}\d{3,5}\b|[CRWEF]\d{4}: )"
)
_GO = re.compile(r"\.go:\d+:\d+: ?(?!note|warning)\S")
_TITLE, _MINITEST = re.compile(r"\) (?:Failure|Error):$"), re.compile(r"[A-Z]\w*(?:::\w+)*#test_\w")
_OF_A_TABLE = re.compile(
    r"^ *(?:Line +\S+\.\w+|FILE: \S+)$|^(?:/|\.{0,2}/|[A-Za-z]:\\|[\w@.-]+[\\/])\S{0,300}\.\w{1,9}$|^[\w.-]{1,80}\.[a-z]{1,4}$"
)
_TABLE_LINE = re.compile(r"^ {1,4}\d{1,6}|^ *-{3,}|^ {4,}\S|^\s*$|^ *\d{1,6} \| |^FOUND |^ {2}\S")
_NUMBERED_FROM = re.compile(
    r"^ +\d+ failing$|^ *Failures:$|^There (?:was|were) \d+ (?:failures?|errors?):$|^ *\d+ tests? failed:?$"
)
_NUMBERED_TO = re.compile(
    r"^ *Pending:|^There (?:was|were) \d+ (?:warning|risky|skipped|incomplete)|^\d+ examples?, |^FAILURES!|^ +\d+ passing"
)
_NUMBERED_SURELY = re.compile(r"\d+\) (?:(?:Failure|Error):$|(?:test|doctest|property) .{1,300}\([\w.]+\)$)")
_LIST_FROM = re.compile(r"^ *Summary of all failing tests|\d+ tests?, listed below:$")
_TOLERATED = re.compile(r"^\.\.\.ignoring")
_XCTEST = re.compile(r"error: (-\[[\w. ]{1,300}\])")
_END_OF_A_HEAD = 120
"""Characters at the end of a line that are looked through for the ending of a file; tables pad their heads."""
_PLACED = frozenset({"rust error", "oxlint", "ruff"})
_PLACE_BELOW = re.compile(r" *(?:-->|,-\[|╭─\[|┌─|::) *(?P<place>\S{1,300}:\d+:\d+)")
_AFTER_A_HOST = 12
"""Lines after a host's failure in which Ansible says that it is ignored."""


def failures_in(contents: Sequence[str], heard: Callable[[int], bool] = lambda _: True) -> list[NamedFailure]:
    """The distinct failures that lines name, in the order of their first lines. `heard` says of a place whether
    its line can say why a run failed.
    """
    found: dict[str, NamedFailure] = {}
    reader = _FailureReader()
    for place, line in enumerate(contents):
        reader.see(line)
        if not (any(word in line for word in _WORDS) or _STARTS.match(line)) or not heard(place):
            continue
        named = reader.named(line)
        if named is None or (named[0].name == "ansible" and _is_tolerated(contents, place)):
            continue
        if named[0].name == "numbered report" and _is_named_below(contents, place):
            continue
        form, key = named
        if form.name in _PLACED:
            key += _place_below(contents, place)
        failure = found.get(key)
        if failure is None:
            if len(found) >= _MOST:
                continue
            failure = found[key] = NamedFailure(key, form.level)
        failure.lines.setdefault(form.name + reader.in_a_list, []).append(place)
    return _distinct(list(found.values()))


def _place_below(contents: Sequence[str], place: int) -> str:
    """The place in source that the line below an error, or the one after, says that it is at."""
    for line in contents[place + 1 : place + 3]:
        if found := _PLACE_BELOW.match(line):
            return f" {found['place']}"
    return ""


def _is_named_below(contents: Sequence[str], place: int) -> bool:
    """Whether the line is minitest's `1) Failure:`, below which the test is named."""
    below = contents[place + 1 : place + 2]
    return (
        bool(below) and _TITLE.search(contents[place]) is not None and _MINITEST.match(below[0]) is not None
    )


def _is_tolerated(contents: Sequence[str], place: int) -> bool:
    for line in contents[place + 1 : place + _AFTER_A_HOST]:
        if _TOLERATED.match(line):
            return True
        if line.startswith(("TASK [", "fatal: ", "PLAY ")):
            return False
    return False


class _FailureReader:
    """Reads the names of failures line by line; knows the table, the list or the report that a line is in."""

    def __init__(self) -> None:
        self.in_a_list = ""
        self._file = ""
        self._numbered = False
        self._section = 0
        self._indent_of_tap = 0
        self._reported: Counter[str] = Counter()
        self._files: dict[str, list[str]] = {}

    def see(self, line: str) -> None:
        """Take note of where a line is: under the head of a table, in a numbered report, in a list at the end."""
        if "." in line[-_END_OF_A_HEAD:] and _OF_A_TABLE.match(line.rstrip()):
            self._file = line.strip()
        elif self._file and not _TABLE_LINE.match(line):
            self._file = ""
        if not any(mark in line for mark in _MARKS):
            return
        if _NUMBERED_FROM.match(line):
            self._numbered = True
            self._section += 1
        elif _NUMBERED_TO.match(line):
            self._numbered = False
        if _LIST_FROM.search(line):
            self.in_a_list = " in a list"

    def named(self, line: str) -> tuple[_Form, str] | None:
        """The form of the line and the failure that it names."""
        for form in _FORMS:
            if (found := form.pattern.match(line)) and (key := self._key(form, found, line)):
                return form, key
        return None

    def _key(self, form: _Form, found: re.Match[str], line: str) -> str | None:
        match form.name:
            case "error at a place":
                return _of_an_error(found, line)
            case "table row" | "phpcs row":
                return (
                    f"{self._file}\0{form.key(found)}" if self._file and "warning" not in line[:30] else None
                )
            case "pytest list" | "pytest verbose":
                return self._of_pytest(found["id"] or found["file"], found["file"])
            case "pytest report":
                self._reported[found["id"]] += 1
                return f"pytest {found['id']} {self._reported[found['id']] - 1}"
            case "rspec verbose":
                return f"numbered {self._section + 1} {found['id']}"
            case "numbered report":
                number = found["id"].partition(")")[0]
                surely = self._numbered or _NUMBERED_SURELY.match(line.strip())
                return f"numbered {self._section} {number}" if surely else None
            case "tap":
                return self._of_tap(line, found["id"])
            case _:
                return _of_a_test(form, found)

    def _of_tap(self, line: str, name: str) -> str | None:
        """None for a test around the failed ones that were named before it, further to the right."""
        indent = len(line) - len(line.lstrip())
        around, self._indent_of_tap = indent < self._indent_of_tap, indent
        return None if around else f"tap {name}"

    def _of_pytest(self, test: str, file: str) -> str:
        """The n-th file that has a failed test of this name: reports name the test alone, in the same order."""
        name = test.replace("::", ".")
        files = self._files.setdefault(name, [])
        if file not in files:
            files.append(file)
        return f"pytest {name} {files.index(file)}"


def _of_an_error(found: re.Match[str], line: str) -> str | None:
    said = found["said"]
    if not said or said == "Failure" or _WARNS.match(said):
        return None
    if test := _XCTEST.match(said):
        return f"xctest {test[1]}"
    surely = _ERROR_SAID.match(said) or line.startswith(("e: ", "[ERROR] ", "[error] ")) or _GO.search(line)
    return "at " + _SPACES.sub(" ", found["id"]) if surely else None


def _of_a_test(form: _Form, found: re.Match[str]) -> str:
    """The test that a form names, in the same way whichever of the runner's forms it is."""
    name = form.key(found)
    match form.name:
        case "surefire" | "surefire old list":
            test, _, owner = name.partition("(")
            return f"surefire {owner.rstrip(')').rpartition('.')[2]}.{test}"
        case "surefire 3":
            return "surefire " + ".".join(name.split(".")[-2:])
        case "unittest verbose" | "unittest report":
            return "unittest " + name.replace(" ", "")
        case _:
            return f"{form.name.split()[0]} {name}"


def _distinct(failures: list[NamedFailure]) -> list[NamedFailure]:
    """Without those that are only a consequence of others: the test around a failed subtest; tasks where tests
    or errors are named; suites in which tests are.
    """
    closest = min((failure.level for failure in failures), default=1)
    names = {failure.key for failure in failures}
    parents = {
        name[: match.start()] for name in names if name.startswith("go ") for match in re.finditer("/", name)
    }
    _join_lists(failures)
    kept = [item for item in failures if item.lines and item.level == closest and item.key not in parents]
    return sorted(kept, key=lambda item: item.places[0])


def _join_lists(failures: Sequence[NamedFailure]) -> None:
    """Jest lists failed tests by their last name, before it reports them by their whole one."""
    reports = {item.key.rpartition(" › ")[2]: item for item in failures if "jest report" in item.lines}
    for item in failures:
        report = reports.get(item.key.removeprefix("jest ")) if "jest list" in item.lines else None
        if report is not None and report is not item:
            report.lines.setdefault("jest list", []).extend(item.lines.pop("jest list"))


def covering(failures: Iterable[NamedFailure], start: int, stop: int) -> list[NamedFailure]:
    """Those that a line from `start` to before `stop` names."""
    return [item for item in failures if any(start <= place < stop for place in item.places)]
