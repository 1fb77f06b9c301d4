"""Templates that differ in one stretch of tokens, of any length: a family. Is the stretch a variable?

Here values of several words, lists and optional parts are found, which no comparison of equally long lines
can see.
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

_MOST_TOKENS = 120
_MOST_GROUPS = 1_500
"""Groups that are compared: the heaviest."""
_ROUNDS = 4


@dataclass(slots=True)
class Group:
    """Shapes that are one event so far."""

    tokens: Tokens
    spaces: str
    weight: int
    members: list[int]
    judged: bool = True


@dataclass(slots=True)
class Family:
    """Groups that are alike before the stretch (`head` tokens) and after it (`tail` tokens)."""

    head: Tokens
    tail: Tokens
    spaces: tuple[str, str, str]  # of the head, of a variable in place of the stretch, of the tail
    groups: list[Group]

    def values(self) -> dict[Tokens, int]:
        """The stretches, each with its weight."""
        start, end = len(self.head), len(self.tail)
        found: dict[Tokens, int] = defaultdict(int)
        for item in self.groups:
            found[item.tokens[start : len(item.tokens) - end]] += item.weight
        return dict(found)

    def as_one(self) -> Group:
        return Group(
            (*self.head, VAR, *self.tail),
            "".join(self.spaces),
            sum(item.weight for item in self.groups),
            [member for item in self.groups for member in item.members],
            all(item.judged for item in self.groups),
        )


def join_families(
    groups: list[Group], known: Mapping[str, int], judge: Judge, until: float = math.inf
) -> list[Group]:
    """Join the families whose stretch is judged a variable, the surest first."""
    if judge.gap is None:
        return groups
    for _ in range(_ROUNDS):
        if time.monotonic() >= until:
            break
        families = families_of(groups)
        if not families:
            break
        scores = judge.gaps([gap_features_of(family, known, judge) for family in families])
        fewer = joined(groups, families, scores)
        if len(fewer) == len(groups):
            break
        groups = fewer
    return groups


def gap_features_of(family: Family, known: Mapping[str, int], judge: Judge) -> list[float]:
    return gap_features(family.head, family.tail, family.values(), known, judge.lexicon)


def joined(groups: list[Group], families: list[Family], scores: Sequence[float]) -> list[Group]:
    gone: set[int] = set()
    new = []
    for at in sorted(
        range(len(families)), key=lambda at: (-scores[at], families[at].head, families[at].tail)
    ):
        if scores[at] <= 0:
            break
        family = families[at]
        if any(id(item) in gone for item in family.groups):
            continue
        gone.update(id(item) for item in family.groups)
        new.append(family.as_one())
    kept = [item for item in groups if id(item) not in gone]
    return sorted([*kept, *new], key=lambda item: (-item.weight, item.tokens, item.spaces))


def families_of(groups: Sequence[Group]) -> list[Family]:
    """All families of two groups or more whose stretches begin and end differently: otherwise a shorter
    stretch describes the same groups.
    """
    chosen = [item for item in groups if len(item.tokens) <= _MOST_TOKENS][:_MOST_GROUPS]
    pieces = [list(zip(item.tokens, item.spaces, strict=True)) for item in chosen]
    heads, tails = _branches(pieces), _branches([part[::-1] for part in pieces])
    found: dict[tuple[int, int, str], list[tuple[Group, int, int]]] = defaultdict(list)
    for item, from_start, from_end in zip(chosen, heads, tails, strict=True):
        length = len(item.tokens)
        for start, head in from_start:
            for size, tail in from_end:
                end = length - size
                if start <= end and size + start > 0 and _fits(item, start, end):
                    space = item.spaces[start] if end > start else "0"
                    found[head, tail, space].append((item, start, end))
    families = []
    for (_, _, space), members in found.items():
        if len(members) > 1:
            family = _family(members, space)
            if any(map(is_word, (*family.head, *family.tail))) and _is_tight(list(family.values())):
                families.append(family)
    return families


def _family(members: Sequence[tuple[Group, int, int]], space: str) -> Family:
    first, start, end = members[0]
    spaces = first.spaces[:start], space, first.spaces[end:]
    return Family(first.tokens[:start], first.tokens[end:], spaces, [item for item, _, _ in members])


def _branches(sequences: Sequence[Sequence[object]]) -> list[list[tuple[int, int]]]:
    """For each sequence the lengths of its beginnings after which not all sequences go on alike, each with a
    number that stands for that beginning.
    """
    numbers: dict[tuple[int, object], int] = {}
    goes_on: dict[int, set[object]] = defaultdict(set)
    paths = []
    for sequence in sequences:
        at, path = 0, [0]
        for piece in sequence:
            goes_on[at].add(piece)
            at = numbers.setdefault((at, piece), len(numbers) + 1)
            path.append(at)
        goes_on[at].add(None)
        paths.append(path)
    return [[(length, at) for length, at in enumerate(path) if len(goes_on[at]) > 1] for path in paths]


def _fits(item: Group, start: int, end: int) -> bool:
    """An empty stretch fits a variable only where no space would stand on both sides."""
    return end > start or end == len(item.tokens) or item.spaces[end] == "1"


def _is_tight(values: Sequence[Tokens]) -> bool:
    if len(values) < 2:
        return False
    if () in values:
        return True
    return len({value[0] for value in values}) > 1 and len({value[-1] for value in values}) > 1
