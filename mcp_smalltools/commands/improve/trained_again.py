"""What was trained on folders is trained again, and what came of it is shown."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mcp_smalltools.config import Settings

if TYPE_CHECKING:
    from mcp_smalltools.learning.improve.retrain import Retrained


def train_again(args: argparse.Namespace, settings: Settings) -> list[Retrained]:
    """Within `--minutes`; only the tool that is named, if one is."""
    from contextlib import closing

    from mcp_smalltools.commands.train import trainings
    from mcp_smalltools.learning.improve.retrain import TrainingBudget, retrain
    from mcp_smalltools.stores.outcomes import open_outcomes

    wanted = {name: one for name, one in trainings().items() if args.tool in (None, name)}
    with closing(open_outcomes(settings.state_dir)) as store:
        outcomes = store.all()

    def say(text: str) -> None:
        if not args.quiet and not args.json:
            print(text, file=sys.stderr, flush=True)

    return retrain(settings, wanted, outcomes, TrainingBudget(args.minutes * 60), say, dry_run=args.dry_run)


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
