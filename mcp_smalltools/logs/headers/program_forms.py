"""Headers that one program writes in a way of its own: a pattern each, tried by how a line starts.

A pattern ends where the message begins. Its groups are `time`, and `level` (a name or a letter) or `severity`
(a number of syslog).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from mcp_smalltools.logs.headers.levels import level_of_name, level_of_severity
from mcp_smalltools.logs.headers.parsed_line import ParsedLine
from mcp_smalltools.logs.headers.time_forms import MONTH, TIME

_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_CLOCK = r"\d\d:\d\d:\d\d"
_SEVERITY = r"(?:emerg|panic|alert|crit|err|error|warn|warning|notice|info|debug)"
_FACILITY = (
    r"(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|ntp|security|console|local[0-7])"
)
FACILITY_AND_LEVEL = rf"(?:{_FACILITY}\.)?(?P<named>{_SEVERITY})"
_SWITCH = (
    rf"(?P<time>{MONTH} +\d{{1,2}}(?: \d{{4}})? {_CLOCK}(?:[.:]\d{{3}})?"
    rf"(?: \d{{4}})?) [\w.:-]{{1,60}} (?:%%\d\d)?"
    r"[A-Z][A-Z0-9_]{1,30}/(?P<severity>[0-7])/[A-Za-z0-9_]{1,60}(?:\(\w\))?(?:\[\d+\])?: ?"
)
_DIGITS = "0123456789"
_OF_APPLE = {
    "default": "info",
    "fault": "fatal",
    "Default": "info",
    "Fault": "fatal",
    "Activity": "debug",
    "State": "debug",
}
"""What Apple's logs call their records: most are of the type Default, which is always kept."""


class ProgramForm(NamedTuple):
    """`first`: the signs that such a line may start with; `levels`: what letters and numbers mean where that
    isn't what they usually do. `announces`: the message is on the next line; `block`: all lines up to the
    next header belong to it.
    """

    name: str
    first: str
    pattern: str
    levels: Mapping[str, str] = {}
    announces: bool = False
    block: bool = False


