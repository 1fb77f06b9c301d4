"""Checks of the engine: the daemon on this machine, or the servers of engine_urls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mcp_smalltools.doctor.check import Check, CheckState
from mcp_smalltools.engine.api import EngineStatus

NEEDS: Final = {
    "": "find_files and ask_file have no vectors that confidence was measured with",
    "classify": "classify has no adapter, and all of its answers escalate",
    "reader": "extract can't read running text",
    "judge": "ask_file's answers escalate",
}
"""What the tools lose where no server runs the encoder bare ("") or with an adapter."""


def check_servers(engine: EngineStatus) -> Iterator[Check]:
    """The servers of engine_urls, in place of the engine on this machine."""
    names = ", ".join(sorted({model.id for model in engine.models})) or "no model"
    for url, state in engine.extra["endpoints"].items():
        if state == "answers":
            yield Check("engine", CheckState.OK, f"{url} ({engine.backend}) serves {names}")
        else:
            yield Check("engine", CheckState.WRONG, f"{url}: {state}", "Start it, or correct engine_urls.")
    shown: dict[str, tuple[str, str, bool]] = engine.extra.get("encoders", {})
    for url, (model, adapter, per_token) in shown.items():
        kind = (
            f"{model}{f' with the adapter {adapter}' if adapter else ''}{', by token' if per_token else ''}"
        )
        yield Check("encoder over HTTP", CheckState.OK, f"{url} gives the vectors of {kind}")
    served = {adapter for _, adapter, _ in shown.values()}
    lost = [what for adapter, what in NEEDS.items() if adapter not in served]
    if lost:
        remedy = "docs/scaling.md says how to serve them; without engine_urls the engine here has all."
        yield Check("engine over HTTP", CheckState.NOTE, "; ".join(lost), remedy)
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
