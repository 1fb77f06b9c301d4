"""What one line shows by itself: a fixed list of signs, and a few sizes.

A sign holds for many tools: rules for the forms of single tools (compilers, linkers, make, cmake, cargo,
maven, gradle, npm, tsc, eslint, pytest, unittest, jest, go test, stack traces, containers, CI annotations)
are alternatives inside a sign, so that an unknown tool is still recognised where it writes like a known one.
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
    "error label": (
        r"(?i)\b(?:error|fatal|critical|severe|panic)(?:\[[\w-]+\]| \w+\d+)?\s*:"
        r"|^\[?(?:ERROR|FATAL|SEVERE)\]?\b"
        r"|ERR!"
    ),
    "error at start": (
        r"^\W{0,3}(?:ERROR|FATAL|SEVERE|CRITICAL|Error|error|fatal|FATAL ERROR|E  |npm (?:ERR!|error))\b"
    ),
    "error level": r"^.{0,48}\b(?:ERROR|FATAL|SEVERE|CRITICAL|PANIC)\b",
    "error word": r"(?i)\berrors?\b",
    "failure word": r"(?i)\b(?:fail(?:ed|ure|ures|ing|s)?|abort(?:ed|ing)|crash(?:ed)?|rejected|broken)\b",
    "exception": r"\b[A-Z]\w*(?:Error|Exception|Failure|Interrupt|Fault|Exit)\b",
    "exception at start": (
        r"^\s*(?:\S{0,60}: )?(?:[\w$]+\.)*[A-Z][\w$]*(?:Error|Exception|Failure|Interrupt|Exit)\b(?: \[\w+\])?(?::|$| in | \()"
        r"|^Caused by: "
        r"|^thread '.*' (?:\(\d+\) )?panicked"  # Rust
        r"|^panic: "
        r"|^terminate called"
        r"|^Uncaught "
        r"|^Exception in thread"
        r"|^Unhandled "
    ),
    "trace opens": (
        r"Traceback \(most recent"
        r"|[Ss]tack ?trace"
        r"|^goroutine \d"
        r"|Call Stack"
        r"|stack backtrace"
        r"|^Backtrace"
        r"|During handling of the above"
        r"|direct cause of the following"
    ),
    "frame": (
        r"^\s+at \S"
        r"|^\s*File \".*\", line \d+"
        r"|^\s+from \S+:\d+"
        r"|^\s+#\d+ +0x"
        r"|^\s*\d+: +0x"
        r"|^\t/\S+:\d+"
        r"|^\s*\.\.\. \d+ (?:more|common)"
        r"|^\S+\(.*\) at "
        r"|^\S+\.rb:\d+:in "
    ),
    "frame of a library": (
        r"node_modules"
        r"|node:"
        r"|site-packages"
        r"|dist-packages"
        r"|org\.junit"
        r"|org\.apache"
        r"|java\.base"
        r"|jdk\."
        r"|sun\.reflect"
        r"|/usr/lib"
        r"|/rustc/"
        r"|<frozen"
        r"|/runtime/"
        r"|/testing/"
        r"|org\.gradle"
        r"|/gems/"
    ),
    "quoted source": (
        r"^\s*\d* *\|(?: |$)"
        r"|^\s*-->"
        r"|^\s*(?:\d+\s*)?[~^|\s]*[\^~]+[\s~^]*(?:\S.*)?$"
        r"|^> "
        r"|^\s*>\s+\d+ \|"
        r"|^E  "  # pytest
        r"|^\s*╰"
        r"|^\s*│"
    ),
    "position": rf"{_POSITION}|\bline \d+\b|^\s+--> \S+:\d+|\.java:\d+\)|:\[\d+,\d+\]",
    "complaint": (
        r"^(?:[\w./+-]+: ){1,4}(?:line \d+: )?.*(?:[Nn]o such |not found|[Pp]ermission denied|[Cc]annot |[Cc]ould not|[Cc]ouldn't|[Ff]ailed to|unbound variable|syntax error|[Nn]o space|[Rr]efused|[Tt]imed out|[Ii]s a directory|[Nn]ot a |[Uu]nrecognized|[Ii]nvalid )"  # bash
        r"|Segmentation fault"
        r"|core dumped"
        r"|Floating point exception"
        r"|Bus error"  # the shell
        r"|\bAborted\b"
        r"|\bKilled$"  # the shell, after the OOM killer
        r"|Assertion `.*failed"
        r"|^(?:Makefile|\S+\.mk):\d+: \*\*\*"
        r"|^make(?:\[\d+\])?: \*\*\* (?!\[)"
        r"|^E: "
    ),
    "note": r"^\S*:? ?(?:note|hint|help|info)\b|: note: |^\s+= (?:note|help)|^hint: ",
    "included from": (
        r"^In file included from"
        r"|: In (?:member )?function"
        r"|^\s+from \S+:\d+"
        r"|: At (?:global|top)"
        r"|required from"
        r"|in function `"
        r"|^FAILED: "
        r"|^# \S+$"
    ),
    # in which words
    "cannot": (
        r"(?i)\b(?:cannot|can't|can not|could not|couldn't|unable to|not able to|did not|didn't|doesn't|refus\w+|denied|forbidden|not (?:allowed|permitted|supported))"
    ),
    "missing": (
        r"(?i)not found"
        r"|no such"
        r"|undefined"
        r"|undeclared"
        r"|unresolved"
        r"|missing"
        r"|does not exist"
        r"|doesn't exist"
        r"|unknown"
        r"|unrecogni[sz]ed"
        r"|not (?:defined|declared|installed|available|exist)"
        r"|no (?:module|rule|matching|package|required|version)"
        r"|nonexist"
        r"|not in scope"
    ),
    "expected": r"(?i)\bexpect(?:ed|s|ing)?\b|but was|\bassert|mismatch|\bwant\b|\bgot\b|\bactual\b|[!=]==? ",
    "invalid": (
        r"(?i)\b(?:invalid|illegal|malformed|unexpected|syntax error|unsupported|incompatible|corrupt\w*|conflict\w*|duplicate|ambiguous|multiple definition|already|must\b|required)"
    ),
    "killed": (
        r"(?i)\bkilled\b"  # the shell, after the OOM killer
        r"|\bsig(?:segv|kill|abrt|term|bus)\b"
        r"|signal \d+"
        r"|segmentation"
        r"|core dumped"
        r"|out of memory"
        r"|oom\b"
        r"|heap"
        r"|no space left"  # errno ENOSPC
        r"|quota"
        r"|tim(?:ed|e) ?out"
        r"|deadline"
        r"|stack overflow"
        r"|bad_alloc"  # C++
        r"|MemoryError"  # Python
        r"|overflow"
    ),
    "network": (
        r"(?i)connection (?:refused|reset|timed|aborted)"
        r"|unreachable"
        r"|resolve host"
        r"|ECONN\w+"  # Node
        r"|ETIMEDOUT"
        r"|ENOTFOUND"
        r"|EADDR\w+"
        r"|\bssl\b"
        r"|certificate"
        r"|\b(?:HTTP|status)(?: code)?:? [45]\d\d\b"
        r"|offline mode"
    ),
    # how things stand
    "failed status": (
        r"BUILD (?:FAILURE|FAILED)"
        r"|\bmake(?:\[\d+\])?: \*\*\*"
        r"|(?i:build failed|job failed|task failed|tests? failed|failed to (?:execute|solve))"
        r"|Process completed with exit code [1-9]"
        r"|Finished: FAILURE"
        r"|marked build as failure"
        r"|Lifecycle script"
        r"|could not compile"  # cargo
        r"|aborting due"
        r"|build stopped"
        r"|rake aborted"
        r"|Errors while running"
        r"|ERR_"
        r"|FAILED \("
        r"|^FAIL\b"
        r"|errors? during"
        r"|Your build exited with [1-9]"
    ),
    "bad summary": (
        r"BUILD (?:FAILURE|FAILED)"
        r"|^FAILED \("
        r"|^=+ .*\b\d+ (?:failed|errors?)\b.* in [\d.]+"
        r"|^(?:\d+ passed, )?\d+ (?:failed|errors?)\b.* in [\d.]+s"
        r"|^test result: FAILED"
        r"|^[#ℹ] fail [1-9]"
        r"|\b[1-9]\d* (?:failures?|errors?)(?:, \d+ \w+)*$"
        r"|^Tests?:? .*\b[1-9]\d* failed"
        r"|^\s*[1-9]\d* failing"
        r"|tests passed, [1-9]\d* tests? failed"
        r"|Tests run:.*(?:Failures|Errors): [1-9]"  # Maven Surefire
        r"|^Found [1-9]\d* errors?"
        r"|\bmake(?:\[\d+\])?: \*\*\*"
        r"|build stopped"
        r"|could not compile"  # cargo
        r"|Finished: FAILURE"
        r"|Job failed"
        r"|completed with exit code [1-9]"
        r"|exited with [1-9]"
        r"|did not complete successfully"
        r"|script returned exit code [1-9]"
        r"|^FAIL\t"
        r"|^--- FAIL"  # go test
        r"|^✖ [1-9]\d* problem"  # node:test
    ),
    "good summary": (
        r"BUILD SUCCESS"
        r"|^OK\b"
        r"|^=+ (?:\d+ (?!failed|error)\w+, )*\d+ passed(?!.*(?:failed|error)).* in [\d.]+"
        r"|^\d+ passed(?!.*(?:failed|error)).* in [\d.]+s"
        r"|^test result: ok"
        r"|^[#ℹ] fail 0"
        r"|\b0 failures, 0 errors"
        r"|^\s*\d+ passing"
        r"|100% tests passed"
        r"|^Success\b"
        r"|^All checks passed"
        r"|Finished: SUCCESS"
        r"|Job succeeded"
        r"|exited with 0"
        r"|^ok\t"
        r"|^Tests run:.*Failures: 0, Errors: 0"  # Maven Surefire
        r"|^Tests:? +\d+ passed, \d+ total"
    ),
    "exit status": (
        r"(?i)exit(?:ed)?(?: with)?:? (?:code|status)(?!\W{0,3}0\b)"
        r"|non-zero"
        r"|returned [1-9]\d*"
        r"|\bError \d+$"
        r"|exit code(?!\W{0,3}0\b)"
        r"|status [1-9]\d*$"
        r"|ELIFECYCLE"
        r"|errno"
    ),
    "good status": (
        r"(?i)BUILD SUCCESS"
        r"|\bpassed\b"
        r"|\bok\b"
        r"|success"
        r"|up[- ]to[- ]date"
        r"|\bdone\b"
        r"|100%"
        r"|completed"
        r"|finished"
        r"|\bbuilt\b"
    ),
    "failed test": (
        r"\.\.\. (?:FAIL|ERROR)"  # unittest
        r"|^FAILED "
        r"|^ERROR \S+"
        r"|✕"  # Jest
        r"|✖"  # node:test
        r"|✗"
        r"|^\s*not ok "  # TAP: node:test
        r"|--- FAIL"  # go test
        r"|<<< (?:FAILURE|ERROR)"  # Maven Surefire
        r"|^\s*●"  # Jest
        r"|\*\*\*(?:Failed|Exception|Timeout)"
        r"|^(?:FAIL|ERROR): "
        r"|^\s*\d+\) "
        r"|^_{3,} .* _{3,}$"
        r"|^---- \S+ stdout"
    ),
    "good test": r"\.\.\. ok$|PASSED|✓|✔|^\s*ok \d|^ok\s|--- PASS| Passed |^PASS\b",
    "none failed": (
        r"(?i)\b(?:0|no|without|zero) (?:errors?|fail\w*|problems?|tests? failed)"
        r"|\berrors?[:=] ?0\b"
        r"|fail(?:ures?|ed)?[:= ]+0\b"
        r"|[-_]error\b"
        r"|error[-_.]"
        r"|expected here"
    ),
    "some failed": (
        r"(?i)\b[1-9]\d* (?:errors?|fail\w*|problems?|tests? failed)\b"
        r"|\b(?:errors?|fail(?:ures?|ed)?)[:=] ?[1-9]"
    ),
    "warning": r"(?i)\bwarn(?:ing)?s?\b|deprecat|\[-W",
    "section": (
        r"^[=\-_*#~]{3,}.*[=\-_*#~]{3,}$"
        r"|^(?:FAILURES|ERRORS|Failures|Errors|failures|Failed tests|The following tests FAILED|Results)\b ?:?"
        r"|short test summary"
        r"|^\s*\d+ failing"
        r"|COMPILATION ERROR"  # Maven
        r"|What went wrong"
    ),
    "ruler": r"^\s*(?:\[\w+\] )?[=\-_*#~.]{8,}\s*$",
    "advice": (
        r"(?i)re-?run"
        r"|for more information"
        r"|see (?:the )?(?:full|log|also)"
        r"|\[Help \d"
        r"|run with"
        r"|--help"
        r"|usage:"
        r"|a complete log"
        r"|try (?:'|again|running)"
        r"|full stack ?trace"
        r"|debug logging"
        r"|please refer"
    ),
    # what is usually only noise
    "progress": (
        r"(?i)\bdownload(?:ed|ing)?\b"
        r"|\bfetch(?:ed|ing)?\b"
        r"|\d+%"
        r"|\binstalling\b"
        r"|\bcollecting\b"
        r"|unpacking"
        r"|preparing"
        r"|\bresolving\b"
        r"|progress"
        r"|\bcached?\b"
        r"|requirement already"
    ),
    "command": (
        r"^\+{1,3} "
        r"|^\$ "
        r"|^\s*(?:/\S+/)?(?:gcc|g\+\+|cc|c\+\+|clang|javac|python3?|node|go|cargo|mvn|npm|ld|ar|cmake|make|rm|cp|mkdir|echo|Running|Run|rustc)\b "
        r"|^\[command\]"
        r"|^> "
        r"|^##\[group\]Run"
    ),
    "building": (
        r"^\s*(?:\[ *\d+%\]|\[\d+/\d+\]|CC |CXX |LD |Compiling|Building|Linking|Scanning|Checking|-- |Running|Step \d|#\d+ )"
    ),
    "information": r"^.{0,40}\b(?:INFO|DEBUG|TRACE|NOTICE)\b",
    "of the CI": (
        r"^##\["
        r"|^::"
        r"|travis_"
        r"|section_(?:start|end)"
        r"|\[Pipeline\]"
        r"|^Post job"
        r"|^Cleaning up"
        r"|^Uploading"
        r"|^\[command\]"
    ),
    "marked by the CI": r"^##\[error\]|^::error|^ERROR: Job failed|^The command .* exited with [1-9]",
    "nothing to see": r"^\s*(?:\[\w+\])?\s*$",
    "assignment": r"^\s*[\w.-]+\s*[:=]\s*\S",
    "sentence": r"^[A-Z][a-z]+ (?:[a-z]+ ){2,}",
    "only code": r"[;{}]\s*$|^\s+(?:return|if|for|def|self|assert|import|from|const|let|var|int)\b",
}
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
