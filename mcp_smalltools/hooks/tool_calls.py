"""Tools of ours, called for a hook: on one kept file, through the same pipeline as an agent's calls."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ConfigError, SmallToolsError
from mcp_smalltools.hooks.agent_session import with_outputs
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

    from mcp_smalltools.service import Service
    from mcp_smalltools.workers.pool import WorkerPool

_SHARE: Final = 0.85
"""Part of a hook's time that a call may take."""
_WORKERS: Final = 2
"""Processes that read files, at most."""
IDLE_S: Final = 900.0
"""Seconds without a call after which the workers go."""


class HookTools:
    """One worker pool for all calls, and one event loop. Methods may be called in any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = ExitStack()
        self._portal: BlockingPortal | None = None
        self._pools: dict[Settings, WorkerPool] = {}
        self._services: dict[Settings, Service] = {}
        self._used = time.monotonic()

    def call(
        self,
        tool: str,
        path: Path,
        arguments: Mapping[str, Any],
        settings: Settings,
        level: PrivacyLevel,
        *,
        deadline_s: float | None = None,
    ) -> dict[str, Any] | None:
        """The structured answer about a file, masked as the level says; None where there is none."""
        self._used = time.monotonic()
        request = ToolRequest(
            tool=tool,
            arguments={"path": str(path), **arguments},
            client="hook",
            deadline_s=deadline_s or settings.hook_s * _SHARE,
        )
        narrowed = with_outputs(settings, path.parent, level)
        try:
            answer: dict[str, Any] = self._running().call(self._call, request, narrowed)
            return answer
        except SmallToolsError:
            return None

    def note_shown(self, answer: Mapping[str, Any], text: str, settings: Settings) -> None:
        """Note in the ledger how much of an answer reached the agent: what was told, or nothing."""
        for service in list(self._services.values()):
            if service.settings.state_dir == settings.state_dir:
                with suppress(ConfigError, sqlite3.Error):
                    service.ledger().note_shown(str(answer.get("call_id")), len(text))
                return

    def warm_up(self, settings: Settings) -> None:
        """Have a worker ready. Returns at once."""
        self._used = time.monotonic()
        self._running().start_task_soon(self._warm, settings)

    def rest(self) -> None:
        """Let the workers go if nothing has been asked for long."""
        if self._portal is not None and time.monotonic() - self._used > IDLE_S:
            self.close()

    def close(self) -> None:
        with self._lock:
            portal, self._portal = self._portal, None
            opened, self._open = self._open, ExitStack()
        if portal is not None:
            portal.call(self._close)
        opened.close()

    def _running(self) -> BlockingPortal:
        with self._lock:
            if self._portal is None:
                from anyio.from_thread import start_blocking_portal

                self._portal = self._open.enter_context(start_blocking_portal())
            return self._portal

    async def _warm(self, settings: Settings) -> None:
        if settings.workers:
            self._pool(settings).warm()

    async def _close(self) -> None:
        services, self._services, self._pools = list(self._services.values()), {}, {}
        for service in services:
            await service.close()

    async def _call(self, request: ToolRequest, settings: Settings) -> dict[str, Any]:
        return (await self._service(settings).call(request)).structured()

    def _service(self, settings: Settings) -> Service:
        """The service for those settings, with the workers that all share. In the event loop only."""
        from mcp_smalltools.service import Service
        from mcp_smalltools.workers.pool import AVAILABLE

        if settings not in self._services:
            pool = self._pool(settings) if AVAILABLE and settings.workers else None
            self._services[settings] = Service(settings, workers=pool)
        return self._services[settings]

    def _pool(self, settings: Settings) -> WorkerPool:
        """The workers for those settings, whatever their roots. In the event loop only."""
        from mcp_smalltools.workers.pool import WorkerPool

        few = settings.model_copy(update={"workers": min(settings.workers, _WORKERS), "roots": ()})
        if few not in self._pools:
            self._pools[few] = WorkerPool(few)
        return self._pools[few]
