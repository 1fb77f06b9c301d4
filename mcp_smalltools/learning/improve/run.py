"""Learn from the corrections of all tasks: measured, kept as a version if nothing speaks against it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import NotFound, UsageError
from mcp_smalltools.learning.improve.classify_trial import Progress, TaskTrial, try_corrections
from mcp_smalltools.learning.improve.compared import TaskTexts
from mcp_smalltools.learning.improve.elsewhere import Elsewhere, texts_elsewhere
from mcp_smalltools.learning.improve.reported_cases import ReportedCase, cases_of
from mcp_smalltools.learning.improve.tasks import LearningTask, tasks_of
from mcp_smalltools.private_files import make_private_file
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Call, Service
from mcp_smalltools.stores.outcomes import open_outcomes
from mcp_smalltools.stores.versions import Versions
from mcp_smalltools.tools.classify.learned import (
    read_learned,
    task_key,
    versions_folder,
    versions_of_task,
    write_learned,
)
from mcp_smalltools.tools.classify.vectors import TextReader

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine

DEADLINE_S: Final = 3600.0
UNDONE: Final = "undone"
"""File beside the versions: the hash of the cases that were taken back, which are not tried again."""


@dataclass(frozen=True, slots=True)
class Improvement:
    """What came of the corrections of one task. `reasons` say why nothing was kept; `version` is the one that
    was, None in a dry run too.
    """

    title: str
    key: str
    cases: int
    confirmed: int
    reports: int
    left: dict[str, int]
    trial: TaskTrial | None
    reasons: tuple[str, ...]
    version: int | None = None

    @property
    def better(self) -> bool:
        return not self.reasons

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "better": self.better}


@dataclass(frozen=True, slots=True)
class LearnedState:
    """A task for which something was learned, and the version in use (0: as shipped)."""

    title: str
    key: str
    version: int
    examples: int


@dataclass(slots=True)
class ImproveReport:
    """`left`: labelled texts that belong to no task that learns, by reason."""

    improvements: list[Improvement] = field(default_factory=list)
    left: dict[str, int] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        return any(one.version for one in self.improvements)


async def improve(
    settings: Settings,
    engine: Engine | None,
    progress: Progress,
    *,
    only: str | None = None,
    dry_run: bool = False,
) -> ImproveReport:
    """Try what was reported of each task, and keep what the gates let through. Raises as the engine does."""
    if settings.engine_urls:
        raise UsageError(
            "Confidences are measured with the engine on this machine only, so nothing can be compared.",
            remedy="Run improve without engine_urls.",
        )
    outcomes = open_outcomes(settings.state_dir)
    try:
        tasks, left = tasks_of(outcomes.all(), settings, only)
    finally:
        outcomes.close()
    report = ImproveReport(left=left)
    service = Service(settings, engine)
    try:
        for task in tasks:
            report.improvements.append(await _improve_task(task, service, progress, dry_run=dry_run))
    finally:
        await service.close()
    if report.kept:
        forget_answers(settings)
    return report


async def _improve_task(
    task: LearningTask, service: Service, progress: Progress, *, dry_run: bool
) -> Improvement:
    settings = service.settings
    key = task_key(task.tool, task.labels)
    versions = versions_of_task(settings.state_dir, key)
    found = cases_of(task.outcomes, task.labels, {text for text, _ in [*task.known, *task.cases]})
    mark = _hash_of(found.cases)
    reasons = [found.refusal] if found.refusal else _nothing_new(versions, found.cases, mark)
    trial = None
    texts: TaskTexts | None = None
    if not reasons:
        elsewhere = texts_elsewhere(task.labels.names)
        aside = Elsewhere((*task.cases, *elsewhere.labelled), elsewhere.others)
        texts = TaskTexts(_reader(task, service), task.tool, task.labels, task.known, task.instructions)
        trial = await try_corrections(texts, found.cases, aside, progress)
        reasons = list(trial.reasons)
    version = None
    confirmed = sum(case.confirmed for case in found.cases)
    reports = len({case.call_id for case in found.cases})
    if trial and trial.better and trial.reach is not None and texts is not None and not dry_run:
        learned = texts.learned([(case.text, case.label) for case in found.cases], trial.reach)
        told = {"trial": trial.report(), "cases": [_provenance(case) for case in found.cases], "mark": mark}
        version = versions.add(lambda folder: write_learned(learned, told, folder))
    return Improvement(
        task.title,
        key,
        len(found.cases),
        confirmed,
        reports,
        dict(found.left),
        trial,
        tuple(reasons),
        version,
    )


def _reader(task: LearningTask, service: Service) -> TextReader:
    """Gives vectors as a call of the task's tool would."""
    nothing_shown = ToolRequest(task.tool, {}, deadline_s=DEADLINE_S)
    context = Call(nothing_shown, service, lambda done, total, message: None).context()
    return TextReader(task.skill.context_of(context) if task.skill else context)


