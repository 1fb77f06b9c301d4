"""SQLite with numbered migrations, for all stores of the program."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mcp_smalltools.errors import ConfigError
from mcp_smalltools.private_files import make_private_file, make_private_folder


class DamagedStore(ConfigError):
    """The file is no database, or one whose content doesn't hold together."""


class Store:
    """A database file, or a database in memory (path None). Threads and processes may share it."""

    def __init__(self, path: Path | None, migrations: Sequence[str]) -> None:
        """Raises ConfigError when the file can't be used."""
        self._path, self._migrations = path, migrations
        self._lock = threading.Lock()
        self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        return connect(self._path, self._migrations)

    def _before_use(self) -> None:
        """Called with the lock held before each use of the connection, which it may replace."""

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction that takes the write lock at once, so that two writers queue and never deadlock."""
        with self._lock:
            self._before_use()
            with transaction(self._db):
                yield self._db

    def select(self, query: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[sqlite3.Row]:
        with self._lock:
            self._before_use()
            return self._db.execute(query, values).fetchall()

    def close(self) -> None:
        with self._lock:
            self._db.close()


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Commit what the block does, or nothing of it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if db.in_transaction:  # on a full disk SQLite has rolled back by itself
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def connect(path: Path | None, migrations: Sequence[str]) -> sqlite3.Connection:
    """Open or create a database that only the owner can read, and bring it to the newest schema.

    `migrations[n]` takes the schema from version n to n+1; versions are never edited, only added. Two
    processes may do this at once. Raises ConfigError when the file can't be used, and DamagedStore when it
    is there but is no whole database.
    """
    connection: sqlite3.Connection | None = None
    try:
        if path is not None:
            make_private_folder(path.parent)
            make_private_file(path)
        connection = sqlite3.connect(
            path or ":memory:", timeout=10, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        _migrate(connection, migrations)
    except (OSError, sqlite3.Error) as error:
        if connection is not None:
            connection.close()
        kind = DamagedStore if is_damage(error) else ConfigError
        raise kind(
            f"The database {path} can't be used: {error}.",
            remedy="Free some space, or name another folder with MCP_SMALLTOOLS_STATE_DIR.",
        ) from error
    return connection


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file is no database or is malformed, rather than that the disk is full."""
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extended part
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or str(error).startswith("no such")


def _migrate(connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
    if _version(connection) >= len(migrations):
        return
    with transaction(connection):  # another process may be doing the same
        for number in range(_version(connection), len(migrations)):
            for statement in migrations[number].split(";"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
