"""Where the calls of each caller left off in each log."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from mcp_smalltools.stores.store import Store

_MOST_BYTES = 64 << 20

MIGRATIONS: Sequence[str] = (
    """
    CREATE TABLE logs (
        path TEXT PRIMARY KEY,
        place BLOB NOT NULL,
        bytes INTEGER NOT NULL,
        used REAL NOT NULL
    );
    """,
    """
    DROP TABLE logs;
    CREATE TABLE logs (
        caller TEXT NOT NULL,
        path TEXT NOT NULL,
        place BLOB NOT NULL,
        bytes INTEGER NOT NULL,
        used REAL NOT NULL,
        PRIMARY KEY (caller, path)
    );
    """,
)


class ReadPositions(Store):
    """The places of all logs, in the state folder. Those used longest ago leave."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir / "logs.db", MIGRATIONS)

    def get(self, caller: str, path: Path) -> bytes | None:
        found = self.select("SELECT place FROM logs WHERE (caller, path) = (?, ?)", (caller, str(path)))
        return bytes(found[0]["place"]) if found else None

    def put(self, caller: str, path: Path, blob: bytes) -> None:
        with self.transaction() as db:
            row = (caller, str(path), blob, len(blob), time.time())
            db.execute("INSERT OR REPLACE INTO logs VALUES (?, ?, ?, ?, ?)", row)
            total = db.execute("SELECT sum(bytes) FROM logs").fetchone()[0]
            while total > _MOST_BYTES:
                oldest = db.execute("SELECT rowid, bytes FROM logs ORDER BY used LIMIT 1").fetchone()
                db.execute("DELETE FROM logs WHERE rowid = ?", (oldest["rowid"],))
                total -= oldest["bytes"]
