"""The command line: `mcp-smalltools COMMAND`. Each command is a module in `commands`, imported only when it
is asked for.

Exit codes: 0 done, 1 the tool failed, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from mcp_smalltools import __version__
from mcp_smalltools.suggest import did_you_mean

COMMANDS: Mapping[str, str] = {
    "serve": "run the MCP server",
    "call": "call one tool without an agent",
    "demo": "the main job on real files, through a real MCP client",
    "models": "list, pull, verify, add, remove and tune models",
    "skills": "tools of your own, a folder with a skill.toml each",
    "install": "register the server with a client",
    "uninstall": "undo what install did",
    "doctor": "examine the set-up and say what to do",
    "ledger": "what was read, what left, and what it saved",
    "audit": "exactly what left, by day; exportable",
    "tokens": "who may call a listening server: create, list, revoke",
    "train": "teach a tool from what is yours",
    "eval": "measure the quality of a tool on labelled data",
    "bench": "measure speed, a peer beside ours in the same run",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code. Never a traceback for a user's mistake."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _main(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has left: nothing more to say, also not when Python flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _main(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(_overview())
        return 0 if arguments else 2
    if arguments[0] in {"-V", "--version"}:
        print(f"mcp-smalltools {__version__}")
        return 0
    return _run(arguments[0], arguments[1:])


def _run(name: str, arguments: Sequence[str]) -> int:
    from mcp_smalltools.errors import SmallToolsError, UsageError

    if name not in COMMANDS:
        print(f"mcp-smalltools: there is no command {name!r}{did_you_mean(name, COMMANDS)}.", file=sys.stderr)
        return 2
    try:
        module = importlib.import_module(f"mcp_smalltools.commands.{name}")
        args = _parsed(command_parser(name, module), arguments)
        return int(module.run(args, _settings(args)))
    except SmallToolsError as error:
        print(f"mcp-smalltools {name}: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 130


def command_parser(name: str, module: ModuleType) -> argparse.ArgumentParser:
    """The parser of one command, with the flags that all commands share."""
    parser = argparse.ArgumentParser(
        prog=f"mcp-smalltools {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="config file (TOML) in place of the default one"
    )
    return parser


def _parsed(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """Options may stand before, between and after the positionals: `call classify --json '{…}'`."""
    try:
        return parser.parse_intermixed_args(arguments)
    except TypeError:  # argparse's refusal of a parser with subcommands
        return parser.parse_args(arguments)


def _settings(args: argparse.Namespace) -> Any:
    from mcp_smalltools.config import load_settings

    flags = {"roots": getattr(args, "root", None) or None, "output_dir": getattr(args, "output_dir", None)}
    return load_settings(config_file=args.config, flags=flags)


def _overview() -> str:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {what}" for name, what in COMMANDS.items())
    return (
        "usage: mcp-smalltools COMMAND [options]\n\n"
        "Small specialist models on your own machine, as named tools for coding agents.\n\n"
        f"commands:\n{commands}\n\n"
        "Try `mcp-smalltools demo`, then `mcp-smalltools install claude-code`. `COMMAND --help` says more."
    )


if __name__ == "__main__":
    sys.exit(main())
