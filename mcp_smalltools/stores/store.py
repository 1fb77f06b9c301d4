"""SQLite with numbered migrations, for all stores of the program."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mcp_smalltools.errors import ConfigError


class Store:
    """A database file, or a database in memory (path None). Threads and processes may share it."""

    def __init__(self, path: Path | None, migrations: Sequence[str]) -> None:
        self._db = connect(path, migrations)
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction that takes the write lock at once, so that two writers queue and never deadlock."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                if self._db.in_transaction:  # on a full disk SQLite has rolled back by itself
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def select(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def close(self) -> None:
        with self._lock:
            self._db.close()


def connect(path: Path | None, migrations: Sequence[str]) -> sqlite3.Connection:
    """Open or create a database that only the owner can read, and bring it to the newest schema.

    `migrations[n]` takes the schema from version n to n+1; versions are never edited, only added. Two
    processes may do this at once. Raises ConfigError when the file can't be used.
    """
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600, exist_ok=True)
        connection = sqlite3.connect(
            path or ":memory:", timeout=10, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        _migrate(connection, migrations)
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(
            f"The database {path} can't be used: {error}.",
            remedy="Free some space, or name another folder with MCP_SMALLTOOLS_STATE_DIR.",
        ) from error
    return connection


def _migrate(connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
    if _version(connection) >= len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")  # another process may be doing the same
    for number in range(_version(connection), len(migrations)):
        for statement in migrations[number].split(";"):
            if statement.strip():
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number + 1}")
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
