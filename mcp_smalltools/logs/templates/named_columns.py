"""Rows that name the columns of a log: `#Fields:` of the W3C's extended format (IIS, CloudFront), `#fields`
of Zeek's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mcp_smalltools.logs.templates.parsed_log import ParsedLog

_ROW = re.compile(r"#[Ff]ields:?[ \t]")
_MOST = 120
"""Columns that are named."""


def column_names(log: ParsedLog) -> tuple[str, ...]:
    """The names of all columns of a line; empty where no row gives them, or several different ones do."""
    rows = {
        item.sample.head[0]
        for template in log.templates
        for item in template.line_types
        if item.sample is not None and item.sample.head and _ROW.match(item.sample.head[0])
    }
    return tuple(rows.pop().split()[1 : _MOST + 1]) if len(rows) == 1 else ()


def names_of_slots(
    names: Sequence[str], message: str, constants: Sequence[str], values: Sequence[str]
) -> Mapping[int, tuple[str, ...]]:
    """The names of the columns that each slot holds, by the slot's number from 0, for a message whose columns
    are the last of those that have names. A slot may hold several.
    """
    columns = message.split(" ")
    if len(columns) > len(names):
        return {}
    named = names[len(names) - len(columns) :]
    found, at = {}, 0
    for number, value in enumerate(values):
        at += len(constants[number])
        first = message.count(" ", 0, at)
        at += len(value)
        if first + value.count(" ") < len(named):
            found[number] = tuple(named[first : first + value.count(" ") + 1])
    return found
