"""How long a training takes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from mcp_smalltools import metering


@dataclass(slots=True)
class Stopwatch:
    """Seconds on the clock and of processor time since it was made, those of the engine too."""

    _began: float = field(default_factory=time.monotonic)
    _processor: float = field(default_factory=metering.processor_s)
    _meter: metering.CallMeter = field(default_factory=metering.CallMeter)

    def __post_init__(self) -> None:
        metering.CURRENT.set(self._meter)

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self._began, 1)

    @property
    def processor_s(self) -> float:
        own = metering.processor_s() - self._processor
        return round(own + self._meter.engine_s + self._meter.gpu_s, 1)
