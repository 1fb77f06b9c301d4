"""The server on a socket, for remote agents: `/mcp` (streamable HTTP), `/sse`, `/healthz`."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import anyio
import uvicorn
from mcp.server.lowlevel.server import Server
from mcp.server.sse import SseServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from mcp_smalltools import __version__
from mcp_smalltools.errors import ConfigError
from mcp_smalltools.server.app import GONE, build_server
from mcp_smalltools.server.auth import (
    LOOPBACK_NAMES,
    AsgiApp,
    Door,
    Receive,
    Scope,
    Send,
    bearer_token,
    guarded,
    token_file,
)
from mcp_smalltools.server.changes import Changes, follow_skills, say
from mcp_smalltools.service import Service

MESSAGES_PATH = "/messages/"
MAX_BODY = 16 << 20
MAX_SESSIONS = 100
CLOSING_S = 3
"""Seconds that open connections get to end after a signal."""

# The door in front of every route checks Host and Origin; the SDK's own checks know only some of the routes.
_CHECKED_AT_THE_DOOR = TransportSecuritySettings(enable_dns_rebinding_protection=False)


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """Where to listen, and what to accept besides the address itself."""

    host: str = "127.0.0.1"
    port: int = 0
    allow_hosts: tuple[str, ...] = ()
    allow_origins: tuple[str, ...] = ()


async def serve_http(service: Service, options: HttpOptions) -> None:
    """Serve until a signal comes; then running calls are cancelled and connections closed."""
    token = bearer_token(service.settings)
    listener = _listen(options)
    port = listener.getsockname()[1]
    door = Door.of(token, port, options.host, options.allow_hosts, options.allow_origins)
    changes = Changes()
    config = uvicorn.Config(
        guarded(http_app(build_server(service, changes)), door),
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=CLOSING_S,
    )
    server = _Server(config)
    _announce(options, port, token_file(service.settings))
    say(service)
    async with anyio.create_task_group() as group:
        group.start_soon(follow_skills, service, changes)
        if sys.platform != "win32":
            group.start_soon(_stop_on_signal, server)
        await server.serve(sockets=[listener])
        group.cancel_scope.cancel()
    await service.close()


def http_app(server: Server[Any]) -> AsgiApp:
    """Both endpoints over one server. Needs a door in front of it."""
    sessions = StreamableHTTPSessionManager(
        server,
        security_settings=_CHECKED_AT_THE_DOOR,
        max_request_body_size=MAX_BODY,
        max_sessions=MAX_SESSIONS,
    )
    sse = SseServerTransport(MESSAGES_PATH, _CHECKED_AT_THE_DOOR, max_request_body_size=MAX_BODY)

    async def listen_to_sse(scope: Scope, receive: Receive, send: Send) -> None:
        async with sse.connect_sse(scope, receive, send) as (read, write):
            await server.run(read, write, server.create_initialization_options())

    async def healthz(request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "version": __version__})

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with sessions.run():
            yield

    return Starlette(
        routes=[
            Route("/mcp", _Endpoint(_noticing_disconnects(StreamableHTTPASGIApp(sessions)))),
            Route("/sse", _Endpoint(listen_to_sse), methods=["GET"]),
            Mount(MESSAGES_PATH, app=sse.handle_post_message),
            Route("/healthz", healthz, methods=["GET"]),
        ],
        lifespan=lifespan,
    )


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


def _listen(options: HttpOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        return socket.create_server((options.host.strip("[]"), options.port), family=family)
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"Can't listen on {options.host}:{options.port}: {error}.",
            remedy="Choose another with --host and --port; port 0 takes a free one.",
        ) from None


def _announce(options: HttpOptions, port: int, token: object) -> None:
    host = f"[{options.host}]" if ":" in options.host else options.host
    lines = [f"mcp-smalltools: listening on http://{host}:{port} (/mcp and /sse); the token is in {token}"]
    if host not in LOOPBACK_NAMES:
        lines.append(
            "mcp-smalltools: other machines can reach this address, and HTTP is not encrypted: put a proxy "
            "with TLS before it, or use an SSH tunnel (docs/remote.md)"
        )
    print("\n".join(lines), file=sys.stderr, flush=True)
