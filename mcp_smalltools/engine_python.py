"""The Python that can load llama.cpp: of the engine's own environment, else this one, where it has it.

The server is made of wheels alone and needs no llama.cpp. `mcp-smalltools engine install` makes the engine an
environment of its own, in `engine_dir`, with llama.cpp and what the engine needs besides, and none of this
package: its modules are run there from where they are (`engine/environment/run_module.py`), so server and
engine are always of one version.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from mcp_smalltools import processes
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import EngineMissing

NATIVE, INSTANT = "llama-cpp-python", "xllamacpp"
VERSIONS: Final[Mapping[str, str]] = {NATIVE: "0.3.36", INSTANT: "2026.10.11549"}
"""The low-level interface moves with every release of either: `pyproject.toml` pins the same ones."""
MODULES: Final[Mapping[str, str]] = {NATIVE: "llama_cpp", INSTANT: "xllamacpp"}
INSTALL: Final = "mcp-smalltools engine install"
_PIP_THAT_COUNTS: Final = (24, 1)
_RECORD: Final = "environment.json"
_MAIN: Final = Path(__file__).parent / "engine" / "environment" / "run_module.py"


@dataclass(frozen=True, slots=True)
class EngineEnvironment:
    """What `engine install` made, as kept in `engine_dir`."""

    folder: str
    python: str
    library: str
    version: str
    made_by: str
    """"wheel" (built elsewhere) or "source" (compiled here)."""
    options: str = ""
    """What it was built for, "cuda" for instance."""

    @property
    def current(self) -> bool:
        """Whether its llama.cpp is the one that this version of the program was written for."""
        return VERSIONS.get(self.library) == self.version


@dataclass(frozen=True, slots=True)
class EnginePython:
    """A Python with llama.cpp: `environment` is None where it is the one that runs this program."""

    library: str
    environment: EngineEnvironment | None = None

    def command(self, module: str, *arguments: str) -> list[str]:
        """The command that runs a module of this package there, isolated from folders and variables."""
        if self.environment is None:
            return processes.module_command(module, *arguments)
        isolated = ("-I", "-W", "ignore")
        return [self.environment.python, *isolated, str(_MAIN), module, *arguments]


def environment_of(settings: Settings) -> EngineEnvironment | None:
    """The engine's own environment, usable or not; None if there is none."""
    try:
        text = (settings.engine_dir.expanduser() / _RECORD).read_text(encoding="utf-8")
        found = EngineEnvironment(**json.loads(text))
    except (OSError, ValueError, TypeError):
        return None
    return found if isinstance(found.python, str) and Path(found.python).exists() else None


def keep_environment(settings: Settings, environment: EngineEnvironment | None) -> None:
    """Use this environment from now on; None: none. Raises OSError."""
    record = settings.engine_dir.expanduser() / _RECORD
    if environment is None:
        record.unlink(missing_ok=True)
        return
    new = record.with_name(f".{_RECORD}.{os.getpid()}")
    new.write_text(json.dumps(asdict(environment), indent=1), encoding="utf-8")
    new.replace(record)


def find_engine_python(settings: Settings) -> EnginePython | None:
    """The engine's own environment if it is current, else this Python if llama.cpp is in it, else None.

    A native llama.cpp comes before one that needed no compiling, wherever it is.
    """
    made, here = environment_of(settings), library_here()
    found = [EnginePython(made.library, made)] if made is not None and made.current else []
    found += [EnginePython(here)] if here else []
    return min(found, key=lambda python: python.library != NATIVE, default=None)


def library_here() -> str:
    """The library with llama.cpp that is installed beside this program; "" if there is none."""
    return next((name for name, module in MODULES.items() if importlib.util.find_spec(module)), "")


def engine_command(settings: Settings, module: str, *arguments: str) -> list[str]:
    """The command that runs a module which needs llama.cpp. Raises EngineMissing."""
    found = find_engine_python(settings)
    if found is None:
        raise missing_engine(settings)
    return found.command(module, *arguments)


def missing_engine(settings: Settings) -> EngineMissing:
    """Why there is no engine, and the one command that changes it."""
    made = environment_of(settings)
    if made is None:
        return EngineMissing("The engine (llama.cpp) is not installed.", remedy=f"Run `{INSTALL}`, once.")
    return EngineMissing(
        f"The engine has {made.library} {made.version}; this version of the program needs "
        f"{VERSIONS.get(made.library, 'another library')}.",
        remedy="Run `mcp-smalltools engine update`.",
    )


def pip_python(settings: Settings) -> str | None:
    """A Python that has pip: this one or, where this one's pip can't say how far it is, the engine's."""
    made = environment_of(settings)
    if _pip_here() >= _PIP_THAT_COUNTS or (made is None and importlib.util.find_spec("pip")):
        return sys.executable
    return made.python if made else None


def _pip_here() -> tuple[int, ...]:
    """The version of pip beside this program; (0,) without any."""
    try:
        parts = importlib.metadata.version("pip").split(".")[:2]
        return tuple(int(part) for part in parts)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return (0,)
