"""The passages of files as counts of their words: read once, asked for by many queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcp_smalltools.text.passages import Passage, split_passages
from mcp_smalltools.text.words import code_words
from mcp_smalltools.tools.find_files.best_passage import BestPassage, passage_score
from mcp_smalltools.tools.find_files.indexing import MAX_BYTES

if TYPE_CHECKING:
    from mcp_smalltools.tools.find_files.search import Hit


@dataclass(frozen=True, slots=True)
class _Counted:
    start: int
    end: int
    counts: Mapping[str, int]
    length: int


class KeptPassages:
    """`search.PassageReader` of a trial: it asks the same files hundreds of times, and shows no passage.

    The scores are those of `best_passage`; the lines are those of the whole passage.
    """

    def __init__(self) -> None:
        self._of_file: dict[str, Sequence[_Counted]] = {}

    def best(self, hit: Hit, weights: Mapping[str, float], word_of: Mapping[str, str]) -> BestPassage | None:
        if hit.path not in self._of_file:
            with hit.place.updater.opened(hit.path) as source:
                lines = source.text(MAX_BYTES).split("\n")
            self._of_file[hit.path] = [_counted(passage) for passage in split_passages(hit.path, lines)]
        found = [(_score(one, weights, word_of), one) for one in self._of_file[hit.path]]
        if not found:
            return None
        score, best = max(found, key=lambda pair: pair[0])
        return BestPassage(score, best.start, best.end)


def _counted(passage: Passage) -> _Counted:
    words = code_words(passage.with_title)
    return _Counted(passage.start, passage.end, Counter(words), len(words))


def _score(passage: _Counted, weights: Mapping[str, float], word_of: Mapping[str, str]) -> float:
    counts: dict[str, int] = {}
    for form, word in word_of.items():
        if count := passage.counts.get(form):
            counts[word] = counts.get(word, 0) + count
    return passage_score(counts, passage.length, weights)
