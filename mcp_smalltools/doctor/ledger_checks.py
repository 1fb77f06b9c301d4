"""Checks of the ledger: whether it can be used, and what was set aside because it was damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from mcp_smalltools.config import Settings
from mcp_smalltools.doctor.check import Check, CheckState
from mcp_smalltools.stores.ledger import ledger_file
from mcp_smalltools.stores.set_aside import files_set_aside


def check_ledger(settings: Settings) -> Iterator[Check]:
    """Changes nothing; nothing to say before the first call."""
    path = ledger_file(settings)
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT count(*) FROM calls").fetchone()[0]
        found = (
            f"{rows} calls, {path.stat().st_size / 1e6:.1f} MB (`mcp-smalltools audit --verify` checks all)"
        )
        yield Check("ledger", CheckState.OK, found)
    except (OSError, sqlite3.Error) as error:
        remedy = "A damaged one is set aside at the next call, and a new one begins."
        yield Check("ledger", CheckState.WRONG, f"{path} can't be read: {error}", remedy)
    if aside := files_set_aside(path):
        names = ", ".join(file.name for file in aside)
        remedy = f"Look at it, or delete it: {aside[0].parent}."
        yield Check("damaged ledger", CheckState.NOTE, f"set aside: {names}", remedy)
