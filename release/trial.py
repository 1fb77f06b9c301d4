"""Each archive is installed in a clean place, started as a client starts it, asked, and removed."""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters

from release.build import Archives
from release.clean import CleanPlace
from release.problem import ReleaseError

FAILING = """collected 2 items
FAILED tests/test_pool.py::test_limit - AssertionError: assert 500 <= 200
1 failed, 1 passed in 0.12s
"""
"""A log that every installation must find the cause in, by code alone."""
_WANTED = {"find_failure", "parse_log", "read_redacted", "classify", "extract"}
_ANSWERS_IN_S = 300.0


@dataclass(frozen=True, slots=True)
class Tried:
    """An archive that works: how long its installation took, and a started server until its first answer."""

    name: str
    installed_s: float
    answered_s: float


@dataclass(frozen=True, slots=True)
class Command:
    """What a client starts."""

    program: str
    arguments: list[str]


def try_all(made: Archives) -> Iterator[Tried]:
    """Try one archive after the other. Raises ReleaseError for the first that fails."""
    for archive, trial in (
        (made.wheel, try_package),
        (made.source, try_package),
        (made.bundle, try_bundle),
        *((archive, try_plugin) for archive in made.plugins.values()),
        *(() if sys.platform == "win32" else ((made.plugins["claude-code"], try_plugin_alone),)),
    ):
        with _clean_place() as place:
            yield trial(made, archive, place)


def try_wheel(made: Archives) -> Tried:
    """Try the wheel alone, as on another platform than the one that built it. Raises ReleaseError."""
    with _clean_place() as place:
        return try_package(made, made.wheel, place)


def try_package(made: Archives, archive: Path, place: CleanPlace) -> Tried:
    """A wheel or a source archive: install, handshake, a call, uninstall. The rest comes as wheels alone."""
    seconds = place.install(archive, "--only-binary", ":all:", "--no-binary", "mcp-smalltools")
    said = place.run([str(place.scripts / "mcp-smalltools"), "--version"])
    if made.version not in said:
        raise ReleaseError(f"{archive.name} installs {said.strip()!r}, not {made.version}.")
    answered = first_answer(Command(str(place.scripts / "mcp-smalltools"), ["serve", "--root", "."]), place)
    if left := place.uninstall():
        raise ReleaseError(f"Uninstalling {archive.name} leaves {', '.join(left[:5])}.")
    return Tried(archive.name, seconds, answered)


def try_bundle(made: Archives, archive: Path, place: CleanPlace) -> Tried:
    """The MCP bundle: unpacked as a desktop client does it, started by the command of its manifest."""
    started = time.monotonic()
    bundle = unpacked(archive, place.folder / "bundle")
    place.run([str(place.python), "-m", "pip", "install", "--quiet", "uv"])
    server = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))["server"]["mcp_config"]
    chosen = {
        "__dirname": str(bundle),
        "user_config.folder": str(place.work),
        "user_config.privacy": "redacted",
    }
    command = Command(server["command"], [filled(word, chosen) for word in server["args"]])
    answered = first_answer(command, place, _beside(made, place))
    return Tried(archive.name, time.monotonic() - started - answered, answered)


def try_plugin(made: Archives, archive: Path, place: CleanPlace) -> Tried:
    """A plugin: its server answers and its hooks end well, with the wheel installed as its README says."""
    seconds = place.install(made.wheel)
    plugin = unpacked(archive, place.folder / "plugin")
    answered = first_answer(server_of(plugin), place)
    _try_hooks(plugin, place, {})
    return Tried(archive.name, seconds, answered)


def try_plugin_alone(made: Archives, archive: Path, place: CleanPlace) -> Tried:
    """The plugin for Claude Code where nothing is installed but uv, which fetches the rest."""
    place.run([str(place.python), "-m", "pip", "install", "--quiet", "uv"])
    plugin = unpacked(archive, place.folder / "plugin")
    beside = _beside(made, place)
    answered = first_answer(server_of(plugin), place, beside)
    _try_hooks(plugin, place, beside)
    return Tried(f"{archive.name}, with uv alone", 0.0, answered)


