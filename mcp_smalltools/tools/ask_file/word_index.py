"""Which units may answer a question: by their words, by words that mean the like, and by what they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.text.bm25 import idf
from mcp_smalltools.text.words import STOP_WORDS, stem, words_of
from mcp_smalltools.tools.ask_file.question import Question
from mcp_smalltools.tools.ask_file.units import Unit
from mcp_smalltools.tools.ask_file.word_vectors import WordTable

CANDIDATES: Final = 80
EXACTLY: Final = 24
"""Of these, so many are the best by exact words alone."""
MOST_SEEN: Final = 50_000
_CHANGING: Final = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]*\d[0-9a-f-]*\b", re.I
)

Floats = NDArray[np.float32]


def shape(text: str) -> str:
    """A log line without its numbers and identifiers: equal for lines that say the same of other things."""
    return _CHANGING.sub("#", text)


@dataclass(frozen=True, slots=True)
class Place:
    """A unit of one of the files; `file` is the number of the path."""

    file: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Matches:
    """How well each word of the question is met by each place: 1 for the word itself, less for one that means the
    like. Arrays have the shape (words of the question, places)."""

    weights: Floats
    """How rare each word is in the files, of shape (words,); the sum is 1."""
    own: Floats
    """By the place's own text and name."""
    every: Floats
    """Also by where it stands."""
    vocabulary: Floats
    """How well each word of the files meets any of the question, of shape (vocabulary,)."""

    @property
    def soft(self) -> Floats:
        """Share of the question that each place covers, of shape (places,)."""
        return np.asarray(self.weights @ self.every)

    @property
    def exact(self) -> Floats:
        """The same by the words themselves alone."""
        return np.asarray(self.weights @ (self.every >= 1))


class Index:
    """The units of all files of a call."""

    def __init__(self, places: Sequence[Place], table: WordTable) -> None:
        self.places = places
        self._table = table
        self._numbers: dict[str, int] = {}
        own = [self._numbered(f"{p.unit.text} {p.unit.name}") for p in places]
        context = [self._numbered(p.unit.context) for p in places]
        self._own = _Rows(own)
        self._every = _Rows([[*mine, *around] for mine, around in zip(own, context, strict=True)])
        self._vocabulary = list(self._numbers)
        self._stems = np.array([stem(word) for word in self._vocabulary])
        self._units_with = self._every.rows_with(self._stems)

    def matches(self, question: Question) -> Matches:
        scores = self._table.alike(question.plain, self._vocabulary)
        scores[:, [n for n, word in enumerate(self._vocabulary) if word in STOP_WORDS]] = 0.0
        scores *= _LESS
        for row, word in enumerate(question.plain):
            scores[row, self._stems == stem(word)] = 1.0
        weights = np.array([self.idf(stem(word)) for word in question.plain], np.float32)
        return Matches(
            weights / max(1e-6, float(weights.sum())),
            self._own.best(scores),
            self._every.best(scores),
            scores.max(axis=0, initial=0.0),
        )

    def idf(self, stem: str) -> float:
        """Inverse document frequency of a stem in the units."""
        return idf(self._units_with.get(stem, 0), len(self.places))

    def candidates(self, matches: Matches) -> list[int]:
        """Numbers of the places to look at more closely, best first; none where no word is met at all."""
        if not matches.weights.size:
            return []
        soft, exact = matches.soft, matches.exact
        chosen = self._best(soft + 0.1 * exact, CANDIDATES - EXACTLY)
        known = set(chosen)
        return [*chosen, *(n for n in self._best(exact + 0.01 * soft, EXACTLY) if n not in known)]

    def density(self, matches: Matches) -> Floats:
        """How much each place is about the question: the mean over its own words."""
        return self._own.means(matches.vocabulary)

    def _best(self, scores: Floats, most: int) -> list[int]:
        """Of lines of a log that say the same with other numbers, the best, or first, alone."""
        chosen: list[int] = []
        shapes: set[tuple[int, str]] = set()
        for number in np.argsort(-scores, kind="stable")[:MOST_SEEN].tolist():
            if scores[number] <= 0 or len(chosen) == most:
                break
            place = self.places[number]
            form = (place.file, shape(place.unit.text)) if place.unit.kind == "line" else None
            if form not in shapes:
                chosen.append(number)
                if form:
                    shapes.add(form)
        return chosen

    def _numbered(self, text: str) -> list[int]:
        return [self._numbers.setdefault(word, len(self._numbers)) for word in words_of(text)]


_LESS: Final = 0.95
"""What a word of the same meaning counts at most."""


class _Rows:
    """Lists of numbers, one for each place, for maxima over each at once."""

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        self.rows = rows
        self._filled = np.array([n for n, row in enumerate(rows) if row], np.int64)
        lengths = [len(row) for row in rows if row]
        self._starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64) if lengths else None
        self._flat = np.array([number for row in rows for number in row], np.int64)

    def best(self, scores: Floats) -> Floats:
        """The highest of the scores (words, vocabulary) in each row, of shape (words, places)."""
        out = np.zeros((len(scores), len(self.rows)), np.float32)
        if self._starts is not None:
            for line, word in zip(out, scores, strict=True):
                line[self._filled] = np.maximum.reduceat(word[self._flat], self._starts)
        return out

    def rows_with(self, names: NDArray[np.str_]) -> dict[str, int]:
        """In how many rows each name occurs. `names` has the shape (vocabulary,)."""
        if self._starts is None:
            return {}
        numbers: dict[str, int] = {}
        number = np.array([numbers.setdefault(name, len(numbers)) for name in names.tolist()])
        lengths = np.diff([*self._starts, len(self._flat)])
        row = np.repeat(np.arange(len(lengths)), lengths)
        pairs = np.sort(row * len(numbers) + number[self._flat])
        first = np.append(True, pairs[1:] != pairs[:-1])
        counts = np.bincount(pairs[first] % len(numbers), minlength=len(numbers))
        return dict(zip(numbers, counts.tolist(), strict=True))

    def means(self, values: Floats) -> Floats:
        """The mean of the values (vocabulary,) over each row, of shape (places,)."""
        out = np.zeros(len(self.rows), np.float32)
        if self._starts is not None:
            sums = np.add.reduceat(values[self._flat], self._starts)
            out[self._filled] = sums / np.maximum(4, np.diff([*self._starts, len(self._flat)]))
        return out
