"""A job while it runs: its answers so far, and its turn among the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from mcp_smalltools.engine.work import Job
from mcp_smalltools.errors import Cancelled, DeadlineExceeded, SmallToolsError


class Active:
    """Collects the answers of a job's items and hands them back when the last is there.

    `assemble` makes the job's answer of the list of its items' answers.
    """

    def __init__(self, job: Job, items: int, assemble: Callable[[list[Any]], Any]) -> None:
        self.job = job
        self.answers: list[Any] = [None] * items
        self.left = items
        self.over = False
        self.served = 0.0
        """Seconds of the engine's time that it has had."""
        self.partial: Callable[[], Any] | None = None
        """Makes the answer of a job whose time is over, where the operation can answer in part."""
        self._assemble = assemble

    def finish(self, index: int, answer: Any) -> None:
        if self.over:
            return
        self.answers[index] = answer
        self.left -= 1
        if self.left:
            self.job.on_progress(len(self.answers) - self.left, len(self.answers))
        else:
            self.end(self._assemble(self.answers))

    def end(self, answer: Any) -> None:
        """Hand the answer, or a SmallToolsError, back; later ones are dropped."""
        if not self.over:
            self.over = True
            self.job.on_done(answer)

    def end_if_due(self, now: float) -> bool:
        """End a job that was cancelled or whose time is over."""
        if self.job.cancelled:
            self.end(Cancelled("The call was cancelled."))
        elif self.job.deadline is not None and now >= self.job.deadline:
            self.end(self.partial() if self.partial else out_of_time())
        return self.over


def out_of_time() -> SmallToolsError:
    return DeadlineExceeded(
        "The model didn't finish within the call's time.",
        remedy="Raise deadline_s in the configuration, or ask for less at once.",
    )


LAG_BETWEEN: Final = 0.3
"""Seconds that a client's step waits at most behind others' for the sake of throughput."""


@dataclass(slots=True)
class Offer:
    """A step that a runner could do next for these jobs; `lag` makes it wait behind others of its turn."""

    jobs: list[Active]
    run: Callable[[], Iterable[Active]]
    """Does the step; returns the jobs that took part, once for each token or item."""
    lag: float = 0.0


@dataclass(slots=True)
class Turns:
    """Start-time fair queueing (Goyal et al., 1996) over clients, and over the jobs of one client.

    Each client's clock advances by the engine's time that it had; the one that is furthest behind goes
    next. A client that was away starts where the others are, so that it can't save up turns. An offer's
    lag counts in full among the same client's, and up to `LAG_BETWEEN` among clients.
    """

    _clocks: dict[str, float] = field(default_factory=dict)

    def enter(self, client: str, present: Iterable[str]) -> None:
        others = [self._clocks[name] for name in present if name in self._clocks]
        floor = min(others, default=0.0)
        self._clocks[client] = max(self._clocks.get(client, 0.0), floor)
        if len(self._clocks) > 1024:
            kept = {client, *present}
            self._clocks = {name: clock for name, clock in self._clocks.items() if name in kept}

    def choose(self, offers: Iterable[Offer]) -> Offer:
        """The client that is furthest behind, then the offer of its that has had the least."""
        offers = list(offers)
        _, _, client = min(
            (
                active.job.priority,
                self._clock(active.job.client) + min(offer.lag, LAG_BETWEEN),
                active.job.client,
            )
            for offer in offers
            for active in offer.jobs
        )
        own = [offer for offer in offers if any(active.job.client == client for active in offer.jobs)]
        return min(own, key=lambda offer: self._standing(offer, client))

    def charge(self, jobs: Iterable[Active], seconds: float) -> None:
        """Share a step's time among those who took part."""
        shares = list(jobs)
        for active in shares:
            active.served += seconds / len(shares)
            self._clocks[active.job.client] = self._clock(active.job.client) + seconds / len(shares)

    def _standing(self, offer: Offer, client: str) -> tuple[int, float]:
        """Where an offer stands among those of one client, by its jobs there; the lowest goes first."""
        jobs = (active for active in offer.jobs if active.job.client == client)
        return min((active.job.priority, active.served + offer.lag) for active in jobs)

    def _clock(self, client: str) -> float:
        return self._clocks.get(client, 0.0)
