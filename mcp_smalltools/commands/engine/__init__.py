"""Install, show, update, stop and remove the engine, which runs the models.

The server needs none to start, and answers by code alone what code can. Without an option, `install` takes
what fits this machine: a llama.cpp that was built for the platform, else it compiles one here, in minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mcp_smalltools.config import Settings
from mcp_smalltools.engine.environment.libraries import Target
from mcp_smalltools.engine_python import INSTANT, environment_of, find_engine_python, missing_engine

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import EngineStatus
    from mcp_smalltools.engine.environment.installing import InstallChoice, Show
    from mcp_smalltools.engine_python import EngineEnvironment

TARGETS: dict[Target, str] = {
    "cpu": "for this machine's processor",
    "cuda": "for NVIDIA GPUs",
    "metal": "for Apple GPUs",
    "vulkan": "for other GPUs",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    install = commands.add_parser("install", help="give the engine an environment of its own")
    targets = install.add_mutually_exclusive_group()
    for name, what in TARGETS.items():
        targets.add_argument(f"--{name}", dest="target", action="store_const", const=name, help=what)
    install.add_argument(
        "--from-source", action="store_true", help="compile it here, with all that the processor can do"
    )
    install.add_argument(
        "--no-compile", action="store_true", help="take a wheel or nothing: seconds in place of minutes"
    )
    install.set_defaults(target="")
    status = commands.add_parser("status", help="what is installed, what runs, what is going on")
    status.add_argument("--json", action="store_true", help="print JSON and nothing else")
    commands.add_parser("update", help="install again what this version of the program needs")
    commands.add_parser("stop", help="end the engine; the next call that needs it starts it")
    commands.add_parser("remove", help="remove the environment and all that belongs to it")


def run(args: argparse.Namespace, settings: Settings) -> int:
    actions: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
        "install": _install,
        "status": _status,
        "update": _update,
        "stop": _stop,
        "remove": _remove,
    }
    return actions[args.action](args, settings)


def _install(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.engine.environment.installing import InstallChoice
    from mcp_smalltools.errors import UsageError

    if args.from_source and args.no_compile:
        raise UsageError("--from-source compiles.", remedy="Leave out --no-compile.")
    target: Target = args.target
    choice = InstallChoice(target, from_source=args.from_source, compiles=not args.no_compile)
    return _make(settings, choice)


def _update(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.engine.environment.installing import InstallChoice

    made = environment_of(settings)
    if made is None:
        raise missing_engine(settings)
    if made.current:
        print(f"The engine has {_named(made)}, which is what this version needs.")
        return 0
    options = made.options
    target: Target = next((name for name in TARGETS if name == options), "")
    return _make(settings, InstallChoice(target, from_source=made.made_by == "source"))


def _make(settings: Settings, choice: InstallChoice) -> int:
    from mcp_smalltools.engine.environment.installing import install_engine

    with _shown() as show:
        made = install_engine(settings, choice, show)
    print(f"The engine has {_named(made)} now.")
    if made.library == INSTANT:
        print(
            "It needed no compiling, and has about a third of a native one's speed. With a C++ compiler: "
            "mcp-smalltools engine install --from-source"
        )
    return 0


def _status(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.engine.environment.install_state import install_state

    found, made = find_engine_python(settings), environment_of(settings)
    running, state = _ask(settings), install_state(settings)
    if args.json:
        report: dict[str, Any] = {
            "library": found.library if found else None,
            "environment": asdict(made) if made else None,
            "installing": asdict(state),
            "engine": asdict(running),
        }
        print(json.dumps(report))
        return 0
    if found is None:
        print(missing_engine(settings))
    elif found.environment is None:
        print(f"{found.library} is installed beside this program.")
    else:
        print(f"The engine has {_named(found.environment)}, in {found.environment.folder}.")
    if state.running:
        print(f"Being installed: {state.step}, {state.minutes:.0f} min so far.")
    elif state.failed:
        print(f"The last installation failed: {state.failed}.")
    if running.running:
        models = ", ".join(model.id for model in running.models) or "no model yet"
        print(f"It runs: pid {running.pid}, {running.rss_mb:,.0f} MB, {running.backend}, holds {models}.")
    else:
        print("It is not running; the first call that needs a model starts it.")
    return 0


def _stop(args: argparse.Namespace, settings: Settings) -> int:
    ended = _shut_down(settings)
    print("The engine has ended." if ended else "No engine is running.")
    return 0


def _remove(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.engine.environment.installing import remove_engine

    _shut_down(settings)
    removed = remove_engine(settings)
    print("The engine's environment is removed." if removed else "There is no environment of the engine.")
    return 0


def _named(made: EngineEnvironment) -> str:
    how = "compiled here" if made.made_by == "source" else "from a wheel"
    return f"{made.library} {made.version}, {how}{f', for {made.options}' if made.options else ''}"


def _ask(settings: Settings) -> EngineStatus:
    import anyio

    from mcp_smalltools.engine.client.client import EngineClient

    async def ask() -> EngineStatus:
        client = EngineClient(settings, client_name="engine")
        try:
            return await client.status()
        finally:
            await client.close()

    return anyio.run(ask)


def _shut_down(settings: Settings) -> bool:
    """End the daemon, if one is running."""
    import anyio

    from mcp_smalltools.engine.client.client import EngineClient
    from mcp_smalltools.engine.endpoint import Endpoint

    if Endpoint(settings.runtime_dir).living_pid() is None:
        return False

    async def end() -> None:
        client = EngineClient(settings, client_name="engine")
        await client.shutdown()
        await client.close()

    anyio.run(end)
    return True


@contextmanager
def _shown() -> Iterator[Show]:
    """What is being done: a bar on a terminal, else a line on stderr for each step."""
    from mcp_smalltools.commands.common.show import progress_bar

    if sys.stderr.isatty():
        with progress_bar(True) as bar:
            yield lambda what: bar(0, None, what)
    else:
        yield lambda what: print(what, file=sys.stderr, flush=True)
