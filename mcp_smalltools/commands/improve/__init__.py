"""Make specialists better with the corrections that report_outcome was told. It stays on this machine.

  mcp-smalltools improve --dry-run        what there is, what would be learned, figures before and after
  mcp-smalltools improve                  and keep what is better
  mcp-smalltools improve --undo 1f0c…     go back to the version before
  mcp-smalltools improve --every night    have the system run it at 03:30; --never takes that back

What was trained on a folder (`mcp-smalltools train`) is trained again when the folder has changed enough.

What is learned of a set of labels is kept only if held-out corrections are answered better by more than
chance, and everything else as before: the skill's own cases, and texts that ship. Nothing is learned from
sealed roots, or from what a file says of itself.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from mcp_smalltools.commands.common.numbers import number
from mcp_smalltools.commands.improve import nightly, trained_again
from mcp_smalltools.config import Settings

if TYPE_CHECKING:
    from mcp_smalltools.learning.improve.run import Improvement, ImproveReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tool", nargs="?", metavar="TOOL", help="only corrections of this tool or skill")
    parser.add_argument(
        "--teacher", metavar="ID", help="model that is asked why a run failed where no correction says it"
    )
    parser.add_argument(
        "--teacher-url", default="", metavar="URL", help="OpenAI-compatible server that runs the teacher"
    )
    parser.add_argument("--dry-run", action="store_true", help="measure and show, keep nothing")
    parser.add_argument(
        "--list", action="store_true", help="show what was learned, and which version is in use"
    )
    parser.add_argument("--undo", metavar="KEY", help="use the version before of what has this key")
    parser.add_argument("--forget", action="store_true", help="delete all that was learned from corrections")
    parser.add_argument(
        "--minutes",
        type=number(),
        default=60.0,
        metavar="N",
        help="time for training again, at most (default: 60)",
    )
    nightly.add_arguments(parser)
    parser.add_argument("--quiet", action="store_true", help="say only what was kept, for nightly runs")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(args: argparse.Namespace, settings: Settings) -> int:
    if args.undo:
        return _undo(args, settings)
    if args.forget:
        return _forget(args, settings)
    if args.list:
        return _list(args, settings)
    if args.every or args.never:
        return nightly.change(args, settings)
    report = _improve(args, settings)
    again = trained_again.train_again(args, settings)
    never = trained_again.never_trained(args, settings)
    if args.json:
        found = [one.to_json() for one in report.improvements]
        trained = [one.to_json() for one in again]
        told = {"left": report.left, "trained": trained, "never_trained": never}
        print(json.dumps({"improvements": found, **told}, ensure_ascii=False))
        return 0
    for one in report.improvements:
        if one.version or not args.quiet:
            print("\n".join(_lines_of(one, dry_run=args.dry_run)))
    trained_again.print_trained(again, quiet=args.quiet, dry_run=args.dry_run)
    if not args.quiet:
        for reason, count in report.left.items():
            print(f"{count} are not used: {reason}")
        trained_again.print_never_trained(never)
        if not (report.improvements or again or never):
            print("There are no corrections to learn from; agents report them with report_outcome.")
    return 0


def _improve(args: argparse.Namespace, settings: Settings) -> ImproveReport:
    import anyio

    from mcp_smalltools.commands.common.show import progress_bar
    from mcp_smalltools.learning.improve.run import improve
    from mcp_smalltools.learning.improve.teacher import Teacher

    teacher = Teacher(args.teacher, args.teacher_url) if args.teacher else None
    # Its matrices are small: threads that wait for each other take longer, above all on a busy machine.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with progress_bar(sys.stderr.isatty() and not args.json and not args.quiet) as progress:

        async def improved() -> ImproveReport:
            return await improve(
                settings, None, progress, only=args.tool, dry_run=args.dry_run, teacher=teacher
            )

        return anyio.run(improved)


def _lines_of(one: Improvement, *, dry_run: bool) -> list[str]:
    lines = [
        f"{one.title}  [{one.key}]",
        f"  {one.cases} cases of {one.reports} reports, {one.confirmed} of them of answers that were right",
        *(f"  {count} left out: {why}" for why, count in one.left.items()),
    ]
    if one.trial:
        lines += one.trial.said()
    if one.version:
        lines.append(
            f"  Kept as version {one.version}; take it back: mcp-smalltools improve --undo {one.key}"
        )
    elif one.better and dry_run:
        lines.append("  It would be kept.")
    else:
        lines += [f"  Not kept: {reason}." for reason in one.reasons]
    return lines


def _list(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.learning.improve.kept import learned_states

    states = learned_states(settings)
    if args.json:
        print(json.dumps([asdict(state) for state in states], ensure_ascii=False))
        return 0
    for state in states:
        use = f"version {state.version} in use" if state.version else "as shipped"
        print(f"{state.key}  {use}, {state.examples} cases  {state.title}")
    if not states:
        print("Nothing was learned from corrections yet.", file=sys.stderr)
    return 0


def _undo(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.learning.improve.kept import undo

    version = undo(settings, args.undo)
    if args.json:
        print(json.dumps({"version": version}))
    else:
        print(f"Version {version} is in use again." if version else "It is as shipped again.")
    return 0


def _forget(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.learning.improve.kept import forget

    count = forget(settings)
    print(json.dumps({"forgotten": count}) if args.json else f"What was learned of {count} tasks is deleted.")
    return 0
