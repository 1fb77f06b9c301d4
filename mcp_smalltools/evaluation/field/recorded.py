"""Figures of real, held-out cases as an entry of each tool's `scores.json`."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mcp_smalltools.calibration.scores import (
    FILE,
    REAL_INPUT,
    RIGHT_WHERE_SURE,
    Evaluation,
    coverage_curve,
    record_quality,
    reliability,
)
from mcp_smalltools.errors import NotFound, UsageError
from mcp_smalltools.evaluation.field.judged import FieldFigures, JudgedCase

HELD_OUT: Final = "held_out"
_AIM: Final = ">= 0.95"
_FEWEST: Final = 10
"""Answers with a confidence of which a picture says something."""


def check_recordable(folder: Path, split: str) -> None:
    """Raises UsageError for other cases than held-out ones, NotFound where no tool's folder is."""
    if split != HELD_OUT:
        raise UsageError(
            "Only figures of held-out cases are recorded: others were looked at while the tools were made.",
            remedy=f"Add --split {HELD_OUT}, or leave out --record.",
        )
    if not any(folder.glob(f"*/{FILE}")):
        raise NotFound(f"{folder} has no folder of a tool.", remedy="Name models/skills of a checkout.")


def record_field(folder: Path, figures: FieldFigures, judged: Sequence[JudgedCase]) -> None:
    """Put the figures of a tool into its folder. Raises OSError."""
    record_quality(folder / figures.tool / FILE, [entry_of(figures, judged)])


def entry_of(figures: FieldFigures, judged: Sequence[JudgedCase]) -> Evaluation:
    """The entry; with the curves, if enough answers had a confidence."""
    rated = [pair for item in judged for pair in item.rated]
    curves = len(rated) >= _FEWEST
    confidences, rights = [pair[0] for pair in rated], [pair[1] for pair in rated]
    metrics = {"all right": figures.right, "sure": figures.sure}
    if figures.sure:
        metrics[RIGHT_WHERE_SURE] = figures.right_of_sure
    worst = ""
    if figures.worst_source:
        metrics["all right, worst source"] = figures.worst_right
        worst = f" The worst source with three cases or more is {figures.worst_source}."
    return Evaluation(
        set=REAL_INPUT,
        items=figures.cases,
        metrics=metrics,
        aims={RIGHT_WHERE_SURE: _AIM} if figures.sure else {},
        command=f"mcp-smalltools eval field --data DIR --split {HELD_OUT} --tool {figures.tool}",
        date=datetime.date.today(),
        note=f"Of {figures.sources} sources on which nothing was fitted.{worst}",
        coverage_curve=coverage_curve(confidences, rights) if curves else [],
        reliability=reliability(confidences, rights) if curves else [],
    )
