"""One client's connection to the daemon: the handshake, its requests, and the answers to them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, get_args

from mcp_smalltools.engine import protocol, work
from mcp_smalltools.engine.api import EngineStatus
from mcp_smalltools.engine.work import Job
from mcp_smalltools.errors import EngineBusy, EngineError, InternalError, SmallToolsError

log = logging.getLogger("mcp_smalltools.engine")

HANDSHAKE_S: Final = 10.0
PROGRESS_EVERY_S: Final = 0.1
PENDING_BYTES: Final = 256 << 20
"""Bytes of requests that one client may have waiting here."""


@dataclass(slots=True)
class _PendingRequest:
    size: int
    job: Job | None = None
    reported_at: float = field(default=0.0)


class _HandshakeFailed(Exception):
    """The handshake failed; the reason was sent to the client."""


class SessionHost(Protocol):
    """What a session needs of the daemon."""

    token: str
    version: str

    async def submit(self, job: Job) -> None:
        """Raises SmallToolsError."""

    def finished(self) -> None:
        """A session has ended, or one of its requests."""

    def used_by_others(self, session: DaemonSession) -> bool: ...

    def status(self) -> EngineStatus: ...

    def leave(self, reason: str) -> None: ...


class DaemonSession:
    """Reads one client's frames until it disconnects, then cancels its jobs."""

    def __init__(
        self, daemon: SessionHost, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.name = ""
        self._daemon = daemon
        self._reader, self._writer = reader, writer
        self._running: dict[int, _PendingRequest] = {}
        self._asked_at = float("-inf")
        self._loop = asyncio.get_running_loop()
        self._submits: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        return bool(self._running)

    def asked_within(self, seconds: float) -> bool:
        return time.monotonic() - self._asked_at < seconds

    async def run(self) -> None:
        """Serve the client until it disconnects or sends something that isn't a frame."""
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                await self._shake_hands()
            while True:
                frame, size = await protocol.read_frame(self._reader.readexactly, protocol.MAX_REQUEST)
                self._take(frame, size)
        except (OSError, asyncio.IncompleteReadError, TimeoutError, _HandshakeFailed):
            return
        except protocol.ProtocolError as error:
            log.warning("a client was dropped: %s", error)

    def close(self) -> None:
        """Cancel everything that the client is waiting for."""
        for running in self._running.values():
            if running.job is not None:
                running.job.cancel()
        for task in self._submits:
            task.cancel()
        self._running.clear()
        self._writer.close()

    async def _shake_hands(self) -> None:
        daemon, nonce = self._daemon, secrets.token_bytes(16)
        hello = await self._receive(protocol.Hello)
        proof = protocol.prove(daemon.token, "engine", nonce, hello.nonce)
        self._send(protocol.Challenge(nonce, proof))
        auth = await self._receive(protocol.Auth)
        if not protocol.proves(auth.proof, daemon.token, "client", hello.nonce, nonce):
            await self._refuse(protocol.Refused("token"))
        if (hello.protocol, auth.version) != (protocol.PROTOCOL, daemon.version):
            leaving = auth.replace and not daemon.used_by_others(self)
            await self._refuse(
                protocol.Refused("version", daemon.version, _pid(), leaving, protocol.PROTOCOL)
            )
        self.name = str(auth.client)[:80]
        self._send(protocol.Welcome(daemon.version, _pid()))

    async def _receive(self, expected: type[Any]) -> Any:
        frame, _ = await protocol.read_frame(self._reader.readexactly, protocol.MAX_HANDSHAKE)
        if not isinstance(frame, expected):
            raise protocol.ProtocolError(f"{expected.__name__} was expected.")
        return frame

    async def _refuse(self, refusal: protocol.Refused) -> None:
        self._send(refusal)
        await self._writer.drain()
        if refusal.leaving:
            self._daemon.leave("a client of another version takes over")
        raise _HandshakeFailed

    def _take(self, frame: Any, size: int) -> None:
        match frame:
            case protocol.Request():
                self._accept(frame, size)
            case protocol.Cancel():
                if (running := self._running.get(frame.id)) and running.job:
                    running.job.cancel()
            case protocol.StatusRequest():
                self._send(protocol.Result(frame.id, self._daemon.status()))
            case protocol.Ping():
                self._send(protocol.Pong())
            case protocol.Leave():
                self._daemon.leave("a client asked for it")
            case _:
                raise protocol.ProtocolError(f"{type(frame).__name__} was not expected.")

    def _accept(self, request: protocol.Request, size: int) -> None:
        self._asked_at = time.monotonic()
        if request.id in self._running:
            raise protocol.ProtocolError("A request's number was used twice.")
        waiting = sum(running.size for running in self._running.values())
        if waiting + size > PENDING_BYTES:
            busy = EngineBusy("Too much is waiting at the engine.", remedy="Call again in a moment.")
            self._send(protocol.failure(request.id, busy))
            return
        running = self._running[request.id] = _PendingRequest(size)
        running.job = self._job(request, running)
        task = self._loop.create_task(self._submit(request.id, running.job))
        self._submits.add(task)
        task.add_done_callback(self._submits.discard)

    def _job(self, request: protocol.Request, running: _PendingRequest) -> Job:
        """The scheduler calls back on its own thread; the answers are sent on ours."""
        number = request.id

        def on_done(value: Any) -> None:
            self._call_soon(self._answer, number, value)

        def on_progress(done: int, total: int) -> None:
            now = time.monotonic()
            if done >= total or now - running.reported_at > PROGRESS_EVERY_S:
                running.reported_at = now
                self._call_soon(self._send, protocol.Progress(number, done, total))

        return Job(
            client=f"{self.name}#{id(self)}",
            model=_expect(request.model, work.ModelFile),
            work=_expect(request.work, *get_args(work.Work)),
            adapter=request.adapter,
            priority=request.priority,
            deadline=time.monotonic() + request.deadline_s,
            on_done=on_done,
            on_progress=on_progress,
        )

    async def _submit(self, number: int, job: Job) -> None:
        try:
            await self._daemon.submit(job)
        except SmallToolsError as error:
            self._answer(number, error)
        except Exception as error:
            # A bug in the scheduler's `submit` must cost this request, and not the daemon.
            log.exception("submit failed")
            self._answer(number, InternalError.at("The engine", error))

    def _answer(self, number: int, value: Any) -> None:
        if (running := self._running.pop(number, None)) is None:
            return
        used = running.job.time if running.job else work.EngineTime()
        self._daemon.finished()
        if isinstance(value, SmallToolsError):
            self._send(protocol.failure(number, value))
            return
        try:
            self._send(protocol.Result(number, value, used.cpu_s, used.gpu_s))
        except protocol.ProtocolError:
            error = EngineError("The engine's answer is too large.", remedy="Ask for less at once.")
            self._send(protocol.failure(number, error))

    def _send(self, frame: Any) -> None:
        if not self._writer.is_closing():
            self._writer.write(protocol.encode(frame, protocol.MAX_REPLY))

    def _call_soon(self, function: Any, *args: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the client with it
            self._loop.call_soon_threadsafe(function, *args)


def _pid() -> int:
    import os

    return os.getpid()


def _expect(value: Any, *kinds: type[Any]) -> Any:
    if not isinstance(value, kinds):
        raise protocol.ProtocolError(f"{type(value).__name__} was not expected here.")
    return value
