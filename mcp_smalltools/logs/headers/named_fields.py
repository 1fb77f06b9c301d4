"""Lines of named fields: JSON and key=value. The message first, then the other fields as key=value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from mcp_smalltools.logs.headers.levels import level_of_name, level_of_number, level_of_severity
from mcp_smalltools.logs.headers.parsed_line import ParsedLine
from mcp_smalltools.logs.headers.scanner import is_text

_TIME_KEYS = (
    *("time", "ts", "timestamp", "@timestamp", "datetime", "asctime", "date", "eventtime", "when", "@t", "t"),
    *(
        "_source_realtime_timestamp",
        "__realtime_timestamp",
        "timecreated",
        "logtime",
        "log_time",
        "time_local",
    ),
    *(
        "time_iso8601",
        "datetimeutc",
        "timemillis",
        "instant",
        "starttime",
        "start_time",
        "startutc",
        "created",
    ),
    *("createdat", "created_at", "event_time", "log_timestamp", "timestamp_ms", "receivetimestamp"),
    *("time_iso1111", "timeunixnano", "observedtimeunixnano", "requestreceivedtimestamp", "stagetimestamp"),
    *("ingestiontime", "start-date", "at", "written_at", "utc", "date_time", "logged_at", "dt"),
)
_LEVEL_KEYS = (
    *(
        "level",
        "lvl",
        "severity",
        "loglevel",
        "log.level",
        "levelname",
        "log_level",
        "@level",
        "severitytext",
    ),
    *("severity_text", "@l", "level_name", "leveltext", "loglevelname", "error_severity", "syslog_severity"),
    *(
        "leveldisplayname",
        "priority",
        "pri",
        "s",
        "l",
        "sev",
        "levelno",
        "severitynumber",
        "severity_number",
        "level_value",
        "type",
    ),
)
_TIME_ENDINGS = ("_datetime", "_timestamp", "-timestamp", ".timestamp", "_time")
_LEVEL_ENDINGS = ("_loglevel", "_log_level", ".level", "_severity")
_SEVERITY_KEYS = ("priority", "syslog_severity", "syslog.severity", "pri")
_OF_NEXTCLOUD = ("debug", "info", "warning", "error", "fatal")
_PYTHON_NUMBERS = ("levelno",)
_MESSAGE_KEYS = (
    *("msg", "message", "event", "@message", "renderedmessage", "@m", "textpayload", "text", "body", "log"),
    *("short_message", "@mt", "messagetemplate", "rendered", "event_message", "log_message", "logmessage"),
    *("full_message", "description", "data", "line", "content", "error"),
)
_LOGGER_KEYS = frozenset(
    (
        *(
            "logger",
            "caller",
            "name",
            "logger_name",
            "loggername",
            "source",
            "pid",
            "hostname",
            "thread",
            "v",
        ),
        *("@module", "thread_name", "threadname", "threadid", "thread_id", "process", "stream", "insertid"),
        *("logname", "trace", "spanid", "ecs.version", "service.name", "log.logger", "process.thread.name"),
        *("_hostname", "syslog_identifier", "_pid", "_machine_id", "_boot_id", "__cursor", "_uid", "_gid"),
        *(
            "__monotonic_timestamp",
            "_transport",
            "_comm",
            "_exe",
            "_cmdline",
            "ctx",
            "@version",
            "funcname",
        ),
        *(
            "lineno",
            "filename",
            "module",
            "pathname",
            "processname",
            "threads",
            "@i",
            "sourcecontext",
            "endofbatch",
        ),
        *("loggerfqcn", "threadpriority", "level_value", "host", "resource", "labels", "@x", "stack_trace"),
    )
)
"""Fields of the header, which are no part of the message where there is one."""
_HARMLESS = frozenset(
    {"t", "s", "l", "at", "type", "data", "line", "error", "utc", "dt", "event", "name", "created"}
)
_INNER = (
    "jsonpayload",
    "record",
    "log",
    "fields",
    "attributes",
    "event",
    "message",
    "data",
    "body",
    "winlog",
    "entry",
    "payload",
)
_PAIR = re.compile(r'([A-Za-z_@][\w.@/-]*)=("(?:[^"\\]|\\.)*"|\'[^\']*\'|[^\s"]*)(?:[\s,]+|$)')
_TIMELIKE = re.compile(r"\d{4}[-/.]\d\d|\d{10,19}(?:\.\d+)?$|\d{1,2}[:/ -]|[A-Z][a-z]{2}[ ,]|\d{8}T")
_SPACES = re.compile(r"\s{2,}|[^\S ]")
"""Space that isn't a single one."""
_SIGNS_OF_HEADERS = ("=", "[", "%", "::", "$$<")
"""What a header that begins with two words of text would have."""
_SPACE = re.compile(r"\s")
_JSON_LINE = re.compile(r"\[?\s*(?P<object>\{.*\})\s*[,\]]{0,2}\s*", re.DOTALL)
_CUT_FIELD = re.compile(
    r'\s*"(?P<key>[^"\\]{1,80})"\s*:\s*(?:"(?P<text>(?:[^"\\]|\\.)*)"?'
    r"|(?P<other>-?\d[\d.]*|true|false|null))(?P<more>\s*,)?"
)
_DEPTH = 3
_LOGRUS = re.compile(
    r"time=\"(?P<time>\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d))\" level=(?P<level>[a-z]{4,7}) "
    r"msg=\"?(?P<message>.*)"
)
_TIME_RANKS = {name: place for place, name in enumerate(_TIME_KEYS)}
_LEVEL_RANKS = {name: place for place, name in enumerate(_LEVEL_KEYS)}
_MESSAGE_RANKS = {name: place for place, name in enumerate(_MESSAGE_KEYS)}
_INNER_RANKS = {name: place for place, name in enumerate(_INNER)}
_KEYS_OF_LOGFMT = frozenset({*_TIME_KEYS, *_LEVEL_KEYS, "msg"})
_KEYS_OF_HEADERS = frozenset({*_LOGGER_KEYS, *_TIME_KEYS, *_LEVEL_KEYS})
Reader = Callable[[str], ParsedLine | None]


