"""The engine that the settings ask for: the daemon on this machine, or servers over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_smalltools.config import Settings

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine, EngineStatus


def make_engine(settings: Settings, *, client_name: str = "mcp-smalltools") -> Engine:
    """Starts and contacts nothing. Raises ConfigError or NotAllowed for engine_urls that can't be used."""
    if settings.engine_urls:
        from mcp_smalltools.engine.http.http_engine import HttpEngine

        return HttpEngine(settings)
    from mcp_smalltools.engine.client.client import EngineClient

    return EngineClient(settings, client_name=client_name)


async def engine_status(settings: Settings, *, client_name: str) -> EngineStatus:
    """What the engine says of itself. Starts none. Raises as `make_engine`."""
    engine = make_engine(settings, client_name=client_name)
    try:
        return await engine.status()
    finally:
        await engine.close()
