"""A file as units: spans that say one thing, each of which could be the answer to a question.

Definitions with their first words, settings and constants, rows of tables, sentences of running text, and
else single lines. Every line that is not blank is in at least one unit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath
from typing import Final

from mcp_smalltools.text.outline import language_of
from mcp_smalltools.text.outlines.by_lines import looks_like_code, without_bird_tracks
from mcp_smalltools.text.outlines.file_names import line_language, written_as
from mcp_smalltools.text.outlines.sql import SQL
from mcp_smalltools.text.outlines.xml_elements import is_xml
from mcp_smalltools.tools.ask_file.units.code import code_units
from mcp_smalltools.tools.ask_file.units.manual import is_manual, manual_units
from mcp_smalltools.tools.ask_file.units.markup_units import looks_like_markup, markup_units
from mcp_smalltools.tools.ask_file.units.prose import prose_units
from mcp_smalltools.tools.ask_file.units.settings_units import BY_LINES, settings_units
from mcp_smalltools.tools.ask_file.units.unit import Unit

MAX_UNITS: Final = 200_000
"""Units of a file that are searched."""
_XML_HEAD: Final = 40
"""Lines by which a file with a suffix of XML is one."""
_SETTINGS_HEAD: Final = 400
_NAMES_CHARS: Final = 300
"""Characters of a table's column names that are searched with each row."""
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
    .mod .sum .socket .timer .editorconfig .tfvars .nix .bazel .bzl .gn .gni .cabal .gemspec .podspec .lock
    .json5 .jsonc .webmanifest .repo .nomad .prisma .scss .css .less .ninja .meson
    """.split()  # noqa: SIM905 - one suffix a line would hide the list
)
_MARKUP: Final = frozenset((".svg", ".html", ".htm", ".xhtml", ".vue", ".rss", ".atom", ".jsp"))
"""Besides the files of XML that the outlines know."""
_SQL: Final = frozenset((".sql", ".psql", ".ddl", ".pgsql", ".mysql", ".plsql", ".pks", ".pkb"))
_PROSE: Final = frozenset((".md", ".markdown", ".mdx", ".rst", ".adoc", ".tex", ".org"))
_BETTER_AS_SETTINGS: Final = frozenset(
    """
    cmake terraform css prisma just starlark groovy nix devicetree smalldata qml bicep batch
    flatbuffers
    """.split()  # noqa: SIM905 - as above
)
"""Languages whose files are blocks of settings more than definitions with bodies."""
_SETTINGS_NAME: Final = re.compile(
    r"(?:Docker|Container|Make|Jenkins|Vagrant|Proc)file(?:\..+)?$|\.\w*(?:rc|profile|aliases|logout)$"
)


def units_of(path: str, lines: Sequence[str], check: Callable[[], None] = lambda: None) -> list[Unit]:
    """The units of a file, in the order of its lines. Raises what `check` raises."""
    check()
    found = list(_units_by_form(path, lines, check))
    check()
    return sorted(found, key=lambda unit: (unit.start, unit.end))[:MAX_UNITS]


def _units_by_form(path: str, lines: Sequence[str], check: Callable[[], None]) -> Iterator[Unit]:
    path = written_as(path)
    suffix = PurePath(path).suffix.lower()
    first_line = lines[0] if lines else ""
    is_settings = bool(suffix in _SETTINGS or _SETTINGS_NAME.match(PurePath(path).name))
    if (not is_settings or first_line.startswith("#!")) and (language := language_of(path, first_line)):
        return code_units(lines, language, check)
    if suffix in _DATA:
        return _table_units(lines, suffix)
    if is_manual(lines):
        return manual_units(lines)
    if suffix in _MARKUP or is_xml(path, "\n".join(lines[:_XML_HEAD])) or looks_like_markup(lines):
        return markup_units(lines)
    if suffix in _SQL:
        return code_units(lines, SQL, check)
    by_lines = line_language(path, first_line)
    if by_lines and by_lines.name not in _BETTER_AS_SETTINGS:
        return code_units(without_bird_tracks(path, lines), by_lines, check)
    is_settings |= suffix in BY_LINES
    if is_settings or (suffix not in _PROSE and (_looks_like_settings(lines) or looks_like_code(lines))):
        return settings_units(lines, suffix)
    if suffix == ".log" or (suffix not in _PROSE and _looks_like_log(lines)):
        return (Unit(n, n, line.strip()) for n, line in enumerate(lines, 1) if line.strip())
    return prose_units(lines, path)


def _looks_like_settings(lines: Sequence[str]) -> bool:
    """More than half of the lines that are no comments are settings."""
    head = [line.strip() for line in lines[:_SETTINGS_HEAD]]
    rest = [line for line in head if line and not line.startswith(("#", ";", "["))]
    return len(rest) > 3 and sum(bool(_PLAIN_ENTRY.match(line)) for line in rest) > 0.5 * len(rest)


def _looks_like_log(lines: Sequence[str]) -> bool:
    """A third of the lines, or 20 of the first 50, begin with a time."""
    return sum(bool(_TIMESTAMP.match(line)) for line in lines[:_LOG_HEAD]) > min(20, len(lines) // 3)


def _table_units(lines: Sequence[str], suffix: str) -> Iterator[Unit]:
    """Each line is a row under the first one, which names the columns in a CSV or TSV file."""
    names, under = "", 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if not names and suffix in (".csv", ".tsv"):
            names = line.strip()
            under = number
            yield Unit(number, number, names, "columns header", "header")
            continue
        yield Unit(number, number, line.strip(), names[:_NAMES_CHARS], "row", under=under)