class _Decimal(float):
    """A number that is written again as it was."""

    text: str

    def __str__(self) -> str:
        return self.text


def _decimal(text: str) -> _Decimal:
    number = _Decimal(text)
    number.text = text
    return number


_DECODER = json.JSONDecoder(parse_float=_decimal)


def read_json(line: str, inner: Reader | None = None) -> ParsedLine | None:
    """An object on one line, also one of an array's. `inner` reads a message that is a line itself."""
    found = _JSON_LINE.fullmatch(line)
    if found is None:
        return _read_cut_json(line, inner) if line.startswith('{"') else None
    try:
        fields = _DECODER.decode(found["object"])
    except ValueError:
        return _read_cut_json(line, inner) if line.startswith('{"') else None
    except RecursionError:
        return None
    return line_of_fields("json", line, fields, inner) if isinstance(fields, dict) and fields else None


def _read_cut_json(line: str, inner: Reader | None) -> ParsedLine | None:
    """An object whose end is missing, because what stored the line cuts long ones or broke it: the fields up
    to there, if a time or a level is among them.
    """
    fields: dict[str, Any] = {}
    position = 1
    while (found := _CUT_FIELD.match(line, position)) is not None:
        fields[found["key"]] = found["other"] if found["text"] is None else found["text"]
        position = found.end()
        if not found["more"]:
            break
    if not fields:
        return None
    read = line_of_fields("json", line, fields, inner)
    return read if read.time is not None or read.level_said else None


def read_logfmt(line: str) -> ParsedLine | None:
    """A line of nothing but key=value, with a time, a level or a message among them."""
    if "=" not in line:
        return None
    pairs: dict[str, Any] = {}
    position = 0
    while position < len(line):
        found = _PAIR.match(line, position)
        if found is None:
            return _of_logrus(line)
        value = found[2]
        pairs[found[1]] = (
            value[1:-1].replace('\\"', '"') if value[:1] in ('"', "'") and len(value) > 1 else value
        )
        position = found.end()
    keys = {key.lower() for key in pairs}
    if len(pairs) < 2 or keys.isdisjoint(_KEYS_OF_LOGFMT):
        return None
    if {"date", "time"} <= keys:  # Fortinet
        both = _date_and_time(line)
        if both is not None:
            pairs = {
                "time": both,
                **{key: value for key, value in pairs.items() if key not in ("date", "time")},
            }
    return line_of_fields("logfmt", line, pairs, None)


