"""Starting and ending the daemon's process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO

import anyio

from mcp_smalltools.config import ENV_PREFIX, Settings
from mcp_smalltools.engine.endpoint import Endpoint, FileLock
from mcp_smalltools.errors import EngineUnavailable

DAEMON: Sequence[str] = (sys.executable, "-P", "-m", "mcp_smalltools.engine.daemon.daemon")
"""`-P`: a folder named mcp_smalltools where the agent works must not be imported instead of us."""

LOG_BYTES = 4 << 20
"""Size at which the log of the last run is moved aside."""

_POLL_S = 0.02

_PASSED_ON = frozenset(
    [
        "PATH",
        "HOME",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "TEMP",
        "TMP",
        "USER",
        "LOGNAME",
        "SYSTEMROOT",
        "SYSTEMDRIVE",
        "WINDIR",
        "COMSPEC",
        "PATHEXT",
        "USERPROFILE",
        "LOCALAPPDATA",
        "APPDATA",
        "PROGRAMDATA",
        "NUMBER_OF_PROCESSORS",
        "PROCESSOR_ARCHITECTURE",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "DYLD_FALLBACK_LIBRARY_PATH",
        "LLAMA_CPP_LIB_PATH",
        "CUDA_VISIBLE_DEVICES",
        "CUDA_PATH",
        "CUDA_HOME",
        "HIP_VISIBLE_DEVICES",
        "HIP_PATH",
        "ROCR_VISIBLE_DEVICES",
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONUTF8",
        "PYTHONDONTWRITEBYTECODE",
        "VIRTUAL_ENV",
    ]
)
_PASSED_ON_PREFIXES = ("LC_", "XDG_", "GGML_", "OMP_", "GOMP_", "KMP_")
_SETTINGS = (
    *("runtime_dir", "state_dir", "model_dir", "generate_model", "embed_model"),
    *("engine_idle_s", "engine_threads", "engine_gpu_layers", "engine_memory_mb"),
)


def log_file(settings: Settings) -> Path:
    return settings.state_dir.expanduser() / "engine.log"


def clean_environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """What the daemon needs of the environment, and nothing else: an agent's holds its API keys."""
    passed = {
        name: value
        for name, value in environ.items()
        if name.upper() in _PASSED_ON or name.upper().startswith(_PASSED_ON_PREFIXES)
    }
    ours = {ENV_PREFIX + name.upper(): _absolute(getattr(settings, name)) for name in _SETTINGS}
    return {**passed, **ours, ENV_PREFIX + "CONFIG": os.devnull}


def start(settings: Settings, command: Sequence[str] = DAEMON) -> subprocess.Popen[bytes]:
    """Start the daemon apart from this process: its own session, no terminal, its output in the log.

    Raises EngineUnavailable if the process can't be made.
    """
    reap()
    try:
        with _open_log(log_file(settings)) as log:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=Path(sys.executable).anchor,
                env=clean_environment(settings, os.environ),
                **_apart(),
            )
    except OSError as error:
        raise EngineUnavailable(
            f"The engine can't be started: {error}.", remedy="Run `mcp-smalltools doctor`."
        ) from None
    _children.append(process)
    return process


@asynccontextmanager
async def held(lock: FileLock, timeout_s: float) -> AsyncIterator[None]:
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


async def kill(endpoint: Endpoint, pid: int, timeout_s: float = 10.0) -> None:
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
    reap()


def reap() -> None:
    """Forget the daemons of ours that have ended, so that they are no zombies."""
    _children[:] = [child for child in _children if child.poll() is None]


_children: list[subprocess.Popen[bytes]] = []


def _open_log(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(OSError):
        if path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def _apart() -> dict[str, Any]:
    """Options that keep signals to the agent's process group and its terminal away from the daemon."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def _absolute(value: object) -> str:
    return str(value.expanduser().absolute()) if isinstance(value, Path) else str(value)
