"""Numbers, dates and times in a text, in any notation, and whether a source says a value.

`extract` checks each value here; one that does not occur in its source is `unverified`.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            *("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul"),
            *("august aug", "september sep sept", "october oct", "november nov", "december dec"),
        ),
        1,
    )
    for name in names.split()
}
_UNITS: Final = {
    **{word: n for n, word in enumerate("zero one two three four five six seven eight nine ten".split())},
    **{word: n for n, word in enumerate("eleven twelve thirteen fourteen fifteen sixteen".split(), 11)},
    **{word: n for n, word in enumerate("seventeen eighteen nineteen".split(), 17)},
}
_TENS: Final = {
    word: 10 * n for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_SCALES: Final = {
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
    "trillion": 10**12,
}
_SHORT_SCALES: Final = {"k": 1_000, "m": 1_000_000, "mn": 1_000_000, "bn": 10**9, "b": 10**9}
MAX_DIGITS: Final = 300
"""Digits of a number: more are no number that a float can hold."""
_WORD = "|".join([*_UNITS, *_TENS, *_SCALES, "dozen"])
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))

_NUMBER = re.compile(
    r"(?<![\w.,])(?P<sign>[-−+])?(?P<money>[$€£¥₹]\s?)?(?P<sign2>[-−])?"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:['’]\d{3})+(?:\.\d+)?|\d+\.\d+(?:[eE][-+]?\d+)?|\d+(?:[eE][-+]?\d+)?|\.\d+)"
    r"(?!\d|[.,]\d)"
    r"(?:\s?(?P<percent>%|percent\b|per cent\b|pct\b)|[ -]?(?P<scale>hundred|thousand|million|billion|trillion)\b"
    r"|\s?[x×*·]\s?10(?:\^|\*\*)?(?P<power>[-−]?\d{1,2})(?!\d)|(?P<short>[kK]|[mM]n?|[bB]n?)\b(?![/²³^]))?"
)
_WORDS = re.compile(
    rf"(?<![\w-])(?:(?:{_WORD})(?:[ -](?:and )?(?:{_WORD}))*)(?![\w])(?P<percent>\s?(?:%|percent\b|per cent\b))?",
    re.IGNORECASE,
)
_DATES: Final = (
    re.compile(r"(?<![\d.])(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)"),
    re.compile(
        rf"(?<!\w)(?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of)?[ -]+(?P<n>{_MONTH})\b\.?,?[ -]+(?P<y>\d{{4}})\b",
        re.I,
    ),
    re.compile(
        rf"(?<!\w)(?P<n>{_MONTH})\.? +(?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,? +(?P<y>\d{{4}})\b", re.I
    ),
    re.compile(r"(?<![\d.])(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>\d{4})(?!\d)"),
    re.compile(r"(?<![\d/])(?P<m>\d{1,2})[/-](?P<d>\d{1,2})[/-](?P<y>\d{4})(?!\d)"),
)
_TIME = re.compile(
    r"(?<![\d:.,])(?P<h>\d{1,2})(?:[:.](?P<m>\d{2})(?::(?P<s>\d{2}))?)?\s?(?P<half>[ap])\.?m\b\.?"
    r"|(?<![\d:.,])(?P<h2>[01]?\d|2[0-4]):(?P<m2>[0-5]\d)(?::(?P<s2>[0-5]\d))?(?![\d:])"
    r"|\b(?P<word>noon|midnight)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text, characters [start, end); its value as it is written: 5% is 5 and `percent`."""

    start: int
    end: int
    value: float | int
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or a time in a text, characters [start, end), as ISO 8601 text."""

    start: int
    end: int
    iso: str


def numbers(text: str) -> list[Number]:
    """All numbers, in digits or in words, in their order."""
    found = [*_in_digits(text), *_in_words(text)]
    return sorted(found, key=lambda number: number.start)


def _in_digits(text: str) -> Iterator[Number]:
    for match in _NUMBER.finditer(text):
        if len(match["digits"]) > MAX_DIGITS:
            continue
        digits = re.sub(r"[,'’]", "", match["digits"])
        value: float | int = int(digits) if digits.isdigit() else float(digits)
        if match["sign"] in ("-", "−") or match["sign2"]:
            value = -value
        short = match["short"] or ""
        scaled = bool(match["money"]) or short in ("k", "mn", "bn")  # 10m is ten metres, $10m ten millions
        end = match.end() if scaled or not short else match.start("short")
        factor: float | int = _SCALES.get(match["scale"] or "", 1)
        if scaled:
            factor *= _SHORT_SCALES.get(short.lower(), 1)
        if match["power"]:
            value = float(f"{value}e{match['power'].replace('−', '-')}")
        yield Number(match.start(), end, without_rounding_errors(value * factor), bool(match["percent"]))


def _in_words(text: str) -> Iterator[Number]:
    for match in _WORDS.finditer(text):
        words = match[0][: -len(match["percent"])] if match["percent"] else match[0]
        value = _value_of_words(words.strip().lower())
        if value is not None:
            yield Number(match.start(), match.end(), value, bool(match["percent"]))


def _value_of_words(words: str) -> int | None:
    """`two hundred and five` is 205; None for what begins with a scale (`thousand`), or is no number."""
    total = group = 0
    parts = [part for part in re.split(r"[ -]+", words) if part != "and"]
    if parts[0] in _SCALES or (parts == ["one"]):
        return None  # "one" is mostly a pronoun
    for part in parts:
        if part in _UNITS or part in _TENS:
            group += _UNITS.get(part, 0) + _TENS.get(part, 0)
        elif part == "hundred":
            group = max(1, group) * 100
        elif part == "dozen":
            group = max(1, group) * 12
        else:
            total, group = total + max(1, group) * _SCALES[part], 0
    return total + group


def without_rounding_errors(value: float | int) -> float | int:
    """The value to 12 digits, which drops binary rounding errors; large whole values become an int."""
    if isinstance(value, int):
        return value
    rounded = float(f"{value:.12g}")
    return int(rounded) if rounded.is_integer() and 1000 <= abs(rounded) < 1e15 else rounded


def dates(text: str) -> list[Moment]:
    """Dates with day, month and year. `03/04/2024` is read as month/day, unless that is no date."""
    taken: list[Moment] = []
    for pattern in _DATES:
        for match in pattern.finditer(text):
            parts = match.groupdict()
            month = _MONTHS[parts["n"].lower()] if parts.get("n") else int(parts["m"])
            day, year = int(parts["d"]), int(parts["y"])
            iso = _iso(year, month, day) or (_iso(year, day, month) if pattern is _DATES[-1] else None)
            if iso and not any(m.start < match.end() and match.start() < m.end for m in taken):
                taken.append(Moment(match.start(), match.end(), iso))
    return sorted(taken, key=lambda moment: moment.start)


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return None


def times(text: str) -> list[Moment]:
    """Times of day, as HH:MM or HH:MM:SS."""
    found = []
    for match in _TIME.finditer(text):
        word = (match["word"] or "").lower()
        hour = {"noon": 12, "midnight": 0}.get(word, int(match["h"] or match["h2"] or 0))
        if match["half"]:
            hour = hour % 12 + (12 if match["half"].lower() == "p" else 0)
        seconds = match["s"] or match["s2"]
        if hour < 24:
            iso = f"{hour:02}:{match['m'] or match['m2'] or '00'}" + (f":{seconds}" if seconds else "")
            found.append(Moment(match.start(), match.end(), iso))
    return found


def fold(text: str) -> str:
    """A text for comparing names: lower case, no accents, no punctuation, single spaces."""
    flat = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c if c.isalnum() else " " for c in flat if not unicodedata.combining(c))
    return " ".join(kept.split())


def occurs(value: Any, source: str) -> bool:
    """Whether the source says a value, in some notation: 1,234.50 for 1234.5, 3 March 2024 for 2024-03-03.

    A list or object occurs if all its values do. True, false and null can't be checked and never occur.
    """
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, (int, float)):
        return any(_same_number(value, number) for number in numbers(source))
    if isinstance(value, str):
        return _text_occurs(value, source)
    parts = value.values() if isinstance(value, dict) else value
    return all(occurs(part, source) for part in parts)


def _same_number(value: float, number: Number) -> bool:
    ways = (number.value, number.value / 100) if number.percent else (number.value,)
    return any(abs(value - way) <= 1e-9 * max(1.0, abs(value)) for way in ways)


def _text_occurs(value: str, source: str) -> bool:
    wanted, there = fold(value), fold(source)
    if wanted and f" {wanted} " in f" {there} ":
        return True
    if not wanted:
        return value.strip() in source
    for kind in (dates, times):
        isos = [moment.iso for moment in kind(value)]
        if isos and set(isos) <= {moment.iso for moment in kind(source)}:
            return True
    return False
