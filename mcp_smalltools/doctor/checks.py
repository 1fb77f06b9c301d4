"""Examining the set-up: each check says what was found and, where something is wrong, what to do."""

from __future__ import annotations

import enum
import importlib.util
import os
import shutil
import stat
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mcp_smalltools import __version__
from mcp_smalltools.clients.known import CLIENTS, SERVER_NAME
from mcp_smalltools.config import Settings, default_config_file, no_root
from mcp_smalltools.engine.api import EngineStatus
from mcp_smalltools.errors import ConfigError, ModelError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.suggest import did_you_mean


class CheckState(enum.StrEnum):
    OK = "ok"
    NOTE = "note"  # works, but worth knowing
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found. `remedy` is set where there is something to do."""

    name: str
    state: CheckState
    found: str
    remedy: str = ""


def examine(settings: Settings, engine: EngineStatus) -> list[Check]:
    """All checks. Starts nothing, loads nothing, fetches nothing."""
    checks: list[Check] = []
    callers = (_token, _own_tokens, _identity_provider)
    for part in (_program, _speed, _folders, _roots, _models, _skills, *callers, _clients):
        checks += part(settings)
    servers = engine.extra.get("endpoints")
    return [*checks, *(_servers(engine) if servers else [_engine(engine)])]


def _program(settings: Settings) -> Iterator[Check]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Check("version", CheckState.OK, f"{__version__}, Python {python} ({sys.executable})")
    config = Path(os.environ.get("MCP_SMALLTOOLS_CONFIG") or default_config_file())
    yield Check(
        "config file", CheckState.OK, f"{config}" + ("" if config.is_file() else " (none; defaults hold)")
    )
    if importlib.util.find_spec("llama_cpp"):
        yield Check("llama.cpp", CheckState.OK, "installed")
    else:
        remedy = "Install it: pip install llama-cpp-python."
        yield Check("llama.cpp", CheckState.WRONG, "not installed", remedy)


def _speed(settings: Settings) -> Iterator[Check]:
    from mcp_smalltools.doctor import speed

    build = speed.probe()
    if build is None:
        remedy = "Build it anew: " + speed.rebuild("-DGGML_NATIVE=on")
        yield Check("speed", CheckState.WRONG, "llama.cpp can't be loaded", remedy)
        return
    threads = settings.engine_threads or f"up to {os.cpu_count() or 1}"
    where = ", ".join(build.devices) or "no GPU"
    yield Check("speed", CheckState.OK, f"{build.backend}, {threads} threads; {where}")
    for what, command in speed.advice(build):
        yield Check("speed", CheckState.NOTE, what, command)


def _folders(settings: Settings) -> Iterator[Check]:
    folders = {"state folder": settings.state_dir, "runtime folder": settings.runtime_dir}
    for name, given in (folders | {"output folder": settings.export_dir}).items():
        folder = given.expanduser()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=folder):
                pass
            yield Check(name, CheckState.OK, str(folder))
        except OSError as error:
            remedy = "Make it writable, or name another in the configuration."
            yield Check(name, CheckState.WRONG, f"{folder} can't be written: {error.strerror}", remedy)


def _roots(settings: Settings) -> Iterator[Check]:
    too_wide = {Path(Path.home().anchor), Path.home()}
    if not settings.effective_roots:
        problem = no_root()
        yield Check("root", CheckState.WRONG, problem.message, problem.remedy)
    for root in settings.effective_roots:
        path = root.path.expanduser()
        found = f"{path} ({root.level})"
        if not path.is_dir():
            yield Check(
                "root", CheckState.WRONG, f"{found} is no folder", "Name an existing one with --root."
            )
        elif not os.access(path, os.R_OK | os.X_OK):
            yield Check("root", CheckState.WRONG, f"{found} can't be read", "Check its permissions.")
        elif path.resolve() in too_wide and root.level is not PrivacyLevel.SEALED:
            yield Check("root", CheckState.NOTE, f"{found} holds everything of yours", "Name narrower roots.")
        else:
            yield Check("root", CheckState.OK, found)


def _models(settings: Settings) -> Iterator[Check]:
    from mcp_smalltools.models.catalog import ModelStore
    from mcp_smalltools.models.library import manifest_of

    for use, model_id in {"writes": settings.generate_model, "embeds": settings.embed_model}.items():
        name = f"model that {use}"
        try:
            store = ModelStore(manifest_of(model_id, settings), settings)
            ready = store.ready()
        except ModelError as error:
            yield Check(name, CheckState.WRONG, error.message, error.remedy)
            continue
        if ready is not None:
            found = f"{model_id} {store.layout}".rstrip() + f" ({ready.path})"
            yield Check(name, CheckState.OK, found)
            if store.layout and not store.tuned:
                remedy = f"mcp-smalltools models tune {model_id} finds the fastest layout on this machine."
                yield Check(name, CheckState.NOTE, "its layout was not measured here", remedy)
        elif settings.offline:
            remedy = "Pull it with offline switched off: MCP_SMALLTOOLS_OFFLINE=0 mcp-smalltools models pull."
            yield Check(name, CheckState.WRONG, f"{model_id} is not here, and offline is set", remedy)
        else:
            remedy = "mcp-smalltools models pull fetches it now."
            yield Check(name, CheckState.NOTE, f"{model_id} is fetched on first need", remedy)


def _skills(settings: Settings) -> Iterator[Check]:
    from mcp_smalltools.tools.built_in import built_in_tools
    from mcp_smalltools.tools.registry import ToolRegistry

    shelf = ToolRegistry(settings, built_in_tools())
    states = shelf.states()
    for name in settings.hide_tools:
        if name not in shelf.tools:
            found = f"{name!r} is no tool{did_you_mean(name, shelf.tools)}"
            yield Check("hide_tools", CheckState.NOTE, found, "Correct it in the configuration.")
    if not states:
        yield Check("skills", CheckState.OK, f"none of your own in {settings.skills_dir.expanduser()}")
    for state in states:
        name = f"skill {state.name}"
        if state.problem is None:
            yield Check(name, CheckState.OK, f"{state.kind}, {state.folder}")
        else:
            # A project that was not allowed, or one tool too many, is for the user to choose.
            broken = not state.in_project and state.kind is None
            found, _, remedy = state.problem.partition(". ")
            yield Check(name, CheckState.WRONG if broken else CheckState.NOTE, found, remedy)


def _token(settings: Settings) -> Iterator[Check]:
    from mcp_smalltools.server.http.auth import bearer_token, token_file

    path = token_file(settings)
    if not path.exists():
        yield Check("token for remote agents", CheckState.OK, f"none yet; the first serve makes it ({path})")
        return
    try:
        bearer_token(settings)
        mode = stat.S_IMODE(path.stat().st_mode)
        yield Check("token for remote agents", CheckState.OK, f"{path} (mode {mode:o})")
    except ConfigError as error:
        yield Check("token for remote agents", CheckState.WRONG, error.message, error.remedy)


def _own_tokens(settings: Settings) -> Iterator[Check]:
    """Those of `tokens create`; nothing to say where there are none."""
    from mcp_smalltools.server.http.tokens import TokenStore, store_file

    if not store_file(settings).exists():
        return
    try:
        store = TokenStore(settings)
    except ConfigError as error:
        yield Check("agents' own tokens", CheckState.WRONG, error.message, error.remedy)
        return
    tokens = store.all()
    store.close()
    states = Counter(token.state(time.time()) for token in tokens)
    found = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none"
    yield Check("agents' own tokens", CheckState.OK, f"{found} (mcp-smalltools tokens list)")


def _identity_provider(settings: Settings) -> Iterator[Check]:
    from mcp_smalltools.server.http.oauth import ResourceServer

    if settings.oauth_issuer:
        try:
            provider = ResourceServer(settings)
            found = f"{provider.issuer}, for {provider.audience}"
            yield Check("identity provider", CheckState.OK, found)
        except ConfigError as error:
            yield Check("identity provider", CheckState.WRONG, error.message, error.remedy)


def _clients(settings: Settings) -> Iterator[Check]:
    registered = False
    for name, client in CLIENTS.items():
        for scope, where in client.files.items():
            check = _registered(name, scope, where)
            if check is not None:
                registered = True
                yield check
    if not registered:
        remedy = "mcp-smalltools install claude-code registers it with Claude Code in this folder."
        yield Check("clients", CheckState.NOTE, "no client knows this server", remedy)


def _registered(name: str, scope: str, where: Callable[[], Path]) -> Check | None:
    client, path = CLIENTS[name], where()
    title = f"{client.title} ({scope})"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError:
        return None
    except UnicodeDecodeError:
        return Check(title, CheckState.WRONG, f"{path} is not UTF-8", "Save it as UTF-8.")
    try:
        servers = client.format.loads(text).get(client.table) or {}
        entry = servers.get(SERVER_NAME)
        command = entry.get("command") if entry else None
    except (ValueError, AttributeError) as error:
        return Check(title, CheckState.WRONG, f"{path} can't be read: {error}", "Mend the file.")
    if entry is None:
        return None
    if command and shutil.which(command) is None:
        remedy = f"mcp-smalltools install {name} --scope {scope} writes the right one."
        return Check(title, CheckState.WRONG, f"{path} names {command}, which is not there", remedy)
    return Check(title, CheckState.OK, f"registered in {path}")


def _servers(engine: EngineStatus) -> Iterator[Check]:
    """The servers of engine_urls, in place of the engine on this machine."""
    names = ", ".join(sorted({model.id for model in engine.models})) or "no model"
    for url, state in engine.extra["endpoints"].items():
        if state == "answers":
            yield Check("engine", CheckState.OK, f"{url} ({engine.backend}) serves {names}")
        else:
            yield Check("engine", CheckState.WRONG, f"{url}: {state}", "Start it, or correct engine_urls.")
    if hosts := engine.extra.get("remote"):
        found = f"text of files is sent to {', '.join(hosts)}"
        yield Check("engine elsewhere", CheckState.NOTE, found, "docs/scaling.md says what is masked before.")


def _engine(engine: EngineStatus) -> Check:
    problem = engine.extra.get("problem")
    if problem:
        remedy = "Restart the agents that use it, or wait until it is idle."
        return Check("engine", CheckState.WRONG, f"pid {engine.pid}: {problem}", remedy)
    if not engine.running:
        return Check("engine", CheckState.OK, "not running; the first call that needs a model starts it")
    models = ", ".join(f"{model.id} {model.layout}".rstrip() for model in engine.models) or "no model yet"
    return Check("engine", CheckState.OK, f"pid {engine.pid}, {engine.rss_mb:,.0f} MB, holds {models}")
