"""Commits of git repositories as questions: which files does a commit's subject mean?

The subject of a commit that changes one to three files asks for those of them that existed before it.
Repositories, also bare ones, are read and never written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self, cast

from mcp_smalltools import processes
from mcp_smalltools.errors import NotFound, UsageError

MOST_FILES: Final = 3
MOST_BYTES: Final = 1 << 20
_SAYS_NOTHING: Final = re.compile(
    r"(?i)\W*(?:merge|bump|bumped|revert|release|prepare|upgrade|version|update changelog|v?\d+\.\d"
    r"|(?:chore|build|deps|fix)\(deps[^)]*\)|deps\b)"
)
_FEWEST_WORDS: Final = 3


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: its subject asks, and `files`, which exist in `parent`, are the answer."""

    parent: str
    subject: str
    files: tuple[str, ...]


class Repository:
    """A git repository, read through `git`. Close it after use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.parent.name if path.name in ("repo", ".git") else path.name.removesuffix(".git")
        self._reader = processes.start(
            [*self._git, "cat-file", "--batch"], stdin=processes.PIPE, stdout=processes.PIPE
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    @property
    def _git(self) -> list[str]:
        return ["git", "-c", "safe.directory=*", "-C", str(self.path.absolute())]

    def commits(self, most: int) -> list[Commit]:
        """The newest `most` commits that ask for something, oldest first."""
        log = self._output("log", "--no-merges", "--no-renames", "--raw", "--format=%x01%P%x02%s")
        found = (_commit(record) for record in log.split("\x01")[1:])
        newest = []
        for commit in found:
            if commit is not None:
                newest.append(commit)
                if len(newest) == most:
                    break
        return newest[::-1]

    def tree(self, commit: str) -> dict[str, str]:
        """Path -> id of the content, of each regular file."""
        listed = self._output("ls-tree", "-r", "-z", commit)
        found = {}
        for line in listed.split("\0"):
            mode, _, rest = line.partition(" ")
            if mode in ("100644", "100755"):
                about, _, path = rest.partition("\t")
                found[path] = about.split(" ")[1]
        return found

    def content(self, identity: str) -> bytes | None:
        """None if the repository lacks it or it is larger than MOST_BYTES."""
        into, out = cast(BinaryIO, self._reader.stdin), cast(BinaryIO, self._reader.stdout)
        into.write(identity.encode() + b"\n")
        into.flush()
        header = out.readline().split()
        if len(header) != 3:
            return None
        data = out.read(int(header[2]))
        out.read(1)
        return data if len(data) <= MOST_BYTES else None

    def close(self) -> None:
        self._reader.communicate()

    def _output(self, *arguments: str) -> str:
        done = processes.run([*self._git, *arguments])
        if done.returncode:
            raise UsageError(
                f"git can't read {self.path}: {done.stderr.decode(errors='replace').strip()}.",
                remedy="Name a folder with whole git repositories.",
            )
        return done.stdout.decode("utf-8", "surrogateescape")


def repositories(folder: Path) -> Iterator[Repository]:
    """The repositories in a folder, one or two levels down, or the folder itself. Raises NotFound."""
    places = [folder, *sorted(folder.glob("*")), *sorted(folder.glob("*/*"))]
    found = [place for place in places if (place / "HEAD").is_file() and (place / "objects").is_dir()]
    found += [place for place in places if (place / ".git").is_dir() and place / ".git" not in found]
    if not found:
        raise NotFound(
            f"There is no git repository in {folder.resolve()}.", remedy="Clone some into it, bare or not."
        )
    for path in sorted(found):
        with Repository(path) as repository:
            yield repository


def text_of(content: bytes | None) -> str | None:
    """The content as text; None if it is binary or missing."""
    if content is None or b"\0" in content[:8000]:
        return None
    return content.decode("utf-8", errors="replace")


def recall(found: list[str], wanted: tuple[str, ...]) -> float:
    """The share of the wanted files that are among those found."""
    return sum(path in found for path in wanted) / len(wanted)


def asks_for_something(subject: str) -> bool:
    """Whether the subject of a commit could be a query: no merge, release or update of dependencies."""
    return len(subject.split()) >= _FEWEST_WORDS and not _SAYS_NOTHING.match(subject)


def _commit(record: str) -> Commit | None:
    head, *rows = record.split("\n")
    parents, _, subject = head.partition("\x02")
    rows = [row for row in rows if row.startswith(":")]
    there = tuple(row.split("\t", 1)[1] for row in rows if row.split("\t", 1)[0].endswith("M"))
    if (
        " " in parents
        or not parents
        or not there
        or len(rows) > MOST_FILES
        or not asks_for_something(subject)
    ):
        return None
    return Commit(parents, subject, there)
