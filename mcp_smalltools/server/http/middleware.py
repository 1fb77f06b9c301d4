"""Checks every request before its route, and finds its principal.

In this order, the cheapest first: Host and Origin, token, rate limit, open requests, time until the body is
there.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from contextvars import ContextVar
from typing import Final

import anyio
import anyio.to_thread
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken

from mcp_smalltools.principal import LOCAL, Principal
from mcp_smalltools.server.http.asgi import AsgiApp, Message, Receive, Scope, Send
from mcp_smalltools.server.http.auth import METADATA_PATH, Authenticator, ErrorResponse, HostOriginCheck
from mcp_smalltools.server.http.limits import RateLimit
from mcp_smalltools.server.http.metrics import Metrics
from mcp_smalltools.server.http.refusals import RefusalRecorder
from mcp_smalltools.server.scope import PRINCIPAL

BODY_TIMEOUT_S: Final = 30.0
"""Seconds within which the body of a request must arrive."""
CALLER: ContextVar[Principal] = ContextVar("caller", default=LOCAL)
"""The principal of the current request, for code that doesn't get the request."""


class _TooSlowError(Exception):
    """The body did not arrive in time."""


class AccessMiddleware:
    """An ASGI application around another one."""

    def __init__(
        self,
        app: AsgiApp,
        host_check: HostOriginCheck,
        authenticator: Authenticator,
        refusals: RefusalRecorder,
        metrics: Metrics,
        *,
        open_paths: frozenset[str],
        requests_per_minute: int,
        open_requests: int,
    ) -> None:
        self._app = app
        self._host_check = host_check
        self._authenticator = authenticator
        self._refusals = refusals
        self._metrics = metrics
        self._open_paths = open_paths
        self._per_minute = requests_per_minute
        self._max_open = open_requests
        self._open: Counter[str] = Counter()
        self._rate = RateLimit()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return None  # WebSockets are not offered
        if refusal := self._host_check.check(scope["headers"]):
            return await self._refuse(scope, send, refusal)
        if scope["path"] in self._open_paths:
            return await self._app(scope, receive, send)
        found = await anyio.to_thread.run_sync(self._authenticator.authenticate, _authorization(scope))
        refusal = found if isinstance(found, ErrorResponse) else self._over_limits(found)
        if refusal is not None or isinstance(found, ErrorResponse):
            assert refusal is not None
            return await self._refuse(scope, send, refusal)
        return await self._pass(found, scope, receive, send)

    def _over_limits(self, principal: Principal) -> ErrorResponse | None:
        name = principal.name
        if wait_s := self._rate.wait_s(name, self._per_minute):
            seconds = math.ceil(wait_s)
            sentence = f"More than {self._per_minute} requests per minute. Try again in {seconds} s."
            return ErrorResponse(429, "too many requests", sentence, principal=name, retry_after_s=seconds)
        if self._open[name] >= self._max_open:
            sentence = f"{self._max_open} requests are open already. Wait for answers, or close streams."
            return ErrorResponse(429, "too many open requests", sentence, principal=name, retry_after_s=1)
        return None

    async def _pass(self, principal: Principal, scope: Scope, receive: Receive, send: Send) -> None:
        scope[PRINCIPAL] = principal
        # The SDK binds sessions to this user, so that another caller can't use their ids.
        scope["user"] = AuthenticatedUser(AccessToken(token="", client_id=principal.name, scopes=[]))
        CALLER.set(principal)
        body = _Body(receive)
        answered = False

        async def send_and_note(message: Message) -> None:
            nonlocal answered
            if not body.too_slow:  # otherwise we answer
                answered = True
                await send(message)

        self._open[principal.name] += 1
        self._metrics.connections += 1
        try:
            await self._app(scope, body.receive, send_and_note)
        except _TooSlowError:
            self._refusals.note("slow body", principal.name, _address(scope), scope["path"])
            if not answered:
                await _answer(
                    send,
                    ErrorResponse(408, "slow body", f"The body did not arrive within {BODY_TIMEOUT_S:g} s."),
                )
        finally:
            self._metrics.connections -= 1
            self._open[principal.name] -= 1
            if not self._open[principal.name]:
                del self._open[principal.name]

    async def _refuse(self, scope: Scope, send: Send, refusal: ErrorResponse) -> None:
        self._refusals.note(refusal.reason, refusal.principal, _address(scope), scope["path"])
        metadata = ""
        if self._authenticator.provider is not None and refusal.challenge:
            metadata = resource_of(scope, METADATA_PATH + scope["path"])
        await _answer(send, refusal, metadata)


def resource_of(scope: Scope, path: str) -> str:
    """The URL of a path of this server, with the host that the client used."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    return f"{scope.get('scheme', 'http')}://{host}{path}"


class _Body:
    """A request's body, with a time limit that starts with the first read. Once the body is complete, waiting
    for a disconnect has no limit.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._deadline: float | None = None
        self._complete = False
        self.too_slow = False

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        now = time.monotonic()
        self._deadline = self._deadline or now + BODY_TIMEOUT_S
        try:
            with anyio.fail_after(max(0.0, self._deadline - now)):
                message = await self._receive()
        except TimeoutError:
            self.too_slow = True
            raise _TooSlowError from None
        self._complete = not message.get("more_body", False)
        return message


def _authorization(scope: Scope) -> str:
    return next((v.decode("latin-1") for k, v in scope["headers"] if k.lower() == b"authorization"), "")


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


async def _answer(send: Send, refusal: ErrorResponse, metadata: str = "") -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    if refusal.challenge:
        more = f'resource_metadata="{metadata}"' if metadata else ""
        joined = ", ".join(part for part in (refusal.challenge.removeprefix("Bearer").strip(), more) if part)
        headers.append((b"www-authenticate", f"Bearer {joined}".strip().encode("latin-1", "replace")))
    if refusal.retry_after_s:
        headers.append((b"retry-after", str(refusal.retry_after_s).encode()))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"error": refusal.sentence}).encode()})
