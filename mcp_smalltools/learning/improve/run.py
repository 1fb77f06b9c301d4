"""Learn from the corrections of all tasks: measured, kept as a version if nothing speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from anyio import to_thread

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import UsageError
from mcp_smalltools.learning.improve.classify_trial import Progress, TaskTrial, try_corrections
from mcp_smalltools.learning.improve.compared import TaskTexts
from mcp_smalltools.learning.improve.elsewhere import Elsewhere, texts_elsewhere
from mcp_smalltools.learning.improve.failure_cases import (
    FIND_FAILURE,
    example_logs,
    failure_cases,
    logs_of_right_answers,
    passing_logs,
)
from mcp_smalltools.learning.improve.failure_trial import FEWEST_LOGS, LineTrial, try_lines, words_of_case
from mcp_smalltools.learning.improve.kept import forget_answers, keep_mark, why_not_again
from mcp_smalltools.learning.improve.reported_cases import MAY_CONTRADICT, ReportedCase, cases_of
from mcp_smalltools.learning.improve.tasks import LearningTask, tasks_of
from mcp_smalltools.learning.improve.teacher import Teacher, ask_teacher
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Call, Service
from mcp_smalltools.stores.accounts.weak_outcomes import WeakEvidence
from mcp_smalltools.stores.outcomes import ReportedOutcome, open_outcomes
from mcp_smalltools.tools.classify.learned import task_key, versions_of_task, write_learned
from mcp_smalltools.tools.classify.vectors import TextReader, adapter_here
from mcp_smalltools.tools.find_failure.learned_lines import LearnedLines, versions_of_lines, write_lines

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine

DEADLINE_S: Final = 3600.0
HELPED: Final = 1.5
"""Log-odds of what the agent did after an answer from which it counts as right."""
LATEST_CALLS: Final = 2_000
"""Calls among which logs of runs that passed are looked for."""


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
    trial: TaskTrial | LineTrial | None
    reasons: tuple[str, ...]
    version: int | None = None

    @property
    def better(self) -> bool:
        return not self.reasons

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "better": self.better}


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
    teacher: Teacher | None = None,
) -> ImproveReport:
    """Try what was reported of each task, and keep what the gates let through. A teacher is asked about
    answers that were rejected without a correction. Raises NotAllowed, and as the engine does.
    """
    if settings.engine_urls:
        raise UsageError(
            "Confidences are measured with the engine on this machine only, so nothing can be compared.",
            remedy="Run improve without engine_urls.",
        )
    outcomes = open_outcomes(settings.state_dir)
    try:
        told = outcomes.all()
        weak = outcomes.weak_evidence(FIND_FAILURE)
    finally:
        outcomes.close()
    tasks, left = tasks_of(told, settings, only)
    if teacher is not None and only in (None, FIND_FAILURE):
        taught, silent = await ask_teacher(teacher, told, settings, engine, progress)
        told += taught
        left |= {f"of {FIND_FAILURE}, {why}": count for why, count in silent.items()}
    report = ImproveReport(left=left)
    service = Service(settings, engine)
    try:
        for task in tasks:
            report.improvements.append(await _improve_task(task, service, progress, dry_run=dry_run))
        if only in (None, FIND_FAILURE):
            found = await to_thread.run_sync(lambda: _improve_lines(told, weak, service, dry_run=dry_run))
            report.improvements += [found] if found else []
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
    pairs = [(case.text, case.label) for case in found.cases]
    reasons = [found.refusal] if found.refusal else why_not_again(versions, pairs)
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
        learned = texts.learned(pairs, trial.reach)
        told = {"trial": trial.report(), "cases": [_provenance(case) for case in found.cases]}
        version = versions.add(lambda folder: write_learned(learned, told, folder))
        keep_mark(versions, version, pairs)
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
    own = task.skill.context_of(context) if task.skill else context
    return TextReader(own, adapter_here(own), said=bool(task.known))


def _provenance(case: ReportedCase) -> dict[str, Any]:
    return {"call_id": case.call_id, "principal": case.principal, "at": case.at, "confirmed": case.confirmed}


def _improve_lines(
    outcomes: Sequence[ReportedOutcome], weak: Sequence[WeakEvidence], service: Service, *, dry_run: bool
) -> Improvement | None:
    """What came of the corrections of `find_failure`; None where there are none. Blocks."""
    call = Call(ToolRequest(FIND_FAILURE, {}, deadline_s=DEADLINE_S), service, lambda *_: None)
    context = call.context()
    try:
        cases, left, contradicted = failure_cases(outcomes, context)
        if not cases and not left:
            return None
        calls = service.ledger().rows(limit=LATEST_CALLS)
        helped = {seen.call_id for seen in weak if seen.log_odds >= HELPED}
        good = logs_of_right_answers(outcomes, calls, helped, context)
        passing = passing_logs(calls, context)
    finally:
        call.files.close()
    taught = [(" ".join(sorted(line)), "says why") for case in cases for line in words_of_case(case)]
    versions = versions_of_lines(service.settings.state_dir)
    reasons = why_not_again(versions, taught)
    if contradicted > MAY_CONTRADICT * (len(cases) + contradicted):
        reasons = [f"the corrections contradict each other: {contradicted} logs"]
    elif len(cases) < FEWEST_LOGS:
        reasons = [f"{len(cases)} logs are too few: {FEWEST_LOGS} are the least"]
    trial = version = None
    if not reasons:
        trial = try_lines(cases, [*good, *example_logs()], passing)
        reasons = list(trial.reasons)
    if trial and trial.better and trial.reach is not None and not dry_run:
        lines = tuple(line for case in cases for line in words_of_case(case))
        learned = LearnedLines(lines, trial.reach, trial.confidence)
        origins = [{"call_id": case.outcome.call_id, "principal": case.outcome.principal} for case in cases]
        told = {"trial": trial.report(), "cases": origins}
        version = versions.add(lambda folder: write_lines(learned, told, folder))
        keep_mark(versions, version, taught)
    title, count = f"{FIND_FAILURE}: lines that say why", len(cases)
    return Improvement(title, FIND_FAILURE, count, 0, count, dict(left), trial, tuple(reasons), version)
