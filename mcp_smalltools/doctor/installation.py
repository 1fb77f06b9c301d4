"""Checks of the installation: the program, llama.cpp, the folders and the roots."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mcp_smalltools import __version__
from mcp_smalltools.config import Settings, default_config_file, no_root
from mcp_smalltools.doctor.check import Check, CheckState
from mcp_smalltools.engine_python import INSTALL, INSTANT, find_engine_python, missing_engine
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.private_files import make_private_folder


def check_program(settings: Settings) -> Iterator[Check]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Check("version", CheckState.OK, f"{__version__}, Python {python} ({sys.executable})")
    config = Path(os.environ.get("MCP_SMALLTOOLS_CONFIG") or default_config_file())
    missing = "" if config.is_file() else " (not there; defaults apply)"
    yield Check("config file", CheckState.OK, f"{config}{missing}")
    yield from _check_llama(settings)


def _check_llama(settings: Settings) -> Iterator[Check]:
    """Which llama.cpp the engine has. None is no fault: what code alone can do is done without it."""
    from mcp_smalltools.engine.environment.install_state import install_state

    found, state = find_engine_python(settings), install_state(settings)
    if found is None:
        problem = missing_engine(settings)
        going_on = f"; being installed: {state.step}" if state.running else ""
        failed = f"; the last try failed: {state.failed}" if state.failed and not state.running else ""
        lacks = "classify needs it, and ask_file, extract and find_files are better with it"
        yield Check(
            "llama.cpp", CheckState.NOTE, f"{problem.message} {lacks}{going_on}{failed}", problem.remedy
        )
        return
    made = found.environment
    where = "beside this program"
    if made is not None:
        how = "compiled here" if made.made_by == "source" else "a wheel"
        where = f"{made.version}, {how}, in {made.folder}"
    if found.library == INSTANT:
        what = f"{found.library} {where}: about a third of the speed of one that is compiled here"
        yield Check("llama.cpp", CheckState.NOTE, what, f"{INSTALL} --from-source")
    else:
        yield Check("llama.cpp", CheckState.OK, f"{found.library} {where}")


def check_speed(settings: Settings) -> Iterator[Check]:
    from mcp_smalltools.doctor import speed

    if find_engine_python(settings) is None:
        return
    build = speed.probe(settings)
    if build is None:
        remedy = "Install it again: " + speed.install("--from-source")
        yield Check("speed", CheckState.WRONG, "llama.cpp can't be loaded", remedy)
        return
    threads = settings.engine_threads or f"up to {os.cpu_count() or 1}"
    where = ", ".join(build.devices) or "no GPU"
    yield Check("speed", CheckState.OK, f"{build.backend}, {threads} threads; {where}")
    for what, command in speed.advice(build):
        yield Check("speed", CheckState.NOTE, what, command)


def check_folders(settings: Settings) -> Iterator[Check]:
    folders = {"state folder": settings.state_dir, "runtime folder": settings.runtime_dir}
    for name, given in (folders | {"output folder": settings.export_dir}).items():
        folder = given.expanduser()
        try:
            make_private_folder(folder)
            with tempfile.TemporaryFile(dir=folder):
                pass
            mode = stat.S_IMODE(folder.stat().st_mode)
            if name == "state folder" and os.name == "posix" and mode & 0o077:
                found = f"{folder} can be entered by others (mode {mode:o})"
                yield Check(name, CheckState.NOTE, found, f"chmod 700 {folder}")
            else:
                yield Check(name, CheckState.OK, str(folder))
        except OSError as error:
            remedy = "Make it writable, or name another one in the configuration."
            yield Check(name, CheckState.WRONG, f"{folder} can't be written: {error.strerror}", remedy)


def check_roots(settings: Settings) -> Iterator[Check]:
    too_wide = {Path(Path.home().anchor), Path.home()}
    if not settings.effective_roots:
        problem = no_root()
        yield Check("root", CheckState.WRONG, problem.message, problem.remedy)
    for root in settings.effective_roots:
        path = root.path.expanduser()
        found = f"{path} ({root.level})"
        if not path.is_dir():
            yield Check(
                "root", CheckState.WRONG, f"{found} is not a folder", "Name an existing one with --root."
            )
        elif not os.access(path, os.R_OK | os.X_OK):
            yield Check("root", CheckState.WRONG, f"{found} can't be read", "Check its permissions.")
        elif path.resolve() in too_wide and root.level is not PrivacyLevel.SEALED:
            yield Check("root", CheckState.NOTE, f"{found} holds all your files", "Name narrower roots.")
        else:
            yield Check("root", CheckState.OK, found)
