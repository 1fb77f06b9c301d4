"""What was trained on a folder is trained again when the folder has changed enough: within a budget.

A version is replaced only by one that the training's own gate lets through. What the user took back, and what
was tried on the same state of the folder, is left alone.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mcp_smalltools import metering
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import SmallToolsError
from mcp_smalltools.learning.repositories import git
from mcp_smalltools.learning.repositories.files import level_of
from mcp_smalltools.learning.trainings.trained import Trained, TrainingRequest
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.private_files import make_private_file, make_private_folder
from mcp_smalltools.stores.outcomes import ReportedOutcome
from mcp_smalltools.stores.versions import Versions

CHANGED: Final = 30
"""Commits after which a folder is worth another training."""
CORRECTED: Final = 5
"""Reports that an answer was wrong after which it is, whatever was committed."""
OF_FOLDERS: Final = ("parse_log", "find_files", "ask_file")
"""Tools that learn from a folder and not from single corrections."""
TRIED: Final = "tried.json"
"""File in the state folder's `training`: the commit of the last trial, by tool and folder."""
Training = Callable[[TrainingRequest], Trained]
_FIGURES: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "parse_log": lambda report: (
        f"right templates {report['before']['templates']:.3f} -> {report['after']['templates']:.3f}"
    ),
    "find_files": lambda report: (
        f"a changed file among five for {report['before']:.3f} -> {report['after']:.3f} of "
        f"{report['held_out']} held-out commits"
    ),
    "ask_file": lambda report: (
        f"right place first for {report['all']['first_before']:.3f} -> {report['all']['first_after']:.3f} of "
        f"{report['all']['questions']} held-out questions"
    ),
}


class OutOfBudget(Exception):
    """The time that was given is over; what was done so far is kept for the next run."""


@dataclass(slots=True)
class TrainingBudget:
    """Seconds on the clock and of this process that may be used, from when it is made."""

    seconds: float
    _began: float = field(default_factory=time.monotonic)
    _processor: float = field(default_factory=metering.processor_s)

    @property
    def left_s(self) -> float:
        used = max(time.monotonic() - self._began, metering.processor_s() - self._processor)
        return self.seconds - used

    def check(self) -> None:
        """Raises OutOfBudget."""
        if self.left_s <= 0:
            raise OutOfBudget


@dataclass(frozen=True, slots=True)
class TrainedFolder:
    """A tool, the folder that it was trained on, and the commit at that time ("" if unknown)."""

    tool: str
    folder: Path
    commit: str
    at: float
    versions: Versions
    report: Mapping[str, Any]

    @property
    def figures(self) -> str:
        """What it gained on held-out questions, for a person; "" where the report doesn't say."""
        try:
            return _FIGURES[self.tool](self.report)
        except (KeyError, TypeError, ValueError):
            return ""

    def is_usable(self, settings: Settings) -> bool:
        """Whether it fits what ships."""
        if self.tool != "ask_file":
            return True
        from mcp_smalltools.tools.ask_file.learned_order import made_for, order_for

        return order_for(settings.state_dir, [self.folder / "any"], made_for(settings)) is not None

    @property
    def key(self) -> str:
        return f"{self.tool} {self.folder}"


@dataclass(frozen=True, slots=True)
class Retrained:
    """What came of one: `why` it was left alone, or what was found."""

    tool: str
    folder: Path
    why: str = ""
    trained: Trained | None = None

    def to_json(self) -> dict[str, Any]:
        found = self.trained.to_json() if self.trained else {}
        return {"tool": self.tool, "folder": str(self.folder), "why": self.why, **found}


