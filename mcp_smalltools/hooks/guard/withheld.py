"""A result of which nothing is shown, because it couldn't be masked. It imports next to nothing."""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` is slow to import
if TYPE_CHECKING:
    from typing import Any

GUARDED = ("Bash", "Read", "Grep", "Glob", "LS", "NotebookRead", "BashOutput", "TaskOutput", "Monitor")
"""Tools of the client whose results are masked."""
_KEPT = ("type", "mode", "filePath", "file_path")
_REPLACED_BY_REASON = {"codex": ("PostToolUse", "block"), "gemini": ("AfterTool", "deny")}
"""Clients that show the reason of a decision in place of a result."""
SENTENCE = (
    "[smalltools guard: this result is withheld, because it could not be checked for secrets in time. The "
    "call itself was made. `mcp-smalltools doctor` says what is wrong; `mcp-smalltools uninstall` takes the "
    "guard away.]"
)


def withheld(payload: bytes, client: str = "") -> bytes:
    """The answer that shows nothing of a guarded result, as the client reads it; empty for other events."""
    import json

    try:
        told = json.loads(payload.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        told = _as_far_as_told(payload)
    try:
        event = told["hook_event_name"]
        if client in _REPLACED_BY_REASON:
            after, decision = _REPLACED_BY_REASON[client]
            return json.dumps({"decision": decision, "reason": SENTENCE}).encode() if event == after else b""
        if client or event != "PostToolUse" or told["tool_name"] not in GUARDED:
            return b""
        replaced = _emptied(told["tool_response"], [SENTENCE])
    except RecursionError:
        replaced = _plain(told["tool_name"])
    except (KeyError, TypeError):
        return b""
    said = {"hookEventName": "PostToolUse", "updatedToolOutput": replaced}
    return json.dumps({"hookSpecificOutput": said}).encode()


def _as_far_as_told(payload: bytes) -> dict[str, Any]:
    """The names of the event and the tool in an event that can't be read: cut off, or nested too deeply.

    In a text of JSON quotes are escaped, so these are the first fields of those names.
    """
    import re

    told = {}
    for name in ("hook_event_name", "tool_name"):
        if found := re.search(rb'(?<!\\)"%s"\s*:\s*"(\w+)"' % name.encode(), payload):
            told[name] = found[1].decode()
    return {**told, "tool_response": _plain(told.get("tool_name", ""))}


def _plain(tool: str) -> dict[str, Any]:
    """A result with nothing but the sentence, in the shape that the client's tool has (2.1.332)."""
    if tool == "Read":
        file = {"filePath": "", "content": SENTENCE, "numLines": 1, "startLine": 1, "totalLines": 1}
        return {"type": "text", "file": file}
    if tool == "Grep":
        return {"mode": "content", "numFiles": 0, "filenames": [], "content": SENTENCE, "numLines": 1}
    return {"stdout": SENTENCE, "stderr": "", "interrupted": False, "isImage": False}


def _emptied(value: Any, sentence: list[str]) -> Any:
    """The same shape without its texts; the sentence stands in place of the first."""
    if isinstance(value, str):
        return sentence.pop() if sentence else ""
    if isinstance(value, dict):
        return {
            key: item if key in _KEPT and isinstance(item, str) else _emptied(item, sentence)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_emptied(item, sentence) for item in value]
    return value
