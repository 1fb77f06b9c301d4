"""Running jobs, and which step of the engine goes next: fair among clients and among their jobs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from mcp_smalltools.engine.work import Job
from mcp_smalltools.errors import Cancelled, DeadlineExceeded, SmallToolsError


class RunningJob:
    """Collects the answers of a job's items and hands them back when the last one is there.

    `assemble` makes the job's answer from the list of its items' answers.
    """

    def __init__(self, job: Job, items: int, assemble: Callable[[list[Any]], Any]) -> None:
        self.job = job
        self.answers: list[Any] = [None] * items
        self.left = items
        self.over = False
        self.served = 0.0
        """Seconds of the engine's time that it has had."""
        self.partial: Callable[[], Any] | None = None
        """Makes an answer at the deadline, where the operation can answer in part."""
        self.in_step: tuple[float, int] | None = None
        """When the step began that it takes part in (time.monotonic), and how many jobs may."""
        self._assemble = assemble

    def finish_item(self, index: int, answer: Any) -> None:
        if self.over:
            return
        self.answers[index] = answer
        self.left -= 1
        if self.left:
            self.job.on_progress(len(self.answers) - self.left, len(self.answers))
        else:
            self.end(self._assemble(self.answers))

    def end(self, answer: Any) -> None:
        """Hand back the answer, or a SmallToolsError. Answers after the first are dropped."""
        if not self.over:
            self.over = True
            self.job.time.seconds = self.served + self._served_in_step()
            self.job.on_done(answer)

    def _served_in_step(self) -> float:
        """Its share of the step that is running: charged only when that is done."""
        if self.in_step is None:
            return 0.0
        began, jobs = self.in_step
        return (time.monotonic() - began) / jobs

    def end_if_due(self, now: float) -> bool:
        """End the job if it was cancelled or its deadline has passed; True if it is over."""
        if self.job.cancelled:
            self.end(Cancelled("The call was cancelled."))
        elif self.job.deadline is not None and now >= self.job.deadline:
            self.end(self.partial() if self.partial else deadline_error())
        return self.over


def deadline_error() -> SmallToolsError:
    return DeadlineExceeded(
        "The model didn't finish within the call's time.",
        remedy="Raise deadline_s in the configuration, or ask for less at once.",
    )


MAX_LAG_BETWEEN_CLIENTS: Final = 0.3
"""Seconds that a client's step waits at most for other clients' for the sake of throughput."""


@dataclass(slots=True)
class Step:
    """A step that a model could do next for these jobs; `lag`, in seconds, makes it wait for cheaper ones."""

    jobs: list[RunningJob]
    run: Callable[[], Iterable[RunningJob]]
    """Does the step; returns the jobs that took part, once for each token or item."""
    lag: float = 0.0


@dataclass(slots=True)
class FairQueue:
    """Start-time fair queueing (Goyal et al., 1996) over clients, and over the jobs of one client.

    Each client's clock advances by the engine's time that it had; the client whose clock is furthest behind
    goes next. A client that was away starts at the others' clock, so it can't save up time. A step's lag
    counts in full among steps of one client, and up to `MAX_LAG_BETWEEN_CLIENTS` among clients.
    """

    _clocks: dict[str, float] = field(default_factory=dict)

    def enter(self, client: str, present: Iterable[str]) -> None:
        others = [self._clocks[name] for name in present if name in self._clocks]
        floor = min(others, default=0.0)
        self._clocks[client] = max(self._clocks.get(client, 0.0), floor)
        if len(self._clocks) > 1024:
            kept = {client, *present}
            self._clocks = {name: clock for name, clock in self._clocks.items() if name in kept}

    def choose(self, steps: Iterable[Step]) -> Step:
        """Of the client that is furthest behind, the step whose jobs have had the least time."""
        steps = list(steps)
        _, _, client = min(
            (
                running.job.priority,
                self._clock(running.job.client) + min(step.lag, MAX_LAG_BETWEEN_CLIENTS),
                running.job.client,
            )
            for step in steps
            for running in step.jobs
        )
        own = [step for step in steps if any(running.job.client == client for running in step.jobs)]
        return min(own, key=lambda step: self._rank(step, client))

    def charge(self, jobs: Iterable[RunningJob], seconds: float) -> None:
        """Divide a step's time among the jobs that took part."""
        shares = list(jobs)
        for running in shares:
            running.served += seconds / len(shares)
            self._clocks[running.job.client] = self._clock(running.job.client) + seconds / len(shares)

    def _rank(self, step: Step, client: str) -> tuple[int, float]:
        """A step's rank among those of one client, by the client's jobs in it; the lowest goes first."""
        jobs = (running for running in step.jobs if running.job.client == client)
        return min((running.job.priority, running.served + step.lag) for running in jobs)

    def _clock(self, client: str) -> float:
        return self._clocks.get(client, 0.0)
