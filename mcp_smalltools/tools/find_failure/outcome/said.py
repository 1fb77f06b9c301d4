"""What single lines say of success and failure."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from mcp_smalltools.tools.find_failure.outcome import outcome_words as words
from mcp_smalltools.tools.find_failure.outcome.roles import Role


class Scope(IntEnum):
    """Of what a line speaks, the narrowest first."""

    MESSAGE = 0
    STEP = 1
    TASK = 2
    TOOL = 3
    RUN = 4


@dataclass(frozen=True, slots=True)
class OutcomeStatement:
    """A line, by its place from 0, that says that something went well, or that it failed."""

    place: int
    good: bool
    scope: Scope


_LONGEST = 400
_BAD_WORD = (
    r"(?:\w{1,20}\(s\) |tests? |test cases? |assertions? |specs? |examples? |scenarios? |jobs? |tasks? |packages? |suites? |files? |tests?suites? )?"
    r"(?:fail(?:ed|ures?|ing|s)|err(?:or|ored|ors)|broken|not ok|unreachable|crash(?:ed|es)|fatal(?:ities| errors?)?|FEHLGESCHLAGEN|Fehler|erreurs?|[ée]checs?|"
    r"errores|fallos?|fallid[oa]s|erros?|falhas?|errori|falliti|ошиб\w+|bł[ęe]d\w*|hata|fouten)"
)
_COUNTED = re.compile(
    rf"(?<![\w.%/:-])(?P<before>\d+(?:,\d{{3}})*)(?: {{0,2}}(?:个 ?|個 ?)?|-)(?:{_BAD_WORD}\b|错误|錯誤|失败|エラー|失敗)(?:\(s\))?(?![-_/\w]|\s?[:=|]\s*\d)"
    rf"|\b(?:{_BAD_WORD}|fail|KO(?==))\b(?:\(s\))?\s?[:=|]\s*(?P<after>\d+)(?![\w.:-]*\w)|^[#ℹ] fail (?P<tap>\d+)|^\s*(?P<bare>\d+) fail$|\[ FAIL (?P<r>\d+) ",
    re.IGNORECASE,
)
"""A count of what failed, before or after its name."""
_GOOD_COUNT = re.compile(
    r"(?<![\w.%/-])[1-9][\d,]*\W{0,3}(?:(?:tests?|specs?|examples?|checks?|assertions?|scenarios?|steps?|suites?|of \d+|\w+ test suites?) ){0,2}"
    r"(?:pass(?:ed|ing|es)?|succeeded|successful|OK)\b(?!\s?=)(?! \((?![\d.]+ ?m?s\))| (?:to|as|by|through|from|in(?! [\d<]))\b)|^DONE [1-9]\d* tests|^TOTAL: [1-9]\d* SUCCESS$|\b(?:pass(?:ed)?|succeeded|successful)\s?[:=]\s*[1-9]|^# pass [1-9]|^ {2,}(?:Tests|Test Files) {2}[1-9]\d* passed \(\d+\)$|"
    r"(?<![\w.%/-])(?:100% tests passed|(?P<n>[1-9]\d*)/(?P=n) (?:tests? )?passed)",
    re.IGNORECASE,
)
_OK_BUT = re.compile(r"OK \((?:(?:skipped|expected failures)=\d+(?:, )?){1,2}\)$")
"""Python's unittest: all went well but for what was left out, or meant to fail."""
_ONLY_WARNED = re.compile(r"✖ \d+ problems? \(0 errors, \d+ warnings?\)$")
"""ESLint's count; where warnings fail the run, a line after it says so."""
_SHARE = re.compile(
    r"(?<![\w./-])(?P<some>\d+)(?:/| of )(?P<all>\d+)(?: \w+)? (?:passed|succeeded|successful)\b",
    re.IGNORECASE,
)
_NOT_COUNTED = re.compile(
    r"(?i)expected (?:failure|error)|\bxfail|exit[- ]?code|\bline \d+|error code|status|\berror[:=] ?\d+\b.{0,4}\w|attempt|max|limit|retr|threshold|allow"
)
"""Numbers beside a word of failure that count no failures of this run."""
_OF_HTTP = re.compile(r"(?i)(?!.*\bexit).*\bstatus\b\W{0,4}[2-5]\d\d(?<!255)$|returned\W{0,3}[45]\d\d$")
"""The status of a response, which no program ends with."""
_PROBE = re.compile(
    r"-- (?:Performing Test|Looking for|Check(?:ing)?(?: for)?|Detecting|Could NOT find) |\s[+~-] [\w.\[\]-]+==\S+$"
)
"""What CMake tries out and may do without, and a package that is put in or taken out, whatever it is called."""
_TALLY = re.compile(r"(?i)\b(?:pass(?:ed)?|ok|skip(?:ped)?|warn(?:ings?)?|total)[=:] ?\d")
"""A row of counts by name: `PASS=13 ERROR=1` tells no error code."""
_EXIT = re.compile(
    r"\b(?:exit(?:ed|s|ing)?|return(?:ed|s)?|finish(?:ed)?|end(?:ed)?|complet(?:ed|ion)|terminat(?:ed|ion)|quit|done|fail(?:ed)?|stopped|command|process|script)\b"
    r"[^\n]{0,60}?\b(?:code|status|value)\b[\s:='\"(#]{0,4}(?P<a>-?\d+|0x[0-9a-f]+)(?![\w./]\w)"
    r"|\b(?:exit(?:ed)? with|returned|exit[ _-]?code|exit[ _-]?status|exit value|errorlevel|return code|returncode|RC|COMMAND_EXIT_CODE)\b[\s:='\"(]{0,4}(?P<b>-?\d+|0x[0-9a-f]+)(?![\w./]\w)"
    r"|\bexit (?P<c>\d{1,3})$",
    re.IGNORECASE,
)
_TELLING = tuple(
    "fail|error|success|succe|finish|passed|pass|complete|done|exit|abort|fatal|panic|killed|not found|no such|denied|build |"
    "✓|✔|✅|✗|✘|✕|✖|❌|×|☒|installed|added |audited|up to date|up-to-date|nothing to|no changes|terminated|stopped|core dumped|"
    "emergency|bail out|unchanged|congrat|traceback|exception|uncaught|unhandled|returned|code|status|reformat|naming to|digest:|"
    "output written|deploy|plan:|built|unbound|conflict|unsatisf|no solution|memory|no space|incompat|unable|giving up|cannot |"
    "could not|unresolved|undefined|generating autoload|invalid|caused by|not ok|[ok]|ok|wrote|saved|created|speedup|live|refused|"
    "test suites|nvcc|e: |terminating|halted|cancel|jobs|no output|dubious|no issues|no problems|no warnings|no vuln|no diff|"
    "erfolg|fehl|succès|réussi|échou|échec|erreur|éxito|exitos|falló|fallid|fallado|sucesso|falh|erro|riuscit|fallit|успе|ошиб|не удалось|"
    "заверш|pomyśln|powodz|powiod|błąd|başar|hata|geslaagd|mislukt|fout|lyckad|成功|失败|失敗|完了|完成|错误|錯誤|エラー|正常|異常|"
    "성공|실패|완료|오류|rc=|rc:|aborted|gescheitert|abgebrochen|fertig|abgeschlossen|terminé|terminado|concluído|completato|sigint|"
    "started|startup|listening|ready|normal|cleanly|sanitizer|diff in |line |r(|end|bundled|synced|running|booting|start worker|reached|stage|termination|problems| up|characters|qualifiederror|sqlstate|generated|.ps1:|found|verified|resetting|threshold|required|err_|coverage|not met|errno|back-off|backoff|oomkilled|resource|crash".split(
        "|"
    )
)
"""Without one of these a line says nothing of success or failure: most lines of a log."""


