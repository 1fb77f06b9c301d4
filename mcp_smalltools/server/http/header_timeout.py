"""Closes connections that take too long to send a request's header. uvicorn itself waits for ever."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

from mcp_smalltools.server.http.connections import Connections, OpenConnection

HEADER_TIMEOUT_S: Final = 15.0
"""Seconds from connecting (or from the first byte of the next request) to a complete request header. A TLS
handshake may take as long before."""


class HeaderTimeoutProtocol(H11Protocol):
    """HTTP/1.1 with `HEADER_TIMEOUT_S` on each request header. Tells `Connections` when it waits for one."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._timer: asyncio.TimerHandle | None = None
        self._connection: OpenConnection | None = None
        self._connections: Connections | None = None

    def follow(self, connection: OpenConnection, connections: Connections) -> None:
        """Note in `connections` what becomes of the connection."""
        self._connection, self._connections = connection, connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._connection is not None:
            self._connection.close = transport.abort
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_answering:
            self._stop_timer()
            if self._connection is not None and self._connections is not None:
                self._connections.note_busy(self._connection)
        elif self._timer is None:
            self._start_timer()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._connection is not None and self._connections is not None and not self._is_answering:
            self._connections.note_idle(self._connection)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        if self._connection is not None and self._connections is not None:
            self._connections.remove(self._connection)
            self._connection = None
        super().connection_lost(exc)

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(HEADER_TIMEOUT_S, self._close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close(self) -> None:
        self._timer = None
        if not self._is_answering:
            self.transport.close()
