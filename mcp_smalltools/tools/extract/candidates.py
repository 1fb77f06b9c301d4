"""What in a text could be the value of a field: spans that code finds, each with its value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mcp_smalltools.text.facts import Moment, Number, dates, numbers, times
from mcp_smalltools.text.words import content_stems, stem
from mcp_smalltools.tools.extract.enum_synonyms import synonyms_in
from mcp_smalltools.tools.extract.schema import Field

_QUOTED = re.compile(r"(?<!\w)(['\"“‘`])(?P<inside>[^'\"”’`\n]{1,300}|(?<=')[^\"\n]{1,300}?)(['\"”’`])(?!\w)")
_PATTERNS: Final = {
    "email": re.compile(r"(?<![\w.])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "uri": re.compile(r"(?:https?|ftp|file|ssh|git|s3)://[^\s'\"<>),;]+[^\s'\"<>),;.]|(?<!\w)www\.[^\s'\"<>),;]+[^\s'\"<>),;.]"),
    "ipv4": re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"),
    "uuid": re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"),
    "path": re.compile(r"(?<![\w/:.])(?:~|\.{1,2}|[A-Za-z]:)?[\\/](?:[\w.@-]+[\\/])*[\w.@-]*\w[\\/]?|(?<![\w/.-])(?:[\w.-]+/)*[\w-]+\.[A-Za-z]\w{1,7}(?![\w.])|(?<![\w/])(?:[\w.-]+/)+[\w.-]*\w"),
    "code": re.compile(r"(?<![\w-])#?(?=[\w/-]*\d)(?=[\w/-]*[A-Za-z#/-])[A-Za-z0-9#][\w/.-]*\w"),
}  # fmt: skip
_BY_NAME: Final = {
    "email": _PATTERNS["email"],
    "phone": re.compile(r"(?<![\w.-])(?:\+\d|\(?\d)(?:[ /.-]?\(?\d\)?){5,14}(?![\w-])"),
    "iban": re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"),
}
_FORM_OF_NAME: Final = {
    **dict.fromkeys(("email", "mail"), "email"),
    **dict.fromkeys(("phone", "telephone", "mobile", "fax"), "phone"),
    "iban": "iban",
}
_NAME = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|Prof|St)\. )?(?:\b[A-Z][\w'’&.-]*\w|\b[A-Z]\b)(?:(?: (?:of|of the|de|da|la|van|von|der|&) | |-)(?:[A-Z][\w'’&.-]*\w|[A-Z]\.(?=\s[A-Z])|[A-Z]\b|[vV]?\d[\w.]*\b))*"
)
_BRACKETS = re.compile(
    r"\[([^\[\]]{1,2000})\]|\(([^()]{1,500},[^()]{1,500})\)|\{([^{}]{1,500},[^{}]{1,500})\}"
)
_PLACE: Final = re.compile(r"\b[A-Z][\w.'-]+(?: [A-Z][\w.'-]+)*, [A-Z][\w.]+(?: [A-Z]\w+)*")
_MONTH: Final = "(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
_DAY_AND_MONTH: Final = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?)\b(?!,? \d{{4}})",
    re.I,
)
_LINE_OF_ITEMS: Final = re.compile(
    r"^[ \t>*-]*(?:[\w ]{1,30}:[ \t]+)?(?P<items>[^,.;:!?\"\[\n]{1,40}(?:,[^,;:!?\"\[\n]{1,40}){2,})$", re.M
)
_ADDRESS: Final = re.compile(r"\b\d{1,5}[a-z]? [A-Z][\w'-]+(?: [A-Z][\w'-]+)*")
_UNIT: Final = re.compile(
    r"[ -]?((?:(?:square|cubic|nautical|light|fluid|metric|sq\.?|cu\.?) )?[A-Za-zµ°²³/]+"
    r"(?: (?:per|[a-z]*meters?|[a-z]*metres?|feet|inches) ?\w*)?)"
)
_SHORT_UNIT: Final = re.compile(r" ?[A-Za-zµ°%²³]{1,4}(?:/[a-z]{1,4})?(?![\w/])")
_INSIDE: Final = re.compile(r"(?:[A-Za-z]\^-?|\b[A-Za-z]\w*[-/][\w/-]*)$")
"""The text before a number that is part of something else: an exponent, a code."""
_OF_MOMENT: Final = re.compile(r"date|time|day|month|year|hour|minute|second|when|season|annual", re.I)
_FORMULA_FIELD: Final = re.compile(r"function|equation|expression|polynomial|formula", re.IGNORECASE)
_POWER: Final = r"(?:\s?(?:\^|\*\*)\s?[-\d.]+)?"
_FACTOR: Final = (
    rf"(?:e\^\(?[\w-]{{1,6}}\)?|(?:sin|cos|tan|log|ln|exp|sqrt)\([^()]{{1,30}}\)|[a-z]\b){_POWER}"
)
_TERM: Final = rf"(?:(?:-?\d+(?:\.\d+)?\s?\*?\s?)?{_FACTOR}|\d+(?:\.\d+)?)"
_FORMULA: Final = re.compile(rf"(?<![\w(]){_TERM}(?:\s?[-+*/]\s?{_TERM})*")
_VERBS: Final = frozenset(
    """
    add analyze analyse ask book buy calculate call cancel check compare compute convert copy create
    delete describe determine display draw email enrol estimate explain fetch find generate get give
    identify invite let list look mail make move name notify open order pay plan play predict provide
    put recommend register remind rent request retrieve run save schedule search send set show simulate
    solve start stop suggest summarize tell translate turn update use write is are was does did what
    which who when where how why for in on at from with the has have can could would please hi hello
    thanks thank if any after before between during since i'm i'd my we our anything
    """.split()
)
"""Words that open a request or a sentence, and are no part of the name that follows."""
_ORDINALS: Final = {
    word: number
    for number, word in enumerate(
        ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"), 1
    )
}
_ORDINAL: Final = re.compile(rf"\b(?:{'|'.join(_ORDINALS)})\b", re.IGNORECASE)
_BETWEEN_NUMBERS = re.compile(
    r"[ \t]*(?:(?:,|;)\s*|and|&|\bor\b|,\s*and|[ \t])[ \t]*(?:\b(?:the|an?)\s+)?", re.I
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Characters [start, end) of the text as the value of a field. `kind` says how it was found."""

    start: int
    end: int
    value: Any
    kind: str


