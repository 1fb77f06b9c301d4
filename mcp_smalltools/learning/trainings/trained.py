"""What a training is given and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_smalltools.config import Settings

if TYPE_CHECKING:
    from mcp_smalltools.learning.improve.teacher import Teacher

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """`source` is the real path of the folder to learn from; `say` is told how far it is. With `dry_run`
    nothing is kept.
    """

    source: Path
    settings: Settings
    say: Say
    teacher: Teacher | None = None
    dry_run: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    """What only some trainings take."""


@dataclass(frozen=True, slots=True)
class Trained:
    """`report` has the figures, `lines` say them to a person. `version` is the one that was kept."""

    report: Mapping[str, Any]
    lines: tuple[str, ...]
    better: bool
    version: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {**self.report, "version": self.version}
