"""Rows of a text that look alike: tables in any notation, JSON lists, blocks of `key: value`, lists."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath
from typing import Any, Final

from mcp_smalltools.text.next_line import NextLine
from mcp_smalltools.text.words import content_stems
from mcp_smalltools.tools.extract.schema import Field
from mcp_smalltools.tools.extract.structure.key_values import FieldNames, named_values
from mcp_smalltools.tools.extract.structure.yaml_lists import TableRow, yaml_lists

GOOD_FIT: Final = 0.5
_BULLET: Final = re.compile(r"^(\s*)(?:[-*+•]|\d+[.)])\s+")
_HEADING: Final = re.compile(r"^(#{1,6})\s++(.*\S)")
# Linear: nothing that a quantifier takes is given back.
_RULE: Final = re.compile(r"\s*+\|?\s*+:?-{2,}+:?\s*+(?:[|+]\s*+:?-++:?\s*+)*+\|?\s*+")
_SIGNS: Final = re.compile(r"[\s+=-]*+")
_THREE_SIGNS: Final = re.compile(r"[+=-]{3}")
MAX_COLUMNS: Final = 2_000
"""Columns of a table that are looked at."""
MAX_ROWS: Final = 50_000
"""Rows of a table that are read."""
_DEPTH: Final = 40
"""Of lists and objects in JSON."""


def best_table(
    path: str, lines: Sequence[str], fields: Sequence[Field], check: Callable[[], None] = lambda: None
) -> tuple[list[TableRow], dict[str, str]]:
    """The rows whose names fit the fields best, and each field's column by its name; ([], {}) if none do.

    Of a table that is wider or longer than MAX_COLUMNS and MAX_ROWS, the first ones. Raises what `check`
    raises.
    """
    best: tuple[float, list[TableRow], dict[str, str]] = (0.0, [], {})
    wanted = FieldNames(fields)
    for rows in _tables(path, lines, check):
        check()
        names = list(dict.fromkeys(name for row in rows[:50] for name in row.values))
        columns = _columns(fields, names, wanted)
        worth = len(columns) / len(fields) + min(len(rows), 100) / 1000
        if columns and worth > best[0]:
            best = (worth, rows, columns)
    return best[1], best[2]


def _is_rule(line: str) -> bool:
    """A line of dashes and the like, such as that under the names of a table."""
    return _RULE.fullmatch(line) is not None or (
        _SIGNS.fullmatch(line) is not None and _THREE_SIGNS.search(line) is not None
    )


def _columns(fields: Sequence[Field], names: Sequence[str], wanted: FieldNames) -> dict[str, str]:
    """The best pairs first; a column is given once."""
    pairs = sorted(
        (-worth, number, place)
        for place, name in enumerate(names)
        for number, worth in wanted.fits((name,)).items()
        if worth >= GOOD_FIT
    )
    columns: dict[str, str] = {}
    taken: set[str] = set()
    for _, number, place in pairs:
        if fields[number].name not in columns and names[place] not in taken:
            columns[fields[number].name] = names[place]
            taken.add(names[place])
    return columns


def _tables(path: str, lines: Sequence[str], check: Callable[[], None]) -> Iterator[list[TableRow]]:
    suffix = PurePath(path).suffix.lower()
    if suffix in (".csv", ".tsv"):
        yield _delimited(list(enumerate(lines, 1)), "\t" if suffix == ".tsv" else _separator(lines[:1]))
        return
    if suffix in (".yaml", ".yml"):
        yield from yaml_lists("\n".join(lines))
    if suffix in (".json", ".jsonl", ".ndjson") or (lines and lines[0][:1] in "[{"):
        check()
        yield from _json(lines)
    check()
    yield from _piped(lines)
    check()
    yield from _delimited_blocks(lines)
    check()
    yield from _aligned(lines)
    check()
    yield from _blocks(lines, check)


def list_entries(lines: Sequence[str], about: str = "") -> list[TableRow]:
    """Each entry of a list: the one under a heading that says what it is about, else sections that are
    numbered or dated, else the longest list of bullets or numbers at one depth.
    """
    lists = _lists_under_headings(lines)
    wanted = set(content_stems(about))
    named = [(rows, len(wanted & set(content_stems(heading)))) for heading, rows in lists]
    best = max(named, key=lambda pair: (pair[1], len(pair[0])), default=([], 0))
    if best[1]:
        return best[0]
    sections = _numbered_sections(lines)
    return sections or max((rows for _, rows in lists), key=len, default=[])


def _lists_under_headings(lines: Sequence[str]) -> list[tuple[str, list[TableRow]]]:
    """Bullets of one depth under one heading, with the lines that belong to them."""
    groups: dict[tuple[str, int], list[tuple[int, list[str]]]] = {}  # first line of an entry, and its texts
    heading = ""
    held: list[tuple[int, list[str]]] = []
    for number, line in enumerate(lines, 1):
        if match := _HEADING.match(line):
            heading, held = match[2], []
        elif match := _BULLET.match(line):
            held = groups.setdefault((heading, len(match[1])), [])
            held.append((number, [line[match.end() :].strip()]))
        elif held and line.strip() and line.startswith((" ", "\t")):
            start, texts = held[-1]
            if number == start + len(texts):
                texts.append(line.strip())
    return [
        (heading, [_entry(start, texts) for start, texts in entries])
        for (heading, _), entries in groups.items()
    ]


def _entry(start: int, texts: Sequence[str]) -> TableRow:
    return TableRow({"": "\n".join(texts)}, start, start + len(texts) - 1)


def _numbered_sections(lines: Sequence[str]) -> list[TableRow]:
    """Sections of one level, if most of their headings have a number or a date: releases, incidents."""
    starts = [(n, match) for n, line in enumerate(lines, 1) if (match := _HEADING.match(line))]
    levels = [len(match[1]) for _, match in starts]
    for level in sorted(set(levels)):
        at = [i for i, found in enumerate(levels) if found == level]
        counted = sum(any(c.isdigit() for c in starts[i][1][2]) for i in at)
        if len(at) > 1 and counted >= 0.6 * len(at):
            ends = [_end_of(i, starts, levels, lines) for i in at]
            return [_section(lines, starts[i][0], end) for i, end in zip(at, ends, strict=True)]
    return []


def _end_of(i: int, starts: Sequence[tuple[int, Any]], levels: Sequence[int], lines: Sequence[str]) -> int:
    """The last line of a section that holds something."""
    following = (starts[k][0] - 1 for k in range(i + 1, len(starts)) if levels[k] <= levels[i])
    end = next(following, len(lines))
    while end > starts[i][0] and not lines[end - 1].strip():
        end -= 1
    return end


def _section(lines: Sequence[str], start: int, end: int) -> TableRow:
    return TableRow({"": "\n".join(lines[start - 1 : end]).lstrip("# ")}, start, end)


def _separator(lines: Sequence[str]) -> str:
    first = lines[0] if lines else ""
    return max(",;\t|", key=first.count)


def _delimited(numbered: Sequence[tuple[int, str]], separator: str) -> list[TableRow]:
    """CSV; a quoted cell may go over lines. The first row holds the names."""
    reader = csv.reader((line + "\n" for _, line in numbered), delimiter=separator)
    offset = numbered[0][0] if numbered else 1
    rows: list[TableRow] = []
    names: list[str] = []
    at = 0
    try:
        for cells in reader:
            start, at = at, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if not names:
                names = [cell.strip() for cell in cells[:MAX_COLUMNS]]
                continue
            if len(rows) >= MAX_ROWS:
                break
            values = {n: c.strip() for n, c in zip(names, cells, strict=False)}
            rows.append(TableRow(values, offset + start, offset + at - 1))
    except csv.Error:
        return rows
    return rows


def _delimited_blocks(lines: Sequence[str]) -> Iterator[list[TableRow]]:
    """Runs of lines with the same number of commas, semicolons or tabs."""
    for separator in ("\t", ";", ","):
        run: list[tuple[int, str]] = []
        of_run = 0
        for number, line in enumerate([*lines, ""], 1):
            count = line.count(separator)
            if run and count != of_run:
                if len(run) > 2:
                    yield _delimited(run, separator)
                run = []
            of_run = count
            if count >= (1 if separator == "\t" else 2):
                run.append((number, line))


def _piped(lines: Sequence[str]) -> Iterator[list[TableRow]]:
    """Markdown tables and the like."""
    run: list[tuple[int, list[str]]] = []
    for number, line in enumerate([*lines, ""], 1):
        rule = _is_rule(line)
        if "|" in line and not rule and line.strip():
            if len(run) <= MAX_ROWS:
                cells = line.strip().strip("|").split("|", MAX_COLUMNS)[:MAX_COLUMNS]
                run.append((number, [cell.strip() for cell in cells]))
        elif not rule:
            if len(run) > 1:
                names = run[0][1]
                yield [TableRow(dict(zip(names, cells, strict=False)), n, n) for n, cells in run[1:]]
            run = []


def _aligned(lines: Sequence[str]) -> Iterator[list[TableRow]]:
    """Columns set apart by two or more spaces, such as the output of a command."""
    run: list[tuple[int, list[str]]] = []
    of_run = 0
    for number, line in enumerate([*lines, ""], 1):
        if run and _is_rule(line):
            continue
        cells = re.split(r"\s{2,}|\t+", line.strip())
        of_line = len(cells)
        del cells[MAX_COLUMNS:]
        if of_line > 1 and (not run or of_line == of_run):
            of_run = of_line
            if len(run) <= MAX_ROWS:
                run.append((number, cells))
            continue
        if len(run) > 2:
            yield [TableRow(dict(zip(run[0][1], row, strict=False)), n, n) for n, row in run[1:]]
        run, of_run = ([(number, cells)], of_line) if of_line > 1 else ([], 0)


def _json(lines: Sequence[str]) -> Iterator[list[TableRow]]:
    text = "\n".join(lines)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        rows = []
        for number, line in enumerate(lines, 1):
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(entry, dict):
                rows.append(TableRow(_flatten(entry), number, number))
        if rows:
            yield rows
        return
    for entries in _lists(value):
        yield _locate(entries, lines)


def _lists(value: Any, depth: int = _DEPTH) -> Iterator[list[dict[str, Any]]]:
    """All lists of objects, at any depth up to 40; an object of objects counts as one, its keys as `name`."""
    if not depth:
        return
    if isinstance(value, list):
        objects = [item for item in value if isinstance(item, dict)]
        if objects:
            yield [_flatten(item) for item in objects[:MAX_ROWS]]
        for item in value:
            yield from _lists(item, depth - 1)
    elif isinstance(value, dict):
        inner = [(key, item) for key, item in value.items() if isinstance(item, dict)]
        if len(inner) > 1:
            yield [{"name": key, **_flatten(item)} for key, item in inner[:MAX_ROWS]]
        for item in value.values():
            yield from _lists(item, depth - 1)


def _flatten(value: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    _put_flat(value, "", flat, _DEPTH)
    return flat


def _put_flat(value: dict[str, Any], before: str, flat: dict[str, Any], depth: int) -> None:
    for key, item in value.items():
        if isinstance(item, dict) and depth:
            _put_flat(item, f"{before}{key} ", flat, depth - 1)
        elif len(flat) < MAX_COLUMNS:
            flat[f"{before}{key}"] = item


def _locate(entries: Sequence[dict[str, Any]], lines: Sequence[str]) -> list[TableRow]:
    """Where each entry begins: the next line that has its first plain value."""
    rows, at = [], 0
    lines_with = NextLine(lines)
    for entry in entries:
        shown = [
            json.dumps(v, ensure_ascii=False) for v in entry.values() if isinstance(v, (str, int, float))
        ]
        found = lines_with.find(shown[0], at) if shown else None
        first = last = at if found is None else found
        for value in shown[1:]:
            found = lines_with.find(value, last, last + 40)
            last = last if found is None else found
        at = last if last > first else first
        rows.append(TableRow(entry, first + 1, last + 1))
    return rows


def _blocks(lines: Sequence[str], check: Callable[[], None]) -> Iterator[list[TableRow]]:
    """Blocks of `key: value` lines, parted by blank lines or headings, that share names."""
    rows: list[TableRow] = []
    start = 1
    for number, line in enumerate([*lines, ""], 1):
        if line.strip() and not line.startswith("#"):
            continue
        check()
        values = {e.path[-1]: e.value for e in named_values("", lines[start - 1 : number - 1])}
        if len(values) > 1:
            rows.append(TableRow(values, start, number - 1))
        start = number + 1
    if len(rows) > 1:
        yield rows
