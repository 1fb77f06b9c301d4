"""Rows of a text that look alike: tables in any notation, JSON lists, blocks of `key: value`, lists."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any, Final

from mcp_smalltools.text.words import content_stems
from mcp_smalltools.tools.extract.schema import Field
from mcp_smalltools.tools.extract.structure.key_values import NamedValue, fit, named_values
from mcp_smalltools.tools.extract.structure.yaml_lists import TableRow, yaml_lists

GOOD_FIT: Final = 0.5
_BULLET: Final = re.compile(r"^(\s*)(?:[-*+•]|\d+[.)])\s+")
_HEADING: Final = re.compile(r"^(#{1,6})\s+(.*\S)")
_RULE: Final = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(?:[|+]\s*:?-+:?\s*)*\|?\s*$|^[\s+=-]*[+=-]{3,}[\s+=-]*$")


def best_table(
    path: str, lines: Sequence[str], fields: Sequence[Field]
) -> tuple[list[TableRow], dict[str, str]]:
    """The rows whose names fit the fields best, and each field's column by its name; ([], {}) if none do."""
    best: tuple[float, list[TableRow], dict[str, str]] = (0.0, [], {})
    for rows in _tables(path, lines):
        names = list(dict.fromkeys(name for row in rows[:50] for name in row.values))
        columns = _columns(fields, names)
        worth = len(columns) / len(fields) + min(len(rows), 100) / 1000
        if columns and worth > best[0]:
            best = (worth, rows, columns)
    return best[1], best[2]


def _columns(fields: Sequence[Field], names: Sequence[str]) -> dict[str, str]:
    """The best pairs first; a column is given once."""
    pairs = sorted(
        (
            (fit(NamedValue((name,), "", 0, ""), field), field.name, name)
            for field in fields
            for name in names
        ),
        key=lambda pair: -pair[0],
    )
    columns: dict[str, str] = {}
    for worth, field, name in pairs:
        if worth >= GOOD_FIT and field not in columns and name not in columns.values():
            columns[field] = name
    return columns


def _tables(path: str, lines: Sequence[str]) -> Iterator[list[TableRow]]:
    suffix = PurePath(path).suffix.lower()
    if suffix in (".csv", ".tsv"):
        yield _delimited(list(enumerate(lines, 1)), "\t" if suffix == ".tsv" else _separator(lines[:1]))
        return
    if suffix in (".yaml", ".yml"):
        yield from yaml_lists("\n".join(lines))
    if suffix in (".json", ".jsonl", ".ndjson") or (lines and lines[0][:1] in "[{"):
        yield from _json(lines)
    yield from _piped(lines)
    yield from _delimited_blocks(lines)
    yield from _aligned(lines)
    yield from _blocks(lines)


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
    groups: dict[tuple[str, int], list[TableRow]] = {}
    heading = ""
    held: list[TableRow] = []
    for number, line in enumerate(lines, 1):
        if match := _HEADING.match(line):
            heading, held = match[2], []
        elif match := _BULLET.match(line):
            held = groups.setdefault((heading, len(match[1])), [])
            held.append(TableRow({"": line[match.end() :].strip()}, number, number))
        elif held and line.strip() and line.startswith((" ", "\t")) and number == held[-1].end + 1:
            last = held[-1]
            held[-1] = TableRow({"": f"{last.values['']}\n{line.strip()}"}, last.start, number)
    return [(heading, rows) for (heading, _), rows in groups.items()]


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
                names = [cell.strip() for cell in cells]
                continue
            values = {n: c.strip() for n, c in zip(names, cells, strict=False)}
            rows.append(TableRow(values, offset + start, offset + at - 1))
    except csv.Error:
        return rows
    return rows


def _delimited_blocks(lines: Sequence[str]) -> Iterator[list[TableRow]]:
    """Runs of lines with the same number of commas, semicolons or tabs."""
    for separator in ("\t", ";", ","):
        run: list[tuple[int, str]] = []
        for number, line in enumerate([*lines, ""], 1):
            count = line.count(separator)
            if run and count != run[0][1].count(separator):
                if len(run) > 2:
                    yield _delimited(run, separator)
                run = []
            if count >= (1 if separator == "\t" else 2):
                run.append((number, line))


def _piped(lines: Sequence[str]) -> Iterator[list[TableRow]]:
    """Markdown tables and the like."""
    run: list[tuple[int, list[str]]] = []
    for number, line in enumerate([*lines, ""], 1):
        if line.count("|") >= 1 and not _RULE.match(line) and line.strip():
            run.append((number, [cell.strip() for cell in line.strip().strip("|").split("|")]))
        elif not _RULE.match(line):
            if len(run) > 1:
                names = run[0][1]
                yield [TableRow(dict(zip(names, cells, strict=False)), n, n) for n, cells in run[1:]]
            run = []


def _aligned(lines: Sequence[str]) -> Iterator[list[TableRow]]:
    """Columns set apart by two or more spaces, such as the output of a command."""
    run: list[tuple[int, list[str]]] = []
    for number, line in enumerate([*lines, ""], 1):
        if _RULE.match(line) and run:
            continue
        cells = re.split(r"\s{2,}|\t+", line.strip())
        if line.strip() and len(cells) > 1 and (not run or abs(len(cells) - len(run[0][1])) <= 0):
            run.append((number, cells))
            continue
        if len(run) > 2:
            yield [TableRow(dict(zip(run[0][1], row, strict=False)), n, n) for n, row in run[1:]]
        run = [(number, cells)] if len(cells) > 1 else []


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


def _lists(value: Any) -> Iterator[list[dict[str, Any]]]:
    """All lists of objects, at any depth; an object of objects counts as one, its keys as `name`."""
    if isinstance(value, list):
        objects = [item for item in value if isinstance(item, dict)]
        if objects:
            yield [_flatten(item) for item in objects]
        for item in value:
            yield from _lists(item)
    elif isinstance(value, dict):
        inner = [(key, item) for key, item in value.items() if isinstance(item, dict)]
        if len(inner) > 1:
            yield [{"name": key, **_flatten(item)} for key, item in inner]
        for item in value.values():
            yield from _lists(item)


def _flatten(value: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, dict):
            flat |= _flatten(item, f"{before}{key} ")
        else:
            flat[f"{before}{key}"] = item
    return flat


def _locate(entries: Sequence[dict[str, Any]], lines: Sequence[str]) -> list[TableRow]:
    """Where each entry begins: the next line that has its first plain value."""
    rows, at = [], 0
    for entry in entries:
        shown = [
            json.dumps(v, ensure_ascii=False) for v in entry.values() if isinstance(v, (str, int, float))
        ]
        first = next((i for i in range(at, len(lines)) if shown and shown[0] in lines[i]), at)
        last = first
        for value in shown[1:]:
            last = next((i for i in range(last, min(last + 40, len(lines))) if value in lines[i]), last)
        at = last if last > first else first
        rows.append(TableRow(entry, first + 1, last + 1))
    return rows


def _blocks(lines: Sequence[str]) -> Iterator[list[TableRow]]:
    """Blocks of `key: value` lines, parted by blank lines or headings, that share names."""
    rows: list[TableRow] = []
    start = 1
    for number, line in enumerate([*lines, ""], 1):
        if line.strip() and not line.startswith("#"):
            continue
        values = {e.path[-1]: e.value for e in named_values("", lines[start - 1 : number - 1])}
        if len(values) > 1:
            rows.append(TableRow(values, start, number - 1))
        start = number + 1
    if len(rows) > 1:
        yield rows
