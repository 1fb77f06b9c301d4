"""Checks of the engine: the daemon on this machine, or the servers of engine_urls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mcp_smalltools.doctor.check import Check, CheckState
from mcp_smalltools.engine.api import EngineStatus

LIMITS: Final = (
    "only embeddings are used: extract can't read running text, classify has no adapter, and confidence was "
    "calibrated on the local encoder"
)
"""What the tools lose with servers in place of the engine on this machine."""


def check_servers(engine: EngineStatus) -> Iterator[Check]:
    """The servers of engine_urls, in place of the engine on this machine."""
    names = ", ".join(sorted({model.id for model in engine.models})) or "no model"
    for url, state in engine.extra["endpoints"].items():
        if state == "answers":
            yield Check("engine", CheckState.OK, f"{url} ({engine.backend}) serves {names}")
        else:
            yield Check("engine", CheckState.WRONG, f"{url}: {state}", "Start it, or correct engine_urls.")
    yield Check(
        "engine over HTTP", CheckState.NOTE, LIMITS, "Unset engine_urls to use the engine on this machine."
    )
    if hosts := engine.extra.get("remote"):
        found = f"text of files is sent to {', '.join(hosts)}"
        yield Check("engine elsewhere", CheckState.NOTE, found, "docs/scaling.md says what is masked before.")


def check_daemon(engine: EngineStatus) -> Iterator[Check]:
    problem = engine.extra.get("problem")
    if problem:
        remedy = "Restart the agents that use it, or wait until it is idle."
        yield Check("engine", CheckState.WRONG, f"pid {engine.pid}: {problem}", remedy)
    elif not engine.running:
        yield Check("engine", CheckState.OK, "not running; the first call that needs a model starts it")
    else:
        models = ", ".join(f"{model.id} {model.layout}".rstrip() for model in engine.models) or "no model yet"
        yield Check("engine", CheckState.OK, f"pid {engine.pid}, {engine.rss_mb:,.0f} MB, holds {models}")
