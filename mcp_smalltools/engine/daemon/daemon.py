"""The engine's process, one for each user and runtime folder.

python -m mcp_smalltools.engine.daemon.daemon

It listens, makes jobs of requests for the scheduler, and sends the answers back. It leaves when it has been
idle for a while. Its log says what happened to it, and never what it was asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Final

from mcp_smalltools import __version__
from mcp_smalltools.config import Settings, load_settings
from mcp_smalltools.engine.api import EngineStatus
from mcp_smalltools.engine.daemon.session import DaemonSession
from mcp_smalltools.engine.daemon.watchdog import Watchdog, memory_mb
from mcp_smalltools.engine.endpoint import EXIT_NOT_ALONE, UNIX, Endpoint, FileLock
from mcp_smalltools.engine.work import Job, Scheduler
from mcp_smalltools.errors import EngineUnavailable, SmallToolsError

log = logging.getLogger("mcp_smalltools.engine")

MakeScheduler = Callable[[Settings], Scheduler]

IN_USE_S: Final = 60.0
"""A client that has asked for something within this time uses the engine."""
_TICK_S = 1.0
_OTHER_LEAVES_S = 10.0
_CLOSE_S = 10.0

# Threads that wait for the next step spin for a moment and then sleep: on cores that a compiler needs too,
# spinning costs ten times what it saves. (GNU's runtime counts iterations, LLVM's and Intel's milliseconds.)
OPENMP: Final = {"GOMP_SPINCOUNT": "10000", "KMP_BLOCKTIME": "1"}


class Daemon:
    """Accepts clients, and leaves when it is idle, unreachable or too large."""

    def __init__(
        self, settings: Settings, make_scheduler: MakeScheduler, *, version: str = __version__
    ) -> None:
        self.settings = settings
        self.version = version
        self.endpoint = Endpoint(settings.runtime_dir)
        self.token = ""
        self._make_scheduler = make_scheduler
        self._scheduler: asyncio.Future[Scheduler] | None = None
        self._sessions: dict[DaemonSession, asyncio.Task[None]] = {}
        self._leaving = asyncio.Event()
        self._started = self._last_request = time.monotonic()
        self._requests = 0

    async def run(self) -> None:
        """Serve until it is time to leave. The caller holds the life lock."""
        self.token = self.endpoint.make_token()
        self._scheduler = asyncio.get_running_loop().create_future()
        listen = asyncio.start_unix_server if UNIX else asyncio.start_server
        server = await listen(self._accept, sock=self._bind(), limit=1 << 20)
        background = [
            asyncio.create_task(self._load_scheduler()),
            asyncio.create_task(self._leave_when_idle()),
        ]
        self._on_signals()
        log.info("engine %s listens, pid %d", self.version, os.getpid())
        await self._leaving.wait()
        server.close()
        self._unbind()
        for task in (*background, *self._sessions.values()):
            task.cancel()
        await asyncio.gather(*background, *self._sessions.values(), return_exceptions=True)
        await self._close_scheduler()
        log.info("engine leaves after %d requests", self._requests)

    def leave(self, why: str) -> None:
        log.info("leaving: %s", why)
        self._leaving.set()

    async def submit(self, job: Job) -> None:
        """Hand a job to the scheduler. Raises EngineBusy, or EngineUnavailable without llama.cpp."""
        self._requests += 1
        self._last_request = time.monotonic()
        assert self._scheduler is not None
        scheduler = await asyncio.shield(self._scheduler)
        scheduler.submit(job)

    def finished(self) -> None:
        """A request is over: the idle time counts from here."""
        self._last_request = time.monotonic()

    def used_by_others(self, session: DaemonSession) -> bool:
        return any(other.busy or other.asked_within(IN_USE_S) for other in self._sessions if other != session)

    def status(self) -> EngineStatus:
        """Cheap: asks the scheduler for its counters only."""
        scheduler = self._scheduler_if_loaded()
        stats = dict(scheduler.stats()) if scheduler else {}
        return EngineStatus(
            running=True,
            version=self.version,
            pid=os.getpid(),
            socket=self.endpoint.address,
            uptime_s=round(time.monotonic() - self._started, 1),
            requests=self._requests,
            queued=int(stats.pop("queued", 0)),
            threads=int(stats.pop("threads", 0)),
            backend=str(stats.pop("backend", "")),
            rss_mb=memory_mb(),
            models=tuple(scheduler.loaded()) if scheduler else (),
            extra={**stats, "clients": sorted(session.name for session in self._sessions)},
        )

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = DaemonSession(self, reader, writer)
        task = asyncio.current_task()
        assert task is not None
        self._sessions[session] = task
        try:
            await session.run()
        except asyncio.CancelledError:
            if not self._leaving.is_set():
                raise
        finally:
            del self._sessions[session]
            session.close()

    async def _load_scheduler(self) -> None:
        """Load llama.cpp in a thread, so that the first client's handshake doesn't wait."""
        assert self._scheduler is not None
        try:
            scheduler = await asyncio.to_thread(self._make_scheduler, self.settings)
        except SmallToolsError as error:
            self._fail_to_load(error)
        except Exception as error:
            # Whatever a damaged installation raises, clients get an error.
            log.exception("llama.cpp can't be loaded")
            self._fail_to_load(
                EngineUnavailable(
                    f"llama.cpp can't be loaded: {type(error).__name__}.",
                    remedy="Reinstall llama-cpp-python; the engine's log says more.",
                )
            )
        else:
            self._scheduler.set_result(scheduler)
            Watchdog(scheduler.stats).start()

    def _fail_to_load(self, error: SmallToolsError) -> None:
        assert self._scheduler is not None
        self._scheduler.set_exception(error)
        self._scheduler.exception()  # retrieved: asyncio would log it if nobody ever asked

    def _scheduler_if_loaded(self) -> Scheduler | None:
        future = self._scheduler
        return future.result() if future and future.done() and not future.exception() else None

    async def _close_scheduler(self) -> None:
        if scheduler := self._scheduler_if_loaded():
            try:
                await asyncio.wait_for(asyncio.to_thread(scheduler.close), _CLOSE_S)
            except TimeoutError:
                log.warning("the scheduler didn't end within %g s", _CLOSE_S)
                os._exit(0)

    async def _leave_when_idle(self) -> None:
        limit = self.settings.engine_memory_mb or _half_of_memory_mb()
        while True:
            await asyncio.sleep(min(_TICK_S, self.settings.engine_idle_s / 4))
            busy = any(session.busy for session in self._sessions)
            used = memory_mb()
            if not busy and time.monotonic() - self._last_request > self.settings.engine_idle_s:
                self.leave("idle")
            elif not self._reachable():
                self.leave("its socket was removed")
            elif used > limit * (1.25 if busy else 1):
                self.leave(f"it holds {used:.0f} MB, over its limit of {limit} MB")

    def _reachable(self) -> bool:
        return not UNIX or self.endpoint.socket.exists()

    def _bind(self) -> socket.socket:
        """A listening socket that only this user can connect to."""
        if not UNIX:
            listener = socket.create_server(("127.0.0.1", 0))
            self.endpoint.port_file.write_text(str(listener.getsockname()[1]))
            return listener
        path = self.endpoint.socket
        path.unlink(missing_ok=True)  # of a daemon that was killed: the life lock is ours
        listener = socket.socket(socket.AF_UNIX)
        mask = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(mask)
        listener.listen(128)
        return listener

    def _unbind(self) -> None:
        path = self.endpoint.socket if UNIX else self.endpoint.port_file
        path.unlink(missing_ok=True)

    def _on_signals(self) -> None:
        if UNIX:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.leave, signal.Signals(number).name)


def main(make_scheduler: MakeScheduler | None = None, *, version: str = __version__) -> int:
    """Run the daemon in this process; its settings come from the environment. Returns the exit code."""
    for name, value in OPENMP.items():  # before anything loads an OpenMP runtime
        os.environ.setdefault(name, value)
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.raiseExceptions = False  # a full disk costs log lines and nothing else
    settings = load_settings()
    endpoint = Endpoint(settings.runtime_dir)
    try:
        endpoint.prepare()
        lock = _acquire_life_lock(endpoint)
    except (SmallToolsError, OSError) as error:
        log.error("%s", error)
        return 1
    if lock is None:
        return EXIT_NOT_ALONE
    asyncio.run(Daemon(settings, make_scheduler or _make_llama_scheduler, version=version).run())
    return 0


def _acquire_life_lock(endpoint: Endpoint) -> FileLock | None:
    """Take the life lock; a daemon that is just leaving gets some time to do so."""
    lock = endpoint.life_lock()
    ends = time.monotonic() + _OTHER_LEAVES_S
    while not lock.acquire():
        if time.monotonic() > ends:
            log.info("another engine is alive")
            return None
        time.sleep(0.05)
    lock.write(str(os.getpid()))
    return lock


def _make_llama_scheduler(settings: Settings) -> Scheduler:
    from mcp_smalltools.engine.daemon.scheduler import LlamaScheduler

    return LlamaScheduler(settings)


def _half_of_memory_mb() -> int:
    with contextlib.suppress(ValueError, OSError, AttributeError):
        return (os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) >> 21
    return 8192


if __name__ == "__main__":
    sys.exit(main())