_FORMS = (
    ProgramForm(
        "redis",
        "[",
        rf"\[\d+\] (?P<time>\d\d {MONTH} {_CLOCK}\.\d{{3}}) (?P<level>[.\-*#]) ",
        {".": "debug", "-": "debug", "*": "notice", "#": "warning"},
    ),
    ProgramForm(
        "couchbase", "[", rf"\[\w{{1,40}}:(?P<level>[a-z]{{4,8}}),(?P<time>{_ISO}),[^\]\n]{{1,200}}\] ?"
    ),
    ProgramForm(
        "glassfish", "[", rf"\[#\|(?P<time>{_ISO})\|(?P<level>[A-Z]{{4,8}})\|(?:[^|\n]{{0,300}}\|){{1,4}}"
    ),
    ProgramForm(
        "logcat",
        "[",
        rf"\[ (?P<time>(?:\d{{4}}-)?\d\d-\d\d {_CLOCK}\.\d{{3}}) +\d{{1,7}}: ?(?:\d{{1,7}}|0x[0-9a-f]+) "
        r"(?P<level>[VDIWEFA])/[^\]\n]{1,80}\]$",
        announces=True,
    ),
    ProgramForm(
        "torch",
        "[",
        rf"\[rank\d{{1,6}}\]:\[?(?P<level>[IWEF])(?:\d{{3}} |(?=\d{{4}} ))(?P<time>"
        rf"(?:\d{{4}} )?{_CLOCK}\.\d{{1,9}})"
        r" [^\]\n]{1,120}\] ?",
    ),
    ProgramForm(
        "esphome",
        "[",
        rf"(?:\[(?P<time>{_CLOCK}(?:\.\d{{3}})?)\])?\[(?P<level>[EWICDV]{{1,2}})\]\[[\w.-]{{1,60}}:\d{{1,5}}\]"
        r"(?:\[[\w -]{1,30}\])?: ?",
        {"C": "debug", "VV": "trace"},
    ),
    ProgramForm(
        "wrapper",
        "SIWEFDAN",
        r"(?P<level>STATUS|INFO|WARN|ERROR|FATAL|DEBUG|ADVICE|NOTICE) +\| (?:wrapper[pm]?|jvm \d{1,4}) +\| "
        rf"(?P<time>\d{{4}}/\d\d/\d\d {_CLOCK}(?:\.\d{{3}})?) \| ?",
        {"STATUS": "info", "ADVICE": "info"},
    ),
    ProgramForm(
        "coldfusion",
        '"',
        r'"(?P<level>Information|Warning|Error|Fatal|Debug)","[^"\n]{0,80}","'
        rf'(?P<time>\d\d/\d\d/\d\d","{_CLOCK})",',
    ),
    ProgramForm(
        "oracle-odl",
        "[",
        rf"\[(?P<time>{_ISO})\] \[[\w.-]{{1,60}}\] "
        r"\[(?P<level>NOTIFICATION|WARNING|ERROR|TRACE|INCIDENT_ERROR)(?::\d{1,3})?\] ",
        {"NOTIFICATION": "notice", "INCIDENT_ERROR": "error"},
    ),
    ProgramForm(
        "npm",
        "n",
        r"npm (?P<level>WARN|warn|ERR!|error|verb|verbose|silly|sill|info|notice|http|timing) (?=\S)",
        dict.fromkeys(("sill", "silly", "verb", "verbose", "timing"), "debug") | {"http": "info"},
    ),
    ProgramForm(
        "npm-debug",
        _DIGITS,
        r"\d{1,6} (?P<level>silly|verbose|timing|notice|warn|http(?= [A-Z]{3,6} | fetch )"
        r"|info(?= (?:using|ok|run|it|lifecycle|attempt|config|(?:pre|post)?(?:un)?install|audit|npm)\b)"
        r"|error(?= (?:code|errno|syscall|path|command|stack|cwd|node|npm|argv|A complete|network|404"
        r"|notarget|dest|signal|gyp|ERESOLVE|Linux|Darwin|Windows|enoent|If |This |at |[A-Z]\w*Error"
        r"|\S+@\S+ )))(?: |$)",
        {"silly": "debug", "verbose": "debug", "http": "info", "timing": "debug"},
    ),
    ProgramForm(
        "language-server",
        "[",
        r"\[(?P<level>Info|Log|Warn|Error|Trace|Debug) *- "
        r"(?P<time>\d{1,2}:\d\d:\d\d(?:\.\d{1,3})?(?: [AP]M)?)\] ",
    ),
    ProgramForm(
        "tsserver",
        "IPE",
        rf"(?P<level>Info|Perf|Err) +\d{{1,9}} +\[(?P<time>{_CLOCK}\.\d{{3}})\] ",
        {"Perf": "debug"},
    ),
    ProgramForm(
        "zomboid", "LDWE", r"(?P<level>LOG|DEBUG|WARN|ERROR) *: \w{1,30} *, (?P<time>\d{13})> [\d,.]{1,16}> "
    ),
    ProgramForm(
        "os-log",
        "12",
        rf"(?P<time>\d{{4}}-\d\d-\d\d {_CLOCK}\.\d{{6}}[+-]\d{{4}}) \S{{3,14}} +"
        r"(?P<level>Default|Info|Debug|Error|Fault|Activity|State) +\S{3,14} +\d{1,8} +\d{1,8} +",
        _OF_APPLE,
    ),
    ProgramForm(
        "os-log",
        "defi",
        rf"(?P<level>default|error|fault|info|debug)\t(?P<time>{_CLOCK}\.\d{{6}}[+-]\d{{4}})\t",
        _OF_APPLE,
    ),
    ProgramForm("julia", "[", r"\[ (?P<level>Info|Warning|Error|Debug): "),
    ProgramForm("julia", "┌", r"┌ (?P<level>Info|Warning|Error|Debug): "),
    ProgramForm(
        "hana",
        "[",
        r"\[\d{1,9}\]\{-?\d{1,12}\}\[-?\d{1,12}/-?\d{1,12}\] (?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}) "
        r"(?P<level>[fewid]) ",
    ),
    ProgramForm(
        "bepinex",
        "[",
        r"\[(?P<level>Fatal|Error|Warning|Message|Info|Debug) *: *[^\]\n]{1,60}\] ",
        {"Message": "notice"},
    ),
    ProgramForm(
        "level+time",
        "[",
        rf"\[(?P<level>LOG|WRN|ERR|EXC) (?P<time>{_CLOCK}\.\d{{3}})\] ",
        {"LOG": "info", "EXC": "error"},
    ),
    ProgramForm(
        "websphere",
        "[",
        r"\[(?P<time>\d{1,2}/\d{1,2}/\d\d,? \d{1,2}:\d\d:\d\d:\d{3} [A-Z]{2,5})\] [0-9a-f]{8} [\w.$]{1,120} +"
        r"(?P<level>[FEWAICDO]) +(?=\S)",
        {"A": "info", "C": "info", "O": "info"},
    ),
    ProgramForm(
        "level+time", "IDE", r"(?P<level>[IDE])\[(?P<time>\d{4}-\d\d-\d\d\|\d\d:\d\d:\d\d\.\d{3})\] "
    ),
    ProgramForm("level+time", "iwed", rf"(?P<level>info|warning|error|debug) (?P<time>{_ISO}) "),
    ProgramForm("mozilla", "12", rf"(?P<time>{_ISO} UTC) - \[[^\]\n]{{3,80}}\]: (?P<level>[VDIWE])/"),
    ProgramForm("eclipse", "!", rf"!SESSION (?P<time>{_ISO})\.? -*", block=True),
    ProgramForm(
        "eclipse",
        "!",
        rf"!ENTRY \S{{1,120}} (?P<level>[01248]) -?\d{{1,9}} (?P<time>{_ISO})",
        {"0": "info", "1": "info", "2": "warning", "4": "error", "8": "notice"},
        block=True,
    ),
    ProgramForm(
        "db2",
        "12",
        r"(?P<time>\d{4}-\d\d-\d\d-\d\d\.\d\d\.\d\d\.\d{6})[+-]\d{3} \w{4,24} +LEVEL: "
        r"(?P<level>[A-Z][a-z]+)(?: \([A-Za-z]+\))?",
        {"Event": "info"},
        block=True,
    ),
    ProgramForm(
        "ceph",
        "12",
        rf"(?P<time>{_ISO}) (?=[0-9a-f]{{0,16}}\d)[0-9a-f]{{8,16}} (?: |(?=-|\d\d ))-?(?P<level>\d{{1,2}}) ",
    ),
    ProgramForm(
        "y2log",
        "12",
        rf"(?P<time>\d{{4}}-\d\d-\d\d {_CLOCK}) <"
        rf"(?P<level>[0-5])> [\w.-]{{1,60}}\(\d{{1,8}}\) \[[^\]\n]{{1,60}}\] ",
        {"0": "debug", "1": "info", "2": "warning", "3": "error", "4": "error", "5": "info"},
    ),
    ProgramForm("oracle", "12", r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d)$", block=True),
    ProgramForm(
        "vmkernel",
        "12",
        rf"(?P<time>{_ISO}) cpu\d{{1,4}}:\d{{1,9}}(?: opID=\w{{1,20}})?\)(?:(?P<level>WARNING|ALERT): )?",
    ),
    ProgramForm(
        "sybase",
        _DIGITS,
        r"\d\d:\d{4}:\d{5}:\d{5}:(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d\d) (?:kernel|server) +",
    ),
    ProgramForm(
        "ipmi", _DIGITS, rf"\d{{1,5}} \| (?P<time>\d\d/\d\d/\d{{2,4}} \| {_CLOCK})(?: [A-Z]{{3,4}})? \| "
    ),
    ProgramForm(
        "panos",
        _DIGITS,
        rf"(?:\d{{1,3}},)?(?P<time>\d{{4}}/\d\d/\d\d {_CLOCK}),\d{{6,20}},(?=(?:SYSTEM|THREAT),"
        r"(?:[^,\n]{0,400},){1,60}?(?P<level>informational|low|medium|high|critical),)",
        {"low": "notice", "medium": "warning", "high": "error"},
    ),
    ProgramForm("zabbix", _DIGITS, r"\d{1,8}:(?P<time>\d{8}:\d{6}\.\d{3}) "),
    ProgramForm(
        "factorio",
        _DIGITS,
        r"(?P<time>\d{1,7}\.\d{3}) (?:(?P<level>Info|Warning|Error|Verbose) (?=\w+\.cpp:\d)"
        rf"|\d{{4}}-\d\d-\d\d {_CLOCK}; )",
    ),
    ProgramForm(
        "audit",
        "tn",
        r"(?=(?:node=\S{1,80} )?type=[A-Z_0-9\[\]]{2,40} msg=audit\((?P<time>\d{10}\.\d{3}):\d{1,12}\):)",
    ),
    ProgramForm("msi", "M", rf"MSI \(\w\) \([0-9A-F:! ]{{1,16}}\) \[(?P<time>{_CLOCK}:\d{{3}})\]: "),
    ProgramForm(
        "pulse",
        "(",
        r"\( *(?P<time>\d{1,7}\.\d{3})\| *\d{1,7}\.\d{3}\) (?P<level>[DIWENC]): ",
    ),
    ProgramForm(
        "level+time", "(", rf"\((?P<level>[NIWC])\) (?P<time>{_ISO}) - ", {"N": "info", "C": "error"}
    ),
    ProgramForm(
        "glib",
        "(*",
        r"(?:\([\w.+/ -]{1,80}:\d{1,8}\): (?:[\w.+-]{1,40}-)?|\*\* (?:\([\w.+/ -]{1,80}:\d{1,8}\): )?)"
        rf"(?P<level>WARNING|CRITICAL|ERROR|Message|MESSAGE|DEBUG|INFO)(?: \*\*)?: (?:"
        rf"(?P<time>{_CLOCK}\.\d{{3}}): )?",
        {"Message": "info", "MESSAGE": "info", "CRITICAL": "error"},
    ),
    ProgramForm(
        "esp",
        "EWIDV",
        rf"(?P<level>[EWIDV]) \((?:\d{{1,12}}|(?P<time>{_CLOCK}\.\d{{3}}))\) (?=[^\s:]{{1,40}}:)",
    ),
    ProgramForm(
        "unreal",
        "L",
        r"(?=Log[A-Z]\w{1,60}: ?(?P<level>Display|Log|Warning|Error|Fatal|Verbose|VeryVerbose): ?\S)",
    ),
    ProgramForm(
        "torch",
        "[",
        rf"\[(?P<level>[IWEF])(?:\d{{3,4}} (?P<time>{_CLOCK}\.\d{{1,9}}))? "
        r"[\w./-]{1,80}\.(?:cpp|cc|h|hpp|cu|py):\d{1,6}\] ?",
    ),
    ProgramForm(
        "eventstore",
        "[",
        rf"\[(?:PID:)?\d{{1,7}}[,:] ?\d{{1,5}}[, ](?P<time>(?:\d{{4}}\.\d\d\.\d\d )?{_CLOCK}\.\d{{3}})"
        r"(?:[, ](?P<level>[A-Z]{3,5})(?: +[\w-]{1,40})?)?\] ?",
    ),
    ProgramForm(
        "slurm",
        "s",
        r"(?:srun|sbatch|salloc|sacct|squeue|slurmd|slurmctld|slurmdbd|slurmstepd): "
        r"(?P<level>error|fatal|warning|info|verbose|debug\d?): ",
    ),
    ProgramForm("i2pd", "012", rf"(?P<time>{_CLOCK})@\d{{1,5}}/(?P<level>[a-z]{{4,8}}) +- "),
    ProgramForm(
        "stunnel",
        "12",
        rf"(?P<time>\d{{4}}\.\d\d\.\d\d {_CLOCK}) LOG(?P<severity>[0-7])\[[\w:]{{1,20}}\]: ",
    ),
    ProgramForm(
        "meteor", "EWIDF", rf"(?P<level>[EWIDF])(?P<time>\d{{8}}-{_CLOCK}\.\d{{3}})\([^)\n]{{1,8}}\)\? "
    ),
    ProgramForm(
        "aruba", "IWDME", rf"(?P<level>[IWDME]) (?P<time>\d\d/\d\d/\d\d {_CLOCK}) \d{{5}} ", {"M": "error"}
    ),
    ProgramForm(
        "lambda", "SERIX", r"(?=(?:START|END|REPORT|INIT_START|XRAY) (?:RequestId|Runtime Version|TraceId): )"
    ),
    ProgramForm("level", "SU", r"(?:SCRIPT|USER|USER SCRIPT|SHADER) (?P<level>ERROR|WARNING): "),
    ProgramForm("level+time", "Zz", rf"[Zz]\w{{10}}:(?P<level>info|warn|error|debug) +(?P<time>{_ISO}): "),
    ProgramForm(
        "dmesg",
        "kumdaslncf",
        rf"{_FACILITY} *:(?P<level>{_SEVERITY}) *: \[ *(?P<time>\d{{1,8}}\.\d{{6}}|{TIME})\] ",
    ),
    ProgramForm(
        "event-csv",
        "IWECVA",
        rf"(?P<level>Information|Warning|Error|Critical|Verbose|Audit Success|Audit Failure),"
        rf"(?P<time>{TIME}),",
        {"Audit Success": "info", "Audit Failure": "warning"},
    ),
    ProgramForm("level", "<", r"<(?P<severity>[0-7])>(?=[A-Za-z_])"),
    ProgramForm(
        "javascript",
        "MTWFS",
        rf"(?P<time>[A-Z][a-z]{{2}} {MONTH} \d\d \d{{4}} {_CLOCK} GMT[+-]\d{{4}}) \([^)\n]{{1,60}}\)"
        r"(?: <\d+>)?(?: -- (?P<level>[a-z]{3,8}) --)? ?",
    ),
    ProgramForm("switch", "%", rf"%@?\d{{0,8}}%?{_SWITCH}"),
    ProgramForm("switch", "JFMASOND", _SWITCH),
)
"""`TIME` only behind other signs: to look for it costs more than the rest."""
_OF_FIRST: dict[str, list[tuple[ProgramForm, re.Pattern[str]]]] = {}
for _form in _FORMS:
    for _sign in _form.first:
        _OF_FIRST.setdefault(_sign, []).append((_form, re.compile(_form.pattern)))
