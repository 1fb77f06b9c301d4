"""Labels side by side with their values under them, as on invoices and forms: a table of one row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import Node, table_node

Lines = Sequence[tuple[int, str]]
_Cell = tuple[int, int, str]
"""First character, end and text."""

_CELL: Final = re.compile(r"\S++(?: \S++)*+")
_LABEL: Final = re.compile(r"[^\W\d_][^\d:=,;]{1,39}(?::|#)?")
_MOST_WORDS: Final = 4
_NEAR: Final = 1
"""Characters by which the sides of a label and its value may differ."""
_MOST_CHARS: Final = 2_000


def find_label_row(lines: Lines) -> int | None:
    """The place of the first line of labels whose values stand in the next line and nowhere else.
    Above it are only lines of one piece.
    """
    cells = [_cells(line) for _, line in lines]
    for at in range(len(lines) - 1):
        if at and len(cells[at - 1]) > 1:
            return None  # the block is something else
        labels, values = cells[at], cells[at + 1]
        if not _has_values(labels, values):
            continue
        following = cells[at + 2 :]
        end = next((n for n, row in enumerate(following[:-1]) if _has_values(row, following[n + 1])), None)
        if not any(_is_row_of(labels, row, alone=end is not None) for row in following[:end]):
            return at
    return None


def _is_row_of(labels: Sequence[_Cell], row: Sequence[_Cell], *, alone: bool) -> bool:
    """Whether a line may be one more row under the labels; `alone`: one cell may stand alone under them, such
    as an address that goes on, since other labels follow.
    """
    if len(row) == 1 and alone:
        return False
    sides = {first for first, _, _ in labels}
    return any(any(abs(first - start) <= _NEAR for first in sides) for start, _, _ in row)


def read_label_row(labels: tuple[int, str], values: tuple[int, str]) -> Node | None:
    """Both lines as a table of one row; a label without a value has an empty one."""
    names = _cells(labels[1])
    places = _under(names, _cells(values[1]))
    if places is None:
        return None
    texts = {place: text for place, (_, _, text) in zip(places, _cells(values[1]), strict=True)}
    row = [texts.get(number, "") for number in range(len(names))]
    heads = [text.rstrip(":").strip() for _, _, text in names]
    return table_node("", heads, [(values[0], values[0], row)], labels[0])


def _cells(line: str) -> list[_Cell]:
    """First character, end and text of what wide gaps part."""
    if len(line) > _MOST_CHARS:
        return []
    return [(*match.span(), match[0]) for match in _CELL.finditer(line)]


def _are_labels(cells: Sequence[_Cell]) -> bool:
    return len(cells) >= 2 and all(
        _LABEL.fullmatch(text) and len(text.split()) <= _MOST_WORDS for _, _, text in cells
    )


def _has_values(labels: Sequence[_Cell], values: Sequence[_Cell]) -> bool:
    return _are_labels(labels) and not _are_labels(values) and _under(labels, values) is not None


def _under(labels: Sequence[_Cell], values: Sequence[_Cell]) -> list[int] | None:
    """Which label each value stands under; None unless all do, two at least, and some have a digit."""
    places: list[int] = []
    for start, end, _ in values:
        place = next(
            (
                number
                for number, (first, last, _) in enumerate(labels)
                if number not in places and (abs(first - start) <= _NEAR or abs(last - end) <= _NEAR)
            ),
            None,
        )
        if place is None:
            return None
        places.append(place)
    has_digits = any(any(char.isdigit() for char in text) for _, _, text in values)
    return places if len(places) >= 2 and has_digits and places == sorted(places) else None
