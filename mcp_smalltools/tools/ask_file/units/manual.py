"""Units of the source of manual pages (man and mdoc): an option with what is said of it, sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from mcp_smalltools.tools.ask_file.units.prose import sentences
from mcp_smalltools.tools.ask_file.units.unit import Unit

_WHOLE_ITEM: Final = 12
"""Lines of an option that are shown whole."""
_REQUEST: Final = re.compile(r"[.']\s*+([A-Za-z]{1,3}(?![A-Za-z])|[A-Z]{4,20}(?![a-z])|\\\")\s*+(.*)$")
"""The requests of roff, and macros of the page's own in capitals (`.UNINDENT` of rst2man)."""
_ESCAPES: Final = (
    (re.compile(r"\\f(?:\[\w*\]|\(\w\w|\w)|\\[&%,/|^]|\\s[+-]?\d"), ""),
    (re.compile(r"\\\((?:en|em|mi|hy)|\\-"), "-"),
    (re.compile(r"\\\((?:aq|cq|oq)"), "'"),
    (re.compile(r"\\\((?:lq|rq|dq)"), '"'),
    (re.compile(r"\\[ ~0]"), " "),
    (re.compile(r"\\e"), r"\\"),
)
_ENDS_ITEM: Final = frozenset(
    ["SH", "SS", "Sh", "Ss", "TP", "IP", "It", "TH", "Dt", "El", "PP", "P", "LP", "Pp", "HP"]
)
_BEGINS_ITEM: Final = frozenset(("TP", "IP", "It"))
_LONGEST_REQUEST: Final = 3
_TITLES: Final = frozenset(("SH", "SS", "Sh", "Ss"))
_SILENT: Final = frozenset(
    [
        "br",
        "sp",
        "nf",
        "fi",
        "RS",
        "RE",
        "PD",
        "ad",
        "na",
        "nh",
        "hy",
        "de",
        "ie",
        "el",
        "if",
        "so",
        "in",
        "ti",
        "ta",
        "ft",
        "Bl",
        "Bd",
        "Ed",
        "EX",
        "EE",
        '\\"',
    ]
)
"""Requests whose arguments are no text."""


@dataclass(slots=True)
class _Manual:
    title: str = ""
    title_line: int = 0
    tag: str = ""
    item: list[tuple[int, str]] = field(default_factory=list)
    """The lines of the item, or of the paragraph outside of items, with their numbers."""
    begun: int = 0
    """The line of the request that began the item; 0 outside of items."""
    last: int = 0
    wants_tag: bool = False

    def close(self) -> Iterator[Unit]:
        held, self.item = self.item, []
        begun, self.begun, tag, self.tag = self.begun, 0, self.tag, ""
        if not held:
            return
        first, last = begun or held[0][0], held[-1][0]
        whole = (first, last) if last - first < _WHOLE_ITEM else None
        if tag:
            text = " ".join(line for _, line in held)[:1000]
            end = min(last, first + _WHOLE_ITEM - 1)
            yield Unit(first, end, text, self.title, "entry", tag, under=self.title_line)
        context = f"{self.title} {tag}".strip()
        for unit in sentences(held, context):
            yield replace(unit, whole=whole, under=self.title_line)


def is_manual(lines: Sequence[str]) -> bool:
    """It begins like the source of a manual page, and has its requests."""
    head = lines[:200]
    if not any(re.match(r"\.\s*(?:TH|Dd|Dt)\s", line) for line in head):
        return False
    return any(re.match(r"\.\s*S[Hh]\s", line) for line in head)


def manual_units(lines: Sequence[str]) -> Iterator[Unit]:
    """Each item whole, and the sentences of all text; each heading as a unit of its own."""
    page = _Manual()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            yield from page.close()
            continue
        request = _REQUEST.match(line)
        name = request[1] if request else ""
        text = _plain(request[2].replace('"', " ") if request else line)
        if name in _ENDS_ITEM:
            yield from page.close()
        if name in _TITLES:
            page.title, page.title_line = text, number
            yield Unit(number, number, text, "section chapter heading", "section", text)
        elif name in _BEGINS_ITEM:
            page.begun, page.wants_tag = number, name == "TP"
            page.tag = "" if name == "TP" else text
            if text and name != "TP":
                page.item.append((number, text))
            else:
                yield Unit(number, number, line.strip(), page.title)
        elif name in _SILENT or len(name) > _LONGEST_REQUEST or not text:
            yield Unit(number, number, line.strip(), page.title)
        else:
            if page.wants_tag:
                page.tag, page.wants_tag = text, False
            page.item.append((number, text))
    yield from page.close()


def _plain(text: str) -> str:
    for pattern, replacement in _ESCAPES:
        text = pattern.sub(replacement, text)
    return " ".join(text.split())
