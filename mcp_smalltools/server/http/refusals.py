"""Records refused requests in the ledger: counted in memory, and written as counts."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections import Counter
from typing import Final

import anyio
import anyio.to_thread

from mcp_smalltools.errors import ConfigError
from mcp_smalltools.server.http.metrics import Metrics
from mcp_smalltools.service import Service
from mcp_smalltools.stores.ledger import RefusedRequests

WRITE_INTERVAL_S: Final = 0.5
_MAX_DISTINCT: Final = 500
"""Distinct refusals in one interval; of further ones only the reason is kept."""
_KNOWN_PATHS: Final = frozenset({"/mcp", "/sse", "/messages/", "/healthz", "/metrics"})


class RefusalRecorder:
    """Counts refusals without waiting for the disk; `run` writes the counts."""

    def __init__(self, service: Service, metrics: Metrics) -> None:
        self._service = service
        self._metrics = metrics
        self._counts: Counter[tuple[int, str, str, str, str]] = Counter()

    def note(self, reason: str, principal: str = "", address: str = "", path: str = "") -> None:
        self._metrics.count_refusal(reason)
        path = path if path in _KNOWN_PATHS else "another path"
        key = (int(time.time() // 60), reason, principal, address, path)
        if key not in self._counts and len(self._counts) >= _MAX_DISTINCT:
            key = (key[0], reason, "", "several", "several")
        self._counts[key] += 1

    async def run(self) -> None:
        """Write regularly until cancelled, and once more then."""
        try:
            while True:
                await anyio.sleep(WRITE_INTERVAL_S)
                await self._write()
        finally:
            with anyio.CancelScope(shield=True):
                await self._write()

    async def _write(self) -> None:
        counts, self._counts = self._counts, Counter()
        if counts:
            await anyio.to_thread.run_sync(self._write_now, counts)

    def _write_now(self, counts: Counter[tuple[int, str, str, str, str]]) -> None:
        try:
            for (minute, reason, principal, address, path), count in counts.items():
                self._service.ledger().refuse(
                    RefusedRequests(minute, reason, principal, address, path, count)
                )
        except (ConfigError, sqlite3.Error) as problem:
            print(f"mcp-smalltools: refusals can't be written: {problem}", file=sys.stderr)
