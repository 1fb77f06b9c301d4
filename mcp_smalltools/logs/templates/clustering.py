"""Which shapes are one event, and what varies in it.

Input: the distinct shapes of a log (see masking), each with the number of its records. Output: templates.
Nothing is configured and nothing depends on the order of the input.

1. A printed object is one variable (objects). Shapes with equally many tokens and enough constant words in
   common are candidates for one event.
2. Where candidates differ, each slot is judged by its features (judge.features). A slot that tells events
   apart ("opened", "closed") splits the candidates; the others become variables.
3. Clusters that differ only in one gap are one event if the gap is judged a variable (gaps), and clusters
   that differ only in the structure of their values always are (structures).
4. In the text, a variable gives back the words that all of its values have (wording).

A word that never varies stays in the template: that it could vary is a guess, and it says more than <*>.

The idea of candidates by common words is Brain's (Yu et al., INFOCOM 2023); features and judge are our own.
"""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mcp_smalltools.logs.judge.features import slot_features
from mcp_smalltools.logs.judge.judge import Judge, shipped_judge
from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.message.tokenize import is_sign, is_word, text_of
from mcp_smalltools.logs.message.verdicts import are_verdicts
from mcp_smalltools.logs.templates.gaps import Cluster, merge_gaps
from mcp_smalltools.logs.templates.known_statements import match_statements
from mcp_smalltools.logs.templates.structures import merge_structures, merge_wide_structures
from mcp_smalltools.logs.templates.token_sequences import (
    TokenSequence,
    mask_all_objects,
    token_sequences_of,
    word_counts,
)
from mcp_smalltools.logs.templates.wording import restore_words

_ROUNDS = 2


@dataclass(slots=True)
class ClusterTemplate:
    """One event: its text, with VAR for each variable, and the shapes that belong to it."""

    text: str
    members: list[int]
    judged: bool = True  # False: the time was over, and similar lines are taken for one event


def cluster_shapes(
    shapes: Sequence[str], counts: Sequence[int], judge: Judge | None = None, until: float = math.inf
) -> list[ClusterTemplate]:
    """The templates of the shapes. Every shape is a member of exactly one, which describes its text.

    What is not judged by the time `until` (of time.monotonic) is clustered without judgement.
    """
    judge = judge or shipped_judge()
    sequences = token_sequences_of(shapes, counts)
    texts: dict[str, ClusterTemplate] = {}
    if judge.statements is not None:
        found, sequences = match_statements(sequences, judge.statements)
        texts = {text: ClusterTemplate(text, members) for text, members in found.items()}
    sequences = mask_all_objects(sequences)
    known = word_counts(sequences)
    clusters = split_candidates(sequences, known, judge, until)
    lines = {member: (one.tokens, one.spaces) for one in sequences for member in one.members}
    for item in merge_all(clusters, known, judge, until):
        members = list(dict.fromkeys(lines[member] for member in item.members))
        text = text_of(*restore_words((item.tokens, item.spaces), members))
        template = texts.setdefault(text, ClusterTemplate(text, []))
        template.members.extend(item.members)
        template.judged = template.judged and item.judged
    return list(texts.values())


def merge_all(clusters: list[Cluster], known: Mapping[str, int], judge: Judge, until: float) -> list[Cluster]:
    """Merge what differs only in gaps and structures; one makes the other visible."""
    for _ in range(_ROUNDS):
        before = len(clusters)
        clusters = merge_gaps(merge_structures(clusters), known, judge, until)
        clusters = merge_wide_structures(merge_structures(clusters))
        if len(clusters) == before or time.monotonic() >= until:
            break
    return clusters


def split_candidates(
    sequences: Sequence[TokenSequence], known: Mapping[str, int], judge: Judge, until: float = math.inf
) -> list[Cluster]:
    """Clusters of equally long sequences that are one event; the heaviest candidates are judged first."""
    candidate_sets = [
        found for bucket in sequences_by_structure(sequences) for found in candidates_of(bucket)
    ]
    candidate_sets.sort(key=lambda found: -sum(sequence.weight for sequence in found))
    clusters = []
    for candidates in candidate_sets:
        if time.monotonic() < until:
            clusters += [_cluster_of(leaf) for leaf in _split(candidates, known, judge)]
        else:
            clusters.append(_cluster_of(candidates))
            clusters[-1].judged = len(candidates) == 1
    return sorted(clusters, key=lambda item: (-item.weight, item.tokens, item.spaces))


