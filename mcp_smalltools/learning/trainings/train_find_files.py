"""find_files learns from the history of a repository which files its people mean."""

from __future__ import annotations

from pathlib import Path

import anyio

from mcp_smalltools.config import Settings
from mcp_smalltools.learning.trainings.trained import Trained, TrainingRequest
from mcp_smalltools.tools.find_files.learned_history import LearnedHistory, versions_of, write_version


def train_find_files(request: TrainingRequest) -> Trained:
    """Raises NotFound where the history is too short."""
    from mcp_smalltools.engine.make import make_engine
    from mcp_smalltools.learning.files.history_trial import HistoryTrial, try_history

    async def tried() -> tuple[HistoryTrial, LearnedHistory]:
        engine = make_engine(request.settings)
        try:
            return await try_history(request.source, request.settings, engine, request.say, request.teacher)
        finally:
            await engine.close()

    trial, learned = anyio.run(tried)
    report = trial.report() | {"source": str(request.source)}
    version = None
    if trial.better and not request.dry_run:
        versions = versions_of(request.settings.state_dir, request.source)
        version = versions.add(lambda folder: write_version(learned, report, folder))
    lines = (
        f"{trial.files} files, {trial.commits} commits, {trial.seconds:.0f} s.",
        f"Of {trial.held_out} held-out commits, one of their files is among the first five:",
        f"  {trial.before:.3f} -> {trial.after:.3f} (mean reciprocal rank {trial.rank_before:.3f} -> "
        f"{trial.rank_after:.3f})",
    )
    return Trained(report, lines, trial.better, version)


def undo_find_files(settings: Settings, source: Path) -> int | None:
    """The version then in use, 0 as shipped; None if nothing was trained."""
    return versions_of(settings.state_dir, source).go_back()
