"""Columns set apart by white space: what `df`, `kubectl get`, `docker ps`, `pip list` and `ps` print.

A column's place is where its name stands and where its cells begin and end, over all rows: so empty cells,
cells that fill their column and numbers at the right are read; names of two words stay together.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import MAX_ROWS, Node, Unread, table_node

Lines = Sequence[tuple[int, str]]

_RULE: Final = re.compile(r"\s*+(?:[-=~_─━]{2,}+\s*+)++|\s*+(?:[-=]++\s++){2,}+[-=]*+\s*+")
_CELL: Final = re.compile(r"\S++(?: \S++)*+")
_BRANCH: Final = re.compile(r"[\s│|]*+(?:[├└]─+|[|`]-)\s?")
"""What draws a tree before a name, as `lsblk` does."""
_MARK: Final = re.compile(r"^[●○✓✔✗✘×] ")
"""What marks a row, as `systemctl` does."""
_SINGLE: Final = re.compile(r"\S++")
_NUMBER: Final = re.compile(r"[-+$€£(]?\d[\d.,:/%]*+[A-Za-z%)]{0,3}")
_SENTENCE: Final = re.compile(r"[a-z,;] [a-z]++ [a-z]++ [a-z]")
TOTALS: Final = re.compile(
    r"(?:grand |sub-?\s?|net )?totals?\b|sum\b|subtotal|balance due|amount due|average\b|all files\b",
    re.IGNORECASE,
)
_MOST_COLUMNS: Final = 60
TAIL: Final = re.compile(
    r"\s*+(?P<name>(?:grand |sub-?\s?|net |invoice )?total\b[^\d\n]{0,30}?|(?:sales )?tax\b.{0,20}?"
    r"|vat\b.{0,20}?|shipping\b.{0,20}?|discount\b.{0,20}?|freight|(?:balance|amount) due)"
    r":?\s{2,80}(?P<value>\S++(?: \S{1,10})?)\s*+",
    re.IGNORECASE,
)
"""A line under the rows of an invoice."""
_TWO_WORDS: Final = frozenset(
    ("mounted on", "container id", "image id", "local address", "foreign address", "used by", "peer address")
)
_MOST_HEAD_LINES: Final = 3
_LEAST_RUNS: Final = 3
"""Runs of dashes under names of several lines."""
_LABELLED: Final = re.compile(r"([A-Za-z][\w+/() -]{0,30}):\s++(\S.*)")
_LEAST_INDENT: Final = 4
_OF_SOCKETS: Final = re.compile(
    r"((?:Netid\s++)?State\s++Recv-Q\s++Send-Q)\s++Local Address:Port\s++Peer Address:Port"
    r"\s*+(?:Process)?\s*+"
)
_SAMPLE: Final = 200
"""Rows by which it is judged whether columns are where their names stand."""
_MOST_CHARS: Final = 2_000
"""Characters of a line that may be a row."""


def is_ruler(line: str) -> bool:
    """A line of dashes under names, in one run or one for each column."""
    return len(line) <= _MOST_CHARS and _RULE.fullmatch(line) is not None


def read_aligned(lines: Lines) -> Node | None:
    """The table of consecutive lines of which the first holds the names; None if they are none."""
    lines = [
        (n, _MARK.sub("  ", line).expandtabs(8).rstrip())
        for n, line in lines[: MAX_ROWS + 2]
        if len(line) <= _MOST_CHARS
    ]
    if len(lines) < 2 or is_ruler(lines[0][1]):
        return None
    head_number, head = lines[0]
    above = _lines_of_head(lines)
    ruler = lines[above][1] if is_ruler(lines[above][1]) else None
    head = lines[above - 1][1] if ruler else head
    body = [(n, line) for n, line in lines[above:] if line.strip() and not is_ruler(line)]
    if not body or not _may_be_names(head):
        return None
    columns = _by_ruler([line for _, line in lines[:above]], ruler) if ruler else None
    if above > 1 and (columns is None or len(columns) < _LEAST_RUNS):
        return None
    columns = columns or _columns(head, [line for _, line in body])
    for known in (_with_command, _sockets, _with_labels):
        if (counted := known(head, body)) is not None:
            return counted
    if columns is None or not 2 <= len(columns) <= _MOST_COLUMNS:
        return _by_count(head, body) if columns is None or len(columns) < 2 else None
    if "  " not in head.strip() and ruler is None and (counted := _by_count(head, body)) is not None:
        return counted
    if ruler is None and not _stand_under_names(columns, head, body):
        return None
    return _read_rows(columns, head_number, body, has_ruler=ruler is not None)


def _lines_of_head(lines: Lines) -> int:
    """How many lines stand over the ruler, if all may hold names; else 1."""
    for count in range(1, min(len(lines), _MOST_HEAD_LINES + 1)):
        if is_ruler(lines[count][1]):
            return count if all(_may_be_names(line) for _, line in lines[:count]) else 1
    return 1


def _within(line: str, runs: Sequence[tuple[int, int]]) -> bool:
    return all(any(a <= m.start() and m.end() <= b for a, b in runs) for m in _SINGLE.finditer(line))


def _may_be_names(head: str) -> bool:
    cells = _CELL.findall(head)
    return not any(
        _NUMBER.fullmatch(cell) or cell.endswith(":") or ": " in cell or "...." in cell for cell in cells
    ) and not _SENTENCE.search(head)


class _AlignedColumns:
    """Names with the first character of each column's cells; the last has no end."""

    def __init__(self, names: Sequence[str], starts: Sequence[int], *, sure: bool = True) -> None:
        self.names, self.starts, self.sure = list(names), list(starts), sure

    def __len__(self) -> int:
        return len(self.names)

    def cut(self, line: str) -> list[str] | None:
        """The cells of a line; None where a cell goes over the border of the next column."""
        cells = []
        for i, start in enumerate(self.starts):
            end = self.starts[i + 1] if i + 1 < len(self.starts) else len(line)
            if 0 < start < len(line) and not line[start - 1].isspace() and not line[start].isspace():
                return None
            cells.append(line[start:end].strip())
        return cells


