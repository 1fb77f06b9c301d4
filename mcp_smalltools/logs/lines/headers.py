"""The header before a message: time, level, host, process, logger.

A header is recognised on one line alone, so that a log may mix formats. Transport prefixes (GitHub Actions,
GitLab, docker compose, Kubernetes) are taken off first: what follows is a line in its own right, and may
continue the line before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_LEVELS: Mapping[str, str] = {
    **dict.fromkeys(("trace", "trc", "finest", "finer", "verbose", "silly"), "trace"),
    **dict.fromkeys(("debug", "dbg", "dbug", "fine", "debg", "d"), "debug"),
    **dict.fromkeys(
        ("info", "inf", "information", "informational", "log", "i", "statement", "detail"), "info"
    ),
    **dict.fromkeys(("notice", "hint", "config", "note"), "notice"),
    **dict.fromkeys(("warn", "warning", "wrn", "w"), "warning"),
    **dict.fromkeys(("error", "err", "eror", "severe", "failure", "e"), "error"),
    **dict.fromkeys(
        ("fatal", "critical", "crit", "panic", "emerg", "emergency", "alert", "dpanic", "ftl", "f", "c"),
        "fatal",
    ),
}
LEVELS = ("trace", "debug", "info", "notice", "warning", "error", "fatal")
_NUMBERED_LEVELS = {
    10: "trace",
    20: "debug",
    30: "info",
    40: "warning",
    50: "error",
    60: "fatal",
}  # pino, bunyan

ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z\\-_])")

_WRITTEN_OVER = re.compile(rb"^[^\n]*\r(?=[^\n\r])", re.MULTILINE)  # anchored: linear in the line

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_CLOCK = r"\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?"
ZONES = r"(?:[ECMP][SD]T|A[EC][SD]T|AWST|[CEW]ES?T|GMT|UTC|BST|MSK|IST|JST|KST|SGT|HKT|NZ[SD]T)"
_ZONE = rf"(?: ?(?:Z|[+-]\d\d:?\d\d|{ZONES}\b))?"
TIME = (
    rf"(?:\d{{4}}[-/.]\d\d[-/.]\d\d(?:[T _]|, ?|-(?=\d\d[:.])){_CLOCK}{_ZONE}"  # ISO, and with slashes or dots
    rf"|\d{{4}}-\d\d-\d\d-\d\d\.\d\d\.\d\d\.\d{{6}}"  # 2005-06-03-15.42.50.363779
    rf"|{_DAY},? {_MONTH} +\d{{1,2}} {_CLOCK}(?: {ZONES})? \d{{4}}"  # ctime, date(1)
    rf"|{_DAY},? \d{{1,2}} {_MONTH} \d{{4}} {_CLOCK}{_ZONE}"  # RFC 2822
    rf"|{_MONTH} +\d{{1,2}},? \d{{4}},? {_CLOCK}(?: [AP]M)?"  # java.util.logging
    rf"|{_MONTH} +\d{{1,2}} {_CLOCK}"  # syslog
    rf"|\d{{1,2}}[ /-]{_MONTH}[ /-]\d{{4}}[ :]{_CLOCK}{_ZONE}"  # access logs, redis
    rf"|\d{{1,2}} {_MONTH} {_CLOCK}"
    rf"|\d\d[/-]\d\d[/-]\d{{2,4}}[ T]{_CLOCK}(?: [AP]M)?"
    rf"|\d{{2}}-\d\d {_CLOCK}"  # logcat
    rf"|\d{{6}} \d{{1,2}}:?\d\d:?\d\d\b"  # 081109 203615
    rf"|\d\d:\d\d:\d\d(?:[.,]\d{{1,9}})?(?= |\]|\||$))"
)
_EPOCH = r"1\d{9}(?:\d{3}|\d{6}|\d{9})?(?:\.\d{1,9})?(?= |\]|$)"
LEVEL_NAMES = "|".join(sorted((name for name in _LEVELS if len(name) > 1), key=len, reverse=True))
# A bare word is a level only in capitals or followed by a colon: "error" also starts sentences.
_LEVEL = (
    rf"(?:[\[(<|]? ?(?P<level>(?:{LEVEL_NAMES.upper()})(?=[\])>|: ]|$))[\])>|]?:?"
    rf"|[\[(<](?P<level2>(?i:{LEVEL_NAMES}))\d?[\])>]:?"
    rf"|(?P<level3>(?i:{LEVEL_NAMES}))(?=:| ?\||\t|  )[:|]?)"
)

_TRANSPORT = re.compile(
    r"(?P<prefix>"
    r"(?:[\w.-]+(?:-\d+|_\d+)? +\| )?"  # docker compose
    r"(?:\ufeff)?"
    r"(?:[A-Za-z0-9_.()/ -]{1,80}\t[A-Za-z0-9_.()/ -]{1,120}\t(?=\d{4}-))?"  # gh run view --log
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,9}(?:Z|[+-]\d\d:\d\d))"
    r"(?: (?:stdout|stderr) [FP] | \d\d[OE][+ ]?| )"  # Kubernetes CRI, GitLab, GitHub Actions
    r"|[\w.-]+(?:-\d+|_\d+) +\| )"
)
_APPLICATION = re.compile(
    rf"(?P<open>[\[(]?)(?P<time>{TIME}|{_EPOCH})[\])]?(?:,| -| \||:)?(?:[ \t]+|$)"
    rf"(?:(?!\[(?i:{LEVEL_NAMES})\d?\])\[(?:\d+|[\w./-]{{1,40}})\][: ]+(?=\S))?"  # process or thread before the level
    r"(?:\d{1,7}(?:(?: +|[:-])\d{1,7})? +(?=[A-Z]))?"
    rf"(?:{_LEVEL}(?:[ \t]+|$))?"
)
_SYSLOG = re.compile(
    rf"(?:<\d{{1,3}}>(?:1 )?)?(?P<time>{_MONTH} +\d{{1,2}} \d\d:\d\d:\d\d|\d{{4}}-\d\d-\d\dT{_CLOCK}{_ZONE}) "
    r"(?P<host>[\w.:-]+) (?P<component>[\w./@-]+(?:\([\w/. -]+\))?(?:\[[\w.-]+\])?|[\w/.@-]+(?: [\w/.@-]+){0,2}"
    r"(?:\[\d+\])): ?(?:(?<=kernel: )\[ *\d+\.\d{6}\] )?"
    rf"(?:{_LEVEL} )?"
)
_KLOG = re.compile(
    r"(?P<level>[IWEFD])(?P<time>\d{4} \d\d:\d\d:\d\d\.\d{6}) +\d+ (?P<component>[\w./-]+:\d+)\] ?"
)
# A label, a host, a pod, a file name before the time: words that can't be the start of a sentence.
_PREFIX = re.compile(rf"(?:(?:[^\s\w]+|(?=\S*[\d./:_-])\S+) +){{1,5}}?(?={TIME})")
_ACCESS = re.compile(
    r"(?P<client>\S+) (?P<ident>\S+) (?P<user>\S+) \[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?"
    r"|\d\d/[A-Z][a-z]{2}/\d{4} \d\d:\d\d:\d\d)\] ?"
)
_REDIS = re.compile(
    rf"\d+:[XCSM] (?P<time>\d\d {_MONTH} \d{{4}} \d\d:\d\d:\d\d\.\d{{3}}) (?P<level>[.\-*#]) "
)
_PYTHON = re.compile(r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL):(?P<component>[\w.-]+):")
_LEVEL_FIRST = re.compile(
    rf"(?P<open>\[?)(?P<level>{LEVEL_NAMES.upper()}|(?<=\[)(?i:{LEVEL_NAMES}))\d?\]?(?::|(?<=\])|(?= |\[))[ \t]*"
    rf"(?:[\[(]?(?P<time>{TIME}|{_EPOCH})[\])]?[: ]*)?"
)
_DMESG = re.compile(r"(?:<\d>)?\[ *(?P<time>\d+\.\d{6})\] ")
# With brackets in it, too: [Peer[id=1]/10.0.0.1]
BRACKETED = r"\[(?:[^\[\]\n]|\[[^\[\]\n]{0,120}\]){1,250}\]"
# After time and level: [thread], logger{10} -, com.acme.Class(123):, module.py:12 -
_AFTER_LEVEL = re.compile(
    rf"(?:(?:\d{{1,7}} (?=--- |\[))?(?:--- )?(?:{BRACKETED} ?){{0,3}}"
    r"(?:(?:[\w$-]++\.(?=[\w$*/-]))++[\w$*/-]++[\w$.@/-]*+(?:[:(]\d+\)?)?(?: -|:| :| \|)"
    r"|[A-Za-z][\w$./-]*+(?:\[\d+\]|(?::<?\w+>?)?:\d+|\(\d+\)) ?(?:-|:|\|)"
    r"|[A-Za-z][\w$-]* - (?=\S)| ?- (?=\S)|\| )?"
    r")[ \t]*"
)
_REDIS_LEVELS = {".": "debug", "-": "debug", "*": "notice", "#": "warning"}
_TIME_KEYS = (
    "time",
    "ts",
    "timestamp",
    "@timestamp",
    "t",
    "datetime",
    "date",
    "asctime",
    "eventTime",
    "when",
)
_LEVEL_KEYS = ("level", "lvl", "severity", "loglevel", "log.level", "levelname", "log_level", "@level", "l")
_MESSAGE_KEYS = ("msg", "message", "event", "@message", "text", "body", "log", "short_message")
_LOGGER_KEYS = (
    "logger",
    "caller",
    "name",
    "logger_name",
    "source",
    "pid",
    "hostname",
    "thread",
    "v",
    "@module",
)
_LOGFMT_PAIR = re.compile(r'([A-Za-z_@][\w.@/-]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)')


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """One line, taken apart. `bare`: its header, if any, was written by what carried the line (a CI system,
    a container runtime), so the line may continue the one before."""

    format: str
    content: str
    time: str | None = None
    level: str | None = None
    bare: bool = False

    @property
    def headed(self) -> bool:
        return self.format != "plain" and not self.bare


def level_of_name(name: str) -> str | None:
    """The level of this name, or of this letter."""
    return _LEVELS.get(name.lower())


def strip_colours(lines: list[str]) -> list[str]:
    """The lines without the sequences that colour a terminal, and are no part of a message."""
    text = "\n".join(lines)
    return ANSI.sub("", text).split("\n") if "\x1b" in text else lines


def strip_terminal_codes(data: bytes) -> bytes:
    """Lines as UTF-8 as a terminal shows them: without colours, and of a line that was written over (a
    progress bar) what was written last.
    """
    if b"\x1b" in data:
        data = ANSI.sub("", data.decode("utf-8", "surrogatepass")).encode("utf-8", "surrogatepass")
    return _WRITTEN_OVER.sub(b"", data) if b"\r" in data else data


def strip_terminal_codes_of_lines(lines: list[str]) -> list[str]:
    """The same of lines."""
    data = "".join([f"{line}\n" for line in lines]).encode("utf-8", "surrogatepass")
    return strip_terminal_codes(data).decode("utf-8", "surrogatepass").split("\n")[:-1]


def read_line(line: str) -> ParsedLine:
    """Take a line apart. Never fails: a line in no known format is all content."""
    transport = _TRANSPORT.match(line)
    if transport is None:
        return _read_application_line(line)
    inner = _read_application_line(line[transport.end() :])
    time = transport["time"] or inner.time
    name = "ci" if inner.format == "plain" else f"ci+{inner.format}"
    return ParsedLine(name, inner.content, time, inner.level, bare=not inner.headed)


def _read_application_line(line: str) -> ParsedLine:
    first = line[:1]
    if first == "{":
        return _read_json(line) or ParsedLine("plain", line)
    if not first or first in " \t":
        stripped = line.lstrip()
        found = _DMESG.match(stripped) or _APPLICATION.match(stripped)
        if found is None or not found["time"]:
            return ParsedLine("plain", line)
        line = stripped
    for reader in _READERS:
        read = reader(line)
        if read is not None:
            return read
    return ParsedLine("plain", line, level=_level_in_text(line))


def _groups(found: re.Match[str]) -> tuple[str | None, str | None]:
    names = found.groupdict()
    level = names.get("level") or names.get("level2") or names.get("level3")
    return names.get("time"), level_of_name(level) if level else None


def _reader(
    name: str, pattern: re.Pattern[str], *, after_level: bool = False
) -> Callable[[str], ParsedLine | None]:
    def read(line: str) -> ParsedLine | None:
        found = pattern.match(line)
        if found is None:
            return None
        time, level = _groups(found)
        end = found.end()
        if after_level:
            tail = _AFTER_LEVEL.match(line, end)
            if tail is not None:
                end = tail.end()
                if level is None:  # 2024-05-01 10:00:00 [main] INFO com.acme.Class - text
                    late = _LATE_LEVEL.match(line, end)
                    if late is not None:
                        level = _groups(late)[1]
                        tail = _AFTER_LEVEL.match(line, late.end())
                        end = tail.end() if tail is not None else late.end()
        content = line[end:]
        return ParsedLine(
            name, content, time, level or _level_before_text(content) or _level_in_text(content)
        )

    return read


_LATE_LEVEL = re.compile(rf"{_LEVEL}(?:[ \t]+|$)")


def _read_prefixed(line: str) -> ParsedLine | None:
    prefix = _PREFIX.match(line)
    read = None if prefix is None else _read_time(line[prefix.end() :])
    # "Start-Date: 2026-03-01 10:00:00" is a message.
    return read if read is not None and read.content else None


def _read_redis(line: str) -> ParsedLine | None:
    found = _REDIS.match(line)
    if found is None:
        return None
    return ParsedLine("redis", line[found.end() :], found["time"], _REDIS_LEVELS[found["level"]])


def _read_access(line: str) -> ParsedLine | None:
    found = _ACCESS.match(line)
    if found is None:
        return None
    content = f"{found['client']} {found['ident']} {found['user']} {line[found.end() :]}"
    status = re.search(r'" (\d{3}) ', line)
    level = None if status is None else "error" if status[1][0] == "5" else "info"
    return ParsedLine("access", content, found["time"], level)


def _read_level_first(line: str) -> ParsedLine | None:
    found = _LEVEL_FIRST.match(line)
    if found is None or found.end() == 0 or bool(found["open"]) != ("]" in found[0]):
        return None
    name = "level+time" if found["time"] else "level"
    content = line[found.end() :]
    if found["time"]:
        tail = _AFTER_LEVEL.match(line, found.end())
        content = line[tail.end() :] if tail is not None else content
    return ParsedLine(name, content, found["time"], _LEVELS[found["level"].lower()])


def _read_json(line: str) -> ParsedLine | None:
    """JSON lines: the message first, then the other fields as key=value, nested keys joined by dots."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return _line_of_fields("json", fields) if isinstance(fields, dict) and fields else None


