"""File and line: the forms in which tools write a place in source, and which of them is the failing one.

A place is what a tool says about source: an error's, a failed test's, a frame's. The file and line in a logger's
prefix, in make's own "[Makefile:9: all] Error 2" or in "In file included from" are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcp_smalltools.tools.find_failure.naming.own_source import own_class, own_file

_BEFORE, _AFTER = 12, 14
"""Lines before and after a span in which the place is looked for that the span doesn't hold."""
_TRACE = 60
"""Lines before a message in which the frames of its trace are looked for."""

_FILE = r"(?P<file>(?:(?<![A-Za-z])[A-Za-z]:(?=[\\/]))?[^\s:()\[\]{}\"'`,;|<>=*?!#%&]{1,300})"
_FORMS = tuple(
    (re.compile(pattern), surely)
    for pattern, surely in (
        # Python, OCaml, PyYAML, Ansible, GDB's Python: the file in quotes.
        (r"\bFile [\"'](?P<file>[^\"'\n]{1,300})[\"'], lines? (?P<line>\d{1,7})", True),
        (r"\bin [\"'](?P<file>[^\"'\n]{1,300})[\"']: line (?P<line>\d{1,7}), column", True),
        (r"\bin [\"'](?P<file>[^\"'<\n]{1,300})[\"'], line (?P<line>\d{1,7})", True),
        (r"(?:[Bb]uild|[Ss]cript|[Ss]ettings) file '(?P<file>[^'\n]{1,300})' line: (?P<line>\d{1,7})", True),
        (r"Script '(?P<file>[^'\n]{1,300})' line: (?P<line>\d{1,7})", True),
        # PHP
        (rf"\bin {_FILE} on line (?P<line>\d{{1,7}})", False),
        (rf"\bin {_FILE}:line (?P<line>\d{{1,7}})", False),  # .NET
        (rf"^#\d+ {_FILE}\((?P<line>\d{{1,7}})\): ", False),
        # Perl, prove, terraform, bats, ShellCheck
        (
            rf"\b(?:at|on|In|in test file|in file|from function .{{1,80}} in file) {_FILE},? line (?P<line>\d{{1,7}})\b",
            False,
        ),
        # PowerShell
        (r"\bAt (?P<file>(?:[A-Za-z]:)?[^\s:]{1,300}\.ps[md]?1):(?P<line>\d{1,7}) char:\d", False),
        (r"(?:^|[\s,])(?P<file>(?:[A-Za-z]:)?[^\s:,]{1,300}\.ps[md]?1): line (?P<line>\d{1,7})", False),
        # The shell: bash, dash
        (rf"^{_FILE}: line (?P<line>\d{{1,7}}): ", False),
        (rf"^{_FILE}: (?P<line>\d{{1,7}}): (?=\S)", False),
        # MSBuild, tsc, nvcc, MSVC; Maven; Kotlin before 1.9; GHC
        (
            r"(?P<file>(?:[A-Za-z]:)?[^\s:()\[\]\"']{1,300}\.[A-Za-z]\w{0,7})\((?P<line>\d{1,7})(?:,\d+){0,3}\) ?:(?! \()",
            False,
        ),
        (rf"{_FILE}:\[(?P<line>\d{{1,7}}),\d+\]", False),
        (rf"^[ew]: {_FILE}: \((?P<line>\d{{1,7}}), \d+\)", False),
        (rf"{_FILE}:\((?P<line>\d{{1,7}}),\d+\)-\(", False),
        # testthat, webpack, Sass, Maven's list of failed tests
        (r"\(@?(?P<file>[^\s:()#]{1,200}\.[RrSs]\w{0,3})[:#](?P<line>\d{1,7})(?::\d+)?\)", False),
        (rf"\b(?:ERROR|error) in (?:\./)?{_FILE} (?P<line>\d{{1,7}}):\d", False),
        (r"^ *(?P<file>[^\s:()]{1,300}\.s[ac]ss) (?P<line>\d{1,7}):\d+ ", False),
        # GitHub's own form
        (r"^::error [^\n]{0,80}?file=(?P<file>[^,:\s]{1,300}),line=(?P<line>\d{1,7})", True),
        # file:line, of nearly all others
        (rf"(?P<scheme>file://)?{_FILE}:(?P<line>\d{{1,7}})(?!\d|\.\d|[A-Za-z_/])(?=\D|$)", False),
    )
)
_BABEL = re.compile(r"(?P<file>[^\s:()\"']{1,300}\.\w{1,7}): .{1,200}\((?P<line>\d{1,7}):\d{1,5}\)")
_JVM_FRAME = re.compile(
    r"\bat (?P<class>[\w.$/@-]{1,300})\.[\w$<>-]{1,200}\((?P<file>[\w$-]{1,200}\.(?:java|kt|scala|groovy|clj)):(?P<line>\d{1,7})\)"
)
_LONGEST_FOLDERS = 200
_OPEN_FOLDERS = re.compile(
    r"(?<![A-Za-z])[A-Za-z]:\\(?:[^\\/:*?\"<>|\n]{1,60}\\){0,12}[^\\/:*?\"<>|.\n]{1,60} $"
)
_OF_A_LIBRARY = re.compile(r" ~?\[[\w.-]{1,120}-\d[\w.-]{0,40}\.jar:")
"""What Log4j and Logback write after a frame of a library."""
_FRAMES = 30
"""Frames below one in which a build tool's or a test runner's is looked for."""
_OWNER_OF_FRAMES = re.compile(
    r"\bat (?:java\.base/|app//)?(?:(?P<build>org\.(?:apache\.maven|gradle|codehaus\.plexus|apache\.tools\.ant)\.)"
    r"|(?:org\.(?:junit|testng|scalatest|spockframework)|junit|io\.kotest|sbt|munit)\.)"
)
_NO_PLACE = re.compile(
    r"^\s*(?:In file included from |from \S+:\d+[,:]|In module imported |required from |\S+: note: |note: )"
    r"|^g?make(?:\[\d+\])?: \*\*\* \[|: (?:warning|note|remark|info): |^(?:warning|WARNING|WARN|INFO|DEBUG|\[INFO\]|\[WARN\w*\])\b"
    r"|^[A-Z]{4,8} +[\w.-]{1,80}: ?[\w.-]{1,80}:\d+ |^ *In \w+\.php line \d+:$"
    r"|: W\d{3,4}: |^\s+\d+:\d+ +warn"
    r"|^ +at: .{0,200}\((?:\./)?(?:core|scene|servers|modules|editor|main|drivers|platform)/"  # Godot's own source
    r"|^ *(?:\d+\) )?\[[\w -]{1,40}\] [›>] |^.{0,8}\[\d+/\d+\] \["  # where Playwright's test begins
    r"|^ +\((?:elixir|stdlib|kernel|ex_unit|mix|logger|eex|iex|phoenix\w*|ecto\w*|plug\w*|db_connection)(?: \d[\w.-]*)?\) "
)
_TEST_OF_EXUNIT = re.compile(r"^ {5}\S{1,300}_test\.exs:\d{1,7}$")
"""Where a test of Elixir begins: told below its name, while the trace below tells where it failed."""
_NEXT_OF_EXUNIT = re.compile(r"^ {1,3}\d{1,5}\) (?:test|doctest|property) ")
_LOGGED = re.compile(
    r"^\W{0,3}(?:[IWEFD]\d{4} \d\d:|\d{4}[-/]\d\d[-/]\d\d[T ]?|\d\d:\d\d:\d\d|(?:time|ts|level|t|lvl|caller)=|\{\"|[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:"
    r"|(?:ERROR|FATAL|CRITICAL|ERR|TRACE)\W{1,3}(?:\d{4}-|\d\d:\d\d|\S+\.\w+:\d+\W{0,2}(?:-|\]) ))"
)
_SAYS_ERROR = re.compile(
    r"(?i)^\W{0,3}\(?(?:\d+\W{1,3})?(?:-\s*)?(?:fatal |syntax )?(?:error|failure|failed|exception|panic)"
)
_TRACEBACK = re.compile(r"Traceback \(most recent call last|^\s*File \"[^\"]{1,300}\", line \d")
_MESSAGE_OF_A_TRACE = re.compile(
    r"^(?:E +)?(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Warning)\b|^Fatal Python error"
)
_TABLE_HEAD = re.compile(r"^ *Line +(?P<file>\S{1,300}\.\w{1,7}) *$")
_FILE_HEAD = re.compile(r"^(?:FILE: |/|\.{0,2}/|[A-Za-z]:\\|[\w@-]+[\\/])?[^\s:]{1,300}\.\w{1,7}$")
_TABLE_ROW = re.compile(
    r"^ {1,4}(?P<line>\d{1,7})(?::\d{1,5})? {1,12}(?:(?!warn)[^|\s]|\| ERROR)|^ *(?P<line2>\d{1,7}):\d{1,5}\s+(?:error|✖|×)"
)
_NEXT_REPORT = re.compile(
    r"^(?:##\[|\$ \S|\+ \S|The command \"|travis_|section_(?:start|end):|npm ERR!|=+ |_{3,} |FAIL(?:ED)?\b)"
)


