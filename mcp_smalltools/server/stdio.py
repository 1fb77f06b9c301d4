"""The server on stdin and stdout, for the one agent that started it."""

from __future__ import annotations

import os
import signal
import sys

import anyio
from mcp.server.stdio import stdio_server

from mcp_smalltools.server.app import build_server
from mcp_smalltools.server.shutdown import EndSignals, exit_in_time, exit_status
from mcp_smalltools.server.tool_list_changes import ToolListSubscribers, follow_skills, print_skill_problems
from mcp_smalltools.server.unreadable_lines import AnsweredStream
from mcp_smalltools.service import Service

WARM_UP_AFTER_S = 0.5
CANCEL_GRACE_S = 0.2
"""Seconds that cancelled calls get after a signal, to stop their threads and to write their ledger rows."""


async def serve_stdio(service: Service) -> None:
    """Serve until the client closes stdin or a signal comes; running calls are cancelled then."""
    subscribers = ToolListSubscribers()
    server = build_server(service, subscribers)
    print_skill_problems(service)
    running = anyio.CancelScope()
    async with anyio.create_task_group() as group:
        if sys.platform != "win32":  # Ctrl-C ends the process there anyway
            group.start_soon(_exit_on_signal, running, service)
        group.start_soon(follow_skills, service, subscribers)
        group.start_soon(warm_up, service)
        with running:
            async with stdio_server() as (read, write):
                await server.run(AnsweredStream(read, write), write, server.create_initialization_options())
        group.cancel_scope.cancel()
    exit_in_time()
    await service.close()


async def warm_up(service: Service) -> None:
    """Once the client has had its answer to the handshake."""
    await anyio.sleep(WARM_UP_AFTER_S)
    service.warm_up()


async def _exit_on_signal(running: anyio.CancelScope, service: Service) -> None:
    with EndSignals((signal.SIGTERM, signal.SIGINT, signal.SIGHUP)) as signals:
        number = await signals.next()
        running.cancel()
        with anyio.CancelScope(shield=True):
            await anyio.sleep(CANCEL_GRACE_S)
            await service.close()
        # The thread that reads stdin can't be woken: it would keep the process until the client writes.
        os._exit(exit_status(number))
