"""The server's side of reading pictures: the process that does it, what it has read before, and limits."""

from __future__ import annotations

import importlib.util
import json
import socket
import sqlite3
import sys
import threading
from collections.abc import Sequence
from typing import Any, Final

from mcp_smalltools import processes
from mcp_smalltools.config import Settings
from mcp_smalltools.engine import protocol
from mcp_smalltools.errors import ConfigError, DeadlineExceeded, Unreadable
from mcp_smalltools.files.reader import UserFile
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.pictures.picture_cache import PictureCache
from mcp_smalltools.pictures.reading import VERSION, Quad, ReadPicture
from mcp_smalltools.tools.base import StopSignal
from mcp_smalltools.workers.picture_process import REQUEST
from mcp_smalltools.workers.sandbox import Grants
from mcp_smalltools.workers.wire import FrameSocket

PACKAGES: Final = ("rapidocr", "onnxruntime", "pypdfium2", "PIL", "cv2")
"""Modules of the extra `pictures`."""
HOW_TO_INSTALL: Final = "pip install 'mcp-smalltools[pictures]'"
_AT_ONCE: Final = 2
_MOST_S: Final = 250


def can_read_pictures() -> bool:
    """Whether the extra is installed, and the system has what its process needs."""
    return sys.platform != "win32" and all(importlib.util.find_spec(name) for name in PACKAGES)


class PictureProcess:
    """Reads pictures in a process of its own, which starts on first need. Any thread may call it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._control: socket.socket | None = None
        self._process: processes.Popen[bytes] | None = None
        self._cache: PictureCache | None = None

    def read(self, file: UserFile, stop: StopSignal | None) -> ReadPicture:
        """What is on a picture. Raises Unreadable and DeadlineExceeded."""
        self._check(file)
        if (kept := self._kept(_key(file))) is not None:
            return kept
        packed = self._ask(file, stop, ("read", ""), ())
        try:
            read = ReadPicture.unpacked(json.loads(packed))
        except (KeyError, TypeError, ValueError):
            raise _died(file) from None
        self.keep(file, read)
        return read

    def why_not(self, level: PrivacyLevel) -> str | None:
        """Why the index doesn't hold the text of pictures under a level; None where it does."""
        if not can_read_pictures():
            return f"what reads them is not installed ({HOW_TO_INSTALL})"
        if level is PrivacyLevel.SEALED and not self._settings.sealed_pictures:
            return "their folder is sealed"
        return None if self._settings.cache else "what is read of them is not kept (cache = false)"

    def known(self, file: UserFile) -> ReadPicture | None:
        """What was read of a picture with these bytes before."""
        return self._kept(_key(file))

    def read_if_possible(self, file: UserFile, stop: StopSignal | None) -> ReadPicture | None:
        """The same; None for a PDF that can't be read here: a tool that knows the format may do without."""
        try:
            return self.read(file, stop)
        except Unreadable:
            if file.read_at(0, 5) == b"%PDF-":
                return None
            raise

    def keep(self, file: UserFile, read: ReadPicture) -> None:
        """Have a picture with the same bytes not read again."""
        if not self._settings.cache:
            return
        try:
            self._open_cache().put(_key(file), read.packed())
        except (ConfigError, sqlite3.Error) as error:
            print(f"mcp-smalltools: the cache of pictures can't be written: {error}", file=sys.stderr)

    def paint(
        self, file: UserFile, places: Sequence[tuple[int, Quad]], output: int, stop: StopSignal | None
    ) -> int:
        """Write a copy of a picture as PNG, with these places of its pages painted over, and nothing but its
        pixels; how many bytes it has. Raises Unreadable and DeadlineExceeded.
        """
        self._check(file)
        return int(self._ask(file, stop, ("paint", json.dumps(list(places))), (output,)))

    def close(self) -> None:
        with self._lock:
            self._end()
        if self._cache is not None:
            self._cache.close()

    def __del__(self) -> None:
        """A service that was not closed leaves no process behind."""
        self._end()

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._control = self._process = None

    def _check(self, file: UserFile) -> None:
        if not can_read_pictures():
            raise Unreadable(
                f"{file.path} is a picture or a PDF, and what reads them is not installed.",
                remedy=f"The user can install it: {HOW_TO_INSTALL}",
            )
        if file.level is PrivacyLevel.SEALED and not self._settings.sealed_pictures:
            raise Unreadable(
                f"{file.path} is a picture in a sealed folder, where pictures are not read.",
                remedy="The user can allow it: sealed_pictures = true in the configuration.",
            )

    def _ask(self, file: UserFile, stop: StopSignal | None, request: Any, outputs: tuple[int, ...]) -> Any:
        left = min(stop.remaining_s if stop else self._settings.deadline_s, _MOST_S)
        if left <= 0:
            raise _too_slow(file)
        with self._turns:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            ours.settimeout(left)
            frames = FrameSocket(ours)
            try:
                self._send(theirs, file, max(1, min(_MOST_S, int(left) + 1)))
                frames.send(request, outputs)
                (kind, value), _ = frames.receive()
            except TimeoutError:
                raise _too_slow(file) from None
            except (EOFError, OSError, protocol.ProtocolError):
                raise _died(file) from None
            finally:
                theirs.close()
                frames.close()
        if kind == "failed":
            error = protocol.as_error(value)
            if isinstance(error, Unreadable):
                raise Unreadable(f"{file.path}: {error.message}", remedy=error.remedy)
            raise error
        return value

    def _send(self, end: socket.socket, file: UserFile, seconds: int) -> None:
        """Hand a picture to the process, which is started where it is not there, or not any more."""
        descriptors = [end.fileno(), file.descriptor]
        with self._lock:
            if self._control is not None:
                try:
                    socket.send_fds(self._control, [REQUEST.pack(seconds)], descriptors)
                    return
                except OSError:  # it was idle, and has ended
                    self._control.close()
                    if self._process is not None:
                        self._process.wait()
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            grants = Grants((), self._settings.worker_memory_mb, self._settings.export_mb)
            command = processes.module_command(
                "mcp_smalltools.workers.picture_process", str(theirs.fileno()), *grants.arguments()
            )
            env = {**processes.clean_environment(), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
            self._process = processes.start(command, env=env, pass_fds=(theirs.fileno(),))
            theirs.close()
            socket.send_fds(self._control, [REQUEST.pack(seconds)], descriptors)

    def _kept(self, key: str) -> ReadPicture | None:
        if not self._settings.cache:
            return None
        try:
            packed = self._open_cache().get(key)
            return ReadPicture.unpacked(packed) if packed else None
        except (ConfigError, sqlite3.Error, KeyError, TypeError, ValueError):
            return None

    def _open_cache(self) -> PictureCache:
        with self._lock:
            if self._cache is None:
                path = self._settings.state_dir / "pictures.db"
                self._cache = PictureCache(path, max_mb=self._settings.cache_mb)
            return self._cache


def _key(file: UserFile) -> str:
    return f"{VERSION}:{file.sha256()}"


def _too_slow(file: UserFile) -> DeadlineExceeded:
    return DeadlineExceeded(
        f"Reading the picture {file.path} took too long.",
        remedy="Give a smaller picture or fewer pages, or raise deadline_s in the configuration.",
    )


def _died(file: UserFile) -> Unreadable:
    return Unreadable(
        f"{file.path} can't be read: the process that reads pictures ended, or took too much memory or time.",
        remedy="Save the picture smaller, as PNG.",
    )
