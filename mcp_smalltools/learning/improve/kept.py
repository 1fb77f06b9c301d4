"""What was learned from corrections, by its key: versions in use, going back, and deleting it.

The key of a task of `classify` is the hash of its labels; of `find_failure` its name.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import NotFound
from mcp_smalltools.private_files import make_private_file
from mcp_smalltools.stores.versions import Versions
from mcp_smalltools.tools.classify.learned import read_learned, versions_folder
from mcp_smalltools.tools.find_failure.learned_lines import read_lines, versions_of_lines

MARK: Final = "mark"
"""File in a version: the hash of the cases that it was made of."""
UNDONE: Final = "undone"
"""File beside the versions: the marks of those that were taken back, which are not made again."""
_LINES: Final = "find_failure"


@dataclass(frozen=True, slots=True)
class LearnedState:
    """Something that was learned, and the version in use (0: as shipped)."""

    title: str
    key: str
    version: int
    examples: int


def keep_mark(versions: Versions, version: int, pairs: Sequence[tuple[str, str]]) -> None:
    """Note what a version was made of."""
    (versions.folder / f"{version:04}" / MARK).write_text(_mark_of(pairs), encoding="ascii")


def why_not_again(versions: Versions, pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Why these cases need not be tried: they were learned from, or what they taught was taken back."""
    mark = _mark_of(pairs)
    if versions.in_use and _read(versions.in_use / MARK) == [mark]:
        return [f"nothing new since version {versions.current}"]
    if mark in _read(versions.folder / UNDONE):
        return ["what these cases taught was taken back, and there are no new ones"]
    return []


def undo(settings: Settings, key: str) -> int:
    """Go back to the version before of what has this key; the version then in use, 0 as shipped.

    Raises NotFound.
    """
    known = dict(_versions(settings))
    versions = known.get(key)
    used = versions.in_use if versions else None
    if versions is None or used is None:
        keys = ", ".join(name for name, one in known.items() if one.current) or "none"
        raise NotFound(f"Nothing is learned under {key!r}.", remedy=f"Keys that can be undone: {keys}.")
    make_private_file(versions.folder / UNDONE)
    with (versions.folder / UNDONE).open("a", encoding="ascii") as file:
        file.writelines(f"{mark}\n" for mark in _read(used / MARK))
    before = versions.go_back() or 0
    forget_answers(settings)
    return before


def forget(settings: Settings) -> int:
    """Delete all that was learned from corrections, old versions too; of how many tasks."""
    found = [versions.folder for _, versions in _versions(settings)]
    for folder in found:
        shutil.rmtree(folder)
    forget_answers(settings)
    return len(found)


def learned_states(settings: Settings) -> list[LearnedState]:
    """What was learned, by its key."""
    states = []
    for key, versions in _versions(settings):
        newest = versions.in_use or max(versions.folder.glob("[0-9]*"), default=None)
        described = _describe(key, newest) if newest else None
        if described:
            states.append(LearnedState(described[0], key, versions.current, described[1]))
    return states


def forget_answers(settings: Settings) -> None:
    """Cached answers were made by another version."""
    from mcp_smalltools.stores.cache import AnswerCache

    path = settings.state_dir.expanduser() / "cache.db"
    if path.exists():
        cache = AnswerCache(path, max_mb=settings.cache_mb)
        try:
            cache.clear()
        finally:
            cache.close()


def _describe(key: str, folder: Path) -> tuple[str, int] | None:
    """A title, and the number of cases; None where the version is damaged."""
    if key == _LINES:
        lines = read_lines(folder)
        return ("find_failure: lines that say why", len(lines.lines)) if lines else None
    learned = read_learned(folder)
    if learned is None:
        return None
    asked = f'"{learned.question}"' if learned.question else ", ".join(learned.labels[:6])
    return f"{learned.tool}: {asked}", len(learned.examples)


def _versions(settings: Settings) -> Iterator[tuple[str, Versions]]:
    folder = versions_folder(settings.state_dir)
    for task in sorted(folder.iterdir()) if folder.is_dir() else ():
        if task.is_dir():
            yield task.name, Versions(task)
    lines = versions_of_lines(settings.state_dir)
    if lines.folder.is_dir():
        yield _LINES, lines


def _read(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return []


def _mark_of(pairs: Sequence[tuple[str, str]]) -> str:
    return hashlib.sha256(json.dumps(sorted(pairs)).encode()).hexdigest()
