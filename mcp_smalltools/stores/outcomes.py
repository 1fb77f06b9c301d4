"""What agents and people reported about answers, kept on this machine to train adapters and the user's
skills. It outlives the ledger, so it also keeps what is needed of the call. Beside the reports stand weak
outcomes: what the agent did after an answer.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mcp_smalltools.stores.accounts import weak_outcomes
from mcp_smalltools.stores.accounts.weak_outcomes import (
    WeakEvidence,
    WeakOutcome,
    add_weak,
    as_weak,
    together,
)
from mcp_smalltools.stores.store import Store

if TYPE_CHECKING:
    from mcp_smalltools.stores.accounts.weak_outcomes import Origin, WeakKind
    from mcp_smalltools.stores.ledger import LedgerRow

MIGRATIONS: Sequence[str] = (
    """
    CREATE TABLE outcomes (
        call_id TEXT PRIMARY KEY,
        at REAL NOT NULL,
        verdict TEXT NOT NULL,
        correction TEXT NOT NULL,
        examples TEXT NOT NULL,
        tool TEXT NOT NULL,
        paths TEXT NOT NULL,
        model TEXT,
        confidence REAL,
        escalated INTEGER NOT NULL,
        client TEXT NOT NULL
    );
    CREATE INDEX outcomes_tool ON outcomes (tool, at);
    """,
    weak_outcomes.MIGRATION,
    """
    ALTER TABLE outcomes ADD COLUMN level TEXT NOT NULL DEFAULT '';
    ALTER TABLE outcomes ADD COLUMN principal TEXT NOT NULL DEFAULT '';
    ALTER TABLE outcomes ADD COLUMN task TEXT;
    """,
)

Verdict = Literal["right", "partly", "wrong"]


@dataclass(frozen=True, slots=True)
class ReportedOutcome:
    """A report on one call. `examples` are pairs of an item's text and its right label."""

    call_id: str
    at: float  # seconds since the epoch
    verdict: Verdict
    correction: str
    examples: list[tuple[str, str]]
    tool: str
    paths: list[str]
    model: str | None
    confidence: float | None
    escalated: bool
    client: str  # client of the reported call
    level: str = ""  # privacy level of the call; "" in reports of older versions
    principal: str = ""  # who reported it; "" in reports of older versions
    task: str | None = None  # what the answer was chosen from, as in the ledger


class Outcomes(Store):
    """The outcomes on disk. Safe for several processes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, MIGRATIONS)

    def write(self, outcome: ReportedOutcome) -> bool:
        """Keep an outcome, in place of an earlier one of the same call; True if there was one.

        Raises sqlite3.Error.
        """
        record = asdict(outcome)
        record["examples"] = json.dumps(outcome.examples, ensure_ascii=False)
        record["paths"] = json.dumps(outcome.paths)
        names, marks = ", ".join(record), ", ".join(f":{name}" for name in record)
        with self.transaction() as db:
            known = db.execute("SELECT 1 FROM outcomes WHERE call_id = ?", (outcome.call_id,)).fetchone()
            db.execute(f"INSERT OR REPLACE INTO outcomes ({names}) VALUES ({marks})", record)
        return known is not None

    def all(self, tool: str | None = None) -> list[ReportedOutcome]:
        """Oldest first."""
        query = "SELECT * FROM outcomes WHERE ?1 IS NULL OR tool = ?1 ORDER BY at, call_id"
        return [_outcome(row) for row in self.select(query, (tool,))]

    def verdicts(self, call_ids: Sequence[str]) -> dict[str, str]:
        """The verdicts of the calls that have one, by call_id."""
        query = "SELECT call_id, verdict FROM outcomes WHERE call_id IN (SELECT value FROM json_each(?))"
        return {row["call_id"]: row["verdict"] for row in self.select(query, (json.dumps(call_ids),))}

    def add_weak(self, found: Sequence[WeakOutcome]) -> int:
        """Keep what the agent was seen to do, each kind once for a call; how many were new.

        Raises sqlite3.Error.
        """
        with self.transaction() as db:
            return add_weak(db, found)

    def weak(self, tool: str | None = None, *, since: float = 0.0) -> list[WeakOutcome]:
        """Oldest first; of all tools, or of one."""
        query = "SELECT * FROM weak_outcomes WHERE (?1 IS NULL OR tool = ?1) AND at >= ?2 ORDER BY at, kind"
        return [as_weak(row) for row in self.select(query, (tool, since))]

    def weak_evidence(self, tool: str | None = None, *, since: float = 0.0) -> list[WeakEvidence]:
        """What the weak outcomes of each call come to, without calls on which somebody has reported: a report
        outweighs them.
        """
        found = self.weak(tool, since=since)
        reported = self.verdicts(list({one.call_id for one in found}))
        return together([one for one in found if one.call_id not in reported])

    def forget(self, tool: str | None = None) -> int:
        """Delete the outcomes of a tool, or all, weak ones too; returns how many reports."""
        with self.transaction() as db:
            db.execute("DELETE FROM weak_outcomes WHERE ?1 IS NULL OR tool = ?1", (tool,))
            return db.execute("DELETE FROM outcomes WHERE ?1 IS NULL OR tool = ?1", (tool,)).rowcount


def open_outcomes(state_dir: Path) -> Outcomes:
    """Raises ConfigError when the file can't be used."""
    return Outcomes(state_dir.expanduser() / "outcomes.db")


def weak_outcome_of(row: LedgerRow, kind: WeakKind, origin: Origin) -> WeakOutcome:
    """What was seen after a call that the ledger has."""
    return WeakOutcome(
        call_id=row.call_id,
        kind=kind,
        origin=origin,
        at=time.time(),
        weight=weak_outcomes.WEIGHTS[kind],
        tool=row.tool,
        model=row.model,
        confidence=row.confidence,
        escalated=row.escalate,
        client=row.client,
    )


def _outcome(found: sqlite3.Row) -> ReportedOutcome:
    values: dict[str, Any] = {field.name: found[field.name] for field in fields(ReportedOutcome)}
    values["examples"] = [(text, label) for text, label in json.loads(values["examples"])]
    values["paths"] = json.loads(values["paths"])
    values["escalated"] = bool(values["escalated"])
    return ReportedOutcome(**values)
