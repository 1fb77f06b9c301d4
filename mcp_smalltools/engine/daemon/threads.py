"""How many threads the engine uses: all cores when the machine is idle, fewer when other programs work.

On cores that others use too, threads that wait for each other are several times slower than one thread; on an
idle machine one thread leaves half of the speed unused.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

LOOK_EVERY_S: Final = 1.0


class ThreadPolicy:
    """Follows the load of other processes. `fixed` above 0 turns that off."""

    def __init__(self, fixed: int = 0) -> None:
        self._fixed = fixed
        self._cores = _physical_cores()
        self.threads = fixed or self._cores
        self._looked = time.monotonic()
        self._before = _cpu_seconds()

    def changed(self) -> bool:
        """Look at the load, at most once a second; True if `threads` is another number now."""
        now = time.monotonic()
        if self._fixed or self._before is None or now - self._looked < LOOK_EVERY_S:
            return False
        current = _cpu_seconds()
        if current is None:
            return False
        busy, own = current[0] - self._before[0], current[1] - self._before[1]
        others = max(0.0, busy - own) / (now - self._looked)
        self._looked, self._before = now, current
        wanted = max(1, min(self._cores, round(self._cores - others)))
        if wanted == self.threads:
            return False
        self.threads = wanted
        return True


def _physical_cores() -> int:
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    # Above four cores, hyper-threads share the units that matrix products need.
    return cores if cores <= 4 else max(4, cores // 2)


def _cpu_seconds() -> tuple[float, float] | None:
    """Seconds that all cores were busy, and those of this process; None where the system doesn't say."""
    try:
        with Path("/proc/stat").open(encoding="ascii") as file:
            fields = [int(value) for value in file.readline().split()[1:8]]
    except (OSError, ValueError):
        return None
    busy = sum(fields) - fields[3] - fields[4]  # without idle and waiting for a disk
    return busy / os.sysconf("SC_CLK_TCK"), time.process_time()
