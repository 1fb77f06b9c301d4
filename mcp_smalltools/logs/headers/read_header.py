"""The header of one line."""

from __future__ import annotations

import re

from mcp_smalltools.logs.headers.csv_rows import read_csv_row
from mcp_smalltools.logs.headers.fixed_forms import read_fixed, read_syslog, status_level
from mcp_smalltools.logs.headers.folded_fields import FOLD, read_folded
from mcp_smalltools.logs.headers.guesses import level_in_text
from mcp_smalltools.logs.headers.levels import CLEAR_NAMES, level_of_name
from mcp_smalltools.logs.headers.line_prefixes import prefix_of
from mcp_smalltools.logs.headers.named_fields import read_json, read_logfmt
from mcp_smalltools.logs.headers.parsed_line import ParsedLine
from mcp_smalltools.logs.headers.program_forms import MAY_BE_INDENTED
from mcp_smalltools.logs.headers.scanner import scan_header

_COMMAND = re.compile(r"(?:##\[|::)(?P<name>error|warning|debug|notice)(?:\]| [^:\n]{0,400}::|::)")
_LEVEL_IN_COLUMN = re.compile(
    r" {1,4}(?:info|warning|error|debug) \d{4}-"
    r"| {1,8}(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|LOG)(?: {2,4}\S| [\w:.-]{1,80}: \S)"
    r"| {1,2}(?:ERR|WRN|INF|DBG|TRC) \S|  (?:INFO|WARN|TRACE) (?=[\[A-Z])"
    r"| (?:DEBUG|ERROR|FATAL) (?=\[)"
    r"|(?: | {6,40})(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)"
    r"(?: +\||  +\S| [\w:.]{1,80} >)"
)
"""Aligned to the right (env_logger, ActiveMQ, AnyDesk), or below a time that isn't written again (rich)."""
_PROCESS_AND_LEVEL = re.compile(r"\s{0,8}\d{1,6}\(\d{1,8}\) [A-Z]+:")
_HOST_BEFORE_FIELDS = re.compile(r"[\w.-]{1,60} (?=[a-z_]{1,20}=)")
_PHP_LEVELS = {
    "Fatal error": "fatal",
    "Recoverable fatal error": "error",
    "Parse error": "error",
    "Core error": "error",
    "Core Warning": "warning",
    "Deprecated": "notice",
    "Strict Standards": "notice",
}
_OF_PHP = re.compile(rf"PHP (?P<name>{'|'.join(_PHP_LEVELS)}): ")
_PROPERTY = re.compile(
    r'"(?:level|lvl|severity|log\.level|Level|LogLevel)"\s*:\s*"(?P<level>[A-Za-z]{1,12})",?\s*$'
)
_INNER_DEPTH = 2
_BLANKS = 2
_NAME_BEFORE_OBJECT = re.compile(r"(?:\[[\w. /:-]{1,60}\]|[\w./-]{1,60}(?:\[\d{1,8}\])?)[:|]? {1,4}(?=\{\")")
_LEVEL_BEFORE_OBJECT = re.compile(rf"(?P<level>(?i:{CLEAR_NAMES})): ")
_TIME_OF_OBJECT = re.compile(
    r'"(?:timestamp|time|@timestamp|ts)":"(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^"]{0,20})"'
    r"[^{}]{0,400}\}$"
)
_OBJECT_CHARS = 600
_KEY_CHARS = 40


def read_line(line: str) -> ParsedLine:
    """Take a line apart. Never fails: a line in no known format is all content."""
    if FOLD in line:
        return read_folded(line, lambda text: _read(text, 1)) or ParsedLine("plain", line.replace(FOLD, " "))
    prefix = prefix_of(line)
    if prefix is None:
        return _read(line, 0)
    inner = _read(line[prefix.end :], 0, carried=prefix.time is not None)
    place = inner.time_at + prefix.end if inner.time_at >= 0 else -1
    time = inner.time
    if prefix.time is not None:
        time, place = prefix.time, prefix.time_at
    command = _COMMAND.match(inner.content) if inner.format == "plain" else None
    level = level_of_name(command["name"]) if command is not None else inner.level
    name = "ci" if inner.format == "plain" else f"ci+{inner.format}"
    said = inner.level_said or command is not None
    return inner._replace(
        format=name, time=time, level=level, bare=not inner.headed, time_at=place, level_said=said
    )


