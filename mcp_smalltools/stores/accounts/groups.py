"""Calls of a span of time in groups: by tool, by who called, by privacy level. Sums are made by the database,
with savings and losses apart.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from mcp_smalltools.stores.accounts.call_cost import SUMS

_WOULD_READ: Final = (
    f"CASE WHEN call_id IN (SELECT value FROM json_each(:wrong)) THEN 0 ELSE {SUMS['would_read']} END"
)
_NET: Final = f"{_WOULD_READ} - {SUMS['chars_asked']} - {SUMS['chars_shown']}"
_KEYS: Final = "tool, client, principal, level"


@dataclass(frozen=True, slots=True)
class CallGroup:
    """Sums over the calls of one tool, client, principal and level that ended in one way (`error`, or None).

    Characters and bytes as in `LedgerRow`. `saved` are those of the calls that saved something; `lost`, as a
    positive number, those of the `losing` calls, which cost more than they saved.
    """

    tool: str
    client: str
    principal: str
    level: str
    error: str | None
    calls: int
    escalated: int
    cached: int
    bytes_read: int
    chars_asked: int
    chars_shown: int
    saved: int
    lost: int
    losing: int
    cpu_s: float
    gpu_s: float


@dataclass(frozen=True, slots=True)
class CallName:
    """Which group a call is in."""

    call_id: str
    at: float
    tool: str
    client: str
    principal: str


GROUPS: Final = f"""
    SELECT {_KEYS}, error, count(*) AS calls, sum(escalate) AS escalated, sum(cached) AS cached,
        sum(bytes_read) AS bytes_read, sum(asked) AS chars_asked, sum(shown_chars) AS chars_shown,
        sum(max(net, 0)) AS saved, sum(max(-net, 0)) AS lost, sum(net < 0) AS losing,
        sum(cpu_s) AS cpu_s, sum(gpu_s) AS gpu_s
    FROM (
        SELECT {_KEYS}, error, escalate, cached, bytes_read,
            {SUMS["chars_asked"]} AS asked, {SUMS["chars_shown"]} AS shown_chars, {_NET} AS net,
            {SUMS["cpu_s"]} AS cpu_s, {SUMS["gpu_s"]} AS gpu_s
        FROM calls LEFT JOIN costs USING (seq) WHERE at >= :since AND at < :until
    )
    GROUP BY {_KEYS}, error
"""
DURATIONS: Final = "SELECT tool, client, principal, seconds FROM calls WHERE at >= ? AND at < ?"
NAMES: Final = (
    "SELECT call_id, at, tool, client, principal FROM calls WHERE call_id IN (SELECT value FROM json_each(?))"
)


def values_of(since: float, until: float, wrong: Iterable[str]) -> dict[str, Any]:
    """The values of GROUPS. Calls that are `wrong`, by call_id, saved nothing."""
    return {"since": since, "until": until, "wrong": json.dumps(list(wrong))}


def as_groups(found: Sequence[sqlite3.Row]) -> list[CallGroup]:
    names = [field.name for field in fields(CallGroup)]
    return [CallGroup(**{name: row[name] for name in names}) for row in found]
