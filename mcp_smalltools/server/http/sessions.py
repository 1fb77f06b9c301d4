"""Sessions of older protocols and open streams: so many for each principal, and so many in all.

Whoever opens one more than its limit loses its own idlest. Where the server's limit is reached, the
principal that has the most loses its idlest. So one that opens them without end only ever closes its own.
"""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import anyio
from mcp.shared.inbound import MCP_METHOD_HEADER, MCP_PROTOCOL_VERSION_HEADER
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from mcp_smalltools.principal import Principal
from mcp_smalltools.server.http.asgi import AsgiApp, Message, Receive, Scope, Send
from mcp_smalltools.server.http.auth import ErrorResponse, RefusedError
from mcp_smalltools.server.http.limits import RateLimit
from mcp_smalltools.server.scope import IN_CALL, PRINCIPAL

FORGOTTEN_S: Final = 1800.0
"""Seconds without a request after which the SDK ends a session by itself."""
_BURST: Final = 32
"""Sessions that a principal may open in quick succession."""
_CLOSE_S: Final = 2.0
"""Seconds that the closing of a session may take before the next one is opened all the same."""
_RETRY_S: Final = 10
_LISTEN: Final = b"subscriptions/listen"
_SSE_ID: Final = re.compile(rb"session_id=([0-9a-f]{32})")


class OpenSession:
    """A session or stream of a principal: when it was used last, and how many of its calls run."""

    def __init__(self, principal: str) -> None:
        self.principal = principal
        self.id = ""
        self.used = time.monotonic()
        self.calls = 0
        self.is_stream = False
        self.close: Callable[[], Any] = lambda: None

    def touch(self) -> None:
        self.used = time.monotonic()

    @contextlib.contextmanager
    def in_call(self) -> Iterator[None]:
        """Keeps the session from being closed for another one."""
        self.calls += 1
        try:
            yield
        finally:
            self.calls -= 1
            self.touch()


class SessionTable:
    """What is open, and who has to go where one more is wanted."""

    def __init__(self, *, most: int, each: int) -> None:
        self._most = most
        self._each = each
        self._open: dict[OpenSession, None] = {}  # in the order in which they were opened
        self._by_id: dict[str, OpenSession] = {}

    def __len__(self) -> int:
        return len(self._open)

    def count(self, principal: str) -> int:
        return sum(1 for session in self._open if session.principal == principal)

    def open(self, principal: str) -> tuple[OpenSession | None, OpenSession | None]:
        """A session more for a principal, and the one that has to be closed for it and is no longer counted.
        No session where neither the principal nor one that has more has one without a running call.
        """
        self._forget_old()
        victim = None
        if self.count(principal) >= self._each:
            victim = self._idlest(principal)
        elif len(self._open) >= self._most:
            victim = self._idlest_of_the_heaviest(principal)
        else:
            return self._add(principal), None
        if victim is None:
            return None, None
        self.remove(victim)
        return self._add(principal), victim

    def name(self, session: OpenSession, session_id: str) -> None:
        """The id by which requests name it."""
        if session in self._open:
            session.id = session_id
            self._by_id[session_id] = session

    def find(self, session_id: str, principal: str) -> OpenSession | None:
        session = self._by_id.get(session_id)
        return session if session is not None and session.principal == principal else None

    def remove(self, session: OpenSession) -> None:
        self._open.pop(session, None)
        self._by_id.pop(session.id, None)

    def _add(self, principal: str) -> OpenSession:
        session = OpenSession(principal)
        self._open[session] = None
        return session

    def _idlest(self, principal: str) -> OpenSession | None:
        idle = [one for one in self._open if one.principal == principal and not one.calls]
        return min(idle, key=lambda one: one.used, default=None)

    def _idlest_of_the_heaviest(self, principal: str) -> OpenSession | None:
        """Of those that have more than `principal` would have then, and of itself."""
        counts = Counter(one.principal for one in self._open)
        for name, count in counts.most_common():
            if count <= counts[principal]:
                break
            if victim := self._idlest(name):
                return victim
        return self._idlest(principal)

    def _forget_old(self) -> None:
        """Those that the SDK has ended."""
        before = time.monotonic() - FORGOTTEN_S
        old = [one for one in self._open if not one.is_stream and not one.calls and one.used < before]
        for session in old:
            self.remove(session)


