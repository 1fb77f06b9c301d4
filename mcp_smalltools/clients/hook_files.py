"""The hooks of each client: its files, its events, and the form of an entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from mcp_smalltools.clients.hook_commands import ClientHooks, Hook

_TIMEOUT_S: Final = 10
_READS: Final = "Bash|Read|Grep|Glob|LS|NotebookRead"
_SHOWS: Final = f"{_READS}|BashOutput|TaskOutput|Monitor"
_GEMINI_READS: Final = "run_shell_command|read_file|search_file_content|grep_search|glob|list_directory"
_GEMINI_CHANGES: Final = "replace|write_file"
_CHANGES: Final = "Edit|MultiEdit|Write|NotebookEdit"


def _home(*parts: str) -> Callable[[], Path]:
    return lambda: Path.home().joinpath(*parts)


def _project(*parts: str) -> Callable[[], Path]:
    return lambda: Path.cwd().joinpath(*parts)


def _matched(tools: str, command: str) -> Hook:
    """As Claude Code and Codex write it. Times are in seconds."""
    hook = {"hooks": [{"type": "command", "command": command, "timeout": _TIMEOUT_S}]}
    return {"matcher": tools, **hook} if tools else hook


def _in_milliseconds(tools: str, command: str) -> Hook:
    """As Gemini CLI writes it."""
    hook = {"hooks": [{"type": "command", "command": command, "timeout": _TIMEOUT_S * 1000}]}
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
    "codex": ClientHooks(
        {"user": _home(".codex", "hooks.json"), "project": _project(".codex", "hooks.json")},
        {"guard": {"SessionStart": "", "PreToolUse": "Bash|apply_patch", "PostToolUse": "Bash"}},
        _matched,
        name="codex",
        after="Start `codex` and trust them once (/hooks).",
    ),
    "gemini": ClientHooks(
        {
            "project": _project(".gemini", "settings.json"),
            "user": _home(".gemini", "settings.json"),
        },
        {
            "guard": {
                "SessionStart": "",
                "BeforeTool": f"{_GEMINI_READS}|{_GEMINI_CHANGES}",
                "AfterTool": _GEMINI_READS,
            }
        },
        _in_milliseconds,
        name="gemini",
    ),
    "cursor": ClientHooks(
        {"project": _project(".cursor", "hooks.json"), "user": _home(".cursor", "hooks.json")},
        {"guard": {"beforeShellExecution": "", "beforeReadFile": ""}},
        lambda tools, command: {"command": command, "timeout": _TIMEOUT_S},
        name="cursor",
        first={"version": 1},
    ),
    "copilot": ClientHooks(
        {"project": _project(".github", "hooks", "smalltools.json")},
        {"guard": {"PreToolUse": ""}},
        lambda tools, command: {"type": "command", "bash": command, "timeoutSec": _TIMEOUT_S},
        name="copilot",
        first={"version": 1},
        after="It holds paths of this machine: don't commit it.",
    ),
}
"""By the name of the client, as in `known.CLIENTS`."""
