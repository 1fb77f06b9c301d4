"""Records that were written over several lines, as one line with `FOLD` in place of the line ends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mcp_smalltools.logs.headers.csv_rows import Inner, read_csv_row
from mcp_smalltools.logs.headers.named_fields import line_of_fields, read_json
from mcp_smalltools.logs.headers.parsed_line import ParsedLine

FOLD = "\x1e"
FIELD = re.compile(
    r"\s{0,8}([A-Za-z_@][\w@./-]{0,60}(?:\[\d{1,9}\]|(?: [\w()/-]{1,30}){0,3})) {0,40}[:=] {0,40}(.*)"
)
"""`name: value`, `NAME=value`, `Name   : value`."""
_ATTRIBUTE = re.compile(r"([\w:.-]{1,60})=(?:\"([^\"<]{0,2000})\"|'([^'<]{0,2000})')")
_ELEMENT = re.compile(
    r"<([\w:.-]{1,60})(?:\s[^<>]{0,600})?>\s{0,20}(?:<!\[CDATA\[(.{0,4000}?)\]\]>|([^<]{0,20000}))</\1>",
    re.DOTALL,
)
_EVENT_LEVELS = {"0": "info", "1": "critical", "2": "error", "3": "warning", "4": "info", "5": "verbose"}
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))


def read_folded(line: str, inner: Inner = lambda _: None) -> ParsedLine | None:
    """A line with `FOLD` in it; None where no field of it is one of a header. `inner` reads the message of a
    row of CSV.
    """
    row = read_csv_row(line.replace(FOLD, "\n"), inner)
    if row is not None:
        return row
    text = line.replace(FOLD, "\n").strip()
    if text[:1] in ("{", "[", '"'):
        body = text.lstrip("[ \n").rstrip(" \n,[{]")
        body = body if body.startswith("{") else "{" + body
        if not body.endswith("}"):
            return None
        read = read_json(body)
        return None if read is None else _placed(line, read)
    fields = _of_xml(text) if text[:1] == "<" else _of_lines(text)
    return line_of_fields("fields", line, fields, None) if fields else None


def _placed(line: str, read: ParsedLine) -> ParsedLine:
    """The time's place in the line as it is folded."""
    at = line.find(read.time) if read.time is not None else -1
    return read._replace(time_at=at, time=read.time if at >= 0 else None)


def _of_xml(text: str) -> Mapping[str, Any]:
    """Attributes and the elements that hold text, by their names without what is before a colon."""
    fields: dict[str, Any] = {}
    texts = []
    for found in _ELEMENT.finditer(text):
        name, value = found[1].rpartition(":")[2], found[2] or found[3] or ""
        value = " ".join(_plain(value).split())
        if name in ("Data", "txt"):
            texts.append(value)
        elif value:
            fields.setdefault(name, value)
    for found in _ATTRIBUTE.finditer(text):
        name, value = found[1].rpartition(":")[2], found[2] or found[3] or ""
        if not name.startswith("xmlns"):
            fields.setdefault("timestamp" if name == "SystemTime" else name, _plain(value))
    if "<System>" in text:  # Windows
        fields["Level"] = _EVENT_LEVELS.get(str(fields.get("Level")), "")
        fields["message"] = " ".join(texts) or f"event {fields.get('EventID', '')}"
    elif texts:  # Oracle, whose levels are numbers of its own
        fields.pop("level", None)
        fields["message"] = " ".join(texts)
    return fields


def _plain(text: str) -> str:
    for entity, sign in _ENTITIES:
        text = text.replace(entity, sign)
    return text


def _of_lines(text: str) -> Mapping[str, Any]:
    """The fields of `name: value` lines; those of a field below another one count as their own."""
    fields: dict[str, Any] = {}
    last = ""
    for line in text.split("\n"):
        found = FIELD.match(line)
        if found is not None:
            last, value = found[1].lower().replace(" ", "_"), found[2].strip().strip("'\"")
            if value or last not in fields:
                fields.setdefault(last, value)
        elif last and line.strip() not in ("", "---"):
            fields[last] = f"{fields.get(last, '')} {line.strip()}".strip()
    told = {name: value for name, value in fields.items() if value}
    if "message" in told:
        told = {
            name: value for name, value in told.items() if not name.startswith("_") or "timestamp" in name
        }
    return told