class SessionMiddleware:
    """An ASGI application around the SDK's endpoints: makes room in a `SessionTable` for what is opened, and
    notes what is used.
    """

    def __init__(self, app: AsgiApp, table: SessionTable, per_minute: int) -> None:
        """`per_minute` is how many a principal may open, and 0 for no limit but its own rate."""
        self._app = app
        self._table = table
        self._per_minute = per_minute
        self._rate = RateLimit(_BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or PRINCIPAL not in scope:
            return await self._app(scope, receive, send)
        headers, path = dict(scope["headers"]), scope["path"]
        if path == "/sse" or (path == "/mcp" and headers.get(MCP_METHOD_HEADER.encode()) == _LISTEN):
            return await self._stream(scope, receive, send)
        if path == "/mcp" and _opens_session(scope["method"], headers):
            return await self._session(scope, receive, send)
        if path == "/mcp":
            return await self._use(
                headers.get(b"mcp-session-id", b"").decode("latin-1"), scope, receive, send
            )
        if path.startswith("/messages/"):
            named = _SSE_ID.search(scope["query_string"])
            return await self._use(named[1].decode() if named else "", scope, receive, send)
        return await self._app(scope, receive, send)

    async def _make_room(self, principal: Principal) -> OpenSession:
        """Raises RefusedError."""
        name = principal.name
        limits = [limit for limit in (principal.calls_per_minute, self._per_minute) if limit]
        per_minute = min(limits, default=0)
        if wait_s := self._rate.wait_s(name, per_minute):
            seconds = math.ceil(wait_s)
            sentence = f"More than {per_minute} sessions per minute. Try again in {seconds} s."
            raise RefusedError(ErrorResponse(429, "too many requests", sentence, "", name, seconds))
        session, victim = self._table.open(name)
        if session is None:
            sentence = "As many sessions and streams are open as may be, with calls running. Close one."
            raise RefusedError(ErrorResponse(429, "too many sessions", sentence, "", name, _RETRY_S))
        if victim is not None:
            await _close(victim)
        return session

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request whose answer is open as long as the client likes."""
        session = await self._make_room(scope[PRINCIPAL])
        session.is_stream = True
        started = complete = False

        async def watch(message: Message) -> None:
            nonlocal started, complete
            if message["type"] == "http.response.start":
                started = True
            elif not session.id and (found := _SSE_ID.search(message.get("body", b""))):
                self._table.name(session, found[1].decode())
            complete = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            with anyio.CancelScope() as running:
                session.close = running.cancel
                await self._app(scope, receive, watch)
            if running.cancelled_caught and started and not complete:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._table.remove(session)

    async def _session(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request that opens a session, if the SDK answers it with an id."""
        session = await self._make_room(scope[PRINCIPAL])
        end = self._ending(scope)

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                session_id = dict(message.get("headers", ())).get(b"mcp-session-id", b"").decode("latin-1")
                if session_id:
                    self._table.name(session, session_id)
                    session.close = lambda: end(session_id)
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            session.touch()
            if not session.id:
                self._table.remove(session)

    def _ending(self, opened: Scope) -> Callable[[str], Any]:
        """Ends a session as its client would: by DELETE."""

        async def end(session_id: str) -> None:
            headers = [
                (name, value) for name, value in opened["headers"] if name in (b"host", b"authorization")
            ]
            scope = {
                **opened,
                "method": "DELETE",
                "headers": [*headers, (b"mcp-session-id", session_id.encode("latin-1"))],
                "query_string": b"",
            }
            await self._app(scope, _nothing, _nowhere)

        return end

    async def _use(self, session_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        """A request of a session that is open, or of none."""
        session = self._table.find(session_id, scope[PRINCIPAL].name)
        if session is None:
            return await self._app(scope, receive, send)
        scope[IN_CALL] = session.in_call
        ends = scope["method"] == "DELETE"

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start" and (ends or message["status"] == 404):
                self._table.remove(session)
            await send(message)

        session.touch()
        await self._app(scope, receive, watch)
        session.touch()
        return None


def _opens_session(method: str, headers: dict[bytes, bytes]) -> bool:
    """As the SDK decides it: a POST without a session's id, in a protocol with sessions."""
    if method != "POST" or b"mcp-session-id" in headers:
        return False
    version = headers.get(MCP_PROTOCOL_VERSION_HEADER.encode())
    return version is None or version.decode("latin-1") in HANDSHAKE_PROTOCOL_VERSIONS


async def _close(session: OpenSession) -> None:
    with anyio.move_on_after(_CLOSE_S, shield=True):
        closing = session.close()
        if closing is not None:
            await closing


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _nowhere(message: Message) -> None:
    pass
