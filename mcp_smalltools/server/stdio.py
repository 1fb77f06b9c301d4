"""The server on stdin and stdout, for one agent that started it."""

from __future__ import annotations

import os
import signal
import sys

import anyio
from mcp.server.stdio import stdio_server

from mcp_smalltools.server.app import build_server
from mcp_smalltools.server.changes import Changes, follow_skills, say
from mcp_smalltools.service import Service

WINDING_UP_S = 0.2
"""Seconds that cancelled calls get after a signal, to stop their threads and to write their rows."""
CLOSING_S = 5.0
"""Seconds after which a signal ends the process whatever still hangs."""


async def serve_stdio(service: Service) -> None:
    """Serve until the client closes stdin, or a signal comes. Calls that still run are cancelled."""
    changes = Changes()
    server = build_server(service, changes)
    say(service)
    running = anyio.CancelScope()
    async with anyio.create_task_group() as group:
        if sys.platform != "win32":  # there, Ctrl-C ends the process by itself
            group.start_soon(_leave_on_signal, running, service)
        group.start_soon(follow_skills, service, changes)
        with running:
            async with stdio_server() as (read, write):
                await server.run(read, write, server.create_initialization_options())
        group.cancel_scope.cancel()
    await service.close()


async def _leave_on_signal(running: anyio.CancelScope, service: Service) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async for number in signals:
            running.cancel()
            with anyio.move_on_after(CLOSING_S, shield=True):
                await anyio.sleep(WINDING_UP_S)
                await service.close()
            # The thread that reads stdin can't be woken, and would keep the process until the client writes.
            os._exit(128 + number if number == signal.SIGINT else 0)
