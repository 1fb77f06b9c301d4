"""One connection to the daemon: the handshake, many requests in flight, and a heartbeat."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from mcp_smalltools import metering
from mcp_smalltools.engine import protocol
from mcp_smalltools.engine.endpoint import UNIX, Endpoint
from mcp_smalltools.errors import EngineUnavailable
from mcp_smalltools.metering import CallMeter

HEARTBEAT_S: Final = 1.0
SILENT_BEATS: Final = 10
"""Heartbeats without a frame after which the daemon counts as stuck. They are counted while this process
runs, so a laptop that slept, or a client that was stopped, doesn't count as silence of the daemon."""

_HANDSHAKE_S: Final = HEARTBEAT_S * SILENT_BEATS


class DaemonNotRunning(Exception):
    """Nothing listens at the endpoint."""


class DaemonSilent(Exception):
    """Something listens, and doesn't answer."""


class VersionRefused(Exception):
    """The daemon is of another version."""

    def __init__(self, refusal: protocol.Refused) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class ConnectionLost(Exception):
    """The daemon went away before it answered; `silent` if it is there and doesn't answer."""

    def __init__(self, *, silent: bool = False) -> None:
        super().__init__(silent)
        self.silent = silent


@dataclass(slots=True)
class _Pending:
    future: asyncio.Future[Any]
    on_progress: Callable[[int, int], None]
    meter: CallMeter | None = None


class Connection:
    """Made by `open`. Belongs to the event loop that it was opened in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = 0
        self.version = ""
        self._reader, self._writer = reader, writer
        self._pending: dict[int, _Pending] = {}
        self._ids = itertools.count(1)
        self._heard = False
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(cls, endpoint: Endpoint, *, version: str, client: str, replace: bool) -> Connection:
        """Connect and shake hands. Raises NotRunning, Silent, Declined, EngineUnavailable (wrong token)."""
        token = endpoint.token()
        if token is None:
            raise DaemonNotRunning
        try:
            async with asyncio.timeout(_HANDSHAKE_S):
                connection = cls(*await connect(endpoint))
                try:
                    await connection._shake_hands(token, version, client, replace)
                except BaseException:  # also when cancelled: the socket must not stay open
                    connection._writer.close()
                    raise
        except TimeoutError:
            raise DaemonSilent from None
        except (OSError, asyncio.IncompleteReadError):
            raise DaemonNotRunning from None
        connection._tasks = [
            asyncio.create_task(connection._read_frames()),
            asyncio.create_task(connection._watch()),
        ]
        return connection

    @property
    def alive(self) -> bool:
        return not self._writer.is_closing()

    async def ask(
        self, frame: Callable[[int], Any], on_progress: Callable[[int, int], None] = lambda done, total: None
    ) -> Any:
        """Send `frame(id)` and await its answer; cancelling the task cancels the request.

        Raises Lost, ProtocolError (too large), or the error that the daemon raised.
        """
        if not self.alive:
            raise ConnectionLost
        number = next(self._ids)
        data = protocol.encode(frame(number), protocol.MAX_REQUEST)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[number] = _Pending(future, on_progress, metering.CURRENT.get())
        try:
            self._writer.write(data)
            return await future
        except asyncio.CancelledError:
            self.send(protocol.Cancel(number))
            raise
        finally:
            del self._pending[number]

    def send(self, frame: Any) -> None:
        if self.alive:
            self._writer.write(protocol.encode(frame, protocol.MAX_REQUEST))

    async def close(self) -> None:
        self._abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _shake_hands(self, token: str, version: str, client: str, replace: bool) -> None:
        nonce = secrets.token_bytes(16)
        self.send(protocol.Hello(nonce))
        challenge = await self._receive(protocol.Challenge)
        if not protocol.proves(challenge.proof, token, "engine", challenge.nonce, nonce):
            raise EngineUnavailable(
                "What listens at the engine's address doesn't know its token.",
                remedy="End the process that listens there, or set another runtime_dir.",
            )
        proof = protocol.prove(token, "client", nonce, challenge.nonce)
        self.send(protocol.Auth(proof, version, client, replace))
        welcome = await self._receive(protocol.Welcome)
        self.pid, self.version = welcome.pid, welcome.version

    async def _receive(self, expected: type[Any]) -> Any:
        frame, _ = await protocol.read_frame(self._reader.readexactly, protocol.MAX_HANDSHAKE)
        if isinstance(frame, expected):
            return frame
        if isinstance(frame, protocol.Refused) and frame.code == "version":
            raise VersionRefused(frame)
        raise EngineUnavailable(
            "The engine refused the connection: its token is another one.",
            remedy="Run `mcp-smalltools doctor`.",
        )

    async def _read_frames(self) -> None:
        try:
            while True:
                frame, _ = await protocol.read_frame(self._reader.readexactly, protocol.MAX_REPLY)
                self._heard = True
                self._take(frame)
        except (OSError, asyncio.IncompleteReadError, protocol.ProtocolError):
            self._abort()

    def _take(self, frame: Any) -> None:
        pending = self._pending.get(getattr(frame, "id", -1))
        if pending is None or pending.future.done():
            return  # a pong, or the answer to a request that was cancelled
        if isinstance(frame, protocol.Progress):
            pending.on_progress(frame.done, frame.total)
        elif isinstance(frame, protocol.Failure):
            pending.future.set_exception(protocol.as_error(frame))
        elif isinstance(frame, protocol.Result):
            if pending.meter is not None:
                pending.meter.engine_s += frame.cpu_s
                pending.meter.gpu_s += frame.gpu_s
            pending.future.set_result(frame.value)

    async def _watch(self) -> None:
        """Give up on a daemon that sends nothing for SILENT_BEATS heartbeats while an answer is due."""
        silent = 0
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            silent = 0 if self._heard or not self._pending else silent + 1
            self._heard = False
            if silent >= SILENT_BEATS:
                self._abort(silent=True)
                return
            if self._pending:
                self.send(protocol.Ping())

    def _abort(self, *, silent: bool = False) -> None:
        for pending in self._pending.values():
            if not pending.future.done():
                pending.future.set_exception(ConnectionLost(silent=silent))
        self._writer.transport.abort()


async def connect(endpoint: Endpoint) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream to whoever listens at the endpoint. Raises OSError."""
    if UNIX:
        return await asyncio.open_unix_connection(endpoint.socket)
    port = endpoint.port()
    if port is None:
        raise ConnectionRefusedError
    return await asyncio.open_connection("127.0.0.1", port)
