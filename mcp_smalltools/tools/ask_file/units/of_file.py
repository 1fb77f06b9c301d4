"""A file as units: spans that say one thing, each of which could be the answer to a question.

Definitions with their first words, settings and constants, rows of tables, sentences of running text, and
else single lines. Every line that is not blank is in at least one unit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath
from typing import Final

from mcp_smalltools.text.outline import language_of, outline
from mcp_smalltools.tools.ask_file.code_units import code_units
from mcp_smalltools.tools.ask_file.prose_units import prose_units
from mcp_smalltools.tools.ask_file.settings_units import BY_LINES, settings_units
from mcp_smalltools.tools.ask_file.unit import Unit

MAX_UNITS: Final = 200_000
"""Units of a file that are searched."""
_SETTINGS_HEAD: Final = 400
_LOG_HEAD: Final = 50
"""Lines by which a file without a known suffix is recognised as settings or as a log."""
_PLAIN_ENTRY: Final = re.compile(r"[\w.\-]+\s*=\s*\S|[A-Z][A-Z0-9_]+\s+\S+$")
_TIMESTAMP: Final = re.compile(
    r"^\W{0,2}(?:\d{4}[-/]\d\d[-/]\d\d|\d\d:\d\d:\d\d|[A-Z][a-z]{2}\s+\d+\s\d\d:\d\d)"
)
_DATA: Final = frozenset((".csv", ".tsv", ".jsonl", ".ndjson"))
_SETTINGS: Final = frozenset(
    """
    .toml .yaml .yml .ini .cfg .conf .json .env .properties .list .rules .service .cnf .desktop .sample
    """.split()  # noqa: SIM905 - one suffix a line would hide the list
)
_SETTINGS_NAME: Final = re.compile(
    r"(?:Docker|Container|Make|Jenkins|Vagrant|Proc)file(?:\..+)?$|\.\w*(?:rc|profile|aliases|logout)$"
)


def units_of(path: str, lines: Sequence[str], check: Callable[[], None] = lambda: None) -> list[Unit]:
    """The units of a file, in the order of its lines. Raises what `check` raises."""
    suffix = PurePath(path).suffix.lower()
    language = language_of(path, lines[0] if lines else "")
    check()
    if language is not None:
        found = list(code_units(lines, outline("\n".join(lines), language, check)))
    elif suffix in _DATA:
        found = list(_table_units(lines, suffix))
    elif (
        suffix in _SETTINGS
        or suffix in BY_LINES
        or _SETTINGS_NAME.match(PurePath(path).name)
        or _looks_like_settings(lines)
    ):
        found = list(settings_units(lines, suffix))
    elif suffix == ".log" or _looks_like_log(lines):
        found = [Unit(n, n, line.strip()) for n, line in enumerate(lines, 1) if line.strip()]
    else:
        found = list(prose_units(lines))
    check()
    return sorted(found, key=lambda unit: (unit.start, unit.end))[:MAX_UNITS]


def _looks_like_settings(lines: Sequence[str]) -> bool:
    """More than half of the lines that are no comments are settings."""
    head = [line.strip() for line in lines[:_SETTINGS_HEAD]]
    rest = [line for line in head if line and not line.startswith(("#", ";", "["))]
    return len(rest) > 3 and sum(bool(_PLAIN_ENTRY.match(line)) for line in rest) > 0.5 * len(rest)


def _looks_like_log(lines: Sequence[str]) -> bool:
    """A third of the lines, or 20 of the first 50, begin with a time."""
    return sum(bool(_TIMESTAMP.match(line)) for line in lines[:_LOG_HEAD]) > min(20, len(lines) // 3)


def _table_units(lines: Sequence[str], suffix: str) -> Iterator[Unit]:
    """Each line is a row; the first one of a CSV or TSV file names the columns."""
    names = ""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if not names and suffix in (".csv", ".tsv"):
            names = line.strip()
            yield Unit(number, number, names, "columns header", "line")
            continue
        yield Unit(number, number, line.strip(), "", "row")
