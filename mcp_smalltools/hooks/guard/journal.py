"""What the guard has masked or refused, for the audit: numbers and names of files, no text."""

from __future__ import annotations

import json
import secrets
import sqlite3
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ConfigError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.stores.ledger import GUARD_ROWS, Ledger, LedgerRow, ledger_file, open_ledger


@dataclass(frozen=True, slots=True)
class GuardEntry:
    """One thing that the guard did: `done` is masked, refused, shown or withheld."""

    done: str
    tool: str
    paths: Sequence[str]
    level: PrivacyLevel
    counts: Mapping[str, int]
    """Masked values by kind; `sealed_lines` are lines of sealed files."""
    reason: str = ""


class GuardJournal:
    """Writes entries into the ledger. Methods may be called in any thread."""

    def __init__(self) -> None:
        self._ledgers: dict[Path, Ledger] = {}
        self._lock = threading.Lock()

    def write(self, entry: GuardEntry, settings: Settings, seconds: float) -> None:
        """A ledger that can't be written is said on standard error: the guard does its work all the same."""
        row = _row(entry, seconds)
        try:
            with self._lock:
                path = ledger_file(settings)
                if path not in self._ledgers:
                    self._ledgers[path] = open_ledger(settings)
                self._ledgers[path].write(row)
        except (ConfigError, sqlite3.Error, OSError) as problem:
            print(f"the ledger can't be written: {type(problem).__name__}", file=sys.stderr)

    def close(self) -> None:
        with self._lock:
            for ledger in self._ledgers.values():
                ledger.close()
            self._ledgers.clear()


def _row(entry: GuardEntry, seconds: float) -> LedgerRow:
    said: dict[str, Any] = {"tool": entry.tool, "done": entry.done}
    if entry.counts:
        said["values"] = dict(entry.counts)
    if entry.reason:
        said["reason"] = entry.reason
    return LedgerRow(
        call_id=secrets.token_hex(6),
        at=time.time(),
        client="hook",
        tool=GUARD_ROWS,
        paths=list(entry.paths),
        level=entry.level.value,
        bytes_read=0,
        chars_asked=0,
        chars_left=0,
        seconds=round(seconds, 4),
        model=None,
        confidence=None,
        escalate=False,
        cached=False,
        error=None if entry.done == "masked" else f"guard_{entry.done}",
        answer=json.dumps(said, ensure_ascii=False),
    )
