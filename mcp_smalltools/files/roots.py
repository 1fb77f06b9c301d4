"""Which paths may be read, and at which privacy level. Checked on the descriptor, not on the name.

A path is resolved, must be inside a root, and is then opened from the root's own descriptor, component by
component, following no link: whatever is swapped in between the look and the opening is refused.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from mcp_smalltools.config import RootSpec, Settings, no_root
from mcp_smalltools.errors import ConfigError, FileError, NotAllowed, NotFound, SmallToolsError, Unreadable
from mcp_smalltools.files.reader import UserFile
from mcp_smalltools.files.spelling import real_path, with_prefix
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.suggest import did_you_mean

_WALKS: Final = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_BINARY: Final = getattr(os, "O_BINARY", 0)
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_READ: Final = os.O_RDONLY | _BINARY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class _Root:
    folder: Path  # without links
    shown: str
    level: PrivacyLevel
    walked: bool = True


Identity = tuple[int, int]
"""Device and inode of a folder, which identify it under any name."""
OpenFolder = int | Path
"""An open folder: its descriptor, or its path where folders can't be walked by descriptor (Windows)."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder inside a root, to be walked from the root down (`files.tree`)."""

    root: Path
    parts: tuple[str, ...]
    """The path from the root to it; empty for the root itself."""
    level: PrivacyLevel
    other_roots: frozenset[str]
    """Roots inside this root, relative to it. They are walked as roots, at their own level."""
    own_folders: frozenset[Identity] = frozenset()
    """The program's own folders, which are not entered."""

    @contextlib.contextmanager
    def opened(self) -> Iterator[OpenFolder]:
        """The root, open. Raises ConfigError if it is not a folder."""
        try:
            place: OpenFolder = os.open(self.root, _FOLDER) if _WALKS else self.root
        except OSError as error:
            raise ConfigError(
                f"The root {self.root} can't be opened: {error.strerror}.",
                remedy="Correct --root or the configuration.",
            ) from None
        try:
            yield place
        finally:
            if isinstance(place, int):
                os.close(place)


class _OwnFolderError(Exception):
    """The path leads into one of the program's own folders."""


class _WrongKindError(Exception):
    """There is something other than a file at the path."""

    def __init__(self, mode: int) -> None:
        super().__init__(mode)
        self.mode = mode