def _read_logfmt(line: str) -> ParsedLine | None:
    pairs: dict[str, Any] = {}
    position = 0
    while position < len(line):
        found = _LOGFMT_PAIR.match(line, position)
        if found is None:
            return None
        pairs[found[1]] = found[2][1:-1] if found[2].startswith('"') else found[2]
        position = found.end()
    if len(pairs) < 2 or not any(key in pairs for key in (*_TIME_KEYS, *_LEVEL_KEYS)):
        return None
    return _line_of_fields("logfmt", pairs)


def _line_of_fields(name: str, fields: Mapping[str, Any]) -> ParsedLine:
    time = _take(fields, _TIME_KEYS, (str, int, float))
    level = _take(fields, _LEVEL_KEYS, (str, int))
    message = _take(fields, _MESSAGE_KEYS, (str,))
    used = {key for key, _ in (time, level, message) if key is not None} | set(_LOGGER_KEYS)
    parts = [message[1]] if message[0] is not None else []
    for key, value in fields.items():
        if key not in used:
            parts.extend(_flat(key, value))
    content = " ".join(" ".join(str(part).splitlines()) for part in parts)
    text = None if time[0] is None else str(time[1])
    return ParsedLine(name, content, text, _level_of_field(level[1]))


def _take(
    fields: Mapping[str, Any], names: tuple[str, ...], kinds: tuple[type, ...]
) -> tuple[str | None, Any]:
    for name in names:
        if isinstance(fields.get(name), kinds):
            return name, fields[name]
    return None, None


