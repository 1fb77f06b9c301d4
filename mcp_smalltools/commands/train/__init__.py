"""Train a tool on your own source code. What it learns stays in the state folder and can be undone.

  mcp-smalltools train parse_log --from ~/src/my-service
  mcp-smalltools train find_files --from ~/src/my-service
  mcp-smalltools train ask_file --from ~/src/my-service
  mcp-smalltools train ask_file --from ~/src/my-service --teacher qwen2.5-coder-1.5b
  mcp-smalltools train ask_file --from ~/src/my-service --undo
  mcp-smalltools train classify --from ~/src/my-service
  mcp-smalltools train classify --from tickets.csv --name desk

parse_log reads the logging statements of a source tree and generates logs from them. What it learned is kept
only if these logs are parsed better, and those of held-out statements no worse.

find_files reads the history of a git repository: the words of the commits that changed each file. What it
learned is kept only if held-out commits, the newest ones, find more of their files with it, or further up.

ask_file reads the history too, and what documentation, comments and headings say: which lines do its people
mean by which words? Kept only if the right place of held-out questions comes first more often.

classify takes labels that are there already, the kinds of a repository's commits or the folders that they
change, or a table of text (or path) and label, and makes a skill of them, a tool of its own. Kept only if it
is right on newer texts at least as often as logistic regression and an SVM are.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import NotFound, UsageError

if TYPE_CHECKING:
    from mcp_smalltools.learning.trainings.trained import Trained, TrainingRequest

TOOLS: Final = ("parse_log", "find_files", "ask_file", "classify")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tool", choices=TOOLS, metavar="TOOL", help=f"tool to train: {', '.join(TOOLS)}")
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="DIR",
        help="source tree, or the git repository, to learn from; of classify also a .csv, .tsv or .jsonl",
    )
    parser.add_argument(
        "--labels",
        choices=["commits", "folders"],
        help="of classify: kinds of commits, or folders that they change (default: what the history has)",
    )
    parser.add_argument("--name", metavar="NAME", help="of classify: name of the skill")
    parser.add_argument(
        "--teacher",
        metavar="ID",
        help="of ask_file and find_files: model that writes questions to the files, here or at --teacher-url",
    )
    parser.add_argument(
        "--teacher-url", default="", metavar="URL", help="OpenAI-compatible server that runs the teacher"
    )
    parser.add_argument(
        "--undo",
        "--rollback",
        dest="undo",
        action="store_true",
        help="go back to the version before: of the repository that --from names, of the skill that --name "
        "names, or of parse_log",
    )
    parser.add_argument("--dry-run", action="store_true", help="measure and show, keep nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.learning.improve.teacher import Teacher
    from mcp_smalltools.learning.trainings.trained import TrainingRequest

    for option in ("labels", "name"):
        if getattr(args, option) and args.tool != "classify":
            raise UsageError(f"--{option} is of classify alone.", remedy=f"Leave out --{option}.")
    if args.source is None and not (args.undo and args.tool in ("parse_log", "classify")):
        why = "whose training is taken back" if args.undo else "to learn from"
        raise UsageError("No folder is named.", remedy=f"Name the one {why} with --from DIR.")
    if args.undo:
        return _undo(args, settings)
    if not args.source.is_dir() and not (args.tool == "classify" and args.source.is_file()):
        what = "a folder or a table" if args.tool == "classify" else "a folder"
        raise NotFound(f"{args.source} is not {what}.", remedy="Check the path after --from.")

    def say(text: str) -> None:
        if not args.json:
            print(text, file=sys.stderr, flush=True)

    if args.teacher_url and not args.teacher:
        raise UsageError("--teacher-url needs --teacher.", remedy="Name the model that the server runs.")
    if args.teacher and args.tool not in ("ask_file", "find_files"):
        raise UsageError("--teacher is of ask_file and find_files.", remedy="Leave out --teacher.")
    teacher = Teacher(args.teacher, args.teacher_url) if args.teacher else None
    given = {"labels": args.labels, "name": args.name}
    options = {name: value for name, value in given.items() if value}
    request = TrainingRequest(args.source.resolve(), settings, say, teacher, args.dry_run, options)
    trained = trainings()[args.tool](request)
    if args.json:
        print(json.dumps(trained.to_json()))
    else:
        print("\n".join([*trained.lines, _kept(trained, dry_run=args.dry_run)]))
    return 0


def trainings() -> Mapping[str, Callable[[TrainingRequest], Trained]]:
    from mcp_smalltools.learning.trainings.train_ask_file import train_ask_file
    from mcp_smalltools.learning.trainings.train_classify import train_classify
    from mcp_smalltools.learning.trainings.train_find_files import train_find_files
    from mcp_smalltools.learning.trainings.train_parse_log import train_parse_log

    return {
        "parse_log": train_parse_log,
        "find_files": train_find_files,
        "ask_file": train_ask_file,
        "classify": train_classify,
    }


def _undo(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.learning.trainings.train_ask_file import undo_ask_file
    from mcp_smalltools.learning.trainings.train_find_files import undo_find_files
    from mcp_smalltools.learning.trainings.train_parse_log import undo_parse_log

    source = args.source.resolve() if args.source else None
    if args.tool == "classify":
        version = _undo_skill(args, settings)
    elif args.tool == "parse_log" or source is None:
        version = undo_parse_log(settings)
    else:
        undo = {"find_files": undo_find_files, "ask_file": undo_ask_file}[args.tool]
        version = undo(settings, source)
    if version is None:
        raise NotFound(f"{args.tool} was not trained; there is nothing to go back to.")
    if args.json:
        print(json.dumps({"version": version}))
    else:
        print(
            f"{args.tool} is as shipped again."
            if not version
            else f"{args.tool} uses version {version} again."
        )
    return 0


def _undo_skill(args: argparse.Namespace, settings: Settings) -> int | None:
    """Raises UsageError where the skill is not named."""
    from mcp_smalltools.learning.trainings.train_classify import undo_classify

    if not args.name:
        raise UsageError("No skill is named.", remedy="Name it with --name; `skills list` has them.")
    return undo_classify(settings, args.name)


def _kept(trained: Trained, *, dry_run: bool) -> str:
    if trained.version:
        return f"Kept as version {trained.version}; --undo takes it back."
    if trained.better and dry_run:
        return "It would be kept."
    return "Not kept: it is not better than the version in use."
