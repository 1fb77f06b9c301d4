"""How good a skill is, as its `scores.json` says it: sets that it was measured on, and how fast it is.

`models/skills/README.md` documents the file. `docs/quality.py` turns it into `docs/quality.md`.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from mcp_smalltools.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FILE = "scores.json"
REAL_INPUT = "real input, held-out sources"
"""The set that says most: public files of many sources (`eval field`). It stands before all others."""
MACHINE = "2 vCPU x86-64 with AVX512, no GPU"
"""Where the figures that ship were measured."""
RIGHT_WHERE_SURE = "all right where sure"
"""Its figure that says how far a sure answer can be relied on."""
_BINS = 15
_POINTS = 50

Share = Annotated[float, Field(ge=0, le=1)]
Aim = Annotated[str, StringConstraints(pattern=r"^(>=|<=) -?\d+(\.\d+)?$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    metrics: dict[str, float] = Field(min_length=1)
    aims: dict[str, Aim] = Field(default_factory=dict)  # names of metrics; ">= 0.93", "<= 0.05"
    command: str = Field(min_length=1)
    date: datetime.date
    note: str = ""

    def reached(self, metric: str) -> bool | None:
        """Whether the aim of a metric is met; None without an aim."""
        if metric not in self.aims:
            return None
        direction, _, limit = self.aims[metric].partition(" ")
        distance = self.metrics[metric] - float(limit)
        return distance >= 0 if direction == ">=" else distance <= 0


class Evaluation(_Entry):
    """One set on which a skill was measured and on which nothing of it was fitted.

    `coverage_curve` holds pairs (share of answers, the surest first; share of those that is right),
    `reliability` triples (mean confidence, share that is right, answers), one for each bin that has any.
    """

    set: str = Field(min_length=1)
    items: int = Field(ge=1)
    coverage_curve: list[tuple[Share, Share]] = Field(default_factory=list)
    reliability: list[tuple[Share, Share, int]] = Field(default_factory=list)


class Speed(_Entry):
    """How long one piece of work takes, and what else it costs, on a named machine."""

    what: str = Field(min_length=1)
    machine: str = MACHINE


@dataclass(frozen=True, slots=True)
class Quality:
    """What a `scores.json` says of quality, real input first; both empty where it has a calibration alone."""

    evaluation: tuple[Evaluation, ...]
    speed: tuple[Speed, ...]


def read_quality(path: Path) -> Quality:
    """Raises ModelError naming the file and the part that is not as it should be."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        sets = TypeAdapter(list[Evaluation]).validate_python(data.get("evaluation", []))
        return Quality(
            tuple(sorted(sets, key=lambda entry: entry.set != REAL_INPUT)),
            tuple(TypeAdapter(list[Speed]).validate_python(data.get("speed", []))),
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        what = f"{where}: {first['msg']}"
    except (OSError, ValueError, AttributeError) as error:
        what = str(error)
    raise ModelError(f"{path} can't be used: {what}.", remedy="See models/skills/README.md.")


def record_quality(path: Path, evaluation: Iterable[Evaluation] = (), speed: Iterable[Speed] = ()) -> None:
    """Put entries into a `scores.json`: each takes the place of the one of its name; the rest stays."""
    data = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    _put(data, "evaluation", "set", [entry.model_dump(mode="json") for entry in evaluation])
    _put(data, "speed", "what", [entry.model_dump(mode="json") for entry in speed])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_text(data), encoding="utf-8")


def as_text(data: Mapping[str, Any]) -> str:
    """JSON that reads well in a diff: indented, but lists of numbers on one line."""
    text = json.dumps(data, indent=2, ensure_ascii=False)
    return re.sub(r"\[\s+(-?[\d.e+-]+(?:,\s+-?[\d.e+-]+)*)\s+\]", _on_one_line, text) + "\n"


def coverage_curve(confidence: ArrayLike, right: ArrayLike) -> list[tuple[float, float]]:
    """Accuracy of the surest answers for about 50 shares of all answers, the last of which is 1."""
    import numpy as np

    hits = np.asarray(right, np.float64)[np.argsort(-np.asarray(confidence, np.float64), kind="stable")]
    running = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    ends = np.unique(np.linspace(len(hits) / _POINTS, len(hits), _POINTS).round().astype(int).clip(1))
    return [(round(float(end / len(hits)), 4), round(float(running[end - 1]), 4)) for end in ends]


def reliability(confidence: ArrayLike, right: ArrayLike) -> list[tuple[float, float, int]]:
    """For each of 15 equal parts of 0 to 1 that has answers: mean confidence, share right, answers."""
    import numpy as np

    confidences, hits = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    bin_of = np.minimum((confidences * _BINS).astype(np.int64), _BINS - 1)
    rows = []
    for part in np.unique(bin_of):
        inside = bin_of == part
        mean, share = float(confidences[inside].mean()), float(hits[inside].mean())
        rows.append((round(mean, 4), round(share, 4), int(inside.sum())))
    return rows


def _put(data: dict[str, Any], part: str, name: str, entries: Sequence[dict[str, Any]]) -> None:
    kept = {entry[name]: entry for entry in data.get(part, [])}
    kept |= {entry[name]: {key: value for key, value in entry.items() if value} for entry in entries}
    if kept:
        data[part] = list(kept.values())


def _on_one_line(match: re.Match[str]) -> str:
    return f"[{', '.join(match[1].replace(',', ' ').split())}]"
