"""`skills outcomes` and `learn`: what was reported about answers, and learning from it."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import SkillError


def add_arguments(actions: Any) -> None:
    outcomes = actions.add_parser("outcomes", help="what report_outcome was told about answers")
    outcomes.add_argument("tool", nargs="?", help="only outcomes of this tool")
    outcomes.add_argument(
        "--export", type=Path, metavar="FILE", help="also write them to FILE, one JSON object a line"
    )
    outcomes.add_argument("--forget", action="store_true", help="delete them")
    outcomes.add_argument("--json", action="store_true", help="print one JSON object a line and nothing else")
    outcomes.set_defaults(run=_outcomes)

    learn = actions.add_parser("learn", help="add a classify skill's corrections to its examples")
    learn.add_argument("name")
    learn.add_argument("--dry-run", action="store_true", help="show and measure the examples, add nothing")
    learn.set_defaults(run=_learn)


def _outcomes(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.stores.outcomes import open_outcomes

    outcomes = open_outcomes(settings.state_dir)
    try:
        rows = outcomes.all(args.tool)
        lines = [json.dumps(asdict(row), ensure_ascii=False) for row in rows]
        if args.export:
            _export(lines, args.export)
        if args.forget:
            outcomes.forget(args.tool)
    finally:
        outcomes.close()
    if args.json:
        print("\n".join(lines))
        return 0
    for row in rows:
        correction = f": {row.correction}" if row.correction else ""
        print(
            f"{row.call_id} {row.tool:<16} {row.verdict:<6}{correction} ({len(row.examples)} labelled items)"
        )
    print(f"{len(rows)} outcomes{', forgotten' if args.forget else ''}.", file=sys.stderr)
    return 0


def _export(lines: list[str], path: Path) -> None:
    try:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise SkillError(f"{path} can't be written: {error.strerror}.") from None


def _learn(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.learning.from_outcomes import learn
    from mcp_smalltools.skills.packs import find_pack
    from mcp_smalltools.tools.built_in import built_in_tools
    from mcp_smalltools.tools.registry import read_tool

    tool = read_tool(find_pack(args.name, settings).folder, settings, built_in_tools())
    for line in learn(tool, settings, dry_run=args.dry_run):
        print(line)
    return 0
