"""What enters the service: one call of one tool."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp_smalltools.principal import Principal


class PrivacyLevel(enum.StrEnum):
    """What may leave of a file, from most to least."""

    OPEN = "open"  # verbatim spans
    REDACTED = "redacted"  # verbatim spans, secrets and personal data masked
    SEALED = "sealed"  # no text: counts, labels, templates with variables masked, line numbers

    @property
    def strictness(self) -> int:
        """0 for open, 2 for sealed: the stricter of two levels is the larger."""
        return list(PrivacyLevel).index(self)


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """One call. The transport fills it; the service answers it."""

    tool: str
    arguments: Mapping[str, Any]
    client: str = "cli"  # who asks, for the ledger: "claude-code 2.1.330", "cli"
    deadline_s: float | None = None  # seconds from now; None takes the configured default
    principal: Principal | None = None  # whose rights hold; None is whoever started the program
    meta: Mapping[str, str] = field(default_factory=dict)
