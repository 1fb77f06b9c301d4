"""Clusters that differ only in one gap, a run of tokens of any length. Is the gap a variable?

This finds values of several words, lists and optional parts, which no comparison of equally long lines can
see.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcp_smalltools.logs.judge.features import gap_features
from mcp_smalltools.logs.judge.judge import Judge
from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.message.tokenize import Tokens, is_word
from mcp_smalltools.logs.message.verdicts import are_verdicts

_MOST_TOKENS = 120
_MOST_CLUSTERS = 1_500
"""Clusters that are compared: the heaviest."""
_ROUNDS = 4


@dataclass(slots=True)
class Cluster:
    """Shapes that are one event so far."""

    tokens: Tokens
    spaces: str
    weight: int
    members: list[int]
    judged: bool = True


@dataclass(slots=True)
class GapCandidate:
    """Clusters that have the same tokens before the gap (`head`) and after it (`tail`)."""

    head: Tokens
    tail: Tokens
    spaces: tuple[str, str, str]  # of the head, of a variable in place of the gap, of the tail
    clusters: list[Cluster]

    def values(self) -> dict[Tokens, int]:
        """What the gap holds, each value with its weight."""
        start, end = len(self.head), len(self.tail)
        found: dict[Tokens, int] = defaultdict(int)
        for item in self.clusters:
            found[item.tokens[start : len(item.tokens) - end]] += item.weight
        return dict(found)

    def merge(self) -> Cluster:
        """One cluster, with a variable for the gap."""
        return Cluster(
            (*self.head, VAR, *self.tail),
            "".join(self.spaces),
            sum(item.weight for item in self.clusters),
            [member for item in self.clusters for member in item.members],
            all(item.judged for item in self.clusters),
        )


def merge_gaps(
    clusters: list[Cluster], known: Mapping[str, int], judge: Judge, until: float = math.inf
) -> list[Cluster]:
    """Merge the candidates whose gap is judged a variable, the surest first."""
    if judge.gap is None:
        return clusters
    for _ in range(_ROUNDS):
        if time.monotonic() >= until:
            break
        candidates = gap_candidates_of(clusters)
        if not candidates:
            break
        scores = judge.gaps([gap_features_of(candidate, known, judge) for candidate in candidates])
        fewer = merge_candidates(clusters, candidates, scores)
        if len(fewer) == len(clusters):
            break
        clusters = fewer
    return clusters


def gap_features_of(candidate: GapCandidate, known: Mapping[str, int], judge: Judge) -> list[float]:
    return gap_features(candidate.head, candidate.tail, candidate.values(), known, judge.lexicon)


def merge_candidates(
    clusters: list[Cluster], candidates: list[GapCandidate], scores: Sequence[float]
) -> list[Cluster]:
    """Merge the candidates with a positive score, the best first; a cluster is merged once."""
    gone: set[int] = set()
    new = []
    for at in sorted(
        range(len(candidates)), key=lambda at: (-scores[at], candidates[at].head, candidates[at].tail)
    ):
        if scores[at] <= 0:
            break
        candidate = candidates[at]
        if any(id(item) in gone for item in candidate.clusters):
            continue
        gone.update(id(item) for item in candidate.clusters)
        new.append(candidate.merge())
    kept = [item for item in clusters if id(item) not in gone]
    return sorted([*kept, *new], key=lambda item: (-item.weight, item.tokens, item.spaces))


def gap_candidates_of(clusters: Sequence[Cluster]) -> list[GapCandidate]:
    """All candidates of two clusters or more whose gaps begin and end differently: otherwise a shorter gap
    describes the same clusters.
    """
    chosen = [item for item in clusters if len(item.tokens) <= _MOST_TOKENS][:_MOST_CLUSTERS]
    tokens = [list(zip(item.tokens, item.spaces, strict=True)) for item in chosen]
    heads, tails = _branches(tokens), _branches([part[::-1] for part in tokens])
    found: dict[tuple[int, int, str], list[tuple[Cluster, int, int]]] = defaultdict(list)
    for item, from_start, from_end in zip(chosen, heads, tails, strict=True):
        length = len(item.tokens)
        for start, head in from_start:
            for size, tail in from_end:
                end = length - size
                if start <= end and size + start > 0 and _fits(item, start, end):
                    space = item.spaces[start] if end > start else "0"
                    found[head, tail, space].append((item, start, end))
    candidates = []
    for (_, _, space), members in found.items():
        if len(members) > 1:
            candidate = _candidate(members, space)
            if any(map(is_word, (*candidate.head, *candidate.tail))) and _is_tight(list(candidate.values())):
                candidates.append(candidate)
    return candidates


def _candidate(members: Sequence[tuple[Cluster, int, int]], space: str) -> GapCandidate:
    first, start, end = members[0]
    spaces = first.spaces[:start], space, first.spaces[end:]
    return GapCandidate(first.tokens[:start], first.tokens[end:], spaces, [item for item, _, _ in members])


def _branches(sequences: Sequence[Sequence[object]]) -> list[list[tuple[int, int]]]:
    """For each sequence, the lengths of its starts after which the sequences differ, each with the number of
    that start.
    """
    numbers: dict[tuple[int, object], int] = {}
    goes_on: dict[int, set[object]] = defaultdict(set)
    paths = []
    for sequence in sequences:
        at, path = 0, [0]
        for token in sequence:
            goes_on[at].add(token)
            at = numbers.setdefault((at, token), len(numbers) + 1)
            path.append(at)
        goes_on[at].add(None)
        paths.append(path)
    return [[(length, at) for length, at in enumerate(path) if len(goes_on[at]) > 1] for path in paths]


def _fits(item: Cluster, start: int, end: int) -> bool:
    """An empty gap fits a variable only where there would not be a space on both sides."""
    return end > start or end == len(item.tokens) or item.spaces[end] == "1"


def _is_tight(values: Sequence[Tokens]) -> bool:
    if len(values) < 2:
        return False
    if () in values:
        return True
    if all(len(value) == 1 for value in values) and are_verdicts({value[0] for value in values}):
        return False
    return len({value[0] for value in values}) > 1 and len({value[-1] for value in values}) > 1
