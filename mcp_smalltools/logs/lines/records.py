"""Which lines belong together: stack traces and continuations stay with the line that they explain."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence

from mcp_smalltools.logs.headers.parsed_line import ParsedLine
from mcp_smalltools.logs.message.failure_words import LIKELY, SURE, failure_degree


class Kind(enum.IntEnum):
    """What a line can be, seen alone."""

    __hash__ = int.__hash__  # Enum's own is a Python function

    START = 0  # starts a record; indented lines after it are records of their own
    HEADED = (
        1  # starts a record with a header of its own, or a diagnosis; indented lines after it belong to it
    )
    TRACE = 2  # "Traceback (most recent call last):"
    FRAME = 3  # a line of a stack trace or a piece of quoted source: belongs to what comes before
    INDENTED = 4  # belongs to what comes before if that is headed or an exception
    EXCEPTION = 5  # "ValueError: …", "panic: …": belongs to a header or trace before it, else starts a record
    BLANK = 6
    DIAGNOSIS = 7  # starts a record, as "x.c:5:1: warning: …" does; indented lines after it belong to it
    ANNOUNCES = 8  # a header of which the message is on the next line
    BLOCK = 9  # the same, and all lines up to the next header belong to it


ANNOUNCING = frozenset({Kind.ANNOUNCES, Kind.BLOCK})


_TRACE = re.compile(r"(?:^[\s|+-]*|[:\]] |\()(?:Exception Group )?Traceback \(most recent call last\):")
_CHAINED = re.compile(r"During handling of the above exception|The above exception was the direct cause")
_FRAME = re.compile(
    r"\s+at .+[:(<].*|\s+at [\w$.<>/]+\s*$|\s*File \".*\", line \d+|Caused by: |\s*\.\.\. \d+ (?:more|common frames)"
    r"|\s+Suppressed: |\s+[~^]+\s*$|During handling of the above exception|The above exception was the direct cause"
    r"|\s+\[[Pp]revious line repeated \d+ more times?\]|goroutine \d+ \[|/?\S{1,300}:\d{1,7}:in [`']|created by [\w./]+|\s+/?\S*\.go:\d+"
    r"|[\w./*()\[\]-]+\.[\w.*()\[\]-]+\((?:0x[0-9a-f]+|\.\.\.|\{)[^)]*\)?.*\)$"  # a Go function with arguments
    r"|(?:main\.|[\w.-]{1,80}/)[\w./*()\[\]-]{1,200}\(\)$|\[signal SIG|\s+\d+: +0x[0-9a-f]+ - |stack backtrace:|note: run with `RUST_BACKTRACE"
    r"|#\d+ (?:\S+\(\d+\): |\{main\}|\[internal function\]|(?:0x)?\w{6,} [<\w])|"
    r"> File \"|[\w-]{1,80}\.[\w.-]{1,80}/[\w./@~-]{0,200}\.[\w.()*\[\]{}-]{1,200}$|\[(?:stacktrace|previous exception)\]|\s*\"\} *$|\s+thrown in /"
    r"|Stack trace:$|\s+from \S+:\d+:in [`']|\s+--- End of |\s*---> [\w.]+|\s+\d+: \S+$|\s+at /|\s+\[\d+\] \w.*\("
    r"|\s+\([\w ]+ \d[\w.]*\) \S+:\d+: |Stacktrace:$|\s+#\d+ 0x"
    r"|E {8,}\+ |\s+\d* *\|(?: |$)|\s+--> \S+:\d+|\s+= (?:note|help): "  # source quoted by gcc, clang, rustc
)
_EXCEPTION = re.compile(
    r"(?:(?:Uncaught |Exception in thread \"[^\"]*\" )?(?:[\w$]+\.)*[A-Z][\w$]*"
    r"(?:Error|Exception|Throwable|Warning|Interrupt|Exit)(?::|$)|panic: |fatal error: |thread '[^']*' panicked at )"
)
_FRAME_WITH_HEADER = re.compile(
    r"\s*at [\w$.<>/]+\(.*\)(?: .*)?$|\s*File \".*\", line \d+|\s*\.\.\. \d+ more$|Caused by: |#\d+ (?:/|\{main\}|0x)"
    r"|goroutine \d+ \[|\s+from \S+:\d+:in |\s*\S+\.go:\d+ \+0x"
)
"""Frames that are one also behind a header without a level, as what forwards lines writes it before each."""
_ITEM = re.compile(r"u?['\"][^'\"]{1,80}['\"] ?(?:: |=> )")  # of a dictionary over several lines
_OPENING = frozenset("{[(")
_CLOSING = re.compile(r"[\]})]+[,;]?\s*$")
_REST_OF_OBJECT = re.compile(r'[^{}\n]{0,4000}"\}{1,4},?\s*$')
"""Of JSON that was broken in a string."""
_OF_STATEMENT = re.compile(
    r"(?:SELECT|INSERT INTO|DELETE FROM|FROM|WHERE|(?:ORDER|GROUP) BY|(?:LEFT |INNER |OUTER )?JOIN|VALUES|LIMIT) "
    r"|UPDATE \S{1,80} (?:AS \S{1,40} )?SET "
)
"""Of SQL, below the header that tells of it."""
_LAST_OF_TRACE = re.compile(r"[A-Za-z_][\w.]*(?:: |$|:$)")
_CALL = re.compile(r"[\w./*()\[\]-]+\([^()]*\)$")
_FAILED = frozenset({"error", "fatal"})
_ERROR = 2
_GRAVITY: Mapping[str | None, int] = {"warning": 1, "error": _ERROR, "fatal": _ERROR}
_DIAGNOSED = frozenset({"warning", "error", "fatal"})


def kind_of(line: ParsedLine) -> Kind:
    """Classify a line by its own text and header."""
    content = line.content
    if line.block:
        return Kind.BLOCK
    if line.announces:
        return Kind.ANNOUNCES
    if line.continues:
        return Kind.FRAME
    if line.headed:
        framed = not line.level_said and _FRAME_WITH_HEADER.match(content)
        return Kind.FRAME if framed else Kind.HEADED
    if not content.strip():
        return Kind.BLANK
    if _FRAME.match(content):
        return Kind.FRAME
    if _TRACE.match(content):
        return Kind.TRACE
    if content[0] in " \t|│├└┌╰╭" or content[:2] == ", " or _CLOSING.match(content) or _ITEM.match(content):
        return Kind.INDENTED
    if (content[-1] == "}" and _REST_OF_OBJECT.match(content)) or _OF_STATEMENT.match(content):
        return Kind.INDENTED
    if _EXCEPTION.match(content):
        return Kind.EXCEPTION
    return Kind.DIAGNOSIS if line.level in _DIAGNOSED or content == "{" else Kind.START


def opens_trace(line: ParsedLine) -> bool:
    """The lines after this one, up to one that names the exception, are its stack trace."""
    return "Traceback" in line.content and _TRACE.search(line.content) is not None


def indicates_error(kind: Kind, level: str | None) -> bool:
    """A line like this inside a record makes it an error where it has no level of its own."""
    if kind is Kind.INDENTED:
        return level in ("error", "fatal")
    return kind is Kind.TRACE or (kind is Kind.EXCEPTION and level != "warning")


def names_exception(kind: Kind, text: str) -> bool:
    """Whether a line inside a record says which exception it was."""
    return kind is Kind.EXCEPTION or (kind is Kind.FRAME and text.startswith("Caused by: "))


MOST_JOINED, MOST_JOINED_GRAVE = 200, 12
"""Plain lines in a row that can be of one record; more are the output of something else. The second where
only warnings and errors have such lines.
"""


class Assembler:
    """Decides line by line whether a record starts. Its state survives from block to block."""

    def __init__(self, *, joins_plain: bool = False, joins_grave: bool = False) -> None:
        self.joins_plain = joins_plain  # a plain line continues the record of the header before it
        self.joins_grave = joins_grave  # it does where that header says that it is a warning or an error
        self._under_header = False  # the open record has a header
        self._grave = 0  # which says that it is a warning (1) or an error (2)
        self._joined = 0  # plain lines in a row that were joined to it
        self._open = False  # there is a record that a line could belong to
        self._continuable = False  # indented lines belong to it
        self._awaits = False  # it may still get its exception: a header, or a trace that has not named one
        self._in_trace = False  # between "Traceback" and the exception that ends it
        self._in_stack = False  # an exception was named: calls belong to it
        self._in_block = False  # all lines belong to it up to the next header
        self.announced = False  # a header came; its message is on this line

    def state(self) -> list[int]:
        """All that it remembers; see `resumed`."""
        known = [self._open, self._continuable, self._awaits, self._in_trace, self._in_stack]
        plain = [self.joins_plain, self._under_header, self._grave, self._joined]
        return [*known, self._in_block, self.announced, *plain, self.joins_grave]

    @classmethod
    def resumed(cls, state: Sequence[int]) -> Assembler:
        assembler = cls()
        (
            assembler._open,
            assembler._continuable,
            assembler._awaits,
            assembler._in_trace,
            assembler._in_stack,
        ) = map(bool, state[:5])
        if len(state) > 5:  # what an older version stored has no more
            assembler._in_block, assembler.announced = map(bool, state[5:7])
        if len(state) > 7:
            assembler.joins_plain, assembler._under_header = map(bool, state[7:9])
            assembler._grave, assembler._joined = state[9:11]
            assembler.joins_grave = any(state[11:12])
        return assembler

    def starts(self, kind: Kind, opens: bool, content: str, level: str | None = None) -> bool:
        """Does this line start a record? A blank line starts none, and ends none."""
        if kind is Kind.BLANK:
            return False
        self.announced = False
        if kind is Kind.HEADED or kind in ANNOUNCING:
            self.headed(opens, level)
            self.announced, self._in_block = kind in ANNOUNCING, kind is Kind.BLOCK
            return True
        if self._in_block:
            return False
        if kind is Kind.FRAME:
            return self._frame(content)
        if kind is Kind.INDENTED:
            return not self._continuable and self._starts_with(continuable=False)
        if kind is Kind.TRACE or kind is Kind.EXCEPTION:
            return self._exception(kind)
        return self._plain(kind, content, level)

    def message(self, opens: bool, level: str | None = None) -> None:
        """The message of a header that announced it."""
        self.announced = False
        self._grave = max(self._grave, _GRAVITY.get(level, 0))
        self._awaits, self._in_trace = True, opens

    def headed(self, opens: bool, level: str | None = None) -> None:
        """A line with a header starts a record, whatever came before."""
        self._starts_with(continuable=True)
        self._under_header, self._grave = True, _GRAVITY.get(level, 0)
        self._in_block = self.announced = False
        self._awaits, self._in_trace = True, opens

    def _starts_with(self, *, continuable: bool) -> bool:
        self._open, self._continuable = True, continuable
        self._under_header, self._grave = False, 0
        self._joined = 0
        self._awaits = self._in_trace = self._in_stack = False
        return True

    def _frame(self, content: str) -> bool:
        if not self._open:
            return self._starts_with(continuable=True)
        if _CHAINED.match(content):
            self._awaits = True
        return False

    def _exception(self, kind: Kind) -> bool:
        starts = not self._awaits and not self._in_trace and not (self._grave and self._joins())
        if starts:
            self._starts_with(continuable=True)
        self._in_trace = kind is Kind.TRACE
        self._in_stack = kind is Kind.EXCEPTION
        self._awaits = False
        return starts

    def _plain(self, kind: Kind, content: str, level: str | None) -> bool:
        if (self._in_trace or self._in_stack) and _CALL.match(content):
            return False
        if self._in_trace and _LAST_OF_TRACE.match(content):
            self._in_trace = False
            return False
        if self._awaits and self._under_header and content.strip() in _OPENING:
            return False  # an object over several lines, behind the header that tells of it
        if self._joins(content) and self._continues(kind, content, level):
            self._joined += 1
            return False
        return self._starts_with(continuable=kind is Kind.DIAGNOSIS)

    def _continues(self, kind: Kind, content: str, level: str | None) -> bool:
        """Whether a plain line may be of the record before it. One that tells of a failure is so only where
        that record does, too: nothing that fails may be hidden behind a header that says all is well.
        """
        if self._grave == _ERROR or (self._grave and not self._awaits):
            return True
        if level in _FAILED or (kind is Kind.DIAGNOSIS and not self._joined):
            return False
        return failure_degree(content) < (SURE if self._joined else LIKELY)

    def _joins(self, content: str = "") -> bool:
        """Whether plain lines belong to the header before them."""
        if self.joins_grave and self._grave and self._under_header and content[:1] not in ("[", "{"):
            return self._joined < MOST_JOINED_GRAVE
        return self.joins_plain and self._under_header and self._joined < MOST_JOINED
