"""What an installation of the engine is doing, kept in `engine_dir` for whoever asks meanwhile."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from mcp_smalltools.config import Settings
from mcp_smalltools.engine.endpoint import FileLock
from mcp_smalltools.errors import EngineError
from mcp_smalltools.private_files import make_private_folder


@dataclass(frozen=True, slots=True)
class InstallState:
    """Times are seconds since 1970. `running` is true as long as its process lives."""

    step: str = ""
    started: float = 0.0
    failed: str = ""
    """Why the last one failed; "" if it didn't."""
    program: str = ""
    """Version of the program that tried."""
    running: bool = False

    @property
    def minutes(self) -> float:
        return max(0.0, time.time() - self.started) / 60


class InstallLog:
    """The state of one installation, written as it goes on. Made by `installing`."""

    def __init__(self, folder: Path, state: InstallState) -> None:
        self._file = folder / "install.json"
        self.state = state

    def step(self, what: str) -> None:
        self._write(replace(self.state, step=what))

    def failed(self, why: str) -> None:
        self._write(replace(self.state, failed=why))

    def _write(self, state: InstallState) -> None:
        self.state = state
        new = self._file.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            new.write_text(json.dumps(asdict(state)), encoding="utf-8")
            new.replace(self._file)


def install_state(settings: Settings) -> InstallState:
    """Of the installation that runs now, or of the last one."""
    folder = settings.engine_dir.expanduser()
    try:
        values = json.loads((folder / "install.json").read_text(encoding="utf-8"))
        state = InstallState(**values)
    except (OSError, ValueError, TypeError):
        return InstallState()
    return replace(state, running=_held(_lock(folder)))


@contextmanager
def installing(settings: Settings, program: str) -> Iterator[InstallLog]:
    """Hold the lock of installations. Raises EngineError if another process has it, or on a full disk."""
    folder = settings.engine_dir.expanduser()
    try:
        make_private_folder(folder)
        lock = _lock(folder)
        if not lock.acquire():
            raise EngineError(
                "The engine is being installed by another process.",
                remedy="`mcp-smalltools engine status` shows how far it is.",
            )
    except OSError as error:
        raise EngineError(
            f"{folder} can't be written: {error.strerror or error}.",
            remedy="Set engine_dir to another folder.",
        ) from None
    log = InstallLog(folder, InstallState(started=time.time(), program=program, running=True))
    try:
        log.step("starting")
        yield log
    finally:
        lock.release()


def _lock(folder: Path) -> FileLock:
    return FileLock(folder / "install.lock")


def _held(lock: FileLock) -> bool:
    try:
        if not lock.acquire():
            return True
    except OSError:
        return False
    lock.release()
    return False