_TELLING_EARLY = tuple(
    "ail|AIL|rror|RROR|xit|***|abort|Abort|atal|panic|core dumped|Finished: |stopped|失|ucce|UCCE".split("|")
)
"""The same far from the end, where only conclusions count."""
_ONLY_A_TIME = re.compile(
    r"\W{0,4}(?:finished|completed|ended|stopped)(?: (?:at|on):? ?(?:\d|\w{3},? \w{3} )|:? ?\d{1,4}[-/:]\d)",
    re.IGNORECASE,
)
"""When something ended, whatever came of it."""
_FINISHED = re.compile(r".{0,400}\S ?Finished: (?P<result>SUCCESS|FAILURE|UNSTABLE|ABORTED|NOT_BUILT)$")
"""Jenkins' last word behind what a program wrote last, without an end of the line."""
_HEAD = 400
"""Lines at the start in which a CI system announces itself."""
_END = 1_500
"""Lines at the end that are read for every word."""


def statements_of(contents: Sequence[str], roles: Sequence[Role]) -> list[OutcomeStatement]:
    """All statements of a log, in their order. Lines that are no output say nothing."""
    found = []
    early = len(contents) - _END
    for place, content in enumerate(contents):
        role = roles[place]
        if place < early and not words.holds_any(content, _TELLING_EARLY):
            continue
        if role is Role.OUTPUT or role is Role.AFTER or role is Role.PROGRESS or role is Role.FRAME:
            said = _read(content[:_LONGEST])
            if said is not None and (
                role is Role.OUTPUT or said[1] is Scope.RUN or (said[0] and said[1] >= Scope.TASK)
            ):
                found.append(OutcomeStatement(place, *said))
    if (last := _finished(contents)) is not None:
        found = [statement for statement in found if statement.place < last.place]
        found.append(last)
    return found


