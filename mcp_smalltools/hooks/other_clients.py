"""What clients other than Claude Code say at their events, and how they read what we say.

Each is brought into Claude Code's form, in which all parts work. Codex 0.171 was run; the others are written
after their documentation (docs/clients.md says what each lets a hook do).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from mcp_smalltools.hooks.event import HookEvent, loaded, read_event
from mcp_smalltools.hooks.reply import HookReply

Told = dict[str, Any]
_PATCHED: Final = re.compile(r"^\*\*\* (?:Add|Update) File: ([^\n]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ClientForm:
    """A client's own form. `events` has our name for each of its events."""

    events: Mapping[str, str]
    read: Callable[[Told], Told]
    """The event, with our names of tools and arguments."""
    say: Callable[[HookReply, str], Told]
    """What the client reads, at one of our events; empty for nothing."""

    def event(self, name: str, payload: bytes) -> HookEvent | None:
        """The event that the client calls `name`, or None where the payload is none."""
        try:
            told = loaded(payload)
            ours = self.read(told) if isinstance(told, dict) else {}
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            return None
        return read_event(self.events.get(name, ""), json.dumps(ours).encode())

    def answer(self, reply: HookReply, event: str) -> bytes:
        said = self.say(reply, event)
        return json.dumps(said).encode() if said else b""


def _shown(reply: HookReply) -> str | None:
    """The text in place of a result that is one text."""
    return None if reply.output is None else str(reply.output.get("stdout", ""))


def _as_text(response: Any) -> str:
    """The text of a result: a text, or a list of parts that have one."""
    if isinstance(response, list):
        return "\n".join(_as_text(part) for part in response)
    if isinstance(response, dict):
        return str(response.get("text") or "")
    return response if isinstance(response, str) else ""


def _renamed(arguments: Any, names: Mapping[str, str]) -> Told:
    """Arguments under our names; others stay."""
    if isinstance(arguments, str):  # some clients give them as JSON
        arguments = json.loads(arguments)
    return {names.get(name, name): value for name, value in arguments.items()}


# Codex: Claude Code's form, but that a result is one text, which may be replaced as the reason of a block


def _read_codex(told: Told) -> Told:
    if told.get("tool_name") == "apply_patch":
        patch = str((told.get("tool_input") or {}).get("command") or "")
        paths = _PATCHED.findall(patch)
        edit = {"file_path": paths[0].strip() if paths else "", "content": patch}
        return {**told, "tool_name": "Write", "tool_input": edit}
    if "tool_response" in told:
        return {**told, "tool_response": {"stdout": _as_text(told["tool_response"])}}
    return told


def _say_codex(reply: HookReply, event: str) -> Told:
    said: Told = json.loads(replace(reply, output=None).as_json(event) or b"{}")
    shown = _shown(reply)
    if event == "PostToolUse" and shown is not None:
        said |= {"decision": "block", "reason": shown}
    return said


# Gemini CLI

_GEMINI_TOOLS: Final = {
    "run_shell_command": ("Bash", {}),
    "read_file": ("Read", {"absolute_path": "file_path", "path": "file_path"}),
    "search_file_content": ("Grep", {"dir_path": "path", "include": "glob"}),
    "grep_search": ("Grep", {"dir_path": "path", "include": "glob", "include_pattern": "glob"}),
    "glob": ("Glob", {"dir_path": "path"}),
    "list_directory": ("LS", {"dir_path": "path"}),
    "replace": ("Edit", {}),
    "write_file": ("Write", {}),
}


def _read_gemini(told: Told) -> Told:
    tool, names = _GEMINI_TOOLS.get(str(told.get("tool_name")), ("", {}))
    ours = {**told, "tool_name": tool, "tool_input": _renamed(told.get("tool_input") or {}, names)}
    response = told.get("tool_response")
    if isinstance(response, dict):
        ours["tool_response"] = {"stdout": _as_text(response.get("llmContent"))}
    return ours


def _say_gemini(reply: HookReply, event: str) -> Told:
    said: Told = {"systemMessage": reply.message} if reply.message else {}
    shown = _shown(reply)
    if reply.refusal and event == "PreToolUse":
        said |= {"decision": "deny", "reason": reply.refusal}
    elif shown is not None and event == "PostToolUse":
        said |= {"decision": "deny", "reason": "\n\n".join(filter(None, (shown, reply.context)))}
    elif reply.context:
        said["hookSpecificOutput"] = {"additionalContext": reply.context}
    return said


# Cursor: an event for each kind of tool


def _read_cursor(told: Told) -> Told:
    roots = told.get("workspace_roots") or [""]
    ours = {"session_id": told.get("conversation_id"), "cwd": told.get("cwd") or roots[0]}
    if told.get("hook_event_name") == "beforeReadFile":
        return {**ours, "tool_name": "Read", "tool_input": {"file_path": told.get("file_path")}}
    return {**ours, "tool_name": "Bash", "tool_input": {"command": told.get("command")}}


def _say_cursor(reply: HookReply, event: str) -> Told:
    if not reply.refusal:
        return {}
    return {"permission": "deny", "user_message": reply.refusal, "agent_message": reply.refusal}


# Copilot CLI: fields as in VS Code

_COPILOT_TOOLS: Final = {
    "bash": ("Bash", {}),
    "view": ("Read", {"path": "file_path"}),
    "grep": ("Grep", {}),
    "glob": ("Glob", {}),
    "edit": ("Edit", {"path": "file_path", "old_str": "old_string", "new_str": "new_string"}),
    "create": ("Write", {"path": "file_path", "file_text": "content"}),
}


def _read_copilot(told: Told) -> Told:
    tool, names = _COPILOT_TOOLS.get(str(told.get("tool_name")), ("", {}))
    return {**told, "tool_name": tool, "tool_input": _renamed(told.get("tool_input") or {}, names)}


def _say_copilot(reply: HookReply, event: str) -> Told:
    if not reply.refusal:
        return {}
    return {"permissionDecision": "deny", "permissionDecisionReason": reply.refusal}


CLIENT_FORMS: Final[Mapping[str, ClientForm]] = {
    "codex": ClientForm(
        {"SessionStart": "SessionStart", "PreToolUse": "PreToolUse", "PostToolUse": "PostToolUse"},
        _read_codex,
        _say_codex,
    ),
    "gemini": ClientForm(
        {"SessionStart": "SessionStart", "BeforeTool": "PreToolUse", "AfterTool": "PostToolUse"},
        _read_gemini,
        _say_gemini,
    ),
    "cursor": ClientForm(
        {"beforeShellExecution": "PreToolUse", "beforeReadFile": "PreToolUse"}, _read_cursor, _say_cursor
    ),
    "copilot": ClientForm({"PreToolUse": "PreToolUse"}, _read_copilot, _say_copilot),
}
"""By the name that `--client` gives; Claude Code's form needs none."""
