"""Which writer reads along with the encoder, which would fit this machine, and what it buys, in figures."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_smalltools.calibration.qualification import (
    OFF,
    OVER_HTTP,
    qualifications,
    skills_with_writers,
    writer_for,
)
from mcp_smalltools.calibration.writer_advice import advice_on_writers, gain_of
from mcp_smalltools.config import Settings
from mcp_smalltools.doctor.check import Check, CheckState


def check_writers(settings: Settings) -> Iterator[Check]:
    """The writer of each skill; without one, what would fit."""
    if settings.writer == OFF:
        yield Check("writer", CheckState.OK, "off: the encoder reads alone")
        return
    used = 0
    for skill in skills_with_writers(settings):
        known = qualifications(skill, settings)
        if (writer := writer_for(skill, settings)) is not None:
            used += 1
            name = writer.model + (OVER_HTTP if settings.engine_urls else "")
            yield Check("writer", CheckState.OK, f"{writer.model} reads along: {gain_of(known[name])}")
        for found in known.values():
            if found.here and not found.qualified:
                yield Check("writer", CheckState.OK, f"{found.model} did not qualify for {skill}")
    if not used and (advice := advice_on_writers(settings, lambda: has_gpu(settings))) is not None:
        yield Check(
            "writer", CheckState.NOTE, advice.sentence(), f"mcp-smalltools models pull {advice.model}"
        )


def has_gpu(settings: Settings) -> bool:
    from mcp_smalltools.doctor.speed import probe

    build = probe(settings)
    return build is not None and bool(build.devices)
