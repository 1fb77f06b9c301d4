"""The history of a repository as lessons: the subject of each commit, and the files of today it changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mcp_smalltools.evaluation.data.history import asks_for_something
from mcp_smalltools.learning.repositories import git

MOST_COMMITS: Final = 5_000
"""Of the newest that are read."""
_MOST_FILES: Final = 6
"""Files of a commit that says something about each of them."""
_MOST_ASKED: Final = 3
"""Files of a commit whose subject asks for them."""
_ALIKE: Final = ("-M60%", "-l200")
"""How alike a file of another name has to be, to be the same one."""


@dataclass(frozen=True, slots=True)
class PastCommit:
    """A commit and those of its files that are still there, by their names of today."""

    subject: str
    files: tuple[str, ...]
    asks: bool
    """Its subject could be a query for its files."""
    commit: str = ""


def past_commits(folder: Path, there: Collection[str]) -> list[PastCommit]:
    """The commits of a repository, oldest first. `there` are the paths of today's files.

    Raises NotFound where `folder` is not the top of a git repository, or git is missing.
    """
    git.check_top(folder)
    text = git.log(
        *(folder, "--no-merges", *_ALIKE, "--name-status", "-z"),
        *("--format=%x01%H%x02%s%x02", "-n", str(MOST_COMMITS)),
    )
    today = {path: path for path in there}
    found = [commit for record in text.split("\x01")[1:] if (commit := _commit(record, today))]
    return found[::-1]


def _commit(record: str, today: dict[str, str]) -> PastCommit | None:
    """The commit, if its files say something. `today` has the names of today by earlier ones; the newest
    commits come first, and a name before a renaming is added.
    """
    commit, subject, rest = record.split("\x02", 2)
    changed = list(_changes(rest))
    files = tuple(dict.fromkeys(today[path] for path, _ in changed if path in today))
    for path, before in changed:
        if before and path in today:
            today.setdefault(before, today[path])
    if not files or len(changed) > _MOST_FILES:
        return None
    return PastCommit(subject, files, len(changed) <= _MOST_ASKED and asks_for_something(subject), commit)


def _changes(rest: str) -> Iterator[tuple[str, str]]:
    """The path of each file that was changed, and its path before where that was another."""
    fields = iter([field.strip("\n") for field in rest.split("\0") if field.strip("\n")])
    for status in fields:
        first = next(fields, "")
        if status.startswith(("R", "C")):
            yield next(fields, ""), first if status.startswith("R") else ""
        else:
            yield first, ""
