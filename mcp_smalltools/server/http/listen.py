"""The server on a socket, for remote agents.

`/mcp` (streamable HTTP), `/sse`, `/v1/systemone`, `/healthz`, `/metrics`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sqlite3
import ssl
import stat
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

from mcp_smalltools.config import Settings, no_root
from mcp_smalltools.errors import ConfigError, SmallToolsError
from mcp_smalltools.server.app import build_server
from mcp_smalltools.server.http.accept import Acceptor
from mcp_smalltools.server.http.asgi import AsgiApp, Receive, Scope, Send
from mcp_smalltools.server.http.auth import (
    LOOPBACK_NAMES,
    METADATA_PATH,
    Authenticator,
    HostOriginCheck,
    token_file,
)
from mcp_smalltools.server.http.connections import Connections, raise_descriptor_limit
from mcp_smalltools.server.http.header_timeout import HeaderTimeoutProtocol
from mcp_smalltools.server.http.limits import ConcurrencyLimit
from mcp_smalltools.server.http.log_lines import LineLog, take_over_logs
from mcp_smalltools.server.http.metrics import CONTENT_TYPE, Metrics
from mcp_smalltools.server.http.middleware import (
    CALLER,
    MAX_HEADER_BYTES,
    AccessMiddleware,
    resource_of,
)
from mcp_smalltools.server.http.oauth import ResourceServer
from mcp_smalltools.server.http.refusals import RefusalRecorder
from mcp_smalltools.server.http.sessions import SessionMiddleware, SessionTable
from mcp_smalltools.server.scope import DISCONNECTED
from mcp_smalltools.server.shutdown import EndSignals, exit_in_time
from mcp_smalltools.server.systemone import PATH as SYSTEMONE_PATH
from mcp_smalltools.server.systemone import SystemOne
from mcp_smalltools.server.tool_list_changes import ToolListSubscribers, follow_skills, print_skill_problems
from mcp_smalltools.service import Service

MESSAGES_PATH = "/messages/"
BACKLOG = 256
"""Connections that the system keeps until they are accepted."""
SWITCH_INTERVAL_S = 0.001
"""Seconds that a computing thread keeps the interpreter while others wait. Python's 0.005 would delay a short
call, which changes threads several times, by more than it takes.
"""
KEEP_ALIVE_S = 30
"""Seconds that an idle connection stays open: longer than clients keep theirs (httpx 5, aiohttp 15). Where
both are the same, a busy client sends now and then into a connection that is being closed; an SSE client of
the SDK then sends nothing any more, and its call waits for ever.
"""
FINISH_S = 2
"""Seconds that open connections get to finish after a signal."""

# `AccessMiddleware` checks Host and Origin on every route; the SDK's own check covers only some of them.
_CHECKED_BY_MIDDLEWARE = TransportSecuritySettings(enable_dns_rebinding_protection=False)


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """Where and how to listen, and which names are accepted besides the address itself."""

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
    if not settings.effective_roots:
        raise no_root()
    _check_certificate(options)
    authenticator = Authenticator(settings)
    listener = _listen(options)
    port = listener.getsockname()[1]
    limit = ConcurrencyLimit(
        at_once=settings.http_calls_at_once,
        each_at_once=settings.http_calls_at_once_each,
        each_waiting=settings.http_calls_waiting_each,
    )
    metrics = Metrics(limit)
    service.on_recorded = metrics.count_call
    refusals = RefusalRecorder(service, metrics)
    subscribers = ToolListSubscribers()
    mcp_server = build_server(service, subscribers, limit.acquire, CALLER.get)
    systemone = SystemOne(service, CALLER.get, limit.acquire)
    app = AccessMiddleware(
        http_app(mcp_server, settings, authenticator.provider, metrics, systemone),
        HostOriginCheck.of(port, options.host, options.allow_hosts, options.allow_origins, options.scheme),
        authenticator,
        refusals,
        metrics,
        open_paths=_open_paths(settings),
        requests_per_minute=settings.http_requests_per_minute,
        open_requests=settings.http_open_requests,
        max_body_bytes=settings.http_max_body_mb << 20,
    )
    log = LineLog()
    take_over_logs(log)
    config = _uvicorn_config(app, options)
    server = _UvicornServer(config)
    most = raise_descriptor_limit()
    connections = Connections(most=most, each=settings.http_connections_each)
    acceptor = Acceptor(listener, connections, server.protocol, config.ssl, log)
    # The SDK logs what it could not read, which may be text that an agent has sent.
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    _warm_up(service)
    _print_address(options, port, token_file(settings))
    print_skill_problems(service)
    service.warm_up()
    async with anyio.create_task_group() as group:
        accepting = anyio.CancelScope()
        group.start_soon(follow_skills, service, subscribers)
        group.start_soon(refusals.run)
        if sys.platform != "win32":
            group.start_soon(_stop_on_signal, server, accepting)
        group.start_soon(_accept, acceptor, server, accepting)
        await server.serve(sockets=[])
        group.cancel_scope.cancel()
    exit_in_time()
    authenticator.close()
    await service.close()


async def _accept(acceptor: Acceptor, server: uvicorn.Server, accepting: anyio.CancelScope) -> None:
    with accepting:
        while not server.started:
            await anyio.sleep(0.01)
        await acceptor.run()


def _warm_up(service: Service) -> None:
    """Load what the first call needs, before anybody waits for it. Errors are left to the call that meets
    them.
    """
    from mcp_smalltools.files import roots  # noqa: F401
    from mcp_smalltools.privacy.find_secrets import compile_matchers

    compile_matchers()
    with contextlib.suppress(SmallToolsError, sqlite3.Error):
        _ = service.engine
        service.ledger()


def _uvicorn_config(app: AsgiApp, options: HttpOptions) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=HeaderTimeoutProtocol,
        ws="none",
        lifespan="on",
        log_level="warning",
        log_config=None,
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=FINISH_S,
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
    )
    config.load()
    return config


def _open_paths(settings: Settings) -> frozenset[str]:
    """The paths that are answered without a token."""
    metadata = (
        {METADATA_PATH, f"{METADATA_PATH}/mcp", f"{METADATA_PATH}/sse"} if settings.oauth_issuer else set()
    )
    metrics = {"/metrics"} if settings.http_open_metrics else set()
    return frozenset({"/healthz", *metadata, *metrics})


def http_app(
    server: Server[Any],
    settings: Settings,
    provider: ResourceServer | None,
    metrics: Metrics,
    systemone: SystemOne,
) -> AsgiApp:
    """Both endpoints over one server, and that of typed questions. Needs `AccessMiddleware` around it."""
    most_body = settings.http_max_body_mb << 20
    sessions = StreamableHTTPSessionManager(
        server,
        security_settings=_CHECKED_BY_MIDDLEWARE,
        max_request_body_size=most_body,
        max_sessions=2 * settings.http_max_sessions,  # `SessionTable` limits them, with those being closed
    )
    sse = SseServerTransport(MESSAGES_PATH, _CHECKED_BY_MIDDLEWARE, max_request_body_size=most_body)
    table = SessionTable(most=settings.http_max_sessions, each=settings.http_sessions_each)

    async def listen_to_sse(scope: Scope, receive: Receive, send: Send) -> None:
        async with sse.connect_sse(scope, receive, send) as (read, write):
            await server.run(read, write, server.create_initialization_options())

    async def healthz(request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def exposition(request: Request) -> Response:
        return Response(metrics.text(), headers={"content-type": CONTENT_TYPE})

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with sessions.run():
            yield

    routes: list[BaseRoute] = [
        Route("/mcp", _Endpoint(_signal_disconnects(StreamableHTTPASGIApp(sessions)))),
        Route("/sse", _Endpoint(listen_to_sse), methods=["GET"]),
        Mount(MESSAGES_PATH, app=sse.handle_post_message),
        Route(SYSTEMONE_PATH, systemone.answer, methods=["POST"]),
        Route("/healthz", healthz, methods=["GET"]),
        Route("/metrics", exposition, methods=["GET"]),
    ]
    if provider is not None:
        routes.append(Route(METADATA_PATH + "{path:path}", _metadata(provider), methods=["GET"]))
    inner = Starlette(routes=routes, lifespan=lifespan)
    return SessionMiddleware(inner, table, settings.http_sessions_per_minute)


def _metadata(provider: ResourceServer) -> Callable[[Request], Awaitable[Response]]:
    """The protected resource metadata of RFC 9728: which provider issues tokens for this server."""

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
    """An ASGI application as a route's endpoint. Starlette would take a plain function for a view."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def _signal_disconnects(app: AsgiApp) -> AsgiApp:
    """Set the request's `DISCONNECTED` event when the client closes the connection.

    The SDK itself cancels calls of the 2026-07-28 protocol and of SSE. With older streamable HTTP it lets
    them run on, for clients that could resume; ours can't, there is no event store.
    """

    async def watch(scope: Scope, receive: Receive, send: Send) -> None:
        disconnected = scope[DISCONNECTED] = anyio.Event()

        async def receive_and_check() -> Any:
            message = await receive()
            if message["type"] == "http.disconnect":
                disconnected.set()
            return message

        await app(scope, receive_and_check, send)

    return watch