def _by_ruler(heads: Sequence[str], ruler: str) -> _AlignedColumns | None:
    """Columns where each has a run of dashes of its own. Names of several lines stand above each other; a
    line above the last one whose words go over the borders is none of them.
    """
    runs = [m.span() for m in re.finditer(r"[-=~_─━]++", ruler)]
    if len(runs) < 2:
        return None
    starts = [0, *(start for start, _ in runs[1:])]
    kept = [line for line in heads[:-1] if _within(line, runs)] + [heads[-1]]
    ends = [*starts[1:], max(map(len, kept))]
    names = [
        " ".join(filter(None, (line[start:end].strip() for line in kept)))
        for start, end in zip(starts, ends, strict=True)
    ]
    return _AlignedColumns(names, starts) if all(names) else None


def _columns(head: str, rows: Sequence[str]) -> _AlignedColumns | None:
    """Borders where nearly all rows and the head have a space, one for each name."""
    words = [m.span() for m in _SINGLE.finditer(head)]
    if len(words) < 2 or len(words) > _MOST_COLUMNS:
        return None
    sample = rows if len(rows) <= 400 else [*rows[:200], *rows[-200:]]
    width = max(len(head), *map(len, sample))
    blank = [0] * (width + 1)
    for line in sample:
        for place in range(min(width, len(line)), width):
            blank[place] += 1
        for match in re.finditer(r"\s++", line):
            for place in range(match.start(), match.end()):
                blank[place] += 1
    free = [count >= 0.9 * len(sample) if len(sample) > 9 else count == len(sample) for count in blank]
    gaps = list(itertools.pairwise(words))
    single = [n for n, ((_, before), (first, _)) in enumerate(gaps) if first - before == 1]
    borders = _borders(gaps, free, sample, width)
    parted = [n for n in single if borders[n] is not None]
    if len(parted) == 1 and all(
        _is_wide(free, gaps[n], borders[n]) for n in range(len(gaps)) if n not in single
    ):
        borders[parted[0]] = None  # columns are two characters apart: this is a name of two words
    names, starts = [head[words[0][0] : words[0][1]]], [0]
    for number, ((_, before), (first, last)) in enumerate(gaps):
        border = borders[number]
        if border is None and number in single:
            names[-1] += head[before:last]
            continue
        names.append(head[first:last])
        starts.append(first if border is None else border)
    return _AlignedColumns(names, starts)


_Gap = tuple[tuple[int, int], tuple[int, int]]
"""Two words of the head, each from its first character to the one after its last."""


