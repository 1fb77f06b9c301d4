"""A log of any size to the lines that are looked at, with the pattern of each and how often it came.

A log of up to MAX_LINES lines is kept whole. Of a longer one, the start, the end, and what surrounds the
lines that may report an error; of each pattern only its first few places. So memory is bounded, and the first
cause is kept.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mcp_smalltools.tools.find_failure.outcome.powershell import records_in, undone
from mcp_smalltools.tools.find_failure.outcome.roles import Role, roles_of
from mcp_smalltools.tools.find_failure.showing.excerpts import part_of

MAX_LINES = 10_000
"""Lines that are looked at."""
HEAD_LINES, TAIL_LINES = 500, 4_000
"""Lines at the start and at the end of a long log that are always kept."""
LINES_BEFORE, LINES_AFTER = 6, 30
"""Lines that are kept before and after one that may report an error, in a long log."""
PLACES_PER_PATTERN = 3
"""First places of a pattern around which lines are kept, in a long log."""
MAX_LINE_CHARS = 800
"""Characters of a line that are kept."""
MAX_PATTERNS = 400_000
"""Distinct patterns that are counted; in a log with more, later ones count as new and rare."""

_MARK = "(?:\ufeff|ï»¿|∩╗┐|´╗┐)"
"""A byte order mark, also one that was read in a code page of Windows or DOS."""
_STEP = re.compile(rf"{_MARK}{{0,2}}(?P<step>[^\t]{{1,120}}+\t[^\t]{{1,120}}+\t){_MARK}?\d{{4}}-\d\d-\d\dT\d")
"""Job and step before a line of a log of GitHub Actions."""
_TRANSPORT = re.compile(
    rf"{_MARK}{{0,2}}(?:[^\t]{{1,120}}+\t[^\t]{{1,120}}+\t{_MARK}?(?=\d{{4}}-\d\d-\d\dT\d))?"
    r"(?:[\w.-]{1,60}[-_]\d{1,6} {1,30}\| )?"
    r"(?:\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)(?: (?:stdout|stderr) [FP] | \d\d[OE][+ ]?| |$)"
    r"|#\d+ \d+\.\d+ |\d{1,4}\.\d{1,3} (?=[A-Za-z\[>/])|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?Z?\]? |\[?\d\d:\d\d:\d\d(?:[.,]\d+)?\]? )?"
    r"(?:p=\d{1,9} u=\S{1,60} n=\S{1,60} \| )?"  # Ansible's log
    r"(?:==> [\w.-]{1,60}: |\[[\w.-]{1,40} : [\w.-]{1,60}\] )?"  # Vagrant, Tekton
    # pnpm and turbo, which run a script in each package of a workspace.
    r"(?:@?[\w.-]{1,40}(?:/[\w.-]{1,40}){0,4}[ :](?:build|lint|test|check|compile|dev|start|typecheck|type-check|types|format|e2e)(?:[:_-][\w:-]{1,30})?: (?=\S| {2,}))?"
    # GitHub's mark before what a matcher took for a compiler's or linter's finding, npm's before one of a native build.
    r"(?:(?:##\[error\]|npm (?:ERR!|error) |\d{1,6} error )(?=\t?(?:[A-Z]:)?[\w./\\@+-]{1,200}\.\w{1,6}(?::\d+[:\s]|\(\d+[,)])))?"
)
_TEMPORARY = re.compile(
    r"(?:/tmp|/var/tmp|/var/folders|/private/tmp|/dev/shm|[A-Z]:\\\S*Temp)[/\\][^\s/\\:\"')]+"
)
_IDENTIFIER = re.compile(r"\b(?=[0-9a-f-]*\d)[0-9a-f]{7,}(?:-[0-9a-f]{4,})*\b")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_SPACE = re.compile(r"\s+")
_LETTERS = re.compile(r"[^A-Za-z]+")
_TELLING = re.compile(
    r"(?i)error|fail|exception|fatal|traceback|panic|denied|cannot|can't|could not|unable|not found|undefined|missing|"
    r"killed|abort|no such|refused|timed? ?out|assert|invalid|segmentation|out of memory|no space|unexpected|✕|not ok|exit code"
    r"|[✗✖×❌]|violation|conflict|broken|crash|rejected|mismatch|expected|problem|fehler|erreur|エラー|错误|失败|失敗"
)


@dataclass(slots=True)
class LogLines:
    """The lines that are looked at. Lists run in parallel: 1-based number in the file, text without colours,
    content without what a CI system or container put before it, its pattern, and its role.
    """

    numbers: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """Lines of each pattern in the whole log."""
    total: int = 0
    cut_off: bool = False
    """The log was not read to its end."""


@dataclass(slots=True)
class Baseline:
    """How often each pattern occurs in a passing log, and its patterns by their letters alone."""

    counts: Counter[str]
    letters: set[str]


def content_of(line: str) -> str:
    """The line without the prefix of a CI system or container."""
    return line[end_of_transport(line) :].rstrip("\r")


def end_of_transport(line: str) -> int:
    """Where the line begins behind what a CI system or container put before it."""
    found = _TRANSPORT.match(line)
    return found.end() if found else 0


class _StepReader:
    """Reads lines without what stands before them. Of a message of several lines, GitHub Actions gives only the first
    one a time, so that job and step have to be known from the lines before.
    """

    def __init__(self) -> None:
        self._step = ""

    def content_of(self, line: str) -> str:
        """The line without the prefix of a CI system or container."""
        end = end_of_transport(line)
        if self._step and line.startswith(self._step):
            return line[max(end, len(self._step)) :].rstrip("\r")
        if end and "\t" in line[:end] and (found := _STEP.match(line)):
            self._step = found["step"]
        return line[end:].rstrip("\r")


def pattern_of(content: str) -> str:
    """The content with numbers, identifiers and temporary paths masked."""
    text = content
    if "/" in text or "\\" in text:
        text = _TEMPORARY.sub("/tmp/_", text)
    text = _NUMBER.sub("0", _IDENTIFIER.sub("0", text))
    return _SPACE.sub(" ", text).strip()


def letters_of(pattern: str) -> str:
    """The letters alone, which paths, versions and punctuation do not change."""
    return _LETTERS.sub(" ", pattern).strip().lower()


def read_baseline(blocks: Iterable[Sequence[str]]) -> Baseline:
    """Count the patterns of a passing log."""
    counts: Counter[str] = Counter()
    reader = _StepReader()
    for lines in blocks:
        for line in lines:
            pattern = pattern_of(reader.content_of(part_of(line, MAX_LINE_CHARS)))
            if pattern in counts or len(counts) < MAX_PATTERNS:
                counts[pattern] += 1
    return Baseline(counts, {letters_of(pattern) for pattern in counts})


def read_log(blocks: Iterable[Sequence[str]], most: int = MAX_LINES) -> LogLines:
    """Read all blocks of lines, without colours, in their order."""
    log = LogLines()
    held = _LineSelection(most)
    reader = _StepReader()
    for lines in blocks:
        for line in lines:
            log.total += 1
            text = part_of(line, MAX_LINE_CHARS)
            content = reader.content_of(text)
            pattern = pattern_of(content)
            if pattern in log.counts or len(log.counts) < MAX_PATTERNS:
                log.counts[pattern] += 1
            held.add((log.total, text, content, pattern), log.counts[pattern])
    for number, text, content, pattern in held.lines():
        log.numbers.append(number)
        log.texts.append(text)
        log.contents.append(content)
        log.patterns.append(pattern)
    own = _undo_powershell(log)
    log.roles = roles_of(log.contents)
    for place in own:
        log.roles[place] = Role.FRAME
    return log


def _undo_powershell(log: LogLines) -> set[int]:
    """Read what a program wrote as it wrote it; the places of what PowerShell put in."""
    records = records_in(log.contents)
    if not records:
        return set()
    contents, own = undone(log.contents, log.numbers, records)
    for place, content in enumerate(contents):
        if content != log.contents[place]:
            log.contents[place] = content[:MAX_LINE_CHARS]
    return own


_Line = tuple[int, str, str, str]


class _LineSelection:
    """Decides which lines are kept: all while there are few; then the start, telling places and the end."""

    def __init__(self, most: int) -> None:
        self._room = max(most - HEAD_LINES - TAIL_LINES, 0) if most > HEAD_LINES + TAIL_LINES else 0
        self._most = most
        self._all: list[_Line] | None = []
        self._kept: list[_Line] = []
        self._tail: deque[_Line] = deque(maxlen=min(TAIL_LINES, most))
        self._after = 0

    def add(self, line: _Line, count: int) -> None:
        if self._all is not None:
            self._all.append(line)
            if len(self._all) > self._most:
                self._thin_out()
            return
        self._consider(line, count)

    def lines(self) -> Iterator[_Line]:
        if self._all is not None:
            yield from self._all
            return
        first_of_tail = self._tail[0][0]
        yield from (line for line in self._kept if line[0] < first_of_tail)
        yield from self._tail

    def _thin_out(self) -> None:
        """The log is long: go over what is held once more, by the rules for long logs."""
        held, self._all = self._all or [], None
        seen: Counter[str] = Counter()
        for line in held:
            seen[line[3]] += 1
            self._consider(line, seen[line[3]])

    def _consider(self, line: _Line, count: int) -> None:
        if line[0] <= HEAD_LINES:
            self._keep(line)
        elif len(self._kept) < HEAD_LINES + self._room:
            if count <= PLACES_PER_PATTERN and _TELLING.search(line[2]):
                for before in list(self._tail)[-LINES_BEFORE:]:
                    self._keep(before)
                self._after = LINES_AFTER
            if self._after > 0:
                self._after -= 1
                self._keep(line)
        self._tail.append(line)

    def _keep(self, line: _Line) -> None:
        if not self._kept or self._kept[-1][0] < line[0]:
            self._kept.append(line)
