"""Where the text says what the writer wrote. A value that the text doesn't say is not taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mcp_smalltools.text.facts import Number, dates, numbers, times
from mcp_smalltools.text.words import content_stems
from mcp_smalltools.tools.extract.candidates import as_number, candidates
from mcp_smalltools.tools.extract.coerce import NOTHING, convert
from mcp_smalltools.tools.extract.document import Window
from mcp_smalltools.tools.extract.schema import Field, has_format, has_pattern
from mcp_smalltools.tools.extract.value_forms import may_be

MAX_PLACES: Final = 40
"""Places of one value that are compared."""
MAX_VALUE: Final = 2_000
"""Characters of a value that is looked for."""
_AROUND: Final = 80
"""Characters before a value in which its field may be named."""
_CONTINENTAL: Final = re.compile(
    r"(?<![\d.,])(?:\d{1,3}(?:[ .\u00a0\u202f]\d{3}){1,5}(?:,\d{1,6})?|\d{1,15},\d{1,6})(?![\d.,]\d|\d)"
)
_ONE: Final = re.compile(r"(?<!\w)one(?!\w)", re.IGNORECASE)
_AT_ENDS: Final = " \"'`“”‘’.,;:!?()"


@dataclass(frozen=True, slots=True)
class Evidenced:
    """A value with its characters [start, end). `said`: the text has it there; otherwise it was inferred, as
    true, or a member of an enum in other words. `near`: the field's words stand before it.
    """

    value: Any
    start: int
    end: int
    said: bool
    near: bool


def evidence_for(
    item: Field, raw: Any, parts: Sequence[Window], check: Callable[[], None] = lambda: None
) -> Evidenced | None:
    """What the writer wrote for a field, as the field's type, with its place in the whole text; None for what
    is no value of the field, or is nowhere in the parts that the writer has read.
    """
    check()
    if raw is None or (isinstance(raw, str) and raw.strip().lower() in NOTHING and item.members is None):
        return None
    if item.listed:
        return _list(item, raw, parts, check)
    if item.type == "boolean" and item.members is None:
        return Evidenced(raw, 0, 0, False, False) if isinstance(raw, bool) else None
    value = _as_typed(item, raw)
    if value is None:
        return None
    wanted = content_stems(item.words)
    places = [
        Evidenced(found, part.start + a, part.start + b, True, _is_near(part.text, a, wanted))
        for part in parts
        for a, b, found in _places(item, value, part.text)
    ]
    if places:
        return max(places, key=lambda place: place.near)
    return Evidenced(value, 0, 0, False, False) if item.members is not None else None


def _list(item: Field, raw: Any, parts: Sequence[Window], check: Callable[[], None]) -> Evidenced | None:
    """Each of its items has to be in the text."""
    if not isinstance(raw, list) or not raw:
        return None
    found = [evidence_for(item.of_item, one, parts, check) for one in raw[:200]]
    said = [one for one in found if one is not None and one.said]
    if len(said) < len(raw):
        return None
    start, end = min(one.start for one in said), max(one.end for one in said)
    return Evidenced([one.value for one in said], start, end, True, any(one.near for one in said))


def _as_typed(item: Field, raw: Any) -> Any:
    value = convert(raw, item)
    if isinstance(value, str) and item.members is None:
        form = item.items.get("format")
        if len(value) > MAX_VALUE or not has_pattern(value, item.items) or not may_be(item, value):
            return None
        if form and not has_format(value, str(form)):
            return None
    return value


def _places(item: Field, value: Any, text: str) -> Iterator[tuple[int, int, Any]]:
    """Where the text has the value, with the value as it is there."""
    if item.members is not None or item.date_form or item.is_time:
        yield from ((c.start, c.end, c.value) for c in candidates(text, item) if c.value == value)
        if item.members is not None and isinstance(value, str):
            yield from ((a, b, value) for a, b in _verbatim(value, text))
        elif isinstance(value, str):
            yield from _same_moments(value, text)
    elif isinstance(value, str):
        yield from ((a, b, " ".join(text[a:b].split())) for a, b in _verbatim(value, text))
    else:
        yield from _same_numbers(item, value, text)


def _verbatim(value: str, text: str) -> Iterator[tuple[int, int]]:
    """Where the words stand one after the other, whatever the case and the white space between them."""
    words = [re.escape(word) for word in value.split()]
    if not words:
        return
    first = r"(?<!\w)" if re.match(r"\w", value.strip()) else ""
    last = r"(?!\w)" if re.search(r"\w$", value.strip()) else ""
    found = re.compile(first + r"\s+".join(words) + last, re.IGNORECASE).finditer(text)
    for _, match in zip(range(MAX_PLACES), found, strict=False):
        yield match.start(), match.end()


def _same_moments(value: str, text: str) -> Iterator[tuple[int, int, Any]]:
    for kind in (dates, times):
        isos = {moment.iso for moment in kind(value)}
        yield from ((m.start, m.end, value) for m in kind(text) if m.iso in isos)


def _same_numbers(item: Field, value: float, text: str) -> Iterator[tuple[int, int, Any]]:
    for number in numbers(text):
        if _means(number, item, value):
            yield number.start, number.end, value
    yield from _continental_numbers(value, text)
    if value == 1:  # `numbers` leaves the word out, since it is mostly a pronoun
        yield from ((match.start(), match.end(), value) for match in _ONE.finditer(text))


def _continental_numbers(value: float, text: str) -> Iterator[tuple[int, int, Any]]:
    """`40 512` and `1.234,50`: read so only where that is the value that is looked for."""
    for match in _CONTINENTAL.finditer(text):
        digits = re.sub(r"[ .\u00a0\u202f]", "", match[0]).replace(",", ".")
        if abs(float(digits) - value) <= 1e-9 * max(1.0, abs(value)):
            yield match.start(), match.end(), value


def _means(number: Number, item: Field, value: float) -> bool:
    ways = [as_number(number, item), number.value, *([number.value / 100] if number.percent else [])]
    return any(way is not None and abs(value - way) <= 1e-9 * max(1.0, abs(value)) for way in ways)


def _is_near(text: str, start: int, wanted: Sequence[str]) -> bool:
    """Whether a word of the field's name stands on the line before the value."""
    before = text[max(0, start - _AROUND) : start]
    there = set(content_stems(before.rsplit("\n", 1)[-1]))
    return not there.isdisjoint(wanted)


def same_value(one: Any, other: Any) -> bool:
    """Whether two readers mean the same: case, white space and signs around a text don't count."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same_value(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) <= 1e-9 * max(1.0, abs(one))
    return isinstance(one, str) and isinstance(other, str) and _plain(one) == _plain(other)


def contains(whole: Any, part: Any) -> bool:
    """Whether a text is a part of another one."""
    if not isinstance(whole, str) or not isinstance(part, str):
        return False
    return bool(_plain(part)) and _plain(part) in _plain(whole)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(_AT_ENDS)