def _borders(gaps: Sequence[_Gap], free: Sequence[bool], rows: Sequence[str], width: int) -> list[int | None]:
    """Where the second of two words of the head begins a column. None: nowhere, or where the words are parted
    by one space and rows don't have cells under both.
    """
    borders: list[int | None] = []
    start = 0
    for number, ((_, before), (first, last)) in enumerate(gaps):
        following = gaps[number + 1][1][0] if number + 1 < len(gaps) else width
        border = _border(free, start, before, first, last)
        if first - before == 1 and not (
            border is not None
            and border <= first
            and (
                _parts_columns(rows, start, border, following)
                or _stand_under_both(rows, (start, border, following), (before, first))
            )
        ):
            border = None
        borders.append(border)
        start = border or (first if first - before > 1 else start)
    return borders


def _is_wide(free: Sequence[bool], gap: _Gap, border: int | None) -> bool:
    """Whether two characters at least are free between two columns, in head and rows."""
    (_, before), (first, _) = gap
    if border is None:
        return False
    return sum(free[place] for place in range(before, first)) >= 2


def _border(free: Sequence[bool], start: int, before: int, first: int, last: int) -> int | None:
    """The first character of the second of two columns. Their names end at `before` and are [first, last).

    In the gap between the names, as far right as cells at the right of their column leave it; else under the
    second name, where cells of the first column are longer; else under the first.
    """
    for places in (range(first - 1, before - 1, -1), range(first, last), range(before - 1, start, -1)):
        for place in places:
            if free[place]:
                return place + 1
    return None


def _parts_columns(rows: Sequence[str], start: int, border: int, end: int) -> bool:
    """Whether two names with one space between are two columns: rows have cells under both."""
    left = sum(bool(line[start:border].strip()) for line in rows)
    right = sum(bool(line[border:end].strip()) for line in rows)
    return left > 0.5 * len(rows) and right > 0.5 * len(rows)


def _stand_under_both(rows: Sequence[str], places: tuple[int, int, int], names: tuple[int, int]) -> bool:
    """Whether all cells at the right begin where the second of two names does, and one has a cell beside it
    at the left: the last column of `lsblk` is empty for most devices. `places`: where both columns begin and
    where the second ends; `names`: where the first name ends and the second begins.
    """
    start, border, end = places
    both = False
    for line in rows:
        left, right = line[start:border], line[border:end]
        if not right.strip():
            continue
        if border + len(right) - len(right.lstrip()) != names[1] or len(left.rstrip()) > names[0] - start:
            return False
        both = both or bool(left.strip())
    return both


def _with_labels(head: str, body: Lines) -> Node | None:
    """What `free` prints: rows begin with a label, over which no name stands."""
    names = head.split()
    if not head.startswith(" " * _LEAST_INDENT) or len(names) < 2 or not all(map(str.isprintable, names)):
        return None
    rows = []
    for number, line in body:
        match = _LABELLED.fullmatch(line)
        cells = match[2].split() if match else []
        if match is None or not cells or len(cells) > len(names):
            return None
        rows.append((number, number, [match[1], *cells, *[""] * (len(names) - len(cells))]))
    return table_node("", ["name", *names], rows, body[0][0] - 1)


def _sockets(head: str, body: Lines) -> Node | None:
    """What `ss` prints: its last two names stand together."""
    if (match := _OF_SOCKETS.fullmatch(head)) is None:
        return None
    names = [*match[1].split(), "Local Address:Port", "Peer Address:Port"]
    cells = [(number, line.split(None, len(names))) for number, line in body]
    if any(len(row) < len(names) for _, row in cells):
        return None
    rows = [(n, n, [part.strip() for part in (*row, "")[: len(names) + 1]]) for n, row in cells]
    return table_node("", [*names, "Process"], rows, body[0][0] - 1)


def _with_command(head: str, rows: Lines) -> Node | None:
    """What `ps` and `top` print: no cell is empty, and only the last one, a command, has spaces. Wide numbers
    push the rest of their row to the right.
    """
    names = head.split()
    if len(names) < 4 or names[-1].lower() not in ("command", "cmd", "args"):
        return None
    cells = [(number, number, line.split(None, len(names) - 1)) for number, line in rows]
    if any(len(row) != len(names) for _, _, row in cells):
        return None
    return table_node("", names, [(a, b, [c.strip() for c in row]) for a, b, row in cells], rows[0][0] - 1)


