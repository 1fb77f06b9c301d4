"""The names and words of a file that a search for it would use, as they are in it.

A word counts by how often the file has it, and a little by how few files anywhere have it: on the history of
real repositories the plain words of a file's subject find it better than its rarest ones (models/LOG.md).
Identifiers are chosen greedily: next comes the one whose words are worth most for its length, less for each
time that they were said.
"""

from __future__ import annotations

import functools
import heapq
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Final

from mcp_smalltools.text.words import STOP_WORDS, code_words, identifier_counts, words_of_identifier

CHARS_PER_WORD: Final = 7
"""A name and the space after it, about."""
_MOST_NAMES: Final = 5_000
"""Names that are compared, those that are worth most at first: each choice makes others worth less."""
_LONGEST: Final = 40
_SHORTEST: Final = 3
_RARITY_POWER: Final = 0.3
_SAID_POWER: Final = 0.5
"""How much less a word is worth each time that it was said."""
_COMMONEST: Final = 250
"""In how many of 1,000 files a word occurs that says nothing: def, self, return."""
_RAREST: Final = 4
"""In how many of 1,000 files a word occurs that is not in the table."""


_RESERVED: Final = frozenset(
    re.findall(
        r"\w+",
        "assert async await begin break case catch const continue def default del done echo elif else "
        "elsif end endif enum esac except export extends false final finally fn for foreach func function "
        "goto if impl implements import in include instanceof interface lambda let match mod module mut "
        "namespace new nil none nonlocal null override package pass print private protected pub public "
        "raise require rescue return self static struct super switch synchronized template then this "
        "throw throws trait true try type typedef typename typeof undefined union unless unsafe until use "
        "using var virtual void volatile where while with yield ",
    )
)
"""Words of programming languages themselves."""


_MASKED = re.compile(r"<[A-Z_]+_\d+>")


def keywords(text: str, said: Iterable[str], max_chars: int) -> list[str]:
    """Identifiers and words of `text`, the most telling first, of at most `max_chars` joined by spaces.

    `text` is masked already: a secret that is taken out of its line looks like any other word. `said` are
    texts that are shown with them: the path, the outline.
    """
    often = identifier_counts(_MASKED.sub(" ", text))
    parts = {name: words_of_identifier(name) for name in often if _SHORTEST <= len(name) <= _LONGEST}
    worth = _worth(often, parts)
    times = Counter(word for one in said for word in code_words(one))

    def gain(name: str) -> float:
        new = sum(worth[word] / math.pow(1 + times[word], _SAID_POWER) for word in set(parts[name]))
        return new / math.sqrt(len(name) + 1)

    every = ((-gain(name), number, name) for number, name in enumerate(parts))
    heap = heapq.nsmallest(_MOST_NAMES, every)
    chosen: dict[str, str] = {}
    left = max_chars
    while heap and left >= _SHORTEST:
        _, number, name = heapq.heappop(heap)
        now = gain(name)
        if now <= 0 or len(name) > left or name.lower() in chosen:
            continue
        if heap and now < -heap[0][0]:  # its words were said meanwhile: others may be worth more
            heapq.heappush(heap, (-now, number, name))
            continue
        chosen[name.lower()] = name
        times.update(parts[name])
        left -= len(name) + 1
    return list(chosen.values())


def _worth(often: Mapping[str, int], parts: Mapping[str, tuple[str, ...]]) -> dict[str, float]:
    counts: Counter[str] = Counter()
    for name, its in parts.items():
        for word in its:
            counts[word] += often[name]
    common = _common()
    return {
        word: math.log1p(count) * math.log(1000 / common.get(word, _RAREST)) ** _RARITY_POWER
        if len(word) >= _SHORTEST
        and word not in STOP_WORDS
        and word not in _RESERVED
        and not word.isdigit()
        and common.get(word, 0) < _COMMONEST
        else 0.0
        for word, count in counts.items()
    }


@functools.cache
def _common() -> Mapping[str, int]:
    """In how many of 1,000 files of all kinds a word occurs, for common ones (models/recipes/keywords)."""
    table = resources.files(__package__).joinpath("common.txt").read_text(encoding="utf-8")
    return {word: int(share) for word, share in (line.split() for line in table.splitlines())}
