"""Decisions that parse_log has to make, with the right answers, from simulated systems."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.learning.logs.systems import System
from mcp_smalltools.logs.judge.judge import Judge
from mcp_smalltools.logs.lines.line_table import LineTable
from mcp_smalltools.logs.templates.families import Family, families_of, gap_features_of, joined
from mcp_smalltools.logs.templates.grouping import (
    by_length,
    candidates_of,
    differing,
    parts_by,
    slot_features_at,
    split_all,
)
from mcp_smalltools.logs.templates.nodes import Node, nodes_of, objects_as_one, words_known
from mcp_smalltools.logs.templates.structures import join_structures

_FAMILIES = 500
"""Families of one system and round that are taken, by lot."""
Matrix = NDArray[np.float32]


class Examples:
    """Features, answers from 0 to 1, and weights: more lines weigh more."""

    def __init__(self) -> None:
        self._rows: list[Sequence[float]] = []
        self._answers: list[float] = []
        self._weights: list[float] = []

    def add(self, features: Sequence[float], answer: float, lines: int) -> None:
        self._rows.append(features)
        self._answers.append(answer)
        self._weights.append(math.log1p(lines))

    def arrays(self) -> tuple[Matrix, Matrix, Matrix]:
        rows, answers, weights = (
            np.asarray(part, np.float32) for part in (self._rows, self._answers, self._weights)
        )
        return rows, answers, weights


@dataclass(slots=True)
class Parsed:
    """A system's shapes as parse_log sees them, and which events each shape has."""

    nodes: list[Node]
    known: Counter[str]
    events: list[Counter[int]]

    def events_of(self, members: Sequence[int]) -> Counter[int]:
        return sum((self.events[member] for member in members), Counter())


def parsed(system: System) -> Parsed:
    table = LineTable()
    shapes = [table.shape_of_content(line) for line in system.lines]
    events: list[Counter[int]] = [Counter() for _ in table.shapes]
    for shape, event in zip(shapes, system.events, strict=True):
        events[shape][event] += 1
    nodes = objects_as_one(nodes_of(table.shapes, [counts.total() for counts in events]))
    return Parsed(nodes, words_known(nodes), events)


def add_slots(system: System, judge: Judge, rng: random.Random, examples: Examples) -> None:
    """Places where candidates differ: is a value of one event, or a word that tells events apart?"""
    log = parsed(system)
    waiting = [found for bucket in by_length(log.nodes) for found in candidates_of(bucket)]
    while waiting:
        nodes = waiting.pop()
        places = differing(nodes)
        shares = {place: _share_varying(nodes, log, place) for place in places}
        lines = sum(node.weight for node in nodes)
        for place, share in shares.items():
            answer = 0.0 if not share else 0.75 if share < 0.2 else 0.9 if share < 0.5 else 1.0
            examples.add(slot_features_at(nodes, place, places, log.known, judge), answer, lines)
        telling = [place for place, share in shares.items() if not share]
        if telling:
            waiting += parts_by(nodes, rng.choice(telling))


def _share_varying(nodes: Sequence[Node], log: Parsed, place: int) -> float:
    """The share of lines whose event has several values at the place."""
    values: dict[int, set[str]] = defaultdict(set)
    weight: Counter[int] = Counter()
    for node in nodes:
        event = _main(log.events_of(node.members))
        values[event].add(node.tokens[place])
        weight[event] += node.weight
    return sum(weight[name] for name, words in values.items() if len(words) > 1) / weight.total()


def add_gaps(system: System, judge: Judge, rng: random.Random, examples: Examples) -> None:
    """Families of groups: are they one event? A second round sees what the right joins of the first give."""
    log = parsed(system)
    groups = join_structures(split_all(log.nodes, log.known, judge))
    for _ in range(2):
        families = families_of(groups)
        answers = [_one_event(family, log) for family in families]
        for at in rng.sample(range(len(families)), min(_FAMILIES, len(families))):
            lines = sum(item.weight for item in families[at].groups)
            examples.add(gap_features_of(families[at], log.known, judge), answers[at], lines)
        scores = [1 + rng.random() if answer == 1 and rng.random() < 0.8 else -1.0 for answer in answers]
        after = joined(groups, families, scores)
        if len(after) == len(groups):
            return
        groups = after


def _one_event(family: Family, log: Parsed) -> float:
    lines: Counter[int] = Counter()
    mains: Counter[int] = Counter()
    for item in family.groups:
        events = log.events_of(item.members)
        lines.update(events)
        mains[_main(events)] += 1
    of_groups = max(mains.values()) / len(family.groups)
    if of_groups == 1:
        return 1.0
    return 0.6 if of_groups > 0.8 and max(lines.values()) > 0.97 * lines.total() else 0.0


def _main(events: Counter[int]) -> int:
    return max(events, key=lambda event: (events[event], -event))
