"""The server's side: a few warm workers, a call in each, and their end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import anyio
import anyio.from_thread
import anyio.to_thread

from mcp_smalltools import metering
from mcp_smalltools.config import Settings
from mcp_smalltools.engine import protocol
from mcp_smalltools.errors import DeadlineExceeded, SmallToolsError, WorkerDied
from mcp_smalltools.tools.base import Arguments, ToolContext
from mcp_smalltools.workers.sandbox import Walls
from mcp_smalltools.workers.starter import FORKS, WorkerStarter
from mcp_smalltools.workers.wire import FrameSocket, close_all, unpack_path
from mcp_smalltools.workers.worker_requests import WorkerRequests

AVAILABLE: Final = sys.platform != "win32"
"""Open files are passed over a Unix socket."""
LATE_S: Final = 0.6
"""After its deadline, what a call may take to hand in a partial answer before its worker is killed. On a busy
machine the server needs some time, too: no answer is to be later than a second after the deadline."""
LONG_S: Final = 0.5
"""Seconds of processor time after which a call is a long one, where there are other callers."""
_TIRED_SHARE: Final = 0.15 if FORKS else 0.5
"""Share of its limit of memory at whose peak a worker is replaced after a call."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A worker's answer: JSON as it may leave, whether it lasts, lines of each file that was read."""

    answer: dict[str, Any]
    lasting: bool
    lines: tuple[tuple[str, int | None], ...]


class Worker:
    """One process, running or idle. All methods block; the first call waits until it is ready."""

    def __init__(self, starter: WorkerStarter) -> None:
        """Raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._process = starter.start(theirs)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._connection = FrameSocket(ours)
        self._walls: Walls | None = None
        self.peak_kb = 0
        self.is_spent = False
        """Its priority is lowered, which the system lets few undo."""

    def wait_until_ready(self) -> Walls:
        """Raises WorkerDied."""
        if self._walls is None:
            try:
                (kind, walls), _ = self._connection.receive()
            except (EOFError, OSError):
                raise died() from None
            assert kind == "ready"
            self._walls = Walls(**walls)
        return self._walls

    def run(self, tool: str, arguments: Arguments, context: ToolContext) -> Outcome:
        """Run a call and do what it asks for. In a thread of anyio's. Raises what the tool raised."""
        self.wait_until_ready()
        call = {
            "tool": tool,
            "arguments": arguments.model_dump(mode="json"),
            "settings": context.settings.model_dump_json(),
            "deadline_s": context.stop.remaining_s,
            "caller": context.caller,
            "adapter": context.adapter,
            "skill": context.skill,
            "writer": context.writer.to_json() if context.writer else None,
        }
        requests = WorkerRequests(context)
        try:
            self._connection.send(("call", json.dumps(call)))
            while True:
                (kind, *rest), unasked = self._connection.receive()
                close_all(unasked)
                if kind == "ask":
                    number, what, given = rest
                    value, descriptors = requests.serve(what, given)
                    self._connection.send(("reply", number, value), descriptors)
                elif kind == "progress":
                    context.progress(*rest)
                elif kind == "answer":
                    answer, lasting, lines, self.peak_kb, seconds = rest
                    _note_worker(seconds)
                    counted = tuple((unpack_path(path), count) for path, count in lines)
                    return Outcome(json.loads(answer), lasting, counted)
                else:
                    failed, seconds = rest
                    _note_worker(seconds)
                    raise protocol.as_error(failed)
        except (EOFError, OSError):
            raise died() from None
        finally:
            requests.close()

    async def step_back_if_long(self) -> None:
        """Once the call that begins now has had `LONG_S`, let others' calls go first. Ends then."""
        process = self._process
        if (before := process.cpu_s()) is None:
            return
        while (used := process.cpu_s()) is not None and (left := before + LONG_S - used) > 0:
            await anyio.sleep(max(left, 0.05))
        self.is_spent = True
        process.step_back()

    def kill(self) -> None:
        """End the process at once; whoever waits for it gets an error."""
        self._process.kill()
        self._connection.close()


def _note_worker(seconds: float) -> None:
    """Add a worker's processor time to the call that it was for."""
    if (meter := metering.CURRENT.get()) is not None:
        meter.worker_s += seconds


def died() -> WorkerDied:
    return WorkerDied(
        "The process that read the files ended: they took too much memory, or it was killed.",
        remedy="Ask for less at once, or read the file yourself.",
    )


