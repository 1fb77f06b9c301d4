"""What one call of the agent's does, as far as it matters for an answer before it: reads, edits, runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from mcp_smalltools.hooks.after.same_command import Core, changes_nothing, core_of, file_read
from mcp_smalltools.hooks.fields import count_of_field, object_of_field, text_of_field

_NO_LINES: Final = ((0, 0),)
_PATCHED: Final = re.compile(r"^\*\*\* (?:Add|Update) File: ([^\n]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class AgentStep:
    """One thing that the agent did. `spans` are lines of a file that it read or edited, before the edit where
    it is one; (0, 0) for all of it or where they aren't known.
    """

    does: Literal["read", "edit", "run"]
    path: str = ""
    spans: tuple[tuple[int, int], ...] = _NO_LINES
    whole: bool = False
    """Whether all of the file was shown."""
    core: Core = ()
    """What was run, however its output was looked at."""
    failed: bool = False
    changes: bool = False
    """Whether what was run may have changed a file."""


def steps_of(
    tool: str, arguments: Mapping[str, Any], response: Mapping[str, Any], *, failed: bool
) -> Iterator[AgentStep]:
    """What a call of one of Claude Code's tools does; nothing for others. Fields may be missing."""
    path = text_of_field(arguments, "file_path")
    if tool == "Bash":
        command = text_of_field(arguments, "command")
        if shown := file_read(command):
            name, first, last = shown
            yield AgentStep("read", name, ((first, last),), whole=not first)
        elif core := core_of(command):
            yield AgentStep("run", core=core, failed=failed, changes=not changes_nothing(command))
    elif tool == "Read" and path and not failed:
        yield _read(path, arguments, response)
    elif tool in ("Edit", "MultiEdit") and path and not failed:
        yield AgentStep("edit", path, _hunks(response))
    elif tool == "Write" and not failed:
        for name in _PATCHED.findall(text_of_field(arguments, "content")) or ([path] if path else []):
            yield AgentStep("edit", name.strip(), _hunks(response))


def _read(path: str, arguments: Mapping[str, Any], response: Mapping[str, Any]) -> AgentStep:
    file = object_of_field(response, "file")
    first, number, total = (count_of_field(file, name) for name in ("startLine", "numLines", "totalLines"))
    if number:
        first = first or 1
        return AgentStep("read", path, ((first, first + number - 1),), whole=first == 1 and number >= total)
    first, number = count_of_field(arguments, "offset"), count_of_field(arguments, "limit")
    if not first and not number:
        return AgentStep("read", path, whole=True)
    return AgentStep("read", path, ((first or 1, (first or 1) + (number or 2000) - 1),))


def _hunks(response: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    """The lines of each part that an edit changed, with the client's three lines around."""
    patch = response.get("structuredPatch")
    found = []
    for hunk in patch[:200] if isinstance(patch, list) else ():
        if isinstance(hunk, Mapping) and (start := count_of_field(hunk, "oldStart")):
            found.append((start, start + max(count_of_field(hunk, "oldLines"), 1) - 1))
    return tuple(found) or _NO_LINES
