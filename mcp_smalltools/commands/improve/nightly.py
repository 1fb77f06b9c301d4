"""`improve --every night` and `--never`: the system's timer."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mcp_smalltools.config import ENV_PREFIX, Settings
from mcp_smalltools.errors import UsageError

if TYPE_CHECKING:
    from mcp_smalltools.learning.nightly.timers import NightlyRun

_AT: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_DEFAULT: Final = "03:30"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--every", choices=["night"], help="have the system run `improve` every night (it asks first)"
    )
    parser.add_argument(
        "--at", default="", metavar="HH:MM", help=f"when, with --every night (default: {_DEFAULT})"
    )
    parser.add_argument("--never", action="store_true", help="take the nightly run out again")
    parser.add_argument("--yes", action="store_true", help="don't ask, with --every night")


def change(args: argparse.Namespace, settings: Settings) -> int:
    """Install the timer, or take it out; with `--dry-run` show what would be done."""
    from mcp_smalltools.learning.nightly.install_timer import NightlyTimer, installed_timer, uninstall_timer

    if args.never:
        found = installed_timer(settings.state_dir)
        if args.dry_run and found:
            print("\n".join([f"{found['kind']}, at {found['at']}", *found["files"]]))
        else:
            print(f"`improve` does not run every night any more ({uninstall_timer(settings.state_dir)}).")
        return 0
    timer = NightlyTimer.of(_run_of(args), settings.state_dir, Path.home())
    print("\n".join(timer.shown()))
    if args.dry_run:
        return 0
    if not args.yes and not _agreed():
        print("Nothing was changed.")
        return 1
    timer.install()
    print(f"`improve` runs every night at {timer.run.at} ({timer.kind}). `improve --never` takes it out.")
    return 0


def _run_of(args: argparse.Namespace) -> NightlyRun:
    """Raises UsageError."""
    from mcp_smalltools.learning.nightly.timers import NightlyRun
    from mcp_smalltools.processes import module_command

    match = _AT.fullmatch(args.at or _DEFAULT)
    if match is None:
        raise UsageError(f"--at {args.at} is not a time of day.", remedy=f"Write it as {_DEFAULT}.")
    options = [f"--minutes={args.minutes:g}", *([args.tool] if args.tool else [])]
    options += [f"--config={args.config.expanduser().absolute()}"] if args.config else []
    command = module_command("mcp_smalltools", "improve", "--quiet", *options)
    if many := [name for name, value in os.environ.items() if name.startswith(ENV_PREFIX) and "\n" in value]:
        raise UsageError(
            f"{many[0]} has several lines, which a timer can't be given.",
            remedy="Set it in the configuration file instead.",
        )
    own = {name: value for name, value in os.environ.items() if name.startswith(ENV_PREFIX)}
    return NightlyRun(command, int(match[1]), int(match[2]), own)


def _agreed() -> bool:
    """Raises UsageError where nobody can be asked."""
    if not sys.stdin.isatty():
        raise UsageError("Nobody can be asked here.", remedy="Add --yes to install what is shown above.")
    return input("Install this? [y/N] ").strip().lower() in ("y", "yes")
