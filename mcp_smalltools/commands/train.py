"""Train a tool on your own source code. What it learns stays in the state folder and can be undone.

mcp-smalltools train parse_log --from ~/src/my-service
mcp-smalltools train parse_log --rollback

parse_log reads the logging statements of a source tree and generates logs from them. What it learned is kept
only if these logs are parsed better, and those of held-out statements no worse.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import NotFound

if TYPE_CHECKING:
    from mcp_smalltools.learning.logs.adapt import Trial


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tool", choices=["parse_log"], metavar="TOOL", help="tool to train: parse_log")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--from", dest="source", type=Path, metavar="DIR", help="source tree of a program that writes logs"
    )
    what.add_argument("--rollback", action="store_true", help="go back to the version before")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(args: argparse.Namespace, settings: Settings) -> int:
    return _roll_back(settings, as_json=args.json) if args.rollback else _learn(args, settings)


def _roll_back(settings: Settings, *, as_json: bool) -> int:
    from mcp_smalltools.logs.judge.adaptation import roll_back

    version = roll_back(settings.state_dir)
    if version is None:
        raise NotFound("parse_log was not trained; there is nothing to go back to.")
    _forget_answers(settings)
    if as_json:
        print(json.dumps({"version": version}))
    else:
        print("parse_log is as shipped again." if not version else f"parse_log uses version {version} again.")
    return 0


def _learn(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.learning.logs.adapt import read_tree, try_out
    from mcp_smalltools.logs.judge.adaptation import save_version

    if not args.source.is_dir():
        raise NotFound(f"{args.source} is not a folder.", remedy="Name the folder of a source tree.")
    sources = read_tree(args.source)
    trial = try_out(sources)
    report = trial.report() | {"source": str(args.source.resolve())}
    version = None
    if trial.better:
        version = save_version(settings.state_dir, [item.pieces for item in sources], report)
        _forget_answers(settings)
    print(json.dumps(report | {"version": version}) if args.json else _report_text(trial, version))
    return 0


def _report_text(trial: Trial, version: int | None) -> str:
    before, after = trial.before, trial.after
    kept = (
        f"Kept as version {version}; --rollback undoes it."
        if version
        else "Not kept: it is not better than the version in use."
    )
    return "\n".join(
        [
            f"{trial.statements} logging statements. On logs generated from them, before and after:",
            f"  right templates          {before.templates:.3f} -> {after.templates:.3f}",
            f"  of held-out statements   {before.templates_held_out:.3f} -> {after.templates_held_out:.3f}",
            f"  right groups             {before.groups:.3f} -> {after.groups:.3f}",
            kept,
        ]
    )


def _forget_answers(settings: Settings) -> None:
    """Cached answers were made by another version of the judge."""
    from mcp_smalltools.stores.cache import AnswerCache

    path = settings.state_dir / "cache.db"
    if path.exists():
        cache = AnswerCache(path, max_mb=settings.cache_mb)
        try:
            cache.clear()
        finally:
            cache.close()
