"""What `classify` learned from corrections: numbered versions for each set of labels, in the state folder.

A memory of corrections with a reach: they decide about texts that are near to one of them, and everything
else is answered as if they were not there (as the scope classifier of SERAC does, Mitchell et al. 2022).
`mcp-smalltools improve` makes the versions, and measures them first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.private_files import make_private_file
from mcp_smalltools.stores.versions import Versions
from mcp_smalltools.text.words import spaced_name
from mcp_smalltools.tools.classify.labels import LabelSet

FILE: Final = "learned.json"
REPORT: Final = "report.json"


@dataclass(frozen=True, slots=True)
class Reach:
    """For which items the corrections decide: those that are nearer to one of them, as cosines, by at least
    `nearer` than to what the task knows without them, and get a label with at least this confidence.
    """

    nearer: float
    confidence: float


@dataclass(frozen=True, slots=True)
class LearnedTask:
    """Texts with their right labels. `tool` is the tool that they were reported for, `made_by` all that
    changes a vector.
    """

    tool: str
    labels: tuple[str, ...]
    question: str
    examples: tuple[tuple[str, str], ...]
    reach: Reach
    made_by: str
    version: int = 0

    def examples_for(self, labels: LabelSet) -> list[tuple[str, str]]:
        """The texts under the labels as this call spells them."""
        spelled = {_plain(name): name for name in labels.names}
        known = ((text, spelled.get(_plain(label))) for text, label in self.examples)
        return [(text, label) for text, label in known if label is not None]

    def to_json(self) -> dict[str, Any]:
        return {
            "tool": self.tool,
            "labels": list(self.labels),
            "question": self.question,
            "examples": [list(pair) for pair in self.examples],
            "reach": asdict(self.reach),
            "made_by": self.made_by,
        }


def task_key(tool: str, labels: LabelSet) -> str:
    """The name of a tool's set of labels: their order, descriptions and case make no other task."""
    names = sorted(map(_plain, labels.names))
    asked = " ".join(labels.question.casefold().rstrip("? ").split())
    digest = hashlib.sha256(json.dumps([tool, names, asked]).encode())
    return digest.hexdigest()[:12]


def versions_folder(state_dir: Path) -> Path:
    """Where the versions of all tasks are."""
    return state_dir.expanduser() / "adapted" / "classify"


def versions_of_task(state_dir: Path, key: str) -> Versions:
    return Versions(versions_folder(state_dir) / key)


def learned_for(state_dir: Path, tool: str, labels: LabelSet) -> LearnedTask | None:
    """What is in use for a tool and these labels. A damaged version is as none."""
    versions = versions_of_task(state_dir, task_key(tool, labels))
    used = versions.in_use
    return _read(used, versions.current, _changed_at(used)) if used else None


def read_learned(folder: Path, version: int = 0) -> LearnedTask | None:
    """The version in a folder; None if it is missing or damaged."""
    return _read(folder, version, _changed_at(folder))


def write_learned(learned: LearnedTask, report: Mapping[str, Any], folder: Path) -> None:
    for name, content in ((FILE, learned.to_json()), (REPORT, report)):
        make_private_file(folder / name)
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def _plain(name: str) -> str:
    return " ".join(spaced_name(name).casefold().split())


def _changed_at(folder: Path) -> int:
    try:
        return (folder / FILE).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=8)
def _read(folder: Path, version: int, _changed_at: int) -> LearnedTask | None:
    try:
        data = json.loads((folder / FILE).read_text(encoding="utf-8"))
        pairs = tuple((str(text), str(label)) for text, label in data["examples"])
        reach, made_by = Reach(**data["reach"]), str(data["made_by"])
        return LearnedTask(
            str(data["tool"]), tuple(data["labels"]), str(data["question"]), pairs, reach, made_by, version
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
