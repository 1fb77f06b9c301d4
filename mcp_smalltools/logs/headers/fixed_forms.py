"""Headers of one fixed form each, which could be read as something else."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping

from mcp_smalltools.logs.headers.levels import (
    ANY_NAMES,
    CLEAR_NAMES,
    level_of_name,
    level_of_severity,
    level_of_status,
)
from mcp_smalltools.logs.headers.parsed_line import ParsedLine
from mcp_smalltools.logs.headers.program_forms import FACILITY_AND_LEVEL, read_program
from mcp_smalltools.logs.headers.time_forms import MONTH, TIME

Reader = Callable[[str], ParsedLine | None]


class _LatePattern:
    """A pattern that is compiled when it is first tried: one with a time in it takes 20 ms."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def match(self, line: str) -> re.Match[str] | None:
        return self._compiled.match(line)

    @functools.cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self._pattern)


_HEADER_CHARS = 400
_SYSLOG_TIME = (
    rf"{MONTH} +\d{{1,2}} \d\d:\d\d:\d\d(?:\.\d{{1,9}})?"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
)
_SYSLOG = re.compile(
    rf"(?:<(?P<priority>\d{{1,3}}|\d)>(?:1 )?)?(?P<time>{_SYSLOG_TIME}) "
    r"(?P<host>[\w.:-]*[\w.-]) (?P<component>[\w./@-]+(?:\([\w/. -]+\))?(?:\[[\w.-]+\])?"
    rf"|{FACILITY_AND_LEVEL} [\w/.@-]+(?:\[\d+\])?|[\w/.@-]+(?: [\w/.@-]+){{0,2}}(?:\[\d+\])): ?"
    r"(?:(?<=kernel: )\[ *\d+\.\d{6}\] )?"
)
_LEVEL_WORD = re.compile(r"(?P<name>(?i:debug|info|notice|warning|error|fatal|panic)): ")
"""At the start of the message of programs that give syslog no level: Postfix, Dovecot, sshd."""
_LEVEL_AS_COMPONENT = re.compile(rf"(?i:{CLEAR_NAMES})")
"""Where a program writes its name and a level behind a time like syslog's."""
_IOS = re.compile(
    rf"(?P<time>{MONTH} +\d{{1,2}} \d\d:\d\d:\d\d) (?P<host>[\w.:-]+) [\w./()@-]{{1,80}}\[\d+\] "
    r"<(?P<level>\w+)>: "
)
_RFC_5424 = re.compile(
    r"(?:<(?P<priority>\d{1,3})>)?1 "
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) "
    r"(?:\S{1,255} ){3}\S{1,64} (?:-|(?:\[(?:[^\]\"\n]|\"(?:[^\"\\\n]|\\.){0,400}\"){0,60}\])+)(?: \ufeff?|$)"
)
_KLOG = re.compile(
    r"(?P<level>[IWEFDCV])(?P<time>(?:\d{8}|\d{6}|\d{4}) \d\d:\d\d:\d\d(?:\.\d{1,9})?) +\d+ +"
    r"(?:[\w./<>-]+:\d+\]|[\w./<>-]+:\d+(?= )) ?"
)
_REDIS = re.compile(rf"\d+:[XCSM] (?P<time>\d\d {MONTH} \d{{4}} \d\d:\d\d:\d\d\.\d{{3}}) (?P<level>[.\-*#]) ")
_REDIS_LEVELS = {".": "debug", "-": "debug", "*": "notice", "#": "warning"}
_PYTHON = re.compile(r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL):(?P<component>[\w.-]+):")
_KERNEL = re.compile(r"(?:<(?P<priority>\d{1,2})>)?\[ *(?P<time>\d{1,8}\.\d{6})\] (?:\[ *T\d+\] )?")
_ACCESS = re.compile(
    r"(?:[\w.-]{1,200}(?::\d{1,5})? )?(?P<client>\S+) (?P<ident>\S+) (?P<user>\S+) "
    r"\[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}[: ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?: [+-]\d{4})?)\] ?"
)
_ACCESS_TIME = re.compile(r" \[\d\d/[A-Z]")
_STATUS = re.compile(r"\" (\d{3})(?= |$)")
_REQUEST = re.compile(r"\"[A-Z]{3,10} [^\"\n]{1,2000}\" (?P<status>\d{3})(?= |$)")
_FLOW = re.compile(r"\d{1,2} \d{12} (?:\S+ ){8}(?P<time>1\d{9}) \d{10} (?:ACCEPT|REJECT|-) ")
_CSV = _LatePattern(
    rf"\"?(?P<time>{TIME})\"?,(?:(?:\"[^\"\n]{{0,200}}\"|[^\",\n]{{0,200}}),){{0,15}}?\"?(?P<level>(?i:{ANY_NAMES})\d?)\"?,"
    r"(?:[0-9A-Z]{5},)?"
)
_CSV_WORD = re.compile(r",\"?[^\W\d_]{2,20}\d?\"?,")
"""A column that may be a level."""
_CSV_WITHOUT_LEVEL = _LatePattern(rf"(?:[\w.-]{{0,24}},){{1,3}}(?P<time>(?=\d{{1,4}}[./-]\d){TIME}),")
"""Columns of which a date is one of the first; no word says a level."""
_EVENT = re.compile(r"<Event[ >].{0,4000}?</System>", re.DOTALL)
_EVENT_LEVEL = re.compile(r"<Level>(\d{1,2})</Level>")
_EVENT_TIME = re.compile(r"<TimeCreated SystemTime=[\"']([^\"']{10,40})[\"']")
_EVENT_TEXTS = re.compile(r"<(?:Data|Message)(?: [^>]{0,200})?>([^<]+)<")
_EVENT_ID = re.compile(r"<EventID[^>]{0,60}>(\d+)<")
_EVENT_LEVELS = ("info", "fatal", "error", "warning", "info", "debug")
_SLOW_QUERY = _LatePattern(rf"# Time: (?P<time>{TIME})\s*$")
_ERLANG = _LatePattern(rf"=(?P<kind>[A-Z]+) REPORT==== (?P<time>{TIME}) ===\s*$")
_ERLANG_LEVELS = {"ERROR": "error", "CRASH": "error", "SUPERVISOR": "error", "WARNING": "warning"}
_CISCO = _LatePattern(
    rf"(?:<\d{{1,3}}>)?(?:\d+: )?(?:[\w.-]{{1,60}}: )?(?:\d+: )?[*.]?(?P<time>{TIME})?"
    r"(?: [\w.-]{1,60})? ?:? ?"
    r"%[A-Z][A-Z0-9_]{1,40}(?:-[A-Z0-9_]{1,40})??-(?P<severity>[0-7])-[A-Z0-9_]{1,60}: "
)
_DOUBLE_COLONS = _LatePattern(
    rf"(?:[^\s:]{{1,80}}::)?(?P<level>[A-Z]{{4,8}})::(?P<time>{TIME})::(?:[^:\s]{{0,80}}::){{0,5}}"
    r"(?:\([^)\n]{0,80}\) )?"
)
_NCCL = re.compile(
    r"[\w.-]{1,80}:\d{1,8}:\d{1,8} \[\d{1,3}\] (?:\S{1,80}:\d{1,6} )?NCCL (?P<level>INFO|WARN|TRACE) "
)
_TIME_WITHIN = _LatePattern(
    rf"(?:\[pid: \d|(?:\[[\w-]{{8,40}}\] )?Started [A-Z]+ \")[^\n]{{0,400}}?(?P<time>(?<=\[){TIME}"
    rf"(?=\])|(?<= at ){TIME}$)"
)
_CONFIGURATION_MANAGER = re.compile(
    r"<!\[LOG\[(?P<message>.*)\]LOG\]!><time=\"(?P<time>[\d:.]{8,12})[^\"]{0,6}\" .{0,200}?"
    r"type=\"(?P<kind>[1-3])\""
)


