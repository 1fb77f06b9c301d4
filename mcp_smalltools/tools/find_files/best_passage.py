"""The passage of a file that fits a query best, found in the file as it is now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mcp_smalltools.text.bm25 import length_norm, term_score
from mcp_smalltools.text.passages import split_passages
from mcp_smalltools.text.words import code_words

MAX_LINES: Final = 5
MAX_CHARS: Final = 400
"""Of the lines that are shown."""
_K1: Final = 1.2
_B: Final = 0.5
_USUAL_WORDS: Final = 60
"""Words of a usual passage: the mean length that BM25 compares with, which must be the same for all files."""


@dataclass(frozen=True, slots=True)
class BestPassage:
    """Lines `start` to `end` of a file, 1-based; the `score` can be compared with those of other files."""

    score: float
    start: int
    end: int
    title: str = ""
    words: frozenset[str] = frozenset()
    """Words of the query in the whole passage, of which these lines are a part."""


def best_passage(
    path: str, lines: Sequence[str], weights: Mapping[str, float], word_of: Mapping[str, str]
) -> BestPassage | None:
    """The lines that fit best; None if the file is empty. `weights` are the idf of each word of the query,
    `word_of` names the word that each of its forms stands for.

    Where no word of the query occurs (the file was found by its name or its similarity), these are the first
    lines that are not blank.
    """
    best: BestPassage | None = None
    for passage in split_passages(path, lines):
        counts: dict[str, int] = {}
        found = code_words(passage.with_title)
        for form in found:
            if word := word_of.get(form):
                counts[word] = counts.get(word, 0) + 1
        score = passage_score(counts, len(found), weights)
        if best is None or score > best.score:
            best = BestPassage(score, passage.start, passage.end, passage.title, frozenset(counts))
    return _narrow(best, lines, weights, word_of) if best else None


def passage_score(counts: Mapping[str, int], length: int, weights: Mapping[str, float]) -> float:
    """BM25 of a passage of `length` words. `counts` says how often it has each word of the query."""
    norm = length_norm(length, _USUAL_WORDS, _K1, _B)
    return sum(term_score(weights[word], count, norm) for word, count in counts.items())


def _narrow(
    found: BestPassage, lines: Sequence[str], weights: Mapping[str, float], word_of: Mapping[str, str]
) -> BestPassage:
    """The `MAX_LINES` lines of a passage that hold most of the query."""
    own = range(found.start - 1, found.end)
    held = {i: {word_of[form] for form in code_words(lines[i]) if form in word_of} for i in own}
    best, best_worth = own.start, -1.0
    for first in own:
        inside = set[str]().union(*(held[i] for i in range(first, min(first + MAX_LINES, own.stop))))
        # Of equal spans the one whose first line counts most: it should not begin with lines without a match.
        worth = sum(weights[word] for word in inside) + 0.1 * sum(weights[word] for word in held[first])
        if lines[first].strip() and worth > best_worth + 1e-9:
            best, best_worth = first, worth
    last = min(best + MAX_LINES, own.stop) - 1
    while last > best and (not lines[last].strip() or (best_worth > 0 and not held[last])):
        last -= 1
    while last > best and sum(len(line) + 1 for line in lines[best : last + 1]) > MAX_CHARS:
        last -= 1
    return replace(found, start=best + 1, end=last + 1)