@dataclass(frozen=True, slots=True)
class SourcePlace:
    """A file and a line of it, as a line of the log (`at`, counted from 0) has them."""

    at: int
    file: str
    line: int


def place_of(contents: Sequence[str], start: int, stop: int, peak: int) -> SourcePlace | None:
    """The place in the user's own source that the lines from `start` to before `stop` point to: in the main line
    (`peak`) itself, in the frames below it, or in the ones above it where they come first.
    """
    place = next(places_in(contents[peak], peak), None) or _row_of_a_table(contents, peak)
    if place is not None:
        return place
    upwards = _message_ends_a_trace(contents, peak)
    first, last = _bounds(contents, start, stop, peak)
    below = range(peak + 1, last)
    above = range(peak - 1, (max(peak - _TRACE, 0) if upwards else first) - 1, -1)
    begins: SourcePlace | None = None
    for lines in (above, below) if upwards else (below, above):
        for number in lines:
            if lines is below and _NEXT_OF_EXUNIT.match(contents[number]):
                break
            place = next(places_in(contents[number], number), None) or _row_of_a_table(contents, number)
            if place is None:
                continue
            if _TEST_OF_EXUNIT.match(contents[number]):
                begins = begins or place
                continue
            return None if _in_a_plugin(contents, place.at) else place
    return begins