def retrain(
    settings: Settings,
    trainings: Mapping[str, Training],
    outcomes: Sequence[ReportedOutcome],
    budget: TrainingBudget,
    say: Callable[[str], None],
    *,
    dry_run: bool = False,
) -> list[Retrained]:
    """Train again what is worth it, the one first that waited longest."""
    tried = _Tried(settings.state_dir)

    def heard(text: str) -> None:
        budget.check()
        say(text)

    out = []
    for one in sorted(trained_folders(settings), key=lambda each: each.at):
        training = trainings.get(one.tool)
        why = _why_not(one, settings, outcomes, tried) if training else "it is not asked for"
        if why or training is None:
            out.append(Retrained(one.tool, one.folder, why))
            continue
        try:
            budget.check()
            say(f"{one.tool} on {one.folder}")
            trained = training(TrainingRequest(one.folder, settings, heard, dry_run=dry_run))
        except OutOfBudget:
            out.append(Retrained(one.tool, one.folder, "the time was over; it goes on in the next run"))
        except SmallToolsError as error:
            out.append(Retrained(one.tool, one.folder, error.message))
        else:
            if not dry_run:
                tried.note(one.key, git.head_of(one.folder))
            out.append(Retrained(one.tool, one.folder, "", trained))
    return out


def trained_folders(settings: Settings) -> Iterator[TrainedFolder]:
    """All that is in use and was trained on a folder."""
    adapted = settings.state_dir.expanduser() / "adapted"
    places = [("parse_log", adapted / "parse_log")]
    places += [(tool, path) for tool in OF_FOLDERS[1:] for path in sorted((adapted / tool).glob("*"))]
    for tool, path in places:
        versions = Versions(path)
        used = versions.in_use
        report = _read(used / "report.json") if used else {}
        if used and report.get("source"):
            folder, commit = Path(str(report["source"])), str(report.get("commit", ""))
            at = (used / "report.json").stat().st_mtime
            yield TrainedFolder(tool, folder, commit, at, versions, report)


def _why_not(
    one: TrainedFolder, settings: Settings, outcomes: Sequence[ReportedOutcome], tried: _Tried
) -> str:
    """Why it isn't worth a training; "" where it is."""
    if not one.folder.is_dir():
        return "the folder is gone"
    if level_of(one.folder, settings) is PrivacyLevel.SEALED:
        return "it is sealed; train it by hand"
    if not one.versions.newest_in_use:
        return "an earlier version was chosen"
    wrong = [outcome for outcome in outcomes if outcome.at > one.at and _is_wrong_about(one, outcome)]
    since = tried.commit_of(one.key) or one.commit
    if not since:
        return "what it was trained on is not known; train it once by hand"
    commits = git.commits_since(one.folder, since)
    if commits is None:
        return "its history can't be compared with that of the last training; train it once by hand"
    if not commits or (commits < CHANGED and len(wrong) < CORRECTED):
        return f"{commits} commits since the last training"
    return ""


def _is_wrong_about(one: TrainedFolder, outcome: ReportedOutcome) -> bool:
    """Whether it says that what was learned there gave a wrong answer. A program's logs lie anywhere."""
    if outcome.tool != one.tool or outcome.verdict == "right":
        return False
    return one.tool == "parse_log" or any(Path(path).is_relative_to(one.folder) for path in outcome.paths)


def never_trained(settings: Settings, outcomes: Sequence[ReportedOutcome]) -> dict[str, int]:
    """Tools that learn from a folder and were trained on none, with how many answers were reported wrong."""
    trained = {one.tool for one in trained_folders(settings)}
    wrong = Counter(outcome.tool for outcome in outcomes if outcome.verdict != "right")
    return {tool: wrong[tool] for tool in OF_FOLDERS if wrong[tool] and tool not in trained}


class _Tried:
    """What was tried last, whether or not it was kept."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir.expanduser() / "training" / TRIED

    def commit_of(self, key: str) -> str:
        return str(_read(self._path).get(key, ""))

    def note(self, key: str, commit: str) -> None:
        with contextlib.suppress(OSError):
            make_private_folder(self._path.parent)
            make_private_file(self._path)
            content = _read(self._path) | {key: commit}
            self._path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}
