"""Fragments of text on a page as lines in reading order.

What stands side by side is one line, its fragments as far apart as on the page: so tables stay tables, and a
label stands beside its value. Columns of prose are read one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mcp_smalltools.pictures.reading import Fragment, PictureLine, Quad

_PROSE: Final = 26
"""Characters of most lines of a column from which it is prose; cells of tables have fewer."""
_DIGITS: Final = 0.06
"""Share of digits from which text is no prose: logs and tables have aligned gaps too."""
_GUTTER: Final = 1.1
"""Least width of the strip between two columns, in heights of a line."""
_LEAST_COLUMNS: Final = 3
_LEAST_ROWS: Final = 4
_SAME_LINE: Final = 0.5
"""How far the middles of fragments of one line may be apart, in heights."""
_BLANK: Final = 1.9
"""Distance of two lines, in heights, from which a blank line stands between them."""
_INDENT: Final = 1.4
"""Widths of a character from which a line is indented: boxes are not exact."""
_CELLS: Final = 1.4
"""Gap, in widths of a character, from which two fragments are apart by more than a space."""
_MOST_SPACES: Final = 80


@dataclass(frozen=True, slots=True)
class Piece:
    """A fragment before it has its place in a line. `quad` is as on the page that is shown; the box is where
    it would be if the page lay straight.
    """

    text: str
    quad: Quad
    edges: tuple[tuple[float, float], ...]
    probabilities: tuple[float, ...]
    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def character_width(self) -> float:
        return (self.right - self.left) / max(1, len(self.text))


def lines_of(pieces: Sequence[Piece], page: int) -> list[PictureLine]:
    """The lines of a page, from the first to be read to the last."""
    found: list[PictureLine] = []
    for block in _blocks(list(pieces)):
        if found:
            found.append(PictureLine("", page))
        found += _lines_of_block(block, page)
    return found


def _blocks(pieces: list[Piece]) -> list[list[Piece]]:
    """Columns of prose apart, with what stands above and below all of them."""
    gutter = _gutter(pieces)
    if gutter is None:
        return [pieces] if pieces else []
    left, right = gutter
    across = [piece for piece in pieces if piece.left < left and piece.right > right]
    top = min(p.top for p in pieces if p not in across)
    bottom = max(p.bottom for p in pieces if p not in across)
    above = [piece for piece in across if piece.middle <= top]
    below = [piece for piece in across if piece.middle >= bottom]
    between = [piece for piece in across if top < piece.middle < bottom]
    if between:  # headings across the page part it
        cut = min(piece.top for piece in between)
        first = [piece for piece in pieces if piece.middle < cut]
        rest = [piece for piece in pieces if piece.middle >= cut]
        heads = [piece for piece in rest if piece.middle < cut + 1.2 * between[0].height and piece in between]
        others = [piece for piece in rest if piece not in heads]
        return [*_blocks(first), heads, *_blocks(others)] if first or heads else [pieces]
    sides = [
        [piece for piece in pieces if piece.right <= right],
        [piece for piece in pieces if piece.left >= left],
    ]
    parts = [above, *(block for side in sides for block in _blocks(side)), below]
    return [part for part in parts if part]


def _gutter(pieces: Sequence[Piece]) -> tuple[float, float] | None:
    """The left and right side of a strip with prose on both sides of it, for many lines."""
    if len(pieces) < 2 * _LEAST_ROWS:
        return None
    widest = max(piece.right for piece in pieces)
    height = float(np.median([piece.height for piece in pieces]))
    step = max(1.0, height / 4)
    cells = int(widest / step) + 2
    covered = np.zeros(cells, int)
    for piece in pieces:
        covered[int(piece.left / step) : int(piece.right / step) + 1] += 1
    crossed = max(1, len(pieces) // 12)
    best: tuple[float, float] | None = None
    for start, end in _runs(covered <= crossed):
        left, right = start * step, end * step
        if right - left < _GUTTER * height or left <= 0 or right >= widest:
            continue
        before = [piece for piece in pieces if piece.right <= right]
        after = [piece for piece in pieces if piece.left >= left]
        if _is_prose(before) and _is_prose(after) and (best is None or right - left > best[1] - best[0]):
            best = left, right
    return best


def _runs(flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    padded = np.concatenate([[False], flags, [False]])
    changes = np.flatnonzero(np.diff(padded.astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(changes[::2], changes[1::2], strict=True)]


def _is_prose(pieces: Sequence[Piece]) -> bool:
    rows = _rows(pieces)
    if len(rows) < _LEAST_ROWS:
        return False
    text = "".join(piece.text for piece in pieces)
    if sum(char.isdigit() for char in text) > _DIGITS * len(text):
        return False
    return float(np.median([sum(len(piece.text) for piece in row) for row in rows])) >= _PROSE


def _rows(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces side by side, each row from left to right, from top to bottom."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: (piece.middle, piece.left)):
        for row in reversed(rows[-4:]):
            near = min(row, key=lambda other: _distance(other, piece))
            height = min(near.height, piece.height)
            if abs(near.middle - piece.middle) < _SAME_LINE * height and not _covers(row, piece):
                row.append(piece)
                break
        else:
            rows.append([piece])
    for row in rows:
        row.sort(key=lambda piece: piece.left)
    rows.sort(key=lambda row: float(np.mean([piece.middle for piece in row])))
    return rows


def _distance(one: Piece, other: Piece) -> float:
    return max(one.left - other.right, other.left - one.right, 0.0)


def _covers(row: Sequence[Piece], piece: Piece) -> bool:
    """Whether it stands where another of the row does: then it is of another line."""
    width = piece.right - piece.left
    return any(
        min(other.right, piece.right) - max(other.left, piece.left)
        > 0.5 * min(width, other.right - other.left)
        for other in row
    )


def _lines_of_block(pieces: Sequence[Piece], page: int) -> list[PictureLine]:
    rows = _rows(pieces)
    if not rows:
        return []
    first = min(piece.left for piece in pieces)
    weights = [len(piece.text) for piece in pieces]
    width = _weighted_median([piece.character_width for piece in pieces], weights)
    tables = _tables(rows)
    found: list[PictureLine] = []
    before: float | None = None
    for number, row in enumerate(rows):
        middle = float(np.mean([piece.middle for piece in row]))
        height = float(np.median([piece.height for piece in row]))
        if before is not None and middle - before > _BLANK * height:
            found.append(PictureLine("", page))
        places = tables.get(number)
        found.append(_cells(row, places, page) if places else _line(row, first, width, page))
        before = middle
    return found


def _tables(rows: Sequence[Sequence[Piece]]) -> dict[int, list[int]]:
    """For each row of a table, at which character each of its cells begins: the same for all of a column,
    however the cells are aligned on the page.
    """
    found: dict[int, list[int]] = {}
    start = 0
    while start < len(rows):
        end = start
        while end < len(rows) and len(rows[end]) >= _LEAST_COLUMNS:
            end += 1
        if end - start >= _LEAST_ROWS - 1:
            found |= _columns(rows, start, end)
        start = end + 1
    return found


def _columns(rows: Sequence[Sequence[Piece]], start: int, end: int) -> dict[int, list[int]]:
    spans: list[list[float]] = []
    for piece in sorted((p for row in rows[start:end] for p in row), key=lambda piece: piece.left):
        margin = 0.5 * piece.character_width  # boxes reach a little beyond their letters
        if spans and piece.left + margin < spans[-1][1]:
            spans[-1][1] = max(spans[-1][1], piece.right - margin)
        else:
            spans.append([piece.left, piece.right - margin])

    def column_of(piece: Piece) -> int:
        middle = (piece.left + piece.right) / 2
        return next((n for n, (left, right) in enumerate(spans) if left <= middle <= right), -1)

    placed = [[column_of(piece) for piece in row] for row in rows[start:end]]
    if any(len(set(row)) != len(row) or -1 in row for row in placed):
        return {}
    widths = [0] * len(spans)
    for row, columns in zip(rows[start:end], placed, strict=True):
        for piece, column in zip(row, columns, strict=True):
            widths[column] = max(widths[column], len(piece.text) + 2)
    begins = [sum(widths[:column]) for column in range(len(spans))]
    return {start + n: [begins[column] for column in row] for n, row in enumerate(placed)}


def _cells(row: Sequence[Piece], places: Sequence[int], page: int) -> PictureLine:
    """A row of a table, each cell at its column's place."""
    text, fragments = "", []
    for piece, place in zip(row, places, strict=True):
        text = text.ljust(place)
        fragments.append(Fragment(len(text), piece.quad, piece.edges, piece.probabilities))
        text += piece.text
    return PictureLine(text, page, tuple(fragments))


def _weighted_median(values: Sequence[float], weights: Sequence[int]) -> float:
    order = np.argsort(values)
    summed = np.cumsum(np.asarray(weights)[order])
    return max(1.0, float(np.asarray(values)[order][np.searchsorted(summed, summed[-1] / 2)]))


def _line(row: Sequence[Piece], first: float, width: float, page: int) -> PictureLine:
    """The row's text. What is written larger or smaller than the rest is not spread or pressed together."""
    indent = (row[0].left - first) / width
    text = " " * min(_MOST_SPACES, round(indent) if indent > _INDENT else 0)
    fragments, end = [], None
    for piece in row:
        if end is not None:
            gap = piece.left - end
            own = max(width, piece.character_width)
            least = 2 if gap > _CELLS * own else 1 if gap > 0.25 * own else 0
            column = round((piece.left - first) / width)
            text += " " * min(_MOST_SPACES, max(least, column - len(text) if least == 2 else 0))
        fragments.append(Fragment(len(text), piece.quad, piece.edges, piece.probabilities))
        text += piece.text
        end = piece.right
    return PictureLine(text, page, tuple(fragments))
