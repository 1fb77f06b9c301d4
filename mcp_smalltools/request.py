"""What enters the service: one call of one tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from mcp_smalltools.principal import Principal


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """One call. The transport fills it; the service answers it."""

    tool: str
    arguments: Mapping[str, Any]
    client: str = "cli"  # who asks, for the ledger: "claude-code 2.1.330", "cli"
    deadline_s: float | None = None  # seconds from now; None takes the configured default
    principal: Principal | None = None  # whose rights hold; None is whoever started the program
    client_roots: tuple[Path, ...] = ()
    """Folders that the client works in: the roots where the server has none."""
    meta: Mapping[str, str] = field(default_factory=dict)
