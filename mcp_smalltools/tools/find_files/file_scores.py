"""The score of a file for a query: BM25 of its words, and the similarity of its vector."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mcp_smalltools.text.bm25 import idf, length_norm, term_score

if TYPE_CHECKING:
    from mcp_smalltools.tools.find_files.index import CandidateFile, IndexCounts

_K1: Final = 8.0
"""Higher than the usual 1.2: a file that uses a name often is more about it than one that uses it once."""
_B: Final = 0.45
_PATH_WEIGHT: Final = 40.0
"""One occurrence of a word in a file's path counts like this many in its text."""
OTHER_FORM: Final = 0.7
"""What another form of a word counts, where the word itself counts 1."""
SIMILARITY_WEIGHT: Final = 0.5
"""What a similarity of 1 is worth, as a share of the best score by words."""


def idfs(query: Iterable[str], files_with: Mapping[str, int], files: int) -> dict[str, float]:
    """The idf of each word of the query. `files_with` says in how many of the files a word occurs."""
    return {word: idf(files_with.get(word, 0), files) for word in query}


def word_scores(
    weights: Mapping[str, float],
    candidates: Sequence[CandidateFile],
    mean_words: float,
    forms: Mapping[str, Sequence[str]],
) -> dict[int, float]:
    """The score of each candidate: BM25 over path and text as one weighted field (Robertson et al. 2004).

    `forms` has the other forms of each word: they count too, but less.
    """
    scores = {}
    for candidate in candidates:
        norm = length_norm(candidate.words, mean_words, _K1, _B)
        score = 0.0
        for word, weight in weights.items():
            count = _count(candidate, word)
            count += OTHER_FORM * sum(_count(candidate, form) for form in forms.get(word, ()))
            score += term_score(weight, count, norm)
        scores[candidate.id] = score
    return scores


@dataclass(frozen=True, slots=True)
class HeldShares:
    """The shares of a query that a file holds anywhere, and in its path, by the idf of its words."""

    anywhere: float
    in_path: float


NOTHING_HELD: Final = HeldShares(0.0, 0.0)


def shares_held(
    idfs: Mapping[str, float], candidates: Sequence[CandidateFile], forms: Mapping[str, Sequence[str]]
) -> dict[int, HeldShares]:
    """Of each candidate, by its id; words of the query that no file has count, too."""
    every = sum(idfs.values()) or 1.0
    shares = {}
    for candidate in candidates:
        in_path, anywhere = 0.0, 0.0
        for word, weight in idfs.items():
            spelled = (word, *forms.get(word, ()))
            if any(form in candidate.in_path for form in spelled):
                in_path, anywhere = in_path + weight, anywhere + weight
            elif any(form in candidate.in_body for form in spelled):
                anywhere += weight
        shares[candidate.id] = HeldShares(anywhere / every, in_path / every)
    return shares


def _count(candidate: CandidateFile, word: str) -> float:
    return _PATH_WEIGHT * candidate.in_path.get(word, 0) + candidate.in_body.get(word, 0)


def fuse(
    words: Mapping[int, float], similarity: Mapping[int, float], history: Mapping[int, float], best: float
) -> dict[int, float]:
    """The sum of the scores. `best` is the best score by words; if no file has one, similarity decides.

    `history` has shares of `best`.
    """
    best = best or 1.0
    scale = SIMILARITY_WEIGHT * best
    return {
        i: words.get(i, 0.0) + scale * max(0.0, similarity.get(i, 0.0)) + best * history.get(i, 0.0)
        for i in words.keys() | similarity.keys() | history.keys()
    }


def add_counts(indexes: Sequence[IndexCounts]) -> IndexCounts:
    """The counts of several indexes as one."""
    from mcp_smalltools.tools.find_files.index import IndexCounts

    with_text = sum(counts.with_text for counts in indexes)
    words = sum(counts.mean_words * counts.with_text for counts in indexes)
    return IndexCounts(
        sum(counts.files for counts in indexes),
        with_text,
        sum(counts.with_vector for counts in indexes),
        words / with_text if with_text else 1.0,
    )
