"""Which writer would fit this machine, and what it buys, in figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcp_smalltools.calibration.qualification import (
    OFF,
    OVER_HTTP,
    Qualification,
    qualifications,
    skills_with_writers,
    writer_for,
)
from mcp_smalltools.config import Settings
from mcp_smalltools.models.machine_fit import fits_cores, fits_memory, size_of_model


@dataclass(frozen=True, slots=True)
class WriterAdvice:
    """A writer that would fit this machine and is not here. `gains`: what it buys, for each skill."""

    model: str
    bytes: int
    gains: tuple[str, ...]

    def sentence(self) -> str:
        return f"{self.model} ({self.bytes / 1e9:.1f} GB) fits this machine: {'; '.join(self.gains)}"


def gain_of(found: Qualification) -> str:
    """What a pair was measured to be worth, beside the encoder alone."""
    before, after = found.alone, found.together
    certainty = f", right in {after.right_of_sure:.2f}" if after.right_of_sure is not None else ""
    return (
        f"{found.skill} whole right {before.whole:.2f} -> {after.whole:.2f}, "
        f"sure {before.sure:.2f} -> {after.sure:.2f}{certainty} ({after.cases} cases)"
    )


def advice_on_writers(settings: Settings, has_gpu: Callable[[], bool] = lambda: False) -> WriterAdvice | None:
    """The measured model that adds most of those that fit; None if one is in use, or none fits."""
    if settings.writer == OFF or settings.engine_urls:
        return None
    by_model: dict[str, list[Qualification]] = {}
    for skill in skills_with_writers(settings):
        if writer_for(skill, settings) is not None:
            return None
        for found in qualifications(skill, settings).values():
            if found.qualified and not found.model.endswith(OVER_HTTP):
                by_model.setdefault(found.model, []).append(found)
    fitting = [(sum(f.gain for f in pairs), model) for model, pairs in by_model.items()]
    for _, model in sorted(fitting, reverse=True):
        size = size_of_model(model, settings)
        if size is not None and fits_memory(size) and (fits_cores(size) or has_gpu()):
            return WriterAdvice(model, size, tuple(gain_of(found) for found in by_model[model]))
    return None
