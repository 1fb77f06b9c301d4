"""A mail as it is stored: its subject, and its parts with their lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from mcp_smalltools.text.outlines.heading import Heading

_FIELD: Final = re.compile(r"(?P<name>[A-Za-z][\w-]{1,60}+):[ \t]*+(?P<value>[^\n]*+)$")
_BOUNDARY: Final = re.compile(r"boundary\s*+=\s*+\"?(?P<mark>[^\"\s;]{1,200}+)", re.IGNORECASE)
_NAMED: Final = re.compile(r"\b(?:file)?name\s*+=\s*+\"?(?P<name>[^\";]{1,200}+)", re.IGNORECASE)
_FIELD_LINES: Final = 1000
_MOST_PARTS: Final = 1000


@dataclass(slots=True)
class Mail:
    """Lines are 1-based and include the last."""

    subject: str = ""
    subject_line: int = 0
    parts: list[Heading] = field(default_factory=list)
    texts: list[tuple[int, int]] = field(default_factory=list)
    """The lines of what is plain text in it."""


def read_parts(lines: Sequence[str]) -> Mail:
    """The parts of a mail; one without parts has its body as text."""
    mail = Mail()
    fields, body = _fields(lines, 0)
    mail.subject, mail.subject_line = fields.get("subject", ("", 0))
    marks = _marks(fields)
    if not marks:
        kind = fields.get("content-type", ("text/plain", 0))[0].split(";")[0].strip().lower()
        if not kind.startswith("text/"):
            mail.parts = [_part(body, kind, fields)]
        elif body < len(lines):
            mail.texts = [(body + 1, len(lines))]
        return mail
    kind, begun, at = "", -1, body
    while at < len(lines) and len(mail.parts) < _MOST_PARTS:
        line = lines[at].rstrip()
        if not line.startswith("--") or line[2:].removesuffix("--") not in marks:
            at += 1
            continue
        if kind == "text/plain":
            mail.texts.append((begun + 1, at))
        kind = ""
        if line[2:] in marks:
            inner, begun = _fields(lines, at + 1)
            marks |= _marks(inner)
            kind = inner.get("content-type", ("text/plain", 0))[0].split(";")[0].strip().lower()
            mail.parts.append(_part(at, kind, inner))
            at = max(at + 1, begun)
        else:
            at += 1
    return mail


def _part(at: int, kind: str, fields: dict[str, tuple[str, int]]) -> Heading:
    said = " ".join(fields.get(name, ("", 0))[0] for name in ("content-disposition", "content-type"))
    named = _NAMED.search(said)
    text = f"{kind} {named['name'].strip()}" if named else kind
    return Heading(at + 1, at + 1, 0, text, fields.get("content-description", ("", 0))[0])


def _marks(fields: dict[str, tuple[str, int]]) -> set[str]:
    found = _BOUNDARY.search(fields.get("content-type", ("", 0))[0])
    return {found["mark"]} if found else set()


def _fields(lines: Sequence[str], first: int) -> tuple[dict[str, tuple[str, int]], int]:
    """The fields above an empty line, by their names in small letters, with their lines; and the number
    (0-based) of the line below that one.
    """
    fields: dict[str, tuple[str, int]] = {}
    name = ""
    for number in range(first, min(len(lines), first + _FIELD_LINES)):
        line = lines[number].rstrip("\r")
        if not line.strip():
            return fields, number + 1
        if line[:1].isspace() and name:
            value, at = fields[name]
            fields[name] = f"{value} {line.strip()}", at
        elif match := _FIELD.match(line):
            name = match["name"].lower()
            fields.setdefault(name, (match["value"].strip(), number + 1))
    return fields, min(len(lines), first + _FIELD_LINES)
