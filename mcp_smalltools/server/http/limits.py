"""Limits for each principal: requests per minute, calls per minute, calls at once.

Waiting calls are started round-robin over principals: one with a thousand calls waiting delays another by one
call, not by a thousand.
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

_MAX_BUCKETS: Final = 10_000
"""Principals that are remembered; more than there will ever be, but bounded."""


class RateLimit:
    """A token bucket for each principal: bursts of one minute's worth, and the rate on average."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, name: str, per_minute: int) -> float:
        """Take one; returns 0.0, or the seconds until one is available. 0 per minute sets no limit."""
        if per_minute <= 0:
            return 0.0
        now = time.monotonic()
        level, at = self._buckets.pop(name, (float(per_minute), now))
        level = min(float(per_minute), level + (now - at) * per_minute / 60)
        allowed = level >= 1
        self._buckets[name] = (level - 1 if allowed else level, now)
        while len(self._buckets) > _MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - level) * 60 / per_minute


class ConcurrencyLimit:
    """Limits how many calls run at once, in all and for each principal. Others wait in a queue for each
    principal; the queues take turns.
    """

    def __init__(self, *, at_once: int, each_at_once: int, each_waiting: int) -> None:
        self._at_once = at_once
        self._each_at_once = each_at_once
        self._each_waiting = each_waiting
        self._rate = RateLimit()
        self._running: dict[str, int] = {}
        self._queues: OrderedDict[str, deque[anyio.Event]] = OrderedDict()

    @property
    def running(self) -> int:
        return sum(self._running.values())

    @property
    def waiting(self) -> int:
        return sum(map(len, self._queues.values()))

    @asynccontextmanager
    async def acquire(self, principal: Principal) -> AsyncIterator[None]:
        """Wait until the call may run. Raises TooMany at once if the principal's rate or queue is used up."""
        name = principal.name
        wait_s = self._rate.wait_s(name, principal.calls_per_minute)
        if wait_s:
            raise TooMany(
                f"{name} may make {principal.calls_per_minute} calls per minute.",
                remedy=f"Call again in {math.ceil(wait_s)} s.",
            )
        await self._enter(name)
        try:
            yield
        finally:
            self._leave(name)

    async def _enter(self, name: str) -> None:
        queue = self._queues.get(name, ())
        if not queue and self._may_run(name):
            self._running[name] = self._running.get(name, 0) + 1
            return
        if len(queue) >= self._each_waiting:
            raise TooMany(
                f"{name} already has {len(queue)} calls waiting.", remedy="Wait for their answers first."
            )
        started = anyio.Event()
        self._queues.setdefault(name, deque()).append(started)
        try:
            await started.wait()
        except BaseException:
            if started.is_set():  # it may run since a moment ago, but the caller is gone
                self._leave(name)
            else:
                self._queues[name].remove(started)
                self._forget_if_empty(name)
            raise

    def _leave(self, name: str) -> None:
        self._running[name] -= 1
        if not self._running[name]:
            del self._running[name]
        for following in list(self._queues):
            if self._may_run(following):
                started = self._queues[following].popleft()
                self._queues.move_to_end(following)
                self._forget_if_empty(following)
                self._running[following] = self._running.get(following, 0) + 1
                started.set()
                return

    def _may_run(self, name: str) -> bool:
        return self.running < self._at_once and self._running.get(name, 0) < self._each_at_once

    def _forget_if_empty(self, name: str) -> None:
        if not self._queues[name]:
            del self._queues[name]
