"""Tables whose cells are marked: Markdown and other pipes, boxes, reST grids and simple tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.node import MAX_COLUMNS, Node, Unread, table_node
from mcp_smalltools.tools.extract.structure.text.inline import plain

Lines = Sequence[tuple[int, str]]

_BOX: Final = {
    **dict.fromkeys(map(ord, "│┃║┆┊╎"), "|"),
    **dict.fromkeys(map(ord, "─━═┄╌"), "-"),
    **dict.fromkeys(
        map(ord, "┼╋┿╂╪╫╬├┤┣┫┠┨┡┩┞╞╡┬┴┳┻┯┷╤╧┌┐└┘┏┓┗┛╔╗╚╝╭╮╰╯╠╣╦╩╥╨┝┥╇╈╒╓╕╖╘╙╛╜┰┸┭┮┱┲┵┶┹┺╀╁╃╄╅╆╉╊┢┪┕┙┖┚┍┑┎┒"),
        "+",
    ),
}
_PIPE: Final = re.compile(r"(?<!\\)((?:\\\\)*+)\|")
_ALIGNMENT: Final = re.compile(r"\s*+\|?(?:\s*+:?-++:?\s*+[|+])*+\s*+(?::?-++:?)?\s*+\|?\s*+")
_GRID_RULE: Final = re.compile(r"\s*+[+|](?:[-=:]++[+|])++\s*+")
_SIMPLE_RULE: Final = re.compile(r"\s*+=++(?:\s++=++)++\s*+")


def unboxed(line: str) -> str:
    """Box characters as pipes, dashes and pluses."""
    return line.translate(_BOX) if not line.isascii() else line


def is_piped(line: str) -> bool:
    return "|" in line and len(_PIPE.findall(line)) >= 1


def is_grid_rule(line: str) -> bool:
    return _GRID_RULE.fullmatch(line) is not None


def is_alignment(line: str) -> bool:
    return "-" in line and ("|" in line or "+" in line) and _ALIGNMENT.fullmatch(line) is not None


def is_simple_rule(line: str) -> bool:
    return _SIMPLE_RULE.fullmatch(line) is not None


def cells_of(line: str) -> list[str]:
    """The cells between the pipes that aren't escaped."""
    text = line.strip()
    parts = _PIPE.split(text)
    cells = ["".join(pair) for pair in zip(parts[0::2], [*parts[1::2], ""], strict=True)]
    if text.startswith("|"):
        cells = cells[1:]
    if len(parts) > 1 and not cells[-1].strip() and text.endswith("|"):
        cells = cells[:-1]
    return [cell.replace("\\|", "|").strip() for cell in cells[:MAX_COLUMNS]]


def read_piped(lines: Lines) -> Node | None:
    """Consecutive lines with pipes, rulers among them; the first holds the names. None if it is no table."""
    content = [(n, cells_of(line)) for n, line in lines if not is_alignment(line) and not is_grid_rule(line)]
    rules = [place for place, (_, line) in enumerate(lines) if is_alignment(line) or is_grid_rule(line)]
    if not content or not content[0][1] or (not rules and not _all_of_one_width(content)):
        return None
    is_grid = (is_grid_rule(lines[0][1]) and len(rules) > 3) or any("=" in lines[r][1] for r in rules)
    title = ""
    if len(content) > 2 and len(content[0][1]) == 1 < len(content[1][1]):
        title, content = content[0][1][0], content[1:]
        lines = [(n, line) for n, line in lines if n >= content[0][0]]
        is_grid = False
    names = content[0][1]
    rows: list[tuple[int, int, list[str]]] = []
    unread: list[Unread] = []
    if is_grid:
        groups = _groups(lines)
        if not groups:
            return None
        names = groups[0][2]
        rows = groups[1:]
    else:
        for number, cells in content[1:]:
            if len(cells) > len(names) and any(cells[len(names) :]):
                unread.append(Unread(number, number, f"{len(cells)} cells for {len(names)} columns"))
            elif rows and _goes_on(cells, rows[-1], number, lines):
                held = rows[-1]
                rows[-1] = (
                    held[0],
                    number,
                    [" ".join(filter(None, p)) for p in zip(held[2], cells, strict=False)],
                )
            else:
                rows.append((number, number, cells))
    table = marked_table(names, rows, lines[0][0], unread)
    if table is not None and title:
        table.name = title
    return table


