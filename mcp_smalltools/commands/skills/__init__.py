"""Manage tools of your own: folders with a skill.toml, no code (docs/skills.md).

mcp-smalltools skills new support_tickets --kind classify
mcp-smalltools skills validate --eval examples/skills/support_tickets
mcp-smalltools skills add examples/skills/support_tickets
"""

from __future__ import annotations

import argparse

from mcp_smalltools.commands.skills import corrections, edit, inspect, projects, share
from mcp_smalltools.config import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for module in (edit, inspect, projects, share, corrections):
        module.add_arguments(actions)


def run(args: argparse.Namespace, settings: Settings) -> int:
    return int(args.run(args, settings))
