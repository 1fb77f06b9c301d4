"""Files that a call writes for its caller: inside the output folder, whole or not at all, and never over a
file that isn't an earlier export of the same caller.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import TracebackType
from typing import Final, Self

from mcp_smalltools.errors import ConfigError, NotAllowed
from mcp_smalltools.private_files import make_private_folder
from mcp_smalltools.stores.export_index import ExportIndex

_NAME_BYTES: Final = 200
"""Longest part of a name; file systems take 255, and the unfinished file's name is longer."""
_MOST_PARTS: Final = 8
_CHECKED_EACH: Final = 8 << 20
"""After so many bytes it is checked again whether there is room."""
_SPARE_BYTES: Final = 256 << 20
_SPARE_SHARE: Final = 0.02
"""What stays free on the disk, for the ledger above all: the lesser of the two."""
_WINDOWS: Final = os.name == "nt"
_BY_DESCRIPTOR: Final = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Quota:
    """What one principal may have in the output folder."""

    most_bytes: int
    most_files: int


class OutputFile:
    """An export while it is written. It appears under `path` when the block ends without an error."""

    def __init__(
        self, path: Path, descriptor: int, allow: Callable[[int], None], finish: Callable[[bool], None]
    ) -> None:
        """`descriptor` is open for writing and closed here. `allow` hears how many bytes there will be, and
        raises NotAllowed; `finish` hears whether the file is complete.
        """
        self.path = path
        self._file = os.fdopen(descriptor, "wb")
        self._allow, self._finish = allow, finish
        self._bytes = self._checked = 0

    def write(self, text: str) -> None:
        """Raises NotAllowed where the disk refuses, or the caller's quota is used up."""
        data = text.encode("utf-8", "surrogatepass")
        self._bytes += len(data)
        if self._bytes - self._checked > _CHECKED_EACH:
            self._checked = self._bytes
            self._allow(self._bytes)
        try:
            self._file.write(data)
        except OSError as error:
            raise _refusal(self.path, error) from None

    @property
    def descriptor(self) -> int:
        """For another process to write to."""
        return self._file.fileno()

    def allow(self, size: int) -> None:
        """The other process writes, or has written, so many bytes in all. Raises NotAllowed."""
        self._bytes = size
        self._allow(size)

    def close(self) -> None:
        """The file is complete. Raises NotAllowed where the disk refuses."""
        self._bytes = max(self._bytes, os.fstat(self.descriptor).st_size)
        self.__exit__(None, None, None)

    def abandon(self) -> None:
        """Nothing appears."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._finish(False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        complete = False
        try:
            with contextlib.closing(self._file):
                if kind is None:
                    self._allow(self._bytes)
                    self._file.flush()
                    complete = True
        except OSError as problem:
            complete = False
            if kind is None:
                raise _refusal(self.path, problem) from None
        finally:
            self._finish(complete)


class Exports:
    """The exports of one principal. `own` is the name of its folder inside the output folder; "" for none."""

    def __init__(self, folder: Path, index_file: Path, *, owner: str, own: str, quota: Quota) -> None:
        self._folder = folder.expanduser()
        self._index_file = index_file.expanduser()
        self._owner, self._own, self._quota = owner, own, quota

    def create(self, name: str) -> OutputFile:
        """Start the file `name`. Raises NotAllowed."""
        parts = self._parts(name)
        with contextlib.ExitStack() as opened:
            index = self._open_index()
            opened.callback(index.close)
            place = self._enter(parts[:-1])
            opened.callback(place.close)
            with _named_errors(place.path / parts[-1]):
                draft = _Draft(index, place, parts[-1], self._owner, self._quota)
                descriptor = draft.start()
            to_close = opened.pop_all()

        def finish(complete: bool) -> None:
            with to_close, _named_errors(draft.target):
                draft.finish(complete)

        return OutputFile(draft.target, descriptor, draft.allow, finish)

    def _parts(self, name: str) -> tuple[str, ...]:
        """The parts of a name, in the principal's own folder. Raises NotAllowed."""
        root = Path(os.path.realpath(self._folder)) / self._own
        given = PurePath(name)
        for start in (root, self._folder / self._own):
            if given.is_absolute() and given.is_relative_to(start):
                given = given.relative_to(start)
        parts = given.parts
        is_below = 0 < len(parts) <= _MOST_PARTS and not given.is_absolute() and not given.drive
        if not is_below or not all(map(_is_usable, parts)):
            shown = name if len(name) <= _NAME_BYTES else f"{name[:_NAME_BYTES]}…"
            raise NotAllowed(
                f"{shown} is not a file inside the output folder.",
                remedy=f"Give a name of up to {_NAME_BYTES} bytes, not hidden; it is written into {root}.",
            )
        return (self._own, *parts) if self._own else parts

    def _open_index(self) -> ExportIndex:
        """Raises NotAllowed: what is not noted could never be told to be ours."""
        try:
            return ExportIndex(self._index_file)
        except ConfigError as error:
            raise NotAllowed(f"Exports can't be noted: {error.message}", remedy=error.remedy) from None

    def _enter(self, folders: tuple[str, ...]) -> _OutputFolder:
        """The folder of a new file, made where it is missing. No link is followed. Raises NotAllowed."""
        try:
            make_private_folder(self._folder)
            place = _OutputFolder.open(Path(os.path.realpath(self._folder)))
        except OSError as error:
            raise NotAllowed(
                f"The output folder {self._folder} can't be used: {error.strerror}.",
                remedy="Name another with --output-dir.",
            ) from None
        for name in folders:
            below = place.path / name
            try:
                inner = place.enter(name)
            except OSError as error:
                raise NotAllowed(
                    f"{below} is not a folder that can be written into: {error.strerror}.",
                    remedy="Give another name; links are not followed.",
                ) from None
            finally:
                place.close()
            place = inner
        return place