def _in_a_plugin(contents: Sequence[str], at: int) -> bool:
    """Whether a frame of the JVM is below a build tool's, with no test runner between: a plugin's, not the
    user's.
    """
    for line in contents[at : at + _FRAMES]:
        if (owner := _OWNER_OF_FRAMES.search(line)) is not None:
            return owner["build"] is not None
    return False


def places_in(line: str, at: int) -> Iterator[SourcePlace]:
    """The places in the user's own source that a line names."""
    if _NO_PLACE.search(line):
        return
    if frame := _JVM_FRAME.search(line):
        if own_class(frame["class"]) and not _OF_A_LIBRARY.match(line, frame.end()):
            yield SourcePlace(at, frame["file"], int(frame["line"]))
        return
    logged = _LOGGED.match(line) is not None
    for pattern, surely in _FORMS:
        for found in pattern.finditer(line):
            file = own_file(_whole_name(line, found), surely=surely)
            if file is None or not int(found["line"]):
                continue
            if line[found.end() : found.end() + 2] == "] " and line[found.start() - 1 : found.start()] in (
                "",
                "[",
                " ",
            ):
                continue  # klog's, and others' "[main.go:12] "
            if logged and not _SAYS_ERROR.match(line[found.end() :]) and not _in_prose(line, found.start()):
                continue
            yield SourcePlace(at, file, int(found["line"]))
            return
    if (thrown := _BABEL.search(line)) and (file := own_file(thrown["file"])):
        yield SourcePlace(at, file, int(thrown["line"]))


def _whole_name(line: str, found: re.Match[str]) -> str:
    """The name with the scheme before it: `https://` tells an address from a file."""
    start = found.start("file")
    before = line[max(start - _LONGEST_FOLDERS, 0) : start]
    if before.endswith(" ") and (folders := _OPEN_FOLDERS.search(before)) is not None:
        return folders[0] + found["file"]  # a folder of Windows with a space in its name
    scheme = re.search(r"[a-z][a-z0-9+-]{1,20}:(?:/{1,3})?$", before[-24:])
    return (scheme[0] if scheme else "") + found["file"]


def _in_prose(line: str, start: int) -> bool:
    """Whether a message comes before this place in a line of a logger: then it is no prefix of it."""
    return re.search(
        r"(?i)(?:error|exception|fail\w*|panic\w*|cannot|invalid)\b.{0,200}$", line[:start][-240:]
    ) is not None and (re.search(r"[a-z]{2,} [a-z]{2,} ", line[:start]) is not None)


def _message_ends_a_trace(contents: Sequence[str], peak: int) -> bool:
    """Whether the frames stand above this line, as Python's do."""
    if not _MESSAGE_OF_A_TRACE.match(contents[peak]):
        return False
    return any(_TRACEBACK.search(contents[number]) for number in range(max(peak - 4, 0), peak))


def _bounds(contents: Sequence[str], start: int, stop: int, peak: int) -> tuple[int, int]:
    """Where the report around a span begins and ends, as far as its place is looked for."""
    first = start
    while first > max(start - _BEFORE, 0) and not _NEXT_REPORT.match(contents[first - 1]):
        first -= 1
    last = max(stop, peak + 1)
    most = min(stop + _AFTER, len(contents))
    while last < most and not _NEXT_REPORT.match(contents[last]):
        last += 1
    return first, last


def _row_of_a_table(contents: Sequence[str], at: int) -> SourcePlace | None:
    """The place of a row whose file stands in a line of its own above it, as in eslint's or PHPStan's tables."""
    row = _TABLE_ROW.match(contents[at])
    if row is None:
        return None
    for number in range(at - 1, max(at - 40, 0) - 1, -1):
        head = contents[number]
        name = found["file"] if (found := _TABLE_HEAD.match(head)) else head.strip().removeprefix("FILE: ")
        if (found or _FILE_HEAD.match(head.strip())) and (file := own_file(name)):
            return SourcePlace(at, file, int(row["line"] or row["line2"]))
        if head.strip() and not (
            _TABLE_ROW.match(head) or head.startswith("  ") or re.match(r"^ *-{3,}", head)
        ):
            return None
    return None