def _of_logrus(line: str) -> ParsedLine | None:
    """A line of older versions of Docker, whose message has quotes of its own."""
    found = _LOGRUS.match(line)
    level = None if found is None else level_of_name(found["level"])
    if found is None or level is None:
        return None
    place = found.start("time")
    return ParsedLine("logfmt", found["message"], found["time"], level, time_at=place, level_said=True)


def _date_and_time(line: str) -> str | None:
    found = re.search(r"date=(\d{4}-\d\d-\d\d time=\d\d:\d\d:\d\d)", line) or re.search(
        r"(?<=date=)\d{4}-\d\d-\d\d time=\"(\d\d:\d\d:\d\d)", line
    )
    return None if found is None else found[1]


def line_of_fields(name: str, line: str, fields: Mapping[str, Any], inner: Reader | None) -> ParsedLine:
    """What the fields say. The innermost level counts; the time is the outermost."""
    low = {key.lower(): key for key in reversed([*fields])}
    time = next(_times(fields, low), None)
    level = next(_levels(fields, low), None)
    if level is None and "@t" in low and ("@mt" in low or "@m" in low):
        level = "@t", "info"  # Serilog leaves it out
    message = _message(fields, low)
    used = {key for key in (time and time[0], level and level[0], message and message[0]) if key}
    said = level is not None
    known = level[1] if level else None
    parts: list[str] = []
    if message is not None:
        text, inner_level = _read_message(message[1], inner)
        known, said = (inner_level, True) if inner_level else (known, said)
        parts.append(text)
    nested = _nested(fields, low, inner)
    if nested is not None:
        key, read = nested
        if message is None or len(message[1]) < 16:
            used.add(key)
            parts = [read.content]
        if read.level is not None and read.level_said:
            known, said = read.level, True
        if time is None and read.time is not None:
            time = (key, read.time)
    for key, value in fields.items():
        if key not in used and not (parts and key.lower() in _LOGGER_KEYS):
            parts.extend(_flat(key, value, 0))
    content = " ".join(_SPACES.sub(" ", part) for part in parts).strip()
    text_of_time = None if time is None else str(time[1])
    at = -1 if text_of_time is None or time is None else _place_of_value(line, time[0], text_of_time)
    return ParsedLine(name, content, text_of_time if at >= 0 else None, known, time_at=at, level_said=said)


def _present(low: Mapping[str, str], ranks: Mapping[str, int]) -> Sequence[str]:
    """The names that are there, in the order of their ranks."""
    names = [name for name in low if name in ranks]
    return names if len(names) < 2 else sorted(names, key=ranks.__getitem__)


def _ending(low: Mapping[str, str], endings: tuple[str, ...]) -> Iterator[str]:
    """Names that a program puts before one of its own: `ibm_datetime`."""
    return (name for name in low if name.endswith(endings))


