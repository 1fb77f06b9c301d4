"""The server on a socket, for remote agents: `/mcp` (streamable HTTP), `/sse`, `/healthz`, `/metrics`."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sqlite3
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from mcp.server.lowlevel.server import Server
from mcp.server.sse import SseServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from mcp_smalltools import __version__
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ConfigError, SmallToolsError
from mcp_smalltools.server.app import build_server
from mcp_smalltools.server.changes import Changes, follow_skills, say
from mcp_smalltools.server.http.asgi import AsgiApp, Receive, Scope, Send
from mcp_smalltools.server.http.auth import LOOPBACK_NAMES, METADATA_PATH, Door, Identity, token_file
from mcp_smalltools.server.http.guard import CALLER, Guard, resource_of
from mcp_smalltools.server.http.limits import Gate
from mcp_smalltools.server.http.metrics import CONTENT_TYPE, Metrics
from mcp_smalltools.server.http.oauth import ResourceServer
from mcp_smalltools.server.http.refusals import Refusals
from mcp_smalltools.server.http.slow_clients import ImpatientProtocol
from mcp_smalltools.server.scope import GONE
from mcp_smalltools.service import Service

MESSAGES_PATH = "/messages/"
MOST_CONNECTIONS = 2048
BACKLOG = 256
MOST_HEAD_BYTES = 32 << 10
CLOSING_S = 3
"""Seconds that open connections get to end after a signal."""

# The door in front of every route checks Host and Origin; the SDK's own checks know only some of the routes.
_CHECKED_AT_THE_DOOR = TransportSecuritySettings(enable_dns_rebinding_protection=False)


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """Where to listen, how, and what to accept besides the address itself."""

    host: str = "127.0.0.1"
    port: int = 0
    allow_hosts: tuple[str, ...] = ()
    allow_origins: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @property
    def scheme(self) -> str:
        return "https" if self.tls_cert else "http"


async def serve_http(service: Service, options: HttpOptions) -> None:
    """Serve until a signal comes; then running calls are cancelled and connections closed."""
    settings = service.settings
    _check_certificate(options)
    identity = Identity(settings)
    listener = _listen(options)
    port = listener.getsockname()[1]
    gate = Gate(
        at_once=settings.http_calls_at_once,
        each_at_once=settings.http_calls_at_once_each,
        each_waiting=settings.http_calls_waiting_each,
    )
    metrics = Metrics(gate)
    service.on_recorded = metrics.count_call
    refusals = Refusals(service, metrics)
    changes = Changes()
    guard = Guard(
        http_app(build_server(service, changes, gate.turn, CALLER.get), settings, identity, metrics),
        Door.of(port, options.host, options.allow_hosts, options.allow_origins, options.scheme),
        identity,
        refusals,
        metrics,
        open_paths=_open_paths(settings),
        requests_per_minute=settings.http_requests_per_minute,
        open_requests=settings.http_open_requests,
    )
    server = _Server(_uvicorn(guard, options))
    # The SDK logs what it could not read, which may be text that an agent has sent.
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    _warm_up(service)
    _announce(options, port, token_file(settings))
    say(service)
    async with anyio.create_task_group() as group:
        group.start_soon(follow_skills, service, changes)
        group.start_soon(refusals.run)
        if sys.platform != "win32":
            group.start_soon(_stop_on_signal, server)
        await server.serve(sockets=[listener])
        group.cancel_scope.cancel()
    identity.close()
    await service.close()


def _warm_up(service: Service) -> None:
    """Load what the first call needs: a server that stays may take the time before anybody waits. What is
    wrong is said by the call that needs it.
    """
    from mcp_smalltools.files import roots  # noqa: F401
    from mcp_smalltools.privacy.prefilter import families

    families()
    with contextlib.suppress(SmallToolsError, sqlite3.Error):
        _ = service.engine
        service.ledger()


def _uvicorn(app: AsgiApp, options: HttpOptions) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=ImpatientProtocol,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        timeout_graceful_shutdown=CLOSING_S,
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
    )


def _open_paths(settings: Settings) -> frozenset[str]:
    """Answered without a token."""
    metadata = (
        {METADATA_PATH, f"{METADATA_PATH}/mcp", f"{METADATA_PATH}/sse"} if settings.oauth_issuer else set()
    )
    metrics = {"/metrics"} if settings.http_open_metrics else set()
    return frozenset({"/healthz", *metadata, *metrics})


def http_app(server: Server[Any], settings: Settings, identity: Identity, metrics: Metrics) -> AsgiApp:
    """Both endpoints over one server. Needs a guard in front of it."""
    most_body = settings.http_max_body_mb << 20
    sessions = StreamableHTTPSessionManager(
        server,
        security_settings=_CHECKED_AT_THE_DOOR,
        max_request_body_size=most_body,
        max_sessions=settings.http_max_sessions,
    )
    sse = SseServerTransport(MESSAGES_PATH, _CHECKED_AT_THE_DOOR, max_request_body_size=most_body)
    streams = anyio.Semaphore(settings.http_max_sessions)

    async def listen_to_sse(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            streams.acquire_nowait()
        except anyio.WouldBlock:
            full = JSONResponse({"error": "Too many streams are open."}, 503, {"retry-after": "10"})
            return await full(scope, receive, send)
        try:
            async with sse.connect_sse(scope, receive, send) as (read, write):
                await server.run(read, write, server.create_initialization_options())
        finally:
            streams.release()

    async def healthz(request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "version": __version__})

    async def exposition(request: Request) -> Response:
        return Response(metrics.text(), headers={"content-type": CONTENT_TYPE})

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with sessions.run():
            yield

    routes: list[BaseRoute] = [
        Route("/mcp", _Endpoint(_noticing_disconnects(StreamableHTTPASGIApp(sessions)))),
        Route("/sse", _Endpoint(listen_to_sse), methods=["GET"]),
        Mount(MESSAGES_PATH, app=sse.handle_post_message),
        Route("/healthz", healthz, methods=["GET"]),
        Route("/metrics", exposition, methods=["GET"]),
    ]
    if identity.provider is not None:
        routes.append(Route(METADATA_PATH + "{path:path}", _metadata(identity.provider), methods=["GET"]))
    return Starlette(routes=routes, lifespan=lifespan)


def _metadata(provider: ResourceServer) -> Callable[[Request], Awaitable[Response]]:
    """RFC 9728: which provider gives tokens for this server."""

    async def metadata(request: Request) -> Response:
        path = request.path_params["path"] or "/mcp"
        is_url = provider.audience.startswith(("https://", "http://"))
        return JSONResponse(
            {
                "resource": provider.audience if is_url else resource_of(request.scope, path),
                "authorization_servers": [provider.issuer],
                "scopes_supported": list(provider.scopes),
                "bearer_methods_supported": ["header"],
                "resource_name": "mcp-smalltools",
            }
        )

    return metadata


class _Endpoint:
    """An ASGI application as a route's endpoint: Starlette takes a plain function for a view."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def _noticing_disconnects(app: AsgiApp) -> AsgiApp:
    """Tell the call that its client is gone. The SDK does so for the 2026-07-28 protocol and for SSE; for
    older streamable HTTP it lets the call run on, for a client that could resume: ours can't, there is no
    event store.
    """

    async def notice(scope: Scope, receive: Receive, send: Send) -> None:
        gone = scope[GONE] = anyio.Event()

        async def receive_and_look() -> Any:
            message = await receive()
            if message["type"] == "http.disconnect":
                gone.set()
            return message

        await app(scope, receive_and_look, send)

    return notice


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn raises them again at its end, before the service is closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _stop_on_signal(server: uvicorn.Server) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            server.force_exit = server.should_exit  # the second one doesn't wait
            server.should_exit = True


