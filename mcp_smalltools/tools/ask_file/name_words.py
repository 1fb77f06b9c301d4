"""Which words of the files are a word of the question, in short or as a part: buffer in `COPY_BUFSIZE`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Sequence
from typing import Final

from mcp_smalltools.text.short_forms import parts_of_compound, shortens, stands_for
from mcp_smalltools.text.words import STOP_WORDS, stem

MOST_WORDS: Final = 50_000
"""Words of the files that are looked at; where there are more, most are data."""
_LONGEST_SHORT: Final = 8
"""Letters of a short form that is not listed."""


class NameWords:
    """The vocabulary of the files by the words that its words stand for, or are made of."""

    def __init__(self, vocabulary: Sequence[str], words: Container[str]) -> None:
        """`words` are those that are no short form unless they are listed."""
        self._vocabulary = vocabulary[:MOST_WORDS]
        self._by_stem: dict[str, list[int]] = defaultdict(list)
        self._unlisted: dict[str, list[int]] = defaultdict(list)
        for number, word in enumerate(self._vocabulary):
            if not word.isascii() or not word.isalpha() or word in STOP_WORDS:
                continue
            parts = parts_of_compound(word, words)
            meant = [*stands_for(word), *parts, *(long for part in parts for long in stands_for(part))]
            for one in {stem(long) for long in meant}:
                self._by_stem[one].append(number)
            if not meant and word not in words and len(word) <= _LONGEST_SHORT:
                self._unlisted[word[0]].append(number)

    def spelt_with(self, word: str) -> list[int]:
        """Numbers of the words of the files that a listed short form, or being made of it, ties to this one.

        `word` is the question's, which may be the short form itself.
        """
        meant = {stem(one) for one in (word, *stands_for(word))}
        found = {number for one in meant for number in self._by_stem.get(one, ())}
        return sorted(found)

    def shortened(self, word: str) -> list[int]:
        """Numbers of the words that look like a short form of this one."""
        return [n for n in self._unlisted.get(word[:1], ()) if shortens(self._vocabulary[n], word)]
