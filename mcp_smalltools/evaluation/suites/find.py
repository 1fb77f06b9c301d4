"""Quality of find_files on the history of git repositories: does a subject find the files changed?

For each of the newest commits that change one to three files, the tree before it is written to a folder, and
the tool is called with the subject, as an agent would call it; its index follows from commit to commit. BM25
over whole files, with the same words, is its floor.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.evaluation.console_table import print_table
from mcp_smalltools.evaluation.data import whole_files
from mcp_smalltools.evaluation.data.history import Commit, Repository, recall, repositories, text_of
from mcp_smalltools.evaluation.suite import add_data, add_json, give_figures
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest

FIRST: Final = 10
DEADLINE_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class FindFigures:
    """The figures of one repository. Recall is the mean share of a commit's files among the first ten."""

    repository: str
    commits: int
    files: int  # in the last tree
    recall_at_10: float
    words_alone_recall_at_10: float
    whole_files_recall_at_10: float
    first_result_was_changed: float  # commits whose first result is a file that was changed
    seconds_a_call: float  # with the update of the index


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser, "git repositories")
    parser.add_argument("--commits", type=int, default=200, metavar="N", help="of each repository")
    add_json(parser)


def run(args: argparse.Namespace, settings: Settings) -> int:
    import anyio

    give_figures("find", anyio.run(evaluate, args, settings), _show, as_json=args.json)
    return 0


async def evaluate(args: argparse.Namespace, settings: Settings) -> list[FindFigures]:
    return [
        await _one(repository, repository.commits(args.commits), settings)
        for repository in repositories(args.data)
    ]


async def _one(repository: Repository, commits: Sequence[Commit], settings: Settings) -> FindFigures:
    from mcp_smalltools.service import Service

    with tempfile.TemporaryDirectory() as folder:
        tree = _Tree(repository, Path(folder) / "tree")
        root = RootSpec(path=tree.folder, level=PrivacyLevel.OPEN)
        own = {"roots": (root,), "state_dir": Path(folder) / "state", "deadline_s": DEADLINE_S}
        service = Service(settings.model_copy(update=own))
        tally: dict[str, list[float]] = {name: [] for name in ("found", "words", "whole", "first", "seconds")}
        try:
            for commit in commits:
                tree.become(commit.parent)
                started = time.perf_counter()
                answer = await _call(service, commit.subject)
                tally["seconds"].append(time.perf_counter() - started)
                while "files_ranked_by_words_alone" in answer["dropped"]:
                    answer = await _call(service, commit.subject)
                found = [file["path"] for file in answer["files"]]
                tally["found"].append(recall(found, commit.files))
                tally["words"].append(recall(_by_words(service, commit.subject), commit.files))
                tally["first"].append(float(bool(found) and found[0] in commit.files))
                whole = whole_files.best(commit.subject, tree.texts, FIRST)
                tally["whole"].append(recall(whole, commit.files))
        finally:
            await service.close()
        mean = {name: sum(values) / max(1, len(values)) for name, values in tally.items()}
        return FindFigures(
            repository=repository.name,
            commits=len(commits),
            files=len(tree.texts),
            recall_at_10=round(mean["found"], 4),
            words_alone_recall_at_10=round(mean["words"], 4),
            whole_files_recall_at_10=round(mean["whole"], 4),
            first_result_was_changed=round(mean["first"], 4),
            seconds_a_call=round(mean["seconds"], 3),
        )


async def _call(service: Any, query: str) -> dict[str, Any]:
    request = ToolRequest("find_files", {"query": query[:500], "limit": FIRST}, deadline_s=DEADLINE_S)
    answer: dict[str, Any] = (await service.call(request)).structured()
    return answer


def _by_words(service: Any, query: str) -> list[str]:
    """The same index and ranking, without vectors."""
    from mcp_smalltools.tools.base import StopSignal
    from mcp_smalltools.tools.find_files.search import Query, SearchFolder, search

    places = [SearchFolder(updater, updater.folder) for updater in service.tools["find_files"].updaters]
    return [hit.path for hit in search(places, Query(query, "", FIRST), StopSignal(DEADLINE_S)).hits]


class _Tree:
    """A folder that becomes one tree of a repository after the other; only what differs is written."""

    def __init__(self, repository: Repository, folder: Path) -> None:
        self.folder = folder
        self.texts: dict[str, whole_files.Text] = {}
        self._repository = repository
        self._there: dict[str, str] = {}
        folder.mkdir(parents=True)

    def become(self, commit: str) -> None:
        wanted = self._repository.tree(commit)
        for path in self._there.keys() - wanted.keys():
            self._remove(path)
        for path, identity in wanted.items():
            if self._there.get(path) != identity:
                self._write(path, identity)

    def _remove(self, path: str) -> None:
        del self._there[path]
        self.texts.pop(path, None)
        (self.folder / path).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty
            for folder in list(Path(path).parents)[:-1]:
                (self.folder / folder).rmdir()

    def _write(self, path: str, identity: str) -> None:
        content = self._repository.content(identity)
        self._there[path] = identity
        self.texts.pop(path, None)
        if content is None:
            return
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        if (text := text_of(content)) is not None:
            self.texts[path] = whole_files.text(path, text)


def _show(figures: Sequence[FindFigures]) -> None:
    from rich.table import Table

    table = Table(caption="recall@10 of the files that a commit changed, asked for by its subject")
    for column in ("repository", "commits", "files", "find_files", "words alone", "whole files", "s a call"):
        table.add_column(column, justify="left" if column == "repository" else "right")
    for item in figures:
        cells = (
            *(item.repository, item.commits, item.files, item.recall_at_10, item.words_alone_recall_at_10),
            *(item.whole_files_recall_at_10, item.seconds_a_call),
        )
        table.add_row(*map(str, cells))
    print_table(table)
