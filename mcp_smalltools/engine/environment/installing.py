"""From nothing to an engine that was tried: a new environment beside the old one, and then the switch.

python -m mcp_smalltools.engine.environment.installing     what a call sets off in the background
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mcp_smalltools import __version__, processes
from mcp_smalltools.config import Settings, load_settings
from mcp_smalltools.engine.environment import libraries
from mcp_smalltools.engine.environment.install_state import installing
from mcp_smalltools.engine.environment.installer import InstallFailed, Log, make_environment
from mcp_smalltools.engine.environment.libraries import Target
from mcp_smalltools.engine_python import (
    INSTANT,
    NATIVE,
    VERSIONS,
    EngineEnvironment,
    EnginePython,
    environment_of,
    keep_environment,
)
from mcp_smalltools.errors import EngineError, SmallToolsError
from mcp_smalltools.private_files import make_private_file

Show = Callable[[str], None]
"""Takes what is being done, a few words."""

_TRY_S: Final = 60.0
LOG_NAME: Final = "install.log"
_NICE: Final = 15


@dataclass(frozen=True, slots=True)
class InstallChoice:
    """What to install. `compiles`: whether anything may be compiled at all."""

    target: Target = ""
    from_source: bool = False
    compiles: bool = True
    instant_first: bool = False
    """Whether xllamacpp's wheel serves while the native one is compiled."""


def install_engine(settings: Settings, choice: InstallChoice, show: Show) -> EngineEnvironment:
    """Install, try, and switch; the old environment stays in use until then. Raises EngineError."""
    with installing(settings, __version__) as state, _log_of(settings) as log:

        def step(what: str) -> None:
            state.step(what)
            show(what)

        _remove_unused(settings)
        try:
            return _first_that_works(settings, choice, step, log)
        except SmallToolsError as error:
            state.failed(error.message)
            raise
        except (InstallFailed, OSError) as error:
            state.failed(str(error))
            raise EngineError(
                f"The engine can't be installed: {error}.",
                remedy=f"See {settings.engine_dir.expanduser() / LOG_NAME}.",
            ) from None


def _remove_unused(settings: Settings) -> None:
    """Environments that an installation which was ended from outside has left."""
    made = environment_of(settings)
    for folder in settings.engine_dir.expanduser().glob("env-*"):
        if made is None or Path(made.folder) != folder:
            shutil.rmtree(folder, ignore_errors=True)


def remove_engine(settings: Settings) -> bool:
    """Remove the environment and all that belongs to it; False if there was none. Raises EngineError."""
    folder = settings.engine_dir.expanduser()
    if not folder.exists():
        return False
    with installing(settings, __version__):
        keep_environment(settings, None)
    shutil.rmtree(folder, ignore_errors=True)
    return True


def _first_that_works(settings: Settings, choice: InstallChoice, step: Show, log: Log) -> EngineEnvironment:
    """A wheel of llama-cpp-python, else compiled, else xllamacpp's. Raises InstallFailed, EngineError."""
    reasons = []
    if not choice.from_source:
        step("looking for a llama.cpp that was built for this platform")
        try:
            return _make(settings, NATIVE, "wheel", choice, log)
        except InstallFailed as error:
            reasons.append(f"no wheel: {error}")
    instant = None
    if choice.instant_first and not choice.target:
        step("fetching an engine that needs no compiling")
        try:
            instant = _make(settings, INSTANT, "wheel", choice, log)
        except InstallFailed as error:
            reasons.append(f"xllamacpp: {error}")
    if choice.compiles and (choice.from_source or instant is None or libraries.has_compiler()):
        step("compiling llama.cpp for this machine (about 6 minutes on 2 cores)")
        try:
            return _make(settings, NATIVE, "source", choice, log)
        except InstallFailed as error:
            reasons.append(f"not compiled: {error}")
    if instant is not None:
        return instant
    if not choice.from_source and not choice.target and not choice.instant_first:
        step("fetching an engine that needs no compiling")
        return _make(settings, INSTANT, "wheel", choice, log)
    raise InstallFailed("; ".join(reasons))


def _make(
    settings: Settings, library: str, made_by: str, choice: InstallChoice, log: Log
) -> EngineEnvironment:
    """An environment with this library, tried and in use. Raises InstallFailed, EngineError."""
    before = environment_of(settings)
    folder = settings.engine_dir.expanduser() / f"env-{secrets.token_hex(4)}"
    installer = make_environment(folder, log)
    try:
        if library == INSTANT:
            libraries.install_instant(installer)
        elif made_by == "wheel":
            libraries.install_prebuilt(installer, choice.target)
        else:
            libraries.compile_native(installer, choice.target)
        made = EngineEnvironment(
            str(folder), installer.python, library, VERSIONS[library], made_by, choice.target
        )
        log(f"tried: {_try(made)}")
        keep_environment(settings, made)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _leave_old(settings, before)
    return made


def _try(made: EngineEnvironment) -> str:
    """Load llama.cpp there; what it can use. Raises InstallFailed."""
    command = EnginePython(made.library, made).command("mcp_smalltools.engine.llama.devices")
    try:
        done = processes.run(command, timeout_s=_TRY_S)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1]
            raise InstallFailed(f"llama.cpp can't be loaded: {said or f'code {done.returncode}'}")
        return str(json.loads(done.stdout)["backend"])
    except (OSError, processes.SubprocessError, ValueError) as error:
        raise InstallFailed(f"llama.cpp can't be loaded: {error}") from None


def _leave_old(settings: Settings, old: EngineEnvironment | None) -> None:
    """Have the daemon of the old environment leave, and remove that. A request in it is sent once more."""
    import anyio

    from mcp_smalltools.engine.client.client import EngineClient

    async def leave() -> None:
        client = EngineClient(settings, client_name="engine install")
        await client.shutdown()
        await client.close()

    with suppress(SmallToolsError):
        anyio.run(leave)
    if old is not None and Path(old.folder) in settings.engine_dir.expanduser().glob("env-*"):
        shutil.rmtree(old.folder, ignore_errors=True)  # never a folder that only the record names


@contextmanager
def _log_of(settings: Settings) -> Iterator[Log]:
    path = settings.engine_dir.expanduser() / LOG_NAME
    make_private_file(path)
    with path.open("w", encoding="utf-8") as file:

        def write(line: str) -> None:
            file.write(f"{time.strftime('%H:%M:%S')} {line}\n")
            file.flush()

        yield write


def main() -> int:
    """Install in the background, below everything else that runs here."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    settings = load_settings()
    compiles = settings.engine_install == "auto"
    try:
        install_engine(settings, InstallChoice(compiles=compiles, instant_first=True), lambda what: None)
    except SmallToolsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