def _finished(contents: Sequence[str]) -> OutcomeStatement | None:
    """What Jenkins says in its last line, where a program's output comes before it there."""
    place = next((place for place in range(len(contents) - 1, -1, -1) if contents[place].strip()), None)
    if place is None or not (ended := _FINISHED.match(contents[place][-_LONGEST:])):
        return None
    if not any(words.FRAMES["jenkins"].match(content) for content in contents[:_HEAD]):
        return None
    return OutcomeStatement(place, ended["result"] == "SUCCESS", Scope.RUN)


@functools.lru_cache(maxsize=1 << 14)
def _read(content: str) -> tuple[bool, Scope] | None:
    """Whether a line says good or bad, and of what."""
    lower = content.lower()
    if not words.holds_any(lower, _TELLING) or _ONLY_A_TIME.match(content) or _PROBE.match(content):
        return None
    if words.BAD_RUN(content, lower):
        return False, Scope.RUN
    if words.GOOD_RUN(content, lower):
        return True, Scope.RUN
    if words.TOLERATED(content, lower) and (
        words.TAKEN_BACK(content, lower) or not words.BAD_TOOL(content, lower)
    ):
        return _despite_tolerance(content)
    if _ONLY_WARNED.match(content):
        return True, Scope.TOOL
    if (counted := _count(content)) is not None:
        return (True, Scope.STEP) if counted[0] and words.ONLY_WARNS(content, lower) else counted
    if (share := _SHARE.search(content)) is not None:
        return share["some"] == share["all"], Scope.TOOL
    if (code := _exit_code(content)) is not None:
        # Travis tells it of every command, and goes on after one that failed.
        of_a_step = content.startswith("The command ") or words.ONLY_WARNS(content, lower)
        return code == 0, Scope.STEP if of_a_step else Scope.TOOL
    if words.BAD_TOOL(content, lower):
        return False, Scope.TOOL
    if words.BAD_STEP(content, lower):
        return False, Scope.STEP
    if words.BAD_MESSAGE(content, lower):
        return None if words.ONLY_WARNS(content, lower) else (False, Scope.MESSAGE)
    return _good(content, lower)


def _good(content: str, lower: str) -> tuple[bool, Scope] | None:
    if words.NOT_GOOD(content, lower):
        return False, Scope.TOOL
    if words.ONLY_IF(content, lower):
        return None
    if words.GOOD_TOOL(content, lower) or _GOOD_COUNT.search(content):
        return True, Scope.TOOL
    if words.GOOD_TASK(content, lower):
        return True, Scope.TASK
    if words.READY(content, lower):
        return True, Scope.STEP
    if words.GOOD_STEP(content, lower) and not words.ONLY_WARNS(content, lower):
        return True, Scope.STEP
    return None


def _despite_tolerance(content: str) -> tuple[bool, Scope] | None:
    """A summary counts expected and skipped tests too: `12 passed, 1 xfailed`, `failed=0 ignored=1`."""
    if _OK_BUT.match(content):
        return True, Scope.TOOL
    counted = _count(content)
    if counted is not None:
        return counted
    return (True, Scope.TOOL) if _GOOD_COUNT.search(content) else None


def _count(content: str) -> tuple[bool, Scope] | None:
    """What the numbers of a summary say, if it is one."""
    tally = _TALLY.search(content) is not None
    counts = [
        int(next(filter(None, found.groups())).replace(",", ""))
        for found in _COUNTED.finditer(content)
        if tally or not _NOT_COUNTED.search(content[max(found.start() - 14, 0) : found.end() + 8])
    ]
    if not counts:
        return None
    if any(counts):
        return False, Scope.TOOL
    return True, Scope.TOOL


def _exit_code(content: str) -> int | None:
    """The exit code that a line tells; the last, if there are several."""
    found = [(match[0], next(filter(None, match.groups()))) for match in _EXIT.finditer(content)]
    if not found:
        return None
    said, number = found[-1]
    code = int(number, 16) if number[:2].lower() == "0x" else int(number)
    return None if _OF_HTTP.match(said) else code
