"""What was read of pictures, by the hash of their bytes: reading one takes seconds."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.stores.packed import pack, unpack
from mcp_smalltools.stores.store import Store

MIGRATIONS: Sequence[str] = (
    """
    CREATE TABLE pictures (
        key TEXT PRIMARY KEY,
        read BLOB NOT NULL,
        bytes INTEGER NOT NULL,
        used REAL NOT NULL
    );
    CREATE INDEX pictures_used ON pictures (used);
    """,
)
_MOST_BYTES: Final = 256 << 20
"""Of one entry, unpacked: what a file says of its size is not believed."""


class PictureCache(Store):
    """Evicts what was used least recently above `max_mb`. Safe for several processes."""

    def __init__(self, path: Path, *, max_mb: int) -> None:
        super().__init__(path, MIGRATIONS)
        self._max_bytes = max_mb << 20

    def get(self, key: str) -> dict[str, Any] | None:
        """What was kept under this key."""
        found = self.select("SELECT read FROM pictures WHERE key = ?", (key,))
        if not found:
            return None
        with self.transaction() as db:
            db.execute("UPDATE pictures SET used = ? WHERE key = ?", (time.time(), key))
        read: dict[str, Any] = json.loads(unpack(found[0]["read"], _MOST_BYTES))
        return read

    def put(self, key: str, read: dict[str, Any]) -> None:
        blob = pack(json.dumps(read).encode())
        with self.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO pictures VALUES (?, ?, ?, ?)", (key, blob, len(blob), time.time())
            )
            self._evict(db)

    def _evict(self, db: sqlite3.Connection) -> None:
        total = db.execute("SELECT coalesce(sum(bytes), 0) FROM pictures").fetchone()[0]
        while total > self._max_bytes:
            oldest = db.execute("SELECT key, bytes FROM pictures ORDER BY used LIMIT 1").fetchone()
            db.execute("DELETE FROM pictures WHERE key = ?", (oldest["key"],))
            total -= oldest["bytes"]
