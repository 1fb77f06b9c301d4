"""Python environments and the packages in them: through uv where it is there, else through venv and pip."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from mcp_smalltools import processes
from mcp_smalltools.errors import EngineError

Log = Callable[[str], None]
"""Takes lines of the installers' output."""

_PASSED_ON: Final = (*processes.DOWNLOADS, "UV_", "CMAKE_", "CUDA")
_COMPILERS: Final = ("CC", "CXX")
_SHORT_S: Final = 5
"""Seconds for each connection to an index that may not be reachable."""


_LONGEST_S: Final = 3 * 3600.0
"""Seconds after which a step is ended: whoever sends the packages may let it wait for ever."""
_LONGEST_LINE: Final = 64 << 10


class InstallFailed(Exception):
    """Why a step of an installation failed, as a clause."""


@dataclass(frozen=True, slots=True)
class Installer:
    """Installs packages into one environment, with its own pip or with uv."""

    python: str
    uv: str | None
    log: Log

    def install(self, *requirements: str) -> None:
        """From the user's own index. Raises InstallFailed."""
        self._run(self._pip_install(), requirements)

    def install_wheel(self, requirement: str, index: str) -> None:
        """From that index alone, without dependencies, and soon or not at all. Raises InstallFailed."""
        short = {"UV_HTTP_TIMEOUT": str(_SHORT_S), "UV_HTTP_RETRIES": "0"}
        if self.uv:
            options = ["--no-config", "--default-index", index]
        else:
            options = ["--isolated", "--index-url", index, "--timeout", str(_SHORT_S), "--retries", "0"]
        wheel = ("--no-deps", "--only-binary", ":all:", requirement)
        self._run(self._pip_install(), (*options, *wheel), short)

    def compile(self, requirement: str, cmake_args: str, flags: str = "", *, fresh: bool) -> None:
        """Build it here, in minutes, with `flags` for the C++ compiler; `fresh` with nothing built before.

        Raises InstallFailed.
        """
        name = requirement.split("==", maxsplit=1)[0]
        options = ["--no-deps", "--no-binary", name]
        if fresh:
            options.append("--no-cache" if self.uv else "--no-cache-dir")
        added = {"CMAKE_ARGS": cmake_args, "CXXFLAGS": flags}
        extra = {
            name: f"{os.environ.get(name, '')} {value}".strip() for name, value in added.items() if value
        }
        self._run(self._pip_install(), (*options, requirement), extra)

    def _pip_install(self) -> list[str]:
        if self.uv:
            return [self.uv, "pip", "install", "--python", self.python]
        quiet = ("--no-input", "--disable-pip-version-check", "--progress-bar", "off")
        return [self.python, "-I", "-m", "pip", "install", *quiet]

    def _run(
        self, command: Sequence[str], arguments: Sequence[str], extra: Mapping[str, str] | None = None
    ) -> None:
        run_logged([*command, *arguments], self.log, extra)


def make_environment(folder: Path, log: Log) -> Installer:
    """A new, empty environment with the Python that runs this program. Raises EngineError."""
    reasons = []
    for uv in dict.fromkeys((shutil.which("uv"), None)):
        try:
            if uv:
                run_logged([uv, "venv", "--no-config", "--python", sys.executable, str(folder)], log)
            else:
                run_logged([sys.executable, "-I", "-m", "venv", str(folder)], log)
            return Installer(str(python_of(folder)), uv, log)
        except InstallFailed as error:
            reasons.append(f"{'uv' if uv else 'venv'}: {error}")
            shutil.rmtree(folder, ignore_errors=True)
    raise EngineError(
        f"No environment can be made ({'; '.join(reasons)}).",
        remedy="Install uv, or on Debian and Ubuntu the package python3-venv.",
    )


def python_of(folder: Path) -> Path:
    """The Python of an environment."""
    if sys.platform == "win32":
        return folder / "Scripts" / "python.exe"
    return folder / "bin" / "python"


def run_logged(command: Sequence[str], log: Log, extra: Mapping[str, str] | None = None) -> None:
    """Run a command, its output line by line to `log`. Raises InstallFailed with its last line of error."""
    env = processes.clean_environment(extra, prefixes=_PASSED_ON)
    env |= {name: os.environ[name] for name in _COMPILERS if name in os.environ}
    log(f"$ {' '.join(command)}")
    said: list[str] = []
    try:
        with (
            processes.start(command, stdout=processes.PIPE, stderr=processes.STDOUT, env=env) as process,
            processes.SilenceLimit(process, _LONGEST_S) as limit,
        ):
            assert process.stdout is not None
            for line in iter(partial(process.stdout.readline, _LONGEST_LINE), b""):
                text = line.decode(errors="replace").rstrip()
                log(text)
                said = [*said[-200:], text]
    except OSError as error:
        raise InstallFailed(str(error)) from None
    if limit.reached:
        raise InstallFailed(f"it took longer than {_LONGEST_S / 3600:g} hours")
    if process.returncode:
        raise InstallFailed(_complaint(said) or f"code {process.returncode}")


def _complaint(said: Sequence[str]) -> str:
    """The line that says why, as short as it can be."""
    marks = ("ERROR: ", "error: ", "× ", "╰─▶ ", "Error: ")
    lines = [line.strip() for line in said if line.strip()]
    marked = [line for line in lines if line.startswith(marks)]
    chosen = (marked or lines)[-1:] if (marked or lines) else []
    return chosen[0].lstrip("×╰─▶ ").removeprefix("ERROR: ")[:200].rstrip(".") if chosen else ""
