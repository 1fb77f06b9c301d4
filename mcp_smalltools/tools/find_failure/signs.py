"""What one line says by itself: a fixed list of signs, and a few sizes.

A sign holds for many tools: rules for the forms of single tools (compilers, linkers, make, cmake, cargo, maven,
gradle, npm, tsc, eslint, pytest, unittest, jest, go test, stack traces, containers, CI annotations) are
alternatives inside a sign, so that a tool that nobody has thought of can still be told by its likeness.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_POSITION = r"[\w./\\@$+-]*[\w/\\]\.[A-Za-z]\w{0,5}(?::\d+(?::\d+)?|\(\d+(?:,\d+)?\)|:\[\d+,\d+\])"

SIGNS = {
    # what a tool says of an error
    "diagnostic": rf"^(?:\[ERROR\] |\s*\[\w+\] |\S+: )?\s*{_POSITION}:? +(?:- )?(?:fatal |internal |compile )?(?:error|fatal|E\d+|[A-Z]{{1,4}}\d{{3,}}|undefined|cannot|syntax)"
    rf"|^\s*\d+:\d+\s+error\b|^error(?:\[\w+\])?: |^{_POSITION}: (?!warning|note|In )",
    "error label": r"(?i)\b(?:error|fatal|critical|severe|panic)(?:\[[\w-]+\]| \w+\d+)?\s*:|^\[?(?:ERROR|FATAL|SEVERE)\]?\b|ERR!",
    "error at start": r"^\W{0,3}(?:ERROR|FATAL|SEVERE|CRITICAL|Error|error|fatal|FATAL ERROR|E  |npm (?:ERR!|error))\b",
    "error level": r"^.{0,48}\b(?:ERROR|FATAL|SEVERE|CRITICAL|PANIC)\b",
    "error word": r"(?i)\berrors?\b",
    "failure word": r"(?i)\b(?:fail(?:ed|ure|ures|ing|s)?|abort(?:ed|ing)|crash(?:ed)?|rejected|broken)\b",
    "exception": r"\b[A-Z]\w*(?:Error|Exception|Failure|Interrupt|Fault|Exit)\b",
    "exception at start": r"^\s*(?:\S{0,60}: )?(?:[\w$]+\.)*[A-Z][\w$]*(?:Error|Exception|Failure|Interrupt|Exit)\b(?: \[\w+\])?(?::|$| in | \()"
    r"|^Caused by: |^thread '.*' (?:\(\d+\) )?panicked|^panic: |^terminate called|^Uncaught |^Exception in thread|^Unhandled ",
    "trace opens": r"Traceback \(most recent|[Ss]tack ?trace|^goroutine \d|Call Stack|stack backtrace|^Backtrace|During handling of the above|direct cause of the following",
    "frame": r"^\s+at \S|^\s*File \".*\", line \d+|^\s+from \S+:\d+|^\s+#\d+ +0x|^\s*\d+: +0x|^\t/\S+:\d+|^\s*\.\.\. \d+ (?:more|common)|^\S+\(.*\) at |^\S+\.rb:\d+:in ",
    "frame of a library": r"node_modules|node:|site-packages|dist-packages|org\.junit|org\.apache|java\.base|jdk\.|sun\.reflect|/usr/lib|/rustc/|<frozen|/runtime/|/testing/|org\.gradle|/gems/",
    "quoted source": r"^\s*\d* *\|(?: |$)|^\s*-->|^\s*(?:\d+\s*)?[~^|\s]*[\^~]+[\s~^]*(?:\S.*)?$|^> |^\s*>\s+\d+ \||^E  |^\s*╰|^\s*│",
    "position": rf"{_POSITION}|\bline \d+\b|^\s+--> \S+:\d+|\.java:\d+\)|:\[\d+,\d+\]",
    "complaint": r"^(?:[\w./+-]+: ){1,4}(?:line \d+: )?.*(?:[Nn]o such |not found|[Pp]ermission denied|[Cc]annot |[Cc]ould not|[Cc]ouldn't|[Ff]ailed to|unbound variable|syntax error|[Nn]o space|[Rr]efused|[Tt]imed out|[Ii]s a directory|[Nn]ot a |[Uu]nrecognized|[Ii]nvalid )"
    r"|Segmentation fault|core dumped|Floating point exception|Bus error|\bAborted\b|\bKilled$|Assertion `.*failed"
    r"|^(?:Makefile|\S+\.mk):\d+: \*\*\*|^make(?:\[\d+\])?: \*\*\* (?!\[)|^E: ",
    "note": r"^\S*:? ?(?:note|hint|help|info)\b|: note: |^\s+= (?:note|help)|^hint: ",
    "included from": r"^In file included from|: In (?:member )?function|^\s+from \S+:\d+|: At (?:global|top)|required from|in function `|^FAILED: |^# \S+$",
    # in which words
    "cannot": r"(?i)\b(?:cannot|can't|can not|could not|couldn't|unable to|not able to|did not|didn't|doesn't|refus\w+|denied|forbidden|not (?:allowed|permitted|supported))",
    "missing": r"(?i)not found|no such|undefined|undeclared|unresolved|missing|does not exist|doesn't exist|unknown|unrecogni[sz]ed|not (?:defined|declared|installed|available|exist)|no (?:module|rule|matching|package|required|version)|nonexist|not in scope",
    "expected": r"(?i)\bexpect(?:ed|s|ing)?\b|but was|\bassert|mismatch|\bwant\b|\bgot\b|\bactual\b|[!=]==? ",
    "invalid": r"(?i)\b(?:invalid|illegal|malformed|unexpected|syntax error|unsupported|incompatible|corrupt\w*|conflict\w*|duplicate|ambiguous|multiple definition|already|must\b|required)",
    "killed": r"(?i)\bkilled\b|\bsig(?:segv|kill|abrt|term|bus)\b|signal \d+|segmentation|core dumped|out of memory|oom\b|heap|no space left|quota|tim(?:ed|e) ?out|deadline|stack overflow|bad_alloc|MemoryError|overflow",
    "network": r"(?i)connection (?:refused|reset|timed|aborted)|unreachable|resolve host|ECONN\w+|ETIMEDOUT|ENOTFOUND|EADDR\w+|\bssl\b|certificate|\b(?:HTTP|status)(?: code)?:? [45]\d\d\b|offline mode",
    # how things stand
    "failed status": r"BUILD (?:FAILURE|FAILED)|\bmake(?:\[\d+\])?: \*\*\*|(?i:build failed|job failed|task failed|tests? failed|failed to (?:execute|solve))|Process completed with exit code [1-9]|Finished: FAILURE|marked build as failure"
    r"|Lifecycle script|could not compile|aborting due|build stopped|rake aborted|Errors while running|ERR_|FAILED \(|^FAIL\b|errors? during|Your build exited with [1-9]",
    "bad summary": r"BUILD (?:FAILURE|FAILED)|^FAILED \(|^=+ .*\b\d+ (?:failed|errors?)\b.* in [\d.]+|^(?:\d+ passed, )?\d+ (?:failed|errors?)\b.* in [\d.]+s|^test result: FAILED|^[#ℹ] fail [1-9]|\b[1-9]\d* (?:failures?|errors?)(?:, \d+ \w+)*$"
    r"|^Tests?:? .*\b[1-9]\d* failed|^\s*[1-9]\d* failing|tests passed, [1-9]\d* tests? failed|Tests run:.*(?:Failures|Errors): [1-9]|^Found [1-9]\d* errors?|\bmake(?:\[\d+\])?: \*\*\*|build stopped|could not compile|Finished: FAILURE|Job failed"
    r"|completed with exit code [1-9]|exited with [1-9]|did not complete successfully|script returned exit code [1-9]|^FAIL\t|^--- FAIL|^✖ [1-9]\d* problem",
    "good summary": r"BUILD SUCCESS|^OK\b|^=+ (?:\d+ (?!failed|error)\w+, )*\d+ passed(?!.*(?:failed|error)).* in [\d.]+|^\d+ passed(?!.*(?:failed|error)).* in [\d.]+s|^test result: ok|^[#ℹ] fail 0|\b0 failures, 0 errors|^\s*\d+ passing|100% tests passed"
    r"|^Success\b|^All checks passed|Finished: SUCCESS|Job succeeded|exited with 0|^ok\t|^Tests run:.*Failures: 0, Errors: 0|^Tests:? +\d+ passed, \d+ total",
    "exit status": r"(?i)exit(?:ed)?(?: with)?:? (?:code|status)(?!\W{0,3}0\b)|non-zero|returned [1-9]\d*|\bError \d+$|exit code(?!\W{0,3}0\b)|status [1-9]\d*$|ELIFECYCLE|errno",
    "good status": r"(?i)BUILD SUCCESS|\bpassed\b|\bok\b|success|up[- ]to[- ]date|\bdone\b|100%|completed|finished|\bbuilt\b",
    "failed test": r"\.\.\. (?:FAIL|ERROR)|^FAILED |^ERROR \S+|✕|✖|✗|^\s*not ok |--- FAIL|<<< (?:FAILURE|ERROR)|^\s*●|\*\*\*(?:Failed|Exception|Timeout)|^(?:FAIL|ERROR): |^\s*\d+\) |^_{3,} .* _{3,}$|^---- \S+ stdout",
    "good test": r"\.\.\. ok$|PASSED|✓|✔|^\s*ok \d|^ok\s|--- PASS| Passed |^PASS\b",
    "none failed": r"(?i)\b(?:0|no|without|zero) (?:errors?|fail\w*|problems?|tests? failed)|\berrors?[:=] ?0\b|fail(?:ures?|ed)?[:= ]+0\b|[-_]error\b|error[-_.]|expected here",
    "some failed": r"(?i)\b[1-9]\d* (?:errors?|fail\w*|problems?|tests? failed)\b|\b(?:errors?|fail(?:ures?|ed)?)[:=] ?[1-9]",
    "warning": r"(?i)\bwarn(?:ing)?s?\b|deprecat|\[-W",
    "section": r"^[=\-_*#~]{3,}.*[=\-_*#~]{3,}$|^(?:FAILURES|ERRORS|Failures|Errors|failures|Failed tests|The following tests FAILED|Results)\b ?:?|short test summary|^\s*\d+ failing|COMPILATION ERROR|What went wrong",
    "ruler": r"^\s*(?:\[\w+\] )?[=\-_*#~.]{8,}\s*$",
    "advice": r"(?i)re-?run|for more information|see (?:the )?(?:full|log|also)|\[Help \d|run with|--help|usage:|a complete log|try (?:'|again|running)|full stack ?trace|debug logging|please refer",
    # what is usually only noise
    "progress": r"(?i)\bdownload(?:ed|ing)?\b|\bfetch(?:ed|ing)?\b|\d+%|\binstalling\b|\bcollecting\b|unpacking|preparing|\bresolving\b|progress|\bcached?\b|requirement already",
    "command": r"^\+{1,3} |^\$ |^\s*(?:/\S+/)?(?:gcc|g\+\+|cc|c\+\+|clang|javac|python3?|node|go|cargo|mvn|npm|ld|ar|cmake|make|rm|cp|mkdir|echo|Running|Run|rustc)\b |^\[command\]|^> |^##\[group\]Run",
    "building": r"^\s*(?:\[ *\d+%\]|\[\d+/\d+\]|CC |CXX |LD |Compiling|Building|Linking|Scanning|Checking|-- |Running|Step \d|#\d+ )",
    "information": r"^.{0,40}\b(?:INFO|DEBUG|TRACE|NOTICE)\b",
    "of the CI": r"^##\[|^::|travis_|section_(?:start|end)|\[Pipeline\]|^Post job|^Cleaning up|^Uploading|^\[command\]",
    "marked by the CI": r"^##\[error\]|^::error|^ERROR: Job failed|^The command .* exited with [1-9]",
    "nothing to see": r"^\s*(?:\[\w+\])?\s*$",
    "assignment": r"^\s*[\w.-]+\s*[:=]\s*\S",
    "sentence": r"^[A-Z][a-z]+ (?:[a-z]+ ){2,}",
    "only code": r"[;{}]\s*$|^\s+(?:return|if|for|def|self|assert|import|from|const|let|var|int)\b",
}  # fmt: skip
SIZES = ("indent", "length", "capitals", "digits", "marks", "words")
NAMES = (*SIGNS, *SIZES)

_COMPILED = [re.compile(pattern) for pattern in SIGNS.values()]
LONGEST = 400
"""Characters of a line that are looked at."""


def read_signs(contents: Sequence[str]) -> NDArray[np.float32]:
    """A row for each content, a column for each of NAMES. Equal contents are read once."""
    import numpy as np

    rows: dict[str, int] = {}
    places = [rows.setdefault(content, len(rows)) for content in contents]
    table = np.zeros((len(rows), len(NAMES)), np.float32)
    for row, content in enumerate(rows):
        table[row] = _row(content[:LONGEST])
    return table[places]


@functools.lru_cache(maxsize=1 << 14)
def _row(text: str) -> tuple[float, ...]:
    return (*(pattern.search(text) is not None for pattern in _COMPILED), *_sizes(text))


_CAPITALS, _DIGITS, _MARKS = re.compile(r"[A-Z]"), re.compile(r"\d"), re.compile(r"[^\w\s]")


def _sizes(text: str) -> tuple[float, ...]:
    size = len(text) or 1
    return (
        min(len(text) - len(text.lstrip()), 40),
        len(text),
        len(_CAPITALS.findall(text)) / size,
        len(_DIGITS.findall(text)) / size,
        len(_MARKS.findall(text)) / size,
        text.count(" "),
    )
