"""Telling agents that the list of tools has changed: in the 2026-07-28 protocol through the streams that they
have opened for it, in older ones by a notification on every connection that has asked for the list.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import anyio
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from mcp_smalltools.service import Service

# The SDK's context is generic over things that this server doesn't use.
Context = Any


SEND_WITHIN_S = 5.0
"""Seconds that a client gets to take a notification; one that doesn't read must not hold up the others."""


class Changes:
    """Who wants to hear of changes."""

    def __init__(self) -> None:
        self._bus = InMemorySubscriptionBus()
        self._sessions: dict[int, Any] = {}
        self.listen = ListenHandler(self._bus)

    def remember(self, context: Context) -> None:
        """Note the connection of a request in an older protocol, until it closes."""
        if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return
        # The SDK makes a session for each request, over a connection that it has no public name for.
        connection = context.session._connection
        if id(connection) not in self._sessions:
            self._sessions[id(connection)] = context.session
            connection.exit_stack.callback(self._sessions.pop, id(connection), None)

    async def tools_changed(self) -> None:
        await self._bus.publish(ToolsListChanged())
        async with anyio.create_task_group() as group:
            for session in list(self._sessions.values()):
                group.start_soon(_notify, session)


async def _notify(session: Any) -> None:
    with (
        contextlib.suppress(anyio.ClosedResourceError, anyio.BrokenResourceError),
        anyio.move_on_after(SEND_WITHIN_S),
    ):
        await session.send_tool_list_changed()


async def follow_skills(service: Service, changes: Changes) -> None:
    """Reload the user's skills whenever their files change, until cancelled."""
    from mcp_smalltools.skills import reload

    async for _ in reload.changes(service.settings):
        said = service.problems()
        if await anyio.to_thread.run_sync(service.reload_skills):
            await changes.tools_changed()
        say(service, said)


def say(service: Service, said_before: frozenset[str] = frozenset()) -> None:
    """What is wrong with skills, on stderr, each thing once."""
    for problem in sorted(service.problems() - said_before):
        print(f"mcp-smalltools: {problem}", file=sys.stderr, flush=True)
