"""Checks every request before its route, and finds its principal.

In this order, the cheapest first: size of the head, Host and Origin, how much the address was refused, token,
rate limit, open requests; then time and size of the body.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Final

import anyio
import anyio.to_thread
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken

from mcp_smalltools.principal import LOCAL, Principal
from mcp_smalltools.server.http.asgi import AsgiApp, Message, Receive, Scope, Send
from mcp_smalltools.server.http.auth import (
    METADATA_PATH,
    Authenticator,
    ErrorResponse,
    HostOriginCheck,
    RefusedError,
)
from mcp_smalltools.server.http.connections import address_group
from mcp_smalltools.server.http.limits import RateLimit
from mcp_smalltools.server.http.metrics import Metrics
from mcp_smalltools.server.http.refusals import RefusalRecorder
from mcp_smalltools.server.scope import PRINCIPAL

MAX_HEADER_BYTES: Final = 32 << 10
"""Bytes of a request's path and headers. h11 checks only heads that arrive in parts."""
BODY_TIMEOUT_S: Final = 30.0
"""Seconds within which the body of a request must arrive."""
REFUSALS_PER_MINUTE: Final = 600
"""Requests of one address that are refused for their token before it is told to wait."""
REFUSAL_DELAY_S: Final = 2.0
"""Seconds by which a 429 is delayed, at most, so that asking again at once doesn't keep the server busy."""
_BODIES_AT_ONCE: Final = 4
"""Bodies of the greatest size that a principal's open requests may hold together."""
_AUTHENTICATING: Final = 8
"""Threads that look up tokens: their own, so that neither calls nor the identity provider hold them up."""
_ASKING_PROVIDER: Final = 16
"""Threads that check tokens of the identity provider. They may wait for it."""
CALLER: ContextVar[Principal] = ContextVar("caller", default=LOCAL)
"""The principal of the current request, for code that doesn't get the request."""


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
        max_body_bytes: int,
    ) -> None:
        self._app = app
        self._host_check = host_check
        self._authenticator = authenticator
        self._refusals = refusals
        self._metrics = metrics
        self._open_paths = open_paths
        self._per_minute = requests_per_minute
        self._max_open = open_requests
        self._max_body_bytes = _BODIES_AT_ONCE * max_body_bytes
        self._open: Counter[str] = Counter()
        self._body_bytes: Counter[str] = Counter()
        self._rate = RateLimit()
        self._refusal_rate = RateLimit()
        self._threads = anyio.CapacityLimiter(_AUTHENTICATING)
        self._provider_threads = anyio.CapacityLimiter(_ASKING_PROVIDER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return None  # WebSockets are not offered
        if refusal := _over_head_limit(scope) or self._host_check.check(scope["headers"]):
            return await self._refuse(scope, send, refusal)
        if scope["path"] in self._open_paths:
            return await self._app(scope, receive, send)
        found = await self._authenticate(scope)
        refusal = found if isinstance(found, ErrorResponse) else self._over_limits(found)
        if refusal is not None or isinstance(found, ErrorResponse):
            assert refusal is not None
            return await self._refuse(scope, send, refusal)
        return await self._pass(found, scope, receive, send)

    async def _authenticate(self, scope: Scope) -> Principal | ErrorResponse:
        """The principal; a refusal counts for the address. A good token is never refused for its address."""
        authorization, address = _authorization(scope), address_group(_address(scope))
        asks = self._authenticator.asks_provider(authorization)
        limiter = self._provider_threads if asks else self._threads
        found = await anyio.to_thread.run_sync(
            self._authenticator.authenticate, authorization, limiter=limiter
        )
        refused = isinstance(found, ErrorResponse)
        if refused and (wait_s := self._refusal_rate.wait_s(address, REFUSALS_PER_MINUTE)):
            sentence = "Too many requests without a valid token from this address."
            return ErrorResponse(429, "too many refusals", sentence, retry_after_s=math.ceil(wait_s))
        return found

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
        name = principal.name
        scope[PRINCIPAL] = principal
        # The SDK binds sessions to this user, so that another caller can't use their ids.
        scope["user"] = AuthenticatedUser(AccessToken(token="", client_id=name, scopes=[]))
        CALLER.set(principal)
        body = _Body(receive, lambda size: self._hold_body(name, size))
        answered = False

        async def send_and_note(message: Message) -> None:
            nonlocal answered
            if body.refusal is None:  # otherwise we answer
                answered = True
                await send(message)

        self._open[name] += 1
        self._metrics.connections += 1
        try:
            await self._app(scope, body.receive, send_and_note)
        except RefusedError as refused:
            if answered:
                self._refusals.note(refused.response.reason, name, _address(scope), scope["path"])
            else:
                await self._refuse(scope, send, replace(refused.response, principal=name))
        finally:
            self._metrics.connections -= 1
            _take_off(self._open, name, 1)
            _take_off(self._body_bytes, name, body.bytes)

    def _hold_body(self, name: str, size: int) -> bool:
        """Count so many bytes more for a principal's open requests; False if they are too many together."""
        self._body_bytes[name] += size
        return self._body_bytes[name] <= self._max_body_bytes

    async def _refuse(self, scope: Scope, send: Send, refusal: ErrorResponse) -> None:
        self._refusals.note(refusal.reason, refusal.principal, _address(scope), scope["path"])
        if refusal.status == 429:
            await anyio.sleep(min(refusal.retry_after_s, REFUSAL_DELAY_S))
        metadata = ""
        if self._authenticator.provider is not None and refusal.challenge:
            metadata = resource_of(scope, METADATA_PATH + scope["path"])
        await _answer(send, refusal, metadata)


def resource_of(scope: Scope, path: str) -> str:
    """The URL of a path of this server, with the host that the client used."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    return f"{scope.get('scheme', 'http')}://{host}{path}"


class _Body:
    """A request's body, with a time limit that starts with the first read, and counted by `hold`. Once the
    body is complete, waiting for a disconnect has no limit.
    """

    def __init__(self, receive: Receive, hold: Callable[[int], bool]) -> None:
        self._receive = receive
        self._hold = hold
        self._deadline: float | None = None
        self._complete = False
        self.bytes = 0
        self.refusal: ErrorResponse | None = None

    async def receive(self) -> Message:
        """Raises RefusedError, once `refusal` says why."""
        if self._complete:
            return await self._receive()
        now = time.monotonic()
        self._deadline = self._deadline or now + BODY_TIMEOUT_S
        try:
            with anyio.fail_after(max(0.0, self._deadline - now)):
                message = await self._receive()
        except TimeoutError:
            sentence = f"The body did not arrive within {BODY_TIMEOUT_S:g} s."
            self.refusal = ErrorResponse(408, "slow body", sentence)
            raise RefusedError(self.refusal) from None
        size = len(message.get("body", b""))
        self.bytes += size
        if not self._hold(size):
            sentence = "The open requests are too large together. Wait for answers first."
            self.refusal = ErrorResponse(429, "too many bytes", sentence, retry_after_s=1)
            raise RefusedError(self.refusal)
        self._complete = not message.get("more_body", False)
        return message


def _take_off(counter: Counter[str], name: str, number: int) -> None:
    counter[name] -= number
    if not counter[name]:
        del counter[name]


def _over_head_limit(scope: Scope) -> ErrorResponse | None:
    size = len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"")
    size += sum(len(name) + len(value) for name, value in scope["headers"])
    if size <= MAX_HEADER_BYTES:
        return None
    return ErrorResponse(431, "large head", f"The request's head is larger than {MAX_HEADER_BYTES >> 10} KB.")


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
