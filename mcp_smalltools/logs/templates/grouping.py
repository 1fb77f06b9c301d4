"""Which shapes are one event, and what varies in it.

Input: the distinct shapes of a log (see masking), each with the number of its records. Output: templates.
Nothing is configured and nothing depends on the order of the input.

1. A printed object is one variable (objects). Shapes with equally many tokens and enough constant words in
   common are candidates for one event.
2. Where candidates differ, each slot is judged by its evidence (specialist.evidence). A slot that tells
   events apart ("opened", "closed") splits the candidates; the others become variables.
3. Templates that differ in one stretch of any length are one event if the stretch is judged a variable
   (families), and those that differ only in the structure of their values always are (structures).
4. The text: a variable gives back the words that all of its values have (wording).

A word that never varies stays in the template: that it could is a guess, and it says more than <*>.

The idea of candidates by common words is Brain's (Yu et al., INFOCOM 2023); evidence and judge are our own.
"""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mcp_smalltools.logs.judge.features import slot_features
from mcp_smalltools.logs.judge.judge import Judge, shipped
from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.message.tokenize import is_sign, is_word, text_of
from mcp_smalltools.logs.templates.families import Group, join_families
from mcp_smalltools.logs.templates.nodes import Node, nodes_of, objects_as_one, words_known
from mcp_smalltools.logs.templates.statements_first import take_known
from mcp_smalltools.logs.templates.structures import join_structures, join_wide_structures
from mcp_smalltools.logs.templates.wording import worded

_ROUNDS = 2


@dataclass(slots=True)
class Template:
    """One event: its text, with VAR for each variable, and the shapes that belong to it."""

    text: str
    members: list[int]
    judged: bool = True  # False: the time was over, and like lines are one event


def group(
    shapes: Sequence[str], counts: Sequence[int], judge: Judge | None = None, until: float = math.inf
) -> list[Template]:
    """Group shapes to templates. Every shape is a member of exactly one, and its text fits the template.

    What is not judged at the time `until` (of time.monotonic) is grouped without judgement.
    """
    judge = judge or shipped()
    nodes = nodes_of(shapes, counts)
    texts: dict[str, Template] = {}
    if judge.statements is not None:
        found, nodes = take_known(nodes, judge.statements)
        texts = {text: Template(text, members) for text, members in found.items()}
    nodes = objects_as_one(nodes)
    known = words_known(nodes)
    groups = split_all(nodes, known, judge, until)
    lines = {member: (node.tokens, node.spaces) for node in nodes for member in node.members}
    for item in join_all(groups, known, judge, until):
        members = list(dict.fromkeys(lines[member] for member in item.members))
        text = text_of(*worded((item.tokens, item.spaces), members))
        template = texts.setdefault(text, Template(text, []))
        template.members.extend(item.members)
        template.judged = template.judged and item.judged
    return list(texts.values())


def join_all(groups: list[Group], known: Mapping[str, int], judge: Judge, until: float) -> list[Group]:
    """Join what is alike but for stretches and structures; one makes the other visible."""
    for _ in range(_ROUNDS):
        before = len(groups)
        groups = join_families(join_structures(groups), known, judge, until)
        groups = join_wide_structures(join_structures(groups))
        if len(groups) == before or time.monotonic() >= until:
            break
    return groups


def split_all(
    nodes: Sequence[Node], known: Mapping[str, int], judge: Judge, until: float = math.inf
) -> list[Group]:
    """Groups of nodes of equal length that are one event; the heaviest candidates are judged first."""
    clusters = [found for bucket in by_length(nodes) for found in candidates_of(bucket)]
    clusters.sort(key=lambda found: -sum(node.weight for node in found))
    groups = []
    for candidates in clusters:
        if time.monotonic() < until:
            groups += [_group(leaf) for leaf in _split(candidates, known, judge)]
        else:
            groups.append(_group(candidates))
            groups[-1].judged = len(candidates) == 1
    return sorted(groups, key=lambda item: (-item.weight, item.tokens, item.spaces))


def by_length(nodes: Sequence[Node]) -> list[list[Node]]:
    """Nodes that may be alike: as many tokens, the same signs in the same order, and the same spaces."""
    found: dict[tuple[str, str], list[Node]] = defaultdict(list)
    for node in nodes:
        found[node.spaces, "".join(filter(is_sign, node.tokens))].append(node)
    return list(found.values())


def candidates_of(bucket: Sequence[Node]) -> list[list[Node]]:
    """Clusters of nodes that share at least half of their words, position by position."""
    clusters: list[list[Node]] = []
    words_of: list[list[set[str]]] = []
    index: dict[tuple[int, str], set[int]] = defaultdict(set)
    for node in bucket:
        words = [(place, token) for place, token in enumerate(node.tokens) if is_word(token)]
        votes: Counter[int] = Counter()
        for place_token in words:
            votes.update(index.get(place_token, ()))
        best = _most_similar(node, words, votes, words_of)
        if best is None:
            best = len(clusters)
            clusters.append([])
            words_of.append([set() for _ in node.tokens])
        clusters[best].append(node)
        for place, token in enumerate(node.tokens):
            words_of[best][place].add(token)
        for place_token in words:
            index[place_token].add(best)
    return clusters


def _most_similar(
    node: Node, words: list[tuple[int, str]], votes: Counter[int], words_of: list[list[set[str]]]
) -> int | None:
    best, best_score = None, 0.0
    for cluster, common in sorted(votes.most_common(8), key=lambda item: (-item[1], item[0])):
        there = words_of[cluster]
        slots = sum(1 for place, token in enumerate(node.tokens) if VAR in there[place] or token == VAR)
        extra = 0.5 * min(slots, 2) * (common >= 2)
        score = (common + extra) / ((len(words) or 1) + extra)
        if score > best_score:
            best, best_score = cluster, score
    return best if best_score >= 0.5 else None


def _split(nodes: list[Node], known: Mapping[str, int], judge: Judge) -> Iterator[list[Node]]:
    """Split candidates at the slot that most looks as if it told events apart; none left: one event."""
    places = differing(nodes)
    if not places:
        yield nodes
        return
    scores = judge.slots([slot_features_at(nodes, place, places, known, judge) for place in places])
    worst = min(range(len(places)), key=lambda at: scores[at])
    if scores[worst] >= 0:
        yield nodes
        return
    for part in parts_by(nodes, places[worst]):
        yield from _split(part, known, judge)


def parts_by(nodes: Sequence[Node], place: int) -> list[list[Node]]:
    parts: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        parts[node.tokens[place]].append(node)
    return list(parts.values())


def differing(nodes: Sequence[Node]) -> list[int]:
    """The places at which equally long token sequences are not all alike."""
    first = nodes[0].tokens
    return [place for place in range(len(first)) if any(node.tokens[place] != first[place] for node in nodes)]


def slot_features_at(
    nodes: Sequence[Node], place: int, places: Sequence[int], known: Mapping[str, int], judge: Judge
) -> list[float]:
    weighted = [(node.tokens, node.weight) for node in nodes]
    return slot_features(weighted, place, places, known, judge.lexicon)


def _group(nodes: Sequence[Node]) -> Group:
    varying = set(differing(nodes))
    tokens = tuple(VAR if place in varying else word for place, word in enumerate(nodes[0].tokens))
    members = [member for node in nodes for member in node.members]
    return Group(tokens, nodes[0].spaces, sum(node.weight for node in nodes), members)
