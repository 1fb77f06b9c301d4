"""Ends a daemon whose step of a model doesn't return, so that its clients can start a new one."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

log = logging.getLogger("mcp_smalltools.engine")

STEP_S: Final = 120.0
"""Seconds that one step may take: a prefill chunk of a large model takes a few on a busy machine."""
EXIT_STUCK: Final = 70
_LOOK_S = 1.0


class Watchdog(threading.Thread):
    """Checks the scheduler's `step_started` each second, and ends the process past the limit.

    At once: a step that is stuck in C can't be stopped from Python.
    """

    def __init__(self, stats: Callable[[], Mapping[str, Any]], limit_s: float = STEP_S) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._stats = stats
        self._limit_s = limit_s

    def run(self) -> None:
        while not self.stuck():
            time.sleep(min(_LOOK_S, self._limit_s / 4))
        log.error("a step of the model has taken more than %g s: ending", self._limit_s)
        faulthandler.dump_traceback(all_threads=True)
        os._exit(EXIT_STUCK)

    def stuck(self) -> bool:
        """Time while the machine is suspended doesn't count: the monotonic clock stops then."""
        started = self._stats().get("step_started")
        return started is not None and time.monotonic() - started > self._limit_s


def memory_mb() -> float:
    """Resident memory of this process; its peak where the system says only that; 0 where it says nothing."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return round(pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20), 1)
    except (OSError, ValueError):
        if sys.platform == "win32":
            return 0.0
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)
