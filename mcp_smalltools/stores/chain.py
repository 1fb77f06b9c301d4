"""The chain of the ledger's rows: each holds the hash of the one before, so that none can be changed, taken
out or put in between without a trace.

Rows leave at the old end only (age, size); what was the last of them is kept, so that the rest can still be
checked. Whoever can write the file can also make a whole new chain: a hash that was noted elsewhere shows
that (`audit --verify --expect`).
"""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_AT_ONCE: Final = 500
_MOST_BREAKS: Final = 100

MIGRATION: Final = """
    ALTER TABLE calls ADD COLUMN seq INTEGER;
    ALTER TABLE calls ADD COLUMN kept_since REAL;
    ALTER TABLE calls ADD COLUMN previous BLOB;
    ALTER TABLE calls ADD COLUMN hash BLOB;
    CREATE UNIQUE INDEX calls_seq ON calls (seq);
    CREATE INDEX calls_unchained ON calls (at) WHERE seq IS NULL;
    CREATE TABLE chain (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        last_seq INTEGER NOT NULL,
        last_hash BLOB NOT NULL,
        gone_seq INTEGER NOT NULL,
        gone_hash BLOB NOT NULL,
        believed REAL,
        leapt_to REAL
    );
    INSERT INTO chain VALUES (1, 0, zeroblob(32), 0, zeroblob(32), NULL, NULL);
"""
"""`gone_…` is the newest row that is no longer kept; `believed` and `leapt_to` are the steady clock's."""

_HASHED: Final = (
    *("call_id", "at", "client", "tool", "paths", "level", "bytes_read", "chars_asked", "chars_left"),
    *("seconds", "model", "confidence", "escalate", "cached", "error", "principal"),
)
_REAL: Final = frozenset({"at", "seconds", "confidence"})


def append(db: sqlite3.Connection, record: Mapping[str, Any], kept_since: float) -> int:
    """Add a row behind the last one, inside the caller's transaction; its number. `kept_since` is when its
    age begins.
    """
    seq, previous = db.execute("SELECT last_seq + 1, last_hash FROM chain").fetchone()
    values = {name: _as_stored(name, value) for name, value in record.items()}
    values |= {"seq": seq, "kept_since": kept_since, "previous": previous}
    values["hash"] = _hash(seq, previous, values)
    names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    db.execute(f"INSERT INTO calls ({names}) VALUES ({marks})", values)
    db.execute("UPDATE chain SET last_seq = ?, last_hash = ?", (seq, values["hash"]))
    return int(seq)


def adopt(db: sqlite3.Connection, now: float) -> None:
    """Chain the rows that an older version has written, oldest first, in the caller's transaction."""
    found = db.execute("SELECT rowid FROM calls WHERE seq IS NULL ORDER BY at, rowid").fetchall()
    seq, previous = db.execute("SELECT last_seq, last_hash FROM chain").fetchone()
    if not found:
        return
    for (rowid,) in found:
        row = dict(db.execute("SELECT * FROM calls WHERE rowid = ?", (rowid,)).fetchone())
        seq += 1
        made = _hash(seq, previous, row)
        db.execute(
            "UPDATE calls SET seq = ?, kept_since = ?, previous = ?, hash = ? WHERE rowid = ?",
            (seq, min(row["at"], now), previous, made, rowid),
        )
        previous = made
    db.execute("UPDATE chain SET last_seq = ?, last_hash = ?", (seq, previous))


def drop_older(db: sqlite3.Connection, kept_since: float) -> None:
    """Delete the rows at the old end whose age began before."""
    last = None
    for seq, since in db.execute("SELECT seq, kept_since FROM calls WHERE seq > 0 ORDER BY seq"):
        if since >= kept_since:
            break
        last = seq
    if last is not None:
        _drop_until(db, last)


def drop_oldest(db: sqlite3.Connection, count: int) -> bool:
    """Delete so many rows at the old end, but never the newest; False if there was none to delete."""
    found = db.execute("SELECT seq FROM calls WHERE seq > 0 ORDER BY seq LIMIT ?", (count + 1,)).fetchall()
    if len(found) < 2:
        return False
    _drop_until(db, found[-2]["seq"])
    return True


