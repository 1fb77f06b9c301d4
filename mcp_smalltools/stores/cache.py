"""Answers kept by content: same tool, version, models, arguments and files' bytes give the same answer at
once.

Which files a call reads is only known once the tool has run. So an entry, found by its arguments, carries
the paths and hashes that its answer was made from, and holds only while each of them still has that hash.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_smalltools.stores.store import Store

MIGRATIONS: Sequence[str] = (
    """
    CREATE TABLE answers (
        key TEXT PRIMARY KEY,
        files TEXT NOT NULL,
        answer BLOB NOT NULL,
        bytes INTEGER NOT NULL,
        used REAL NOT NULL
    );
    CREATE INDEX answers_used ON answers (used);
    """,
)


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    files: Mapping[str, str]  # path as the caller gave it -> sha256 of its bytes
    answer: Mapping[str, Any]


def cache_key(*parts: Any) -> str:
    """A hash over JSON values: tool, version, models, settings that matter, arguments."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


class AnswerCache(Store):
    """Least recently used answers leave when `max_mb` is reached. Safe for several processes."""

    def __init__(self, path: Path, *, max_mb: int) -> None:
        super().__init__(path, MIGRATIONS)
        self._max_bytes = max_mb << 20

    def get(self, key: str, hash_of: Callable[[str], str]) -> CachedAnswer | None:
        """The entry, if each file's hash is still the same. `hash_of` may raise FileError, which passes."""
        import zstandard

        found = self.select("SELECT files, answer FROM answers WHERE key = ?", (key,))
        if not found:
            return None
        files = json.loads(found[0]["files"])
        if any(hash_of(path) != sha256 for path, sha256 in files.items()):
            return None
        with self.transaction() as db:
            db.execute("UPDATE answers SET used = ? WHERE key = ?", (time.time(), key))
        return CachedAnswer(files, json.loads(zstandard.decompress(found[0]["answer"])))

    def put(self, key: str, entry: CachedAnswer) -> None:
        import zstandard

        blob = zstandard.compress(json.dumps(entry.answer).encode())
        with self.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)",
                (key, json.dumps(dict(entry.files)), blob, len(blob), time.time()),
            )
            self._evict(db)

    def clear(self) -> None:
        """Forget every answer: something that they were made with has changed."""
        with self.transaction() as db:
            db.execute("DELETE FROM answers")

    def _evict(self, db: sqlite3.Connection) -> None:
        total = db.execute("SELECT coalesce(sum(bytes), 0) FROM answers").fetchone()[0]
        while total > self._max_bytes:
            oldest = db.execute("SELECT key, bytes FROM answers ORDER BY used LIMIT 1").fetchone()
            db.execute("DELETE FROM answers WHERE key = ?", (oldest["key"],))
            total -= oldest["bytes"]
