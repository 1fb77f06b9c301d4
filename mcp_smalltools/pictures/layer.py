"""The characters of a PDF's text layer as pieces of lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mcp_smalltools.pictures.arrange import Piece
from mcp_smalltools.pictures.decoded import Character

_WORD: Final = 0.2
"""Distance of two characters, in heights, from which a space is between them."""
_CELL: Final = 1.2
"""From which they are of two fragments."""


def pieces_of_layer(characters: Sequence[Character]) -> list[Piece]:
    """Runs of characters that follow each other on a line."""
    runs: list[list[Character]] = []
    for character in characters:
        if character.right <= character.left or character.bottom <= character.top:
            continue
        if runs and _follows(runs[-1][-1], character):
            runs[-1].append(character)
        else:
            runs.append([character])
    return [_piece(run) for run in runs]


def _follows(one: Character, other: Character) -> bool:
    height = one.bottom - one.top
    level = abs((one.top + one.bottom) - (other.top + other.bottom)) / 2 < 0.35 * height
    return level and -0.3 * height < other.left - one.right < _CELL * height


def _piece(run: Sequence[Character]) -> Piece:
    left, right = run[0].left, max(character.right for character in run)
    top, bottom = min(c.top for c in run), max(c.bottom for c in run)
    width = right - left
    text, edges = "", []
    before: Character | None = None
    for character in run:
        if before is not None and character.left - before.right > _WORD * (before.bottom - before.top):
            text += " "
            edges.append(((before.right - left) / width, (character.left - left) / width))
        text += character.text
        edges.append(((character.left - left) / width, (character.right - left) / width))
        before = character
    quad = (left, top, right, top, right, bottom, left, bottom)
    return Piece(text, quad, tuple(edges), (1.0,) * len(text), left, top, right, bottom)
