"""How much one caller may ask for: requests a minute, calls a minute, calls at once; and whose turn it is.

Callers share what there is by turns: one with a thousand calls waiting delays another by one call, not by
them all.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio

from mcp_smalltools.errors import TooMany
from mcp_smalltools.principal import Principal

_FORGET_AFTER: Final = 10_000
"""Callers that are remembered; more than there will ever be, and a bound."""


class RateLimit:
    """A bucket for each caller that fills evenly: bursts of a minute's worth, and on average no more."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, name: str, per_minute: int) -> float:
        """Take one; 0.0 if it was there, else the seconds until one will be. 0 a minute is no limit."""
        if per_minute <= 0:
            return 0.0
        now = time.monotonic()
        level, at = self._buckets.pop(name, (float(per_minute), now))
        level = min(float(per_minute), level + (now - at) * per_minute / 60)
        allowed = level >= 1
        self._buckets[name] = (level - 1 if allowed else level, now)
        while len(self._buckets) > _FORGET_AFTER:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - level) * 60 / per_minute


class ConcurrencyLimit:
    """Lets so many calls run at once; the others wait, each caller in its own line, the lines by turns."""

    def __init__(self, *, at_once: int, each_at_once: int, each_waiting: int) -> None:
        self._at_once = at_once
        self._each_at_once = each_at_once
        self._each_waiting = each_waiting
        self._rate = RateLimit()
        self._running: dict[str, int] = {}
        self._lines: OrderedDict[str, deque[anyio.Event]] = OrderedDict()

    @property
    def running(self) -> int:
        return sum(self._running.values())

    @property
    def waiting(self) -> int:
        return sum(map(len, self._lines.values()))

    @asynccontextmanager
    async def acquire(self, principal: Principal) -> AsyncIterator[None]:
        """Inside, the call may run. Raises TooMany at once where the caller has used up its rate or its
        line.
        """
        name = principal.name
        wait_s = self._rate.wait_s(name, principal.calls_per_minute)
        if wait_s:
            raise TooMany(
                f"{name} may make {principal.calls_per_minute} calls a minute.",
                remedy=f"Call again in {math.ceil(wait_s)} s.",
            )
        await self._enter(name)
        try:
            yield
        finally:
            self._leave(name)

    async def _enter(self, name: str) -> None:
        line = self._lines.get(name, ())
        if not line and self._may_run(name):
            self._running[name] = self._running.get(name, 0) + 1
            return
        if len(line) >= self._each_waiting:
            raise TooMany(
                f"{name} has {len(line)} calls waiting already.", remedy="Wait for their answers first."
            )
        called = anyio.Event()
        self._lines.setdefault(name, deque()).append(called)
        try:
            await called.wait()
        except BaseException:
            if called.is_set():  # the place was given just when the caller went away
                self._leave(name)
            else:
                self._lines[name].remove(called)
                self._forget_if_empty(name)
            raise

    def _leave(self, name: str) -> None:
        self._running[name] -= 1
        if not self._running[name]:
            del self._running[name]
        for following in list(self._lines):
            if self._may_run(following):
                called = self._lines[following].popleft()
                self._lines.move_to_end(following)
                self._forget_if_empty(following)
                self._running[following] = self._running.get(following, 0) + 1
                called.set()
                return

    def _may_run(self, name: str) -> bool:
        return self.running < self._at_once and self._running.get(name, 0) < self._each_at_once

    def _forget_if_empty(self, name: str) -> None:
        if not self._lines[name]:
            del self._lines[name]
