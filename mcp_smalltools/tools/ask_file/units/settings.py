"""Units of settings, and of code without an outline: each line with the names of the blocks that it is in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from mcp_smalltools.tools.ask_file.prose_units import sentences
from mcp_smalltools.tools.ask_file.unit import Unit

_HEAD_CHARS: Final = 400
"""Characters of a line that may be the head of a block."""
MAX_COMMENT_LINES: Final = 6
"""Lines of a comment above an entry, or of a docstring below it, that belong to the entry."""
ENTRY: Final = re.compile(
    r"^\s*(?:[-*]\s+)?(?:export\s+|const\s+|let\s+|var\s+|#define\s+)?"
    r"[\"']?(?P<key>[\w.\-/ ]{1,60}?)[\"']?\s*"
    r"(?::(?:\s*+[\w\[\],.|][\w\[\], .|]*+\s*+|(?=\s* )\s++)=|=(?!=)|:(?!:)|\s(?=\S+$))"
    # `: type =`, `=`, `:`, or a space
    r"\s*(?P<value>\S.*)$"
)
"""A key or name with its value, in settings or code."""
_SWITCHED_OFF: Final = re.compile(r"(?:#|;)\s?(?P<key>[A-Za-z][\w.\-]*)\s*=\s*(?=[\w\"'/$*^~(+.\-{\[])\S")
"""A setting that is commented out: mostly it says the default."""
_CONTINUED_COLUMN: Final = 16
"""A comment that begins at this column or later continues the one after the setting above it."""
_COMMENTS: Final = ("#", ";", "//", "--")
BY_LINES: Final = frozenset(
    (".sql", ".tf", ".hcl", ".mk", ".proto", ".gradle", ".pl", ".pm", ".lua", ".cmake")
)
"""Suffixes of code without an outline: only a line with `=` is an entry there."""


def settings_units(lines: Sequence[str], suffix: str) -> Iterator[Unit]:
    """Each line, with the section, keys and blocks that it is in, and each comment as sentences."""
    above: list[tuple[int, str]] = []
    section = ""
    comment: list[tuple[int, str]] = []
    last: Unit | None = None
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        indent = len(line.expandtabs()) - len(line.expandtabs().lstrip())
        if last and indent >= _CONTINUED_COLUMN and text.startswith("#") and last.end == number - 1:
            last = replace(last, end=number, text=f"{last.text} {text.lstrip('# ')}")
            continue
        if last:
            yield last
        last = None
        switched_off = _SWITCHED_OFF.match(text)
        if text.startswith(_COMMENTS) and not switched_off:
            comment.append((number, text.lstrip("#;/- ")))
            continue
        said_above = comment_above(comment, number)
        yield from sentences(comment, section)
        comment = []
        if (match := re.match(r"\[\[?([^\]]+)\]\]?$", text)) and suffix != ".json":
            section, above = match[1], []
            yield Unit(number, number, text, "section table", "line", match[1])
            continue
        above = [(depth, key) for depth, key in above if depth < indent]
        context = f"{section} {' '.join(key for _, key in above)}".strip()
        match = switched_off or (None if suffix in BY_LINES and "=" not in text else ENTRY.match(text))
        name = match["key"].strip() if match else ""
        last = Unit(
            number, number, text, f"{context} {said_above}".strip(), "entry" if match else "line", name
        )
        if key := _block_name(text):
            above.append((indent, key))
    if last:
        yield last
    yield from sentences(comment, section)


def comment_above(comment: Sequence[tuple[int, str]], number: int) -> str:
    """The text of a comment (lines with their numbers) that ends on the line before; "" if it is too long."""
    if not comment or comment[-1][0] != number - 1 or len(comment) > MAX_COMMENT_LINES:
        return ""
    return " ".join(text for _, text in comment)


def _block_name(text: str) -> str:
    """The name that a line gives to those indented below it: a key without a value, or a block's head."""
    if len(text) > _HEAD_CHARS:
        return ""
    key = re.match(r"[\"']?([\w.\-/ ]+?)[\"']?\s*(?::\s*[\[{]?|=\s*[\[{])\s*$", text.removeprefix("- "))
    if key:
        return key[1]
    head = re.match(r"(.{2,80}?)\s*(?:[{(]|\bAS|\bas|:|\\)$", text)
    return head[1] if head else ""
