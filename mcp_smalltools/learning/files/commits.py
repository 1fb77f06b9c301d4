"""The history of a repository as lessons: the subject of each commit, and the files of today it changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mcp_smalltools import processes
from mcp_smalltools.errors import NotFound
from mcp_smalltools.evaluation.data.history import asks_for_something

MOST_COMMITS: Final = 5_000
"""Of the newest that are read."""
_MOST_FILES: Final = 6
"""Files of a commit that says something about each of them."""
_MOST_ASKED: Final = 3
"""Files of a commit whose subject asks for them."""


@dataclass(frozen=True, slots=True)
class PastCommit:
    """A commit and those of its files that are still there."""

    subject: str
    files: tuple[str, ...]
    asks: bool
    """Its subject could be a query for its files."""


def past_commits(folder: Path, there: Collection[str]) -> list[PastCommit]:
    """The commits of a repository, oldest first. `there` are the paths of today's files.

    Raises NotFound where `folder` is not the top of a git repository, or git is missing.
    """
    git = ["git", "-c", "safe.directory=*", "-C", str(folder)]
    try:
        top = processes.run([*git, "rev-parse", "--show-prefix"])
        log = processes.run(
            [
                *(*git, "log", "--no-merges", "--no-renames", "--name-only", "-z"),
                *("--format=%x01%s%x02", "-n", str(MOST_COMMITS)),
            ]
        )
    except OSError:
        raise NotFound("git is not installed; the history can't be read.") from None
    if top.returncode or top.stdout.strip() or log.returncode:
        raise NotFound(
            f"{folder} is not the top folder of a git repository.",
            remedy="Name the folder that has .git in it: what is learned comes from its history.",
        )
    known = frozenset(there)
    text = log.stdout.decode("utf-8", "replace")
    found = (_commit(record, known) for record in text.split("\x01")[1:])
    return [commit for commit in found if commit][::-1]


def _commit(record: str, there: frozenset[str]) -> PastCommit | None:
    subject, _, rest = record.partition("\x02")
    changed = [path.strip("\n") for path in rest.split("\0") if path.strip("\n")]
    files = tuple(path for path in changed if path in there)
    if not files or len(changed) > _MOST_FILES:
        return None
    return PastCommit(subject, files, len(changed) <= _MOST_ASKED and asks_for_something(subject))