class WorkerPool:
    """Workers for the calls of one server. The one that was used last goes first: it is warm."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._starter = WorkerStarter(settings)
        self._idle: list[Worker] = []
        self._lock = threading.Lock()
        self._places = anyio.Semaphore(settings.workers)
        # No caller has all of them: others' short calls find one.
        each = max(1, settings.workers - 1)
        self._places_of: defaultdict[str, anyio.Semaphore] = defaultdict(lambda: anyio.Semaphore(each))
        self._starting = ThreadPoolExecutor(1, thread_name_prefix="worker-start")
        self._busy = 0
        self._owed: defaultdict[str, list[Future[None]]] = defaultdict(list)
        self._closed = False

    def warm(self) -> None:
        """Start a worker in the background, so that the first call finds it ready."""
        self._starting.submit(self._start)

    async def run(self, tool: str, arguments: Arguments, context: ToolContext) -> Outcome:
        """Run a call in a worker, which is killed at the deadline and when the call is cancelled.

        Raises what the tool raised, DeadlineExceeded, and WorkerDied.
        """
        stop = context.stop
        try:
            with anyio.fail_after(max(0.0, stop.remaining_s) + LATE_S):
                async with self._places_of[context.caller], self._places:
                    return await self._run(tool, arguments, context)
        except TimeoutError:
            raise DeadlineExceeded(
                f"{tool} took longer than {stop.seconds:g} s.",
                remedy="Ask for less at once, or raise deadline_s in the configuration.",
            ) from None

    async def _run(self, tool: str, arguments: Arguments, context: ToolContext) -> Outcome:
        worker = await self._take(context.caller)
        try:
            async with _beside(worker.step_back_if_long, wanted=len(self._places_of) > 1):
                outcome = await anyio.to_thread.run_sync(
                    worker.run, tool, arguments, context, abandon_on_cancel=True
                )
        except SmallToolsError as error:
            if isinstance(error, (WorkerDied, protocol.ProtocolError)):
                self._replace(worker, context.caller)
            else:
                self._give_back(worker, context.caller)
            raise
        except BaseException:  # the time is over, or the call was cancelled
            self._replace(worker, context.caller)
            raise
        self._give_back(worker, context.caller)
        return outcome

    def close(self) -> None:
        self._closed = True
        self._starting.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.kill()
        self._starter.close()

    async def _take(self, caller: str) -> Worker:
        """A worker that is ready. Raises WorkerDied if none starts.

        Whoever has cost a worker waits until there is another in its place, so that others find the ones
        that are left. A worker that starts is not killed with the call that waits for it: where starting
        takes longer than a call may, the next one finds it ready.
        """
        owed = self._owed[caller]
        while owed:
            await _until(owed[-1])
            owed[:] = [start for start in owed if not start.done()]
        while not self._closed:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
                self._busy += worker is not None
                last = not self._idle
            if worker is None:
                await _until(self._starting.submit(self._start))
                continue
            if last and len(self._places_of) > 1:  # another caller finds one that is ready
                with contextlib.suppress(RuntimeError):  # the pool is closed
                    self._starting.submit(self._start)
            return worker
        raise died()

    def _give_back(self, worker: Worker, caller: str) -> None:
        tired = worker.peak_kb > (self._settings.worker_memory_mb << 10) * _TIRED_SHARE
        if tired or worker.is_spent or self._closed:
            self._replace(worker, caller)
            return
        with self._lock:
            self._busy -= 1
            self._idle.append(worker)

    def _replace(self, worker: Worker, caller: str) -> None:
        """Kill it, off the event loop, and start another."""
        with self._lock:
            self._busy -= 1

        def replace() -> None:
            worker.kill()
            if not self._closed:
                self._start()

        with contextlib.suppress(RuntimeError):  # the pool is closed
            self._owed[caller].append(self._starting.submit(replace))
            return
        worker.kill()

    def _start(self) -> None:
        """Add a worker to the idle ones, unless there are enough. Raises WorkerDied."""
        with self._lock:
            if len(self._idle) + self._busy >= self._settings.workers:
                return
        worker = Worker(self._starter)
        try:
            worker.wait_until_ready()
        except BaseException:
            worker.kill()
            raise
        with self._lock:
            if not self._closed:
                self._idle.append(worker)
                return
        worker.kill()


@contextlib.asynccontextmanager
async def _beside(what: Callable[[], Awaitable[None]], *, wanted: bool) -> AsyncIterator[None]:
    """Do it as long as the block runs. What the block raises comes out as it is, not in a group."""
    if not wanted:
        yield
        return
    task = asyncio.ensure_future(what())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _until(start: Future[None]) -> None:
    """Wait for a worker that starts. Raises WorkerDied if it does not, or if the pool is closed."""

    def wait() -> None:
        try:
            start.result()
        except CancelledError:
            raise died() from None

    await anyio.to_thread.run_sync(wait, abandon_on_cancel=True)


def walls_here(settings: Settings) -> Walls:
    """What holds in a worker on this machine. Raises WorkerDied, OSError."""
    starter = WorkerStarter(settings)
    try:
        worker = Worker(starter)
        try:
            return worker.wait_until_ready()
        finally:
            worker.kill()
    finally:
        starter.close()
