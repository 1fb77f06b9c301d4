"""Holds the outputs of the agent's running commands, and keeps them when the commands have ended.

Claude Code lets the shell of a command write to a file of its own, `TASKS/ID.output`, and removes it before
any hook runs. The folder is watched, and each file held open from the moment that it appears: what is held is
whole whatever becomes of its name. Neither the command nor its shell has any part in this.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import select
import stat
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mcp_smalltools.hooks.kept.outputs import KeptOutput, OutputStore
from mcp_smalltools.hooks.kept.watch import AVAILABLE, FolderWatch, NameChange

_SUFFIX: Final = ".output"
_OUTPUT: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}" + re.escape(_SUFFIX))
"""Names that the client gives; agents are shown them, so others that a command makes are not kept."""
_REMEMBERED: Final = 64
"""Outputs of a session that can be asked for."""
_MOST_HELD: Final = 256
"""Files that are held open at once: those of background commands stay until the session ends."""
_SAME_CHARS: Final = 400
"""Characters by whose beginning an output is recognised."""
_COPY_S: Final = 1.5
"""Seconds that whoever asks for an output waits for its copy."""


@dataclass(eq=False)
class HeldOutput:
    """The output of a command, open."""

    session: str
    name: str
    descriptor: int
    store: OutputStore
    kept: KeptOutput | None = None
    copied: threading.Event = field(default_factory=threading.Event)
    head: str = ""
    """How it begins, without blanks; known once it is copied."""


class OutputKeeper:
    """Watches the folders of sessions. Methods may be called in any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[tuple[Path, str], HeldOutput] = {}
        self._done: dict[str, deque[HeldOutput]] = {}
        self._folders: dict[Path, tuple[str, OutputStore]] = {}
        self._orders: queue.SimpleQueue[Callable[[FolderWatch], list[NameChange]]] = queue.SimpleQueue()
        self._to_copy: queue.SimpleQueue[HeldOutput] = queue.SimpleQueue()
        self._wake = os.pipe()
        self._started = False

    def watch(self, folder: Path, session: str, store: OutputStore) -> None:
        """Keep what commands write into `folder` from now on. Waits until that is so; where it can't be
        done, nothing is kept.
        """
        if not AVAILABLE:
            return
        with self._lock:
            self._folders[folder] = (session, store)
            if not self._started:
                self._started = True
                threading.Thread(target=self._watch, name="watch", daemon=True).start()
                threading.Thread(target=self._copy, name="copy", daemon=True).start()
        done = threading.Event()

        def add(watch: FolderWatch) -> list[NameChange]:
            found = watch.add(folder)
            done.set()
            return found

        self._order(add)
        done.wait(0.5)

    def leave(self, session: str) -> None:
        """The session has ended: forget what it has, and let go of what is still open."""
        with self._lock:
            folders = [folder for folder, (owner, _) in self._folders.items() if owner == session]
            for folder in folders:
                del self._folders[folder]
            held = [key for key in self._held if key[0] in folders]
            for key in held:
                self._to_copy.put(self._held.pop(key))
            self._done.pop(session, None)

        def remove(watch: FolderWatch) -> list[NameChange]:
            for folder in folders:
                watch.remove(folder)
            return []

        if folders:
            self._order(remove)

    def whole_output(self, session: str, shown: str) -> KeptOutput | None:
        """The output that begins as the client has shown it, the latest if there are several."""
        wanted = _without_blanks(shown)[:_SAME_CHARS]
        if not wanted:
            return None
        ends = time.monotonic() + _COPY_S
        with self._lock:
            candidates = [*self._done.get(session, ())][::-1]
        for output in candidates:
            if not output.copied.wait(max(0.0, ends - time.monotonic())):
                return None
            kept: KeptOutput | None = output.kept
            if kept is not None and output.head[: len(wanted)] == wanted:
                return kept
        return None

    def _order(self, order: Callable[[FolderWatch], list[NameChange]]) -> None:
        self._orders.put(order)
        os.write(self._wake[1], b"1")

    def _watch(self) -> None:
        try:
            watch = FolderWatch()
        except OSError:
            return
        poll = select.poll()
        poll.register(watch.descriptor, select.POLLIN)
        poll.register(self._wake[0], select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if self._wake[0] in ready:
                os.read(self._wake[0], 1)
                for change in self._orders.get()(watch):
                    self._changed(change)
            for change in watch.changes():
                self._changed(change)

    def _changed(self, change: NameChange) -> None:
        if not _OUTPUT.fullmatch(change.name):
            return
        key = (change.folder, change.name)
        if not change.came:
            with self._lock:
                output = self._held.pop(key, None)
                if output is not None:
                    remembered = self._done.setdefault(output.session, deque(maxlen=_REMEMBERED))
                    remembered.append(output)
            if output is not None:
                self._to_copy.put(output)
            return
        with self._lock:
            if change.folder not in self._folders or key in self._held or len(self._held) >= _MOST_HELD:
                return
            session, store = self._folders[change.folder]
        descriptor = _open(change.folder / change.name)
        if descriptor is not None:
            name = change.name.removesuffix(_SUFFIX)
            with self._lock:
                self._held[key] = HeldOutput(session, name, descriptor, store)

    def _copy(self) -> None:
        while True:
            output = self._to_copy.get()
            try:
                output.head = _without_blanks(_head(output.descriptor))
                output.kept = output.store.keep(output.session, output.name, output.descriptor)
            except OSError:
                output.kept = None
            finally:
                with contextlib.suppress(OSError):
                    os.close(output.descriptor)
                output.copied.set()


def _open(path: Path) -> int | None:
    """A regular file of this user's, open for reading; None for anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # a link, or it is gone again
        return None
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
        return descriptor
    os.close(descriptor)
    return None


def _head(descriptor: int) -> str:
    return os.pread(descriptor, 64 << 10, 0).decode("utf-8", "replace")


def _without_blanks(text: str) -> str:
    return "".join(text[: 16 * _SAME_CHARS].split())