class _Draft:
    """A file on its way to its name: checked, written beside it, noted and renamed."""

    def __init__(self, index: ExportIndex, place: _OutputFolder, name: str, owner: str, quota: Quota) -> None:
        self._index, self._place, self._owner, self._quota = index, place, owner, quota
        self._part = f".{name}.{secrets.token_hex(4)}.part"
        self.target = place.path / name

    def start(self) -> int:
        """The descriptor to write to. Raises NotAllowed, OSError, sqlite3.Error."""
        if not self._replaces_own():
            files = self._index.usage(self._owner)[0]
            if files >= self._quota.most_files:
                raise NotAllowed(
                    f"There are {files} exports of this caller already, as many as may be.",
                    remedy="Delete old ones, or raise export_files in the configuration.",
                )
        self.allow(0)
        descriptor = self._place.create(self._part)
        try:
            self._index.note(self._unfinished, self._owner, os.fstat(descriptor), finished=False)
        except BaseException:
            os.close(descriptor)
            self._place.remove(self._part)
            raise
        return descriptor

    def allow(self, size: int) -> None:
        """Raises NotAllowed if a file of this size is too much for the caller or the disk."""
        with _named_errors(self.target):
            others = self._index.usage(self._owner, besides=self._unfinished)[1]
            disk = shutil.disk_usage(self._place.path)
        if others + size > self._quota.most_bytes:
            raise NotAllowed(
                f"The exports of this caller would take more than {self._quota.most_bytes >> 20} MB.",
                remedy="Delete old ones, or raise export_mb in the configuration.",
            )
        if disk.free < min(_SPARE_BYTES, disk.total * _SPARE_SHARE):
            raise NotAllowed(
                f"The disk of {self._place.path} is nearly full.",
                remedy="Make room, or name another folder with --output-dir.",
            )

    def finish(self, complete: bool) -> None:
        """Raises NotAllowed, OSError, sqlite3.Error."""
        try:
            if complete:
                self._publish()
        finally:
            self._place.remove(self._part)
            self._index.forget(self._unfinished)

    def _publish(self) -> None:
        written = self._place.look(self._part)
        if written is None:
            raise NotAllowed(f"{self.target} was removed while it was written.", remedy="Call again.")
        is_new = not self._replaces_own()
        if is_new:
            try:
                self._place.add(self._part, self.target.name)
            except FileExistsError:  # put there in this moment: perhaps by another call of this caller
                is_new = False
                if not self._replaces_own():
                    raise
        if not is_new:
            self._place.replace(self._part, self.target.name)
        try:
            self._index.note(self.target, self._owner, written, finished=True)
        except BaseException:
            self._place.remove(self.target.name)  # nobody could tell that it is ours
            raise

    def _replaces_own(self) -> bool:
        """Whether an export of the caller has the name; False if nothing has. Raises NotAllowed."""
        found = self._place.look(self.target.name)
        if found is None:
            return False
        if stat.S_ISREG(found.st_mode) and self._index.is_own(self.target, self._owner, found):
            return True
        raise NotAllowed(
            f"{self.target} is there already, and is no earlier export of this caller as it was written.",
            remedy="Give another name; only own exports are replaced.",
        )

    @property
    def _unfinished(self) -> Path:
        return self._place.path / self._part


