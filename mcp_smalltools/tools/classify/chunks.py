"""Long texts as chunks that the encoder reads whole. The vector of a text is the mean of its chunks'."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING

from mcp_smalltools.text.words import spaced_name

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import LineBlock

CHUNK_CHARS = 800
"""Characters of a chunk at most: about 200 tokens, the length that the encoder was trained for."""
MAX_CHUNKS = 6
"""Chunks of a text that are read at most."""
TEXT_CHARS = CHUNK_CHARS * MAX_CHUNKS
MAX_CLAUSES = 8
"""Clauses of a text that are read by themselves at most."""
# White space before "and" is looked at from its start, and not given back.
_BETWEEN_CLAUSES = re.compile(
    r"(?<=[.!?;])\s+|\n+|(?:,|(?<![^\S\n]))\s++(?:and|but|also|plus|moreover)\s+", re.IGNORECASE
)


def chunks_of(text: str) -> list[str]:
    """At most MAX_CHUNKS chunks of at most CHUNK_CHARS characters, split at white space; the rest is lost."""
    parts: list[str] = []
    rest = text.strip()
    while rest and len(parts) < MAX_CHUNKS:
        end = len(rest) if len(rest) <= CHUNK_CHARS else _last_space(rest)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return parts


def is_cut(text: str) -> bool:
    """Whether `chunks_of` leaves some of it out."""
    return sum(len(part) for part in chunks_of(text)) < len(text.strip()) - MAX_CHUNKS * 2


def clauses_of(text: str) -> list[str]:
    """Sentences, lines, and what "and" or "but" joins, if at least two of them have two words or more."""
    parts = [part.strip(" ,.!?;:") for part in _BETWEEN_CLAUSES.split(text[:TEXT_CHARS])]
    parts = [part for part in parts if len(part.split()) > 1][:MAX_CLAUSES]
    return parts if len(parts) > 1 else []


def text_of_file(path: str, blocks: Iterable[LineBlock], check: Callable[[], None]) -> tuple[str, bool]:
    """The name of the file in words and its first informative lines, and whether there is more in it.

    Left out: blank lines, lines without a letter or digit, and lines that were there before.
    """
    name = PurePath(path)
    kept, length, seen = [f"{spaced_name(name.stem)} {name.suffix.lstrip('.')}".strip()], 0, set[str]()
    for block in blocks:
        check()
        for line in block.lines:
            text = " ".join(line.split())
            if text in seen or not any(char.isalnum() for char in text):
                continue
            if length > TEXT_CHARS:
                return "\n".join(kept), True
            kept.append(text[:TEXT_CHARS])
            seen.add(text)
            length += len(text)
    return ("\n".join(kept) if seen else ""), length > TEXT_CHARS


def _last_space(text: str) -> int:
    at = max(text.rfind(" ", CHUNK_CHARS // 2, CHUNK_CHARS), text.rfind("\n", CHUNK_CHARS // 2, CHUNK_CHARS))
    return at if at > 0 else CHUNK_CHARS
