"""Does parse_log read the logs of a source tree better when it knows the tree's logging statements?

Logs are simulated from all of the tree's statements, with values that nobody has seen. The trial knows four
fifths of the statements; what it gains on the lines of the others, it gains on statements still to be
written. Every event counts the same, however frequent: of a few that make up most lines of a simulated log,
one is right or wrong by chance.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mcp_smalltools.errors import NotFound
from mcp_smalltools.evaluation.suites.logs import parse_with
from mcp_smalltools.learning.logs.systems import StatementSource, System, simulate, vocabulary
from mcp_smalltools.logs.judge.adaptation import adapt_judge
from mcp_smalltools.logs.judge.judge import Judge, shipped_judge
from mcp_smalltools.logs.statements.pieces import Piece
from mcp_smalltools.logs.statements.source import statements_under

_FEWEST = 10
_SYSTEMS = 8
_WORSE = 0.01
"""By how much a share may fall, which is noise."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Of the events: those that are just one group; how many of an event's lines have its template, in the
    mean; and the same of events whose statement the trial did not know.
    """

    groups: float
    templates: float
    templates_held_out: float


@dataclass(frozen=True, slots=True)
class Trial:
    statements: int
    before: Shares
    after: Shares

    @property
    def better(self) -> bool:
        after, before = self.after, self.before
        return (
            after.templates > before.templates
            and after.groups >= before.groups - _WORSE
            and after.templates_held_out >= before.templates_held_out - _WORSE
        )

    def report(self) -> dict[str, Any]:
        return {**asdict(self), "better": self.better}


def read_tree(folder: Path) -> list[StatementSource]:
    """The distinct statements of a source tree. Raises NotFound if there are too few."""
    found = {item.pieces: item for item in statements_under(folder, formats=True)}
    if len(found) < _FEWEST:
        raise NotFound(
            f"{folder} has {len(found)} logging statements; {_FEWEST} are the least to learn from.",
            remedy="Name a folder with Java, Python, Go, C, C++, Rust or JavaScript sources that write logs.",
        )
    return [StatementSource(folder.name, item.file, item.pieces, item.raises) for item in found.values()]


def try_out(sources: Sequence[StatementSource], seed: int = 1) -> Trial:
    """Compare what ships with a judge that knows four fifths of the statements."""
    rng = random.Random(seed)
    held_out = set(rng.sample(range(len(sources)), len(sources) // 5))
    trial = adapt_judge([item.pieces for at, item in enumerate(sources) if at not in held_out])
    known = vocabulary(sources)
    unseen = {sources[at].pieces for at in held_out}
    systems = [simulate(sources, known, rng, siblings=False) for _ in range(_SYSTEMS)]
    return Trial(len(sources), shares_of(systems, unseen, shipped_judge()), shares_of(systems, unseen, trial))


def shares_of(systems: Sequence[System], unseen: Set[tuple[Piece, ...]], judge: Judge) -> Shares:
    """The figures of a judge on these systems; `unseen`: statements that it did not know."""
    groups, templates, held_out = [], [], []
    for system in systems:
        found = parse_with(system.lines, judge)
        sizes = Counter(found)
        for true, lines in _events(system).items():
            right = sum(found[line] == true for line in lines) / len(lines)
            names = {found[line] for line in lines}
            groups.append(len(names) == 1 and sizes[names.pop()] == len(lines))
            templates.append(right)
            if system.sources[lines[0]].pieces in unseen:
                held_out.append(right)
    return Shares(_mean(groups), _mean(templates), _mean(held_out))


def _events(system: System) -> dict[str, list[int]]:
    """The lines of each true template."""
    events: dict[str, list[int]] = defaultdict(list)
    for line, template in enumerate(system.templates):
        events[template].append(line)
    return events


def _mean(shares: Sequence[float]) -> float:
    return round(sum(shares) / len(shares), 4) if shares else 0.0
