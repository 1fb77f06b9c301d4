"""Which llama.cpp an environment gets: a wheel that others built, one that is compiled here, or xllamacpp's.

llama-cpp-python's project keeps wheels in an index of its own, by what they are built for. xllamacpp's wheel
is in the package index; its llama.cpp serves until the native one is compiled, at about a third of its speed.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from mcp_smalltools import processes
from mcp_smalltools.engine.environment.installer import Installer, InstallFailed
from mcp_smalltools.engine_python import INSTANT, NATIVE, VERSIONS

Target = Literal["", "cpu", "cuda", "metal", "vulkan"]
"""What llama.cpp is built for; "" is what suits the platform: Metal on Apple's processors, else the CPU."""

REQUIREMENTS: Final = (
    "gguf>=0.19",
    "llguidance>=1.9,<2",
    "msgpack>=1.1",
    "numpy>=1.26",
    "pip>=24.1",
    "platformdirs>=4.3",
    "pydantic>=2.11",
)
"""What the engine's modules import, as in `pyproject.toml`, and what fetches models."""
# What llama_cpp itself imports.
_OF_NATIVE: Final = ("diskcache>=5.6.1", "jinja2>=2.11.3", "typing-extensions>=4.5.0")
_INDEX: Final = "https://abetlen.github.io/llama-cpp-python/whl/{}"
_CMAKE_ARGS: Final[Mapping[Target, str]] = {
    "": "",
    "cpu": "-DGGML_METAL=off",
    "cuda": "-DGGML_CUDA=on",
    "metal": "-DGGML_METAL=on",
    "vulkan": "-DGGML_VULKAN=on",
}
_AMX_TILES: Final = Path(__file__).with_name("amx_tiles.h")
"""What mends llama.cpp's code for Intel's AMX, which compilers break."""
_CUDA_WHEELS: Final = ((12, 5), (12, 4), (12, 3), (12, 2), (12, 1))
"""Versions of CUDA that wheels are built for; a driver runs those that are not newer than its own."""


def install_prebuilt(installer: Installer, target: Target) -> None:
    """llama-cpp-python's own wheel, from its index. Raises InstallFailed, within seconds if there is none."""
    kind = _wheel_kind(target)
    if kind is None:
        raise InstallFailed("there is no wheel for this driver")
    installer.install_wheel(f"{NATIVE}=={VERSIONS[NATIVE]}", _INDEX.format(kind))  # first: it may fail soon
    installer.install(*REQUIREMENTS, *_OF_NATIVE)


def compile_native(installer: Installer, target: Target) -> None:
    """Compile llama-cpp-python for this very machine, in minutes. Raises InstallFailed."""
    if not has_compiler():
        raise InstallFailed("there is no C++ compiler (on Debian and Ubuntu: apt install g++)")
    installer.install(*REQUIREMENTS, *_OF_NATIVE)
    fresh = target not in ("", "cpu")
    flags = f'-include "{_AMX_TILES}"' if sys.platform == "linux" else ""
    installer.compile(f"{NATIVE}=={VERSIONS[NATIVE]}", _CMAKE_ARGS[target], flags, fresh=fresh)


def install_instant(installer: Installer) -> None:
    """xllamacpp's wheel. Raises InstallFailed."""
    installer.install(*REQUIREMENTS, f"{INSTANT}=={VERSIONS[INSTANT]}")


def has_compiler() -> bool:
    return any(shutil.which(name) for name in ("c++", "g++", "clang++", "cl"))


def _wheel_kind(target: Target) -> str | None:
    if target == "cuda":
        driver = _cuda_of_driver()
        fits = [version for version in _CUDA_WHEELS if driver and version <= driver]
        return "cu" + "".join(map(str, fits[0])) if fits else None
    if target == "metal" or (not target and sys.platform == "darwin"):
        return "metal"
    return target or "cpu"


def _cuda_of_driver() -> tuple[int, int] | None:
    """The newest CUDA that the NVIDIA driver runs; None without one."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        said = processes.run([program], timeout_s=30).stdout.decode(errors="replace")
    except (OSError, processes.SubprocessError):
        return None
    found = re.search(r"CUDA Version: {0,4}(\d{1,3})\.(\d{1,3})", said)
    return (int(found[1]), int(found[2])) if found else None
