"""Tools of your own, without code: a folder with a skill.toml each. docs/skills.md says what stands in it.

mcp-smalltools skills new support_tickets --kind classify
mcp-smalltools skills validate --eval examples/skills/support_tickets
mcp-smalltools skills add examples/skills/support_tickets
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import SkillError, SmallToolsError
from mcp_smalltools.suggest import did_you_mean

if TYPE_CHECKING:
    from mcp_smalltools.skills.packs import Pack
    from mcp_smalltools.tools.own.skill import SkillTool
    from mcp_smalltools.tools.registry import SkillState


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from mcp_smalltools.skills.template import KINDS

    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    new = actions.add_parser("new", help="write a skill that works, to be changed")
    new.add_argument("name", help="of the tool: 1 to 30 of a-z and _")
    new.add_argument("--kind", choices=KINDS, default="classify", help="default: classify")
    new.add_argument("--dir", type=Path, metavar="DIR", help="where (default: your skills, in use at once)")

    validate = actions.add_parser("validate", help="check a skill, and measure it with --eval")
    validate.add_argument("skills", nargs="*", metavar="SKILL", help="folder or name (default: all of yours)")
    validate.add_argument(
        "--eval", action="store_true", help="run the cases that it names, and say how it does"
    )
    validate.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    add = actions.add_parser("add", help="check a skill and copy it to yours")
    add.add_argument("folder", type=Path)
    add.add_argument("--replace", action="store_true", help="in place of one with its name")

    listing = actions.add_parser("list", help="your skills, and what is wrong with them")
    _add_root(listing)
    listing.add_argument("--json", action="store_true", help="print one JSON array and nothing else")

    show = actions.add_parser("show", help="what an agent sees of a skill")
    show.add_argument("name")
    _add_root(show)
    show.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    remove = actions.add_parser("remove", help="take a skill out of yours; it is kept in the state folder")
    remove.add_argument("name")

    allow = actions.add_parser("allow", help="use the skills of a project, as they are now")
    allow.add_argument("folder", type=Path, help="the project, with .smalltools/skills in it")
    allow.add_argument("--follow", action="store_true", help="also use whatever becomes of them later")
    disallow = actions.add_parser("disallow", help="take that back")
    disallow.add_argument("folder", type=Path)

    outcomes = actions.add_parser("outcomes", help="what was said of answers by report_outcome")
    outcomes.add_argument("tool", nargs="?", help="of one tool only")
    outcomes.add_argument(
        "--export", type=Path, metavar="FILE", help="write them there, a JSON object a line"
    )
    outcomes.add_argument("--forget", action="store_true", help="delete them")
    outcomes.add_argument("--json", action="store_true", help="print a JSON object a line and nothing else")

    learn = actions.add_parser("learn", help="take a classify skill's corrections as further examples")
    learn.add_argument("name")
    learn.add_argument("--dry-run", action="store_true", help="say what would be taken, and measure it")


def run(args: argparse.Namespace, settings: Settings) -> int:
    return _ACTIONS[args.action](args, settings)


def _add_root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root", action="append", metavar="DIR[:LEVEL]", help="a root whose .smalltools/skills counts too"
    )


def _new(args: argparse.Namespace, settings: Settings) -> int:
    import re

    from mcp_smalltools.skills.manifest import NAME_PATTERN
    from mcp_smalltools.skills.template import write_new
    from mcp_smalltools.tools.built_in import built_in_tools

    if not re.match(NAME_PATTERN, args.name):
        raise SkillError(f"{args.name!r} can't be a name.", remedy="Use 1 to 30 of the letters a to z and _.")
    if args.name in built_in_tools():
        raise SkillError(f"{args.name!r} is the name of a built-in tool.", remedy="Take another.")
    path = write_new(args.name, args.kind, args.dir or settings.skills_dir.expanduser())
    print(
        f"{path}\nChange it as you like; saving is enough. `mcp-smalltools skills list` says what is wrong."
    )
    return 0


def _validate(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.skills.packs import find_packs

    known = {pack.name: pack.folder for pack in find_packs(settings) if not pack.in_project}
    folders = [_folder_of(given, known) for given in args.skills] or list(known.values())
    report: dict[str, Any] = {}
    for folder in folders:
        report[folder.name] = _checked(folder, settings, measure=args.eval)
        if not args.json:
            _say(folder, report[folder.name])
    if args.json:
        print(json.dumps(report, ensure_ascii=False))
    elif not folders:
        print("There are no skills yet: `mcp-smalltools skills new NAME` writes one.", file=sys.stderr)
    return int(any("problem" in found for found in report.values()))


def _folder_of(given: str, known: Mapping[str, Path]) -> Path:
    folder = Path(given).expanduser()
    if not folder.is_dir() and given in known:
        return known[given]
    return folder.absolute()


def _checked(folder: Path, settings: Settings, *, measure: bool) -> dict[str, Any]:
    try:
        tool = _tool(folder, settings)
        if not measure:
            return {"good": True}
        from mcp_smalltools.evaluation.suites.own_skill import evaluate

        return {"good": True, "eval": evaluate(tool.skill, settings)}
    except SmallToolsError as error:
        return {"good": False, "problem": str(error)}


def _tool(folder: Path, settings: Settings) -> SkillTool:
    """The tool that a folder would make. Raises SkillError."""
    from mcp_smalltools.skills.manifest import read_skill
    from mcp_smalltools.tools.built_in import built_in_tools
    from mcp_smalltools.tools.registry import make_tool

    return make_tool(read_skill(folder), settings, built_in_tools())


def _say(folder: Path, found: Mapping[str, Any]) -> None:
    if "problem" in found:
        print(f"{folder.name}: {found['problem']}")
        return
    print(f"{folder.name}: good")
    for name, value in found.get("eval", {}).items():
        print(f"  {name:<28} {value if value is not None else '-'}")


def _add(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.skills.installed import add

    tool = _tool(args.folder.expanduser().absolute(), settings)
    target = add(tool.skill, settings, replace=args.replace)
    print(f"{tool.name}: in {target}. Agents that run are told within two seconds.")
    for state in _states(settings):
        if state.name == tool.name and state.problem:
            print(state.problem)
    return 0


def _list(args: argparse.Namespace, settings: Settings) -> int:
    from dataclasses import asdict

    states = _states(settings)
    if args.json:
        print(json.dumps([asdict(state) for state in states], ensure_ascii=False))
        return 0
    if not states:
        print("There are no skills yet: `mcp-smalltools skills new NAME` writes one.", file=sys.stderr)
        return 0
    for state in states:
        use = "in use" if state.in_use else "not in use"
        print(f"{state.name:<20} {state.kind or '-':<10} {use:<12} {state.folder}")
        if state.problem:
            print(f"  {state.problem}")
    return 0


def _states(settings: Settings) -> list[SkillState]:
    from mcp_smalltools.tools.built_in import built_in_tools
    from mcp_smalltools.tools.registry import ToolRegistry

    return ToolRegistry(settings, built_in_tools()).states()


def _show(args: argparse.Namespace, settings: Settings) -> int:
    tool = _tool(_pack(args.name, settings).folder, settings)
    from mcp_smalltools.server.tool_schema import input_schema

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


def _pack(name: str, settings: Settings) -> Pack:
    from mcp_smalltools.skills.packs import find_packs

    packs = {pack.name: pack for pack in reversed(find_packs(settings))}
    if name not in packs:
        raise SkillError(
            f"There is no skill {name!r}{did_you_mean(name, packs)}.",
            remedy=f"Skills are: {', '.join(sorted(packs)) or 'none'}.",
        )
    return packs[name]


def _remove(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.skills.installed import set_aside

    pack = _pack(args.name, settings)
    if pack.in_project:
        remedy = f"mcp-smalltools skills disallow {pack.folder}"
        raise SkillError(f"{pack.folder} belongs to a project: it is not removed.", remedy=remedy)
    print(f"{pack.name}: removed; it is kept in {set_aside(pack.folder, settings)}.")
    return 0


def _allow(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.skills.packs import allow

    packs = allow(args.folder, settings, follow=args.follow)
    for pack in packs:
        assert pack.skill is not None
        print(f"{pack.name} ({pack.skill.file.kind}): {pack.skill.file.description}")
    print("Allowed, and what becomes of them." if args.follow else "Allowed as they are now.")
    return 0


def _disallow(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.skills.packs import disallow

    print("Taken back." if disallow(args.folder, settings) else "Nothing was allowed there.")
    return 0


def _outcomes(args: argparse.Namespace, settings: Settings) -> int:
    from dataclasses import asdict

    from mcp_smalltools.stores.outcomes import open_outcomes

    outcomes = open_outcomes(settings.state_dir)
    try:
        rows = outcomes.all(args.tool)
        lines = [json.dumps(asdict(row), ensure_ascii=False) for row in rows]
        if args.export:
            try:
                args.export.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            except OSError as error:
                raise SkillError(f"{args.export} can't be written: {error.strerror}.") from None
        if args.forget:
            outcomes.forget(args.tool)
    finally:
        outcomes.close()
    if args.json:
        print("\n".join(lines))
        return 0
    for row in rows:
        said = f": {row.correction}" if row.correction else ""
        print(f"{row.call_id} {row.tool:<16} {row.verdict:<6}{said} ({len(row.examples)} labelled items)")
    print(f"{len(rows)} outcomes{', forgotten' if args.forget else ''}.", file=sys.stderr)
    return 0


def _learn(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.learning.from_outcomes import learn

    for line in learn(_tool(_pack(args.name, settings).folder, settings), settings, dry_run=args.dry_run):
        print(line)
    return 0


_ACTIONS: Mapping[str, Callable[[argparse.Namespace, Settings], int]] = {
    "new": _new,
    "validate": _validate,
    "add": _add,
    "list": _list,
    "show": _show,
    "remove": _remove,
    "allow": _allow,
    "disallow": _disallow,
    "outcomes": _outcomes,
    "learn": _learn,
}