def _stand_under_names(columns: _AlignedColumns, head: str, rows: Lines) -> bool:
    """Whether in each column most cells begin, end or lie under the name."""
    spans, at = [], 0
    for name in columns.names:
        start = head.find(name, at)
        if start < 0:
            return False
        at = start + len(name)
        spans.append((start, at))
    touching, filled = [0] * len(spans), [0] * len(spans)
    for _, line in rows[:_SAMPLE]:
        for i, start in enumerate(columns.starts):
            end = columns.starts[i + 1] if i + 1 < len(columns.starts) else len(line)
            cell = line[start:end]
            if cell.strip():
                first = start + len(cell) - len(cell.lstrip())
                last = start + len(cell.rstrip())
                filled[i] += 1
                touching[i] += first <= spans[i][1] and last >= spans[i][0]
    return all(touch >= 0.5 * count for touch, count in zip(touching, filled, strict=True))


def _by_count(head: str, rows: Lines) -> Node | None:
    """A table with single spaces, whose rows have as many words as the head has names."""
    names: list[str] = []
    for word in head.split():
        if names and f"{names[-1]} {word}".lower() in _TWO_WORDS:
            names[-1] += f" {word}"
        else:
            names.append(word)
    if len(names) < 4 or not all(name[0].isupper() or name[0].isdigit() or name[0] == "%" for name in names):
        return None
    cells = [(number, number, line.split()) for number, line in rows]
    if any(len(row) != len(names) for _, _, row in cells):
        return None
    return table_node("", names, cells, rows[0][0] - 1)


def _read_rows(columns: _AlignedColumns, head: int, body: Lines, *, has_ruler: bool) -> Node | None:
    rows: list[tuple[int, int, list[str]]] = []
    unread: list[Unread] = []
    count = len(columns)
    for number, line in body:
        cells = columns.cut(line) or _split_by_spaces(line, columns)
        if cells is not None:
            cells = [_BRANCH.sub("", cell) for cell in cells]
        if cells is None:
            unread.append(Unread(number, number, "its cells don't stand under the names"))
        elif [c.lower() for c in cells] == [n.lower() for n in columns.names]:
            continue
        elif rows and _goes_on(cells, rows[-1][2], number == rows[-1][1] + 1):
            held = rows[-1]
            joined = [" ".join(filter(None, pair)) for pair in zip(held[2], cells, strict=True)]
            rows[-1] = (held[0], number, joined)
        else:
            rows.append((number, number, cells))
    filled = [sum(bool(cell) for cell in cells) for _, _, cells in rows]
    if not rows or len(unread) > 0.34 * len(body):
        return None
    least = 1 if all(name.isupper() for name in columns.names) else 0.3 * len(rows)
    if not has_ruler and sum(f >= 2 for f in filled) < least:
        return None
    if not has_ruler and count == 2 and not _fits_two(columns, rows):
        return None
    return table_node("", columns.names, rows, head, unread)


def _fits_two(columns: _AlignedColumns, rows: Sequence[tuple[int, int, list[str]]]) -> bool:
    """Two columns without a ruler are a table, if the names look like names: upper case, or like no cell."""
    return (
        all(name.isupper() or name[:1].isupper() for name in columns.names)
        and not any(cells[0].endswith(":") for _, _, cells in rows)
        and not any(name.endswith(":") for name in columns.names)
    )


def _split_by_spaces(line: str, columns: _AlignedColumns) -> list[str] | None:
    """The cells of a row that is pushed out of its columns, if they are as many as the names."""
    count = len(columns)
    wide = re.split(r"\s{2,}", line.strip())
    if len(wide) == count:
        return wide
    words = line.split()
    if len(words) == count or (len(words) > count and _only_last_may_have_spaces(columns)):
        return line.split(None, count - 1)
    return None


def _only_last_may_have_spaces(columns: _AlignedColumns) -> bool:
    return columns.names[-1].lower() in (
        "command",
        "cmd",
        "args",
        "message",
        "description",
        "name",
        "mounted on",
    )


def _goes_on(cells: Sequence[str], above: Sequence[str], follows: bool) -> bool:
    """Whether a line continues the cells above it: its first cell is empty, and most others are."""
    filled = [i for i, cell in enumerate(cells) if cell]
    return (
        follows
        and bool(filled)
        and not cells[0]
        and bool(above[0])
        and len(filled) <= max(1, len(cells) // 3)
        and all(above[i] and not _NUMBER.fullmatch(cells[i]) for i in filled)
    )
