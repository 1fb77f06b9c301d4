"""The kept outputs on disk: a folder for each session, for this user alone, bounded in size and days."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from mcp_smalltools.config import Settings
from mcp_smalltools.private_files import check_own_folder, is_private, make_private_folder

_SESSION_CHARS: Final = 8
_NO_SESSION: Final = "no-session"
_SESSION_FOLDER: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{_SESSION_CHARS}}}|{_NO_SESSION}")
_COPIED_AT_ONCE: Final = 16 << 20
_LARGEST_SHARE: Final = 4
"""No output takes more than this part of the room for all."""


@dataclass(frozen=True, slots=True)
class KeptOutput:
    """An output on disk. `left_out` are bytes of its start that there was no room for."""

    path: Path
    size: int
    left_out: int = 0


class OutputStore:
    """Where outputs are kept. Methods may be called by several processes at once."""

    def __init__(self, folder: Path, most_mb: int, days: int) -> None:
        self.folder = folder
        self._most = most_mb << 20
        self._days = days

    @classmethod
    def of(cls, settings: Settings) -> OutputStore:
        return cls(settings.outputs_dir.expanduser(), settings.outputs_mb, settings.outputs_days)

    @property
    def largest(self) -> int:
        """Bytes of one output that there is room for."""
        return self._most // _LARGEST_SHARE

    def folder_of(self, session: str) -> Path:
        """A session's folder, which need not exist. Its name is short: agents are shown it."""
        return self.folder / (session[:_SESSION_CHARS] or _NO_SESSION)

    def keep(self, session: str, name: str, source: int) -> KeptOutput | None:
        """Copy a file that is open under a descriptor; of a very large one its end, from the start of a line.

        None where it is empty or can't be written: the disk is full, or the folder is not ours to write.
        """
        size = os.fstat(source).st_size
        if not size:
            return None
        start = _line_start(source, max(0, size - self.largest))
        try:
            with self.new_file(session, name) as (path, target):
                at = start
                while at < size and (part := os.pread(source, min(_COPIED_AT_ONCE, size - at), at)):
                    _write_all(target, part)
                    at += len(part)
        except OSError:
            return None
        self.prune()
        return KeptOutput(path, at - start, start)

    def keep_text(self, session: str, name: str, text: str) -> KeptOutput | None:
        """Keep a text that is no file. None where it can't be written."""
        data = text.encode("utf-8", "replace")
        try:
            with self.new_file(session, name) as (path, target):
                _write_all(target, data)
        except OSError:
            return None
        self.prune()
        return KeptOutput(path, len(data))

    def prune(self) -> int:
        """Remove what is too old and, from the oldest on, what is too much. Gives the number of files."""
        oldest = time.time() - self._days * 86_400
        found = sorted(self._files())
        room = self._most - sum(size for _, size, _ in found)
        removed = 0
        for changed, size, path in found:
            if changed >= oldest and room >= 0:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                removed += 1
                room += size
        self._remove_empty_folders()
        return removed

    def clear(self) -> int:
        """Remove all outputs, and nothing that isn't one. Gives their number. Raises OSError."""
        number = 0
        for _, _, path in self._files():
            path.unlink(missing_ok=True)
            number += 1
        self._remove_empty_folders()
        with contextlib.suppress(OSError):
            self.folder.rmdir()
        return number

    def usage(self) -> tuple[int, int]:
        """Number and bytes of the kept outputs."""
        sizes = [size for _, size, _ in self._files()]
        return len(sizes), sum(sizes)

    @contextlib.contextmanager
    def new_file(self, session: str, name: str) -> Iterator[tuple[Path, int]]:
        """A new file, open for writing; removed if the block fails.

        Raises OSError also where the folder is somebody else's, open to others, or a link.
        """
        folder = self.folder_of(session)
        make_private_folder(folder)
        check_own_folder(self.folder)
        if folder.is_symlink() or not is_private(folder.lstat()):
            raise PermissionError(errno.EPERM, "not a private folder", str(folder))
        path = folder / f"{name}.txt"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(path, flags, 0o600)
        try:
            yield path, descriptor
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """Time of the last change, size and path of each. Links and what others made are none of them."""
        for folder in self._session_folders():
            for path in folder.glob("*.txt"):
                with contextlib.suppress(OSError):
                    found = path.lstat()
                    if stat.S_ISREG(found.st_mode) and is_private(found):
                        yield found.st_mtime, found.st_size, path

    def _session_folders(self) -> Iterator[Path]:
        """By their names and modes: the user may have named a folder that holds other things too."""
        for folder in self.folder.glob("*"):
            with contextlib.suppress(OSError):
                found = folder.lstat()
                if (
                    _SESSION_FOLDER.fullmatch(folder.name)
                    and stat.S_ISDIR(found.st_mode)
                    and is_private(found)
                ):
                    yield folder

    def _remove_empty_folders(self) -> None:
        for folder in self._session_folders():
            with contextlib.suppress(OSError):
                folder.rmdir()  # only if it is empty


class OutputWriter:
    """Keeps an output while it is written. Where that fails, it goes on without a word: nothing is kept."""

    def __init__(self, store: OutputStore, session: str, name: str) -> None:
        self._store, self._session, self._name = store, session, name
        self._open = contextlib.ExitStack()
        self._file: tuple[Path, int] | None = None
        self._size = 0

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            self._file = self._open.enter_context(self._store.new_file(self._session, self._name))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def write(self, data: bytes) -> None:
        if self._file is None:
            return
        try:
            _write_all(self._file[1], data)
            self._size += len(data)
        except OSError:
            self._file[0].unlink(missing_ok=True)
            self._file = None

    def finished(self) -> KeptOutput | None:
        """What is kept, of a very large output its end; None where nothing is."""
        if self._file is None:
            return None
        path = self._file[0]
        if not self._size:
            path.unlink(missing_ok=True)
            return None
        if self._size <= self._store.largest:
            self._store.prune()
            return KeptOutput(path, self._size)
        with path.open("rb") as whole:
            path.unlink(missing_ok=True)
            return self._store.keep(self._session, self._name, whole.fileno())


def _line_start(source: int, at: int) -> int:
    """The first byte of a line at or after a place, as far as it is near."""
    if not at:
        return 0
    found = os.pread(source, 1 << 16, at).find(b"\n")
    return at + found + 1


def _write_all(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]
