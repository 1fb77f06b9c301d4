"""What was trained on folders is trained again, and what came of it is shown."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mcp_smalltools.config import Settings

if TYPE_CHECKING:
    from mcp_smalltools.learning.improve.retrain import Retrained
    from mcp_smalltools.stores.outcomes import ReportedOutcome


def train_again(args: argparse.Namespace, settings: Settings) -> list[Retrained]:
    """Within `--minutes`; only the tool that is named, if one is."""
    from mcp_smalltools.commands.train import trainings
    from mcp_smalltools.learning.improve.retrain import TrainingBudget, retrain

    wanted = {name: one for name, one in trainings().items() if args.tool in (None, name)}
    outcomes = _reported(settings)

    def say(text: str) -> None:
        if not args.quiet and not args.json:
            print(text, file=sys.stderr, flush=True)

    return retrain(settings, wanted, outcomes, TrainingBudget(args.minutes * 60), say, dry_run=args.dry_run)


def never_trained(args: argparse.Namespace, settings: Settings) -> dict[str, int]:
    """How many answers were reported wrong of each tool that a folder could teach and none has taught."""
    from mcp_smalltools.learning.improve import retrain

    found = retrain.never_trained(settings, _reported(settings))
    return {tool: count for tool, count in found.items() if args.tool in (None, tool)}


def print_never_trained(found: Mapping[str, int]) -> None:
    for tool, count in found.items():
        answers = "answer of {} was" if count == 1 else "answers of {} were"
        print(
            f"{count} {answers.format(tool)} reported wrong. What it learns from is a folder: "
            f"mcp-smalltools train {tool} --from DIR"
        )


def _reported(settings: Settings) -> Sequence[ReportedOutcome]:
    from contextlib import closing

    from mcp_smalltools.stores.outcomes import open_outcomes

    with closing(open_outcomes(settings.state_dir)) as store:
        return store.all()


def print_trained(found: Sequence[Retrained], *, quiet: bool, dry_run: bool) -> None:
    for one in found:
        trained = one.trained
        if quiet and not (trained and trained.version):
            continue
        print(f"{one.tool} on {one.folder}")
        if trained is None:
            print(f"  left alone: {one.why}")
            continue
        print("\n".join(f"  {line}" for line in trained.lines))
        if trained.version:
            undo = f"mcp-smalltools train {one.tool} --from {one.folder} --undo"
            print(f"  Kept as version {trained.version}; take it back: {undo}")
        else:
            print("  It would be kept." if trained.better and dry_run else "  Not kept.")