def _check_certificate(options: HttpOptions) -> None:
    """Raises ConfigError, before anything listens."""
    if (options.tls_cert is None) != (options.tls_key is None):
        raise ConfigError("TLS needs both --tls-cert and --tls-key.", remedy="Give the other one too.")
    if options.tls_cert is None or options.tls_key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            options.tls_cert, options.tls_key, password=_no_password
        )
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ConfigError(
            f"The certificate {options.tls_cert} with the key {options.tls_key} can't be used: {error}.",
            remedy="Both have to be PEM files, the key without a password.",
        ) from None


def _no_password() -> str:
    raise ValueError("the key has a password")


def _listen(options: HttpOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    # Named as TCP, for only then asyncio sends small packets at once: 40 ms for each answer otherwise.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((options.host.strip("[]"), options.port))
        listener.listen(BACKLOG)
        return listener
    except (OSError, OverflowError) as error:
        listener.close()
        raise ConfigError(
            f"Can't listen on {options.host}:{options.port}: {error}.",
            remedy="Choose another with --host and --port; port 0 takes a free one.",
        ) from None


def _announce(options: HttpOptions, port: int, token: object) -> None:
    host = f"[{options.host}]" if ":" in options.host else options.host
    address = f"{options.scheme}://{host}:{port}"
    lines = [f"mcp-smalltools: listening on {address} (/mcp and /sse); the token is in {token}"]
    if host not in LOOPBACK_NAMES and options.scheme == "http":
        lines.append(
            "mcp-smalltools: other machines can reach this address, and HTTP is not encrypted: give "
            "--tls-cert and --tls-key, or use an SSH tunnel (docs/remote.md)"
        )
    print("\n".join(lines), file=sys.stderr, flush=True)
