"""Every process that this package starts: its own modules, in no folder of the user's, a clean environment.

An agent works in folders that others wrote, and its environment holds API keys. So `-P` keeps the working
folder off Python's module path, the process starts at the root of the file system, and it inherits only
the variables that are named here. A test holds that nothing else imports `subprocess`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, CompletedProcess, Popen, SubprocessError
from types import TracebackType
from typing import IO, Any, Final, Self

__all__ = [
    "DEVNULL",
    "PIPE",
    "STDOUT",
    "CompletedProcess",
    "Popen",
    "SilenceLimit",
    "SubprocessError",
    "apart",
    "clean_environment",
    "module_command",
    "run",
    "start",
]

_PASSED_ON: Final = frozenset(
    """
    PATH HOME LANG LANGUAGE TZ TMPDIR TEMP TMP USER LOGNAME
    SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT USERPROFILE LOCALAPPDATA APPDATA PROGRAMDATA
    NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE
    LD_LIBRARY_PATH DYLD_LIBRARY_PATH DYLD_FALLBACK_LIBRARY_PATH LLAMA_CPP_LIB_PATH
    CUDA_VISIBLE_DEVICES CUDA_PATH CUDA_HOME HIP_VISIBLE_DEVICES HIP_PATH ROCR_VISIBLE_DEVICES
    PYTHONHOME PYTHONUTF8 PYTHONDONTWRITEBYTECODE VIRTUAL_ENV
    """.split()  # noqa: SIM905 - rows of names
)
_PASSED_ON_PREFIXES: Final = ("LC_", "XDG_", "GGML_", "OMP_", "GOMP_", "KMP_")
DOWNLOADS: Final = (
    *("PIP_", "SSL_CERT_", "REQUESTS_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
)
"""Prefixes of variables that a download needs besides: pip's configuration, proxies, certificates."""


def module_command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this environment, and none of that name in the working folder."""
    return [sys.executable, "-P", "-W", "ignore", "-m", module, *arguments]


def clean_environment(
    extra: Mapping[str, str] | None = None,
    *,
    prefixes: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """What a process needs of the environment, with `extra`; of PYTHONPATH only its absolute folders."""
    environ = os.environ if environ is None else environ
    allowed = (*_PASSED_ON_PREFIXES, *prefixes)
    passed = {
        name: value
        for name, value in environ.items()
        if name.upper() in _PASSED_ON or name.upper().startswith(allowed)
    }
    folders = [part for part in environ.get("PYTHONPATH", "").split(os.pathsep) if Path(part).is_absolute()]
    if folders:
        passed["PYTHONPATH"] = os.pathsep.join(folders)
    return {**passed, **(extra or {})}


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    timeout_s: float | None = None,
    check: bool = False,
) -> CompletedProcess[bytes]:
    """Run a command to its end and return what it printed.

    `env` is the clean environment and `cwd` the root of the file system by default. Raises OSError where it
    can't be started, SubprocessError after the time, or with `check` where it fails.
    """
    return subprocess.run(
        list(command),
        stdin=DEVNULL,
        capture_output=True,
        env=dict(clean_environment() if env is None else env),
        cwd=cwd or anchor(),
        timeout=timeout_s,
        check=check,
    )


def start(
    command: Sequence[str],
    *,
    stdin: int | IO[bytes] = DEVNULL,
    stdout: int | IO[bytes] = DEVNULL,
    stderr: int | IO[bytes] = DEVNULL,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    **options: Any,
) -> Popen[bytes]:
    """Start a command, with the same defaults as `run`. Raises OSError."""
    return subprocess.Popen(
        list(command),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=dict(clean_environment() if env is None else env),
        cwd=cwd or anchor(),
        **options,
    )


class SilenceLimit:
    """Ends a process of which nothing was heard for so long. Used as a context, while it is listened to."""

    def __init__(self, process: Popen[bytes], seconds: float) -> None:
        self.reached = False
        self._process, self._seconds = process, seconds
        self._last = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def heard(self) -> None:
        self._last = time.monotonic()

    def _watch(self) -> None:
        while (left := self._last + self._seconds - time.monotonic()) > 0:
            if self._over.wait(left):
                return
        self.reached = True
        self._process.kill()


def apart() -> dict[str, Any]:
    """Options of `start` that keep signals to the agent's process group and its terminal away."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def anchor() -> str:
    """The root of the file system: no folder of the user's."""
    return Path(sys.executable).anchor
