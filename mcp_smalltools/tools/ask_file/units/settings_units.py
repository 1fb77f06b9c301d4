"""Units of settings, and of code without an outline: each line with the names of the blocks that it is in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from mcp_smalltools.tools.ask_file.units.prose import sentences
from mcp_smalltools.tools.ask_file.units.unit import Unit

_HEAD_CHARS: Final = 400
"""Characters of a line that may be the head of a block."""
_WHOLE_BLOCK: Final = 10
"""Lines of a block that is one unit."""
_ITEM_CHARS: Final = 80
"""Characters of the first line of a list's item that those below it are under."""
_BLOCK_CHARS: Final = 800
"""Characters of it that are searched."""
MAX_COMMENT_LINES: Final = 8
"""Lines of a comment above an entry, or of a docstring below it, that belong to the entry."""
ENTRY: Final = re.compile(
    r"^\s*(?:[-*]\s+)?(?:export\s+|const\s+|let\s+|var\s+|#define\s+)?"
    r"[\"']?(?P<key>[\w.\-/ ]{1,60}?)[\"']?\s*"
    r"(?::(?:\s*+[\w\[\],.|][\w\[\], .|]*+\s*+|(?=\s* )\s++)=|[?+:]{0,2}=(?!=)|:(?![:=])|\s(?=\S+$))"
    # `: type =`, `=`, `:=`, `?=`, `:`, or a space
    r"\s*(?P<value>\S.*)$"
)
"""A key or name with its value, in settings or code."""
_SWITCHED_OFF: Final = re.compile(r"(?:#|;)\s?(?P<key>[A-Za-z][\w.\-]*)\s*=\s*(?=[\w\"'/$*^~(+.\-{\[])\S")
"""A setting that is commented out: mostly it says the default."""
_CONTINUED_COLUMN: Final = 16
"""A comment that begins at this column or later continues the one after the setting above it."""
_COMMENTS: Final = ("#", ";", "//", "-- ", "/*", "* ", "*/")
BY_LINES: Final = frozenset(
    (".sql", ".tf", ".hcl", ".mk", ".proto", ".gradle", ".pl", ".pm", ".lua", ".cmake")
)
"""Suffixes of code without an outline: only a line with `=` is an entry there."""


@dataclass(slots=True)
class _Settings:
    """A file of settings while it is read."""

    lines: Sequence[str]
    ends: Sequence[int]
    suffix: str
    section: str = ""
    section_line: int = 0
    above: list[tuple[int, str, int]] = field(default_factory=list)
    """The blocks that are open: their indent, name and line."""
    comment: list[tuple[int, str]] = field(default_factory=list)

    def comments(self, below: int) -> Iterator[Unit]:
        """The comment above a line as sentences, shown with the line."""
        held, self.comment = self.comment, []
        if not held:
            return
        near = held[-1][0] == below - 1 and below - held[0][0] <= MAX_COMMENT_LINES
        whole = (held[0][0], below) if near else None
        for unit in sentences(held, self.section):
            yield replace(unit, whole=whole or unit.whole, under=self.section_line)


def settings_units(lines: Sequence[str], suffix: str) -> Iterator[Unit]:
    """Each line, with the section, keys and blocks that it is in, and each comment as sentences.

    The first line of a short block stands for all of it.
    """
    page = _Settings(lines, _ends_of_blocks(lines), suffix)
    last: Unit | None = None
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        indent = _indent(line)
        if last and indent >= _CONTINUED_COLUMN and text.startswith("#") and last.end == number - 1:
            last = replace(
                last, end=number, whole=(last.shown[0], number), text=f"{last.text} {text.lstrip('# ')}"
            )
            continue
        if last:
            yield last
        last = None
        if text.startswith(_COMMENTS) and not _SWITCHED_OFF.match(text):
            if page.comment and page.comment[-1][0] != number - 1:
                yield from page.comments(0)
            page.comment.append((number, text.lstrip("#;/- ")))
            continue
        last = _setting(page, number, text, indent)
        yield from page.comments(number)
    if last:
        yield last
    yield from page.comments(0)


def _setting(page: _Settings, number: int, text: str, indent: int) -> Unit:
    """A line that is no comment; follows the sections and blocks."""
    first = page.comment[0][0] if comment_above(page.comment, number) else number
    said = comment_above(page.comment, number)
    if (match := re.match(r"\[\[?([^\]]+)\]\]?$", text)) and page.suffix != ".json":
        page.section, page.section_line, page.above = match[1], number, []
        end = _section_end(page.lines, number)
        whole = (first, end) if end > first else None
        return Unit(number, number, text, f"section table {said}".strip(), "line", match[1], whole)
    page.above = [block for block in page.above if block[0] < indent]
    under = page.above[-1][2] if page.above else page.section_line
    context = " ".join((page.section, *(name for _, name, _ in page.above), said)).strip()
    switched_off = _SWITCHED_OFF.match(text)
    match = switched_off or (None if page.suffix in BY_LINES and "=" not in text else ENTRY.match(text))
    name = match["key"].strip() if match else ""
    opened = _block_name(text)
    end = page.ends[number]
    if not opened and text.startswith("- ") and end > number:
        opened = text[2 : _ITEM_CHARS + 2].strip()  # of a list of objects, by its first key
    if end > number and end - number < _WHOLE_BLOCK:
        text = " ".join(line.strip() for line in page.lines[number - 1 : end])[:_BLOCK_CHARS]
        name = name or opened
    else:
        end = number
    if opened:
        page.above.append((indent, opened, number))
    whole = (first, end) if first < number else None
    return Unit(number, end, text, context, "entry" if name else "line", name, whole, under)


def _ends_of_blocks(lines: Sequence[str]) -> list[int]:
    """For each line, 1-based, the last one that is indented below it, or closes its bracket."""
    ends = list(range(len(lines) + 1))
    open_lines: list[tuple[int, int]] = []
    last = 0
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        indent = _indent(line)
        while open_lines and open_lines[-1][0] >= indent:
            above, first = open_lines.pop()
            closes = above == indent and text[0] in ")]}" and last > first
            ends[first] = number if closes else last
        open_lines.append((indent, number))
        last = number
    for _, first in open_lines:
        ends[first] = last
    return ends


def _section_end(lines: Sequence[str], heading: int) -> int:
    """The last line of a section if it is short; else its heading."""
    last = heading
    for number in range(heading + 1, len(lines) + 1):
        text = lines[number - 1].strip()
        if text.startswith("["):
            break
        if text:
            last = number
        if number - heading >= _WHOLE_BLOCK:
            return heading
    return last


def _indent(line: str) -> int:
    expanded = line[:_HEAD_CHARS].expandtabs()
    return len(expanded) - len(expanded.lstrip())


def comment_above(comment: Sequence[tuple[int, str]], number: int) -> str:
    """The text of a comment (lines with their numbers) that ends on the line before; "" if it is too long."""
    if not comment or comment[-1][0] != number - 1 or len(comment) > MAX_COMMENT_LINES:
        return ""
    return " ".join(text for _, text in comment)


def _block_name(text: str) -> str:
    """The name that a line gives to those indented below it: a key without a value, or a block's head."""
    if len(text) > _HEAD_CHARS:
        return ""
    key = re.match(
        r"[\"']?([\w.\-/ ]+?)[\"']?\s*(?::\s*(?:[\[{]|[|>][+-]?)?|=\s*[\[{])\s*$", text.removeprefix("- ")
    )
    if key:
        return key[1]
    head = re.match(r"(.{2,80}?)\s*(?:[{(]|\bAS|\bas|:|\\)$", text)
    return head[1] if head else ""
