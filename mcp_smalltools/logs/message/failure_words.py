"""Messages that look like failures by their words, where no level says so.

Three degrees: what is a failure whatever the level of its record (a panic, a traceback, a killed process);
what mostly is one (failed, error, refused, 5xx); what often is one (not found, cannot, aborted). Words that
only name the subject ("0 errors", "error_log", "on_failure") are none.
"""

from __future__ import annotations

import re

SURE, LIKELY, MAYBE = 3, 2, 1
"""Degrees of `failure_degree`; 0 is none."""
_MOST_CHARS = 2_000
"""Characters of a line that are looked at."""

_SURE = re.compile(
    r"Traceback \(most recent call last\)|\bpanic(?:ked at|: |\b - )|[Kk]ernel panic|\b[Ss]egmentation fault|\bsegfault\b"
    r"|\bcore dumped\b|[Oo]ut of memory|\b(?:oom[-_ ]kill|OOMKilled)|OutOfMemoryError|\bKilled process\b"
    r"|TEST-UNEXPECTED|UNEXPECTED[-_ ]FAIL|(?<![\w=./-])(?:FATAL|CRITICAL|PANIC|EMERG)(?![\w=.-])|\bBUG: |\bOops: |\bCall Trace:"
    r"|\b[Uu]n(?:handled|caught) (?:\w{1,20} )?(?:[Ee]xception|[Ee]rror|[Rr]ejection)|uncaughtException|CrashLoopBackOff"
    r"|\b[Aa]ssertion (?:failed|error)|AssertionError|StackOverflowError|\b[Nn]o space left on device|\b[Ff]atal error\b"
    r"|\bSIG(?:SEGV|ABRT|BUS|ILL|FPE|KILL)\b|\bdouble free\b|\bstack smashing\b|\bI/O error\b|max(?:imum)? run time exceeded"
)
_LIKELY = re.compile(
    r"(?<![\w=./-])(?:ERROR|FAIL(?:ED|URE)?|SEVERE|UNEXPECTED|ABORTED|DENIED|REFUSED|TIMEOUT)(?![\w=./-])|\b[a-z]\w{0,60}Exception\b"
    r"|\b[A-Z]\w{2,60}(?:Exception|Error)(?=:|\b(?! ?=))|\bxHC error\b"
    r"|(?i:\b(?:(?:has |have |was |were |is |had )?failed\b|fail(?:s|ing|ure)?\b(?![-_.=/])|errors?\b(?![-_.=/]\w)|exception\b(?![-_.=/])"
    r"|refused|permission denied|access denied|authentication fail\w*|timed[- ]out|killed\b|crash(?:ed|es|ing)?\b"
    r"|corrupt(?:ed|ion)?\b|unreachable|deadlock|undefined reference|exit(?:ed|ing)?(?: with)?(?: code| status)?:? ?-?[1-9]\d{0,2}\b"
    r"|non-?zero exit|returned (?:error|-[1-9]|non-zero)|errno[ =:]+-?[1-9]|status(?: code)?[ =:]+5\d\d\b))"
    r"|\" 5\d\d (?:\d|-)|HTTP/\d(?:\.\d)?\" ?5\d\d\b|HTTP/\d(?:\.\d)? 5\d\d\b"
    r"|(?i:\bfehler\b|fehlgeschlagen|verweigert|\babgebrochen|\berreur|\béch(?:ec|oué)|\brefusé|\bfall(?:o|ó|ido)\b|\bdenegado"
    r"|\berro\b|\bfalh(?:a|ou)\b|\bnegado|\berrore\b|\bfallit[oa]\b|\bfout\b|\bmislukt|\bgeweigerd|\bbłąd|nie powiod"
    r"|ошибк|\bсбой|не удалось|отказано)|错误|失败|异常|拒绝|超时|崩溃|錯誤|失敗|エラー|例外|拒否|タイムアウト|오류|실패|예외"
)
_MAYBE = re.compile(
    r"(?i:\b(?:cannot|can'?t|could ?n[o']t|couldn't|unable to|no such file|not found|invalid\b|rejected|aborted|aborting"
    r"|denied|broken\b|lost\b|timeout\b(?![-_ ]?[=:]|s\b)|unavailable|disconnected unexpectedly|overflow|unexpected(?:ly)?|missing\b(?![./])"
    r"|unauthori[sz]ed\b|forbidden\b|(?:incorrect|wrong|bad) (?:password|credentials|checksum|signature)|mismatch\b|violation\b"
    r"|illegal\b|malformed\b|not responding|no response\b|no route to host|(?:connection |re)set by peer|broken pipe|gone away\b"
    r"|not enough\b|insufficient\b|exhausted\b|exceed(?:ed|s)\b|too many\b|unrecoverable|unreadable|(?:is|state:?|status:?) degraded\b"
    r"|unknown (?:host|user|command)\b|(?:link|interface|service|server|node|host|peer|port|line protocol)\b[^,;]{0,60} (?:is|went|state to) down\b"
    r"|terminated (?:unexpectedly|by|with|abnormally)|giving up|gave up|give up|bad (?:request|gateway)|went cold|stalled|hung\b"
    r"|konnte nicht|nicht gefunden|impossible de|introuvable|no se pudo|no encontrado|não foi possível|não encontrado"
    r"|impossibile|non trovato|kan niet|niet gevonden|не найден))|无法|不能|找不到|できません|見つかりません|찾을 수 없"
)
_SUBJECT = re.compile(
    r"(?i:\b(?:no|0|zero|without|any|ignor\w{1,8}|if|on|for|of)[ _-](?:\w{1,20} )?(?:errors?|fail(?:ed|ures?)?|exceptions?|crash\w*)\b"
    r"|\bfor (?:\w{1,20} ){0,3}(?:corruption|errors?|failures?)\b|machine check exception|\(allocation failure\)"
    r"|\b(?:errors?|fail(?:ed|ures?|s)?|exceptions?|timeouts?|killed|lost|aborted|invalid|missing|rejected|denied|corrupt(?:ed)?|unreachable)"
    r"(?:\"|')?(?:[:=] ?|\()(?:\[?none\]?|null|nil|false|no|0(?:\.0+)?%?)(?![\w.])"
    r"|\berrors?[_-]\w+|\b\w{1,60}_errors?\b|\berrors?\.(?:log|txt|html?)\b|\b(?:error|fail(?:ure)?|exception|crash|timeout)[-_ ](?:handl\w+|report\w*|log(?:ger|ging)?|"
    r"page|count\w*|level|mode|rate|limit|policy|message|detect\w*|threshold|recover\w*|correct\w*|check\w*|inject\w*)\b|correctable errors? collector"
    r"|\bfail(?:over|safe|back|2ban|fast)\b|\b(?:lost|missing)[- ]?(?:\+|and) ?found)"
)


