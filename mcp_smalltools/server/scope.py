"""Keys that the transports set in a request's scope for the server."""

from __future__ import annotations

PRINCIPAL = "mcp_smalltools.principal"
"""The principal whose request it is."""

DISCONNECTED = "mcp_smalltools.disconnected"
"""An event that is set when the client has closed the connection."""

IN_CALL = "mcp_smalltools.in_call"
"""Makes a context manager to be entered while a call of the request runs, where its session is counted."""
