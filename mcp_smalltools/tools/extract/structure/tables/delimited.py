"""CSV, TSV and tables with other delimiters."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import (
    MAX_COLUMNS,
    MAX_ROWS,
    Node,
    NotOfForm,
    Unread,
    table_node,
)

_DELIMITERS: Final = (",", "\t", ";", "|")
_SAMPLE: Final = 200
_NUMBER: Final = re.compile(r"[-+]?[$€£]?[\d.,\s]+%?")


def read_delimited(lines: Sequence[str], delimiter: str | None = None, first_line: int = 1) -> Node:
    """The table. Its first row with more than one cell holds the names. Raises NotOfForm.

    Rows of another width are given as far as they go; those with more cells are counted as unread.
    """
    given = list(lines)
    if given and given[0].startswith("\ufeff"):
        given[0] = given[0][1:]
    start = next((n for n, line in enumerate(given) if line.strip() and not line.startswith("#")), None)
    if start is None:
        raise NotOfForm("no lines")
    if match := re.fullmatch(r"sep=(.)", given[start].strip()):
        delimiter, start = match[1], start + 1
    sign = delimiter or delimiter_of(given[start:])
    if sign is None:
        raise NotOfForm("no delimiter")
    head = _head_in_comment(given[:start], sign)
    rows = _rows(given[start:], sign, first_line + start)
    rows = [row for row in rows if not (row[2][0].startswith("#") and len(row[2]) == 1)]
    if rows and len(head) == len(rows[0][2]) > 1 and any(_NUMBER.fullmatch(cell) for cell in rows[0][2]):
        rows = [(first_line, first_line, head), *rows]
    names = [cell.strip() for cell in rows[0][2]] if rows else []
    body = rows[1:]
    widest = max((len(cells) for _, _, cells in body), default=0)
    # one cell more in all rows than in the header: R and others leave the index without a name
    is_wider = bool(body) and all(len(cells) == widest == len(names) + 1 for _, _, cells in body)
    if is_wider and any(cells[-1].strip() for _, _, cells in body):
        names = ["", *names]
    unread, kept = [], []
    for first, last, cells in body:
        surplus = cells[len(names) :]
        if any(cell.strip() for cell in surplus):
            unread.append(Unread(first, last, f"{len(cells)} cells for {len(names)} columns"))
        else:
            kept.append((first, last, [cell.strip() for cell in cells]))
    if len(names) < 2 or len(unread) > 0.3 * max(1, len(body)):
        raise NotOfForm("no table")
    return table_node("", names, kept, rows[0][0], unread)


def _head_in_comment(comments: Sequence[str], sign: str) -> list[str]:
    """The columns' names in a comment above the rows: `# Format: id<tab>action`; [] if there are none."""
    for line in comments:
        cells = line.lstrip("# ").split(sign)
        if len(cells) > 1:
            return [cells[0].rsplit(": ", 1)[-1].strip(), *(cell.strip() for cell in cells[1:])]
    return []


def _rows(lines: Sequence[str], sign: str, first_line: int) -> list[tuple[int, int, list[str]]]:
    spaced = any(f'{sign} "' in line for line in lines[:_SAMPLE])
    reader = csv.reader((line + "\n" for line in lines), delimiter=sign, skipinitialspace=spaced)
    rows: list[tuple[int, int, list[str]]] = []
    at = 0
    try:
        for cells in reader:
            start, at = at, reader.line_num
            if any(cell.strip() for cell in cells):
                rows.append((first_line + start, first_line + at - 1, cells[:MAX_COLUMNS]))
            if len(rows) > MAX_ROWS + 1:
                break
    except csv.Error as error:
        raise NotOfForm("no table") from error
    return rows


def delimiter_of(lines: Sequence[str]) -> str | None:
    """The delimiter that gives nearly all of the first rows the same number of cells, two at least."""
    best: tuple[float, int, str] | None = None
    sample = [line for line in lines[:_SAMPLE] if line.strip()]
    for sign in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader((line + "\n" for line in sample), delimiter=sign) if row]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        same = sum(width == widths[0] for width in widths) / len(widths)
        if same >= 0.8 and (best is None or (same, widths[0]) > best[:2]):
            best = (same, widths[0], sign)
    return best[2] if best else None


def looks_delimited(lines: Sequence[str], delimiter: str) -> bool:
    """Whether lines of no known form are such a table: a first row of names, no sentences."""
    first = next(csv.reader([lines[0]], delimiter=delimiter))
    cells = [cell.strip() for cell in first]
    return (
        all(
            len(cell) <= 40 and not cell.endswith((".", ":")) and not _NUMBER.fullmatch(cell)
            for cell in cells
            if cell
        )
        and sum(bool(cell) for cell in cells) >= 2
        and all(len(cell.split()) <= 5 for cell in cells)
    )
