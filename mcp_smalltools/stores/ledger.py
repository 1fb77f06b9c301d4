"""The ledger: one row per call, written before the answer goes out, with what was read and what was sent.

The answer is kept in full (compressed), so that the user can see it later. Arguments are not kept, except the
paths in them and what answers were chosen from (`task`). Each row holds the hash of the one before (`chain`).
Rows leave by age, by a clock that a leap of the system's doesn't move at once, and by size; a damaged ledger
is set aside, and a new one begins.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ConfigError
from mcp_smalltools.stores import chain
from mcp_smalltools.stores.accounts import call_cost, groups
from mcp_smalltools.stores.accounts.call_cost import NOTHING_NOTED, CallCost
from mcp_smalltools.stores.accounts.groups import CallGroup, CallName
from mcp_smalltools.stores.accounts.totals import CallTotals, GroupedBy, as_totals, totals_query
from mcp_smalltools.stores.packed import pack, unpack
from mcp_smalltools.stores.set_aside import replace_damaged
from mcp_smalltools.stores.steady_clock import SteadyClock
from mcp_smalltools.stores.store import DamagedStore, Store, connect, is_damage, transaction

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
    chain.MIGRATION,
    call_cost.MIGRATION,
    "ALTER TABLE calls ADD COLUMN task TEXT",
)

OWN_ROWS: Final = "ledger"
"""`tool` of the rows in which the ledger says something about itself."""
_ROWS: Final = "SELECT * FROM calls LEFT JOIN costs USING (seq)"
_PRUNE_S: Final = 3600.0
_DROPPED_AT_ONCE: Final = 100
_MOST_ROUNDS: Final = 20
_REFUSALS_A_MINUTE: Final = 100
"""Further ones of a minute are counted by their reason alone: a flood from many addresses fills no disk."""
GUARD_ROWS: Final = "guard"
"""`tool` of the rows in which the guard says what it did: no calls."""


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
    cost: CallCost = NOTHING_NOTED
    task: str | None = None  # what the answer was chosen from, as JSON: the labels or the question

    @property
    def by_hook(self) -> bool:
        return self.client == call_cost.HOOK_CLIENT

    @property
    def chars_shown(self) -> int:
        """Characters that reached the agent: of a call that a hook made, what it added to a result."""
        return call_cost.chars_shown(self.client, self.chars_left, self.cost.shown)

    @property
    def would_read(self) -> int:
        """Characters that the agent would have read without it, at most what its client lets through."""
        in_vain = self.escalate or self.error is not None
        return call_cost.would_have_read(self.client, self.bytes_read, in_vain=in_vain)

    @property
    def chars_saved(self) -> int:
        """What the agent would have read, less what it wrote and read instead; may be negative.

        An answer that says `escalate`, or an error, saves nothing: the agent does the reading anyway. What a
        hook adds is never a saving: the agent didn't ask, and reads what the client shows as well.
        """
        asked = 0 if self.by_hook else self.chars_asked
        return self.would_read - asked - self.chars_shown


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

    def __init__(self, path: Path, *, keep_days: int, max_mb: int = 1024) -> None:
        """Raises ConfigError when the file can't be used."""
        self._file = path
        self._keep_s = keep_days * 86_400.0
        self._max_bytes = max_mb << 20
        self._prune_at = 0.0
        self._identity: tuple[int, int] | None = None
        super().__init__(path, MIGRATIONS)

    def write(self, row: LedgerRow) -> None:
        """Raises ConfigError or sqlite3.Error when it can't be written, such as on a full disk."""
        record = _record(row)
        try:
            self._append(record, row.cost)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._replace()
            self._append(record, row.cost)

    def note_shown(self, call_id: str, chars: int) -> None:
        """Note how many characters of an answer a hook has shown. Raises ConfigError or sqlite3.Error."""
        with self.transaction() as db:
            db.execute(
                "INSERT INTO costs SELECT seq, 0, 0, 0, 0, ?1 FROM calls WHERE call_id = ?2 "
                "ON CONFLICT DO UPDATE SET shown = ?1",
                (chars, call_id),
            )

    def refuse(self, refusal: RefusedRequests) -> None:
        """Count refused requests. Equal ones share a row per minute, so that a flood can't fill the disk."""
        record = asdict(refusal)
        with self.transaction() as db:
            self._tend(db)
            rows = db.execute("SELECT count(*) FROM refusals WHERE minute = ?", (refusal.minute,)).fetchone()
            if rows[0] >= _REFUSALS_A_MINUTE:
                record |= {"principal": "", "address": "several", "path": "several"}
            db.execute(
                f"INSERT INTO refusals ({', '.join(record)}) VALUES ({', '.join(f':{n}' for n in record)}) "
                "ON CONFLICT DO UPDATE SET count = count + excluded.count",
                record,
            )

    def verify(self, expect: str = "") -> chain.ChainReport:
        """Check every row of the chain. `expect` is a hash, in hex, that must be in it.

        Raises ConfigError where the file can't be read to its end.
        """
        try:
            return chain.verify(self._file, expect)
        except sqlite3.Error as error:
            raise self._unreadable(error) from None

    def select(self, query: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[sqlite3.Row]:
        """Raises ConfigError where the file is damaged."""
        try:
            return super().select(query, values)
        except sqlite3.DatabaseError as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: sqlite3.Error) -> ConfigError:
        return ConfigError(
            f"The ledger {self._file} can't be read: {error}.",
            remedy="If it is damaged, move it to another folder; the next call begins a new one.",
        )

    def _append(self, record: dict[str, Any], cost: CallCost) -> None:
        with self.transaction() as db:
            seq = chain.append(db, record, self._tend(db))
            if cost != NOTHING_NOTED:
                db.execute(
                    "INSERT INTO costs VALUES (:seq, :server_s, :worker_s, :engine_s, :gpu_s, :shown)",
                    {"seq": seq, **asdict(cost)},
                )

    def _tend(self, db: sqlite3.Connection) -> float:
        """Note the time, and delete what is too old or too much, in the caller's transaction; the time that
        is believed.
        """
        now = time.time()
        believed, leapt_to = db.execute("SELECT believed, leapt_to FROM chain").fetchone()
        if believed is None:  # a new ledger, or one of an older version
            newest = db.execute("SELECT max(at) FROM calls").fetchone()[0]
            before = SteadyClock(now if newest is None else min(now, newest))
        else:
            before = SteadyClock(believed, leapt_to)
        clock = before.at(now)
        if clock != before or believed is None:
            db.execute("UPDATE chain SET believed = ?, leapt_to = ?", (clock.believed, clock.leapt_to))
        if clock.believed < before.believed:  # the believed time was wrong, and with it the rows' age
            db.execute("UPDATE calls SET kept_since = ?1 WHERE kept_since > ?1", (clock.believed,))
            self._prune_at = 0.0
        if clock.believed >= self._prune_at:
            self._prune_at = clock.believed + _PRUNE_S
            oldest = clock.believed - self._keep_s
            chain.drop_older(db, oldest)
            db.execute("DELETE FROM refusals WHERE minute < ?", (oldest // 60,))
        self._shrink(db)
        return clock.believed

    def _shrink(self, db: sqlite3.Connection) -> None:
        """Delete the oldest rows while there is more than the file may hold, a bounded number at a time."""
        for _ in range(_MOST_ROUNDS):
            if _bytes_used(db) <= self._max_bytes:
                return
            oldest = "SELECT rowid FROM refusals ORDER BY minute LIMIT ?"
            db.execute(f"DELETE FROM refusals WHERE rowid IN ({oldest})", (_DROPPED_AT_ONCE,))
            if not chain.drop_oldest(db, _DROPPED_AT_ONCE):
                return

    def _open(self) -> sqlite3.Connection:
        try:
            db = self._connect()
        except DamagedStore:
            db = self._begin_anew()
        self._identity = _identity(self._file)
        return db

    def _connect(self) -> sqlite3.Connection:
        """Raises DamagedStore, ConfigError."""
        db = connect(self._file, MIGRATIONS)
        try:
            with transaction(db):
                chain.adopt(db, time.time())
                self._tend(db)
        except sqlite3.Error as error:
            db.close()
            raise (DamagedStore if is_damage(error) else ConfigError)(
                f"The ledger {self._file} can't be used: {error}.", remedy="Free some space on the disk."
            ) from None
        return db

    def _connect_whole(self) -> sqlite3.Connection:
        db = self._connect()
        found = [row[0] for row in db.execute("PRAGMA quick_check(1)")]
        if found != ["ok"]:
            db.close()
            raise DamagedStore(f"The ledger {self._file} is damaged: {found[0]}.")
        return db

    def _begin_anew(self) -> sqlite3.Connection:
        """Set the damaged file aside. The first row of the new one says so."""
        db, kept = replace_damaged(self._file, self._connect_whole)
        if kept is not None:
            now = time.time()
            with transaction(db):
                chain.append(db, _record(_first_row(now, kept)), self._tend(db))
        return db

    def _replace(self) -> None:
        with self._lock:
            self._db.close()
            self._db = self._begin_anew()
            self._identity = _identity(self._file)

    def _before_use(self) -> None:
        """Follow the file: another process has set it aside, or somebody has moved it."""
        if _identity(self._file) != self._identity:
            self._db.close()
            self._db = self._open()

    def rows(
        self, *, since: float = 0.0, until: float = 1e18, limit: int = -1, principal: str | None = None
    ) -> list[LedgerRow]:
        """Rows, newest first. `since` and `until` are in seconds since the epoch, a negative `limit` means
        all, and `principal` selects its own calls.
        """
        query = (
            f"{_ROWS} WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR principal = ?3) ORDER BY at DESC LIMIT ?4"
        )
        return [_row(found) for found in self.select(query, (since, until, principal, limit))]

    def totals(self, by: GroupedBy = "tool", *, since: float = 0.0, until: float = 1e18) -> list[CallTotals]:
        """Sums over the calls of a time, by tool, by client, by day or of all; those with most calls first.

        Rows of the guard and of the ledger itself are no calls.
        """
        no_calls = json.dumps([OWN_ROWS, GUARD_ROWS])
        return [as_totals(found) for found in self.select(totals_query(by), (since, until, no_calls))]

    def groups(self, *, since: float, until: float, wrong: Iterable[str] = ()) -> list[CallGroup]:
        """The calls of a time in groups, rows of the guard and of the ledger itself among them. Calls that
        are `wrong`, by call_id, saved nothing.
        """
        return groups.as_groups(self.select(groups.GROUPS, groups.values_of(since, until, wrong)))

    def durations(self, *, since: float, until: float) -> list[sqlite3.Row]:
        """Tool, client, principal and seconds of each call of a time."""
        return self.select(groups.DURATIONS, (since, until))

    def names(self, call_ids: Iterable[str]) -> list[CallName]:
        """Who made which of these calls, where they are still kept."""
        found = self.select(groups.NAMES, (json.dumps(list(call_ids)),))
        return [CallName(*row) for row in found]

    def bytes_used(self) -> int:
        """Size of what the file holds, without free pages."""
        with self.transaction() as db:
            return _bytes_used(db)

    def refusals(self, *, since: float = 0.0, until: float = 1e18) -> list[RefusedRequests]:
        """Newest first."""
        found = self.select(
            "SELECT * FROM refusals WHERE minute >= ? AND minute < ? ORDER BY minute DESC",
            (int(since // 60), int(min(until, 1e15) // 60) + 1),
        )
        return [RefusedRequests(**dict(row)) for row in found]

    def find(self, call_id: str) -> LedgerRow | None:
        found = self.select(f"{_ROWS} WHERE call_id = ?", (call_id,))
        return _row(found[0]) if found else None


def open_ledger(settings: Settings) -> Ledger:
    """Raises ConfigError when the file can't be used."""
    path = ledger_file(settings)
    return Ledger(path, keep_days=settings.ledger_days, max_mb=settings.ledger_mb)


def ledger_file(settings: Settings) -> Path:
    return settings.state_dir.expanduser() / "ledger.db"


def _first_row(at: float, kept: Path) -> LedgerRow:
    text = f"This ledger begins here. The one before it was damaged, and is kept as {kept.name}."
    return LedgerRow(
        call_id=secrets.token_hex(6),
        at=at,
        client="mcp-smalltools",
        tool=OWN_ROWS,
        paths=[str(kept)],
        level="open",
        bytes_read=0,
        chars_asked=0,
        chars_left=0,
        seconds=0.0,
        model=None,
        confidence=None,
        escalate=False,
        cached=False,
        error=None,
        answer=text,
    )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _bytes_used(db: sqlite3.Connection) -> int:
    pages, free, size = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _record(row: LedgerRow) -> dict[str, Any]:
    record = asdict(row)
    del record["cost"]
    record["paths"] = json.dumps(row.paths)
    record["answer"] = pack(row.answer.encode("utf-8", "backslashreplace"))
    return record


def _row(found: sqlite3.Row) -> LedgerRow:
    values: dict[str, Any] = {
        field.name: found[field.name] for field in fields(LedgerRow) if field.name != "cost"
    }
    values["cost"] = CallCost(
        found["server_s"] or 0.0,
        found["worker_s"] or 0.0,
        found["engine_s"] or 0.0,
        found["gpu_s"] or 0.0,
        found["shown"],
    )
    try:
        values["paths"] = json.loads(values["paths"])
        values["answer"] = unpack(values["answer"]).decode()
    except (TypeError, ValueError, AttributeError) as error:  # somebody may have changed it; --verify tells
        why = str(error) if "zstd" in str(error) else "it was changed or is damaged"
        values |= {"paths": [], "answer": f"(this row can't be read: {why})"}
    for name in ("at", "seconds", "bytes_read", "chars_asked", "chars_left"):
        values[name] = values[name] if isinstance(values[name], int | float) else 0
    values["escalate"], values["cached"] = bool(values["escalate"]), bool(values["cached"])
    return LedgerRow(**values)
