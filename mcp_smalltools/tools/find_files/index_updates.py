"""Keeps the index of a root up to date: at each call, and in the background in between."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mcp_smalltools.files.tree import NEVER_ENTERED, FileEntry, Walk
from mcp_smalltools.private_files import make_private_folder
from mcp_smalltools.tools.find_files.index import (
    DAMAGED,
    FileIndex,
    IndexedFile,
    index_path,
    open_index,
    remove_index,
)
from mcp_smalltools.tools.find_files.indexing import NOT_READ, FileWords, words_of_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from filelock import BaseFileLock

    from mcp_smalltools.engine.api import Progress
    from mcp_smalltools.files.reader import UserFile
    from mcp_smalltools.files.roots import Folder
    from mcp_smalltools.tools.find_files.picture_texts import PictureTexts

MAX_FILES: Final = 200_000
"""Files of a root that are indexed."""
_STEP_S: Final = 0.3
"""Seconds of reading between two writes: readers see the index grow, and a crash loses no more than this."""
_PAUSE_S: Final = 1.0
"""Seconds between two scans while files go on changing."""
_SLOW_SCAN_S: Final = 2.0
_TRUSTED_S: Final = 30.0
"""Seconds for which calls rely on a scan that took longer than `_SLOW_SCAN_S`, while the root is watched."""
_WATCH_AFTER_S: Final = 2.0
"""Seconds after the first call until the root is watched: a command that answers one call never does."""
_LONGEST_REST_S: Final = 10.0
"""Seconds between two pictures that are read in the background; as long as the one before took, at most."""
_BACKGROUND_S: Final = 3600.0
"""Seconds that a first scan in the background may take."""
_RESCAN_S: Final = 60.0
"""Seconds that a scan after a change may take."""


@dataclass(slots=True)
class IndexState:
    """How far the index is. `pending` counts files that are not indexed yet, or not as they are now."""

    files: int = 0
    pending: int = 0
    scanned: bool = False
    """This process has seen all files once; before that, an earlier index is searched as it is."""
    beyond: int = 0
    """Files that the root has more than `MAX_FILES`; counted up to as many again."""
    unreachable: int = 0
    """As `Walk` counts them."""
    note: str | None = None


class _TimeOver(Exception):
    """The seconds that the caller gave are over."""


class _Closed(Exception):
    """The server is shutting down."""


class IndexUpdater:
    """The index of one root.

    `opened` opens a path relative to the root, confined to it; it may raise FileError.
    """

    def __init__(
        self,
        folder: Folder,
        state_dir: Path,
        opened: Callable[[str], UserFile],
        pictures: PictureTexts | None = None,
    ) -> None:
        self.folder = folder
        self.pictures = pictures
        self.state = IndexState()
        self.path = index_path(state_dir, folder)
        self.opened = opened
        self._turn = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._picture_thread: threading.Thread | None = None
        self._picture_turn = threading.Lock()
        self._scan_ended = threading.Event()
        self._index: FileIndex | None = None
        self._watching = False
        self._scanned_at, self._scan_s = 0.0, 0.0

    @property
    def index(self) -> FileIndex:
        if self._index is None:
            opened = open_index(self.path)
            self._index, self.state.note = opened.index, opened.note
        return self._index

    def refresh(self, seconds: float, progress: Progress, check: Callable[[], None]) -> bool:
        """Check the size and time of every file and index what has changed. False if the time was too short.

        `watch` does the rest in the background. Raises what `check` raises.
        """
        if (
            self._watching
            and self._scan_s > _SLOW_SCAN_S
            and time.monotonic() - self._scanned_at < _TRUSTED_S
        ):
            return True
        return self._scan(seconds, progress, check)

    def _scan(self, seconds: float, progress: Progress, check: Callable[[], None]) -> bool:
        ends_at = time.monotonic() + seconds
        if not self._turn.acquire(timeout=max(0.0, seconds)):
            return False
        try:
            with self._alone(ends_at) as alone:
                if alone:
                    self._update(ends_at, progress, check)
                return alone
        except _TimeOver:
            return False
        finally:
            self._turn.release()
            self._scan_ended.set()

    def read_pictures(self, seconds: float, check: Callable[[], None], *, resting: bool = False) -> bool:
        """Index the text of pictures, the newest first; False if the time was too short for all of them.
        With `resting` half of the time is left to others. Raises what `check` raises.
        """
        if self.pictures is None or self.pictures.why_not() is not None:
            return True
        ends_at = time.monotonic() + seconds
        if not self._picture_turn.acquire(timeout=max(0.0, seconds)):
            return False
        try:
            while waiting := self.index.skipped_for(NOT_READ, 1):
                check()
                began = time.monotonic()
                if began > ends_at:
                    return False
                entry = waiting[0]
                self.index.put_if_same(entry, self.pictures.words_of(entry, self.opened))
                if resting:
                    self._closed.wait(min(_LONGEST_REST_S, time.monotonic() - began))
            return True
        finally:
            self._picture_turn.release()

    def watch(self) -> None:
        """Go on in the background: index the rest, then whatever changes."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="find_files index", daemon=True)
            self._thread.start()
        if self._picture_thread is None and self.pictures is not None:
            self._picture_thread = threading.Thread(
                target=self._run_pictures, name="find_files pictures", daemon=True
            )
            self._picture_thread.start()

    def close(self) -> None:
        self._closed.set()
        self._scan_ended.set()
        threads = [thread for thread in (self._thread, self._picture_thread) if thread is not None]
        for thread in threads:
            thread.join(timeout=2)
        if self._index is not None and not any(thread.is_alive() for thread in threads):
            self._index.close()

    def rebuild(self) -> None:
        """Start with an empty index after SQLite found this one damaged."""
        with self._turn:
            if self._index is not None:
                self._index.close()
            remove_index(self.path)
            self._index = None
            self.index  # noqa: B018 - opens it
            self.state.note = DAMAGED

    def _run(self) -> None:
        from watchfiles import watch

        with contextlib.suppress(_Closed):
            while not self._scan(_BACKGROUND_S, _silent, self._check):
                if self._closed.wait(1.0):
                    return
            if self._closed.wait(_WATCH_AFTER_S):
                return
            # Where a folder can't be watched (a network disk, too many folders), each call still scans it.
            with contextlib.suppress(OSError, RuntimeError):
                changes = watch(
                    self.folder.root,
                    watch_filter=lambda _, path: NEVER_ENTERED.isdisjoint(Path(path).parts),
                    stop_event=self._closed,
                    rust_timeout=500,
                    raise_interrupt=False,
                    ignore_permission_denied=True,
                )
                self._watching = True
                for _ in changes:
                    self._scan(_RESCAN_S, _silent, self._check)
                    if self._closed.wait(_PAUSE_S):
                        return
            self._watching = False

    def _run_pictures(self) -> None:
        """After each scan, read the pictures that are new."""
        with contextlib.suppress(_Closed, sqlite3.Error):
            while self._scan_ended.wait():
                self._check()
                self._scan_ended.clear()
                self.read_pictures(_BACKGROUND_S, self._check, resting=True)

    def _check(self) -> None:
        if self._closed.is_set():
            raise _Closed

    @contextlib.contextmanager
    def _alone(self, ends_at: float) -> Iterator[bool]:
        """Hold the lock under which one process at a time indexes; False if another one keeps it."""
        from filelock import FileLock, Timeout

        lock: BaseFileLock = FileLock(self.path.with_suffix(".lock"), mode=0o600)
        try:
            make_private_folder(self.path.parent)
            lock.acquire(timeout=max(0.0, ends_at - time.monotonic()))
        except Timeout:
            yield False
            return
        except OSError:  # the lock can't be written: the index is in memory then, for this process alone
            yield True
            return
        try:
            yield True
        finally:
            lock.release()

    def _update(self, ends_at: float, progress: Progress, check: Callable[[], None]) -> None:
        try:
            self._bring_up_to_date(ends_at, progress, check)
        except sqlite3.OperationalError as error:  # the disk is full, or has become read-only
            if self._index is not None:
                self._index.close()
            self._index = FileIndex(None)
            self.state.note = f"The index can't be written ({error}) and is kept in memory."
            self._bring_up_to_date(ends_at, progress, check)

    def _bring_up_to_date(self, ends_at: float, progress: Progress, check: Callable[[], None]) -> None:
        def in_time() -> None:
            check()
            if time.monotonic() > ends_at:
                raise _TimeOver

        known, began = self.index.known(), time.monotonic()
        there: dict[str, FileEntry] = {}
        walk, beyond = Walk(self.folder, in_time), 0
        for entry in walk:
            if len(there) < MAX_FILES:
                there[entry.path] = entry
            elif (beyond := beyond + 1) >= MAX_FILES:
                break
        self.state.beyond, self.state.unreachable = beyond, walk.unreachable
        self._scanned_at = time.monotonic()
        self._scan_s = self._scanned_at - began
        gone = [seen.id for path, seen in known.items() if path not in there]
        wanted = [entry for path, entry in there.items() if _differs(entry, known.get(path))]
        self.state.files, self.state.pending, self.state.scanned = len(there), len(wanted), True
        if gone or wanted:
            if gone:
                self.index.replace(gone, [])
            self._index_all(wanted, known, ends_at, progress, check)

    def _index_all(
        self,
        wanted: Sequence[FileEntry],
        known: dict[str, IndexedFile],
        ends_at: float,
        progress: Progress,
        check: Callable[[], None],
    ) -> None:
        held: list[tuple[FileEntry, FileWords]] = []
        written = time.monotonic()
        for done, entry in enumerate(wanted, 1):
            held.append((entry, words_of_file(entry, self.opened)))
            now = time.monotonic()
            if now - written >= _STEP_S or done == len(wanted):
                self.index.replace([known[e.path].id for e, _ in held if e.path in known], held)
                self.state.pending = len(wanted) - done
                progress(done, len(wanted), "indexing files")
                held, written = [], now
                check()
                if now > ends_at and done < len(wanted):
                    raise _TimeOver


def _differs(entry: FileEntry, seen: IndexedFile | None) -> bool:
    return seen is None or (entry.size, entry.mtime_ns, entry.inode) != (seen.size, seen.mtime_ns, seen.inode)


def _silent(done: float, total: float | None, message: str) -> None:
    pass
