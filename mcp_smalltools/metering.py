"""What a call takes of this machine: processor seconds of this process, of workers and of the engine."""

from __future__ import annotations

import os
import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(slots=True)
class CallMeter:
    """Seconds that one call has used so far. Whoever does a part of its work adds to it."""

    server_s: float = 0.0
    """Processor time of the process that answers: shared evenly among the calls that run at the same time."""
    worker_s: float = 0.0
    engine_s: float = 0.0
    gpu_s: float = 0.0


CURRENT: Final[ContextVar[CallMeter | None]] = ContextVar("call_meter", default=None)
"""The meter of the call that this task or thread works for."""


def processor_s() -> float:
    """User and system time of this process and of the children that it has waited for."""
    of_children = os.times()
    return time.process_time() + of_children.children_user + of_children.children_system


class SharedProcessor:
    """Divides the processor time of this process among the calls that are running. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[int, CallMeter] = {}
        self._seen = 0.0

    def begin(self, meter: CallMeter) -> None:
        with self._lock:
            self._divide()
            self._running[id(meter)] = meter

    def note(self) -> None:
        """Bring all meters up to now."""
        with self._lock:
            self._divide()

    def end(self, meter: CallMeter) -> None:
        with self._lock:
            self._divide()
            self._running.pop(id(meter), None)

    def _divide(self) -> None:
        now = time.process_time()
        for meter in self._running.values():
            meter.server_s += (now - self._seen) / len(self._running)
        self._seen = now
