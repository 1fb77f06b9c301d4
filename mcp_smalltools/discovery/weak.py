"""Weak outcomes from transcripts, of calls that the ledger knows: a transcript can't invent one."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import get_args

from mcp_smalltools.config import Settings
from mcp_smalltools.stores.accounts.weak_outcomes import WeakKind
from mcp_smalltools.stores.ledger import Ledger, LedgerRow, open_ledger
from mcp_smalltools.stores.outcomes import open_outcomes, weak_outcome_of


def record_weak(found: Iterable[tuple[str, str]], settings: Settings) -> int:
    """Keep what followed calls (by call_id and kind) that the user's own agents made; how many were new.

    Raises ConfigError.
    """
    outcomes = []
    with closing(open_ledger(settings)) as ledger:
        for call_id, kind in found:
            row = _own_call(ledger, call_id)
            if row is not None and kind in get_args(WeakKind):
                outcomes.append(weak_outcome_of(row, kind, "transcript"))  # type: ignore[arg-type]
    if not outcomes:
        return 0
    with closing(open_outcomes(settings.state_dir)) as store:
        return store.add_weak(outcomes)


def _own_call(ledger: Ledger, call_id: str) -> LedgerRow | None:
    row = ledger.find(call_id)
    return row if row is not None and row.principal == "local" else None
