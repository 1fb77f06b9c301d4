"""Which files are exports of ours: which may be replaced, and how much each principal has written.

A file is ours only while it is the one that was written: same device, inode, size and time of change. One
that somebody has edited, or put there under its name, is theirs.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mcp_smalltools.stores.set_aside import replace_damaged
from mcp_smalltools.stores.store import DamagedStore, Store, connect

MIGRATIONS: Sequence[str] = (
    """
    CREATE TABLE exports (
        path BLOB PRIMARY KEY,
        owner TEXT NOT NULL,
        file TEXT NOT NULL,
        mark TEXT NOT NULL,
        at REAL NOT NULL
    );
    CREATE INDEX exports_owner ON exports (owner);
    """,
)
UNFINISHED: Final = ""
"""The mark of a file that is still written."""
_LONGEST_S: Final = 7200.0
"""An unfinished file that is older was left by a process that was killed: no call takes so long."""


class ExportIndex(Store):
    """The index on disk. Safe for several processes. A damaged one is set aside."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError."""
        self._file = path
        super().__init__(path, MIGRATIONS)

    def _open(self) -> sqlite3.Connection:
        def open_it() -> sqlite3.Connection:
            return connect(self._file, MIGRATIONS)

        try:
            return open_it()
        except DamagedStore:
            return replace_damaged(self._file, open_it)[0]

    def note(self, path: Path, owner: str, found: os.stat_result, *, finished: bool) -> None:
        mark = mark_of(found) if finished else UNFINISHED
        with self.transaction() as db:
            row = (os.fsencode(path), _storable(owner), file_of(found), mark, time.time())
            db.execute("INSERT OR REPLACE INTO exports VALUES (?, ?, ?, ?, ?)", row)

    def forget(self, path: Path) -> None:
        with self.transaction() as db:
            db.execute("DELETE FROM exports WHERE path = ?", (os.fsencode(path),))

    def is_own(self, path: Path, owner: str, found: os.stat_result) -> bool:
        """Whether the file that was found there is an export of this owner, as it was written."""
        query = "SELECT mark FROM exports WHERE path = ? AND owner = ?"
        rows = self.select(query, (os.fsencode(path), _storable(owner)))
        return bool(rows) and rows[0]["mark"] == mark_of(found)

    def usage(self, owner: str, besides: Path | None = None) -> tuple[int, int]:
        """Files of an owner and their bytes, unfinished ones too, without the one that is named. Forgets
        those that are gone, and deletes what a killed process has left unfinished.
        """
        files = size = 0
        query = "SELECT path, file, mark, at FROM exports WHERE owner = ?"
        for row in self.select(query, (_storable(owner),)):
            path = Path(os.fsdecode(row["path"]))
            if path == besides:
                continue
            try:
                found = path.lstat()
            except OSError:
                found = None
            if found is None or file_of(found) != row["file"]:
                self.forget(path)
            elif row["mark"] == UNFINISHED and not 0 <= time.time() - row["at"] <= _LONGEST_S:
                path.unlink(missing_ok=True)
                self.forget(path)
            else:
                files, size = files + 1, size + found.st_size
        return files, size


def file_of(found: os.stat_result) -> str:
    return f"{found.st_dev}:{found.st_ino}"


def mark_of(found: os.stat_result) -> str:
    return f"{file_of(found)}:{found.st_size}:{found.st_mtime_ns}"


def _storable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
