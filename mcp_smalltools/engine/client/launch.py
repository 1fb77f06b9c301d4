"""Starting and ending the daemon's process."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import anyio

from mcp_smalltools import processes
from mcp_smalltools.config import ENV_PREFIX, Settings
from mcp_smalltools.engine.endpoint import Endpoint, FileLock
from mcp_smalltools.engine_python import engine_command
from mcp_smalltools.errors import EngineUnavailable
from mcp_smalltools.private_files import make_private_file, make_private_folder
from mcp_smalltools.processes import apart, clean_environment

DAEMON = "mcp_smalltools.engine.daemon.daemon"

LOG_BYTES = 4 << 20
"""Size at which the log of the last run is moved aside."""

_POLL_S = 0.02

_SETTINGS = (
    *("runtime_dir", "state_dir", "model_dir", "generate_model", "embed_model"),
    *("engine_idle_s", "engine_threads", "engine_gpu_layers", "engine_memory_mb"),
)


def log_file(settings: Settings) -> Path:
    return settings.state_dir.expanduser() / "engine.log"


def daemon_environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """What the daemon needs of the environment, and the settings that are its own."""
    ours = {ENV_PREFIX + name.upper(): _absolute(getattr(settings, name)) for name in _SETTINGS}
    return clean_environment({**ours, ENV_PREFIX + "CONFIG": os.devnull}, environ=environ)


def start_daemon(settings: Settings, command: Sequence[str] | None = None) -> processes.Popen[bytes]:
    """Start the daemon apart from this process: its own session, no terminal, its output in the log.

    `command` in place of the one that starts it. Raises EngineMissing without llama.cpp, EngineUnavailable if
    the process can't be made.
    """
    reap_children()
    command = command or engine_command(settings, DAEMON)
    try:
        with _open_log(log_file(settings)) as log:
            process = processes.start(
                command, stdout=log, stderr=log, env=daemon_environment(settings, os.environ), **apart()
            )
    except OSError as error:
        raise EngineUnavailable(
            f"The engine can't be started: {error}.", remedy="Run `mcp-smalltools doctor`."
        ) from None
    _children.append(process)
    return process


@asynccontextmanager
async def hold_lock(lock: FileLock, timeout_s: float) -> AsyncIterator[None]:
    """Hold a lock; waits for whoever has it. Raises EngineUnavailable when that takes too long."""
    ends = time.monotonic() + timeout_s
    while not lock.acquire():
        if time.monotonic() > ends:
            raise EngineUnavailable(
                "Another process has been starting the engine for too long.",
                remedy="End that process, then call again.",
            )
        await anyio.sleep(_POLL_S)
    try:
        yield
    finally:
        lock.release()


async def kill_daemon(endpoint: Endpoint, pid: int, timeout_s: float = 10.0) -> None:
    """End the daemon `pid` at once, stopped or not, if it is still the one that holds the lock."""
    if endpoint.living_pid() != pid:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    await wait_until_gone(endpoint, pid, timeout_s)


async def wait_until_gone(endpoint: Endpoint, pid: int, timeout_s: float) -> None:
    """Return once the daemon `pid` no longer holds the lock. Raises EngineUnavailable after the time."""
    ends = time.monotonic() + timeout_s
    while endpoint.living_pid() == pid:
        if time.monotonic() > ends:
            raise EngineUnavailable(f"The engine (pid {pid}) doesn't end.", remedy=f"End process {pid}.")
        await anyio.sleep(_POLL_S)
    reap_children()


def reap_children() -> None:
    """Forget the daemons of ours that have ended, so that they are no zombies."""
    _children[:] = [child for child in _children if child.poll() is None]


_children: list[processes.Popen[bytes]] = []


def _open_log(path: Path) -> BinaryIO:
    make_private_folder(path.parent)
    with contextlib.suppress(OSError):
        if path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
    make_private_file(path)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def _absolute(value: object) -> str:
    return str(value.expanduser().absolute()) if isinstance(value, Path) else str(value)
