"""Reaches the daemon of this user: connects to one that runs, starts one, replaces one that is stuck."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from typing import Final

import anyio
import anyio.to_thread

from mcp_smalltools.config import Settings
from mcp_smalltools.engine import protocol
from mcp_smalltools.engine.api import EngineStatus, Progress
from mcp_smalltools.engine.client import launch
from mcp_smalltools.engine.client.connection import (
    Connection,
    ConnectionLost,
    DaemonNotRunning,
    DaemonSilent,
    VersionRefused,
    connect,
)
from mcp_smalltools.engine.endpoint import EXIT_NOT_ALONE, Endpoint, FileLock
from mcp_smalltools.engine_python import find_engine_python
from mcp_smalltools.errors import EngineUnavailable, VersionMismatch

START_S: Final = 60.0
"""Seconds that a daemon gets until it listens: Python's start on a busy machine; no model is loaded yet."""


class DaemonConnector:
    """One connection for each event loop; opened on first need, and again when it was lost."""

    def __init__(
        self, settings: Settings, *, command: Sequence[str] | None, version: str, client: str
    ) -> None:
        self.endpoint = Endpoint(settings.runtime_dir)
        self._settings = settings
        self._command = command
        self._version = version
        self._client = client
        self._connection: Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connecting = asyncio.Lock()

    async def connection(self) -> Connection:
        """Of this event loop; starts the daemon if need be. Raises EngineUnavailable or VersionMismatch."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._connection, self._connecting = loop, None, asyncio.Lock()
        async with self._connecting:
            if self._connection is None or not self._connection.alive:
                self._connection = await self._find_or_start()
            return self._connection

    async def check_engine(self, progress: Progress | None = None) -> None:
        """Return if there is an engine to ask, running or not. Raises EngineMissing where there is no
        llama.cpp; its installation then starts in the background, unless the settings forbid it.
        """
        if self._command or (self._connection is not None and self._connection.alive):
            return
        if find_engine_python(self._settings) is None and self.endpoint.living_pid() is None:
            from mcp_smalltools.engine.environment.background import install_in_background

            problem = await anyio.to_thread.run_sync(install_in_background, self._settings)
            if progress is not None:
                progress(0, None, problem.message)
            raise problem

    async def status(self) -> EngineStatus:
        """What the daemon says about itself. Never starts one."""
        socket = self.endpoint.address
        try:
            connection = await self._open(replace=False)
        except DaemonNotRunning:
            return EngineStatus(running=False, socket=socket)
        except DaemonSilent:
            pid, problem = self.endpoint.living_pid(), "it doesn't answer; the next call replaces it"
            return EngineStatus(running=True, pid=pid, socket=socket, extra={"problem": problem})
        except VersionRefused as error:
            refusal, problem = error.refusal, f"its version differs from this program's ({self._version})"
            return EngineStatus(
                running=True,
                version=refusal.version,
                pid=refusal.pid,
                socket=socket,
                extra={"problem": problem},
            )
        try:
            status: EngineStatus = await connection.ask(protocol.StatusRequest)
        except ConnectionLost:
            return EngineStatus(running=False, socket=socket)
        finally:
            await connection.close()
        return status

    async def shutdown(self) -> None:
        """Ask the daemon to leave, and wait until it has. Does nothing if none is running."""
        pid = self.endpoint.living_pid()
        if pid is None:
            return
        try:
            connection = await self._open(replace=True)
        except DaemonSilent:
            await launch.kill_daemon(self.endpoint, pid)
            return
        except (DaemonNotRunning, VersionRefused):
            return
        connection.send(protocol.Leave())
        await launch.wait_until_gone(self.endpoint, pid, START_S)
        await connection.close()

    async def close(self) -> None:
        if self._connection is not None and self._loop is asyncio.get_running_loop():
            await self._connection.close()
        self._connection = None

    async def kill(self, pid: int) -> None:
        """End a daemon that is stuck."""
        await launch.kill_daemon(self.endpoint, pid)

    async def _find_or_start(self) -> Connection:
        ends = time.monotonic() + START_S
        while time.monotonic() < ends:
            try:
                return await self._open(replace=True)
            except DaemonNotRunning:
                await self._start()
            except DaemonSilent:
                pid = self.endpoint.living_pid()
                if pid is not None:
                    await launch.kill_daemon(self.endpoint, pid)
            except VersionRefused as error:
                if not error.refusal.leaving:
                    raise self._mismatch(error.refusal) from None
                await launch.wait_until_gone(self.endpoint, error.refusal.pid, START_S)
        raise self._unavailable("can't be reached")

    async def _open(self, *, replace: bool) -> Connection:
        return await Connection.open(
            self.endpoint, version=self._version, client=self._client, replace=replace
        )

    async def _start(self) -> None:
        """Start a daemon, unless another client does it first. Returns when one listens."""
        self.endpoint.prepare()
        async with launch.hold_lock(FileLock(self.endpoint.start_lock), START_S):
            for _ in range(3):
                if await self._listens():
                    return
                process = launch.start_daemon(self._settings, self._command)
                while process.poll() is None:
                    if await self._listens():
                        return
                    await anyio.sleep(0.02)
                if process.returncode == EXIT_NOT_ALONE and (pid := self.endpoint.living_pid()):
                    await launch.kill_daemon(self.endpoint, pid)  # it has lived for long and doesn't listen
        raise self._unavailable(f"ended with code {process.returncode} while it started")

    async def _listens(self) -> bool:
        try:
            _, writer = await connect(self.endpoint)
        except OSError:
            return False
        writer.close()
        return True

    def _mismatch(self, refusal: protocol.Refused) -> VersionMismatch:
        """Says which of both is the newer one: that is what its user has to restart or to update."""
        theirs, ours = _order(refusal.version, refusal.protocol), _order(self._version, protocol.PROTOCOL)
        which, remedy = "another", "Restart the agents that use the other version"
        if theirs > ours:
            which, remedy = (
                "the newer",
                "Update this program, or restart its agent if it was updated meanwhile",
            )
        elif theirs < ours:
            which, remedy = "the older", "Restart the agents that use the older version"
        same = f" (protocol {refusal.protocol})" if refusal.version == self._version else ""
        return VersionMismatch(
            f"An engine of {which} version {refusal.version}{same} (pid {refusal.pid}) is in use; this "
            f"program is {self._version}{f' (protocol {protocol.PROTOCOL})' if same else ''}.",
            remedy=f"{remedy}, or wait until the engine is idle.",
        )

    def _unavailable(self, what: str) -> EngineUnavailable:
        return EngineUnavailable(
            f"The engine {what}.",
            remedy=f"See {launch.log_file(self._settings)}, and run `mcp-smalltools doctor`.",
        )


def _order(version: str, number: int) -> tuple[tuple[int, ...], int]:
    """What versions are compared by: their numbers, then the protocol's."""
    return tuple(int(part) for part in re.findall(r"\d{1,9}", version)[:3]), number
