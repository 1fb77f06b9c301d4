"""How long a summary is, in words (identifiers taken apart), and which headings have room in it.

Without a length from the caller it is as long as the file needs: its outline up to a bound, and keywords
in proportion. The constants were chosen on the history of two repositories (models/LOG.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mcp_smalltools.text.words import code_length

if TYPE_CHECKING:
    from mcp_smalltools.text.outlines.heading import Heading
    from mcp_smalltools.tools.summarize_file.digest_records import Digest

_OUTLINE_WORDS: Final = 110
_NAME_WORDS: Final = 260
"""Names alone are short, and an outline without some of them is less than half of one."""
_KEYWORDS_PART: Final = 0.3
"""Keywords for each word of the whole outline."""
_MOST_KEYWORDS: Final = 120
_POINTS_WORDS: Final = 60
_PROSE_CHARS: Final = 20_000
_FEW_HEADINGS: Final = 30
"""Words of an outline below which a document is described by sentences too."""


@dataclass(frozen=True, slots=True)
class Room:
    """Words for each part of the answer."""

    outline: int
    keywords: int
    points: int
    signatures: bool = True
    """Whether they may stand in the outline, or names alone do."""
    names: int = 0
    """Words that the outline may have where it is of names alone, if that is more."""


def room_for(digest: Digest, max_words: int, *, focused: bool) -> Room:
    """`max_words` 0 lets the file decide. Sentences have room where they are asked for (`focused`), or where
    the outline says too little: that of code has each definition's own words already.
    """
    whole = sum(
        code_length(heading.name or heading.text) + code_length(heading.about) for heading in digest.headings
    )
    keywords = min(_MOST_KEYWORDS, round(_KEYWORDS_PART * whole)) if digest.text else 0
    if not max_words:
        outlined = digest.kind == "code" or (digest.kind == "document" and whole >= _FEW_HEADINGS)
        points = _POINTS_WORDS if focused or not outlined else 0
        return Room(_OUTLINE_WORDS, keywords, points, signatures=False, names=_NAME_WORDS)
    left = max_words - 4 * len(digest.columns) - (code_length(digest.purpose.text) if digest.purpose else 0)
    points = left // 3 if focused or (digest.kind != "code" and digest.sentences) else 0
    if digest.text:
        keywords = max(0, min(_MOST_KEYWORDS, left // 4))
    return Room(max(0, left - points - keywords), keywords, max(0, points))


def is_prose(text: str) -> bool:
    """Whether a text is written to be read in sentences: many words a line, nearly all of letters alone."""
    lines = [line for line in text[:_PROSE_CHARS].split("\n") if line.strip()]
    words = " ".join(lines).split()
    wide = sum(ord(sign) > 0x2E80 for sign in text[:_PROSE_CHARS])
    if wide > 0.3 * len(text[:_PROSE_CHARS]):
        return True
    plain = sum(word.strip(".,;:!?()\"'-").replace("-", "").replace("'", "").isalpha() for word in words)
    return bool(lines) and len(words) >= 5 * len(lines) and plain >= 0.85 * len(words)


def fit_headings(headings: Sequence[Heading], room: Room) -> list[Heading]:
    """The headings that have room: all in full, or all with names for signatures, or the upper ones so."""
    words = room.outline
    short = [replace(heading, text=heading.name or heading.text) for heading in headings]
    for kept in (headings, short) if room.signatures else (short,):
        if sum(map(_cost, kept)) <= words:
            return list(kept)
    bare = [replace(heading, about="") for heading in short]
    if sum(map(_cost, bare)) <= max(words, room.names):
        return _with_about(bare, short, words)
    words = max(words, room.names)
    top = min((heading.depth for heading in headings), default=0)
    # Every name at the top is worth more than what some of them say of themselves.
    names = sum(_cost(heading) for heading in bare if heading.depth == top)
    given = bare if 2 * names > words or room.names else short
    chosen = []
    order = sorted(range(len(given)), key=lambda number: (given[number].minor, given[number].depth, number))
    for number in order:
        if _cost(given[number]) <= words:
            words -= _cost(given[number])
            chosen.append(number)
    return [given[number] for number in sorted(chosen)]


def _with_about(bare: Sequence[Heading], full: Sequence[Heading], words: int) -> list[Heading]:
    """All names, and what the upper ones say of themselves as far as there is room for it."""
    left = words - sum(map(_cost, bare))
    out = list(bare)
    for number in sorted(range(len(full)), key=lambda number: (full[number].depth, number)):
        cost = code_length(full[number].about)
        if cost and cost <= left:
            left -= cost
            out[number] = full[number]
    return out


def _cost(heading: Heading) -> int:
    return max(1, code_length(heading.text)) + code_length(heading.about)
