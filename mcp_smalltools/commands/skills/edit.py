"""`skills new`, `add` and `remove`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mcp_smalltools.config import Settings


def add_arguments(actions: Any) -> None:
    from mcp_smalltools.skills.template import KINDS

    new = actions.add_parser("new", help="write a skill that works, for you to change")
    new.add_argument("name", help="name of the tool: 1 to 30 of the letters a to z and _")
    new.add_argument("--kind", choices=KINDS, default="classify", help="default: classify")
    new.add_argument(
        "--dir", type=Path, metavar="DIR", help="folder to write it to (default: your skills, in use at once)"
    )
    new.set_defaults(run=_new)

    add = actions.add_parser("add", help="check a skill and copy it to your skills")
    add.add_argument("folder", type=Path)
    add.add_argument("--replace", action="store_true", help="replace a skill of the same name")
    add.set_defaults(run=_add)

    remove = actions.add_parser("remove", help="take a skill out of use; it is kept in the state folder")
    remove.add_argument("name")
    remove.set_defaults(run=_remove)


def _new(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.skills.template import write_new
    from mcp_smalltools.tools.built_in import built_in_tools

    path = write_new(args.name, args.kind, args.dir or settings.skills_dir.expanduser(), built_in_tools())
    print(
        f"{path}\nChange it as you like; saving is enough. `mcp-smalltools skills list` says what is wrong."
    )
    return 0


def _add(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.skills.installed import add
    from mcp_smalltools.tools.built_in import built_in_tools
    from mcp_smalltools.tools.registry import ToolRegistry, read_tool

    built_in = built_in_tools()
    tool = read_tool(args.folder.expanduser().absolute(), settings, built_in)
    target = add(tool.skill, settings, replace=args.replace)
    print(f"{tool.name}: in {target}. Running agents see it within two seconds.")
    for state in ToolRegistry(settings, built_in).states():
        if state.name == tool.name and state.problem:
            print(state.problem)
    return 0


def _remove(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.skills.installed import remove

    print(f"{args.name}: removed; it is kept in {remove(args.name, settings)}.")
    return 0
