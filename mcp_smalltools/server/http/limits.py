"""Limits for each principal: requests per minute, calls per minute, calls at once.

Calls at once are shared evenly by the principals that have called lately: alone, one may run as many as its
own limit; among many, one at a time. So heavy calls of one take a share of the machine, not most of it.
Among more than the machine has cores, whoever has had a long call rests before its next one.
Waiting calls are started round-robin over principals: one with a thousand calls waiting delays another by one
call, not by a thousand.
"""

from __future__ import annotations

import math
import os
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
ACTIVE_S: Final = 10.0
"""Seconds since its last call for which a principal keeps its share of the calls at once."""
FREE_S: Final = 0.25
"""Seconds of a call that cost its principal no rest."""
_MOST_REST: Final = 4.0
"""Seconds of rest for each second of a call, at most: a fifth of the time is left to long calls."""
_LONGEST_REST_S: Final = 20.0


class RateLimit:
    """A token bucket for each principal: bursts of one minute's worth, or less, and the rate on average."""

    def __init__(self, burst: float = math.inf) -> None:
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, name: str, per_minute: int) -> float:
        """Take one; returns 0.0, or the seconds until one is available. 0 per minute sets no limit."""
        if per_minute <= 0:
            return 0.0
        now = time.monotonic()
        most = min(self._burst, float(per_minute))
        level, at = self._buckets.pop(name, (most, now))
        level = min(most, level + (now - at) * per_minute / 60)
        allowed = level >= 1
        self._buckets[name] = (level - 1 if allowed else level, now)
        while len(self._buckets) > _MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - level) * 60 / per_minute


class ConcurrencyLimit:
    """Limits how many calls run at once, in all and for each principal: at most `each_at_once`, and at most
    its share, but one at least. Others wait in a queue for each principal; the queues take turns.
    """

    def __init__(
        self, *, at_once: int, each_at_once: int, each_waiting: int, cores: int = os.cpu_count() or 1
    ) -> None:
        self._cores = cores
        self._rests_until: OrderedDict[str, float] = OrderedDict()
        self._at_once = at_once
        self._each_at_once = each_at_once
        self._each_waiting = each_waiting
        self._rate = RateLimit()
        self._active: OrderedDict[str, float] = OrderedDict()  # when each called last, the latest at the end
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
        started = time.monotonic()
        try:
            yield
        finally:
            self._rest(name, time.monotonic() - started)
            self._leave(name)

    async def _enter(self, name: str) -> None:
        self._note_active(name)
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
            while not started.is_set():
                with anyio.move_on_after(self._rest_left_s(name) or math.inf):
                    await started.wait()
                self._start_waiting()
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
        self._note_active(name)
        self._start_waiting()

    def _start_waiting(self) -> None:
        while following := next(filter(self._may_run, self._queues), None):
            started = self._queues[following].popleft()
            self._queues.move_to_end(following)
            self._forget_if_empty(following)
            self._running[following] = self._running.get(following, 0) + 1
            started.set()

    def _note_active(self, name: str) -> None:
        now = time.monotonic()
        self._active[name] = now
        self._active.move_to_end(name)
        while (oldest := next(iter(self._active))) != name and now - self._active[oldest] > ACTIVE_S:
            del self._active[oldest]

    def _rest(self, name: str, took_s: float) -> None:
        """Have a principal rest after a long call, so long that it gets its share of the cores."""
        factor = min(_MOST_REST, len(self._active) / self._cores - 1)
        if took_s > FREE_S and factor > 0:
            rest_s = min(_LONGEST_REST_S, (took_s - FREE_S) * factor)
            self._rests_until[name] = time.monotonic() + rest_s
            self._rests_until.move_to_end(name)
            while len(self._rests_until) > _MAX_BUCKETS:
                self._rests_until.popitem(last=False)

    def _rest_left_s(self, name: str) -> float:
        left = self._rests_until.get(name, 0.0) - time.monotonic()
        if left <= 0:
            self._rests_until.pop(name, None)
        return max(0.0, left)

    @property
    def _share(self) -> int:
        """Calls that each principal may run at once."""
        return min(self._each_at_once, max(1, self._at_once // max(1, len(self._active))))

    def _may_run(self, name: str) -> bool:
        if self._rest_left_s(name):
            return False
        return self.running < self._at_once and self._running.get(name, 0) < self._share

    def _forget_if_empty(self, name: str) -> None:
        if not self._queues[name]:
            del self._queues[name]
