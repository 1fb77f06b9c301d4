"""What a parser has counted, in plain values: to be sent to another process, or kept for the next call.

A log is parsed in parts by several processes, and the parts are put together in their order. The result is
that of one parser over the whole, to the last number: parts start at a line with a header, which starts a
record whatever came before, and know the number of their first line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcp_smalltools.logs.counting.parser import HALF_A_YEAR, LogParser
from mcp_smalltools.logs.lines.line_table import LineTable
from mcp_smalltools.logs.lines.line_types import HeaderType, LineType
from mcp_smalltools.logs.lines.records import Assembler
from mcp_smalltools.logs.lines.sample import Sample
from mcp_smalltools.logs.lines.times import Calendar, DateOrder

State = dict[str, Any]
_COUNTS = ("lines", "records", "before", "first", "last", "seen")


def state_of(parser: LogParser) -> State:
    """All that was counted; what the parser's table knows of keys is not in it."""
    parser.finish()
    counts, table = parser.counts, parser.table
    counts.grow(len(table.line_types))
    used = [item for item in table.line_types if counts.lines[item.id] or counts.before[item.id]]
    numbers = [item.id for item in used]
    return {
        "lines": parser.lines,
        "last_line": parser.last_line,
        "assembler": parser.assembler.state(),
        "years": parser.years,
        "newest_yearless": parser.newest_yearless,
        "line_types": [_with_texts(table, item) for item in used],
        "numbers": numbers,
        "counts": [getattr(counts, name)[numbers].tolist() for name in _COUNTS],
        "timelines": {int(calendar): line.state() for calendar, line in parser.timelines.items()},
        "edges": {int(calendar): lines for calendar, lines in parser.edges.items()},
        "by_line": parser.by_line.state(),
    }


def append(parser: LogParser, state: State) -> bool:
    """Add what another parser counted in the lines that follow.

    False, and nothing is changed, where that can't be done exactly: in a log without years that goes past
    New Year.
    """
    if _over_new_year(parser, state):
        return False
    line_types = [_add_with_texts(parser.table, item) for item in state["line_types"]]
    _add_counts(parser, line_types, state["counts"])
    numbers = np.full(max(state["numbers"], default=-1) + 1, -1)
    numbers[state["numbers"]] = [item.id for item in line_types]
    for number, timeline in state["timelines"].items():
        calendar = Calendar(number)
        merged = parser.timeline_of(calendar)
        merged.append(timeline, numbers)
        edges = parser.edges.get(calendar, {}) | state["edges"].get(number, {})
        parser.edges[calendar] = {
            line: text for line, text in edges.items() if line in (merged.first_line, merged.last_line)
        }
    parser.by_line.append(state["by_line"], numbers)
    parser.lines += state["lines"]
    if state["newest_yearless"] is not None:
        parser.newest_yearless = state["newest_yearless"]
    parser.resume(state["last_line"], Assembler.resumed(state["assembler"]))
    return True


def _over_new_year(parser: LogParser, state: State) -> bool:
    if parser.years or state["years"]:
        return True
    part = state["timelines"].get(int(Calendar.YEARLESS))
    if part is None or parser.newest_yearless is None:
        return False
    return bool(part["ends"][0] - parser.newest_yearless < -HALF_A_YEAR)


def _add_counts(parser: LogParser, line_types: Sequence[LineType], columns: Sequence[Sequence[int]]) -> None:
    counts = parser.counts
    counts.grow(len(parser.table.line_types))
    # Two line types of the other table may be one coarse type here, so they are added one after the other.
    for item, (lines, records, before, first, last, seen) in zip(
        line_types, zip(*columns, strict=True), strict=True
    ):
        counts.lines[item.id] += lines
        counts.records[item.id] += records
        counts.before[item.id] += before
        if seen:
            known = counts.seen[item.id]
            counts.seen[item.id] = min(known, seen) if known else seen
        if records:
            known = counts.first[item.id]
            counts.first[item.id] = min(known, first) if known else first
            counts.last[item.id] = max(counts.last[item.id], last)


def compact(parser: LogParser, *, with_before: bool) -> State:
    """What the next call needs to know of the records so far: how many there were of each line type.

    It is stored in the state folder, so its keys stay as they are.
    """
    parser.finish()
    counts, table = parser.counts, parser.table
    counts.grow(len(table.line_types))
    records = counts.records + counts.before if with_before else counts.records
    used = [item for item in table.line_types if records[item.id]]
    return {
        "last_line": parser.last_line,
        "assembler": parser.assembler.state(),
        "date_order": parser.date_order,
        "forms": [_state_of_type(table, item) for item in used],
        "records": records[[item.id for item in used]].tolist(),
    }


def resume(parser: LogParser, state: Mapping[str, Any], *, follows: bool) -> None:
    """Start from a compact state: its records come before. `follows`: what is fed next continues them."""
    line_types = [_add_type(parser.table, item) for item in state["forms"]]
    parser.counts.grow(len(parser.table.line_types))
    for line_type, records in zip(line_types, state["records"], strict=True):
        parser.counts.before[line_type.id] += records
    if follows:
        parser.resume(state["last_line"], Assembler.resumed(state["assembler"]))
        order = state.get("date_order")  # what an older version stored has none
        parser.order_dates(None if order is None else DateOrder(order))


def _state_of_type(table: LineTable, line_type: LineType) -> list[Any]:
    return [table.shapes[line_type.shape], line_type.coarse, *line_type.header.state()]


def _add_type(table: LineTable, state: Sequence[Any]) -> LineType:
    shape, coarse, *header = state
    return table.type_of(shape, HeaderType.of(header), coarse=coarse)


def _with_texts(table: LineTable, line_type: LineType) -> list[Any]:
    sample = None if line_type.sample is None else line_type.sample.state()
    texts = [line_type.first_text, line_type.last_text]
    return [_state_of_type(table, line_type), line_type.promoted, *texts, sample]


def _add_with_texts(table: LineTable, state: Sequence[Any]) -> LineType:
    identity, promoted, first_text, last_text, sample = state
    line_type = _add_type(table, identity)
    line_type.promoted += promoted
    line_type.first_text = line_type.first_text or first_text
    line_type.last_text = last_text or line_type.last_text
    if line_type.sample is None and sample is not None:
        line_type.sample = Sample.of(sample)
    return line_type
