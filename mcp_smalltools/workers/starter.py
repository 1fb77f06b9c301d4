"""How workers come to be, and end: forks of a process that is ready, or each a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from mcp_smalltools import processes
from mcp_smalltools.config import Settings
from mcp_smalltools.models.shipped import library_folder
from mcp_smalltools.private_files import make_private_folder
from mcp_smalltools.workers.sandbox import Grants
from mcp_smalltools.workers.wire import close_all

FORKS: Final = sys.platform == "linux" and hasattr(os, "pidfd_open")
"""macOS has libraries that don't outlive a fork."""
STEP_BACK: Final = 10
"""How far the priority of a worker is lowered (`nice`)."""
_ENDS_WITHIN_S: Final = 10.0


class WorkerProcess(Protocol):
    """A worker, from outside."""

    def kill(self) -> None:
        """End it, and wait until it has ended."""

    def cpu_s(self) -> float | None:
        """Seconds of processor time that it has had; None where that isn't known, or it has ended."""

    def step_back(self) -> None:
        """Lower its priority by `STEP_BACK`, and that of what it starts."""


class WorkerStarter:
    """Starts workers for one server. Any thread may call it."""

    def __init__(self, settings: Settings) -> None:
        with contextlib.suppress(OSError):  # what is learned while the server runs is to be read at once
            make_private_folder(settings.state_dir.expanduser() / "adapted")
        self._grants = Grants(tuple(_readable(settings)), settings.worker_memory_mb, settings.export_mb)
        self._lock = threading.Lock()
        self._fork_server: _ForkServer | None = None
        self._closed = False

    def start(self, end: socket.socket) -> WorkerProcess:
        """Start a worker at this end of a socket pair. Raises OSError."""
        if not FORKS:
            return _Process("mcp_smalltools.workers.sandboxed", end, self._grants)
        with self._lock:
            if self._closed:
                raise OSError("The server is shutting down.")
            if self._fork_server is not None:
                with contextlib.suppress(OSError):  # it has ended
                    return self._fork_server.fork(end)
                self._fork_server.kill()
            self._fork_server = _ForkServer(self._grants)
            return self._fork_server.fork(end)

    def close(self) -> None:
        """End what is left of the workers too, where they are forks."""
        self._closed = True  # before the lock: whoever starts one at this time may wait for it
        with self._lock:
            if self._fork_server is not None:
                self._fork_server.kill()
                self._fork_server = None


class _Process:
    """A module of ours with the socket's end and a worker's grants as its arguments."""

    def __init__(self, module: str, end: socket.socket, grants: Grants) -> None:
        command = processes.module_command(module, str(end.fileno()), *grants.arguments())
        env = {**processes.clean_environment(), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = processes.start(command, env=env, pass_fds=(end.fileno(),))

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._process.kill()
        self._process.wait()

    def cpu_s(self) -> float | None:
        return None

    def step_back(self) -> None:
        """It starts too slowly to be replaced for that."""


class _ForkServer:
    """The server's side of `fork_server`."""

    def __init__(self, grants: Grants) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._process = _Process("mcp_smalltools.workers.fork_server", theirs, grants)
        except BaseException:
            self._control.close()
            raise
        finally:
            theirs.close()

    def fork(self, end: socket.socket) -> WorkerProcess:
        """Raises OSError where the process is gone."""
        socket.send_fds(self._control, [b"+"], [end.fileno()])
        data, given, _, _ = socket.recv_fds(self._control, 1, 1)
        if not data:
            raise ConnectionResetError("The process that starts workers has ended.")
        if not given:
            return _Fork(None)
        close_all(given[1:])
        return _Fork(given[0])

    def kill(self) -> None:
        self._process.kill()
        self._control.close()


class _Fork:
    """A worker by its pidfd, which never stands for another process."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def kill(self) -> None:
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        select.select([descriptor], [], [], _ENDS_WITHIN_S)
        os.close(descriptor)

    def cpu_s(self) -> float | None:
        if (folder := self._folder()) is None:
            return None
        try:
            said = (folder / "stat").read_bytes()
        except OSError:
            return None
        fields = said.rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def step_back(self) -> None:
        if (folder := self._folder()) is None:
            return
        with contextlib.suppress(OSError):  # it ends
            for thread in (folder / "task").iterdir():  # Linux has a priority for each
                usual = os.getpriority(os.PRIO_PROCESS, int(thread.name))
                os.setpriority(os.PRIO_PROCESS, int(thread.name), usual + STEP_BACK)

    def _folder(self) -> Path | None:
        """What the kernel says of it; None where it has ended."""
        if self._descriptor is None:
            return None
        with contextlib.suppress(OSError):
            said = Path(f"/proc/self/fdinfo/{self._descriptor}").read_text(encoding="ascii")
            found = re.search(r"^Pid:\s*(\d+)", said, re.MULTILINE)
            return Path(f"/proc/{found[1]}") if found else None
        return None


def _readable(settings: Settings) -> Sequence[Path]:
    """Folders of ours that tools read: the shipped library, installed skills, what was learned."""
    state, models = settings.state_dir.expanduser(), settings.model_dir.expanduser()
    return (
        library_folder(),
        models / "skills",
        models / "manifests",
        settings.skills_dir.expanduser(),
        state / "adapted",
    )