def read_syslog(line: str, inner: Reader) -> ParsedLine | None:
    """RFC 3164 and 5424, and what rsyslog and journald write. `inner` reads the message, which may have a
    header of its own.
    """
    first = line[:1]
    if first not in _FIRST_OF_SYSLOG:
        return None
    name = "syslog"
    found = _RFC_5424.match(line) if first == "<" or line.startswith("1 ") else None
    if found is None and (first == "<" or line[10:11] == "T" or not first.isdigit()):
        found = _IOS.match(line) or _SYSLOG.match(line)
    if found is None or level_of_name(found.groupdict().get("host") or "") is not None:
        return None
    names = found.groupdict()
    content = line[found.end() :]
    level = level_of_severity(int(names["priority"])) if names.get("priority") else None
    word = _LEVEL_WORD.match(content) if level is None else None
    if word is not None:
        level = level_of_name(word["name"])
    if names.get("named"):
        level = level_of_name(names["named"])
    if names.get("level"):
        level = level_of_name(names["level"])
    component = names.get("component") or ""
    if level is None and _LEVEL_AS_COMPONENT.fullmatch(component) is not None:
        level = level_of_name(component)
    read = inner(content)
    said = level is not None
    if said and read is not None and read.format == "access" and read.level == "info":
        read = None  # that a request went well says less than a priority
    if read is not None and read.level_said and read.level is not None:
        level, said = read.level, True
        if (
            read.time is not None
            or read.format in ("json", "logfmt")
            or content[:1] in "[(<"
            or content[:2].isupper()
        ):
            content = read.content
    elif level is None and read is not None:
        level = read.level
    return ParsedLine(name, content, found["time"], level, time_at=found.start("time"), level_said=said)


