"""A proxy on loopback that adds the bearer token: for test suites of others that can send no header.

All else passes byte for byte, Host and Origin too, so that the server's own checks are what is tested. One
request a connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_CONNECTION = re.compile(rb"\r\n(?:connection|keep-alive):[^\r]*", re.IGNORECASE)


@dataclass
class Proxy:
    """Where it listens, and what it stands before: a server that may start later, since that has to know the
    proxy's port.
    """

    port: int = 0
    server_port: int = 0
    token: str = ""


@contextlib.contextmanager
def token_proxy() -> Iterator[Proxy]:
    """A proxy that runs while the block does."""
    proxy = Proxy()
    ready = threading.Event()
    stop: list[Callable[[], object]] = []

    async def serve() -> None:
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        async with await asyncio.start_server(lambda *pair: _pass(*pair, proxy), "127.0.0.1", 0) as server:
            proxy.port = server.sockets[0].getsockname()[1]
            stop.append(lambda: loop.call_soon_threadsafe(over.set))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield proxy
    finally:
        stop[0]()
        thread.join(10)


async def _pass(client: asyncio.StreamReader, to_client: asyncio.StreamWriter, proxy: Proxy) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(to_client):
        head = await client.readuntil(b"\r\n\r\n")
        head = _CONNECTION.sub(b"", head[:-4])
        server, to_server = await asyncio.open_connection("127.0.0.1", proxy.server_port)
        with contextlib.closing(to_server):
            added = f"\r\nConnection: close\r\nAuthorization: Bearer {proxy.token}\r\n\r\n"
            to_server.write(head + added.encode())
            # Whoever leaves first ends the other: a client that goes away must be seen as gone.
            pumps = [
                asyncio.create_task(_pump(client, to_server)),
                asyncio.create_task(_pump(server, to_client)),
            ]
            _, left = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in left:
                pump.cancel()
            await asyncio.wait(pumps)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