def candidates(text: str, field: Field) -> list[Candidate]:
    """Spans whose value the field's schema allows by type, each once, in their order."""
    if field.members is not None:
        found = _members(text, field)
    elif field.listed:
        found = list(_lists(text, field))
    elif field.type in ("integer", "number"):
        found = [c for n in _counting(text, field) if (c := _number(n, field))]
        if field.type == "integer":
            found += [
                Candidate(m.start(), m.end(), _ORDINALS[m[0].lower()], "ordinal")
                for m in _ORDINAL.finditer(text)
            ]
    elif field.type == "string":
        found = list(_strings(text, field))
    else:
        found = []
    return sorted({(c.start, c.end): c for c in found}.values(), key=lambda c: (c.start, c.end))


def as_number(number: Number, field: Field) -> float | int | None:
    """What a number means for a field: 5% is 0.05 for a `number` that doesn't speak of percent."""
    value = number.value
    if number.percent and field.type == "number" and not speaks_of_percent(field):
        value = round(value / 100, 12)
    if field.type == "integer":
        if not float(value).is_integer():
            return None
        value = int(value)
    limits = field.items
    low, high = (
        limits.get("minimum", limits.get("exclusiveMinimum")),
        limits.get("maximum", limits.get("exclusiveMaximum")),
    )
    if isinstance(low, (int, float)) and value < low:
        return None
    return None if isinstance(high, (int, float)) and value > high else value


def speaks_of_percent(field: Field) -> bool:
    said = f"{field.words} {field.description}".lower()
    percent = bool(re.search(r"percent|\bpct\b|%|per cent", said))
    if re.search(r"\b(?:decimal|0\.\d+)\b|between 0 and 1\b", said) or ("fraction" in said and not percent):
        return False
    high = field.items.get("maximum")
    return percent or (isinstance(high, (int, float)) and high > 1)


