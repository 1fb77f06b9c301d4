"""The events that a text tells in lines of their own, wherever they stand in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.events.compiler_messages import messages_of, read_message
from mcp_smalltools.tools.extract.structure.events.exceptions import read_exception
from mcp_smalltools.tools.extract.structure.events.http_exchange import read_exchange, status_said
from mcp_smalltools.tools.extract.structure.events.terraform_plan import plan_in
from mcp_smalltools.tools.extract.structure.node import Node

_MAY_BEGIN: Final = re.compile(
    r"HTTP/\d|Traceback|Exception|Error|Fault|Failure|Interrupt|: (?:error|fatal|warning)"
    r"|(?:info|hint|warning|error) [-•] "
)
_READERS: Final[tuple[Callable[[Sequence[str], int], tuple[Node, int] | None], ...]] = (
    read_exchange,
    read_exception,
    read_message,
)
_MOST_EVENTS: Final = 2_000
_MOST_CHARS: Final = 4_000
"""Characters of a line that may begin an event."""


def events_in(lines: Sequence[str]) -> list[Node]:
    """Each event of the text as an object; of one sort that comes again and again the first only."""
    found: list[Node] = []
    at = 0
    while at < len(lines) and len(found) < _MOST_EVENTS:
        line = lines[at]
        after = at + 1
        if len(line) <= _MOST_CHARS and _MAY_BEGIN.search(line):
            for read in _READERS:
                event = read(lines, at)
                if event is not None:
                    found.append(event[0])
                    after = max(after, event[1])
                    break
        at = after
    if not any(event.name == "response" for event in found) and (status := status_said(lines)) is not None:
        found.append(status)
    messages = messages_of(found)
    return [*_firsts(found), *([messages] if messages is not None else []), *plan_in(lines)]


def _firsts(found: Sequence[Node]) -> list[Node]:
    """Responses that differ are all kept, so that which is meant is in doubt; of exceptions and messages the
    first is what happened, the others follow from it.
    """
    names: set[str] = set()
    kept = []
    for event in found:
        if event.name == "response" or event.name not in names:
            kept.append(event)
        names.add(event.name)
    return kept
