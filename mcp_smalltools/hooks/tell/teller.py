"""Why a command failed, in a few lines, where the agent would not see it otherwise.

Silent wherever there is nothing to add: what was shown is short, the command's code is an answer (`grep` that
found nothing), or nothing sure can be said of a command that went well.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.config import Settings
from mcp_smalltools.files.spelling import real_path
from mcp_smalltools.hooks.after.watcher import AnswerWatcher
from mcp_smalltools.hooks.agent_session import level_of
from mcp_smalltools.hooks.event import CommandResult, HookEvent, command_result
from mcp_smalltools.hooks.kept.keeper import OutputKeeper
from mcp_smalltools.hooks.kept.outputs import KeptOutput, OutputStore
from mcp_smalltools.hooks.tell.message import (
    MOST_CHARS,
    WHOLE_CHARS,
    failure_message,
    no_cause_message,
    success_message,
)
from mcp_smalltools.hooks.tool_calls import HookTools
from mcp_smalltools.level import PrivacyLevel

SCREEN_LINES: Final = 40
SCREEN_CHARS: Final = 2_500
"""What failed within a screen of output is read faster than told."""
CLIPPED_CHARS: Final = 9_900
"""Characters from which Claude Code shows only parts of what a failed command printed (10,000 in 2.1.332)."""
EVIDENCE_LINES: Final = 200
"""Lines that are asked for: of them the most telling ones are shown."""
_NO_CAUSE: Final = frozenset({0, 130, 141})
"""Exit codes: success, Ctrl-C, a pipe whose reader has left."""
_SHOWS: Final = re.compile(
    r"^\s*(?:\w+=\S*\s+|cd\s+[^;&|]+&&\s*)*(?:sudo\s+)?(?:cat|bat|head|tail|less|more|man|grep|egrep|rg|ag|ack|find|fd|ls|"
    r"tree|sed|awk|jq|yq|xxd|hexdump|strings|curl|wget|diff|env|printenv|history|echo|printf|sort|uniq|"
    r"git\s+(?:-\S+\s+)*(?:log|show|diff|blame|grep|ls-files|ls-tree|status|branch|tag|config|cat-file|stash))\b"
)
"""Commands that show what there is: when they go well, nothing of what they print has failed."""


class Teller:
    """Answers the end of a command."""

    def __init__(
        self,
        keeper: OutputKeeper,
        tools: HookTools,
        settings: Settings,
        watcher: AnswerWatcher | None = None,
        *,
        put_aside_in: Path | None = None,
    ) -> None:
        """`watcher` follows what the agent does with what it was told. An output that the client says that it
        has put aside is read below `put_aside_in` alone.
        """
        self._keeper, self._tools, self._settings = keeper, tools, settings
        self._watcher, self._put_aside_in = watcher, put_aside_in

    def tell(self, event: HookEvent) -> str:
        """What to add to the command's result; empty for nothing."""
        result = command_result(event)
        if result is None or not is_worth_a_look(result):
            return ""
        kept = self._whole_output(event, result)
        if kept is None:
            return ""
        level = level_of(event.cwd, self._settings)
        answer = self._tools.call("find_failure", kept.path, arguments_of(result), self._settings, level)
        if answer is None:
            return ""
        told = told_of(result, kept, answer, level)
        self._tools.note_shown(answer, told, self._settings)
        if told and self._watcher is not None:
            self._watcher.told(event.session, answer, result.command)
        return told

    def _whole_output(self, event: HookEvent, result: CommandResult) -> KeptOutput | None:
        """The whole output, or what the client has shown of it where that is all there is."""
        store = OutputStore.of(self._settings)
        kept = self._keeper.whole_output(event.session, result.shown)
        if kept is not None:
            return kept
        if result.persisted:
            return _persisted(result.persisted, self._put_aside_in)
        return store.keep_text(event.session, f"shown-{time.time_ns():x}", result.shown)


def told_of(result: CommandResult, kept: KeptOutput, answer: Mapping[str, Any], level: PrivacyLevel) -> str:
    """What is told of a command, of `find_failure`'s answer about its whole output; empty for nothing."""
    sealed = level is PrivacyLevel.SEALED
    if result.failed:
        clipped = len(result.shown) >= CLIPPED_CHARS
        told = failure_message(
            answer,
            kept,
            exit_code=result.exit_code,
            sealed=sealed,
            most_chars=MOST_CHARS if clipped else WHOLE_CHARS,
        )
        return told or (no_cause_message(answer, kept) if clipped else "")
    if answer.get("escalate"):
        return ""
    if answer.get("failed"):
        return failure_message(answer, kept, exit_code=0, sealed=sealed)
    return success_message(answer) if answer.get("failed") is False else ""


def arguments_of(result: CommandResult) -> dict[str, Any]:
    """What `find_failure` is asked of a command's output, besides its path."""
    arguments: dict[str, Any] = {"command": result.command, "max_lines": EVIDENCE_LINES}
    if result.failed and result.exit_code is not None:
        arguments["exit_code"] = result.exit_code
    return arguments


def is_answer(exit_code: int, program: str) -> bool:
    """Whether a code is no failure with a cause: success, no match, stopped by whoever ran it or read it."""
    from mcp_smalltools.tools.find_failure.outcome.exit_codes import says_no_match

    return exit_code in _NO_CAUSE or says_no_match(exit_code, program)


def is_worth_a_look(result: CommandResult) -> bool:
    """Whether a command's output can hold a cause that the agent doesn't see at once."""
    from mcp_smalltools.tools.find_failure.outcome.exit_codes import read_command

    if result.interrupted:
        return False
    if not result.failed:
        return bool(result.persisted) and not _SHOWS.match(result.command)
    if result.exit_code is None:  # it didn't run
        return False
    short = len(result.shown) <= SCREEN_CHARS and result.shown.count("\n") < SCREEN_LINES
    return not short and not is_answer(result.exit_code, read_command(result.command).last)


def is_short(kept: KeptOutput) -> bool:
    """Whether an output fits on a screen."""
    return kept.size <= SCREEN_CHARS and kept.path.read_bytes().count(b"\n") < SCREEN_LINES


def _persisted(named: str, folder: Path | None) -> KeptOutput | None:
    """A file of the client's below that folder; None for any other path, and for what is no file."""
    if folder is None:
        return None
    try:
        path = real_path(Path(named))
        if not path.is_relative_to(real_path(folder.expanduser())) or not path.is_file():
            return None
        return KeptOutput(path, path.stat().st_size)
    except (OSError, ValueError):
        return None
