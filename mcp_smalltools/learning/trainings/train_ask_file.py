"""ask_file learns from a repository which places of its files its people mean."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import UsageError
from mcp_smalltools.learning.improve.kept import forget_answers
from mcp_smalltools.learning.repositories.files import RepositoryFiles
from mcp_smalltools.learning.trainings.trained import Trained, TrainingRequest
from mcp_smalltools.tools.ask_file.learned_order import LearnedOrder, versions_of, write_version

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine
    from mcp_smalltools.learning.ask.material import AskCase
    from mcp_smalltools.learning.ask.order_trial import FirstPlaces, OrderTrial


def train_ask_file(request: TrainingRequest) -> Trained:
    """Raises NotFound where there is too little to learn from, EngineError without the encoder."""
    from mcp_smalltools.learning.ask.order_trial import try_order

    settings = request.settings
    if settings.engine_urls:
        raise UsageError(
            "What ask_file learns is measured with the engine on this machine only.",
            remedy="Train without engine_urls.",
        )

    from mcp_smalltools.engine.make import make_engine

    async def tried() -> tuple[OrderTrial, LearnedOrder]:
        engine = make_engine(settings)
        try:
            files = RepositoryFiles.of(request.source, settings)
            written = await _written(request, files, engine)
            return await try_order(files, settings, engine, request.say, written)
        finally:
            await engine.close()

    trial, order = anyio.run(tried)
    report = trial.report() | {"source": str(request.source)}
    version = None
    if trial.better and not request.dry_run:
        versions = versions_of(settings.state_dir, request.source)
        version = versions.add(lambda folder: write_version(order, report, folder))
        forget_answers(settings)
    lines = (
        f"{trial.files} files, {trial.changes} changes, {trial.learned_from} questions learned from, "
        f"{trial.seconds:.0f} s.",
        f"Of {trial.all.questions} held-out questions, before and after:",
        *_said({"all": trial.all, **trial.by_kind}),
        *(f"Not better: {reason}." for reason in trial.reasons),
    )
    return Trained(report, lines, trial.better, version)


async def _written(request: TrainingRequest, files: RepositoryFiles, engine: Engine) -> list[AskCase]:
    """Questions of the teacher, if one is named."""
    from mcp_smalltools.learning.teaching.question_writer import QuestionWriter
    from mcp_smalltools.learning.teaching.taught import taught_passages

    if request.teacher is None:
        return []
    writer = QuestionWriter(request.teacher, files, request.settings, engine)
    try:
        return await taught_passages(writer, files.texts(), request.say)
    finally:
        await writer.close()


def _said(figures: Mapping[str, FirstPlaces]) -> list[str]:
    return [
        f"  {kind:<14} right place first {one.first_before:.3f} -> {one.first_after:.3f}, "
        f"among three {one.three_before:.3f} -> {one.three_after:.3f}  ({one.questions})"
        for kind, one in figures.items()
    ]


def undo_ask_file(settings: Settings, source: Path) -> int | None:
    """The version then in use, 0 as shipped; None if nothing was trained."""
    version = versions_of(settings.state_dir, source).go_back()
    if version is not None:
        forget_answers(settings)
    return version
