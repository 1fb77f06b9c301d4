"""The input of the service: one call of one tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from mcp_smalltools.principal import Principal


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """One call, made by the transport or the command line."""

    tool: str
    arguments: Mapping[str, Any]
    client: str = "cli"  # name and version of the client, for the ledger: "claude-code 2.1.330"
    deadline_s: float | None = None  # seconds from now; None for the configured default
    principal: Principal | None = None  # None for whoever started the program
    client_roots: tuple[Path, ...] = ()
    """Folders that the client works in: the roots if the server has none."""
    meta: Mapping[str, str] = field(default_factory=dict)