def _nothing_new(versions: Versions, cases: Sequence[ReportedCase], mark: str) -> list[str]:
    """Why these cases need not be tried: they were learned from, or what they taught was taken back."""
    used = versions.in_use
    learned = read_learned(used) if used else None
    if learned and sorted(learned.examples) == sorted((case.text, case.label) for case in cases):
        return [f"nothing new since version {versions.current}"]
    try:
        undone = (versions.folder / UNDONE).read_text(encoding="ascii").split()
    except OSError:
        undone = []
    return ["what these cases taught was taken back, and there are no new ones"] if mark in undone else []


def undo(settings: Settings, key: str) -> int:
    """Go back to the version before of the task of that key; the version then in use, 0 as shipped.

    Raises NotFound.
    """
    state = next((one for one in learned_states(settings) if one.key == key and one.version), None)
    if state is None:
        known = ", ".join(one.key for one in learned_states(settings) if one.version) or "none"
        raise NotFound(f"Nothing is learned under {key!r}.", remedy=f"Keys that can be undone: {known}.")
    versions = versions_of_task(settings.state_dir, key)
    used = versions.in_use
    learned = read_learned(used) if used else None
    if learned:
        make_private_file(versions.folder / UNDONE)
        with (versions.folder / UNDONE).open("a", encoding="ascii") as file:
            file.write(f"{_hash_of_pairs(learned.examples)}\n")
    before = versions.go_back() or 0
    forget_answers(settings)
    return before


def forget(settings: Settings) -> int:
    """Delete all that was learned from corrections, old versions too; of how many tasks."""
    folders = _folders(settings)
    for folder in folders:
        shutil.rmtree(folder)
    forget_answers(settings)
    return len(folders)


def learned_states(settings: Settings) -> list[LearnedState]:
    """What was learned of each task, by its key."""
    states = []
    for folder in _folders(settings):
        versions = Versions(folder)
        newest = versions.in_use or max(folder.glob("[0-9]*"), default=None)
        learned = read_learned(newest) if newest else None
        if learned:
            asked = f'"{learned.question}"' if learned.question else ", ".join(learned.labels[:6])
            title = f"{learned.tool}: {asked}"
            states.append(LearnedState(title, folder.name, versions.current, len(learned.examples)))
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


def _folders(settings: Settings) -> list[Path]:
    folder = versions_folder(settings.state_dir)
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _provenance(case: ReportedCase) -> dict[str, Any]:
    return {"call_id": case.call_id, "principal": case.principal, "at": case.at, "confirmed": case.confirmed}


def _hash_of(cases: Sequence[ReportedCase]) -> str:
    return _hash_of_pairs([(case.text, case.label) for case in cases])


def _hash_of_pairs(pairs: Sequence[tuple[str, str]]) -> str:
    return hashlib.sha256(json.dumps(sorted(pairs)).encode()).hexdigest()
