"""An installation of the engine that a call sets off: the call doesn't wait, and says what is going on."""

from __future__ import annotations

import os
import sys
from typing import Final

from mcp_smalltools import __version__, processes
from mcp_smalltools.config import ENV_PREFIX, Settings
from mcp_smalltools.engine.environment.install_state import InstallState, install_state
from mcp_smalltools.engine_python import INSTALL, missing_engine
from mcp_smalltools.errors import EngineMissing

_STATUS: Final = "`mcp-smalltools engine status` shows how far it is."
_AGAIN_MIN: Final = 24 * 60.0
"""Minutes after which one that failed is tried again: the network may have been away."""
_MODULE: Final = "mcp_smalltools.engine.environment.installing"
_PASSED_ON: Final = (*processes.DOWNLOADS, "UV_", "CMAKE_", "CUDA", "CC", "CXX")


def install_in_background(settings: Settings) -> EngineMissing:
    """Why there is no engine yet; starts its installation unless the settings forbid it or it has failed."""
    state = install_state(settings)
    if state.running:
        return _being_installed(state)
    missing = missing_engine(settings)
    if settings.engine_install == "never" or settings.offline:
        return missing
    if state.failed and state.program == __version__ and state.minutes < _AGAIN_MIN:
        return EngineMissing(
            f"The engine (llama.cpp) could not be installed: {state.failed}.", remedy=f"Run `{INSTALL}`."
        )
    names = ("engine_dir", "engine_install", "state_dir", "runtime_dir", "model_dir")
    ours = {ENV_PREFIX + name.upper(): str(getattr(settings, name)) for name in names}
    ours[ENV_PREFIX + "CONFIG"] = os.devnull
    env = processes.clean_environment(ours, prefixes=_PASSED_ON)
    try:
        _children.append(processes.start(processes.module_command(_MODULE), env=env, **processes.apart()))
    except OSError:
        return missing
    print("mcp-smalltools: the engine (llama.cpp) is being installed in the background", file=sys.stderr)
    return _being_installed(InstallState())


def _being_installed(state: InstallState) -> EngineMissing:
    done = f": {state.step}, {state.minutes:.0f} min so far" if state.step else ""
    return EngineMissing(
        f"The engine (llama.cpp) is being installed{done}.", remedy=f"Call again in a few minutes; {_STATUS}"
    )


_children: list[processes.Popen[bytes]] = []
"""Kept, so that Python doesn't warn of them when it ends: they go on without us."""