def _drop_until(db: sqlite3.Connection, seq: int) -> None:
    (gone,) = db.execute("SELECT hash FROM calls WHERE seq = ?", (seq,)).fetchone()
    db.execute("DELETE FROM calls WHERE seq <= ?", (seq,))
    db.execute("DELETE FROM costs WHERE seq <= ?", (seq,))
    db.execute("UPDATE chain SET gone_seq = ?, gone_hash = ?", (seq, gone))


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """Where the chain doesn't hold. `call_id` is of the row at which it shows; "" at the end."""

    call_id: str
    at: float
    problem: str


@dataclass(slots=True)
class ChainReport:
    """What a check of the whole chain has found. Times are in seconds since the epoch."""

    rows: int = 0
    gone: int = 0  # rows that are no longer kept
    first_at: float | None = None
    last_at: float | None = None
    last_hash: str = ""
    unchained: int = 0  # rows that another version has written since
    breaks: list[ChainBreak] = field(default_factory=list)
    has_expected: bool = True

    @property
    def whole(self) -> bool:
        return not self.breaks and self.has_expected


def verify(path: Path, expect: str = "") -> ChainReport:
    """Check every row, as of one moment; others may write meanwhile. `expect` is a hash in hex that must be
    in the chain. At most 100 breaks are kept. Raises sqlite3.Error.
    """
    report = ChainReport(has_expected=not expect)
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        db.execute("BEGIN")
        chain = db.execute("SELECT * FROM chain").fetchone()
        seq, previous = int(chain["gone_seq"]), bytes(chain["gone_hash"])
        report.gone = seq
        report.has_expected |= seq > 0 and previous.hex() == expect
        rows = db.execute("SELECT * FROM calls WHERE typeof(seq) = 'integer' ORDER BY seq")
        while part := rows.fetchmany(_AT_ONCE):
            for row in part:
                at = row["at"] if isinstance(row["at"], float) else 0.0
                for problem in _problems(row, seq, previous):
                    _note(report, ChainBreak(str(row["call_id"]), at, problem))
                seq, previous = row["seq"], _as_bytes(row["hash"])
                report.has_expected |= previous.hex() == expect
                report.rows += 1
                report.first_at = at if report.first_at is None else report.first_at
                report.last_at = at
        if (chain["last_seq"], bytes(chain["last_hash"])) != (seq, previous):
            missing = chain["last_seq"] - seq
            problem = f"the last {missing} rows are missing" if missing > 0 else "the last row is another one"
            _note(report, ChainBreak("", report.last_at or 0.0, problem))
        report.last_hash = previous.hex()
        others = db.execute("SELECT count(*) FROM calls WHERE typeof(seq) != 'integer'")
        report.unchained = others.fetchone()[0]
    return report


def _problems(row: sqlite3.Row, seq: int, previous: bytes) -> Sequence[str]:
    """What is wrong at a row, where `seq` and `previous` are of the row before it."""
    problems = []
    if row["seq"] != seq + 1:
        problems.append(f"{row['seq'] - seq - 1} rows are missing before it")
    elif row["previous"] != previous:
        problems.append("it doesn't follow the row before it")
    if row["hash"] != _hash(row["seq"], _as_bytes(row["previous"]), dict(row)):
        problems.append("it was changed")
    return problems


def _note(report: ChainReport, found: ChainBreak) -> None:
    if len(report.breaks) < _MOST_BREAKS:
        report.breaks.append(found)


def _hash(seq: int, previous: bytes, values: Mapping[str, Any]) -> bytes:
    head = json.dumps([seq, *(values[name] for name in _HASHED)], default=repr)
    digest = hashlib.sha256(previous)
    digest.update(head.encode())
    digest.update(_as_bytes(values["answer"]))
    return digest.digest()


def _as_bytes(value: Any) -> bytes:
    """Somebody may have put another kind of value there."""
    return value if isinstance(value, bytes) else repr(value).encode()


def _as_stored(name: str, value: Any) -> Any:
    """The value as SQLite gives it back, which is what a check hashes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()  # SQLite takes no half of a surrogate pair
    if name in _REAL and value is not None:
        return None if math.isnan(value) else float(value) + 0.0  # -0.0 comes back as 0.0
    return int(value) if isinstance(value, bool) else value