def _flat(key: str, value: Any) -> list[str]:
    if isinstance(value, dict) and value:
        return [part for name, item in value.items() for part in _flat(f"{key}.{name}", item)]
    if isinstance(value, str):
        return [f"{key}={value}" if value and not re.search(r"\s", value) else f'{key}="{value}"']
    return [f"{key}={json.dumps(value, ensure_ascii=False)}"]


def _level_of_field(value: Any) -> str | None:
    if isinstance(value, int):
        return _NUMBERED_LEVELS.get(value - value % 10)
    return level_of_name(str(value)) if value is not None else None


_LEVEL_AMONG_FIRST = re.compile(rf"(?:\S+ +){{0,4}}?(?P<level>{LEVEL_NAMES.upper()})[ :]")


def _level_before_text(content: str) -> str | None:
    """A level in capitals among the first words after the header."""
    found = _LEVEL_AMONG_FIRST.match(content)
    return _LEVELS[found["level"].lower()] if found is not None else None


_FATAL_TEXT = re.compile(r"(?:panic|fatal|FATAL)(?:\[\w+\])?: |Segmentation fault|core dumped")
_ERROR_TEXT = re.compile(
    r"(?:^|[\s:\]])(?:fatal |internal compiler |syntax )?[Ee]rror(?:\[\w+\])?: |^ERROR\b|^E   |^(?:##\[error\]|::error)"
    r"|\bERROR!|^(?:FAILED|FAIL)\b|\bTraceback \(most recent call last\)|^(?:[\w$]+\.)*[A-Z][\w$]*(?:Error|Exception)\b"
    r"|^make(?:\[\d+\])?: \*\*\* |^npm (?:ERR!|error)|CMake Error|^--- FAIL|^Exception in thread|^error(?:\[|:| )"
    r"|\bundefined reference to\b"
)
_WARNING_TEXT = re.compile(
    r"(?:^|[\s:\]])[Ww]arning(?:\[\w+\])?: |^WARN(?:ING)?\b|^npm (?:WARN|warn)\b|^(?:##\[warning\]|::warning)|CMake Warning"
    r"|\b\w+Warning: "
)


def _level_in_text(content: str) -> str | None:
    """The level that tools without headers write into their text."""
    if _FATAL_TEXT.search(content):
        return "fatal"
    if _ERROR_TEXT.search(content):
        return "error"
    if _WARNING_TEXT.search(content):
        return "warning"
    return None


_read_time = _reader("time", _APPLICATION, after_level=True)
_READERS: tuple[Callable[[str], ParsedLine | None], ...] = (
    _reader("klog", _KLOG),
    _read_redis,
    _reader("syslog", _SYSLOG),
    _read_time,
    _reader("python", _PYTHON),
    _reader("kernel", _DMESG),
    _read_access,
    _read_level_first,
    _read_logfmt,
    _read_prefixed,
)
