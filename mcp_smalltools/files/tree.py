"""The files below a folder, without following links and without what git ignores.

Walked by descriptor, like `roots`: a folder that is swapped for a link on the way is not entered.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mcp_smalltools.files.ignore import IgnoreRules
from mcp_smalltools.files.roots import Folder, OpenFolder

NEVER_ENTERED: Final = frozenset(
    {".git", ".hg", ".svn", ".jj", "node_modules", "bower_components", "__pycache__", ".tox", ".nox", ".venv"}
)
"""Folders of other programs. Besides them: what has a pyvenv.cfg or a CACHEDIR.TAG in it."""
MAX_DEPTH: Final = 100
"""Folders inside each other that are entered: each takes a file handle."""
_MARKS: Final = frozenset({"pyvenv.cfg", "CACHEDIR.TAG"})
_RULES_BYTES: Final = 1 << 20
_READ: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A regular file. `path` is relative to the root, with "/" as its separator."""

    path: str
    size: int
    mtime_ns: int
    inode: int


@dataclass(slots=True)
class Walk:
    """One walk over a folder. Iterating gives its entries by name, with paths relative to the root."""

    folder: Folder
    check: Callable[[], None] = lambda: None
    """Called for each folder; what it raises ends the walk."""
    ignored: int = 0
    """Number of files and folders that were ignored by git's rules."""
    unreachable: int = 0
    """Number of files and folders that can't be named in UTF-8, and of folders that can't be listed or are
    deeper than MAX_DEPTH.
    """

    def __iter__(self) -> Iterator[FileEntry]:
        with self.folder.opened() as place:
            yield from self._below(place, "", IgnoreRules(), self.folder.parts)

    def _below(
        self, place: OpenFolder, prefix: str, rules: IgnoreRules, way: tuple[str, ...]
    ) -> Iterator[FileEntry]:
        """The files in an open folder; while there are parts in `way`, only what is on that way."""
        self.check()
        try:
            with os.scandir(place) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:  # no permission, or gone meanwhile
            self.unreachable += 1
            return
        names = {entry.name for entry in entries}
        if prefix and not way and names & _MARKS:
            return
        rules = _with_rules_of(place, prefix, rules, names)
        for entry in entries:
            if way and entry.name != way[0]:
                continue
            try:
                yield from self._one(place, prefix, entry, rules, way)
            except OSError:  # no permission, or gone meanwhile
                self.unreachable += 1

    def _one(
        self,
        place: OpenFolder,
        prefix: str,
        entry: os.DirEntry[str],
        rules: IgnoreRules,
        way: tuple[str, ...],
    ) -> Iterator[FileEntry]:
        path = prefix + entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if not _is_utf8(entry.name) or (is_folder and path.count("/") >= MAX_DEPTH):
            self.unreachable += 1
            return
        if not way:  # what was asked for by name is never left out
            if entry.name in NEVER_ENTERED or path in self.folder.other_roots:
                return
            if rules.hides(path, folder=is_folder):
                self.ignored += 1
                return
        if is_folder:
            below = _enter(place, entry.name)
            try:
                if self._is_ours(below):
                    return
                yield from self._below(below, path + "/", rules, way[1:])
            finally:
                if isinstance(below, int):
                    os.close(below)
        elif entry.is_file(follow_symlinks=False):
            status = entry.stat(follow_symlinks=False)
            yield FileEntry(path, status.st_size, status.st_mtime_ns, status.st_ino)

    def _is_ours(self, place: OpenFolder) -> bool:
        if not self.folder.own_folders or isinstance(place, Path):
            return False  # by path, `other_roots` names them
        found = os.fstat(place)
        return (found.st_dev, found.st_ino) in self.folder.own_folders


def _is_utf8(name: str) -> bool:
    """Other names can't be said in an answer, nor asked for."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _with_rules_of(place: OpenFolder, prefix: str, rules: IgnoreRules, names: set[str]) -> IgnoreRules:
    if ".git" in names and (lines := _lines(place, ".git", "info", "exclude")):
        rules = rules.within(prefix, lines)
    if ".gitignore" in names and (lines := _lines(place, ".gitignore")):
        rules = rules.within(prefix, lines)
    return rules


def _lines(place: OpenFolder, *parts: str) -> list[str]:
    """Lines of a small file below an open folder; none if it can't be read or is behind a link."""
    opened: list[int] = []
    try:
        at = place
        for part in parts[:-1]:
            at = _enter(at, part)
            if isinstance(at, int):
                opened.append(at)
        name = parts[-1]
        found = os.open(name, _READ, dir_fd=at) if isinstance(at, int) else os.open(at / name, _READ)
        opened.append(found)
        return os.read(found, _RULES_BYTES).decode("utf-8", errors="replace").splitlines()
    except OSError:
        return []
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _enter(place: OpenFolder, name: str) -> OpenFolder:
    """Raises OSError, also where the name is a link."""
    if isinstance(place, Path):
        return place / name
    return os.open(name, _READ | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place)