def _counting(text: str, field: Field) -> list[Number]:
    """The numbers of a text but for parts of times, dates and codes, and exponents: `m/s^2`."""
    moments = [] if _OF_MOMENT.search(f"{field.words} {field.description}") else [*dates(text), *times(text)]
    taken = [(m.start, m.end) for m in moments]
    return [
        n
        for n in numbers(text)
        if not _INSIDE.search(text[max(0, n.start - 24) : n.start])
        and not any(start <= n.start < end for start, end in taken)
    ]


def _number(number: Number, field: Field) -> Candidate | None:
    value = as_number(number, field)
    return None if value is None else Candidate(number.start, number.end, value, "number")


def pattern_of(field: Field) -> re.Pattern[str] | None:
    """The pattern of every value of the field, where its `format` or name gives one: an address,
    a phone number.
    """
    if known := _PATTERNS.get(str(field.items.get("format"))):
        return known
    last = field.words.split()[-1:]
    form = _FORM_OF_NAME.get(last[0]) if last and field.type == "string" else None
    return _BY_NAME[form] if form else None


def _strings(text: str, field: Field) -> Iterator[Candidate]:
    if form := field.date_form:
        yield from (Candidate(m.start, m.end, in_form(m, form), "date") for m in dates(text))
        return
    if field.is_time:
        yield from (Candidate(m.start, m.end, m.iso, "time") for m in times(text))
        return
    if (pattern := pattern_of(field)) is not None:
        days = dates(text)
        for found in _matches(pattern, text, "form"):
            if not any(day.start < found.end and found.start < day.end for day in days):
                yield found
        return
    for match in _QUOTED.finditer(text):
        yield Candidate(match.start("inside"), match.end("inside"), match["inside"].strip(), "quoted")
    for kind, each in _PATTERNS.items():
        yield from _matches(each, text, kind)
    for start, end in _names(text):
        yield Candidate(start, end, text[start:end], "name")
    yield from _matches(_PLACE, text, "place")
    yield from _matches(_ADDRESS, text, "address")
    for moment in (*dates(text), *times(text)):
        yield Candidate(moment.start, moment.end, text[moment.start : moment.end], "moment")
    yield from _matches(_DAY_AND_MONTH, text, "moment")
    for number in numbers(text):
        yield Candidate(number.start, number.end, text[number.start : number.end], "number")
        if unit := _SHORT_UNIT.match(text, number.end):
            yield Candidate(number.start, unit.end(), text[number.start : unit.end()], "quantity")
    yield from _by_description(text, field)


def _by_description(text: str, field: Field) -> Iterator[Candidate]:
    """What the field's own words lead to: units, formulas, values that the description names."""
    if re.search(r"\bunits?\b", f"{field.words} {field.description}", re.IGNORECASE):
        for number in numbers(text):
            if unit := _UNIT.match(text, number.end):
                yield Candidate(unit.start(1), unit.end(1), unit[1], "unit")
    if _FORMULA_FIELD.search(f"{field.words} {field.description}"):
        for match in _FORMULA.finditer(text):
            found = match[0].strip()
            if re.search(r"[A-Za-z]", found) and re.search(r"[\^*/+\d(]", found):
                yield Candidate(match.start(), match.start() + len(match[0].rstrip()), found, "formula")
    for choice in field.choices:
        yield from _occurrences(text, choice, choice)


def _names(text: str) -> list[tuple[int, int]]:
    """Runs of capitalised words. The first word of a sentence is left out where others
    follow: `Remind Julia`.
    """
    found = []
    for match in _NAME.finditer(text):
        start, end = match.span()
        opens = not text[:start].strip() or text[:start].rstrip()[-1:] in ".!?:"
        first = re.match(r"[A-Z][a-z]+\b ?", match[0])
        if opens and first and first[0].strip().lower() in _VERBS:
            start += first.end()
        if re.search(r"[A-Za-z]", text[start:end]):
            found.append((start, end))
    return found