class _UvicornServer(uvicorn.Server):
    """Leaves signals to us: uvicorn raises them again when it stops, before the service is closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def protocol(self) -> HeaderTimeoutProtocol:
        """For a connection that `Acceptor` has accepted."""
        return HeaderTimeoutProtocol(self.config, self.server_state, self.lifespan.state)


async def _stop_on_signal(server: uvicorn.Server, accepting: anyio.CancelScope) -> None:
    with EndSignals((signal.SIGTERM, signal.SIGINT)) as signals:
        while await signals.next():
            server.force_exit = server.should_exit  # a second signal doesn't wait
            server.should_exit = True
            accepting.cancel()


def _check_certificate(options: HttpOptions) -> None:
    """Raises ConfigError, before anything listens."""
    if (options.tls_cert is None) != (options.tls_key is None):
        raise ConfigError("TLS needs both --tls-cert and --tls-key.", remedy="Give both.")
    if options.tls_cert is None or options.tls_key is None:
        return
    _check_key_mode(options.tls_key)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            options.tls_cert, options.tls_key, password=_no_password
        )
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ConfigError(
            f"The certificate {options.tls_cert} with the key {options.tls_key} can't be used: {error}.",
            remedy="Both must be PEM files, and the key must have no password.",
        ) from None


def _check_key_mode(key: Path) -> None:
    """A key that everybody on the machine can read is refused; one for a group may be meant so, and is told.

    Raises ConfigError.
    """
    try:
        mode = stat.S_IMODE(key.stat().st_mode)
    except OSError:
        return  # whoever reads it will tell
    if os.name != "posix" or not mode & 0o077:
        return
    if mode & 0o007:
        raise ConfigError(
            f"The TLS key {key} can be read or changed by every user of this machine (mode {mode:o}).",
            remedy=f"Make it yours alone (chmod 600 {key}), and think of it as known.",
        )
    print(
        f"mcp-smalltools: warning: the group of the TLS key {key} can read or change it (mode {mode:o})",
        file=sys.stderr,
    )


def _no_password() -> str:
    raise ValueError("the key has a password")


def _listen(options: HttpOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY; without it each answer takes 40 ms more.
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
            f"Can't listen on {options.host}:{options.port}: {getattr(error, 'strerror', None) or error}.",
            remedy="Choose another address with --host and --port; port 0 takes a free one.",
        ) from None


def _print_address(options: HttpOptions, port: int, token: object) -> None:
    host = f"[{options.host}]" if ":" in options.host else options.host
    address = f"{options.scheme}://{host}:{port}"
    lines = [f"mcp-smalltools: listening on {address} (/mcp and /sse); the token is in {token}"]
    if host not in LOOPBACK_NAMES and options.scheme == "http":
        lines.append(
            "mcp-smalltools: warning: other machines can reach this address, and HTTP is not encrypted; use "
            "--tls-cert and --tls-key, or an SSH tunnel (docs/remote.md)"
        )
    print("\n".join(lines), file=sys.stderr, flush=True)
