"""Logs as programs write them, each line with what it is; `log_programs.txt` has them.

A form begins with `=== name`. Before the bar of a line stands what it is: E, W, I or D start a record of that
level (error counts fatal, info notice, debug trace), N one without a level, ? one of which the level isn't
asked; + continues the record before; . is none or one. The earliest and the latest time asked for stand
between « and ».
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcp_smalltools.logs.counting.parser import LogParser
from mcp_smalltools.logs.folding.fold_blocks import RecordFolder, form_of
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.lines.times import to_seconds
from mcp_smalltools.logs.templates.parsed_log import ParsedLog, derive_templates
from mcp_smalltools.tools.parse_log.recognised import understood

_LEVELS = {"E": "error", "W": "warning", "I": "info", "D": "debug"}
_COUNTED_AS = {"fatal": "error", "notice": "info", "trace": "debug"}
TIMES = 12
"""How often a form is repeated: a log is longer than what is shown of it."""


@dataclass(frozen=True)
class ProgramLog:
    """Lines of a program's log. `levels`: None where they are not asked; `times`: empty where it has none."""

    name: str
    lines: list[str]
    least_records: int
    most_records: int
    levels: dict[str, int] | None
    times: list[str]


def program_logs() -> list[ProgramLog]:
    """All forms of the file."""
    text = (Path(__file__).parent / "log_programs.txt").read_text(encoding="utf-8")
    return [_form(part) for part in f"\n{text}".split("\n=== ")[1:]]


def _form(part: str) -> ProgramLog:
    name, *rows = part.removesuffix("\n").split("\n")
    marks, times, lines = "", [], []
    for row in rows:
        mark, line = row[0], row[2:]
        while "«" in line:
            start, end = line.index("«"), line.index("»")
            times.append(line[start + 1 : end])
            line = line[:start] + line[start + 1 : end] + line[end + 1 :]
        marks += mark
        lines.append(line)
    levels = {level: marks.count(mark) for mark, level in _LEVELS.items() if mark in marks}
    records = len(marks) - marks.count("+") - marks.count(".")
    asked = "?" not in marks
    return ProgramLog(name, lines, records, records + marks.count("."), levels if asked else None, times)


def parsed(lines: list[str]) -> ParsedLog:
    """What is read of these lines."""
    parser, block = LogParser(), Block.of(1, lines)
    folder = RecordFolder(form_of(block))
    for folded in folder.blocks([block]):
        if folded.first == 1:
            parser.look_ahead(folded)
        parser.feed(folded)
    return derive_templates(parser)


def faults(form: ProgramLog, *, repeated: int = TIMES) -> list[str]:
    """What of a form is read wrongly."""
    log = parsed(form.lines * repeated)
    found = []
    if not repeated * form.least_records <= log.records <= repeated * form.most_records:
        found.append(f"records {log.records / repeated:g} for {form.least_records}")
    if form.levels is not None:
        counted: dict[str, int] = {}
        for level, count in log.levels.items():
            name = _COUNTED_AS.get(level, level)
            counted[name] = counted.get(name, 0) + count
        told = {level: round(count / repeated, 2) for level, count in counted.items() if level != "none"}
        if told != form.levels:
            found.append(f"levels {told} for {form.levels}")
    seconds = [at for time in form.times if (at := to_seconds(time)) is not None]
    if len(seconds) != len(form.times):
        found.append(f"times not read: {form.times}")
    timeline = log.timeline
    if timeline is None:
        found += [f"no time for {form.times}"] if form.times else []
    elif not form.times:
        found.append("a time where there is none")
    elif seconds and max(abs(timeline.first - min(seconds)), abs(timeline.last - max(seconds))) > 0.002:
        found.append(f"time {timeline.first} to {timeline.last} for {form.times}")
    return found


def reason(form: ProgramLog) -> str | None:
    """Why the answer about a form says that it can't be relied on."""
    known = understood(parsed(form.lines * TIMES))
    return known.reason() if known is not None else None
