"""The output of a command that is known by its lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.commands.command_sums import read_ping, read_uptime
from mcp_smalltools.tools.extract.structure.commands.git_output import (
    read_git_log,
    read_git_oneline,
    read_git_status,
)
from mcp_smalltools.tools.extract.structure.commands.row_forms import read_rows
from mcp_smalltools.tools.extract.structure.node import Node, NotOfForm

_PROMPT: Final = re.compile(r"(?:[\w.@~:/\[\] -]{0,60})[$%>#] \S.{0,300}")
_LONGEST: Final = 4_000
"""Characters of a line that a command prints; a text with a longer one has another form."""
_READERS: Final[tuple[Callable[[Sequence[tuple[int, str]]], Node], ...]] = (
    read_git_log,
    read_git_oneline,
    read_git_status,
    read_uptime,
    read_ping,
    read_rows,
)


def read_output(lines: Sequence[str]) -> Node:
    """What a command printed, as a list or an object; the line on which it was called is left out.

    Raises NotOfForm where a line is not what the command prints.
    """
    numbered = [(number, line.rstrip()) for number, line in enumerate(lines, 1)]
    while numbered and not numbered[0][1]:
        numbered.pop(0)
    if numbered and _PROMPT.fullmatch(numbered[0][1]):
        numbered.pop(0)
    while numbered and not numbered[-1][1]:
        numbered.pop()
    if any(len(line) > _LONGEST for _, line in numbered):
        raise NotOfForm("lines that no command prints")
    for read in _READERS:
        try:
            return read(numbered)
        except NotOfForm:
            continue
    raise NotOfForm("no output of a known command")
