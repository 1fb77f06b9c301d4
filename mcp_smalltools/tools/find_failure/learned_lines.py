"""What `find_failure` learned from corrections: lines that said why, in logs of the user's own tools.

Lines whose words are those of such a line are put first. Whether a run failed at all is decided without them.
`mcp-smalltools improve` makes the versions, and measures them first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.private_files import make_private_file
from mcp_smalltools.stores.versions import Versions
from mcp_smalltools.tools.find_failure.lines import LogLines
from mcp_smalltools.tools.find_failure.outcome.roles import NEVER_EVIDENCE

FILE: Final = "lines.json"
REPORT: Final = "report.json"
FEWEST_WORDS: Final = 3
"""Words of a line that can be told from others."""
MOST_MARKED: Final = 3
"""Lines of a log that may be like a learned one: what comes more often says nothing about a failure."""
_WORD: Final = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class LearnedLines:
    """The words of each line that said why. `reach` is the least share of words in common (Jaccard) from
    which a line is like one of them, `confidence` how often such a line was right when it was held out.
    """

    lines: tuple[frozenset[str], ...]
    reach: float
    confidence: float
    version: int = 0

    def mark(self, log: LogLines) -> NDArray[np.bool_]:
        """Which of a log's lines are like a learned one, shape (lines,); none if there are many."""
        known = {pattern: self._is_like(words_of_line(pattern)) for pattern in set(log.patterns)}
        marked = np.array([known[pattern] for pattern in log.patterns], np.bool_)
        own = np.array([role in NEVER_EVIDENCE for role in log.roles], np.bool_)
        marked &= ~own
        return marked if marked.sum() <= MOST_MARKED else np.zeros_like(marked)

    def is_like(self, patterns: Iterable[str]) -> bool:
        """Whether any of these patterns of lines is like a learned one."""
        return any(self._is_like(words_of_line(pattern)) for pattern in patterns)

    def _is_like(self, words: frozenset[str]) -> bool:
        return any(len(words & line) >= self.reach * len(words | line) for line in self.lines if words)

    def to_json(self) -> dict[str, Any]:
        lines = sorted(sorted(line) for line in self.lines)
        return {"lines": lines, "reach": self.reach, "confidence": self.confidence}


def words_of_line(pattern: str) -> frozenset[str]:
    """The words of a line's pattern: letters only, in lower case."""
    return frozenset(word.lower() for word in _WORD.findall(pattern))


def versions_of_lines(state_dir: Path) -> Versions:
    return Versions(state_dir.expanduser() / "adapted" / "find_failure")


def learned_lines(state_dir: Path) -> LearnedLines | None:
    """What is in use; a damaged version is as none."""
    versions = versions_of_lines(state_dir)
    used = versions.in_use
    return read_lines(used, versions.current) if used else None


def read_lines(folder: Path, version: int = 0) -> LearnedLines | None:
    """The version in a folder; None if it is missing or damaged."""
    try:
        return _read(folder, version, (folder / FILE).stat().st_mtime_ns)
    except OSError:
        return None


def write_lines(learned: LearnedLines, report: Mapping[str, Any], folder: Path) -> None:
    for name, content in ((FILE, learned.to_json()), (REPORT, report)):
        make_private_file(folder / name)
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


@lru_cache(maxsize=4)
def _read(folder: Path, version: int, _changed_at: int) -> LearnedLines | None:
    try:
        data = json.loads((folder / FILE).read_text(encoding="utf-8"))
        lines = tuple(frozenset(map(str, line)) for line in data["lines"])
        return LearnedLines(lines, float(data["reach"]), float(data["confidence"]), version)
    except (OSError, ValueError, KeyError, TypeError):
        return None
