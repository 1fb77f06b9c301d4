"""Undo `install`. If nobody has changed the client's file since, it is restored byte for byte."""

from __future__ import annotations

import argparse
import sys

from mcp_smalltools.commands.install import add_target, installed_hooks, target_of
from mcp_smalltools.config import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.clients.registration import Registration

    client, path = target_of(args)
    hooks = installed_hooks(args, settings)
    if hooks is not None:  # first: where both are in one file, they were written last
        change = hooks.planned_removal() if args.dry_run else hooks.uninstall()
        if change.is_needed:
            sys.stdout.write(change.diff())
            if not args.dry_run:
                print(f"Hooks removed from {client.title}, in {change.path}.")
    registration = Registration(client, path, settings)
    change = registration.planned_removal() if args.dry_run else registration.uninstall()
    if not change.is_needed:
        print(f"{client.title} has no entry for this server in {change.path}.")
        return 0
    sys.stdout.write(change.diff())
    if not args.dry_run:
        print(f"Removed from {client.title}, in {change.path}.")
    return 0
