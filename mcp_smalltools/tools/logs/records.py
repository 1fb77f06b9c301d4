"""Which lines belong together: stack traces and continuations stay with the line that they explain."""

from __future__ import annotations

import enum
import re

from mcp_smalltools.tools.logs.headers import Line


class Kind(enum.IntEnum):
    """What a line can be, seen alone."""

    START = 0  # starts a record; indented lines after it are records of their own
    HEADED = (
        1  # starts a record with a header of its own, or a diagnosis; indented lines after it belong to it
    )
    TRACE = 2  # "Traceback (most recent call last):"
    FRAME = 3  # a line of a stack trace or a piece of quoted source: belongs to what comes before
    INDENTED = 4  # belongs to what comes before if that is headed or a trace
    EXCEPTION = 5  # "ValueError: …": likewise, and ends a trace
    BLANK = 6
    DIAGNOSIS = 7  # starts a record, as "x.c:5:1: warning: …" does; indented lines after it belong to it


_TRACE = re.compile(
    r"[\s|+-]*(?:Exception Group )?Traceback \(most recent call last\):|panic: |fatal error: |goroutine \d+ \["
    r"|thread '[^']*' panicked at |(?:[\w$]+\.)+[A-Z][\w$]*(?:Error|Exception)(?::|$)|Exception in thread "
    r"|Unhandled exception|(?:Uncaught )?[A-Z]\w*Error: "
)
_FRAME = re.compile(
    r"\s+at .+[:(<].*|\s+at [\w$.<>/]+\s*$|\s+File \".*\", line \d+|Caused by: |\s*\.\.\. \d+ (?:more|common frames)"
    r"|\s+Suppressed: |\s+[~^]+\s*$|During handling of the above exception|The above exception was the direct cause"
    r"|\s+\[[Pp]revious line repeated \d+ more times?\]|created by [\w./]+|\s+/?\S*\.go:\d+"
    r"|[\w./*()\[\]-]+\.[\w.*()\[\]-]+\((?:0x[0-9a-f]+|\.\.\.|\{)[^)]*\)?.*\)$"  # a Go function with arguments
    r"|\[signal SIG|\s+\d+: +0x[0-9a-f]+ - |stack backtrace:|note: run with `RUST_BACKTRACE"
    r"|E {8,}\+ |\s+\d* *\|(?: |$)|\s+--> \S+:\d+|\s+= (?:note|help): "  # source quoted by gcc, clang, rustc
)
_EXCEPTION = re.compile(
    r"(?:[\w$]+\.)*[A-Z][\w$]*(?:Error|Exception|Throwable|Warning|Interrupt|Exit)(?::|$)"
)
_CLOSING = re.compile(r"[\]})]+[,;]?\s*$")
_LAST_OF_TRACE = re.compile(r"[A-Za-z_][\w.]*(?:: |$|:$)")
_CALL = re.compile(r"[\w./*()\[\]-]+\([^()]*\)$")
_DIAGNOSED = frozenset({"warning", "error", "fatal"})


def kind_of(line: Line) -> Kind:
    """Classify a line by its own text and header."""
    content = line.content
    if line.headed:
        return Kind.HEADED
    if not content.strip():
        return Kind.BLANK
    if _FRAME.match(content):
        return Kind.FRAME
    if content[0] in " \t" or _CLOSING.match(content):
        return Kind.TRACE if _TRACE.match(content) else Kind.INDENTED
    if _EXCEPTION.match(content):
        return Kind.EXCEPTION
    if _TRACE.match(content):
        return Kind.TRACE
    return Kind.DIAGNOSIS if line.level in _DIAGNOSED else Kind.START


def opens_trace(line: Line) -> bool:
    """The lines after this one, up to one that is not indented, are its stack trace."""
    return _TRACE.search(line.content) is not None


def tells_of_error(kind: Kind) -> bool:
    """A line of this kind inside a record makes it an error where it has no level of its own."""
    return kind in {Kind.TRACE, Kind.EXCEPTION}


class Assembler:
    """Decides line by line whether a record starts. Its state survives from block to block."""

    def __init__(self) -> None:
        self._open = False  # there is a record that a line could belong to
        self._continuable = False  # it is headed, a diagnosis or a trace
        self._in_trace = False  # between "Traceback" and the exception that ends it

    def starts(self, kind: Kind, opens: bool, content: str) -> bool:
        """Does this line start a record? A blank line starts none, and ends none."""
        if kind == Kind.BLANK:
            return False
        if kind == Kind.HEADED:
            self.headed(opens)
            return True
        if kind in {Kind.START, Kind.DIAGNOSIS}:
            return self._plain(kind, content)
        return self._attached(kind)

    def headed(self, opens: bool) -> None:
        """A line with a header starts a record, whatever came before."""
        self._open = self._continuable = True
        self._in_trace = opens

    def _plain(self, kind: Kind, content: str) -> bool:
        if self._in_trace and _CALL.match(content):
            return False
        if self._in_trace and _LAST_OF_TRACE.match(content):
            self._in_trace = False
            return False
        self._open, self._continuable, self._in_trace = True, kind == Kind.DIAGNOSIS, False
        return True

    def _attached(self, kind: Kind) -> bool:
        if kind == Kind.TRACE:
            self._in_trace = True
        elif kind == Kind.EXCEPTION:
            self._in_trace = False
        starts = not self._open or (kind != Kind.FRAME and not self._continuable)
        if starts:
            self._open = True
            self._continuable = kind in {Kind.TRACE, Kind.EXCEPTION}
        return starts
