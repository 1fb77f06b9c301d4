"""Where a user's engine is found: its folder, socket, token and lock. One engine for each runtime folder.

Only the user who owns the folder (0700) can connect, and a connection needs the token too. It does not
protect from other programs of the same user, which can do whatever that user can.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import sys
import tempfile
from pathlib import Path

from mcp_smalltools.errors import EngineUnavailable
from mcp_smalltools.private_files import make_private_folder

EXIT_NOT_ALONE = 75
"""Exit code of a daemon that found another one alive."""

UNIX = sys.platform != "win32"
_SUN_PATH = 103
"""Bytes of a Unix socket's path: 108 on Linux, 104 on macOS, a NUL at the end."""


class FileLock:
    """A lock that the kernel releases when its process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock, or return False at once if another process (or another lock here) has it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _try_lock(descriptor):
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def write(self, text: str) -> None:
        """Replace the content of the locked file. Works on a full disk too, if it had one before."""
        assert self._descriptor is not None, "write() without the lock"
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, text.encode())
        os.ftruncate(self._descriptor, len(text.encode()))

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Endpoint:
    """Paths of one user's engine, and what may be trusted there."""

    def __init__(self, runtime_dir: Path) -> None:
        self.folder = runtime_dir.expanduser()
        self.token_file = self.folder / "engine.token"
        self.port_file = self.folder / "engine.port"
        self.start_lock = self.folder / "engine.start"
        self._pid_file = self.folder / "engine.pid"

    @property
    def socket(self) -> Path:
        """The Unix socket; in a private folder with a short name if the runtime folder's name is too long."""
        path = self.folder / "engine.sock"
        if len(os.fsencode(path)) <= _SUN_PATH:
            return path
        name = hashlib.sha256(os.fsencode(self.folder.absolute())).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"mcp-smalltools-{os.getuid()}-{name}" / "s"

    @property
    def address(self) -> str:
        """For people: where the engine listens."""
        return str(self.socket) if UNIX else f"127.0.0.1:{self.port()}"

    def prepare(self) -> None:
        """Make the folders, private ones. Raises EngineUnavailable if they belong to someone else."""
        _private_folder(self.folder)
        if UNIX and self.socket.parent != self.folder:
            _private_folder(self.socket.parent)

    def port(self) -> int | None:
        """The TCP port on loopback (Windows); None if no engine has written one."""
        try:
            return int(self.port_file.read_text())
        except (OSError, ValueError):
            return None

    def token(self) -> str | None:
        """The token; None if no engine was ever started here."""
        try:
            return self.token_file.read_text().strip() or None
        except OSError:
            return None

    def make_token(self) -> str:
        """The token, made on first use and kept, so that an engine can start on a full disk."""
        if token := self.token():
            return token
        token = secrets.token_hex(32)
        descriptor = os.open(self.token_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(token)
        return token

    def life_lock(self) -> FileLock:
        """Held by the daemon as long as it lives; the file contains its pid."""
        return FileLock(self._pid_file)

    def living_pid(self) -> int | None:
        """The pid of the daemon that holds the lock: never a stale or reused one. None if there is none."""
        lock = self.life_lock()
        try:
            if lock.acquire():
                lock.release()
                return None
            return int(self._pid_file.read_text())
        except (OSError, ValueError):
            return None


def _private_folder(path: Path) -> None:
    try:
        make_private_folder(path)
        found = path.lstat()
    except OSError as error:
        raise EngineUnavailable(
            f"The engine's folder {path} can't be made: {error.strerror}.",
            remedy="Set runtime_dir to a folder of your own.",
        ) from None
    if not UNIX:
        return  # the user's profile folder is private by its access list
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise EngineUnavailable(
            f"The engine's folder {path} is not a folder of this user.",
            remedy="Set runtime_dir to a folder of your own.",
        )
    if found.st_mode & 0o077:
        raise EngineUnavailable(
            f"The engine's folder {path} can be entered by others.",
            remedy=f"Run `chmod 700 {path}`, or set runtime_dir to another folder.",
        )


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, 1 << 30, os.SEEK_SET)  # beyond the pid, which others must be able to read
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