def _matches(pattern: re.Pattern[str], text: str, kind: str) -> Iterator[Candidate]:
    return (Candidate(m.start(), m.end(), m[0], kind) for m in pattern.finditer(text))


def in_form(moment: Moment, form: str) -> str:
    """`2024-03-05` as `05/03/2024` for the form DD/MM/YYYY."""
    year, month, day = moment.iso.split("-")
    written = re.sub(r"Y+", lambda m: year[-len(m[0]) :], form)
    written = re.sub(r"M+", lambda m: month if len(m[0]) > 1 else month.lstrip("0"), written)
    return re.sub(r"D+", lambda m: day if len(m[0]) > 1 else day.lstrip("0"), written)


def _members(text: str, field: Field) -> list[Candidate]:
    """Where the members of an enum are said, in other cases, with spaces for underscores, or by their stem."""
    found = [c for member in field.members or () for c in _occurrences(text, str(member), member)]
    stems = {
        words[0]: member for member in field.members or () if len(words := content_stems(str(member))) == 1
    }
    for match in re.finditer(r"[A-Za-z]{4,}", text):
        member = stems.get(stem(match[0].lower()))
        if member is not None and (str(member)[-2:] != "ly" or match[0][-2:].lower() == "ly"):
            found.append(Candidate(match.start(), match.end(), member, "member"))
    said = {(c.start, c.end) for c in found}
    others = (Candidate(*place, "everyday") for place in synonyms_in(text, field.members or ()))
    return found + [c for c in others if (c.start, c.end) not in said]


def _occurrences(text: str, words: str, value: Any) -> Iterator[Candidate]:
    parts = [re.escape(part) for part in re.split(r"[\s_-]+", words.strip()) if part]
    if parts:
        joined = r"[\s_-]?".join(parts)
        pattern = re.compile(rf"(?<!\w){joined}(?:s|es|ly|ing|ed)?(?!\w)", re.IGNORECASE)
        yield from (Candidate(m.start(), m.end(), value, "member") for m in pattern.finditer(text))


def _lists(text: str, field: Field) -> Iterator[Candidate]:
    if field.type in ("integer", "number"):
        yield from _number_lists(text, field)
        return
    for match in _BRACKETS.finditer(text):
        inside = next(group for group in match.groups() if group is not None)
        start = match.start() + 1
        yield Candidate(start, start + len(inside), items_of(inside), "bracket")
    quoted = list(_QUOTED.finditer(text))
    for run in _runs([(m.start(), m.end()) for m in quoted], text):
        chosen = [m["inside"] for m in quoted if run[0] <= m.start() < run[1]]
        yield Candidate(*run, chosen, "quoted")
    for start, end in _runs(_names(text), text):
        yield Candidate(start, end, items_of(text[start:end]), "name")
    for match in _LINE_OF_ITEMS.finditer(text) if "\n" in text.strip() else ():
        yield Candidate(match.start("items"), match.end("items"), items_of(match["items"]), "items")


def _number_lists(text: str, field: Field) -> Iterator[Candidate]:
    found = _counting(text, field)
    for start, end in _runs([(n.start, n.end) for n in found], text):
        values = [as_number(n, field) for n in found if start <= n.start < end]
        if all(value is not None for value in values):
            yield Candidate(start, end, values, "numbers")


def _runs(spans: Sequence[tuple[int, int]], text: str) -> Iterator[tuple[int, int]]:
    """Spans that only commas and `and` part, joined."""
    held: tuple[int, int] | None = None
    for start, end in spans:
        if held is not None and _BETWEEN_NUMBERS.fullmatch(text[held[1] : start]):
            held = (held[0], end)
            continue
        if held is not None:
            yield held
        held = (start, end)
    if held is not None:
        yield held


def items_of(text: str) -> list[str]:
    """`"a, b and c"` as three texts without their quotes."""
    parts = re.split(r"\s*[,;\n]\s*(?:(?:and|or)\s+)?|\s+(?:and|or|&)\s+", text.strip())
    bare = [re.sub(r"^the\s+", "", part.strip(" '\"“”‘’`")) for part in parts]
    return [part for part in bare if part]
