"""One yes-or-no question to the user of this machine's own agent."""

from __future__ import annotations

from typing import Any, Final

import anyio
from mcp.shared.exceptions import MCPError

from mcp_smalltools.request import ToolRequest

WAIT_S: Final = 40.0
"""How long a person has for an answer: clients give a call a minute."""
_YES_OR_NO: Final = {"type": "object", "properties": {}}


def can_ask(request: ToolRequest, context: Any) -> bool:
    """Whether the call came from the user's own agent, and its client can ask. `context` is the SDK's."""
    if request.principal is not None:
        return False
    params = context.session.client_params
    return params is not None and params.capabilities.elicitation is not None


async def ask(question: str, context: Any) -> str | None:
    """`accept`, `decline` or `cancel`; None where nobody answered or could be asked."""
    try:
        with anyio.fail_after(WAIT_S):
            said = await context.session.elicit_form(question, _YES_OR_NO, context.request_id)
    except (MCPError, TimeoutError, RuntimeError):  # a connection that can't be asked anything
        return None
    return str(said.action)
