"""Which files fit a query: their words, weighed by how rare they are, and their meaning, together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mcp_smalltools.tools.find_files.index import Candidate, Counts

_K1: Final = 8.0
"""Higher than usual for texts: a file that uses a name often is more about it than one that uses it once."""
_B: Final = 0.45
_PATH_WEIGHT: Final = 40.0
"""A word in a file's path counts as so many in its text."""
MEANING_WEIGHT: Final = 0.5
"""What a likeness of 1 is worth, beside the best score by words."""


def rarities(query: Iterable[str], spread: Mapping[str, int], files: int) -> dict[str, float]:
    """Inverse document frequency of each word, never below 0. `spread`: in how many files a word occurs."""
    return {
        word: math.log1p((files - spread.get(word, 0) + 0.5) / (spread.get(word, 0) + 0.5)) for word in query
    }


def by_words(
    weights: Mapping[str, float], candidates: Sequence[Candidate], mean_words: float
) -> dict[int, float]:
    """The score of each candidate: BM25 over path and text as one weighted field (Robertson et al. 2004)."""
    scores = {}
    for candidate in candidates:
        norm = _K1 * (1 - _B + _B * candidate.words / mean_words)
        score = 0.0
        for word, weight in weights.items():
            often = _PATH_WEIGHT * candidate.in_path.get(word, 0) + candidate.in_body.get(word, 0)
            score += weight * often / (often + norm)
        scores[candidate.id] = score
    return scores


def together(words: Mapping[int, float], likeness: Mapping[int, float], best: float) -> dict[int, float]:
    """Both kinds of score as one. `best` is the best score by words; without any, meaning alone decides."""
    scale = MEANING_WEIGHT * (best or 1.0)
    ids = words.keys() | likeness.keys()
    return {i: words.get(i, 0.0) + scale * max(0.0, likeness.get(i, 0.0)) for i in ids}


def joined(indexes: Sequence[Counts]) -> Counts:
    """The counts of several indexes, as if they were one."""
    from mcp_smalltools.tools.find_files.index import Counts

    with_text = sum(counts.with_text for counts in indexes)
    words = sum(counts.mean_words * counts.with_text for counts in indexes)
    return Counts(
        sum(counts.files for counts in indexes),
        with_text,
        sum(counts.with_vector for counts in indexes),
        words / with_text if with_text else 1.0,
    )