def _read(line: str, depth: int, *, carried: bool = False) -> ParsedLine:
    first = line[:1]
    if first == "S" and line.startswith("Stack trace:"):
        return ParsedLine("plain", line)
    if first in ("{", "["):
        read = read_json(line, lambda text: _read(text, depth + 1) if depth < _INNER_DEPTH else None)
        if read is not None:
            return read
        if first == "{":
            return ParsedLine("plain", line)
    if not first or first in " \t":
        return _read_indented(line)
    read = (
        read_syslog(line, lambda text: _read(text, depth + 1) if depth < _INNER_DEPTH else None)
        or read_fixed(line)
        or _row(line, depth)
        or read_logfmt(line)
        or _scanned(line, carried=carried)
        or _object_behind_name(line)
    )
    return read or ParsedLine("plain", line, level=level_in_text(line))


def _row(line: str, depth: int) -> ParsedLine | None:
    """A row of CSV; its message is read one level deeper."""
    if depth or "," not in line:
        return None
    return read_csv_row(line, lambda text: _read(text, 1))


def _scanned(line: str, *, carried: bool) -> ParsedLine | None:
    read = scan_header(line, carried=carried)
    if read is None:
        return None
    if read.time is not None and read.time_at > 2 and not read.level and not read.content:
        return None  # "Start-Date: 2026-03-01 10:00:00" is a message
    if read.level is not None:
        return _with_time_of_object(line, read) if read.time is None and line.endswith("}") else read
    fields = _fields_behind(read.content)
    if fields is not None and fields.level_said:
        return read._replace(content=fields.content, level=fields.level, level_said=True)
    found = _OF_PHP.match(read.content)
    if found is not None:
        return read._replace(level=_PHP_LEVELS[found["name"]], level_said=True)
    level = status_level(read.content)
    return read._replace(level=level or level_in_text(read.content), level_said=level is not None)


def _object_behind_name(line: str) -> ParsedLine | None:
    """An object of JSON with a time or a level, behind the name of what wrote it."""
    if not line.endswith("}"):
        return None
    level = _LEVEL_BEFORE_OBJECT.match(line)
    if level is not None and _TIME_OF_OBJECT.search(line[-_OBJECT_CHARS:]) is not None:
        name = level_of_name(level["level"])
        return _with_time_of_object(
            line, ParsedLine("level", line[level.end() :], level=name, level_said=True)
        )
    found = _NAME_BEFORE_OBJECT.match(line)
    read = read_json(line[found.end() :]) if found is not None else None
    if found is None or read is None or not (read.level_said or read.time is not None):
        return None
    return read._replace(time_at=read.time_at + found.end() if read.time_at >= 0 else -1)


def _with_time_of_object(line: str, read: ParsedLine) -> ParsedLine:
    """The time that winston writes into an object at the end of the line."""
    found = _TIME_OF_OBJECT.search(line[-_OBJECT_CHARS:])
    if found is None:
        return read
    at = max(0, len(line) - _OBJECT_CHARS) + found.start("time")
    return read._replace(time=found["time"], time_at=at)


def _fields_behind(content: str) -> ParsedLine | None:
    """Named fields behind a time."""
    if content[:1] == "{":
        return read_json(content)
    if "=" not in content[:_KEY_CHARS]:
        return None
    host = _HOST_BEFORE_FIELDS.match(content)
    return read_logfmt(content[host.end() :] if host is not None else content)


def _read_indented(line: str) -> ParsedLine:
    """An indented line has a header only if it begins with a time, or with a process and a level."""
    stripped = line.lstrip()
    read = _read(stripped, 1) if stripped else None
    if read is not None and read.format == "json" and (read.time is not None or read.level_said):
        return read._replace(time_at=read.time_at + len(line) - len(stripped) if read.time_at >= 0 else -1)
    if read is not None and (
        (
            read.time is not None
            and 0 <= read.time_at <= 1
            and read.content
            and read.format in ("time", "kernel")
        )
        or read.format in MAY_BE_INDENTED
        or _is_header_behind_a_blank(line, stripped, read)
        or (read.level_said and (_PROCESS_AND_LEVEL.match(line) or _LEVEL_IN_COLUMN.match(line)))
    ):
        place = read.time_at + len(line) - len(stripped) if read.time_at >= 0 else -1
        return read._replace(time_at=place)
    return ParsedLine("plain", line, level=_level_of_property(stripped) if stripped[:1] == '"' else None)


def _is_header_behind_a_blank(line: str, stripped: str, read: ParsedLine) -> bool:
    """Whether a line that only a blank or two stand before has a header: a time in a bracket, or with a
    level.
    """
    if read.time is None or read.time_at < 0 or len(line) - len(stripped) > _BLANKS:
        return False
    return read.level_said or stripped[read.time_at - 1 : read.time_at] in ("[", "(")


def _level_of_property(line: str) -> str | None:
    """The level of a record of JSON that is written over several lines, one of which says it."""
    found = _PROPERTY.match(line)
    return level_of_name(found["level"]) if found is not None else None
