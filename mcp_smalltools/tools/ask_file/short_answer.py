"""The short answer of a unit: the whole value with its unit, as the text has it, or none."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.text.facts import dates, numbers, times
from mcp_smalltools.text.words import content_stems, stem
from mcp_smalltools.tools.ask_file.features import ADDRESS
from mcp_smalltools.tools.ask_file.question import Question
from mcp_smalltools.tools.ask_file.units.prose import RELEASE
from mcp_smalltools.tools.ask_file.units.settings_units import ENTRY
from mcp_smalltools.tools.ask_file.units.unit import Unit

_ASKS_VALUE: Final = ("value", "number", "when", "place", "other")
_LINE_CHARS: Final = 400
"""Characters of a line of which a value is a short answer."""
_VALUE: Final = re.compile(r"^[^=:]*?(?::\s[\w\[\]<>., |]{1,60}=|[?+:]?=>?|:)\s*(?P<value>\S.*)$")
_DEFINE: Final = re.compile(r"^\s*#\s*define\s+\w+\s+(?P<value>\S.*)$")
_ELEMENT: Final = re.compile(
    r"^\s*<(?P<tag>[\w:.-]{1,80})(?:\s[^<>]{0,300})?>(?P<value>[^<>]{1,300})</(?P=tag)>"
)
_COMMENT: Final = re.compile(r"\s(?:#|//|--|;|/\*)\s*(?P<said>.*)$")
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}
_UNIT_WORD: Final = (
    r"(?:%|percent|bytes?|bits?|[kmgtp]i?b|[kmg]bit|[mnuµ]?s(?:ec)?|milliseconds?|microseconds?|nanoseconds?"
    r"|seconds?|secs?|minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?|years?|lines?|characters?|chars?|words?"
    r"|tokens?|pixels?|px|em|rem|pt|mm|cm|km|kg|hz|khz|mhz|ghz|db|v|a|w|rpm|baud|times?|per\s+\w+|°[cf]?"
    r"|degrees?|euros?|dollars?|eur|usd|€|\$)"
)
_UNIT_BEHIND: Final = re.compile(rf"\s?-?{_UNIT_WORD}(?![A-Za-z])", re.IGNORECASE)
_STATES_UNIT: Final = re.compile(rf"(?:^|\bin\s+|\()\s*{_UNIT_WORD}(?![A-Za-z])", re.IGNORECASE)
_NEEDS_UNIT: Final = re.compile(
    r"\bhow (?:much|long|large|big|often|old|far|high|fast|wide|heavy)\b", re.IGNORECASE
)
_LITERAL: Final = re.compile(
    r"""-?\d[\w.,%-]*|"[^"]*"|'[^']*'|`[^`]*`|true|false|null|none|nil|yes|no|on|off|[\w./:@~*+-]+""",
    re.IGNORECASE,
)


def short_answer(question: Question, unit: Unit, heading: str = "") -> str | None:
    """The value or name that the unit holds, verbatim; None where only the lines themselves answer.

    `heading` is the line that the unit is under.
    """
    if question.first_release and (release := RELEASE.match(heading.lstrip("#=* "))):
        return release["version"]
    if question.kind == "definition":
        return unit.name or None
    if question.kind == "raise":
        match = re.match(r"\s*(?:raise|throw new|throw)\s+([\w.]+)", unit.text)
        return match[1] if match else None
    if question.address and unit.kind != "entry":
        addresses = [match[0].rstrip(".,;)") for match in ADDRESS.finditer(unit.text)]
        return addresses[0] if len(addresses) == 1 else None
    if unit.kind == "entry":
        return _value_of(unit) if question.kind in _ASKS_VALUE else None
    if unit.kind == "row":
        return _cell(question, unit.text, heading)
    if question.kind == "when":
        moments = [*dates(unit.text), *times(unit.text)]
        return unit.text[moments[0].start : moments[0].end] if len(moments) == 1 else None
    return _number(question, unit.text) if question.kind == "number" else None


def _value_of(unit: Unit) -> str | None:
    """The value of a setting on one line, if all of it is there."""
    line = unit.text.split("\n")[0]
    if len(line) > _LINE_CHARS or (unit.end > unit.start and "\n" not in unit.text):
        return None  # a block: its lines answer
    if element := _ELEMENT.match(line):
        return element["value"].strip() or None
    match = _DEFINE.match(line) or _VALUE.match(line) or ENTRY.match(line)
    if not match:
        return None
    value = match["value"].strip()
    said = ""
    if comment := _COMMENT.search(value):
        value, said = value[: comment.start()].rstrip(), comment["said"]
    value = value.rstrip(",;").strip()
    if not _is_whole(value) or (re.fullmatch(r"-?[\d.,_]+", value) and _STATES_UNIT.search(said)):
        return None
    quoted = re.fullmatch(r"([\"'`])(?P<inner>[^\"'`]*)\1", value)
    return (quoted["inner"] if quoted else value) or None


def _is_whole(value: str) -> bool:
    """Brackets and quotes are closed, and nothing is called or computed."""
    open_marks: list[str] = []
    quote = ""
    for sign in value:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'`":
            quote = sign
        elif sign in "([{":
            open_marks.append(sign)
        elif sign in _PAIRS and (not open_marks or open_marks.pop() != _PAIRS[sign]):
            return False
    if quote or open_marks or not value or value[-1] in "\\|&+>":
        return False
    return bool(value[0] in "[{$" or _LITERAL.fullmatch(value) or not re.search(r"\w\(", value))


def _cell(question: Question, row: str, header: str) -> str | None:
    """The cell of the one column whose name the question has in full."""
    names, cells = _cells(header), _cells(row)
    if len(names) != len(cells):
        return None
    asked = set(content_stems(question.text))
    fits = [n for n, name in enumerate(names) if (words := set(content_stems(name))) and words <= asked]
    longest = max((len(content_stems(names[n])) for n in fits), default=0)
    best = [n for n in fits if len(content_stems(names[n])) == longest]
    return cells[best[0]].strip("` ") or None if len(best) == 1 else None


def _cells(line: str) -> Sequence[str]:
    text = line.strip().lstrip("\ufeff")
    if text.startswith("|") or " | " in text:
        return [cell.strip() for cell in text.strip("|").split("|")]
    delimiter = "\t" if "\t" in text else ";" if text.count(";") > text.count(",") else ","
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return []


def _number(question: Question, text: str) -> str | None:
    """The one number that the question doesn't have, with the unit behind it."""
    asked = {number.value for number in numbers(question.text)}
    found = [number for number in numbers(text) if number.value not in asked]
    if len(found) != 1:
        return None
    start, end = found[0].start, found[0].end
    if behind := _UNIT_BEHIND.match(text, end):
        return text[start : behind.end()]
    if _NEEDS_UNIT.search(question.text) and not re.search(r"[A-Za-z%€$]", text[start:end]):
        return None
    counted = re.match(r"\s(\w+)", text[end:])
    if counted and stem(counted[1].lower()) in question.counted:
        return text[start : end + counted.end()]
    return text[start:end]
