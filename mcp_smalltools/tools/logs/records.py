"""Which lines belong together: stack traces and indented continuations stay with the line that they explain."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence

from mcp_smalltools.tools.logs.headers import Line


class Kind(enum.IntEnum):
    """What a line can be, seen alone."""

    START = 0  # starts a record; the next lines may not be indented continuations of it
    HEADED = 1  # starts a record with a header of its own; indented lines after it belong to it
    TRACE = 2  # "Traceback (most recent call last):"
    FRAME = 3  # a line of a stack trace: belongs to what comes before
    INDENTED = 4  # belongs to what comes before if that has a header or is a trace
    EXCEPTION = 5  # "ValueError: …": likewise, and ends a trace
    BLANK = 6


_TRACE = re.compile(r"\s*(?:[|+ -]*)(?:Exception Group )?Traceback \(most recent call last\):")
_FRAME = re.compile(
    r"\s+at .+[:(<].*|\s+at [\w$.<>/]+|\s+File \".*\", line \d+|Caused by: |\s*\.\.\. \d+ (?:more|common frames)"
    r"|\s+Suppressed: |\s+[~^]+\s*$|During handling of the above exception|The above exception was the direct cause"
    r"|\s+\[[Pp]revious line repeated \d+ more times?\]|goroutine \d+ \[|created by [\w./]+|\t/.*\.go:\d+"
    r"|\s+\d+: +0x[0-9a-f]+ - |stack backtrace:|note: run with `RUST_BACKTRACE"
)
_EXCEPTION = re.compile(r"(?:[\w$]+\.)*[A-Z][\w$]*(?:Error|Exception|Throwable|Warning|Interrupt|Exit)(?::|$)")
_CLOSING = re.compile(r"[\]})]+[,;]?\s*$")
_LAST_OF_TRACE = re.compile(r"[A-Za-z_][\w.]*(?:: |$|:$)")


def kind_of(raw: str, line: Line) -> Kind:
    """Classify a line by its own text and header."""
    content = line.content
    if not content.strip() and not line.headed:
        return Kind.BLANK
    if _TRACE.match(content):
        return Kind.HEADED if line.headed else Kind.TRACE
    if line.headed:
        return Kind.HEADED
    if _FRAME.match(content):
        return Kind.FRAME
    if content[0] in " \t" or _CLOSING.match(content):
        return Kind.INDENTED
    if _EXCEPTION.match(content):
        return Kind.EXCEPTION
    return Kind.START


class Assembler:
    """Decides line by line whether a record starts. Its state survives from block to block."""

    def __init__(self) -> None:
        self._continuable = False  # the open record has a header, or is a trace
        self._any = False
        self._in_trace = False  # between "Traceback" and the exception that ends it

    def starts(self, kinds: Sequence[int], contents: Sequence[str]) -> list[bool]:
        """For each line: does it start a record? Blank lines start none and end none."""
        return [self._starts(kind, content) for kind, content in zip(kinds, contents, strict=True)]

    def _starts(self, kind: int, content: str) -> bool:
        if kind == Kind.BLANK:
            return False
        if kind == Kind.HEADED:
            self._continuable, self._in_trace, self._any = True, _TRACE.search(content) is not None, True
            return True
        if kind == Kind.START:
            if self._in_trace and _LAST_OF_TRACE.match(content):
                self._in_trace = False
                return False
            self._continuable, self._in_trace, self._any = False, False, True
            return True
        return self._starts_if_alone(kind)

    def _starts_if_alone(self, kind: int) -> bool:
        if kind == Kind.TRACE:
            self._in_trace = True
        elif kind == Kind.EXCEPTION:
            self._in_trace = False
        alone = not self._any or (kind != Kind.FRAME and not self._continuable)
        if alone:
            self._any = True
            self._continuable = kind == Kind.TRACE
        return alone
