"""Fields that no name leads to, but one place of the text alone can mean: currencies, times of a timeline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from mcp_smalltools.text.words import content_stems
from mcp_smalltools.tools.extract.mapping.conversion import to_value
from mcp_smalltools.tools.extract.mapping.found import FieldValue
from mcp_smalltools.tools.extract.mapping.names import words
from mcp_smalltools.tools.extract.mapping.rows import RowsCandidate
from mcp_smalltools.tools.extract.schema import Field
from mcp_smalltools.tools.extract.structure.node import Node

_CODES: Final = (
    "USD EUR GBP CHF JPY CNY INR PLN CZK SEK NOK DKK HUF RON BGN TRY BRL MXN CAD AUD NZD SGD HKD KRW ZAR ILS "
    "AED"
)
_CURRENCY: Final = re.compile(
    rf"(?<![A-Za-z])(?:{'|'.join(_CODES.split())})(?![A-Za-z])|[€£](?=\s?\d)|(?<=\d)\s?[€£]"
)
_SIGNS: Final = {"€": "EUR", "£": "GBP"}
_OF_TIME: Final = frozenset(words("time date when hour minute at on of the it was were"))


def currency_of(item: Field, root: Node) -> FieldValue | None:
    """The currency of all amounts, where they have one."""
    if item.listed or item.type != "string" or "currenc" not in "".join(words(item.path[-1])):
        return None
    found: dict[str, Node] = {}
    for node in _values(root):
        for match in _CURRENCY.finditer(str(node.value)[:500]):
            sign = match[0].strip()
            found.setdefault(_SIGNS.get(sign, sign), node)
    if len(found) != 1:
        return None
    code, node = next(iter(found.items()))
    value = to_value(Node("", "value", node.start, node.end, code), item).value
    return None if value is None else FieldValue(item.name, value, node.start, node.end, True, {"named": 1.0})


def _values(root: Node) -> Iterator[Node]:
    waiting, seen = [root], 0
    while waiting and seen < 20_000:
        node = waiting.pop()
        seen += 1
        if node.kind == "value" and isinstance(node.value, str):
            yield node
        waiting += node.inner


def time_of_event(
    item: Field, given: list[RowsCandidate], check: Callable[[], None]
) -> tuple[FieldValue, str] | None:
    """The time of the one row of a timeline that says what a field is about, and a doubt."""
    if item.listed or not (item.is_time or item.date_form or item.items.get("format") == "date-time"):
        return None
    own = set(content_stems(item.path[-1])) - _OF_TIME
    said = set(content_stems(item.description)) - _OF_TIME - {"hh", "mm", "hh:mm", "ss"}
    for candidate in given:
        check()
        if candidate.kind != "table" or not all(
            [i.name for i in row.inner[:2]] == ["time", ""] for row in candidate.rows
        ):
            continue
        texts = [set(content_stems(str(row.inner[1].value)[:2_000])) for row in candidate.rows]
        for wanted, doubt in ((own, ""), (own | said, "by its description")):
            counts = [len(wanted & text) for text in texts]
            best = max(counts, default=0)
            if best and counts.count(best) == 1:
                row = candidate.rows[counts.index(best)]
                converted = to_value(row.inner[0], item)
                if converted.value is not None:
                    value = FieldValue(item.name, converted.value, row.start, row.end, True, {"named": 0.9})
                    return value, f"{item.name} (line {row.start}, {doubt or 'by what it says'})"
    return None
