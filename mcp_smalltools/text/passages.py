"""A file as passages: spans of lines that belong together, short enough for the encoder.

Code is split at its definitions, documents at headings and blank lines, everything else (logs, settings,
data) at blank lines or every few lines. No line is lost and none is in two passages.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

MAX_CHARS: Final = 700
MAX_LINES: Final = 14
"""Of a passage; a longer line is a passage by itself."""
_TITLE_CHARS: Final = 200
"""Characters of a heading that go with each of its passages."""
_HEADING = re.compile(r"#{1,6}\s+\S|\[\[?[\w.\-\" ]+\]\]?\s*$")
_RULE = re.compile(r"([=\-~^\"'*+#])\1{2,}\s*$")


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines `start` to `end` of a file, 1-based; `title` is the definition or heading that they are in."""

    start: int
    end: int
    text: str
    title: str = ""

    @property
    def with_title(self) -> str:
        """The text with its title, unless that is in the text."""
        return f"{self.title}\n{self.text}" if self.title and self.title not in self.text else self.text


def split_passages(
    path: str, lines: Sequence[str], check: Callable[[], None] = lambda: None
) -> list[Passage]:
    """The passages of a file in their order. `lines` come without their ends."""
    check()
    starts = _code_starts(path, lines, check) or _heading_starts(lines)
    passages: list[Passage] = []
    bounds = [1, *[line for line, _ in starts if line > 1], len(lines) + 1]
    titles = dict(starts)
    title = titles.get(1, "")
    for first, after in itertools.pairwise(bounds):
        check()
        title = titles.get(first, title)
        passages += _split_section(lines, first, after - 1, title)
    return passages


def _split_section(lines: Sequence[str], first: int, last: int, title: str) -> Iterator[Passage]:
    """Split at the last blank line that fits, or at the limit; blank lines alone are no passage."""
    at = first
    while at <= last:
        size, end, blank = 0, at, 0
        while end <= last and end - at < MAX_LINES and size + len(lines[end - 1]) <= MAX_CHARS:
            size += len(lines[end - 1]) + 1
            if not lines[end - 1].strip():
                blank = end
            end += 1
        end = max(at, end - 1)
        if end < last and blank > at + 2:
            end = blank
        text = "\n".join(lines[at - 1 : end]).strip("\n")
        if text.strip():
            yield Passage(at, end, text, title)
        at = end + 1


def _code_starts(path: str, lines: Sequence[str], check: Callable[[], None]) -> list[tuple[int, str]]:
    """First line and signature of each definition; empty for a file without an outline."""
    from mcp_smalltools.text.outline import language_of, outline

    language = language_of(path, lines[0] if lines else "")
    if language is None:
        return []
    symbols = outline("\n".join(lines), language, check).symbols
    owners: list[str] = []
    starts: dict[int, str] = {}
    with_comment: dict[int, int] = {}  # many definitions may begin on one line
    for symbol in symbols:
        del owners[symbol.depth :]
        owners.append(symbol.name)
        if symbol.first not in with_comment:
            with_comment[symbol.first] = _with_comment(lines, symbol.first)
        first = with_comment[symbol.first]
        starts.setdefault(
            first, f"{'.'.join(owners[:-1])}: {symbol.signature}" if owners[1:] else symbol.signature
        )
    return sorted(starts.items())


def _with_comment(lines: Sequence[str], first: int) -> int:
    """The first line of a definition together with the comment right above it."""
    while first > 1 and lines[first - 2].lstrip().startswith(("//", "/*", "*", "///", "# ")):
        first -= 1
    return first


def _heading_starts(lines: Sequence[str]) -> list[tuple[int, str]]:
    starts = []
    for number, line in enumerate(lines, 1):
        below = lines[number] if number < len(lines) else ""
        underlined = line.strip() and _RULE.match(below) and abs(len(below.strip()) - len(line.strip())) <= 3
        if _HEADING.match(line) or (underlined and not _RULE.match(line)):
            starts.append((number, line.strip("#[] \t")[:_TITLE_CHARS]))
    return starts


def evenly_spaced(count: int, most: int) -> list[int]:
    """At most `most` of the numbers 0 to count - 1, at even distances."""
    step = max(1, -(-count // most))
    return list(range(0, count, step))
