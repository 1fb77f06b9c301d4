"""What an agent's client says at its events, as small records. What isn't understood is None."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mcp_smalltools.hooks.fields import object_of_field, text_of_field

EVENTS: Final = ("SessionStart", "PreToolUse", "PostToolUse", "PostToolUseFailure", "SessionEnd")
"""The events that are answered, by the names that Claude Code gives them."""
_EXIT_CODE: Final = re.compile(r"\A(?:Error: )?Exit code (\d{1,3})(?:\n|\Z)")
_SESSION: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class HookEvent:
    """One event. `tool` and what follows are of a tool's call; empty for other events."""

    name: str
    session: str
    cwd: str
    tool: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    response: Mapping[str, Any] = field(default_factory=dict)
    """What the tool gave, in the client's own shape (PostToolUse)."""
    error: str = ""
    """What the model sees of a call that failed (PostToolUseFailure)."""
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class CommandResult:
    """A command of the agent's shell that has ended."""

    command: str
    exit_code: int | None
    """None where the client doesn't say: the command never ran, or it is of another kind of failure."""
    shown: str
    """What the client has read of its output: of a long one only the beginning, or parts of that."""
    failed: bool
    persisted: str = ""
    """The client's own file with the whole output, where it keeps one."""
    interrupted: bool = False


def read_event(name: str, payload: bytes) -> HookEvent | None:
    """The event of that name, or None where the payload is none."""
    if name not in EVENTS:
        return None
    try:
        told = loaded(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    session = text_of_field(told, "session_id")
    return HookEvent(
        name=name,
        session=session if _SESSION.fullmatch(session) else "",
        cwd=_path_of(text_of_field(told, "cwd")),
        tool=text_of_field(told, "tool_name"),
        arguments=object_of_field(told, "tool_input"),
        response=object_of_field(told, "tool_response"),
        error=text_of_field(told, "error"),
        interrupted=told.get("is_interrupt") is True,
    )


def loaded(payload: bytes) -> Any:
    """The JSON, also where its text isn't clean: a result that can't be read would have to be withheld.

    Raises ValueError, RecursionError.
    """
    return json.loads(payload.decode("utf-8", "replace"), strict=False)


def _path_of(text: str) -> str:
    """A text that can be a path; "" for any other."""
    try:
        return "" if b"\0" in os.fsencode(text) else text
    except UnicodeEncodeError:
        return ""


def command_result(event: HookEvent) -> CommandResult | None:
    """The command that has ended, or None where the event is of something else."""
    command = text_of_field(event.arguments, "command")
    if event.tool != "Bash" or not command:
        return None
    if event.name == "PostToolUseFailure":
        code = _EXIT_CODE.match(event.error)
        return CommandResult(
            command=command,
            exit_code=int(code[1]) if code else None,
            shown=event.error[code.end() :] if code else event.error,
            failed=True,
            interrupted=event.interrupted,
        )
    if event.name != "PostToolUse" or not event.response:
        return None
    response = event.response
    printed = [text_of_field(response, "stdout"), text_of_field(response, "stderr")]
    return CommandResult(
        command=command,
        exit_code=0,
        shown="\n".join(filter(None, printed)),
        failed=False,
        persisted=text_of_field(response, "persistedOutputPath"),
        interrupted=response.get("interrupted") is True or "backgroundTaskId" in response,
    )
