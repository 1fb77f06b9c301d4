"""The ledger: one row per call, written before the answer goes out, with what was read and what was sent.

The answer is kept in full (compressed), so that the user can see it later. Arguments are not kept, except the
paths in them.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from mcp_smalltools.stores.store import Store

MIGRATIONS: Sequence[str] = (
    """
    CREATE TABLE calls (
        call_id TEXT PRIMARY KEY,
        at REAL NOT NULL,
        client TEXT NOT NULL,
        tool TEXT NOT NULL,
        paths TEXT NOT NULL,
        level TEXT NOT NULL,
        bytes_read INTEGER NOT NULL,
        chars_asked INTEGER NOT NULL,
        chars_left INTEGER NOT NULL,
        seconds REAL NOT NULL,
        model TEXT,
        confidence REAL,
        escalate INTEGER NOT NULL,
        cached INTEGER NOT NULL,
        error TEXT,
        answer BLOB NOT NULL
    );
    CREATE INDEX calls_at ON calls (at);
    """,
    """
    ALTER TABLE calls ADD COLUMN principal TEXT NOT NULL DEFAULT 'local';
    CREATE TABLE refusals (
        minute INTEGER NOT NULL,
        reason TEXT NOT NULL,
        principal TEXT NOT NULL,
        address TEXT NOT NULL,
        path TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (minute, reason, principal, address, path)
    );
    """,
)

CLIENT_LETS_THROUGH = 100_000
"""Characters that a client lets its agent read of a file: 25,000 tokens in Claude Code's documentation, at 4
characters per token. More than this is never counted as saved."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One call. `answer` is the exact JSON text, or the error's text, that went to the client."""

    call_id: str
    at: float  # seconds since the epoch
    client: str
    tool: str
    paths: list[str]
    level: str
    bytes_read: int
    chars_asked: int  # characters of the call's arguments
    chars_left: int  # characters of the answer
    seconds: float
    model: str | None
    confidence: float | None
    escalate: bool
    cached: bool
    error: str | None  # code of the error; None if the call was answered
    answer: str
    principal: str = "local"  # "local", "token NAME", "oauth SUBJECT"

    @property
    def chars_saved(self) -> int:
        """What the agent would have read, less what it wrote and read instead; may be negative.

        An answer that says `escalate`, or an error, saves nothing: the agent does the reading anyway.
        """
        would_read = 0 if self.escalate or self.error else min(self.bytes_read, CLIENT_LETS_THROUGH)
        return would_read - self.chars_asked - self.chars_left


@dataclass(frozen=True, slots=True)
class RefusedRequests:
    """Requests that were refused within one minute for one reason."""

    minute: int  # minutes since the epoch
    reason: str
    principal: str  # "" where the caller isn't known
    address: str
    path: str
    count: int


class Ledger(Store):
    """The ledger on disk. Safe for several processes."""

    def __init__(self, path: Path, *, keep_days: int) -> None:
        super().__init__(path, MIGRATIONS)
        self._keep_s = keep_days * 86_400.0
        self._prune_at = 0.0
        with self.transaction() as db:
            self._prune(db)

    def _prune(self, db: sqlite3.Connection) -> None:
        """Delete what is older than `keep_days`; at most once an hour."""
        now = time.time()
        if now >= self._prune_at:
            self._prune_at = now + 3600
            db.execute("DELETE FROM calls WHERE at < ?", (now - self._keep_s,))
            db.execute("DELETE FROM refusals WHERE minute < ?", ((now - self._keep_s) // 60,))

    def write(self, row: LedgerRow) -> None:
        """Raises sqlite3.Error when the disk is full or the file is damaged."""
        import zstandard

        record = asdict(row)
        record["paths"] = json.dumps(row.paths)
        record["answer"] = zstandard.compress(row.answer.encode())
        names = ", ".join(record)
        marks = ", ".join(f":{name}" for name in record)
        with self.transaction() as db:
            self._prune(db)
            db.execute(f"INSERT INTO calls ({names}) VALUES ({marks})", record)

    def refuse(self, refusal: RefusedRequests) -> None:
        """Count refused requests. Equal ones share a row per minute, so that a flood can't fill the disk."""
        record = asdict(refusal)
        with self.transaction() as db:
            self._prune(db)
            db.execute(
                f"INSERT INTO refusals ({', '.join(record)}) VALUES ({', '.join(f':{n}' for n in record)}) "
                "ON CONFLICT DO UPDATE SET count = count + excluded.count",
                record,
            )

    def rows(
        self, *, since: float = 0.0, until: float = 1e18, limit: int = -1, principal: str | None = None
    ) -> list[LedgerRow]:
        """Rows, newest first. `since` and `until` are in seconds since the epoch, a negative `limit` means
        all, and `principal` selects its own calls.
        """
        query = (
            "SELECT * FROM calls WHERE at >= ? AND at < ? AND (? IS NULL OR principal = ?) "
            "ORDER BY at DESC LIMIT ?"
        )
        return [_row(found) for found in self.select(query, (since, until, principal, principal, limit))]

    def refusals(self, *, since: float = 0.0, until: float = 1e18) -> list[RefusedRequests]:
        """Newest first."""
        found = self.select(
            "SELECT * FROM refusals WHERE minute >= ? AND minute < ? ORDER BY minute DESC",
            (int(since // 60), int(min(until, 1e15) // 60) + 1),
        )
        return [RefusedRequests(**dict(row)) for row in found]

    def find(self, call_id: str) -> LedgerRow | None:
        found = self.select("SELECT * FROM calls WHERE call_id = ?", (call_id,))
        return _row(found[0]) if found else None


def _row(found: sqlite3.Row) -> LedgerRow:
    import zstandard

    values: dict[str, Any] = {field.name: found[field.name] for field in fields(LedgerRow)}
    values["paths"] = json.loads(values["paths"])
    values["answer"] = zstandard.decompress(values["answer"]).decode()
    values["escalate"], values["cached"] = bool(values["escalate"]), bool(values["cached"])
    return LedgerRow(**values)
