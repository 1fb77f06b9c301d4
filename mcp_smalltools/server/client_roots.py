"""The folders that a client says it works in (MCP roots), for a server that was given none."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

import anyio
from mcp.shared.exceptions import MCPError

WAIT_S: Final = 5.0


async def client_roots(context: Any) -> tuple[Path, ...]:
    """Ask the client that a request came from; none where it has no roots, or can't be asked.

    `context` is the SDK's. Protocol 2026-07-28 has no roots.
    """
    params = context.session.client_params
    if params is None or params.capabilities.roots is None:
        return ()
    try:
        with anyio.fail_after(WAIT_S):
            listed = await context.session.list_roots()
    except (MCPError, TimeoutError, RuntimeError):  # RuntimeError: a connection that can't be asked anything
        return ()
    return tuple(_folder(str(root.uri)) for root in listed.roots if str(root.uri).startswith("file:"))


def _folder(uri: str) -> Path:
    return Path(url2pathname(urlsplit(uri).path))