def sequences_by_structure(sequences: Sequence[TokenSequence]) -> list[list[TokenSequence]]:
    """Sequences that may be one event: as many tokens, the same signs and spaces in the same order."""
    found: dict[tuple[str, str], list[TokenSequence]] = defaultdict(list)
    for sequence in sequences:
        found[sequence.spaces, "".join(filter(is_sign, sequence.tokens))].append(sequence)
    return list(found.values())


def candidates_of(bucket: Sequence[TokenSequence]) -> list[list[TokenSequence]]:
    """Sets of sequences that share at least half of their words, position by position."""
    clusters: list[list[TokenSequence]] = []
    words_of: list[list[set[str]]] = []
    index: dict[tuple[int, str], set[int]] = defaultdict(set)
    for sequence in bucket:
        words = [(place, token) for place, token in enumerate(sequence.tokens) if is_word(token)]
        votes: Counter[int] = Counter()
        for place_token in words:
            votes.update(index.get(place_token, ()))
        best = _most_similar(sequence, words, votes, words_of)
        if best is None:
            best = len(clusters)
            clusters.append([])
            words_of.append([set() for _ in sequence.tokens])
        clusters[best].append(sequence)
        for place, token in enumerate(sequence.tokens):
            words_of[best][place].add(token)
        for place_token in words:
            index[place_token].add(best)
    return clusters


def _most_similar(
    sequence: TokenSequence, words: list[tuple[int, str]], votes: Counter[int], words_of: list[list[set[str]]]
) -> int | None:
    best, best_score = None, 0.0
    for cluster, common in sorted(votes.most_common(8), key=lambda item: (-item[1], item[0])):
        there = words_of[cluster]
        slots = sum(1 for place, token in enumerate(sequence.tokens) if VAR in there[place] or token == VAR)
        extra = 0.5 * min(slots, 2) * (common >= 2)
        score = (common + extra) / ((len(words) or 1) + extra)
        if score > best_score:
            best, best_score = cluster, score
    return best if best_score >= 0.5 else None


def _split(
    sequences: list[TokenSequence], known: Mapping[str, int], judge: Judge
) -> Iterator[list[TokenSequence]]:
    """Split candidates at the slot that is least likely a variable, until none is likelier a word."""
    places = differing_places(sequences)
    if not places:
        yield sequences
        return
    verdict = next((at for at in places if are_verdicts({item.tokens[at] for item in sequences})), None)
    if verdict is not None:
        for part in split_at(sequences, verdict):
            yield from _split(part, known, judge)
        return
    scores = judge.slots([slot_features_at(sequences, place, places, known, judge) for place in places])
    worst = min(range(len(places)), key=lambda at: scores[at])
    if scores[worst] >= 0:
        yield sequences
        return
    for part in split_at(sequences, places[worst]):
        yield from _split(part, known, judge)


def split_at(sequences: Sequence[TokenSequence], place: int) -> list[list[TokenSequence]]:
    """The sequences by their token at this place."""
    parts: dict[str, list[TokenSequence]] = defaultdict(list)
    for sequence in sequences:
        parts[sequence.tokens[place]].append(sequence)
    return list(parts.values())


def differing_places(sequences: Sequence[TokenSequence]) -> list[int]:
    """The places at which equally long token sequences differ."""
    first = sequences[0].tokens
    return [at for at in range(len(first)) if any(item.tokens[at] != first[at] for item in sequences)]


def slot_features_at(
    sequences: Sequence[TokenSequence],
    place: int,
    places: Sequence[int],
    known: Mapping[str, int],
    judge: Judge,
) -> list[float]:
    weighted = [(sequence.tokens, sequence.weight) for sequence in sequences]
    return slot_features(weighted, place, places, known, judge.lexicon)


def _cluster_of(sequences: Sequence[TokenSequence]) -> Cluster:
    varying = set(differing_places(sequences))
    tokens = tuple(VAR if place in varying else word for place, word in enumerate(sequences[0].tokens))
    members = [member for sequence in sequences for member in sequence.members]
    return Cluster(tokens, sequences[0].spaces, sum(sequence.weight for sequence in sequences), members)
