"""Fragments of text on a page as lines in reading order.

What stands side by side is one line, its fragments as far apart as on the page: so tables stay tables, and a
label stands beside its value. Columns of prose are read one after the other.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
_MOST_GAPS: Final = 200
"""Gaps of a page that are tried as the border of columns."""
_DOUBLE: Final = 0.5
"""Widths of a character by which two pieces overlap that hold the same one."""
_BLANK: Final = 1.9
"""Distance of two lines, in heights, from which a blank line stands between them."""
_INDENT: Final = 1.4
"""Widths of a character from which a line is indented: boxes are not exact."""
_ALIGNED: Final = 0.9
"""Widths of a character by which two left sides may differ that are meant to be the same."""
_CELLS: Final = 1.4
"""Gap, in widths of a character, from which two fragments are apart by more than a space."""
_MOST_SPACES: Final = 160


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

    def without_first(self) -> Piece:
        """Without its first character, where it stands."""
        left = self.left + (self.right - self.left) * self.edges[1][0]
        return replace(
            self, text=self.text[1:], edges=self.edges[1:], probabilities=self.probabilities[1:], left=left
        )


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
        if (band := _band_with_columns(pieces)) is None:
            return [pieces] if pieces else []
        above, inside, below = band
        return [*_blocks(above), *_blocks(inside), *_blocks(below)]
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


def _band_with_columns(pieces: list[Piece]) -> tuple[list[Piece], list[Piece], list[Piece]] | None:
    """The most lines that follow each other and stand in two columns, with those above and below them."""
    if len(pieces) < 3 * _LEAST_ROWS:
        return None
    rows = _rows(pieces)
    best, tried = (0, 0), 0
    for number, row in enumerate(rows):
        for one, other in itertools.pairwise(row):
            if best[0] <= number < best[1] or other.left - one.right < _GUTTER * one.height:
                continue
            if (tried := tried + 1) > _MOST_GAPS:
                break
            middle = (one.right + other.left) / 2
            start, end = number, number + 1
            while start > 0 and not _is_crossed(rows[start - 1], middle):
                start -= 1
            while end < len(rows) and not _is_crossed(rows[end], middle):
                end += 1
            if end - start > best[1] - best[0]:
                best = start, end
    above, inside, below = (
        [piece for row in part for piece in row]
        for part in (rows[: best[0]], rows[slice(*best)], rows[best[1] :])
    )
    found = bool(above or below) and _gutter(inside) is not None
    return (above, inside, below) if found else None


def _is_crossed(row: Sequence[Piece], x: float) -> bool:
    return any(piece.left < x < piece.right for piece in row)


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
    for number, row in enumerate(rows):
        row.sort(key=lambda piece: piece.left)
        rows[number] = _without_doubles(row)
    rows.sort(key=lambda row: float(np.mean([piece.middle for piece in row])))
    return rows


def _without_doubles(row: Sequence[Piece]) -> list[Piece]:
    """The pieces without a character that two of them have: where a line was cut, both hold what is there."""
    kept: list[Piece] = []
    for piece in row:
        if kept and len(piece.text) > 1 and kept[-1].text[-1:] == piece.text[0]:
            overlap = kept[-1].right - piece.left
            if _DOUBLE * piece.character_width < overlap < 2 * piece.character_width:
                kept.append(piece.without_first())
                continue
        kept.append(piece)
    return kept


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
    above: list[tuple[float, int]] = []
    for number, row in enumerate(rows):
        middle = float(np.mean([piece.middle for piece in row]))
        height = float(np.median([piece.height for piece in row]))
        if before is not None and middle - before > _BLANK * height:
            found.append(PictureLine("", page))
        places = tables.get(number) or _places(row, first, width, above)
        found.append(_cells(row, places, page))
        above = [(piece.left, place) for piece, place in zip(row, places, strict=True)]
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
    """A row of pieces, each at its place."""
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


def _places(
    row: Sequence[Piece], first: float, width: float, above: Sequence[tuple[float, int]]
) -> list[int]:
    """At which character each piece begins: as far apart as on the page, and where the piece above begins
    that has the same left side, so that it can be told which value stands under which label. What is written
    larger or smaller than the rest is not spread or pressed together.
    """
    places: list[int] = []
    length, end = 0, None
    for piece in row:
        exact = (piece.left - first) / width
        column = next((place for left, place in above if abs(left - piece.left) < _ALIGNED * width), None)
        if end is None:
            place = column if column is not None else round(exact) if exact > _INDENT else 0
            place = min(_MOST_SPACES, place)
        else:
            gap, own = piece.left - end, max(width, piece.character_width)
            least = 2 if gap > _CELLS * own else 1 if gap > 0.25 * own else 0
            wanted = (column if column is not None else round(exact)) - length if least == 2 else 0
            place = length + min(_MOST_SPACES, max(least, wanted))
        places.append(place)
        length, end = place + len(piece.text), piece.right
    return places