_SIGNS = tuple(
    sign
    for line in (
        "fail|err|exception|refus|denied|time|kill|crash|corrupt|unreach|deadlock|undefined|exit|return|status",
        "trace|panic|segmentation|segf|core d|memory|oom|unexpected|fatal|critical|severe|emerg|bug:|oops|unhandled|uncaught",
        "assert|stack|space left|sigsegv|sigabrt|sigbus|sigill|sigfpe|sigkill|double free|i/o|crashloop|fault",
        "cannot|can't|cant |could|unable|no such|not found|invalid|reject|abort|broken|lost|unavailable|disconnected",
        "unauthori|forbidden|incorrect|wrong|mismatch|violation|illegal|malformed|not responding|no response|no route|by peer",
        "gone away|not enough|insufficient|exhausted|exceed|too many|unrecoverable|unreadable|degraded|unknown |down",
        'overflow|missing|terminated|giving|gave|give up|bad |cold|stalled|hung|non-zero|nonzero|" 5|http/',
        "fehler|fehlgeschlagen|verweigert|abgebrochen|fallo|fallido|falh|fout|mislukt|geweigerd|konnte|nicht",
        "impossib|introuvable|pudo|encontrado|trovato|kan niet|gevonden|negado|fallit",
    )
    for sign in line.split("|")
)
"""One of these is in every line of ASCII that the patterns find: most lines have none, and a look is cheap."""


def failure_degree(line: str) -> int:
    """How much a line looks like a failure by its words: SURE, LIKELY, MAYBE or 0."""
    line = line[:_MOST_CHARS]
    if line.isascii():
        lower = line.lower()
        if not any(sign in lower for sign in _SIGNS):
            return 0
    if _SURE.search(line):
        return SURE
    if not (_LIKELY.search(line) or _MAYBE.search(line)):
        return 0
    rest = _SUBJECT.sub(" ", line)
    if _LIKELY.search(rest):
        return LIKELY
    return MAYBE if _MAYBE.search(rest) else 0
