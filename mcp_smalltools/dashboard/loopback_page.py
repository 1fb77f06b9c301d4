"""The page on loopback: GET only, Host and Origin checked, a cookie on every path but the link's."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
import uvicorn
from anyio.abc import TaskStatus
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcp_smalltools.config import Settings
from mcp_smalltools.dashboard.access import COOKIE, DashboardAccess, LinkUsedTwice, WrongKey
from mcp_smalltools.dashboard.bill import bill_of
from mcp_smalltools.dashboard.details import names_of
from mcp_smalltools.dashboard.elements import element
from mcp_smalltools.dashboard.figures import FigureReader
from mcp_smalltools.dashboard.machine import Machine, MachineWatch
from mcp_smalltools.dashboard.page import PERIODS, Shown, document, page
from mcp_smalltools.dashboard.specialists import specialists
from mcp_smalltools.errors import ConfigError, SmallToolsError
from mcp_smalltools.learning.improve.kept import learned_states
from mcp_smalltools.server.http.asgi import AsgiApp, Receive, Scope, Send
from mcp_smalltools.server.http.auth import HostOriginCheck

CHART_DAYS: Final = 28
HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Of every response. No script may run, and nothing may be fetched from elsewhere."""
_STYLE: Final = Path(__file__).with_name("style.css")
_ICON: Final = Path(__file__).with_name("icon.svg")


async def serve_dashboard(
    settings: Settings, port: int, ready: Callable[[str], None], *, signals: bool = True
) -> None:
    """Serve until a signal comes, or until cancelled. `ready` is called with the link that works once.

    Raises ConfigError where the port can't be used.
    """
    access, watch = DashboardAccess(), MachineWatch(settings)
    listener = _listen(port)
    port = listener.getsockname()[1]
    app = dashboard_app(settings, access, watch, port)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    async with anyio.create_task_group() as group:
        group.start_soon(watch.run)
        if signals and sys.platform != "win32":  # there Ctrl-C ends the process
            await group.start(_stop_on_signal, server)
        ready(access.link(port))
        try:
            await server.serve(sockets=[listener])
        finally:
            listener.close()
            group.cancel_scope.cancel()


def dashboard_app(settings: Settings, access: DashboardAccess, watch: MachineWatch, port: int) -> AsgiApp:
    """The ASGI application."""
    reader = FigureReader(settings)

    async def show(request: Request) -> Response:
        try:
            machine = await watch.look()
            text = await anyio.to_thread.run_sync(_made, reader, settings, machine, _period(request))
        except SmallToolsError as error:
            return _message("The figures can't be read", str(error), 500)
        return _html(text)

    async def enter(request: Request) -> Response:
        return _enter(request, access)

    def file(path: Path, kind: str) -> Callable[[Request], Awaitable[Response]]:
        content = path.read_bytes()

        async def send(request: Request) -> Response:
            return Response(content, media_type=kind, headers=HEADERS)

        return send

    folder = access.folder
    routes = [
        Route(f"{folder}/", show, methods=["GET"]),
        Route(f"{folder}/open", enter, methods=["GET"]),
        Route(f"{folder}/style.css", file(_STYLE, "text/css"), methods=["GET"]),
        Route(f"{folder}/icon.svg", file(_ICON, "image/svg+xml"), methods=["GET"]),
    ]
    return _Guarded(Starlette(routes=routes), access, HostOriginCheck.of(port, "127.0.0.1"))


def _made(reader: FigureReader, settings: Settings, machine: Machine, period: int | None) -> str:
    figures = reader.read(period, CHART_DAYS)
    names = names_of(figures.latest, settings)
    found = specialists(figures.outcomes)
    bill, learned = bill_of(figures, settings), learned_states(settings)
    return page(Shown(figures, found, machine, names, time.time(), bill, learned))


class _Guarded:
    """An ASGI application around another one: nothing of it is reached without the right Host, and without
    the cookie only the link and the stylesheet are.
    """

    def __init__(self, app: AsgiApp, access: DashboardAccess, check: HostOriginCheck) -> None:
        self._app, self._access, self._check = app, access, check
        self._open = {f"{access.folder}/{name}" for name in ("open", "style.css", "icon.svg")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send) if scope["type"] == "lifespan" else None
        refusal = self._check.check(scope["headers"])
        if refusal is not None:
            return await _message("Refused", refusal.sentence, refusal.status)(scope, receive, send)
        if scope["path"] not in self._open and not self._access.knows(_cookie(Request(scope))):
            return await _closed()(scope, receive, send)
        return await self._app(scope, receive, send)


def _enter(request: Request, access: DashboardAccess) -> Response:
    """Set the cookie. The page after this one is asked for by this one, so that the cookie goes with it even
    where another program's page held the link.
    """
    if request.method == "HEAD":  # whoever looks at a link before it is opened doesn't use it up
        return _closed()
    try:
        value = access.admit(request.query_params.get("key", ""), _cookie(request))
    except WrongKey:
        return _closed()
    except LinkUsedTwice:
        said = (
            "This link was used before, in another browser. In case that was somebody else, all access is "
            "closed now. Stop the command, and start it again: mcp-smalltools dashboard"
        )
        return _message("Access is closed", said, 403)
    head = element("meta", http_equiv="refresh", content=f"0;url={access.folder}/")
    body = element("main", element("p", element("a", "Go on to the page", href=f"{access.folder}/")))
    response = _html(document("mcp-smalltools", [body], [head]))
    response.set_cookie(COOKIE, value, path=f"{access.folder}/", httponly=True, samesite="strict")
    return response


def _closed() -> Response:
    said = "Open the link that the command printed. It works once; for another one: mcp-smalltools dashboard"
    return _message("This page is for whoever started it", said, 403)


def _message(title: str, said: str, status: int) -> Response:
    body = element("main", element("section", element("h1", title), element("p", said), class_="hero"))
    return _html(document(title, [body]), status)


def _html(text: str, status: int = 200) -> Response:
    return Response(text, status, media_type="text/html", headers=HEADERS)


def _cookie(request: Request) -> str:
    return request.cookies.get(COOKIE, "")


def _period(request: Request) -> int | None:
    text = request.query_params.get("days", "")
    return int(text) if text in {str(days) for days in PERIODS} else None


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(64)
        return listener
    except (OSError, OverflowError) as error:
        listener.close()
        raise ConfigError(
            f"Can't listen on 127.0.0.1:{port}: {getattr(error, 'strerror', None) or error}.",
            remedy="Leave --port out: then a free one is taken.",
        ) from None


class _Server(uvicorn.Server):
    """Leaves signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _stop_on_signal(server: uvicorn.Server, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            server.force_exit = server.should_exit
            server.should_exit = True
