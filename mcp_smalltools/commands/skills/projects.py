"""`skills allow` and `disallow`: whether a project's own skills are used."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mcp_smalltools.config import Settings


def add_arguments(actions: Any) -> None:
    allow = actions.add_parser("allow", help="use a project's skills, as they are now")
    allow.add_argument("folder", type=Path, help="the project, with .smalltools/skills in it")
    allow.add_argument("--follow", action="store_true", help="also use what they are changed to later")
    allow.set_defaults(run=_allow)

    disallow = actions.add_parser("disallow", help="stop using a project's skills, or one of them")
    disallow.add_argument("folder", type=Path, help="the project, or the skill's folder")
    disallow.set_defaults(run=_disallow)


def _allow(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.skills.packs import allow

    for pack in allow(args.folder, settings, follow=args.follow):
        assert pack.skill is not None
        print(f"{pack.name} ({pack.skill.file.kind}): {pack.skill.file.description}")
    print("Allowed, with later changes." if args.follow else "Allowed as they are now.")
    return 0


def _disallow(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.skills.packs import disallow

    print("No longer allowed." if disallow(args.folder, settings) else "Nothing was allowed there.")
    return 0
