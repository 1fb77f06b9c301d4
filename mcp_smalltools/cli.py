"""The command line: `mcp-smalltools COMMAND`. Each command is a module in `commands`, imported when it runs.

Exit codes: 0 done, 1 the tool failed, 2 wrong usage.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

TYPE_CHECKING = False  # a hook is started for each command of the agent: `typing` and others take too long
if TYPE_CHECKING:
    import argparse
    from types import ModuleType
    from typing import Any

COMMANDS: Mapping[str, str] = {
    "serve": "run the MCP server",
    "call": "call one tool without an agent",
    "demo": "show the tools at work on example files, through a real MCP client",
    "engine": "install, show, update, stop and remove the engine, which runs the models",
    "models": "list, pull, verify, add, remove and tune models",
    "skills": "manage tools of your own, made of a skill.toml",
    "install": "register the server with a client",
    "uninstall": "undo what install did",
    "run": "run a command, keep its output, and say why it failed",
    "hook": "answer an event of an agent's client (installed by `install --hooks`)",
    "doctor": "check the installation and say what to fix",
    "ledger": "what was read, what was sent to agents, and what that saved",
    "dashboard": "the same on a page in your browser, with what to do next",
    "discover": "replay past sessions of agents: what the tools would have changed in them",
    "audit": "the exact answers sent to agents, by day; exportable",
    "tokens": "create, list and revoke access tokens of a listening server",
    "train": "train a tool on your own source code",
    "improve": "learn from the corrections of answers, if held-out cases say so",
    "eval": "measure the quality of a tool on labelled data",
    "bench": "measure speed, next to a peer in the same run",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. A user's mistake never shows a traceback."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if _is_event(arguments):
        from mcp_smalltools.hooks import hook_client

        return hook_client.main(arguments[1:])
    try:
        code = _main(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output is gone. Python must not fail again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _is_event(arguments: Sequence[str]) -> bool:
    """Whether a client's hook is asking: that is answered at once, and never fails."""
    return len(arguments) > 1 and arguments[0] == "hook" and arguments[1][:1].isupper()


def _main(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(_overview())
        return 0 if arguments else 2
    if arguments[0] in {"-V", "--version"}:
        from mcp_smalltools import __version__

        print(f"mcp-smalltools {__version__}")
        return 0
    return _run(arguments[0], arguments[1:])


def _run(name: str, arguments: Sequence[str]) -> int:
    import importlib

    from mcp_smalltools.errors import SmallToolsError, UsageError
    from mcp_smalltools.suggest import did_you_mean

    if name not in COMMANDS:
        unknown = f"there is no command {name!r}{did_you_mean(name, COMMANDS)}"
        print(f"mcp-smalltools: {unknown}. `mcp-smalltools --help` lists them.", file=sys.stderr)
        return 2
    try:
        module = importlib.import_module(f"mcp_smalltools.commands.{name}")
        args = _parse(command_parser(name, module), arguments)
        return int(module.run(args, _settings(args)))
    except SmallToolsError as error:
        print(f"mcp-smalltools {name}: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 130


def command_parser(name: str, module: ModuleType) -> argparse.ArgumentParser:
    """The parser of one command, with the options that all commands share."""
    import argparse
    from pathlib import Path

    parser = argparse.ArgumentParser(
        prog=f"mcp-smalltools {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="config file (TOML) to use instead of the default one"
    )
    return parser


def _parse(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """Options may come before, between and after the positionals: `call classify --json '{…}'`."""
    try:
        return parser.parse_intermixed_args(arguments)
    except TypeError:  # argparse doesn't do this for a parser with subcommands
        return parser.parse_args(arguments)


def _settings(args: argparse.Namespace) -> Any:
    from mcp_smalltools.config import load_settings

    flags = {
        "roots": getattr(args, "root", None) or None,
        "output_dir": getattr(args, "output_dir", None),
        "read_outputs": getattr(args, "outputs", None),
    }
    return load_settings(config_file=args.config, flags=flags)


def _overview() -> str:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {what}" for name, what in COMMANDS.items())
    return (
        "usage: mcp-smalltools COMMAND [options]\n\n"
        "Small specialist models on your own machine, as named tools for coding agents.\n\n"
        f"commands:\n{commands}\n\n"
        "Try `mcp-smalltools demo`, then `mcp-smalltools install claude-code`. For the options of a command: "
        "`mcp-smalltools COMMAND --help`."
    )


if __name__ == "__main__":
    sys.exit(main())
