"""Register the server with a client, for one project or for all.

Other entries, comments and layout of the client's file are kept; `uninstall` undoes the change exactly.

  mcp-smalltools install claude-code --dry-run
  mcp-smalltools install claude-code --hooks keep,tell,guard
  mcp-smalltools install codex --root ~/work
  mcp-smalltools install claude-code --remote https://box.example/sse
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_smalltools.commands.common.root_option import add_roots
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import UsageError
from mcp_smalltools.level import PrivacyLevel

if TYPE_CHECKING:
    from mcp_smalltools.clients.hook_commands import ClientHooks
    from mcp_smalltools.clients.hook_registration import HookRegistration
    from mcp_smalltools.clients.known import Client
    from mcp_smalltools.clients.registration import FileRegistration


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    add_roots(parser, "the one the agent works in")
    parser.add_argument(
        "--hooks",
        metavar="NAMES",
        help="also have the client call us where the agent works: any of keep,tell,guard (docs/hooks.md)",
    )
    parser.add_argument(
        "--outputs",
        action="store_true",
        help="let the server read outputs of commands that were put aside, too (--hooks keep implies it)",
    )
    parser.add_argument(
        "--remote", metavar="URL", help="/mcp or /sse address of a server that runs elsewhere"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.clients.known import TOKEN_VARIABLE, server_command
    from mcp_smalltools.clients.registration import Registration

    client, path = target_of(args)
    if args.remote and (args.root or args.hooks):
        option = "--root" if args.root else "--hooks"
        raise UsageError(f"{option} can't be used with --remote.", remedy="Give it to the other server.")
    roots = [f"{r.path.expanduser().absolute()}:{r.level}" for r in settings.roots] if args.root else []
    if args.remote:
        if not args.remote.startswith(("http://", "https://")):
            raise UsageError(f"{args.remote} is not an address.", remedy="Write it as https://HOST/mcp.")
        entry = client.remote(args.remote)
    else:
        outputs = args.outputs or "keep" in (args.hooks or "")
        entry = client.stdio(server_command(roots, outputs=outputs))
    hooks = hook_registration(args, settings, roots)
    registration = Registration(client, path, settings)
    change = registration.planned(entry) if args.dry_run else registration.install(entry)
    if change.is_needed:
        sys.stdout.write(change.diff())
    else:
        print(f"{client.title} already has this entry, in {change.path}.")
    if change.is_needed and not args.dry_run:
        print(f"Registered with {client.title} in {change.path}. {client.after}")
        _say_backup(registration)
        if args.remote:
            print(f"Before you start the client, set {TOKEN_VARIABLE} to the server's token.")
    if hooks is not None:
        _install_hooks(hooks, client, args)
    return 0


def _install_hooks(hooks: HookRegistration, client: Client, args: argparse.Namespace) -> None:
    change = hooks.planned_change() if args.dry_run else hooks.make_change()
    if not change.is_needed:
        print(f"{client.title} already has these hooks, in {change.path}.")
        return
    sys.stdout.write(change.diff())
    if args.dry_run:
        return
    print(f"Hooks ({args.hooks}) of {client.title} are in {change.path}. {hooks.after}".rstrip())
    _say_backup(hooks)


def _say_backup(registration: FileRegistration) -> None:
    if registration.backup.is_file():
        print(f"A copy of the old file is in {registration.backup}; `uninstall` restores it.")


def hook_registration(
    args: argparse.Namespace, settings: Settings, roots: Sequence[str]
) -> HookRegistration | None:
    """The hooks that were asked for, to be written; None where none were. Raises UsageError."""
    from mcp_smalltools.clients.hook_commands import chosen_parts, deny_rule, hook_command
    from mcp_smalltools.clients.hook_files import CLIENT_HOOKS
    from mcp_smalltools.clients.hook_registration import HookRegistration
    from mcp_smalltools.clients.known import CLIENTS

    if not args.hooks:
        return None
    title = CLIENTS[args.client].title
    hooks = CLIENT_HOOKS.get(args.client)
    if hooks is None:
        raise UsageError(f"{title} has no hooks that we know.", remedy="Install it without --hooks.")
    parts = chosen_parts(args.hooks, hooks, title)
    groups = hooks.groups(parts, lambda event: hook_command(event, parts, roots, hooks.name))
    sealed = [
        root.path.expanduser().absolute() for root in settings.roots if root.level is PrivacyLevel.SEALED
    ]
    rules = [deny_rule(folder) for folder in sealed] if "guard" in parts else []
    return HookRegistration(hooks, _hook_file(hooks, args.scope, title), settings, groups, rules)


def _hook_file(hooks: ClientHooks, scope: str | None, title: str) -> Path:
    """Raises UsageError."""
    scope = scope or next(iter(hooks.files))
    if scope not in hooks.files:
        raise UsageError(
            f"{title} has no hooks of scope {scope!r}.", remedy=f"Use --scope {', '.join(hooks.files)}."
        )
    return hooks.files[scope]()


def installed_hooks(args: argparse.Namespace, settings: Settings) -> HookRegistration | None:
    """The hooks of a client and scope, to be undone; None where the client has none."""
    from mcp_smalltools.clients.hook_files import CLIENT_HOOKS
    from mcp_smalltools.clients.hook_registration import HookRegistration

    hooks = CLIENT_HOOKS.get(args.client)
    if hooks is None or (args.scope and args.scope not in hooks.files):
        return None
    return HookRegistration(hooks, _hook_file(hooks, args.scope, args.client), settings)


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