def server_of(plugin: Path) -> Command:
    """What a client starts for a plugin."""
    (server,) = json.loads((plugin / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"].values()
    return Command(server["command"], [filled(word, _root(plugin)) for word in server["args"]])


def _root(plugin: Path) -> dict[str, str]:
    return {"CLAUDE_PLUGIN_ROOT": str(plugin)}


def _try_hooks(plugin: Path, place: CleanPlace, more: Mapping[str, str]) -> None:
    """Each event's hook. Raises ReleaseError where one fails, or says that the program isn't there."""
    for event, line in hook_lines(plugin):
        told = {"hook_event_name": event, "session_id": "trial", "cwd": str(place.work)}
        said = place.run(["sh", "-c", filled(line, _root(plugin))], json.dumps(told).encode(), more)
        if "its program" in said:
            raise ReleaseError(f"A hook of {plugin.name} does not find the program: {said.strip()}")


def _beside(made: Archives, place: CleanPlace) -> dict[str, str]:
    """The version isn't published yet: uv finds it beside the archive, the rest as wheels in the index."""
    links = ",".join(filter(None, [str(made.folder), place.variables().get("UV_FIND_LINKS")]))
    return {"UV_FIND_LINKS": links, "UV_NO_BUILD": "1"}


def first_answer(command: Command, place: CleanPlace, more: Mapping[str, str] | None = None) -> float:
    """Start a server, list its tools, have a log explained. Gives the seconds; raises ReleaseError."""
    (place.work / "tests.log").write_text(FAILING, encoding="utf-8")
    started = time.monotonic()
    try:
        found = anyio.run(_ask, command, place, {**place.variables(), **(more or {})})
    except TimeoutError:
        raise ReleaseError(f"`{command.program}` gave no answer in {_ANSWERS_IN_S:.0f} s.") from None
    if "assert 500 <= 200" not in json.dumps(found) or found.get("failed") is not True:
        raise ReleaseError(
            f"find_failure did not find the cause in the trial's log: {json.dumps(found)[:300]}"
        )
    return time.monotonic() - started


async def _ask(command: Command, place: CleanPlace, environment: dict[str, str]) -> dict[str, Any]:
    server = StdioServerParameters(
        command=command.program, args=command.arguments, env=environment, cwd=place.work
    )
    with anyio.fail_after(_ANSWERS_IN_S):
        async with Client(server) as agent:
            names = {tool.name for tool in (await agent.list_tools()).tools}
            if missing := _WANTED - names:
                raise ReleaseError(f"The server doesn't list {', '.join(sorted(missing))}.")
            result = await agent.call_tool("find_failure", {"path": "tests.log"})
            if result.is_error:
                raise ReleaseError(f"find_failure failed: {str(result.content)[:300]}")
            return dict(result.structured_content or {})


def hook_lines(plugin: Path) -> Iterator[tuple[str, str]]:
    """Each event that a plugin has a hook for, and the line that a client gives to the shell."""
    events = json.loads((plugin / "hooks" / "hooks.json").read_text(encoding="utf-8"))["hooks"]
    for event, groups in events.items():
        for group in groups:
            yield from ((event, hook["command"]) for hook in group["hooks"])


def unpacked(archive: Path, folder: Path) -> Path:
    """Unpack a zip archive and give its folder."""
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return folder


def filled(word: str, values: Mapping[str, str]) -> str:
    """A word of a bundle's command with the user's choices in it, as a desktop client fills them in."""
    return re.sub(r"\$\{([\w.]+)\}", lambda found: values[found[1]], word)


@contextmanager
def _clean_place() -> Iterator[CleanPlace]:
    with tempfile.TemporaryDirectory(prefix="trial", ignore_cleanup_errors=True) as folder:
        yield CleanPlace(Path(folder).resolve())
