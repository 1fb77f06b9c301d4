"""Register the server with a client, for one project or for all.

Other entries, comments and layout of the client's file are kept; `uninstall` undoes the change exactly.

  mcp-smalltools install claude-code --dry-run
  mcp-smalltools install codex --root ~/work
  mcp-smalltools install claude-code --remote https://box.example/sse
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import UsageError

if TYPE_CHECKING:
    from mcp_smalltools.clients.known import Client


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument(
        "--root",
        action="append",
        metavar="DIR[:LEVEL]",
        help="folder that may be read; repeatable (default: the one the agent works in)",
    )
    parser.add_argument(
        "--remote", metavar="URL", help="/mcp or /sse address of a server that runs elsewhere"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.clients.known import TOKEN_VARIABLE, server_command
    from mcp_smalltools.clients.registration import Registration

    client, path = target_of(args)
    if args.remote and args.root:
        raise UsageError("--root can't be used with --remote.", remedy="Give it to the other server.")
    if args.remote:
        if not args.remote.startswith(("http://", "https://")):
            raise UsageError(f"{args.remote} is not an address.", remedy="Write it as https://HOST/mcp.")
        entry = client.remote(args.remote)
    else:
        roots = [f"{r.path.expanduser().absolute()}:{r.level}" for r in settings.roots] if args.root else []
        entry = client.stdio(server_command(roots))
    registration = Registration(client, path, settings)
    change = registration.planned(entry) if args.dry_run else registration.install(entry)
    if not change.is_needed:
        print(f"{client.title} already has this entry, in {change.path}.")
        return 0
    if args.dry_run:
        sys.stdout.write(change.diff())
        return 0
    sys.stdout.write(change.diff())
    print(f"Registered with {client.title} in {change.path}. {client.after}")
    if registration.backup.is_file():
        print(f"A copy of the old file is in {registration.backup}; `uninstall` restores it.")
    if args.remote:
        print(f"Before you start the client, set {TOKEN_VARIABLE} to the server's token.")
    return 0


def add_target(parser: argparse.ArgumentParser) -> None:
    from mcp_smalltools.clients.known import CLIENTS

    parser.add_argument("client", choices=list(CLIENTS))
    parser.add_argument(
        "--scope",
        choices=("project", "user"),
        help="this project, or all projects of the user (default: project, if the client has it)",
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")


def target_of(args: argparse.Namespace) -> tuple[Client, Path]:
    from mcp_smalltools.clients.known import CLIENTS

    client = CLIENTS[args.client]
    scope = args.scope or next(iter(client.files))
    if scope not in client.files:
        raise UsageError(
            f"{client.title} has no scope {scope!r}.", remedy=f"Use --scope {', '.join(client.files)}."
        )
    return client, client.files[scope]()
