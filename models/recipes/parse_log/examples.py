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
from mcp_smalltools.logs.templates.clustering import (
    candidates_of,
    differing_places,
    sequences_by_structure,
    slot_features_at,
    split_at,
    split_candidates,
)
from mcp_smalltools.logs.templates.gaps import (
    GapCandidate,
    gap_candidates_of,
    gap_features_of,
    merge_candidates,
)
from mcp_smalltools.logs.templates.structures import merge_structures
from mcp_smalltools.logs.templates.token_sequences import (
    TokenSequence,
    mask_all_objects,
    token_sequences_of,
    word_counts,
)

_CANDIDATES = 500
"""Gap candidates of one system and round that are taken, by lot."""
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
class ParsedSystem:
    """A system's shapes as parse_log sees them, and which events each shape has."""

    sequences: list[TokenSequence]
    known: Counter[str]
    events: list[Counter[int]]

    def events_of(self, members: Sequence[int]) -> Counter[int]:
        return sum((self.events[member] for member in members), Counter())


def parse_system(system: System) -> ParsedSystem:
    table = LineTable()
    shapes = [table.shape_of_content(line) for line in system.lines]
    events: list[Counter[int]] = [Counter() for _ in table.shapes]
    for shape, event in zip(shapes, system.events, strict=True):
        events[shape][event] += 1
    sequences = mask_all_objects(token_sequences_of(table.shapes, [counts.total() for counts in events]))
    return ParsedSystem(sequences, word_counts(sequences), events)


def add_slots(system: System, judge: Judge, rng: random.Random, examples: Examples) -> None:
    """Places where candidates differ: is a value of one event, or a word that tells events apart?"""
    log = parse_system(system)
    waiting = [found for bucket in sequences_by_structure(log.sequences) for found in candidates_of(bucket)]
    while waiting:
        sequences = waiting.pop()
        places = differing_places(sequences)
        shares = {place: _share_varying(sequences, log, place) for place in places}
        lines = sum(sequence.weight for sequence in sequences)
        for place, share in shares.items():
            answer = 0.0 if not share else 0.75 if share < 0.2 else 0.9 if share < 0.5 else 1.0
            examples.add(slot_features_at(sequences, place, places, log.known, judge), answer, lines)
        telling = [place for place, share in shares.items() if not share]
        if telling:
            waiting += split_at(sequences, rng.choice(telling))


def _share_varying(sequences: Sequence[TokenSequence], log: ParsedSystem, place: int) -> float:
    """The share of lines whose event has several values at the place."""
    values: dict[int, set[str]] = defaultdict(set)
    weight: Counter[int] = Counter()
    for sequence in sequences:
        event = _main(log.events_of(sequence.members))
        values[event].add(sequence.tokens[place])
        weight[event] += sequence.weight
    return sum(weight[name] for name, words in values.items() if len(words) > 1) / weight.total()


def add_gaps(system: System, judge: Judge, rng: random.Random, examples: Examples) -> None:
    """Are the clusters of a candidate one event? A second round has the right merges of the first."""
    log = parse_system(system)
    clusters = merge_structures(split_candidates(log.sequences, log.known, judge))
    for _ in range(2):
        candidates = gap_candidates_of(clusters)
        answers = [_one_event(candidate, log) for candidate in candidates]
        for at in rng.sample(range(len(candidates)), min(_CANDIDATES, len(candidates))):
            lines = sum(item.weight for item in candidates[at].clusters)
            examples.add(gap_features_of(candidates[at], log.known, judge), answers[at], lines)
        scores = [1 + rng.random() if answer == 1 and rng.random() < 0.8 else -1.0 for answer in answers]
        after = merge_candidates(clusters, candidates, scores)
        if len(after) == len(clusters):
            return
        clusters = after


def _one_event(candidate: GapCandidate, log: ParsedSystem) -> float:
    lines: Counter[int] = Counter()
    mains: Counter[int] = Counter()
    for item in candidate.clusters:
        events = log.events_of(item.members)
        lines.update(events)
        mains[_main(events)] += 1
    of_groups = max(mains.values()) / len(candidate.clusters)
    if of_groups == 1:
        return 1.0
    return 0.6 if of_groups > 0.8 and max(lines.values()) > 0.97 * lines.total() else 0.0


def _main(events: Counter[int]) -> int:
    return max(events, key=lambda event: (events[event], -event))
