"""`skills validate`, `list` and `show`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import SmallToolsError

_NO_SKILLS = "There are no skills yet; `mcp-smalltools skills new NAME` writes one."


def add_arguments(actions: Any) -> None:
    validate = actions.add_parser("validate", help="check a skill, and measure it with --eval")
    validate.add_argument(
        "skills", nargs="*", metavar="SKILL", help="folder or name (default: all of your skills)"
    )
    validate.add_argument(
        "--eval", action="store_true", help="run the skill's evaluation cases and print its scores"
    )
    validate.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    validate.set_defaults(run=_validate)

    listing = actions.add_parser("list", help="your skills, and what is wrong with them")
    _add_root(listing)
    listing.add_argument("--json", action="store_true", help="print one JSON array and nothing else")
    listing.set_defaults(run=_list)

    show = actions.add_parser("show", help="what an agent sees of a skill")
    show.add_argument("name")
    _add_root(show)
    show.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    show.set_defaults(run=_show)


def _add_root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root",
        action="append",
        metavar="DIR[:LEVEL]",
        help="root whose .smalltools/skills is included; repeatable",
    )


def _validate(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.skills.packs import find_packs

    known = {pack.name: pack.folder for pack in find_packs(settings) if not pack.in_project}
    folders = [_folder_of(given, known) for given in args.skills] or list(known.values())
    report: dict[str, Any] = {}
    for folder in folders:
        report[folder.name] = _validate_one(folder, settings, measure=args.eval)
        if not args.json:
            _print_validation(folder, report[folder.name])
    if args.json:
        print(json.dumps(report, ensure_ascii=False))
    elif not folders:
        print(_NO_SKILLS, file=sys.stderr)
    return int(any("problem" in found for found in report.values()))


def _folder_of(given: str, known: Mapping[str, Path]) -> Path:
    folder = Path(given).expanduser()
    if not folder.is_dir() and given in known:
        return known[given]
    return folder.absolute()


def _validate_one(folder: Path, settings: Settings, *, measure: bool) -> dict[str, Any]:
    from mcp_smalltools.tools.built_in import built_in_tools
    from mcp_smalltools.tools.registry import read_tool

    try:
        tool = read_tool(folder, settings, built_in_tools())
        if not measure:
            return {"good": True}
        from mcp_smalltools.evaluation.suites.own_skill import evaluate

        return {"good": True, "eval": evaluate(tool.skill, settings)}
    except SmallToolsError as error:
        return {"good": False, "problem": str(error)}


def _print_validation(folder: Path, found: Mapping[str, Any]) -> None:
    if "problem" in found:
        print(f"{folder.name}: {found['problem']}")
        return
    print(f"{folder.name}: good")
    for name, value in found.get("eval", {}).items():
        print(f"  {name:<28} {value if value is not None else '-'}")


def _list(args: argparse.Namespace, settings: Settings) -> int:
    from dataclasses import asdict

    from mcp_smalltools.tools.built_in import built_in_tools
    from mcp_smalltools.tools.registry import ToolRegistry

    states = ToolRegistry(settings, built_in_tools()).states()
    if args.json:
        print(json.dumps([asdict(state) for state in states], ensure_ascii=False))
        return 0
    if not states:
        print(_NO_SKILLS, file=sys.stderr)
    for state in states:
        use = "in use" if state.in_use else "not in use"
        print(f"{state.name:<20} {state.kind or '-':<10} {use:<12} {state.folder}")
        if state.problem:
            print(f"  {state.problem}")
    return 0


def _show(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.server.tool_schema import input_schema
    from mcp_smalltools.skills.packs import find_pack
    from mcp_smalltools.tools.built_in import built_in_tools
    from mcp_smalltools.tools.registry import read_tool

    tool = read_tool(find_pack(args.name, settings).folder, settings, built_in_tools())
    seen = {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "arguments": input_schema(tool.Arguments).get("properties", {}),
        "kind": tool.skill.file.kind,
        "examples": len(tool.skill.examples),
        "folder": str(tool.skill.folder),
    }
    if args.json:
        print(json.dumps(seen, ensure_ascii=False))
        return 0
    print(f"{tool.name} ({tool.skill.file.kind}, {tool.skill.folder})\n\n{tool.description}\n")
    for name, schema in seen["arguments"].items():
        print(f"  {name:<14} {schema.get('description', '')}")
    return 0
