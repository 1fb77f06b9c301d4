"""Notifies agents that the list of tools has changed: through the streams that they opened for it in the
2026-07-28 protocol, in older ones by a notification on every connection that has asked for the list.
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

SEND_TIMEOUT_S = 5.0
"""Seconds that a client gets to take a notification; one that doesn't read must not hold up the others."""


class ToolListSubscribers:
    """The clients to notify when the list of tools changes."""

    def __init__(self) -> None:
        self._bus = InMemorySubscriptionBus()
        self._sessions: dict[int, Any] = {}
        self.listen = ListenHandler(self._bus)

    def add(self, context: Context) -> None:
        """Note the connection of a request in an older protocol, until it closes."""
        if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return
        # The SDK makes a session for each request, over a connection that has no public name.
        connection = context.session._connection
        if id(connection) not in self._sessions:
            self._sessions[id(connection)] = context.session
            connection.exit_stack.callback(self._sessions.pop, id(connection), None)

    async def notify(self) -> None:
        await self._bus.publish(ToolsListChanged())
        async with anyio.create_task_group() as group:
            for session in list(self._sessions.values()):
                group.start_soon(_notify, session)


async def _notify(session: Any) -> None:
    with (
        contextlib.suppress(anyio.ClosedResourceError, anyio.BrokenResourceError),
        anyio.move_on_after(SEND_TIMEOUT_S),
    ):
        await session.send_tool_list_changed()


async def follow_skills(service: Service, subscribers: ToolListSubscribers) -> None:
    """Reload the user's skills whenever their files change, until cancelled."""
    from mcp_smalltools.skills import reload

    async for _ in reload.watch_skills(service.settings):
        printed = service.problems()
        if await anyio.to_thread.run_sync(service.reload_skills):
            await subscribers.notify()
        print_skill_problems(service, printed)


def print_skill_problems(service: Service, printed: frozenset[str] = frozenset()) -> None:
    """Print what is wrong with skills on stderr, except what was printed before."""
    for problem in sorted(service.problems() - printed):
        print(f"mcp-smalltools: {problem}", file=sys.stderr, flush=True)
