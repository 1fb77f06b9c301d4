"""A folder in which files come and go, by inotify. Linux only.

The folder need not exist yet: its nearest ancestor is watched until it does.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

AVAILABLE: Final = sys.platform == "linux"

# include/uapi/linux/inotify.h
_MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x40, 0x80, 0x100, 0x200
_IGNORED, _ONLY_DIRECTORY = 0x8000, 0x0100_0000
_COMES: Final = _CREATE | _MOVED_TO
_GOES: Final = _DELETE | _MOVED_FROM
_EVENT: Final = struct.Struct("iIII")
_READ: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class NameChange:
    """A name that came into a watched folder, or left it."""

    folder: Path
    name: str
    came: bool


class FolderWatch:
    """Watches folders for names that come and go. All methods are for one thread, except `descriptor`."""

    def __init__(self) -> None:
        """Raises OSError where the system has no inotify, or no more of it."""
        self._libc: Any = ctypes.CDLL(None, use_errno=True)
        self.descriptor: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify")
        self._wanted: set[Path] = set()
        self._watched: dict[int, Path] = {}

    def add(self, folder: Path) -> list[NameChange]:
        """Watch a folder from now on. Gives the names that are in it already."""
        self._wanted.add(folder)
        return self._descend(folder)

    def remove(self, folder: Path) -> None:
        self._wanted.discard(folder)
        for number, path in list(self._watched.items()):
            if not any(wanted == path or path in wanted.parents for wanted in self._wanted):
                self._libc.inotify_rm_watch(self.descriptor, number)
                del self._watched[number]

    def changes(self) -> Iterator[NameChange]:
        """What has happened since the last call. Doesn't wait."""
        while True:
            try:
                data = os.read(self.descriptor, _READ)
            except BlockingIOError:
                return
            for number, mask, name in _events(data):
                yield from self._happened(number, mask, name)

    def close(self) -> None:
        os.close(self.descriptor)

    def _happened(self, number: int, mask: int, name: str) -> Iterator[NameChange]:
        folder = self._watched.get(number)
        if folder is None:
            return
        if mask & _IGNORED:  # the folder is gone: watch for the next one of its name
            del self._watched[number]
            for wanted in self._wanted:
                if folder in (wanted, *wanted.parents):
                    yield from self._descend(wanted)
            return
        if folder in self._wanted and mask & (_COMES | _GOES):
            yield NameChange(folder, name, bool(mask & _COMES))
        if mask & _COMES:
            below = folder / name
            for wanted in self._wanted:
                if below == wanted or below in wanted.parents:
                    yield from self._descend(wanted)

    def _descend(self, folder: Path) -> list[NameChange]:
        """Watch the folder or, until it exists, its nearest ancestor that does."""
        for path in (folder, *folder.parents):
            already = path in self._watched.values()
            if not already and not self._watch(path):
                continue
            if path != folder and (path / folder.relative_to(path).parts[0]).is_dir():
                return self._descend(folder)  # it has come since the look before
            return _names_in(folder) if path == folder and not already else []
        return []

    def _watch(self, path: Path) -> bool:
        mask = _COMES | _GOES | _ONLY_DIRECTORY
        number = self._libc.inotify_add_watch(self.descriptor, os.fsencode(path), mask)
        if number < 0:
            return False
        self._watched[number] = path
        return True


def _names_in(folder: Path) -> list[NameChange]:
    try:
        return [NameChange(folder, name, True) for name in sorted(os.listdir(folder))]  # noqa: PTH208
    except OSError:
        return []


def _events(data: bytes) -> Iterator[tuple[int, int, str]]:
    at = 0
    while at + _EVENT.size <= len(data):
        number, mask, _, length = _EVENT.unpack_from(data, at)
        at += _EVENT.size
        yield number, mask, os.fsdecode(data[at : at + length].rstrip(b"\0"))
        at += length
