"""Which units may answer a question: those with its words, or with words of a similar meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.text.bm25 import idf
from mcp_smalltools.text.short_forms import stands_for
from mcp_smalltools.text.words import STOP_WORDS, stem, words_of
from mcp_smalltools.tools.ask_file.name_words import NameWords
from mcp_smalltools.tools.ask_file.question import Question
from mcp_smalltools.tools.ask_file.units.unit import Unit
from mcp_smalltools.tools.ask_file.word_vectors import WordTable

CANDIDATES: Final = 80
"""Units that the encoder reads for a question."""
CANDIDATES_BY_EXACT_WORDS: Final = 24
"""How many of the candidates are chosen by exact words alone."""
MAX_SEEN: Final = 50_000
"""Units, best first, among which candidates are looked for: repeated log lines may fill many of them."""
_FEWEST_WORDS: Final = 4
"""A unit with fewer words counts as one with this many: a single word that matches is no dense unit."""
_SIMILAR_WORD: Final = 0.95
"""What a word of the same meaning counts at most; the word itself counts 1."""
_SHORT_FORM: Final = 0.95
_LIKE_A_SHORT_FORM: Final = 0.8
"""What a short form of a word counts, or a name that it is a part of; and what only looks like one."""
_LONGEST_WORD: Final = 60
"""Characters of a word that are compared."""
_VALUE: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]*\d[0-9a-f-]*\b", re.I)

Floats = NDArray[np.float32]


def _short_stem(word: str) -> str:
    """An array of texts takes as much for each as for the longest: a long line without blanks, gigabytes."""
    return stem(word[:_LONGEST_WORD])


def normalised_line(text: str) -> str:
    """A log line without its numbers and identifiers: equal for lines that differ in these alone."""
    return _VALUE.sub("#", text)


@dataclass(frozen=True, slots=True)
class FileUnit:
    """A unit, and the number of the path that it comes from."""

    file: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Matches:
    """How well each unit matches each word of a question: 1 for the word itself, less for a similar one."""

    weights: Floats
    """The idf of each word of the question, divided by their sum; shape (words,)."""
    own: Floats
    """Matches in the unit's text and name, shape (words, units)."""
    every: Floats
    """Matches in its context too, shape (words, units)."""
    vocabulary: Floats
    """How well each word of the files matches any word of the question, shape (vocabulary,)."""

    @property
    def soft(self) -> Floats:
        """Share of the question that each unit covers, shape (units,)."""
        return np.asarray(self.weights @ self.every)

    @property
    def exact(self) -> Floats:
        """The same by exact words alone."""
        return np.asarray(self.weights @ (self.every >= 1))


class Index:
    """The units of all files of a call."""

    def __init__(self, units: Sequence[FileUnit], table: WordTable) -> None:
        self.units = units
        self._table = table
        self._numbers: dict[str, int] = {}
        own = [self._word_numbers(f"{u.unit.text} {u.unit.name}") for u in units]
        context = [self._word_numbers(u.unit.context) for u in units]
        self._own = _Rows(own)
        self._every = _Rows([[*mine, *around] for mine, around in zip(own, context, strict=True)])
        self._vocabulary = list(self._numbers)
        self._stems = np.array([_short_stem(word) for word in self._vocabulary])
        self._name_words = NameWords(self._vocabulary, table.numbers)

    def matches(self, question: Question) -> Matches:
        scores = self._table.similarities(question.words, self._vocabulary)
        scores[:, [n for n, word in enumerate(self._vocabulary) if word in STOP_WORDS]] = 0.0
        scores *= _SIMILAR_WORD
        weights = np.zeros(len(question.words), np.float32)
        for row, word in enumerate(question.words):
            forms = self._forms_of(word)
            looks_short = self._name_words.shortened(word)
            scores[row, looks_short] = np.maximum(scores[row, looks_short], _LIKE_A_SHORT_FORM)
            scores[row, forms] = np.maximum(scores[row, forms], _SHORT_FORM)
            scores[row, self._stems == _short_stem(word)] = 1.0
            weights[row] = idf(self._every.count_with(forms), len(self.units))
        return Matches(
            weights / max(1e-6, float(weights.sum())),
            self._own.best(scores),
            self._every.best(scores),
            scores.max(axis=0, initial=0.0),
        )

    def _forms_of(self, word: str) -> NDArray[np.bool_]:
        """Which words of the files are this one, a short form of it, or a name that has it as a part; shape
        (vocabulary,).
        """
        stems = [_short_stem(one) for one in (word, *stands_for(word))]
        forms = np.isin(self._stems, stems)
        forms[self._name_words.spelt_with(word)] = True
        return forms

    def candidates(self, matches: Matches) -> list[int]:
        """Numbers of the units to rank: the best by all matches, then by exact ones; none without a match."""
        if not matches.weights.size:
            return []
        soft, exact = matches.soft, matches.exact
        chosen = self._best(soft + 0.1 * exact, CANDIDATES - CANDIDATES_BY_EXACT_WORDS)
        known = set(chosen)
        return [
            *chosen,
            *(n for n in self._best(exact + 0.01 * soft, CANDIDATES_BY_EXACT_WORDS) if n not in known),
        ]

    def density(self, matches: Matches) -> Floats:
        """The mean match of each unit's own words with the question, shape (units,)."""
        return self._own.means(matches.vocabulary)

    def _best(self, scores: Floats, most: int) -> list[int]:
        """Numbers of the best units; of log lines with the same normalised line only the best, or first."""
        chosen: list[int] = []
        seen: set[tuple[int, str]] = set()
        for number in np.argsort(-scores, kind="stable")[:MAX_SEEN].tolist():
            if scores[number] <= 0 or len(chosen) == most:
                break
            file, unit = self.units[number].file, self.units[number].unit
            key = (file, normalised_line(unit.text)) if unit.kind == "line" else None
            if key not in seen:
                chosen.append(number)
                if key:
                    seen.add(key)
        return chosen

    def _word_numbers(self, text: str) -> list[int]:
        return [self._numbers.setdefault(word, len(self._numbers)) for word in words_of(text)]


class _Rows:
    """A list of word numbers for each unit, as one array, for the maximum or mean of all lists at once."""

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        self.rows = rows
        self._filled = np.array([n for n, row in enumerate(rows) if row], np.int64)
        lengths = [len(row) for row in rows if row]
        self._starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64) if lengths else None
        self._flat = np.array([number for row in rows for number in row], np.int64)

    def best(self, scores: Floats) -> Floats:
        """The highest of the scores (words, vocabulary) in each row, shape (words, rows)."""
        out = np.zeros((len(scores), len(self.rows)), np.float32)
        if self._starts is not None:
            for line, word in zip(out, scores, strict=True):
                line[self._filled] = np.maximum.reduceat(word[self._flat], self._starts)
        return out

    def count_with(self, wanted: NDArray[np.bool_]) -> int:
        """How many rows have one of the wanted words, shape (vocabulary,)."""
        if self._starts is None:
            return 0
        return int(np.logical_or.reduceat(wanted[self._flat], self._starts).sum())

    def means(self, values: Floats) -> Floats:
        """The mean of the values (vocabulary,) over each row, shape (rows,)."""
        out = np.zeros(len(self.rows), np.float32)
        if self._starts is not None:
            sums = np.add.reduceat(values[self._flat], self._starts)
            lengths = np.diff([*self._starts, len(self._flat)])
            out[self._filled] = sums / np.maximum(_FEWEST_WORDS, lengths)
        return out
