"""Undo `install`. If nobody has changed the client's file since, it is restored byte for byte."""

from __future__ import annotations

import argparse
import sys

from mcp_smalltools.commands.install import add_target, target_of
from mcp_smalltools.config import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.clients.registration import Registration

    client, path = target_of(args)
    registration = Registration(client, path, settings)
    change = registration.planned_removal() if args.dry_run else registration.uninstall()
    if not change.is_needed:
        print(f"{client.title} has no entry for this server in {change.path}.")
    elif args.dry_run:
        sys.stdout.write(change.diff())
    else:
        sys.stdout.write(change.diff())
        print(f"Removed from {client.title}, in {change.path}.")
    return 0
