"""The hooks of each client: its files, its events, and the form of an entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from mcp_smalltools.clients.hook_commands import ClientHooks, Hook

_TIMEOUT_S: Final = 10
_READS: Final = "Bash|Read|Grep|Glob|LS|NotebookRead"
_SHOWS: Final = f"{_READS}|BashOutput|TaskOutput|Monitor"
_CHANGES: Final = "Edit|MultiEdit|Write|NotebookEdit"


def _home(*parts: str) -> Callable[[], Path]:
    return lambda: Path.home().joinpath(*parts)


def _project(*parts: str) -> Callable[[], Path]:
    return lambda: Path.cwd().joinpath(*parts)


def _matched(tools: str, command: str) -> Hook:
    """As Claude Code and Codex write it. Times are in seconds."""
    hook = {"hooks": [{"type": "command", "command": command, "timeout": _TIMEOUT_S}]}
    return {"matcher": tools, **hook} if tools else hook


CLIENT_HOOKS: Final[Mapping[str, ClientHooks]] = {
    "claude-code": ClientHooks(
        # Not the project's settings.json, which is shared: the command is a path of this machine.
        {
            "project": _project(".claude", "settings.local.json"),
            "user": _home(".claude", "settings.json"),
        },
        {
            "keep": {
                "SessionStart": "",
                "PostToolUse": "Bash",
                "PostToolUseFailure": "Bash",
                "SessionEnd": "",
            },
            "tell": {"SessionStart": "", "PostToolUse": "Bash", "PostToolUseFailure": "Bash"},
            "guard": {
                "SessionStart": "",
                "PreToolUse": f"{_READS}|{_CHANGES}",
                "PostToolUse": _SHOWS,
                "PostToolUseFailure": _SHOWS,
            },
        },
        _matched,
        deny_rules=True,
    ),
}
"""By the name of the client, as in `known.CLIENTS`."""