class Roots:
    """The folders that may be read. The innermost root that holds a file decides on its level."""

    def __init__(self, specs: Sequence[RootSpec], own_folders: Sequence[Path] = ()) -> None:
        """`own_folders` count as outside every root. Raises ConfigError for a root inside one of them."""
        self._roots = [
            _Root(real_path(spec.path.expanduser()), str(spec.path), spec.level, spec.walked)
            for spec in specs
        ]
        self._own = [real_path(folder.expanduser()) for folder in own_folders]
        self._own_identities = frozenset(_identities(self._own))
        for root in self._roots:
            if inside := next((own for own in self._own if _holds(own, root.folder)), None):
                raise ConfigError(
                    f"The root {root.shown} is inside of a folder of mcp-smalltools itself ({inside}).",
                    remedy="Name another root, or another output_dir or state_dir in the configuration.",
                )

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The roots of the settings, without our own folders. Raises ConfigError if there is none."""
        if not settings.effective_roots:
            raise no_root()
        return cls(settings.effective_roots, settings.own_folders)

    def open(self, path: str) -> UserFile:
        """Open a regular file inside a root. A relative path is looked for in each root in turn.

        Raises NotAllowed, NotFound or Unreadable; ConfigError where a root itself is missing.
        """
        real = self._resolve(path)
        root = self._root_of(real)
        if root is None:
            raise self._outside(path)
        try:
            if _WALKS:
                descriptor: int | None = _open_inside(root.folder, real, self._own_identities)
            else:
                descriptor = _open_and_look(root.folder, real)
        except _WrongKindError as error:
            raise _wrong_kind(path, error.mode) from None
        except _OwnFolderError:
            raise _own_folder(path) from None
        except OSError as error:
            raise self._refusal(path, real, error) from None
        if descriptor is None:
            raise self._outside(path)
        try:
            kind = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(kind):
                raise _wrong_kind(path, kind)
            return UserFile(path, real, root.level, descriptor)
        except BaseException:
            os.close(descriptor)
            raise

    def level_of(self, path: str) -> PrivacyLevel:
        """The level of a path, which need not exist. Raises NotAllowed outside the roots."""
        root = self._root_of(self._resolve(path))
        if root is None:
            raise self._outside(path)
        return root.level

    def folders(self, path: str = "") -> list[Folder]:
        """All roots, or a folder and the roots inside it. For a file, a folder that holds nothing else.

        Raises NotAllowed or NotFound.
        """
        if not path:
            return [self._folder(root, ()) for root in dict.fromkeys(self._walked())]
        real = self._resolve(path)
        root = self._root_of(real)
        if root is None:
            raise self._outside(path)
        try:
            os.lstat(real)
        except OSError as error:
            raise self._refusal(path, real, error) from None
        inside = [other for other in dict.fromkeys(self._roots) if real in other.folder.parents]
        return [
            self._folder(root, real.relative_to(root.folder).parts),
            *(self._folder(other, ()) for other in inside),
        ]

    def shown(self, folder: Folder, path: str) -> str:
        """The path of a file for the caller: relative to its root if that leads to it, else in full."""
        real = folder.root / path
        return path if self._resolve(path) == real else str(real)

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder at the path, inside a root. Raises NotAllowed, NotFound for no path."""
        real = self._resolve(path)
        return self._root_of(real) is not None and os.path.isdir(real)  # noqa: PTH112 - Path's raises

    def _folder(self, root: _Root, parts: tuple[str, ...]) -> Folder:
        inner = [other.folder for other in self._roots] + self._own
        others = {
            other.relative_to(root.folder).as_posix() for other in inner if root.folder in other.parents
        }
        return Folder(root.folder, parts, root.level, frozenset(others), self._own_identities)

    def _resolve(self, path: str) -> Path:
        """The path without links and dots. A relative one is the first that exists, or in the first root."""
        if not path or "\0" in path:
            raise NotFound("The path is empty or holds a NUL.", remedy="Give the path of a file.")
        if not self._roots:
            raise NotAllowed("No folder may be read.", remedy="Allow one with --root DIR.")
        expanded = os.path.expanduser(path)  # noqa: PTH111 - Path would drop a trailing slash's meaning
        try:
            candidates = [real_path(root.folder / expanded) for root in self._walked()]
        except ValueError:
            raise NotFound(f"{path} is not a path.", remedy="Give the path of a file.") from None
        except OSError:  # a link that was there and is not any more
            raise NotAllowed(f"{path} was changed while it was opened.", remedy="Call again.") from None
        existing = [c for c in candidates if os.path.lexists(c) and self._root_of(c)]
        real = (existing or candidates)[0]
        if any(_holds(own, real) for own in self._own):
            raise _own_folder(path)
        return real

    def _walked(self) -> list[_Root]:
        """Those whose files are found without being named; all where there are no such."""
        return [root for root in self._roots if root.walked] or self._roots

    def _root_of(self, real: Path) -> _Root | None:
        holding = [root for root in self._roots if real == root.folder or root.folder in real.parents]
        return max(holding, key=lambda root: len(root.folder.parts), default=None)

    def _outside(self, path: str) -> FileError:
        shown = ", ".join(root.shown for root in self._walked())
        return NotAllowed(
            f"{path} is outside the folders that may be read ({shown}).",
            remedy="Name a file inside them, or allow its folder with --root DIR.",
        )

    def _refusal(self, path: str, real: Path, error: OSError) -> SmallToolsError:
        """The error for a failed opening. Only called for paths inside a root."""
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            if missing := next((root for root in self._roots if not root.folder.is_dir()), None):
                return ConfigError(
                    f"The root {missing.shown} is not a folder.",
                    remedy="Correct --root or the configuration: DIR, or DIR:LEVEL with the level open, "
                    "redacted or sealed.",
                )
            holding = self._root_of(real)
            if holding and holding.level is PrivacyLevel.SEALED:  # a name that is near may tell something
                return NotFound(f"There is no file {path}.", remedy="Check the path.")
            with contextlib.suppress(OSError):
                near = did_you_mean(real.name, os.listdir(real.parent))  # noqa: PTH208 - names are enough
                return NotFound(f"There is no file {path}{near}.", remedy="Check the path.")
            return NotFound(f"There is no file {path}.", remedy="Check the path.")
        if error.errno in (errno.ELOOP, errno.EMLINK):
            return NotAllowed(f"{path} was changed into a link while it was opened.", remedy="Call again.")
        if error.errno in (errno.EACCES, errno.EPERM):
            if os.path.isdir(real):  # noqa: PTH112 - Path's raises where a folder above may not be entered
                return _wrong_kind(path, stat.S_IFDIR)
            return Unreadable(f"{path} can't be read: permission denied.", remedy="Change its permissions.")
        if error.errno == errno.ENXIO:
            return _wrong_kind(path, stat.S_IFSOCK)
        if error.errno == errno.ENAMETOOLONG:
            return NotFound(f"The path of {len(path)} characters is too long.", remedy="Check the path.")
        return Unreadable(f"{path} can't be opened: {error.strerror}.", remedy="Check the file.")


def _holds(folder: Path, path: Path) -> bool:
    return folder == path or folder in path.parents


def _identities(folders: Iterable[Path]) -> Iterator[Identity]:
    for folder in folders:
        with contextlib.suppress(OSError):
            found = folder.stat()
            yield found.st_dev, found.st_ino


def _own_folder(path: str) -> FileError:
    """The same error whether or not there is such a file."""
    return NotAllowed(
        f"{path} is in a folder of mcp-smalltools itself, which no root opens.",
        remedy="Read exports, models and settings with your own tools.",
    )


def _open_inside(folder: Path, real: Path, own: frozenset[Identity]) -> int:
    """Open `real`, which has no links in it, from the descriptor of `folder` down, through none of `own`.

    Raises OSError. `own` has devices and inodes: names may differ in case, and mounts repeat folders.
    """
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        *folders, name = real.relative_to(folder).parts or (".",)
        for part in folders:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
            os.close(at)
            at = below
            if own and _identity(at) in own:
                raise _OwnFolderError
        # A device may act when it is opened: look first. The caller looks again at what was opened.
        kind = os.stat(name, dir_fd=at, follow_symlinks=False).st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISLNK(kind)):
            raise _WrongKindError(kind)
        return os.open(name, _READ | os.O_NOFOLLOW, dir_fd=at)
    finally:
        os.close(at)


def _identity(descriptor: int) -> Identity:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def _open_and_look(folder: Path, real: Path) -> int | None:
    """Where folders can't be walked by descriptor (Windows): open first, then check where that led."""
    descriptor = os.open(with_prefix(str(real)), _READ)
    if real_path(real) == real and folder in real.parents:
        return descriptor
    os.close(descriptor)
    return None


def _wrong_kind(path: str, mode: int) -> FileError:
    if stat.S_ISDIR(mode):
        return Unreadable(f"{path} is a folder.", remedy="Name a file in it.")
    kind = "a FIFO" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
    return NotAllowed(f"{path} is {kind}, not a file.", remedy="Name a regular file.")
