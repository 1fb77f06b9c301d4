"""What our hooks and tools would have shown in the place of what a transcript has: the tools themselves, run
over the outputs that it still holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.config import Settings
from mcp_smalltools.discovery.transcript import AgentCall
from mcp_smalltools.errors import SmallToolsError
from mcp_smalltools.hooks.after.follow_up import NamedPlace, places_of
from mcp_smalltools.hooks.event import CommandResult
from mcp_smalltools.hooks.fields import text_of_field
from mcp_smalltools.hooks.kept.outputs import KeptOutput
from mcp_smalltools.hooks.tell.teller import arguments_of, is_worth_a_look, told_of
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.workers.in_this_process import call_here

_OUTPUT: Final = "output.txt"
_KEPT: Final = KeptOutput(Path("~/.cache/mcp-smalltools/outputs/12345678/abcdefghi.txt"), 0)
"""Where an output would have been kept: a path as long as most are."""
_DEADLINE_S: Final = 8.0
_EXIT_CODE: Final = re.compile(r"\A(?:Error: )?Exit code \d{1,3}(?:\n|\Z)")
ASKED_CHARS: Final = 120
"""Characters that an agent writes to ask about a file: a path and the names of two arguments."""


@dataclass(frozen=True, slots=True)
class WouldTell:
    """What `tell` would have added to a command's result."""

    text: str
    places: tuple[NamedPlace, ...]


@dataclass(frozen=True, slots=True)
class WouldAnswer:
    """What a tool would have answered about a file: characters of the answer, and whether it escalates."""

    tool: str
    chars: int
    escalates: bool


def would_tell(call: AgentCall, whole: str, settings: Settings, level: PrivacyLevel) -> WouldTell | None:
    """What the hook would have told of a command, from its whole output, or from what the client has shown
    where that is all there is; None for nothing.
    """
    shown = _EXIT_CODE.sub("", call.shown, count=1)
    output = whole or call.whole or text_of_field(call.response, "stdout") or shown
    result = CommandResult(
        command=text_of_field(call.arguments, "command"),
        exit_code=call.exit_code,
        shown=shown,
        failed=call.failed,
        persisted=text_of_field(call.response, "persistedOutputPath"),
        interrupted=call.response.get("interrupted") is True or "backgroundTaskId" in call.response,
    )
    if not result.command or not output or not is_worth_a_look(result):
        return None
    answer = _answer("find_failure", arguments_of(result), output, settings, level)
    if answer is None:
        return None
    told = told_of(result, _KEPT, answer, level)
    return WouldTell(told, tuple(places_of(answer))) if told else None


def would_answer(content: str, settings: Settings, level: PrivacyLevel) -> WouldAnswer | None:
    """What `find_failure` would have said of a log or, where it can't tell, `parse_log`."""
    found: WouldAnswer | None = None
    for tool in ("find_failure", "parse_log"):
        answer = _answer(tool, {}, content, settings, level)
        if answer is not None:
            found = WouldAnswer(tool, len(json.dumps(answer)), bool(answer.get("escalate")))
            if not found.escalates:
                return found
    return found


def _answer(
    tool: str, arguments: Mapping[str, Any], content: str, settings: Settings, level: PrivacyLevel
) -> dict[str, Any] | None:
    texts = {_OUTPUT: content.encode("utf-8", "replace")}
    given = {**arguments, "path": _OUTPUT}
    try:
        answer = call_here(tool, given, settings, texts, level=level, deadline_s=_DEADLINE_S)
    except (SmallToolsError, ValueError):
        return None
    answer.call_id = "0" * 12
    structured: dict[str, Any] = answer.structured()
    return structured
