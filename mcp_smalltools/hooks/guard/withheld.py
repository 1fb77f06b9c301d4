"""A result of which nothing is shown, because it couldn't be masked. It imports next to nothing."""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` is slow to import
if TYPE_CHECKING:
    from typing import Any

GUARDED = ("Bash", "Read", "Grep", "Glob", "LS", "NotebookRead", "BashOutput", "TaskOutput", "Monitor")
"""Tools of the client whose results are masked."""
_KEPT = ("type", "mode", "filePath", "file_path")
SENTENCE = (
    "[smalltools guard: this result is withheld, because it could not be checked for secrets in time. The "
    "call itself was made. `mcp-smalltools doctor` says what is wrong; `mcp-smalltools uninstall` takes the "
    "guard away.]"
)


def withheld(payload: bytes) -> bytes:
    """The answer to PostToolUse that shows nothing of a guarded result; empty for other events."""
    import json

    try:
        told = json.loads(payload)
        if told["hook_event_name"] != "PostToolUse" or told["tool_name"] not in GUARDED:
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