def _times(fields: Mapping[str, Any], low: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in (*_present(low, _TIME_RANKS), *_ending(low, _TIME_ENDINGS)):
        key = low[name]
        value = fields[key]
        if isinstance(value, dict):  # {"$date": "…"}, {"seconds": 1}, {"epochSecond": 1}
            value = next((value[part] for part in ("$date", "epochSecond", "seconds") if part in value), None)
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            continue
        if _TIMELIKE.match(str(value)):
            yield key, str(value)


def _levels(fields: Mapping[str, Any], low: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in (*_present(low, _LEVEL_RANKS), *_ending(low, _LEVEL_ENDINGS)):
        key = low[name]
        value = fields[key]
        if isinstance(value, dict):
            value = value.get("name") or value.get("value") or value.get("level")
        level = _level_of_field(name, value)
        if name == "level" and "reqid" in low and type(value) is int and 0 <= value < len(_OF_NEXTCLOUD):
            level = _OF_NEXTCLOUD[value]
        if level is not None and (name not in _HARMLESS or len(str(value)) <= 11):
            yield key, level
    nested = fields.get(low.get("log", ""))
    if isinstance(nested, dict) and isinstance(nested.get("level"), str):
        level = level_of_name(nested["level"])
        if level is not None:
            yield low["log"], level


def _level_of_field(name: str, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    if isinstance(value, str) and not value.strip().isdigit():
        return level_of_name(value)
    number = int(value)
    if name in _SEVERITY_KEYS and 0 <= number < 8:
        return level_of_severity(number)
    if name in ("severitynumber", "severity_number"):  # OpenTelemetry: four of each
        return ("trace", "debug", "info", "warning", "error", "fatal")[min(max(number - 1, 0) // 4, 5)]
    if name in _PYTHON_NUMBERS:
        return {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "fatal"}.get(number)
    if name == "level_value" and number >= 1000:  # logback
        return {5: "debug", 10: "debug", 20: "info", 30: "warning", 40: "error"}.get(number // 1000)
    return None if name == "type" else level_of_number(number)


def _message(fields: Mapping[str, Any], low: Mapping[str, str]) -> tuple[str, str] | None:
    """The field by convention; else the text of most words."""
    for name in _present(low, _MESSAGE_RANKS):
        key = low[name]
        value = fields[key]
        if isinstance(value, dict) and isinstance(value.get("stringValue"), str):
            return key, value["stringValue"]  # OpenTelemetry
        if isinstance(value, str) and (name not in _HARMLESS or " " in value):
            return key, value
    for name in ("event", "error"):
        other = low.get(name)
        if other is not None and isinstance(fields[other], str):
            return other, fields[other]
    texts = [(value.count(" "), key, value) for key, value in fields.items() if isinstance(value, str)]
    most = max(texts, default=(0, "", ""), key=lambda item: item[0])
    return (most[1], most[2]) if most[0] >= 3 and not _TIMELIKE.match(most[2]) else None


def _read_message(text: str, inner: Reader | None) -> tuple[str, str | None]:
    """A message that is itself a line of a log, as in what Docker stores; its text and its level."""
    if inner is None or (is_text(text, 0) and not any(sign in text for sign in _SIGNS_OF_HEADERS)):
        return text, None
    read = inner(text.rstrip("\n"))
    if read is None or read.format == "plain" or not read.level_said:
        return text, None
    return read.content, read.level


def _nested(
    fields: Mapping[str, Any], low: Mapping[str, str], inner: Reader | None
) -> tuple[str, ParsedLine] | None:
    """A record inside the record, with a message of its own."""
    for name in _present(low, _INNER_RANKS):
        key = low[name]
        value = fields[key]
        if not isinstance(value, dict) or not value:
            continue
        names = {item.lower(): item for item in value}
        if _message(value, names) is not None and not _MESSAGE_RANKS.keys().isdisjoint(names):
            level = next(_levels(value, names), None)
            message = _message(value, names)
            assert message is not None
            text, inner_level = _read_message(message[1], inner)
            known = inner_level or (level[1] if level else None)
            rest = [
                part
                for item, field in value.items()
                if item != message[0] and item.lower() not in _KEYS_OF_HEADERS
                for part in _flat(item, field, 1)
            ]
            return key, ParsedLine("json", " ".join([text, *rest]), None, known, level_said=known is not None)
    return None


def _flat(key: str, value: Any, depth: int) -> list[str]:
    if isinstance(value, dict) and value and depth < _DEPTH:
        return [part for name, item in value.items() for part in _flat(f"{key}.{name}", item, depth + 1)]
    if isinstance(value, str):
        return [f"{key}={value}" if value and not _SPACE.search(value) else f'{key}="{value}"']
    if type(value) is int:
        return [f"{key}={value}"]
    return [
        f"{key}={value}" if isinstance(value, _Decimal) else f"{key}={json.dumps(value, ensure_ascii=False)}"
    ]


def _place_of_value(line: str, key: str, value: str) -> int:
    """Where the value of this key stands in the line; -1 if it stands there in other characters."""
    for found in _key_pattern(key).finditer(line):
        place = line.find(value, found.end(), found.end() + len(value) + 40)
        if place >= 0:
            return place
    return line.find(value)


@lru_cache(maxsize=256)
def _key_pattern(key: str) -> re.Pattern[str]:
    """A key with what separates it from its value."""
    return re.compile(rf'(?<![\w.]){re.escape(key)}"?\s*[=:]\s*')
