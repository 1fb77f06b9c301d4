"""parse_log learns the logging statements of a source tree."""

from __future__ import annotations

from mcp_smalltools.config import Settings
from mcp_smalltools.learning.improve.kept import forget_answers
from mcp_smalltools.learning.repositories.git import head_of
from mcp_smalltools.learning.trainings.trained import Trained, TrainingRequest


def train_parse_log(request: TrainingRequest) -> Trained:
    """Raises NotFound where there are too few statements."""
    from mcp_smalltools.learning.logs.adapt import read_tree, try_out
    from mcp_smalltools.logs.judge.adaptation import save_version

    sources = read_tree(request.source)
    trial = try_out(sources)
    report = trial.report() | {"source": str(request.source), "commit": head_of(request.source)}
    version = None
    if trial.better and not request.dry_run:
        version = save_version(request.settings.state_dir, [item.pieces for item in sources], report)
        forget_answers(request.settings)
    before, after = trial.before, trial.after
    lines = (
        f"{trial.statements} logging statements. On logs generated from them, before and after:",
        f"  right templates          {before.templates:.3f} -> {after.templates:.3f}",
        f"  of held-out statements   {before.templates_held_out:.3f} -> {after.templates_held_out:.3f}",
        f"  right groups             {before.groups:.3f} -> {after.groups:.3f}",
    )
    return Trained(report, lines, trial.better, version)


def undo_parse_log(settings: Settings) -> int | None:
    """The version then in use, 0 as shipped; None if nothing was trained."""
    from mcp_smalltools.logs.judge.adaptation import roll_back

    version = roll_back(settings.state_dir)
    if version is not None:
        forget_answers(settings)
    return version
