"""Run a command as if it were started alone, and say why it failed if it does.

Its exit code is the command's, or 128 and the number of the signal that ended it. Signals are passed on; on a
terminal the command gets one, too. The whole output is kept in a private folder (`mcp-smalltools hook clear`
removes it), and a command that fails with more than a screen of output is followed by the lines that say why,
on standard error.

  mcp-smalltools run -- make test
  mcp-smalltools run --mask -- env
"""

from __future__ import annotations

import argparse
import os
import sys

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mask",
        action="store_true",
        help="mask secrets and personal data in what is shown and kept; the command gets no terminal",
    )
    parser.add_argument(
        "command", nargs=argparse.REMAINDER, metavar="COMMAND", help="the command with its arguments"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    if sys.platform == "win32":
        raise UsageError("`run` needs a Unix system.", remedy="Run the command itself.")
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        raise UsageError("There is no command to run.", remedy="Write it after --: run -- make test.")
    from mcp_smalltools.hooks.run.runner import CommandRun

    code = CommandRun(command, settings, args.mask).run()
    os._exit(code)  # a worker that was started for nothing isn't waited for; all is written
