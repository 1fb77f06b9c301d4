"""The answer cache: same tool, version, models, arguments and bytes of files give the same answer at once.

Which files a call reads is known only after the tool has run. So an entry is found by the arguments, and
holds the paths and hashes of the files that were read; it is valid while each file still has that hash.
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

from mcp_smalltools.stores.packed import pack, unpack
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
    """Evicts the least recently used answers above `max_mb`. Safe for several processes."""

    def __init__(self, path: Path, *, max_mb: int) -> None:
        super().__init__(path, MIGRATIONS)
        self._max_bytes = max_mb << 20

    def get(self, key: str, hash_of: Callable[[str], str]) -> CachedAnswer | None:
        """The entry, if each file's hash is still the same. Passes on a FileError of `hash_of`."""
        found = self.select("SELECT files, answer FROM answers WHERE key = ?", (key,))
        if not found:
            return None
        files = json.loads(found[0]["files"])
        if any(hash_of(path) != sha256 for path, sha256 in files.items()):
            return None
        with self.transaction() as db:
            db.execute("UPDATE answers SET used = ? WHERE key = ?", (time.time(), key))
        try:
            return CachedAnswer(files, json.loads(unpack(found[0]["answer"])))
        except ValueError:
            return None  # packed by an earlier version, or damaged

    def put(self, key: str, entry: CachedAnswer) -> None:
        blob = pack(json.dumps(entry.answer).encode())
        with self.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)",
                (key, json.dumps(dict(entry.files)), blob, len(blob), time.time()),
            )
            self._evict(db)

    def clear(self) -> None:
        """Delete every answer, for instance after the judge of `parse_log` was trained."""
        with self.transaction() as db:
            db.execute("DELETE FROM answers")

    def _evict(self, db: sqlite3.Connection) -> None:
        total = db.execute("SELECT coalesce(sum(bytes), 0) FROM answers").fetchone()[0]
        while total > self._max_bytes:
            oldest = db.execute("SELECT key, bytes FROM answers ORDER BY used LIMIT 1").fetchone()
            db.execute("DELETE FROM answers WHERE key = ?", (oldest["key"],))
            total -= oldest["bytes"]
