"""What one line shows by itself: a fixed list of signs, and a few sizes.

A sign holds for many tools: rules for the forms of single tools (compilers, linkers, make, cmake, cargo,
maven, gradle, npm, tsc, eslint, pytest, unittest, jest, go test, stack traces, containers, CI annotations)
are alternatives inside a sign, so that an unknown tool is still recognised where it writes like a known one.
"""

from __future__ import annotations

import functools
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcp_smalltools.tools.find_failure.sign_words import WORDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_POSITION = r"[\w./\\@$+-]*[\w/\\]\.[A-Za-z]\w{0,5}(?::\d+(?::\d+)?|\(\d+(?:,\d+)?\)|:\[\d+,\d+\])"

SIGNS = {
    # what a tool says of an error
    "diagnostic": rf"^(?:\[(?:ERROR|error)\] |\s*\[\w+\] |\S+: |e: |\d+>)?\s*{_POSITION}:? +(?:- )?(?:fatal |internal |compile )?(?:[Ee]rror|fatal|E\d+|[A-Z]{{1,4}}\d{{3,}}|undefined|cannot|syntax)"
    rf"|^\s*\d+:\d+\s+(?:error|[✖×✗✘])|^error(?:\[\w+\])?: |^{_POSITION}: (?!warning|note|In )"
    r"|^! \S"  # LaTeX
    r"|^File \"[^\"]{1,200}\", lines? \d+"  # dune
    r"|^e: \S"  # Kotlin
    r"|^== Compilation error|^\*\* \(\w"  # Elixir
    r"|^❌ ",
    "position at start": rf"^\W{{0,6}}{_POSITION}(?::|$| [-–] | \S)",
    "row": r"^\s{1,6}(?:[|│] ?)?:?\d{1,5}(?::\d{1,4})?(?:\s{2,}|\s?[|│]\s)\s{0,8}\S"
    r"|^\s{0,6}\d{1,4}[.)] \S"
    r"|^\s{0,4}[*•-] \S|^[|│┃] \S",
    "error label": (
        r"(?i)\b(?:error|fatal|critical|severe|panic|fehler|erreur|errore|erro|ошибка)(?:\[[\w-]+\]| \w+\d+)?\s*:"
        r"|エラー|错误|錯誤|오류"
        r"|^\[?(?:ERROR|FATAL|SEVERE)\]?\b"
        r"|ERR!"
    ),
    "error at start": (
        r"^\W{0,3}(?:ERROR|FATAL|SEVERE|CRITICAL|Error|error|fatal|FATAL ERROR|npm (?:ERR!|error)|PHP Fatal|CMake Error|"
        r"Fatal|Fehler|Erreur|TASK ERROR|Problem \d|Unhandled|Uncaught|failed: \[)\b"
        r"|^E  |^\W{0,3}ERR[!:]? |^! "
    ),
    "error level": r"^.{0,48}\b(?:ERROR|FATAL|SEVERE|CRITICAL|PANIC)\b",
    "error word": r"(?i)\berrors?\b",
    "failure word": r"(?i)\b(?:fail(?:ed|ure|ures|ing|s)?|abort(?:ed|ing)|crash(?:ed)?|rejected|broken|violations?|problems?|"
    r"fehlgeschlagen|fehlschlag|échou\w{1,4}|échec|falha|falló|fallido|fallito|impossible|unmöglich|nicht gefunden|introuvable)\b"
    r"|失敗|失败|无法|실패|не удалось|не найден",
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
        r"|^\s{0,6}\*\* \(\w"  # Elixir
        r"|^(?:ERROR: )?LoadError:|^Error in \S"  # Julia, R
        r"|^PHP (?:Fatal|Parse|Recoverable)|^Fatal error: "
        r"|^Debugger entered"
        r"|^Oops: |Kernel panic|^BUG: "
        r"|^\*\*\* \w+ (?:Error|error|failed)"
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
        r"|^\s{1,8}(?:#\s)?\S{1,200}\.\w{1,5}:\d{1,6}:in "
        r"|^at \S{1,200}[:, ]"
        r"|^\s{0,6}\[\d{1,3}\] \S"  # Julia
        r"|^\s{1,12}❯ \S"
        r"|^\s{1,12}\S{1,200}\.exs?:\d{1,6}: "
        r"|^/\S{1,200}:\d{1,6}$"
        r"|^At \S.{0,200}:\d{1,6} char:\d|^\s{0,4}\+ (?:~|CategoryInfo|FullyQualified)"  # PowerShell
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
        r"|^\s*[╰╭├╷╵]"
        r"|^\s*│"
        r"|^\s{0,4}[│║|]\s"
    ),
    "position": r"\.[A-Za-z]\w{0,5}(?::\d|\(\d{1,6}[,)]|:\[\d)|\bline \d+\b|--> \S+:\d+",
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
        r"|^CONFLICT \(|^ ! \[\w"  # git
        r"|^fatal: |^failed: \["
        r"|: (?:Failed|Unknown|Unable|Refusing|Cannot|Couldn't|Could not|Invalid|Missing) \S"
        r"|^(?:Failed|Unable|Cannot|Could not|Couldn't|Can't|Could NOT|Refusing|Nothing provides|nothing provides) \S"
        r"|^\s{0,4}[×✗✘✖] \S"
        r"|^\s{0,8}Because \S|^And because |^So, because |rejecting: "
        r"|Back-off |ImagePull|CrashLoop|OOMKilled|FailedScheduling|FailedMount"
        r"|Failed to start |Main process exited|Failed with result"
        r"|Failed asserting|Failure/Error"
        r"|Symbol's value as variable is void|Wrong type argument"
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
    "expected": r"(?i)\bexpect(?:ed|s|ing)?\b|but was|\bassert|mismatch|\bwant\b|\bgot\b|\bactual\b|== |!= |should (?:be|have|not)|did not equal",
    "difference": r"^\s{0,12}(?:[-+]{1,3} ?(?:Expected|Received|Actual|expected|actual)\b|@@ |[-+]{3} \S)"
    r"|(?i:^[\W_]{0,12}(?:expected|received|actual|got|want|left|right|but was|to equal|to be|wanted|difference|diff)\b\s{0,20}[:=])"
    r"|^\d{3}[-+] |^\s{0,8}[-+](?![-+])\S",
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
        r"|\bMemoryError"  # Python
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
        r"|\b(?:40[0134]|429|50[0234])\b.{1,40}http"
        r"|^\W{0,4}\[?[345]\d\d\]?\W{0,3}\s?https?:"
        r"|handshake|fatal alert|timeout was reached"
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
        r"|^FAILURE: |Test(?:s| run)? [Ff]ailed|Build FAILED|did NOT complete"
        r"|Failed with result|Execution halted|Automatic merge failed"
    ),
    "exit statement": (
        r"exited with [1-9]|completed with exit code [1-9]|^ERROR: Job failed|returned exit code [1-9]|Finished: FAILURE"
        r"|^make(?:\[\d+\])?: \*\*\*|ELIFECYCLE|returned a non-zero code|exit status [1-9]|failed to solve: |BUILD FAIL"
        r"|non-zero exit|exit code:? [1-9]|exited with code [1-9]|Exited with code exit status|status code [1-9]|ExitCode: [1-9]"
        r"|^The command .{0,400}(?:failed|exited with [1-9])|^\S{0,40}: exit [1-9]|Build step .{0,80}marked build as failure"
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
        r"|\[FAIL\]|\*\*\* FAILED|^\[-\] |\bFAIL(?:ED|ED!)?\s*$|^\s{0,6}(?:[×✘]|FAIL) |^FAIL[: ]"
        r"|#\s{1,4}Failed |^rspec \./|^\s{1,4}X \S|> \S.{0,200} FAILED$|Failed asserting|Failure/Error|^Failed \S"
        r"|: error: -\[|✗ |\(FAILED\)|^\s{0,4}Test .{1,200} failed|^Failure:?$|^Error:$"
    ),
    "test verdict": (
        r"^\s*--- FAIL: |\*\*\* FAILED \*\*\*|^\[-\] \S|\[FAIL\]|^(?:FAIL|ERROR): \S|^\s*not ok \d|<<< (?:FAILURE|ERROR)"
        r"|^FAILED \S|^\s{0,4}\d{1,3}\) \S|^\s{0,6}[✗✕✘×●] \S|^_{3,} .* _{3,}$|: error: -\[|^---- \S+ stdout|\bFAIL(?:ED)?\s*$"
        r"|^FAIL \S|#\s{1,4}Failed test|^\s{0,2}Failed \S+ \[|\.\.\. (?:FAIL|ERROR|FAILED)$|\bFAILED \("
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
        r"^(?:FAILURES|ERRORS|Failures|Errors|failures|Failed tests|The following tests FAILED|Results)\b ?:?"
        r"|short test summary"
        r"|^\s*\d+ failing"
        r"|COMPILATION ERROR"  # Maven
        r"|What went wrong"
    ),
    "banner": r"^[=\-_*#~]{3,}.*[=\-_*#~]{3,}$",
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
        r"|\r\$ "
    ),
    "step": (
        r"^##\[group\]|^travis_fold:start|section_start:|^\[Pipeline\] (?:stage|\{|sh)|^#\d{1,3} \[|^> Task |^Step \d{1,3}/"
        r"|^\$ \S|\r\$ \S|^\+ \S|^TASK \[|^PLAY \[|^\[\d{1,3}/\d{1,3}\] |^=+> |^-{3,}<|^\[INFO\] --- |^make(?:\[\d+\])?: Entering"
        r"|^> \S+@\S+ \S+|^##\[section\]Starting"
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

LONGEST = 400
"""Characters of a line that are looked at."""


def read_signs(contents: Sequence[str], patterns: Sequence[str]) -> NDArray[np.float32]:
    """A row for each content, a column for each of NAMES. Contents of one pattern and indent are read once, unless
    they hold a word that goes with a number.
    """
    import numpy as np

    rows: dict[tuple[str, int], int] = {}
    told: list[str] = []
    places = []
    for content, pattern in zip(contents, patterns, strict=True):
        indent = len(content) - len(content.lstrip())
        key = (content, -1) if _COUNTED.search(content) else (pattern, indent)
        row = rows.setdefault(key, len(rows))
        if row == len(told):
            told.append(content[:LONGEST])
        places.append(row)
    table = np.zeros((len(told), len(NAMES)), np.float32)
    for row, text in enumerate(told):
        seen, sizes = _row(text)
        table[row, seen] = 1.0
        table[row, len(SIGNS) :] = sizes
    return table[places]


_COUNTED = re.compile(r"ail|AIL|rror|RROR|xit|xpect|tatus|roblem|eturned|ttp|ass|PASS|100")
"""Parts of words that say one thing with 0 and another with 1."""


def forms_of(pattern: str) -> list[str]:
    """The alternatives of a pattern, each with its flags."""
    flags = "(?i)" if pattern.startswith("(?i)") else ""
    forms, depth, start, place = [], 0, len(flags), len(flags)
    while place < len(pattern):
        sign = pattern[place]
        if sign == "\\":
            place += 1
        elif sign == "[":
            place = pattern.index("]", place + 2)
        elif sign == "|" and not depth:
            forms.append(flags + pattern[start:place])
            start = place + 1
        depth += (sign == "(") - (sign == ")")
        place += 1
    return [*forms, flags + pattern[start:]]


@dataclass(frozen=True, slots=True)
class _Forms:
    """All forms of all signs: the test of each, the bit of its sign among all forms, and the sign's number.

    `words` has for each word the forms, as bits, that a line with it may match; `always` those that need none.
    """

    tests: Sequence[Callable[[str], re.Match[str] | None]]
    others: list[int]
    """The bits of all forms but those of the same sign."""
    signs: list[int]
    words: list[tuple[str, int]]
    always: int


def _all_forms() -> _Forms:
    tests: list[Callable[[str], re.Match[str] | None]] = []
    signs: list[int] = []
    of_sign: list[int] = []
    bits: dict[str, int] = {}
    always = 0
    for sign, (name, pattern) in enumerate(SIGNS.items()):
        forms = forms_of(pattern)
        of_sign.append(((1 << len(forms)) - 1) << len(tests))
        words_of_forms = WORDS.get(name, ())
        for number, form in enumerate(forms):
            words = words_of_forms[number] if len(words_of_forms) == len(forms) else ()
            for word in words:
                bits[word] = bits.get(word, 0) | 1 << len(tests)
            always |= 0 if words else 1 << len(tests)
            compiled = re.compile(form)
            tests.append(compiled.match if form.removeprefix("(?i)").startswith("^") else compiled.search)
            signs.append(sign)
    return _Forms(tests, [~of_sign[sign] for sign in signs], signs, list(bits.items()), always)


_FORMS = _all_forms()


@functools.lru_cache(maxsize=1 << 14)
def _row(text: str) -> tuple[list[int], tuple[float, ...]]:
    """The numbers of the signs that a line shows, and its sizes."""
    lower = text.lower()
    possible = _FORMS.always
    for word, bits in _FORMS.words:
        if word in lower:
            possible |= bits
    seen = []
    while possible:
        form = (possible & -possible).bit_length() - 1
        if _FORMS.tests[form](text):
            seen.append(_FORMS.signs[form])
            possible &= _FORMS.others[form]
        else:
            possible &= possible - 1
    return seen, _sizes(text)


_CAPITALS = string.ascii_uppercase.encode()
_DIGITS = string.digits.encode()
_MARKS = string.punctuation.replace("_", "").encode()


def _sizes(text: str) -> tuple[float, ...]:
    size = len(text) or 1
    data = text.encode("utf-8", "replace")
    long = len(data)
    return (
        min(len(text) - len(text.lstrip()), 40),
        len(text),
        (long - len(data.translate(None, _CAPITALS))) / size,
        (long - len(data.translate(None, _DIGITS))) / size,
        (long - len(data.translate(None, _MARKS))) / size,
        text.count(" "),
    )
