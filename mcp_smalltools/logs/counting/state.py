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
from mcp_smalltools.logs.lines.records import Assembler, Kind
from mcp_smalltools.logs.lines.sample import Sample
from mcp_smalltools.logs.lines.shapes import Form, FormTable, Identity
from mcp_smalltools.logs.lines.times import Calendar

State = dict[str, Any]
_COUNTS = ("lines", "records", "before", "first", "last")


def state_of(parser: LogParser) -> State:
    """All that was counted; the parser's memory of lines alike is not in it."""
    counts, table = parser.counts, parser.table
    counts.grow(len(table.forms))
    used = [form for form in table.forms if counts.lines[form.id] or counts.before[form.id]]
    return {
        "lines": parser.lines,
        "last_line": parser.last_line,
        "assembler": parser.assembler.state(),
        "years": parser.years,
        "newest_yearless": parser.newest_yearless,
        "forms": [_form_state(table, form) for form in used],
        "numbers": [form.id for form in used],
        "counts": [getattr(counts, name)[[form.id for form in used]].tolist() for name in _COUNTS],
        "timelines": {int(calendar): line.state() for calendar, line in parser.timelines.items()},
        "by_line": parser.by_line.state(),
    }


def append(parser: LogParser, state: State) -> bool:
    """Add what another parser counted in the lines that follow. False, and nothing is changed, where that
    can't be done exactly: a log without years that goes over New Year.
    """
    if _over_new_year(parser, state):
        return False
    forms = [_form(parser.table, item) for item in state["forms"]]
    _add_counts(parser, forms, state["counts"])
    numbers = np.full(max(state["numbers"], default=-1) + 1, -1)
    numbers[state["numbers"]] = [form.id for form in forms]
    for calendar, timeline in state["timelines"].items():
        parser.timeline_of(Calendar(calendar)).append(timeline, numbers)
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


def _add_counts(parser: LogParser, forms: Sequence[Form], columns: Sequence[Sequence[int]]) -> None:
    counts = parser.counts
    counts.grow(len(parser.table.forms))
    # Two forms of the other table may be one coarse form here, so they are added one after the other.
    for form, (lines, records, before, first, last) in zip(forms, zip(*columns, strict=True), strict=True):
        counts.lines[form.id] += lines
        counts.records[form.id] += records
        counts.before[form.id] += before
        if records:
            known = counts.first[form.id]
            counts.first[form.id] = min(known, first) if known else first
            counts.last[form.id] = max(counts.last[form.id], last)


def compact(parser: LogParser, *, with_before: bool) -> State:
    """What the next call needs to know of the records so far: how many there were of each form."""
    counts, table = parser.counts, parser.table
    counts.grow(len(table.forms))
    records = counts.records + counts.before if with_before else counts.records
    used = [form for form in table.forms if records[form.id]]
    return {
        "last_line": parser.last_line,
        "assembler": parser.assembler.state(),
        "forms": [_identity_state(table, form) for form in used],
        "records": records[[form.id for form in used]].tolist(),
    }


def resume(parser: LogParser, state: Mapping[str, Any], *, follows: bool) -> None:
    """Start from a compact state: its records come before. `follows`: what is fed next continues them."""
    forms = [_known(parser.table, item) for item in state["forms"]]
    parser.counts.grow(len(parser.table.forms))
    for form, records in zip(forms, state["records"], strict=True):
        parser.counts.before[form.id] += records
    if follows:
        parser.resume(state["last_line"], Assembler.resumed(state["assembler"]))


def _identity_state(table: FormTable, form: Form) -> list[Any]:
    shape, kind = table.shapes[form.shape], form.identity
    calendar = None if kind.calendar is None else int(kind.calendar)
    return [shape, form.coarse, kind.format, kind.level, int(kind.kind), kind.trace, calendar]


def _known(table: FormTable, state: Sequence[Any]) -> Form:
    shape, coarse, name, level, kind, trace, calendar = state
    days = None if calendar is None else Calendar(calendar)
    return table.form_of(shape, Identity(name, level, Kind(kind), trace, days), coarse=coarse)


def _form_state(table: FormTable, form: Form) -> list[Any]:
    sample = None if form.sample is None else form.sample.state()
    return [_identity_state(table, form), form.promoted, form.first_text, form.last_text, sample]


def _form(table: FormTable, state: Sequence[Any]) -> Form:
    identity, promoted, first_text, last_text, sample = state
    form = _known(table, identity)
    form.promoted += promoted
    form.first_text = form.first_text or first_text
    form.last_text = last_text or form.last_text
    if form.sample is None and sample is not None:
        form.sample = Sample.of(sample)
    return form
