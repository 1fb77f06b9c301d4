"""What find_files learned of a repository's history: the words of the commits that changed each file.

Subjects of commits are in the words in which changes are asked for, and name files by what was wrong with
them; the files themselves often don't (as in BugLocator, Zhou et al. 2012, where similar old reports point to
files). `mcp-smalltools train find_files` makes it; it holds stems and counts, no text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.stores.versions import Versions
from mcp_smalltools.text.bm25 import idf
from mcp_smalltools.text.words import STOP_WORDS, code_words, stem

HISTORY: Final = "history.json"
REPORT: Final = "report.json"
_K1: Final = 1.2
_B: Final = 0.75
_USUAL_CHANGES: Final = 10.0
"""Changes of a usual file: what BM25 compares with."""


@dataclass(frozen=True, slots=True)
class LearnedHistory:
    """Of one repository. The best file by history is worth `weight` of the best one by words."""

    folder: Path
    weight: float
    files: Mapping[str, Mapping[str, float]]
    """How often each stem was in a subject, by the path of the file; a commit of n files counts 1/n."""
    changes: Mapping[str, float]
    """How many changes each file had, counted in the same way."""

    def scores(self, query: str, root: Path) -> dict[str, float]:
        """The score of each file that the history speaks of, by its path relative to `root`; at most 1."""
        asked = stems_of_subject(query)
        in_files = {word: sum(word in words for words in self.files.values()) for word in asked}
        weights = {word: idf(count, len(self.files)) for word, count in in_files.items() if count}
        found: dict[str, float] = {}
        for path, words in self.files.items():
            norm = _K1 * (1 - _B + _B * self.changes[path] / _USUAL_CHANGES)
            counts = {word: words[word] for word in weights if word in words}
            if counts and (shown := self._below(path, root)) is not None:
                parts = (weights[word] * count * (_K1 + 1) / (count + norm) for word, count in counts.items())
                found[shown] = sum(parts)
        best = max(found.values(), default=0.0)
        return {path: score / best for path, score in found.items()}

    def _below(self, path: str, root: Path) -> str | None:
        """The path relative to a root, None outside of it."""
        if root == self.folder:
            return path
        whole = self.folder / path
        return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else None

    def to_json(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "weight": self.weight,
            "files": {path: dict(words) for path, words in self.files.items()},
            "changes": dict(self.changes),
        }


def stems_of_subject(text: str) -> list[str]:
    """The stems of a query or a subject, each once, without stop words."""
    return list(dict.fromkeys(stem(word) for word in code_words(text) if word not in STOP_WORDS))


def history_of(folder: Path, weight: float, commits: Iterable[tuple[str, Sequence[str]]]) -> LearnedHistory:
    """From the subject of each commit, and the files that it changed."""
    files: dict[str, dict[str, float]] = {}
    changes: dict[str, float] = {}
    for subject, paths in commits:
        words = stems_of_subject(subject)
        for path in paths:
            counts = files.setdefault(path, {})
            changes[path] = changes.get(path, 0.0) + 1 / len(paths)
            for word in words:
                counts[word] = counts.get(word, 0.0) + 1 / len(paths)
    return LearnedHistory(folder, weight, files, changes)


def versions_of(state_dir: Path, folder: Path) -> Versions:
    """The versions of what was learned of a repository."""
    name = hashlib.sha256(str(folder).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return Versions(state_dir / "adapted" / "find_files" / name)


def learned_below(state_dir: Path, root: Path) -> list[LearnedHistory]:
    """What was learned of the repositories that a root is, is in, or holds; a damaged version is left out."""
    found = []
    for versions in sorted((state_dir / "adapted" / "find_files").glob("*")):
        used = Versions(versions).in_use
        learned = _read(used, _changed_at(used)) if used else None
        if learned and (learned.folder.is_relative_to(root) or root.is_relative_to(learned.folder)):
            found.append(learned)
    return found


def write_version(learned: LearnedHistory, report: Mapping[str, Any], folder: Path) -> None:
    (folder / HISTORY).write_text(json.dumps(learned.to_json()), encoding="utf-8")
    (folder / REPORT).write_text(json.dumps(report, indent=2), encoding="utf-8")


def _changed_at(folder: Path) -> int:
    try:
        return (folder / HISTORY).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=4)
def _read(folder: Path, _changed_at: int) -> LearnedHistory | None:
    try:
        data = json.loads((folder / HISTORY).read_text(encoding="utf-8"))
        return LearnedHistory(Path(data["folder"]), float(data["weight"]), data["files"], data["changes"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
