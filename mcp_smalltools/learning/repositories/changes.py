"""The lines that each commit of a repository wrote, and those that it replaced."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mcp_smalltools.learning.repositories import git
from mcp_smalltools.learning.repositories.commits import MOST_COMMITS

_MOST_BYTES: Final = 80 << 20
"""Of all differences together, the newest."""
_MOST_FILES: Final = 8
"""Files of a commit whose subject says something about each of them."""
_MOST_LINES: Final = 400
"""Lines that a commit writes into a file: more are a move, or made by a tool."""
_LONGEST: Final = 400
_HUNK: Final = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_RECORD: Final = re.compile(r"[0-9a-f]{40,64}\x02")


@dataclass(slots=True)
class ChangeOfFile:
    """What a commit did to one file. `path` is the file's name of today, `before` that in the commit's
    parent, "" if new; `replaced` are spans of lines of the file as it was, (first, last); where lines were
    only added, the two lines around them.
    """

    path: str
    before: str
    replaced: list[tuple[int, int]] = field(default_factory=list)
    written: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Change:
    """A commit with what it did to files that are still there."""

    commit: str
    subject: str
    files: tuple[ChangeOfFile, ...]


def past_changes(folder: Path, there: Collection[str]) -> list[Change]:
    """The changes of a repository, oldest first. `there` are the paths of today's files. Raises NotFound."""
    git.check_top(folder)
    today = {path: path for path in there}
    records = git.log_records(
        *(folder, _MOST_BYTES, "\x01", "--no-merges", "-p", "-U0", "-M60%", "-l200"),
        *("--format=%x01%H%x02%s%x02", "-n", str(MOST_COMMITS), "--no-prefix"),
    )
    found = [change for record in records if (change := _change(record, today))]
    return found[::-1]


def _change(record: str, today: dict[str, str]) -> Change | None:
    if not _RECORD.match(record) or record.count("\x02") < 2:
        return None
    commit, subject, diff = record.split("\x02", 2)
    files = list(_files(diff, today))
    for file in files:
        if file.path and file.before and file.before not in today:
            today[file.before] = file.path
    if not 0 < len(files) <= _MOST_FILES:
        return None
    kept = tuple(file for file in files if file.path and len(file.written) <= _MOST_LINES)
    return Change(commit, subject, kept) if kept else None


def _files(diff: str, today: dict[str, str]) -> Iterator[ChangeOfFile]:
    """The files of a difference; one that is gone today has the path ""."""
    file: ChangeOfFile | None = None
    before = ""
    in_hunk = False
    for line in diff.split("\n"):
        if line.startswith("diff --git "):
            file, before, in_hunk = None, "", False
        elif not in_hunk and line.startswith("rename from "):
            before = line.removeprefix("rename from ")
        elif not in_hunk and line.startswith("rename to "):
            file = ChangeOfFile(today.get(line.removeprefix("rename to "), ""), before)
            yield file
        elif not in_hunk and line.startswith("--- "):
            before = "" if line == "--- /dev/null" else _path(line[4:])
        elif not in_hunk and line.startswith("+++ "):
            after = "" if line == "+++ /dev/null" else _path(line[4:])
            if file is None:
                file = ChangeOfFile(today.get(after, ""), before)
                yield file
        elif file is not None and (match := _HUNK.match(line)):
            in_hunk = True
            file.replaced.append(_span(int(match[1]), match[2]))
        elif file is not None and in_hunk and line.startswith("+") and len(line) <= _LONGEST:
            file.written.append(line[1:])


def _path(text: str) -> str:
    """A path as git writes it: one with blanks has a tab behind it."""
    return text.rstrip("\t")


def _span(first: int, count: str | None) -> tuple[int, int]:
    lines = 1 if count is None else int(count)
    return (first, first + lines - 1) if lines else (max(1, first), first + 1)
