"""Sums over the calls of the ledger, made by the database: answers are not unpacked."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, fields
from typing import Final, Literal

from mcp_smalltools.stores.accounts.call_cost import SUMS

GroupedBy = Literal["tool", "client", "day", "all"]
_KEYS: Final[dict[GroupedBy, str]] = {
    "tool": "tool",
    "client": "client",
    "day": "date(at, 'unixepoch', 'localtime')",
    "all": "''",
}
_HOOKS_APART: Final = "client = 'hook'"


@dataclass(frozen=True, slots=True)
class CallTotals:
    """Sums over the calls of one tool, client or day (`key`: "2026-03-01", local time).

    Calls that a hook made (`by_hook`) stand apart from those that an agent asked for. Characters and bytes as
    in `LedgerRow`; `seconds` are on the clock.
    """

    key: str
    by_hook: bool
    calls: int
    errors: int
    escalated: int
    cached: int
    bytes_read: int
    would_read: int
    chars_asked: int
    chars_shown: int
    seconds: float
    cpu_s: float
    gpu_s: float

    @property
    def chars_saved(self) -> int:
        """What agents would have read, less what they wrote and read instead; may be negative."""
        return self.would_read - self.chars_asked - self.chars_shown


_COLUMNS: Final = ", ".join(
    (
        "count(*) AS calls",
        "sum(error IS NOT NULL) AS errors",
        "sum(escalate) AS escalated",
        "sum(cached) AS cached",
        "sum(bytes_read) AS bytes_read",
        "sum(seconds) AS seconds",
        *(f"sum({of_row}) AS {name}" for name, of_row in SUMS.items()),
    )
)


def totals_query(by: GroupedBy) -> str:
    """The query for `totals`: its values are since, until and, each, the rows that are none of a call's."""
    return (
        f"SELECT {_KEYS[by]} AS key, {_HOOKS_APART} AS by_hook, {_COLUMNS} "
        "FROM calls LEFT JOIN costs USING (seq) "
        "WHERE at >= ? AND at < ? AND tool NOT IN (SELECT value FROM json_each(?)) "
        "GROUP BY 1, 2 ORDER BY calls DESC, key"
    )


def as_totals(found: sqlite3.Row) -> CallTotals:
    """A row of that query."""
    values = {field.name: found[field.name] for field in fields(CallTotals)}
    return CallTotals(**{**values, "by_hook": bool(values["by_hook"])})
