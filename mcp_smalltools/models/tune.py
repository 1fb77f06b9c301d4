"""The fastest layout of a model on this machine: each is measured in a process of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcp_smalltools import processes
from mcp_smalltools.config import Settings
from mcp_smalltools.engine_python import engine_command
from mcp_smalltools.errors import ModelError
from mcp_smalltools.models.catalog import ModelStore
from mcp_smalltools.models.library import manifest_of

Progress = Callable[[float, float | None, str], None]
Speeds = Mapping[str, float]
"""Tokens a second, by what is done: `prefill`, and for generators `decode` and `decode_8` (eight texts)."""


@dataclass(frozen=True, slots=True)
class TunedModel:
    """The layout that was chosen, and the speeds of all layouts."""

    layout: str
    measured: Mapping[str, Speeds]


def tune_model(model_id: str, settings: Settings, progress: Progress) -> TunedModel:
    """Make and measure every layout, use the fastest from now on, and remove the others' files.

    Raises ModelError for a model that isn't converted.
    """
    store = ModelStore(manifest_of(model_id, settings), settings)
    layouts = store.manifest.layouts
    if not layouts:
        raise ModelError(f"{model_id} is used as it comes.", remedy="Only converted models have layouts.")
    speeds: dict[str, Speeds] = {}
    for layout in layouts:
        file = store.prepare(progress, layout)
        progress(len(speeds), len(layouts), f"measuring {layout}")
        threads = settings.engine_threads or os.cpu_count() or 1
        speeds[layout] = measure_speeds(file.path, store.manifest.kind, threads, settings)
    best = max(speeds, key=lambda layout: _relative_speed(speeds[layout]))
    store.choose(best, speeds)
    for layout in layouts:
        if layout != best and (path := store.path(layout)) is not None:
            path.unlink(missing_ok=True)
    return TunedModel(best, speeds)


def measure_speeds(path: str, kind: str, threads: int, settings: Settings) -> Speeds:
    """What llama.cpp makes of a GGUF file on this machine. Raises ModelError if it can't be run, and
    EngineMissing without llama.cpp.
    """
    file = str(Path(path).absolute())
    done = processes.run(
        engine_command(settings, "mcp_smalltools.engine.llama.measure", file, kind, str(threads))
    )
    if done.returncode:
        raise ModelError(
            f"The speed of {Path(path).name} can't be measured.", remedy="Run `mcp-smalltools doctor`."
        )
    speeds: dict[str, float] = json.loads(done.stdout)
    return speeds


def _relative_speed(speed: Speeds) -> float:
    """For an encoder, its speed; for a generator, that of a call that reads ten tokens for each it writes."""
    return 1 / (10 / speed["prefill"] + (1 / speed["decode"] if "decode" in speed else 0))
