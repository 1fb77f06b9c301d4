"""Engine and set-up, looked at in the background: the page never waits for them long."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import anyio
import anyio.to_thread

from mcp_smalltools.config import Settings
from mcp_smalltools.doctor.check import Check
from mcp_smalltools.engine.api import EngineStatus
from mcp_smalltools.engine.make import engine_status

ENGINE_S: Final = 0.4
"""Seconds that the page waits for the engine's answer."""
_CHECKS_AGE_S: Final = 300.0
"""Seconds after which the set-up is examined again, when somebody looks."""


@dataclass(frozen=True, slots=True)
class Machine:
    """`engine` None: it didn't answer in time. `checks` None: the set-up is still being examined."""

    engine: EngineStatus | None
    checks: Sequence[Check] | None


class MachineWatch:
    """Knows the state of the machine. `run` examines it whenever `look` has found the last time too old."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._checks: Sequence[Check] | None = None
        self._examined_at = float("-inf")
        self._wanted = anyio.Event()

    async def look(self) -> Machine:
        if time.monotonic() - self._examined_at > _CHECKS_AGE_S:
            self._wanted.set()
        engine: EngineStatus | None = None
        with anyio.move_on_after(ENGINE_S):
            engine = await engine_status(self._settings, client_name="dashboard")
        return Machine(engine, self._checks)

    async def run(self) -> None:
        """Examine the set-up as often as somebody looks, until cancelled."""
        from mcp_smalltools.doctor.examine import examine

        while True:
            engine = await engine_status(self._settings, client_name="dashboard")
            self._checks = await anyio.to_thread.run_sync(examine, self._settings, engine)
            self._examined_at = time.monotonic()
            self._wanted = anyio.Event()
            await self._wanted.wait()
