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
        told = json.loads(payload)
        event = told["hook_event_name"]
        if client in _REPLACED_BY_REASON:
            after, decision = _REPLACED_BY_REASON[client]
            return json.dumps({"decision": decision, "reason": SENTENCE}).encode() if event == after else b""
        if client or event != "PostToolUse" or told["tool_name"] not in GUARDED:
            return b""
        replaced = _emptied(told["tool_response"], [SENTENCE])
    except (ValueError, KeyError, TypeError, RecursionError):
        return b""
    said = {"hookEventName": "PostToolUse", "updatedToolOutput": replaced}
    return json.dumps({"hookSpecificOutput": said}).encode()


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