def read_fixed(line: str) -> ParsedLine | None:
    """A header of one of the forms that are here, but for syslog."""
    read = read_program(line)
    if read is not None:
        return read
    start = line[:_HEADER_CHARS]
    by_sign = (reader for sign, reader in _WITH_SIGN if sign in start)
    readers = (*_OF_FIRST.get(line[:1], ()), *by_sign)
    for reader in readers:
        read = reader(line)
        if read is not None:
            return read
    return None


def status_level(content: str) -> str | None:
    """What a request's status says, where the message begins with the request."""
    found = _REQUEST.match(content)
    return None if found is None else level_of_status(int(found["status"]))


def _parsed(name: str, line: str, found: re.Match[str], level: str | None) -> ParsedLine:
    place = found.start("time") if "time" in found.re.groupindex else -1
    time = found["time"] if place >= 0 else None
    return ParsedLine(name, line[found.end() :], time, level, time_at=place, level_said=level is not None)


def _read_klog(line: str) -> ParsedLine | None:
    found = _KLOG.match(line)
    return None if found is None else _parsed("klog", line, found, level_of_name(found["level"]))


def _read_redis(line: str) -> ParsedLine | None:
    found = _REDIS.match(line)
    return None if found is None else _parsed("redis", line, found, _REDIS_LEVELS[found["level"]])


def _read_python(line: str) -> ParsedLine | None:
    found = _PYTHON.match(line)
    return None if found is None else _parsed("python", line, found, level_of_name(found["level"]))


def _read_kernel(line: str) -> ParsedLine | None:
    found = _KERNEL.match(line)
    if found is None:
        return None
    level = level_of_severity(int(found["priority"])) if found["priority"] else None
    return _parsed("kernel", line, found, level)


def _read_access(line: str) -> ParsedLine | None:
    found = _ACCESS.match(line) if _ACCESS_TIME.search(line) is not None else None
    if found is None:
        return None
    content = f"{found['client']} {found['ident']} {found['user']} {line[found.end() :]}"
    status = _STATUS.search(line, found.end())
    level = None if status is None else level_of_status(int(status[1]))
    place = found.start("time")
    return ParsedLine("access", content, found["time"], level, time_at=place, level_said=level is not None)


def _read_flow(line: str) -> ParsedLine | None:
    found = _FLOW.match(line)
    if found is None:
        return None
    return ParsedLine("flow", line, found["time"], None, time_at=found.start("time"))


