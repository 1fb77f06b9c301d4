"""What Windows and macOS want otherwise, held where neither is: paths, programs, locks, sockets, signals."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from mcp_smalltools import processes
from mcp_smalltools.clients import hook_commands, known
from mcp_smalltools.engine import endpoint
from mcp_smalltools.engine.client import launch
from mcp_smalltools.engine.daemon import daemon
from mcp_smalltools.engine.endpoint import Endpoint
from mcp_smalltools.engine.environment import installer, libraries
from mcp_smalltools.errors import UsageError
from mcp_smalltools.workers import sandbox

Platform = Callable[[str], None]


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Has the program see another platform than this one."""
    return lambda name: monkeypatch.setattr(sys, "platform", name)


class LocksOfWindows:
    """`msvcrt`: a byte of a file is locked by one descriptor, from where its position is."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self.held: dict[tuple[int, int], int] = {}

    def locking(self, descriptor: int, mode: int, count: int) -> None:
        assert (mode, count) == (self.LK_NBLCK, 1)
        byte = os.fstat(descriptor).st_ino, os.lseek(descriptor, 0, os.SEEK_CUR)
        holder = self.held.setdefault(byte, descriptor)
        if holder != descriptor and self._is_open(holder, byte[0]):
            raise OSError("locked")
        self.held[byte] = descriptor

    @staticmethod
    def _is_open(descriptor: int, inode: int) -> bool:
        try:
            return os.fstat(descriptor).st_ino == inode
        except OSError:
            return False


@pytest.fixture
def windows_locks(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> LocksOfWindows:
    locks = LocksOfWindows()
    monkeypatch.setitem(sys.modules, "msvcrt", locks)
    platform("win32")
    return locks


@pytest.mark.parametrize(
    ("name", "python"),
    [("win32", ("Scripts", "python.exe")), ("darwin", ("bin", "python")), ("linux", ("bin", "python"))],
)
def test_the_python_of_an_environment_is_where_the_platform_has_it(
    platform: Platform, tmp_path: Path, name: str, python: tuple[str, str]
) -> None:
    platform(name)
    assert installer.python_of(tmp_path) == tmp_path.joinpath(*python)


@pytest.mark.parametrize(
    ("name", "asked", "kind"),
    [
        ("darwin", "", "metal"),
        ("darwin", "cpu", "cpu"),
        ("linux", "metal", "metal"),
        ("win32", "", "cpu"),
        ("win32", "vulkan", "vulkan"),
    ],
)
def test_a_wheel_of_the_engine_is_looked_for_by_what_the_platform_has(
    platform: Platform, name: str, asked: libraries.Target, kind: str
) -> None:
    platform(name)
    assert libraries._wheel_kind(asked) == kind


def test_a_wheel_for_cuda_is_none_newer_than_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {(12, 9): "cu125", (12, 4): "cu124", (12, 0): None, None: None}
    for driver, kind in found.items():
        monkeypatch.setattr(libraries, "_cuda_of_driver", lambda driver=driver: driver)
        assert libraries._wheel_kind("cuda") == kind


def test_a_compiler_of_microsoft_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: "C:/VC/cl.exe" if name == "cl" else None)
    assert libraries.has_compiler()
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert not libraries.has_compiler()


def test_the_lock_of_windows_leaves_the_pid_readable(windows_locks: LocksOfWindows, tmp_path: Path) -> None:
    """Bytes that are locked there can't be read by others, so the lock lies far behind them."""
    place = Endpoint(tmp_path)
    place.prepare()
    lock = place.life_lock()
    assert place.living_pid() is None
    assert lock.acquire()
    lock.write(str(os.getpid()))
    assert min(byte for _, byte in windows_locks.held) > 1 << 20
    assert not place.life_lock().acquire()
    assert place.living_pid() == os.getpid()
    lock.release()
    assert place.living_pid() is None


def test_without_unix_sockets_the_engine_listens_on_loopback_and_writes_its_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`test_engine_process.py` has a client call over it."""
    monkeypatch.setattr(endpoint, "UNIX", False)
    monkeypatch.setattr(daemon, "UNIX", False)
    monkeypatch.setattr(os, "getuid", None)  # isn't there
    place = Endpoint(tmp_path / ("long" * 30))
    place.prepare()
    served = SimpleNamespace(endpoint=place)
    listener = daemon.Daemon._bind(served)  # type: ignore[arg-type]
    try:
        assert listener.family is socket.AF_INET
        address, port = listener.getsockname()
        assert address == "127.0.0.1"
        assert place.address == f"127.0.0.1:{port}"
    finally:
        listener.close()
    daemon.Daemon._unbind(served)  # type: ignore[arg-type]
    assert place.port() is None


@pytest.mark.anyio
async def test_an_engine_that_hangs_is_ended_by_the_signal_that_there_is(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    alive = iter([7, None])
    monkeypatch.setattr(Endpoint, "living_pid", lambda self: next(alive, None))
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append(number))
    monkeypatch.delattr(signal, "SIGKILL")
    platform("win32")
    await launch.kill_daemon(Endpoint(tmp_path), 7)
    assert sent == [signal.SIGTERM]


def test_processes_stand_apart_from_the_agents_own_as_the_platform_allows(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200, raising=False)
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 0x8000000, raising=False)
    for name, options in (
        ("win32", {"creationflags": 0x8000200}),
        ("darwin", {"start_new_session": True}),
    ):
        platform(name)
        assert processes.apart() == options


def test_what_a_process_needs_on_windows_is_passed_on_however_it_is_spelled() -> None:
    """Without SystemRoot no socket opens there; without Path no program is found."""
    given = {"Path": r"C:\Windows", "SystemRoot": r"C:\Windows", "ProgramData": "C:/d", "OPENAI_API_KEY": "x"}
    assert processes.clean_environment(environ=given) == {
        name: value for name, value in given.items() if name != "OPENAI_API_KEY"
    }


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("win32", Path("Roaming", "Code", "User", "mcp.json")),
        ("darwin", Path("Library", "Application Support", "Code", "User", "mcp.json")),
        ("linux", Path(".config", "Code", "User", "mcp.json")),
    ],
)
def test_a_desktop_client_keeps_its_settings_where_the_platform_has_them(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, folder: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("APPDATA", str(tmp_path / "Roaming"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    platform(name)
    assert known.CLIENTS["vscode"].files["user"]() == tmp_path / folder


def test_hooks_are_refused_where_their_daemon_cannot_be_reached(platform: Platform) -> None:
    platform("win32")
    with pytest.raises(UsageError, match="Linux or macOS") as caught:
        hook_commands.hook_command("Stop", ["keep"], [])
    assert "without --hooks" in caught.value.remedy


def test_a_worker_claims_no_wall_that_the_platform_lacks(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    set_limits: list[int] = []
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: set_limits.append(which))
    grants = sandbox.Grants((), 100, 10)
    platform("darwin")
    assert sandbox.enter(grants) == sandbox.Walls()
    assert set_limits == [resource.RLIMIT_CORE, resource.RLIMIT_FSIZE]  # the memory's isn't held there
    platform("win32")
    monkeypatch.setitem(sys.modules, "resource", None)
    assert sandbox.enter(grants) == sandbox.Walls()
    assert not sandbox.die_with_parent()
