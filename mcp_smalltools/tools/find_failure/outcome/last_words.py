"""The last words of a log, where no known form says how the run ended: a complaint, or a conclusion.

Both are read by their grammar and only from the last lines that say anything: in the middle of a log the same
words are steps, warnings, and what was tried again. What follows an outcome in every run (where the report lies,
what to read, what to run next) is no last word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mcp_smalltools.tools.find_failure.outcome.outcome_words import ONLY_WARNS, TOLERATED
from mcp_smalltools.tools.find_failure.outcome.roles import Role


@dataclass(frozen=True, slots=True)
class LastWord:
    """The place of the line, whether it is a conclusion or a complaint, and whether it only sounds like one."""

    place: int
    good: bool
    weak: bool = False


_LONGEST = 300
_READ_BACK = 40
"""Lines from the end that are looked through."""
_HEADS = 3
"""Lines that say something, from the end, among which a complaint or a conclusion is a last word."""
_DETAILS = 4
"""Lines from the end up to which a detail can be one."""
_DETAIL = re.compile(r"\s+(?!(?:TRACE|DEBUG|INFO|WARN|ERROR)\b)\S|[\w /-]{3,40}:$|[│|└├╰╵─-]")
"""A line that belongs to one above it: indented, or the title of what is indented."""
_SPEAKS = frozenset({Role.OUTPUT, Role.AFTER, Role.PROGRESS, Role.COMMAND})
_DURATION = r"\d[\d.,:]*\s?(?:ns|[uµ]s|ms|s|m|min|h|secs?|seconds?|mins?|minutes?|hours?|d)(?:\s?\d[\d.]*\s?(?:ms|s|m|sec|seconds?))?\b"
_PARTICIPLE = (
    r"(?:built|compiled|generated|created|written|saved|stored|installed|uninstalled|updated|upgraded|removed|deleted|deployed|"
    r"published|pushed|pulled|uploaded|released|exported|imported|converted|migrated|applied|restored|verified|signed|packed|packaged|"
    r"merged|formatted|reformatted|linted|processed|synced|synchronized|copied|archived|indexed|rendered|finished|completed|"
    r"provisioned|initiali[sz]ed|downloaded|transferred|flashed|cleared|configured|cloned|committed|loaded|ingested|trained|"
    r"optimized|minified|bundled|emitted|registered|rebased|backed up|cached|encoded|extracted|delivered|submitted|"
    r"optimised|sent|closed|tested|analy[sz]ed|scanned|inspected|served|up to date)"
)
_PAST = (
    r"(?:wrote|built|rebuilt|compiled|generated|created|saved|stored|installed|updated|upgraded|removed|deployed|published|pushed|"
    r"uploaded|released|exported|imported|converted|migrated|applied|restored|restarted|verified|signed|packed|packaged|merged|formatted|"
    r"checked|processed|synced|copied|archived|indexed|rendered|finished|completed|provisioned|downloaded|transferred|flashed|"
    r"cloned|loaded|analy[sz]ed|scanned|linted|tested|ran|resolved|bundled|emitted|optimi[sz]ed|ingested|trained|executed|batch \d+ run)"
)
_FAULTS = (
    r"(?:errors?|issues?|problems?|failures?|warnings?|vulnerabilit(?:y|ies)|violations?|offen[cs]es?|findings?|leaks?|conflicts?|"
    r"differences?|mismatch(?:es)?|regressions?|secrets?|duplicates?|alerts?|defects?|broken links?|diagnostics?)"
)
_ASIDE = re.compile(
    r"\s[+~-] [\w.\[\]-]+==\S+$|\s+(?:[#$] {1,4}){0,2}(?:npx?|pnpm|yarn|cargo|python3?|pip|docker|git|make|idf\.py|conda) \S|\W{0,8}(?:https?://\S+$|(?:please )?(?:see|run|use|try|visit|view|open|check|read|report|reproduce|"
    r"(?:note|hint|help|tip|logs?|output|report|results?)(?=:)|"
    r"to (?:open|run|see|view|get|use|activate|upgrade|update|flash|learn|fix|start|deploy|reproduce|show|stop|find|access|address)|for (?:more|troubleshooting|full|details|help)|"
    r"(?:(?:complete|full|build|test|debug) )+(?:logs?|report|results)|a (?:complete|full) log|transcript|"
    r"you can|you may|need help|still having|more (?:info|details)|documentation|docs|learn more|with love|thank|bye|goodbye|"
    r"(?:website|site|service|function|project|hosting|inspect|console|dashboard|stack|endpoint|image|preview|public|current)[\w ]{0,20}(?:url|console|arn|id|ids)?: \S.*|\?\s+\S+\s+\[no test files\]|"
    r"starting point|randomized with seed|coverage (?:report|html)|html report|copy of)\b|"
    r"[\w:.-]{2,60}(?: \[-{1,2}[\w|-]+(?:[ =][\w<>\[\]-]+)?\]){2,}.*|"
    r"total \d+$|[dl-][r-][w-][xsS-][rwxsStT-]{6}[.+@]? |[0-9a-f]{32,128} [ *]\S|\d[\d.]*[KMGT]?B?\t\S+$|\[notice\]|\W{1,200}$|\d+ (?:packages?|directories) (?:are|you are) |(?:# )?$)",
    re.IGNORECASE,
)
"""A line that follows outcomes of both kinds."""
_NO_FAULT = re.compile(
    rf"\b(?:no|0|zero|without(?: any)?) (?:[\w-]+ ){{0,3}}{_FAULTS}\b|\b{_FAULTS}(?: found)?\s?[:=]\s*(?:0|none)\b|"
    r"\bfound 0 (?:of \d+ )?\w+|\bnothing to (?:do|commit|be done|update|install|fix|report|deploy|format)\b|\bno (?:\w+ )?work to do\b|\bno fixes\b|\bno (?:\w+ )?updates?\b|\bno outdated\b",
    re.IGNORECASE,
)
_COMPLAINT = re.compile(
    r"\b(?:could ?n[o']t|could not|can ?not|can't|couldn't|unable to|failed|fail(?:s|ure)|error(?:s|ed)?|refus(?:ed|ing|es)|denied|rejected|"
    r"unauthorized|forbidden|mismatch(?:ed|es)?|missing|invalid|illegal|undefined|unexpected|unknown|unrecognized|unresolved|unreachable|unhealthy|"
    r"unsuccessful(?:ly)?|unsatisfied|unsupported|corrupt(?:ed)?|malformed|broken|timed out|timeout|deadline exceeded|gave up|giving up|rolled back|"
    r"rolling back|abort(?:ed|ing|s)|exiting|bailing|terminating|halted|interrupted|conflict(?:s|ing)?|violat(?:es|ed|ion)|"
    r"crash(?:ed|es)?|panic(?:ked)?|fatal|critical|exception|killed|segfault|out of (?:memory|range|bounds|space|disk)|no space|no such|"
    r"not (?:found|exist|available|allowed|permitted|recognized|recognised|supported|defined|declared|implemented|installed|set|specified|provided|given|"
    r"met|reached|equal|match(?:ed|ing)?|valid|readable|writable|ready|responding|ok|okay|in sync|part of|created|deployed|completed?|finished|"
    r"successful|succeed(?:ed)?|compile|load(?:ed)?|start(?:ed)?|stable|up[ -]to[ -]date|a (?:valid|zipfile|directory|file))|"
    r"(?:does|did|do|was|were|is|are|has|have|had|would)(?:n't| not)|must (?:be|have|not)|went wrong|goes wrong|wrong|differs?|"
    r"required (?!time|by )|requires|too (?:many|few|large|small|long|short|old|deep)|exceed(?:s|ed)|already (?:exists?|in use|allocated|running)|"
    r"(?:nothing|none|no \w+) (?:was|were|has been|have been|could be) |would (?:be )?(?:reformat\w*|fail)|"
    r"(?:is|are|was) (?:below|under|above|over|outside|less|lower|greater|higher|more) (?!time|way)|never (?:became|came|got|finished|completed|closed|returned|started|used)|"
    r"stop(?:ped|ping)(?=: (?!.?max_)| training| because|,| at| after)|loss (?:is )?nan|non-?zero|declared and not used|ineffectual|assertions? (?:is |was |are |were )?(?:false|violated)|will (?:now )?(?:abort|exit|quit|terminate)|(?:an? |l')?échec|échoué|abbruch|abgebrochen|gescheitert|fehlgeschlagen|ha fallado|falló|falhou|fallit[oa]|прервано|не удалось|expected .{1,80}\b(?:got|but|actual|found|equal))\b|"
    r"\b(?:too many|usage:|usage -)|\bexit(?:ed)?(?: status| code| with)? ?[1-9]\d{0,2}$|\brc[ =:]{1,2}[1-9]|"
    r"[\w)] ?(?:✗|✘|❌|💥|🚨)|^\W{0,3}(?:✗|✘|✖|❌|💥|🚨|⨯)|^\s*\[!\] |\blevel=(?:error|fatal|panic)\b",
    re.IGNORECASE,
)
"""A word of trouble."""
_LINT = re.compile(
    r"[\w./\\@+-]{1,200}\.\w{1,8}(?::\d+){1,2}:(?=[A-Z\"'`])|[\w./\\@+-]{1,200}\.\w{1,8}(?::\d+){1,2}:? {1,4}(?:\S{0,40} )?\S|\s+\d+:\d+ {2,}(?:error|warning)\b|\S{1,200} \w{2}\d{3,5} (?:warning|error|style|info): ",
)
"""`file:line:column: what is wrong there`: what linters write, and nothing else when they find something."""
_HADOLINT = re.compile(r"\S{1,200}:\d+ (?:DL|SC)\d{4} (?:error|warning|info|style): ")
"""What it finds, of whatever level, fails its run."""
_COUNT_OF_FAULTS = re.compile(
    rf"(?<![\w.])[1-9]\d*(?: of \d+)? (?:[\w-]+ ){{0,2}}(?:{_FAULTS}|vulnerable|failing)\b|\b(?:{_FAULTS}|differing)(?: found| count)?\s?(?:\([\w ]+\))?[:=]\s*[1-9]|"
    r"\b[1-9]\d* (?:of \d+ )?(?:\w+ )(?:differ|are (?:broken|missing|invalid|outdated|failing|unhealthy))\b|\bfound [1-9]\d* of \d+ \w+ that can be fixed",
    re.IGNORECASE,
)
_VULNERABLE = re.compile(r"\d+ (?:(?:info|low|moderate|high|critical) )?(?:severity )?vulnerabilit")
_AUDITED = re.compile(r"(?:added|removed|changed|up to date)\b.{0,80}\baudited \d+ packages?")
"""What npm says of an installation that went well, before it counts vulnerabilities."""
_INSTALLATION = 30
"""Lines up to which that is said."""
_ONLY_WARNINGS = re.compile(
    r"(?i)\b(?:0|no) errors?\b|\bwarnings?\b(?!.{0,80}\b(?:strict|--max)|.{0,40}\b[1-9]\d* (?:serious|errors?))"
)
_NO_COMPLAINT = re.compile(
    r": warning: .{1,250}\[-W(?!error)[\w=+-]+\]$|"
    r"^\[ *\d+(?:/\d+| of \d+|%)\] (?:Compiling \S+ +\(.{1,250}\)|Linking [\w./-]+|(?:Building \w+ object|Linking \w+ (?:executable|(?:shared|static) \w+)) \S+)$"
)
"""What a compiler warns of, and a step of a build, whatever its file is called."""
_RAISED = re.compile(
    r"(?:[A-Za-z_$][\w$]*(?:\.|::|\\|/)){1,12}[A-Z][\w$]*(?:: \S|$)|\*\* \([A-Z]\w*\) |\[?(?:\w+\\){1,8}\w+Exception\]?|"
    r".{0,200}\((?:[A-Z]\w*::)*[A-Z]\w*(?:Error|Exception)\)$|\w+(?:Error|Exception|Failure|Panic|Fault|NotFound|Denied|Timeout)(?:\(|: |$)|"
    r"\s*(?:stack ?traceback|backtrace|stack trace|call stack):?$|init terminating in|.{0,60}artifact_prefix=",
)
"""The name of an exception, in the ways in which languages close a report with it."""
_QUALIFIED = re.compile(r"(?:[a-z_]\w*\.){2,12}[A-Z]\w*: \S")
"""An exception with its package: what it says may sound like a conclusion."""
_PREFIX = re.compile(
    r"(?:[\[(]?\d[\d:.,/TZ+ -]{4,40}(?:[AP]M)?[\])|,]?\s{0,3})?\W{0,8}(?:(?:info|inf|notice|note|debug|success|lerna success)\b(?:\[\d+\])?[\W_]{1,8})?(?:[\w@./-]{1,30}(?: >|:|\s\|| ›) +){0,2}\W{0,6}",
    re.IGNORECASE,
)
"""Times, levels and names before what a line says."""
_DENIED = re.compile(
    r"(?i)\b(?:0|no|zero|without) (?:(?:known|more|other|new) )?[\w()-]{1,20}(?: [\w()-]{1,20})?(?: or \w+ \w+)?|\b\w{1,20}(?: \w{1,20})?\s{0,20}[:=]\s{0,20}0\b(?!x)"
)
"""Trouble of which there is none: `0 failed`, `timeouts: 0`, `no missing files`."""
_SUCH = re.compile(
    rf"(?i)\b(?:0|no|zero|without) .{{0,60}}\b(?:{_FAULTS}|failed|failing|broken|advisories)|[:=]\s{{0,20}}0\b"
)
_CONCLUSION = re.compile(
    rf"\W{{0,60}}(?:(?:all|everything|every \w+) (?:\w+ ){{0,4}}(?:done|fine|good|ok|okay|set|ready|finished|complete[d]?|succeeded|passed|working|clean|in order|in sync|{_PARTICIPLE})\b|"
    rf"(?:done|finished|completed?|ready|success(?:ful(?:ly)?)?|succeeded|passed|ok)\W{{0,6}}$|"
    rf"(?:done|finished|completed?)!? (?:in|after|at|\w+ing)\b|we're done|"
    rf"(?:\S+ ){{0,6}}(?:(?:is|are|was|were|has been|have been|now|successfully) ){{1,3}}(?:\w+ )?(?:{_PARTICIPLE}|live|ready|complete|done|successful|ok|fine|clean|valid|up)\b|"
    rf"(?:\S+ ){{1,7}}(?:complete|finished|succeeded|done|ok|passed|successful|{_PARTICIPLE})(?: (?:ok|fine|successfully|in {_DURATION}|after {_DURATION}|with \d+ warnings?|from \w+|on \S+ \S+|to \S+|at \S+))?\W{{0,4}}(?:\(.{{1,80}}\)\W{{0,12}}|[;:] .{{1,120}})?=*$|"
    rf"(?:\S+ ){{0,5}}(?:syntax|build|tests?|checks?|\w+) (?:is|are) (?:ok|successful|clean|fine)$|"
    rf"(?:successfully )?{_PAST} (?:\S+ ){{1,9}}(?:in|after) {_DURATION}|(?:\S+ ){{1,6}}{_PAST} in {_DURATION}|"
    rf"(?:successfully )?{_PAST} \d[\d,]* (?:\S+ ?){{1,6}}$|\d[\d,]* (?:\w+ ){{1,4}}{_PARTICIPLE}\b|{_PAST} (?:'.{{1,80}}'|\".{{1,80}}\"|`.{{1,80}}`|\S+[./]\S+|\w+ (?:release )?v?\d\S*)(?: (?:in|to|on|at|for) .{{1,60}})?$|"
    rf"\w+ (?:saved|written|stored|exported) (?:to|in|at|as) \S+$|(?:\w+ ){{1,3}}(?:shutdown|power(?:ed)? (?:down|off))\b|"
    rf"\w+ \d+ (?:mods/\w+|\w+), found no|.{{0,60}}\breboot: power down|.{{0,40}}\b\w+ (?:is ready|quit)\b.{{0,20}}$|"
    rf"\[ ?(?:ok|done|success|pass(?:ed)?)x? ?\]|.{{0,200}}[\[(] ?(?:ok|done|success|pass(?:ed)?)x? ?[\])]$|"
    rf".{{0,80}}\b(?:result|status|outcome|verdict|state)\W{{1,3}}(?:ok|success(?:ful)?|succeeded|pass(?:ed)?|completed?|done|good)\W{{0,4}}$|.{{0,60}}\b(?:exited|rc|exit|return(?:ed)?)\W{{1,3}}0$|"
    rf"shut(?:ting)? ?down command invoked|end of script\b|(?:verified|verify) ok|(?:writing|wrote) lock ?file$|.{{0,40}}\bfinished in state completed\b|"
    rf".{{0,80}}?(?:{_NO_FAULT.pattern})|{_PAST} \S+(?: \S+)? \({_DURATION}\)|.{{0,80}}(?:✓|✔|✅|🎉|🍰|🍺|⚡) ?\S?)",
    re.IGNORECASE,
)
"""A sentence that closes a piece of work."""
_STATISTICS = re.compile(
    r"\W{0,12}(?:(?:\[\w+\] ?|\w+[:>] ?){0,2}(?:total|overall|elapsed|duration|took|time(?: elapsed| spent| taken)?|real|wall ?time|run ?time|finished in|total time|cpu|speed(?:up)?|throughput|average|mean|latency|tps|requests/sec|transfer/sec|"
    r"transferred|sent|received|peak|max(?:imum)? (?:memory|resident)|memory|final memory|program size|number of files|files|range|summary|all archives|this archive|succeeded|completed at|total (?:\w+ ){1,3}\w+|checks|sketch uses|global variables use|ram|flash)\b.{0,40}[\s:=(].{0,40}\d|"
    r"\d[\d,]* (?:files?|rows?|records?|items?|tests?|requests|pages?|lines|steps|packages?|warnings?|insertions?|objects?|images?|examples?|runs?|documents?)\b.{0,60}\d|"
    r"\d[\d.,]*%? +(?:upgraded|updated|installed|changed|modified|skipped|removed|added)\b|\{'train_runtime'|your \w+ has been rated|"
    r"\S.{0,60}\bstopped: `?max_|\S+ -> \S+$|(?:\S+ ){0,4}\d+ of \d+ (?:\S+ ){0,3}(?:done|complete[d]?|100%)|.{0,60}\b100 ?%(?: \S+){0,4}\W*$|writing \S+$|video:\d+\w* audio:|- s i m|time spent:|processing triggers for \S+ \(|"
    r"\[(?P<n>\d+)(?:/| of )(?P=n)\] (?:linking|building \w+ object|generating|creating|installing)\b)",
    re.IGNORECASE,
)
"""Totals, times and sizes with which programs close."""
_FINALLY = re.compile(r"(?i)\b(?:failed|giving up|gave up|aborted|aborting)\b")
_OPEN = re.compile(
    r"(?i)(?:.*(?:\.\.\.|…)\s*$|\W*(?:waiting|starting|trying|attempting|retrying|about to|going to|next|now|in progress)\b)"
)
"""Something that goes on."""
_DIGITS = re.compile(r"\d+")
_WORDS = re.compile(r"[^\W\d_]+")


def last_word(contents: Sequence[str], roles: Sequence[Role]) -> LastWord | None:
    """The complaint or the conclusion with which a log ends, if the last lines that say anything hold one."""
    told = _speaking(contents, roles)
    for rank, place in enumerate(told):
        content = contents[place][:_LONGEST]
        if roles[place] is Role.COMMAND:
            continue
        if (rank < _DETAILS or not _DETAIL.match(content)) and complains(content):
            return LastWord(place, good=False)
    seen: Counter[str] | None = None
    for rank, place in enumerate(told):
        content = contents[place][:_LONGEST]
        if roles[place] is Role.COMMAND:
            return None
        bare = content[_end_of_prefix(content) :]
        weak = not _CONCLUSION.match(bare) and not _CONCLUSION.match(content)
        if weak and not _STATISTICS.match(content) and not _STATISTICS.match(bare):
            if _OPEN.match(bare) and not _DETAIL.match(content):
                return None
            continue
        if rank >= _DETAILS and (weak or _DETAIL.match(content)):
            continue
        if not weak and _OPEN.match(bare):
            return None
        seen = seen or Counter(_shape(text[:_LONGEST]) for text in contents[: place + 1])
        if seen[_shape(content)] > 1:
            continue
        return LastWord(place, good=True, weak=weak or place != told[0])
    return None


def complains(content: str) -> bool:
    """Whether a line, standing last, is a complaint."""
    if _HADOLINT.match(content):
        return True
    if ONLY_WARNS(content) and not _COUNT_OF_FAULTS.search(content):
        return False
    if _COUNT_OF_FAULTS.search(content):
        return not _ONLY_WARNINGS.search(content)
    if _NO_COMPLAINT.search(content):
        return False
    if TOLERATED(content) and not _FINALLY.search(content):
        return False
    if _QUALIFIED.match(content):
        return True
    if _SUCH.search(content):
        content = _DENIED.sub("", content)
    if _COMPLAINT.search(content):
        return True
    return bool(_RAISED.match(content) or _LINT.match(content)) and not _CONCLUSION.match(content)


def _end_of_prefix(content: str) -> int:
    found = _PREFIX.match(content)
    return found.end() if found is not None else 0


def is_aside(content: str) -> bool:
    """Whether a line follows outcomes of both kinds: where a report lies, what to run next."""
    return _ASIDE.match(content[:_LONGEST]) is not None


def _speaking(contents: Sequence[str], roles: Sequence[Role]) -> list[int]:
    """The places of the last lines that say something, the last first; details with what they belong to."""
    told: list[int] = []
    heads = 0
    for place in range(len(contents) - 1, max(len(contents) - _READ_BACK, 0) - 1, -1):
        if roles[place] in _SPEAKS and not is_aside(contents[place]) and not _only_audited(contents, place):
            told.append(place)
            heads += not _DETAIL.match(contents[place][:_LONGEST])
        if heads >= _HEADS:
            break
    return told


def _only_audited(contents: Sequence[str], place: int) -> bool:
    """Whether npm counts vulnerabilities after an installation, which fails for none of them."""
    return _VULNERABLE.match(contents[place]) is not None and any(
        _AUDITED.match(line) for line in contents[max(place - _INSTALLATION, 0) : place]
    )


def _shape(content: str) -> str:
    """The first words of a line: `row 7 written` is `row 9 written` again."""
    return " ".join(_WORDS.findall(content[:80])[:3]) or _DIGITS.sub("0", content)
