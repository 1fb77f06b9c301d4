"""Train a tool on your own source code. What it learns stays in the state folder and can be undone.

mcp-smalltools train parse_log --from ~/src/my-service
mcp-smalltools train find_files --from ~/src/my-service
mcp-smalltools train find_files --from ~/src/my-service --undo

parse_log reads the logging statements of a source tree and generates logs from them. What it learned is kept
only if these logs are parsed better, and those of held-out statements no worse.

find_files reads the history of a git repository: the words of the commits that changed each file. What it
learned is kept only if held-out commits, the newest ones, find more of their files with it, or further up.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import NotFound, UsageError

if TYPE_CHECKING:
    from mcp_smalltools.learning.files.history_trial import HistoryTrial
    from mcp_smalltools.learning.logs.adapt import Trial


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "tool",
        choices=["parse_log", "find_files"],
        metavar="TOOL",
        help="tool to train: parse_log, find_files",
    )
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="DIR",
        help="source tree, or the git repository, to learn from",
    )
    parser.add_argument(
        "--undo",
        "--rollback",
        dest="undo",
        action="store_true",
        help="go back to the version before; of find_files, for the repository that --from names",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(args: argparse.Namespace, settings: Settings) -> int:
    if args.source is None and not (args.undo and args.tool == "parse_log"):
        raise UsageError("No folder is named.", remedy="Name the one to learn from with --from DIR.")
    if args.undo:
        return _undo(args, settings)
    if not args.source.is_dir():
        raise NotFound(f"{args.source} is not a folder.", remedy="Name the folder of a source tree.")
    return _learn_files(args, settings) if args.tool == "find_files" else _learn_logs(args, settings)


def _undo(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.logs.judge.adaptation import roll_back
    from mcp_smalltools.tools.find_files.learned_history import versions_of

    if args.tool == "find_files":
        version = versions_of(settings.state_dir, args.source.resolve()).go_back()
    else:
        version = roll_back(settings.state_dir)
    if version is None:
        raise NotFound(f"{args.tool} was not trained; there is nothing to go back to.")
    _forget_answers(settings)
    if args.json:
        print(json.dumps({"version": version}))
    else:
        print(
            f"{args.tool} is as shipped again."
            if not version
            else f"{args.tool} uses version {version} again."
        )
    return 0


def _learn_logs(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.learning.logs.adapt import read_tree, try_out
    from mcp_smalltools.logs.judge.adaptation import save_version

    sources = read_tree(args.source)
    trial = try_out(sources)
    report = trial.report() | {"source": str(args.source.resolve())}
    version = None
    if trial.better:
        version = save_version(settings.state_dir, [item.pieces for item in sources], report)
        _forget_answers(settings)
    print(json.dumps(report | {"version": version}) if args.json else _logs_text(trial, version))
    return 0


def _learn_files(args: argparse.Namespace, settings: Settings) -> int:
    import anyio

    from mcp_smalltools.engine.make import make_engine
    from mcp_smalltools.learning.files.history_trial import try_history
    from mcp_smalltools.tools.find_files.learned_history import LearnedHistory, versions_of, write_version

    def say(text: str) -> None:
        if not args.json:
            print(text, file=sys.stderr, flush=True)

    async def tried() -> tuple[HistoryTrial, LearnedHistory]:
        engine = make_engine(settings)
        try:
            return await try_history(args.source, settings, engine, say)
        finally:
            await engine.close()

    trial, learned = anyio.run(tried)
    report = trial.report() | {"source": str(args.source.resolve())}
    version = None
    if trial.better:
        versions = versions_of(settings.state_dir, args.source.resolve())
        version = versions.add(lambda folder: write_version(learned, report, folder))
    print(json.dumps(report | {"version": version}) if args.json else _files_text(trial, version))
    return 0


def _logs_text(trial: Trial, version: int | None) -> str:
    before, after = trial.before, trial.after
    return "\n".join(
        [
            f"{trial.statements} logging statements. On logs generated from them, before and after:",
            f"  right templates          {before.templates:.3f} -> {after.templates:.3f}",
            f"  of held-out statements   {before.templates_held_out:.3f} -> {after.templates_held_out:.3f}",
            f"  right groups             {before.groups:.3f} -> {after.groups:.3f}",
            _kept(version),
        ]
    )


def _files_text(trial: HistoryTrial, version: int | None) -> str:
    return "\n".join(
        [
            f"{trial.files} files, {trial.commits} commits, {trial.seconds:.0f} s.",
            f"Of {trial.held_out} held-out commits, one of their files is among the first five:",
            f"  {trial.before:.3f} -> {trial.after:.3f} (mean reciprocal rank {trial.rank_before:.3f} -> "
            f"{trial.rank_after:.3f})",
            _kept(version),
        ]
    )


def _kept(version: int | None) -> str:
    if version:
        return f"Kept as version {version}; --undo takes it back."
    return "Not kept: it is not better than the version in use."


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
