"""Components in one file (Vue, Svelte, Astro): their blocks, and their scripts as code of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from mcp_smalltools.text.outlines.by_lines import signature
from mcp_smalltools.text.outlines.heading import Heading

_SUFFIXES: Final = frozenset({".vue", ".svelte", ".astro"})
_FENCE: Final = "---"
"""Around the script of Astro, at the start of a file."""
_OPENS = re.compile(r"<(?P<name>script|template|style|i18n)\b[^>\n]{0,300}>?")


def is_component(path: str) -> bool:
    return PurePath(path).suffix.lower() in _SUFFIXES


def blocks_of(lines: Sequence[str]) -> list[Heading]:
    """The blocks that begin in the first column, each with the lines up to its end."""
    found: list[Heading] = []
    if lines and lines[0].strip() == _FENCE:
        end = next((n for n, line in enumerate(lines[1:], 2) if line.strip() == _FENCE), len(lines))
        found.append(Heading(1, end, 0, _FENCE, name="script"))
    opened: tuple[int, re.Match[str]] | None = None
    for number, line in enumerate(lines, 1):
        if opened is None and (match := _OPENS.match(line)):
            opened = number, match
        if opened is not None and line.rstrip().endswith(f"</{opened[1]['name']}>"):
            first, match = opened
            if line[:1] == "<" or first == number:
                found.append(Heading(first, number, 0, signature(match[0]), name=match["name"]))
                opened = None
    return found


def script_of(lines: Sequence[str], blocks: Sequence[Heading]) -> str:
    """The scripts alone: every other line is empty, so that lines keep their numbers."""
    kept = [""] * len(lines)
    for block in blocks:
        if block.name == "script":
            kept[block.line : block.end - 1] = lines[block.line : block.end - 1]
    return "\n".join(kept)
