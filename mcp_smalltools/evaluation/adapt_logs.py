"""Does parse_log read the logs of a source tree better when it knows the tree's logging statements?

Logs are simulated from all of the tree's statements, with values that nobody has seen. The trial knows four
fifths of the statements; what it gains on the lines of the others, it gains on statements still to be
written.
"""

from __future__ import annotations

import random
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mcp_smalltools.errors import NotFound
from mcp_smalltools.evaluation.logs import parse_with, score
from mcp_smalltools.tools.logs.simulation.systems import Source, System, simulate, vocabulary
from mcp_smalltools.tools.logs.specialist.adapted import adapted
from mcp_smalltools.tools.logs.specialist.judge import Judge, shipped
from mcp_smalltools.tools.logs.statements.pieces import Piece
from mcp_smalltools.tools.logs.statements.source import statements_under

_FEWEST = 10
_SYSTEMS = 8
_WORSE = 0.01
"""By how much a share may fall on held-out lines, which is noise."""


@dataclass(frozen=True, slots=True)
class Shares:
    """GA and PA of all lines, and PA of the lines of statements that the trial did not know."""

    ga: float
    pa: float
    pa_held_out: float


@dataclass(frozen=True, slots=True)
class Trial:
    statements: int
    before: Shares
    after: Shares

    @property
    def better(self) -> bool:
        after, before = self.after, self.before
        return (
            after.pa > before.pa
            and after.ga >= before.ga - _WORSE
            and after.pa_held_out >= before.pa_held_out - _WORSE
        )

    def report(self) -> dict[str, Any]:
        return {**asdict(self), "better": self.better}


def read_tree(folder: Path) -> list[Source]:
    """The distinct statements of a source tree. Raises NotFound if there are too few."""
    found = {item.pieces: item for item in statements_under(folder, formats=True)}
    if len(found) < _FEWEST:
        raise NotFound(
            f"{folder} has {len(found)} logging statements; {_FEWEST} are the least to learn from.",
            remedy="Name a folder with Java, Python, Go, C, C++, Rust or JavaScript sources that write logs.",
        )
    return [Source(folder.name, item.file, item.pieces, item.raises) for item in found.values()]


def try_out(sources: Sequence[Source], seed: int = 1) -> Trial:
    """Compare what ships with a judge that knows four fifths of the statements."""
    rng = random.Random(seed)
    held_out = set(rng.sample(range(len(sources)), len(sources) // 5))
    trial = adapted([item.pieces for at, item in enumerate(sources) if at not in held_out])
    known = vocabulary(sources)
    unseen = {sources[at].pieces for at in held_out}
    systems = [simulate(sources, known, rng, siblings=False) for _ in range(_SYSTEMS)]
    return Trial(len(sources), _shares(systems, unseen, shipped()), _shares(systems, unseen, trial))


def _shares(systems: Sequence[System], unseen: Set[tuple[Piece, ...]], judge: Judge) -> Shares:
    ga, right, held_out = [], [], []
    for system in systems:
        found = parse_with(system.lines, judge)
        ga.append(score(found, system.templates, 1.0).ga)
        for got, true, source in zip(found, system.templates, system.sources, strict=True):
            right.append(got == true)
            if source.pieces in unseen:
                held_out.append(got == true)
    return Shares(_mean(ga), _mean(right), _mean(held_out))


def _mean(shares: Sequence[float]) -> float:
    return round(sum(shares) / len(shares), 4) if shares else 0.0
