"""What runs the models on this machine, and what would make them faster."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mcp_smalltools import processes
from mcp_smalltools.config import Settings
from mcp_smalltools.engine_python import INSTALL, engine_command
from mcp_smalltools.errors import EngineMissing

PROBE_S: Final = 30.0
_INSTRUCTIONS: Final = {
    "amx_int8": "AMX_INT8",
    "avx512_bf16": "AVX512_BF16",
    "avx512f": "AVX512",
    "avx2": "AVX2",
    "asimd": "NEON",
}
"""Names in /proc/cpuinfo, and llama.cpp's for them; the best first."""


@dataclass(frozen=True, slots=True)
class Build:
    """What the installed llama.cpp can use: `backend` as llama.cpp names it, `devices` by name."""

    backend: str
    devices: tuple[str, ...]


def probe(settings: Settings) -> Build | None:
    """Ask the installed llama.cpp, in a process of its own; None if there is none or it can't be loaded."""
    try:
        command = engine_command(settings, "mcp_smalltools.engine.llama.devices")
        done = processes.run(command, timeout_s=PROBE_S, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
    except (EngineMissing, OSError, processes.SubprocessError, ValueError):
        return None
    return Build(found["backend"], tuple(device["name"] for device in found["devices"]))


def advice(build: Build) -> Iterator[tuple[str, str]]:
    """What the machine has and the build doesn't use, each with the command that changes it."""
    if not build.devices:
        if gpu := _nvidia():
            yield f"{gpu} is not used", install("--cuda")
        elif sys.platform == "darwin" and platform.machine() == "arm64":
            yield "the Apple GPU is not used", install("--metal")
        elif shutil.which("rocminfo"):
            yield "an AMD GPU may be there and is not used", install("--vulkan")
        elif shutil.which("vulkaninfo"):
            yield "a GPU may be there and is not used", install("--vulkan")
    best = next((ours for theirs, ours in _INSTRUCTIONS.items() if theirs in _processor_flags()), None)
    if best is not None and best not in build.backend.split():
        yield f"the processor's {best} instructions are not used", install("--from-source")


def install(option: str) -> str:
    """The command that gives the engine another llama.cpp."""
    return f"{INSTALL} {option}"


def _nvidia() -> str:
    """The name of the first NVIDIA GPU; "" if there is none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    query = [program, "--query-gpu=name", "--format=csv,noheader"]
    try:
        output = processes.run(query, timeout_s=PROBE_S, check=True).stdout.decode(errors="replace")
    except (OSError, processes.SubprocessError):
        return ""
    return output.strip().split("\n")[0]


def _processor_flags() -> frozenset[str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return frozenset()
    lines = [line for line in text.splitlines() if line.startswith(("flags", "Features"))]
    return frozenset(lines[0].split()) if lines else frozenset()
