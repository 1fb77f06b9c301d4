"""Units of running text: sentences under their headings, rows of tables, and headings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from mcp_smalltools.tools.ask_file.unit import Unit

_MAX_PARAGRAPH: Final = 40
"""Lines of running text that are split into sentences together."""
_MAX_SECTION: Final = 12
"""Lines of a section's unit after its heading."""
_SENTENCE_END: Final = re.compile(r"(?<=[a-z0-9)\]\"'`])[.!?][\"')]*\s+(?=[A-Z\"'(`*\[])")
_BULLET: Final = re.compile(r"^\s*(?:[-*+•o]|\d+[.)]|\(?[a-z]\))\s+")
"""The start of a list item."""
_LABELLED: Final = re.compile(r"[A-Z][\w-]*(?: [\w-]+)?:\s+\S")
"""`Label: value`; two such lines in a row are two sentences."""
_CAPITALS: Final = re.compile(r"[A-Z][A-Z0-9 /&-]{2,40}$")
_OWN_LINE: Final = re.compile(
    r"^\W*(?:copyright|\(c\)\s|©|authors?:|spdx-|licen[sc]e:|version:|maintainer:)", re.I
)
"""Lines that are a sentence by themselves."""


def prose_units(lines: Sequence[str]) -> Iterator[Unit]:
    """Sentences under their headings, rows of tables, and each heading with its first paragraph."""
    heading = ""
    prose: list[tuple[int, str]] = []
    columns = ""
    fenced = False
    for number, line in enumerate([*lines, ""], 1):
        text = line.strip()
        below = lines[number].strip() if number < len(lines) else ""
        fenced ^= text.startswith(("```", "~~~"))
        title = "" if fenced else _title_of(line, below) or _capital_title(lines, number)
        if fenced and text:
            yield from sentences(prose, heading)
            prose = []
            yield Unit(number, number, text, heading)
            continue
        if text and not title and not _is_rule(text) and not text.startswith("|"):
            prose.append((number, text))
            columns = ""
            continue
        yield from sentences(prose, heading)
        prose = []
        if title:
            heading = title
            end = _first_paragraph(lines, number)
            yield Unit(number, end, title, "section chapter heading", "section", title)
        elif text.startswith("|") and not _is_rule(text):
            columns = columns or text
            yield Unit(number, number, text, f"{heading} {columns if columns != text else ''}".strip(), "row")


def sentences(numbered: Sequence[tuple[int, str]], context: str) -> Iterator[Unit]:
    """The sentences of lines with their numbers; a list item or a gap in the numbers begins a new one."""
    held: list[tuple[int, str]] = []
    for number, line in numbered:
        apart = _BULLET.match(line) or _OWN_LINE.match(line) or (held and _OWN_LINE.match(held[-1][1]))
        apart = apart or (held and _LABELLED.match(line) and _LABELLED.match(held[-1][1]))
        if held and (number != held[-1][0] + 1 or apart):
            yield from _split(held, context)
            held = []
        held.append((number, line))
        if len(held) >= _MAX_PARAGRAPH:
            yield from _split(held, context)
            held = []
    yield from _split(held, context)


def _split(held: Sequence[tuple[int, str]], context: str) -> Iterator[Unit]:
    """The sentences of lines that belong together, each with the lines that it is on."""
    if not held:
        return
    whole, starts = "", []
    for _, line in held:
        starts.append(len(whole))
        whole += line.strip() + " "
    at = 0
    bounds = [match.end() for match in _SENTENCE_END.finditer(whole)]
    for bound in [*bounds, len(whole)]:
        text = whole[at:bound].strip()
        if text:
            first = sum(start <= at for start in starts) - 1
            last = sum(start < bound - 1 for start in starts) - 1
            yield Unit(held[first][0], held[max(first, last)][0], text, context, "sentence")
        at = bound


def _title_of(line: str, below: str) -> str:
    """The heading that a line is in Markdown or reStructuredText; "" if it is none."""
    if match := re.match(r"#{1,6}\s++(.*)", line):
        return match[1].rstrip("#").rstrip()
    if (
        line.strip()
        and _is_rule(below)
        and abs(len(below) - len(line.strip())) <= 3
        and not _is_rule(line.strip())
    ):
        return line.strip()
    return ""


def _capital_title(lines: Sequence[str], number: int) -> str:
    """A heading as in a manual page: capitals at the margin above indented lines; "" if it is none."""
    line = lines[number - 1] if number <= len(lines) else ""
    below = next((other for other in lines[number : number + 2] if other.strip()), "")
    return line if _CAPITALS.match(line) and below.startswith(("  ", "\t")) else ""


def _is_rule(text: str) -> bool:
    """A line of dashes or the like, as under a heading or in a table."""
    return bool(re.fullmatch(r"([=\-~^\"'*+#_])\1{2,}|\|?[\s:|+-]{3,}\|?", text)) and len(text) > 2


def _first_paragraph(lines: Sequence[str], heading: int) -> int:
    """The last line of the paragraph below a heading."""
    at = heading + 1
    while at <= len(lines) and (not lines[at - 1].strip() or _is_rule(lines[at - 1].strip())):
        at += 1
    while (
        at <= len(lines)
        and lines[at - 1].strip()
        and not _title_of(lines[at - 1], lines[at] if at < len(lines) else "")
    ):
        at += 1
    return min(max(heading, at - 1), heading + _MAX_SECTION)
