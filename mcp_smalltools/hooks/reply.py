"""What is said to an agent's client at an event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class HookReply:
    """What the parts have to say; nothing by default."""

    context: str = ""
    """Added to what the model sees, after the tool's result."""
    output: Mapping[str, Any] | None = None
    """In place of the tool's result, in the same shape (PostToolUse only)."""
    refusal: str = ""
    """Why the call may not be made (PreToolUse only)."""
    message: str = ""
    """Shown to the user, and not to the model."""

    def __bool__(self) -> bool:
        return bool(self.context or self.output is not None or self.refusal or self.message)

    def merged(self, other: HookReply) -> HookReply:
        """Both: contexts one after the other, of outputs the other's, of refusals the first."""
        return HookReply(
            context="\n\n".join(filter(None, (self.context, other.context))),
            output=self.output if other.output is None else other.output,
            refusal=self.refusal or other.refusal,
            message="\n".join(filter(None, (self.message, other.message))),
        )

    def as_json(self, event: str) -> bytes:
        """As Claude Code reads it; empty where nothing is said."""
        said: dict[str, Any] = {"hookEventName": event}
        if self.context:
            said["additionalContext"] = self.context
        if self.output is not None and event == "PostToolUse":
            said["updatedToolOutput"] = self.output
        if self.refusal and event == "PreToolUse":
            said |= {"permissionDecision": "deny", "permissionDecisionReason": self.refusal}
        answer: dict[str, Any] = {"systemMessage": self.message} if self.message else {}
        if len(said) > 1:
            answer["hookSpecificOutput"] = said
        return json.dumps(answer).encode() if answer else b""