def _read_csv(line: str) -> ParsedLine | None:
    if line.count(",") < 2:
        return None
    found = _CSV.match(line) if _CSV_WORD.search(line) is not None else None
    if found is not None:
        return _parsed("csv", line, found, level_of_name(found["level"]))
    found = _CSV_WITHOUT_LEVEL.match(line)
    if found is None:
        return None
    first = line[: found.start("time")].split(",")
    name = next((word for word in first if _LEVEL_AS_COMPONENT.fullmatch(word) is not None), None)
    return _parsed("csv", line, found, level_of_name(name) if name is not None else None)


def _read_event(line: str) -> ParsedLine | None:
    """An event of Windows as XML on one line."""
    if _EVENT.match(line) is None:
        return None
    texts = _EVENT_TEXTS.findall(line)
    number, event_id = _EVENT_LEVEL.search(line), _EVENT_ID.search(line)
    content = " ".join(texts) if texts else f"event {event_id[1]}" if event_id else line
    level = _EVENT_LEVELS[min(int(number[1]), 5)] if number else None
    time = _EVENT_TIME.search(line)
    return ParsedLine(
        "event-xml",
        " ".join(content.split()),
        time[1] if time else None,
        level,
        time_at=time.start(1) if time else -1,
        level_said=level is not None,
    )


def _read_slow_query(line: str) -> ParsedLine | None:
    found = _SLOW_QUERY.match(line)
    if found is None:
        return None
    return ParsedLine("slow-query", line, found["time"], None, time_at=found.start("time"), block=True)


def _read_erlang(line: str) -> ParsedLine | None:
    found = _ERLANG.match(line)
    if found is None:
        return None
    level = _ERLANG_LEVELS.get(found["kind"], "info")
    place = found.start("time")
    return ParsedLine("erlang", line, found["time"], level, time_at=place, level_said=True, announces=True)


def _read_cisco(line: str) -> ParsedLine | None:
    found = _CISCO.match(line)
    if found is None:
        return None
    level = level_of_severity(int(found["severity"]))
    content = line[line.index("%", max(found.start(), found.end("time") if found["time"] else 0)) :]
    time = found["time"]
    place = found.start("time") if time else -1
    return ParsedLine("cisco", content, time, level, time_at=place, level_said=True)


def _read_configuration_manager(line: str) -> ParsedLine | None:
    found = _CONFIGURATION_MANAGER.match(line)
    if found is None:
        return None
    level = ("info", "warning", "error")[int(found["kind"]) - 1]
    place = found.start("time")
    return ParsedLine("sccm", found["message"], found["time"], level, time_at=place, level_said=True)


def _read_double_colons(line: str) -> ParsedLine | None:
    found = _DOUBLE_COLONS.match(line)
    return None if found is None else _parsed("time", line, found, level_of_name(found["level"]))


def _read_time_within(line: str) -> ParsedLine | None:
    """Requests of uWSGI and of Rails."""
    found = _TIME_WITHIN.match(line)
    if found is None:
        return None
    return ParsedLine("request", line, found["time"], None, time_at=found.start("time"))


def _read_nccl(line: str) -> ParsedLine | None:
    found = _NCCL.match(line)
    return None if found is None else _parsed("nccl", line, found, level_of_name(found["level"]))


_FIRST_OF_SYSLOG = frozenset("<0123456789JFMASOND")
_DIGITS = "0123456789"
_OF_FIRST: Mapping[str, tuple[Reader, ...]] = {
    **dict.fromkeys("IWEFDCV", (_read_klog, _read_python)),
    **dict.fromkeys(_DIGITS, (_read_redis, _read_flow)),
    "[": (_read_kernel, _read_time_within),
    "<": (_read_kernel, _read_event, _read_configuration_manager),
    "#": (_read_slow_query,),
    "=": (_read_erlang,),
    "S": (_read_time_within,),
}
"""Readers by a line's first character."""
_WITH_SIGN: tuple[tuple[str, Reader], ...] = (
    (",", _read_csv),
    ("%", _read_cisco),
    ("::", _read_double_colons),
    ("NCCL ", _read_nccl),
    (" [", _read_access),
)
"""Readers by what a line has near its start."""