def marked_table(
    names: Sequence[str], rows: Sequence[tuple[int, int, Sequence[str]]], start: int, unread: list[Unread]
) -> Node | None:
    """The table without the markup in its cells."""
    shown = [(first, last, [plain(cell) for cell in cells]) for first, last, cells in rows]
    kept = [row for row in shown if any(text for text, _ in row[2])]
    table = table_node(
        "",
        [plain(name)[0] for name in names],
        [(first, last, [text for text, _ in cells]) for first, last, cells in kept],
        start,
        unread,
    )
    for row, (_, _, cells) in zip(table.inner, kept, strict=False):
        for item, (_, link) in zip(row.inner, cells, strict=False):
            item.link = link
    return table


def _all_of_one_width(content: Sequence[tuple[int, list[str]]]) -> bool:
    widths = {len(cells) for _, cells in content}
    return len(widths) == 1 and widths.pop() >= 2 and len(content) > 2


def _goes_on(cells: Sequence[str], above: tuple[int, int, list[str]], number: int, lines: Lines) -> bool:
    """In boxes a long cell is wrapped: the next line has an empty first cell."""
    boxed = is_grid_rule(lines[0][1])
    filled = [i for i, cell in enumerate(cells) if cell]
    return (
        boxed
        and number == above[1] + 1
        and bool(filled)
        and not cells[0]
        and len(filled) <= max(1, len(cells) // 2)
        and all(i < len(above[2]) and above[2][i] for i in filled)
    )


def _groups(lines: Lines) -> list[tuple[int, int, list[str]]]:
    """The lines between two rulers of a grid are a row."""
    groups: list[tuple[int, int, list[str]]] = []
    open_group = False
    for number, line in lines:
        if is_grid_rule(line) or is_alignment(line):
            open_group = False
            continue
        cells = cells_of(line)
        if not open_group:
            groups.append((number, number, cells))
        else:
            held = groups[-1]
            joined = [" ".join(filter(None, pair)) for pair in zip(held[2], cells, strict=False)]
            groups[-1] = (held[0], number, joined)
        open_group = True
    return groups


def read_simple(lines: Lines) -> Node | None:
    """A reST table with rulers of `=`: above and under the names, and at the end."""
    starts = [m.start() for m in re.finditer(r"=++", lines[0][1])]
    rules = [place for place, (_, line) in enumerate(lines) if is_simple_rule(line)]
    if len(rules) < 2 or len(starts) < 2:
        return None
    head = lines[1 : rules[1]] if len(rules) > 2 else []
    body = lines[rules[1] + 1 : rules[2]] if len(rules) > 2 else lines[1 : rules[1]]
    names = [""] * len(starts)
    for _, line in head:
        if not re.fullmatch(r"[\s-]*+", line):
            names = [" ".join(filter(None, pair)) for pair in zip(names, _cut(line, starts), strict=True)]
    rows: list[tuple[int, int, list[str]]] = []
    for number, line in body:
        if not line.strip() or re.fullmatch(r"[\s-]*+", line):
            continue
        cells = _cut(line, starts)
        if rows and not cells[0]:
            held = rows[-1]
            rows[-1] = (
                held[0],
                number,
                [" ".join(filter(None, p)) for p in zip(held[2], cells, strict=True)],
            )
        else:
            rows.append((number, number, cells))
    if not head and rows:
        names, rows = rows[0][2], rows[1:]
    return marked_table(names, rows, lines[0][0], []) if rows else None


def _cut(line: str, starts: Sequence[int]) -> list[str]:
    ends = [*starts[1:], len(line)]
    return [line[start : max(start, end)].strip() for start, end in zip(starts, ends, strict=True)]
