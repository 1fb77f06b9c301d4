"""Progress of one call, from a tool's threads to its client: a few messages a second at most, and a sign of
life when nothing happens.

MCP demands that the number only grows, while a call has several stages (fetching a model, reading,
embedding), each with its own scale. So each stage counts as one: in the second stage the number runs from 1
to 2, of a total of 2.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import anyio

INTERVAL_S = 0.25
"""Seconds between two messages at least."""
SIGN_OF_LIFE_S = 10.0
"""Seconds without a report after which a message is sent anyway."""

Send = Callable[[float, float | None, str | None], Awaitable[None]]


class Report(NamedTuple):
    done: float
    total: float | None
    message: str


class ProgressRelay:
    """Takes reports from any thread and sends the newest one from the event loop."""

    def __init__(self, send: Send, interval_s: float = INTERVAL_S) -> None:
        self._send = send
        self._interval_s = interval_s
        self._newest: Report | None = None
        self._stage = 0
        self._last = Report(0.0, None, "")
        self._sent = 0.0

    def report(self, done: float, total: float | None, message: str) -> None:
        """`engine.api.Progress`. Only keeps the newest report: one assignment is safe in any thread."""
        self._newest = Report(done, total, message)

    async def run(self) -> None:
        """Send until cancelled."""
        silent_s = 0.0
        while True:
            await anyio.sleep(self._interval_s)
            silent_s += self._interval_s
            newest = self._newest
            if newest is not None and newest != self._last:
                number, total, message = self._scale(newest)
            elif silent_s >= SIGN_OF_LIFE_S:
                number, total, message = self._small_step(), None, self._last.message or "working"
            else:
                continue
            silent_s = 0.0
            if number > self._sent:
                self._sent = number
                await self._send(number, total, message)

    def _scale(self, newest: Report) -> tuple[float, float | None, str]:
        done, total, message = newest
        if message != self._last.message or done < self._last.done:
            self._stage = math.ceil(self._sent)
        self._last = newest
        if not total or total < 0:
            return self._small_step(), None, f"{message} ({done:,.0f})" if done else message
        number = max(self._stage + min(1.0, done / total), self._small_step())
        return number, self._stage + 1.0, f"{message} ({done:,.0f} of {total:,.0f})"

    def _small_step(self) -> float:
        """A little more than was sent last, but never the whole stage."""
        return self._sent + max(0.0, self._stage + 1 - self._sent) / 1024