@contextlib.contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    """Turn what the disk or the index raises into NotAllowed."""
    try:
        yield
    except OSError as error:
        raise _refusal(path, error) from None
    except sqlite3.Error as error:
        raise NotAllowed(
            f"{path} can't be noted as an export: {error}.", remedy="Make room in the state folder."
        ) from None


class _OutputFolder:
    """An open folder: names in it are looked up by its descriptor, so that nobody can swap it for a link."""

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def open(cls, path: Path) -> Self:
        return cls(path, os.open(path, _FOLDER) if _BY_DESCRIPTOR else None)

    def enter(self, name: str) -> _OutputFolder:
        """A folder in it, made if it is missing. Raises OSError, for a link too."""
        with contextlib.suppress(FileExistsError):
            os.mkdir(self._name(name), 0o700, dir_fd=self._descriptor)
            os.chmod(self._name(name), 0o700, dir_fd=self._descriptor)  # whatever the umask
        if self._descriptor is not None:
            return _OutputFolder(self.path / name, os.open(name, _FOLDER, dir_fd=self._descriptor))
        if not stat.S_ISDIR((self.path / name).lstat().st_mode):
            raise NotADirectoryError(20, "Not a directory")
        return _OutputFolder(self.path / name, None)

    def create(self, name: str) -> int:
        descriptor = os.open(self._name(name), _NEW, 0o600, dir_fd=self._descriptor)
        if os.name == "posix":
            os.fchmod(descriptor, 0o600)
        return descriptor

    def look(self, name: str) -> os.stat_result | None:
        try:
            return os.stat(self._name(name), dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def add(self, part: str, name: str) -> None:
        """Give a file its name. Raises FileExistsError where another one has it."""
        try:
            os.link(
                self._name(part),
                self._name(name),
                src_dir_fd=self._descriptor,
                dst_dir_fd=self._descriptor,
                follow_symlinks=False,
            )
        except FileExistsError:
            raise
        except (OSError, NotImplementedError):  # no hard links here (FAT, some network file systems)
            os.close(os.open(self._name(name), _NEW, 0o600, dir_fd=self._descriptor))
            self.replace(part, name)

    def replace(self, part: str, name: str) -> None:
        os.replace(
            self._name(part), self._name(name), src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor
        )

    def remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._name(name), dir_fd=self._descriptor)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _name(self, name: str) -> str:
        return name if self._descriptor is not None else str(self.path / name)


def _is_usable(part: str) -> bool:
    """Hidden files are none: programs read settings from them, and run what stands there."""
    try:
        size = len(part.encode())
    except UnicodeEncodeError:
        return False
    is_plain = part.isprintable() and not part.startswith((".", "~")) and not (_WINDOWS and ":" in part)
    return is_plain and size <= _NAME_BYTES


def _refusal(path: Path, error: OSError) -> NotAllowed:
    return NotAllowed(
        f"{path} can't be written: {error.strerror}.",
        remedy="Make room, or name another folder with --output-dir.",
    )
