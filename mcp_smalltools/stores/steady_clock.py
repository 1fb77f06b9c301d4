"""A time to keep and to expire by, which a leap of the system's clock doesn't move at once.

A dead battery, a wrong time server or a mistaken `date` can set the clock years ahead. Whoever deletes what
is "older than 90 days" by such a clock deletes everything, for good.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DAY_S: Final = 86_400.0
LEAP_S: Final = 7 * DAY_S
"""A step of the clock beyond this, either way, is a leap until it has held. Shorter pauses are common."""
HOLD_S: Final = DAY_S
"""So long must the clock go on from a leap until it is believed."""
_SEEN_AGAIN_S: Final = 30 * DAY_S
"""A clock that isn't looked at again for so long has leapt once more, as far as can be told."""


@dataclass(frozen=True, slots=True)
class SteadyClock:
    """What is believed of the time, in seconds since the epoch. It never goes back by less than a leap."""

    believed: float
    leapt_to: float | None = None
    """What the clock showed first after a leap that hasn't held yet."""

    def at(self, now: float) -> SteadyClock:
        """What is believed once the system's clock shows `now`."""
        if abs(now - self.believed) <= LEAP_S:
            return SteadyClock(max(now, self.believed))
        since = None if self.leapt_to is None else now - self.leapt_to
        if since is None or not 0 <= since <= _SEEN_AGAIN_S:
            return SteadyClock(self.believed, now)
        return SteadyClock(now) if since >= HOLD_S else self
