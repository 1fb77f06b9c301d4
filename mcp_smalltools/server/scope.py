"""What the transports put into a request's scope for the server."""

from __future__ import annotations

PRINCIPAL = "mcp_smalltools.principal"
"""Key of a request's scope: whose request it is."""

GONE = "mcp_smalltools.gone"
"""Key of a request's scope: an event that is set when the client has closed the connection."""
