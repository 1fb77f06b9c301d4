"""What the agent did after an answer: weak outcomes, beside what `report_outcome` was told.

Each is evidence with a weight, never proof: an agent edits a line for other reasons too. They hold the number
of the call, a kind and a time; no text, no path, no line of any file, so nothing of a sealed one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Final, Literal

WeakKind = Literal["passed", "edited", "opened", "read_whole", "ran_again", "edited_elsewhere"]
Origin = Literal["hook", "transcript"]
WEIGHTS: Final[dict[WeakKind, float]] = {
    "passed": 1.5,
    "edited": 1.0,
    "opened": 0.4,
    "ran_again": -0.5,
    "edited_elsewhere": -0.7,
    "read_whole": -0.7,
}
"""By how much each speaks for (or against) the answer, in log-odds. Set by hand, not fitted: small, so that
no answer is right or wrong by them alone.

passed            the named place was edited, and then the same command went well
edited            the named line, or one within five lines of it, was edited
opened            the named file was opened at that place
ran_again         the same command was run again with nothing edited in between: the answer wasn't enough
edited_elsewhere  other files were edited, and then the same command went well
read_whole        the file was read whole after its answer: the answer wasn't enough
"""
MOST_TOGETHER: Final = 2.5
"""Log-odds that all weak outcomes of one call can come to, either way: far from sure."""
MOST_KEPT: Final = 50_000

MIGRATION: Final = """
    CREATE TABLE weak_outcomes (
        call_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        origin TEXT NOT NULL,
        at REAL NOT NULL,
        weight REAL NOT NULL,
        tool TEXT NOT NULL,
        model TEXT,
        confidence REAL,
        escalated INTEGER NOT NULL,
        client TEXT NOT NULL,
        PRIMARY KEY (call_id, kind)
    );
    CREATE INDEX weak_outcomes_tool ON weak_outcomes (tool, at);
    CREATE INDEX weak_outcomes_at ON weak_outcomes (at);
"""


@dataclass(frozen=True, slots=True)
class WeakOutcome:
    """One thing that the agent did after an answer. `weight` is in log-odds, positive where it speaks for the
    answer; `origin` says where it was seen. What follows is of the call.
    """

    call_id: str
    kind: WeakKind
    origin: Origin
    at: float  # seconds since the epoch
    weight: float
    tool: str
    model: str | None
    confidence: float | None
    escalated: bool
    client: str


@dataclass(frozen=True, slots=True)
class WeakEvidence:
    """All that was seen after one answer. `log_odds` is their sum, at most MOST_TOGETHER either way."""

    call_id: str
    tool: str
    kinds: tuple[WeakKind, ...]
    log_odds: float


def add_weak(db: sqlite3.Connection, found: Iterable[WeakOutcome]) -> int:
    """Keep what is new, inside the caller's transaction; how many that are. The same kind of one call counts
    once, wherever it was seen. The oldest leave beyond MOST_KEPT.
    """
    names = [field.name for field in fields(WeakOutcome)]
    added = 0
    for outcome in found:
        added += db.execute(
            f"INSERT OR IGNORE INTO weak_outcomes ({', '.join(names)}) "
            f"VALUES ({', '.join(f':{name}' for name in names)})",
            asdict(outcome),
        ).rowcount
    if added:
        over = db.execute("SELECT count(*) FROM weak_outcomes").fetchone()[0] - MOST_KEPT
        if over > 0:
            oldest = "SELECT rowid FROM weak_outcomes ORDER BY at LIMIT ?"
            db.execute(f"DELETE FROM weak_outcomes WHERE rowid IN ({oldest})", (over,))
    return added


def as_weak(found: sqlite3.Row) -> WeakOutcome:
    values = {field.name: found[field.name] for field in fields(WeakOutcome)}
    return WeakOutcome(**{**values, "escalated": bool(values["escalated"])})


def together(outcomes: Sequence[WeakOutcome]) -> list[WeakEvidence]:
    """By call, in the order of their first: what was seen, and what it comes to."""
    by_call: dict[str, list[WeakOutcome]] = {}
    for outcome in outcomes:
        by_call.setdefault(outcome.call_id, []).append(outcome)
    return [
        WeakEvidence(
            call_id,
            seen[0].tool,
            tuple(one.kind for one in seen),
            max(-MOST_TOGETHER, min(MOST_TOGETHER, sum(one.weight for one in seen))),
        )
        for call_id, seen in by_call.items()
    ]