_MAY_BE_NUMBERED = re.compile(
    r"\d{1,8}[:.]\d|\d{1,6} [a-z]{4,7}(?: |$)|\d{1,5} \| \d\d/|(?:\d{1,3},)?\d{4}/\d\d/\d\d [\d:]{8},\d"
    r"|\d{4}-\d\d-\d\d(?:-|[T ][^ \n]{8,30}(?:$| (?:<[0-5]> |UTC - \[|[0-9a-f]{8,16} |cpu\d"
    r"|\S{3,14} +[DIEFAS][a-z]{3,7} )))"
)
"""What each form that begins with a digit has; most dated lines have it not."""
_CMTRACE = re.compile(
    r"(?P<message>[^\n]{0,4000}?) {1,2}\$\$<[^>\n]{0,120}><"
    r"(?P<time>\d\d-\d\d-\d{4} \d\d:\d\d:\d\d\.\d{3}[+-]\d{2,3})"
)
MAY_BE_INDENTED = frozenset(("zabbix", "factorio", "ipmi"))
"""Forms that align their numbers to the right."""


def read_program(line: str) -> ParsedLine | None:
    """A line with a header of one of these forms."""
    first = line[:1]
    forms = _OF_FIRST.get(first, ()) if not first.isdigit() or _MAY_BE_NUMBERED.match(line) else ()
    for form, pattern in forms:
        found = pattern.match(line)
        if found is not None:
            return _parsed(line, form, found)
    if "$$<" in line:
        found = _CMTRACE.match(line)
        if found is not None:
            return ParsedLine("sccm", found["message"], found["time"], time_at=found.start("time"))
    return None


def _parsed(line: str, form: ProgramForm, found: re.Match[str]) -> ParsedLine:
    groups = found.groupdict()
    name, severity, time = groups.get("level"), groups.get("severity"), groups.get("time")
    level = level_of_severity(int(severity)) if severity is not None else None
    if name is not None:
        level = form.levels.get(name) or level_of_name(name)
    if form.name == "ceph" and name is not None:
        level = "error" if line[found.start("level") - 1] == "-" else "info" if len(name) < 2 else "debug"
    return ParsedLine(
        form.name,
        line[found.end() :],
        time,
        level,
        time_at=found.start("time") if time is not None else -1,
        level_said=level is not None,
        announces=form.announces,
        block=form.block,
    )
