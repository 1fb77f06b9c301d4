"""Accepts connections within the limits of `Connections`, and limits the time of a TLS handshake.

uvicorn would accept as many as come: when the process has no more file descriptors, it accepts nobody for a
second and writes a traceback, again and again.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Final

from mcp_smalltools.server.http import header_timeout
from mcp_smalltools.server.http.connections import Connections, OpenConnection
from mcp_smalltools.server.http.header_timeout import HeaderTimeoutProtocol
from mcp_smalltools.server.http.log_lines import LineLog

_NO_DESCRIPTOR_S: Final = 0.05
"""Seconds until accepting is tried again when the system has no file descriptor left."""

MakeProtocol = Callable[[], HeaderTimeoutProtocol]


class Acceptor:
    """Serves a listening socket."""

    def __init__(
        self,
        listener: socket.socket,
        connections: Connections,
        make_protocol: MakeProtocol,
        tls: ssl.SSLContext | None,
        log: LineLog,
    ) -> None:
        self._listener = listener
        self._connections = connections
        self._make_protocol = make_protocol
        self._tls = tls
        self._log = log
        self._running: set[asyncio.Task[bool]] = set()

    async def run(self) -> None:
        """Accept until cancelled; the socket is closed then."""
        loop = asyncio.get_running_loop()
        self._listener.setblocking(False)
        try:
            while True:
                try:
                    accepted, address = await loop.sock_accept(self._listener)
                except OSError as error:
                    self._connections.close_idlest()
                    self._log.write(f"a connection can't be accepted: {error.strerror}")
                    await asyncio.sleep(_NO_DESCRIPTOR_S)
                    continue
                self._admit(accepted, str(address[0]) if isinstance(address, tuple) else "")
        finally:
            self._listener.close()

    def _admit(self, accepted: socket.socket, address: str) -> None:
        connections = self._connections
        if connections.is_full or connections.count(address) >= connections.each:
            full = f"{connections.most} connections are open"
            full = full if connections.is_full else f"an address has {connections.each} connections open"
            self._log.write(f"{full}, the most there may be; the idlest are closed for new ones")
        connection = connections.open(address)
        if connection is None:
            accepted.close()
            return
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._hand_over(accepted, connection))
        connection.close = task.cancel
        self._running.add(task)

        def finish(done: asyncio.Task[bool]) -> None:
            self._running.discard(done)
            if done.cancelled() or done.exception() is not None or not done.result():
                self._connections.remove(connection)
                loop.call_soon(accepted.close)  # after its transport, if it got one

        task.add_done_callback(finish)

    async def _hand_over(self, accepted: socket.socket, connection: OpenConnection) -> bool:
        """Give the connection to a protocol, after the handshake if there is one. False if it failed: the
        client went away, was too slow, or speaks no TLS.
        """

        def protocol() -> HeaderTimeoutProtocol:
            made = self._make_protocol()
            made.follow(connection, self._connections)
            return made

        timeout_s = header_timeout.HEADER_TIMEOUT_S if self._tls else None
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                protocol, accepted, ssl=self._tls, ssl_handshake_timeout=timeout_s
            )
        except (OSError, TimeoutError):
            return False
        return True
