"""Scores of items against labels, from vectors. Nothing here knows about files, engines or answers.

Label names alone: each label starts as the vector of its name; the items of the call then pull it towards
the ones that it wins. With examples: several heads (kernel ridge regression on meaning and words, on words
alone, softmax regression, and what the other items of the call say), mixed by cross-validation on the
examples. How the examples score with heads that were fitted without them says how far to trust the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.text.bm25 import smooth_idf
from mcp_smalltools.tools.classify.heads.arithmetic import (
    Matrix,
    centre_of,
    centred,
    log_softmax,
    one_hot,
    softmax,
    unit,
)
from mcp_smalltools.tools.classify.heads.call_items import TEMPERATURE, propagate, pull_labels
from mcp_smalltools.tools.classify.heads.lexical import count_features
from mcp_smalltools.tools.classify.heads.linear import meaning, ridge_scores, softmax_regression
from mcp_smalltools.tools.classify.heads.mixture import USUAL_WEIGHTS, fit_weights, mix

LEXICAL_WEIGHT = 0.1
"""Weight of the cosine of two texts' words in the kernel that the items' neighbours start from."""
RIDGE_TEMPERATURE = 0.2
"""By which the scores of ridge regression are divided to be log-probabilities."""
EXAMPLE_WEIGHT = 2.0
"""An example counts as this many items of its label."""
NAME_WEIGHT = 5.0
"""A label's name counts as this many items of it, where there are no examples."""
NAME_ROUNDS = 3
"""Rounds of pulling labels, where there are no examples."""
FOLDS = 5
ITEMS_BESIDE = 200
"""Items of the call that stand beside the held-out examples in cross-validation."""
MAX_VALIDATED = 1_500
"""Examples that take part in cross-validation at most."""
MAX_IN_KERNEL = 4_000
"""Examples that the kernel heads are fitted on at most; softmax regression takes all."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Distinct texts with their vectors, shape (texts, dim), L2-normalised."""

    texts: list[str]
    vectors: Matrix
    said: Sequence[str] = ()
    """What each of them says, whose words count; the texts themselves if it is empty."""

    @property
    def counted(self) -> list[str]:
        """The texts whose words are compared."""
        return list(self.said or self.texts)


@dataclass(frozen=True, slots=True)
class Examples:
    """Examples with the index of the label of each, shape (examples,).

    `ours`: they are not the caller's, but what people commonly write under such labels.
    """

    items: Texts
    label: NDArray[np.int64]
    ours: bool = False


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """How examples score with the heads fitted without them. `probabilities` (examples, labels) and `support`
    (examples,), comparable to those of `ItemScores`; `label` (examples,), the true ones.
    """

    probabilities: Matrix
    support: Matrix
    label: NDArray[np.int64]

    @property
    def right(self) -> NDArray[np.bool_]:
        return np.asarray(self.probabilities.argmax(axis=1) == self.label)


@dataclass(frozen=True, slots=True)
class ItemScores:
    """What is known of each item.

    `probabilities` (items, labels): how much each label is preferred, rows sum to 1. `agreement` (items,
    labels): the share of the heads that prefer this label. `similarity` (items, labels): cosine to the
    label's name, or to its nearest example if that is nearer. `support` (items,): the best score of each,
    before the other items took part. `names_alike`: the mean cosine of two names. `known_names`: what people
    commonly write under them took the place of examples. `validation` is absent without the caller's own.
    """

    probabilities: Matrix
    agreement: Matrix
    similarity: Matrix
    support: Matrix
    names_alike: float
    validation: CrossValidation | None = None
    known_names: bool = False

    @property
    def mode(self) -> str:
        """Which of the two ways of scoring; each has its own calibration."""
        return "names" if self.validation is None else "examples"


def score(items: Texts, names: Texts, examples: Examples | None) -> ItemScores:
    """Compare items with labels. `names` holds one text a label, in the order of the columns."""
    similarity = items.vectors @ names.vectors.T
    if examples is None:
        return _by_names(items.vectors, names.vectors, similarity)
    words = _Words(examples.items.counted + names.texts)
    known = _Features(examples.items.vectors, words.rows[: len(examples.label)])
    named = _Features(names.vectors, words.rows[len(examples.label) :])
    asked = _Features(items.vectors, words.of(items.counted))
    found = _all_heads(known, examples.label, named, asked)
    validation, weights = None, USUAL_WEIGHTS
    if not examples.ours and len(examples.label) > 1:
        validation, weights = _cross_validate(known, examples.label, named, asked)
    elif not examples.ours:
        labels = len(names.texts)
        validation = CrossValidation(
            np.zeros((0, labels), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64)
        )
    return ItemScores(
        probabilities=np.exp(mix(found.heads, weights)),
        agreement=_agreement(found.heads),
        similarity=np.maximum(similarity, _nearest_example(items.vectors, examples, len(names.texts))),
        support=found.support,
        names_alike=_mean_cosine(names.vectors),
        validation=validation,
        known_names=examples.ours,
    )


@dataclass(frozen=True, slots=True)
class _Features:
    """Vectors and words of texts, each of shape (texts, dim) with rows of length 1."""

    vectors: Matrix
    words: Matrix

    def __getitem__(self, rows: NDArray[np.integer]) -> _Features:
        return _Features(self.vectors[rows], self.words[rows])

    def __add__(self, other: _Features) -> _Features:
        return _Features(np.vstack([self.vectors, other.vectors]), np.vstack([self.words, other.words]))


class _Words:
    """Words of texts as unit rows, weighted by how rare they are among the known texts."""

    def __init__(self, known: list[str]) -> None:
        counts = count_features(known)
        self._idf = smooth_idf((counts > 0).sum(axis=0), len(counts))
        self.rows = unit(counts * self._idf)

    def of(self, texts: list[str], chunk: int = 512) -> Matrix:
        parts = [
            unit(count_features(texts[start : start + chunk]) * self._idf)
            for start in range(0, len(texts), chunk)
        ]
        return np.vstack(parts)


@dataclass(frozen=True, slots=True)
class _Heads:
    """Log-probabilities by the name of the head, and the best score of each item."""

    heads: dict[str, Matrix]
    support: Matrix


def _by_names(items: Matrix, names: Matrix, similarity: Matrix) -> ItemScores:
    around = unit(items - centre_of(items, names))
    direct = softmax(around @ centred(names).T / TEMPERATURE)
    pulled = pull_labels(items, around, NAME_WEIGHT * names, direct, rounds=NAME_ROUNDS)
    heads = {"direct": np.log(direct + 1e-4), "pulled": np.log(pulled + 1e-4)}
    return ItemScores(
        probabilities=softmax((heads["direct"] + heads["pulled"]) / 2),
        agreement=_agreement(heads),
        similarity=similarity,
        support=similarity.max(axis=1),
        names_alike=_mean_cosine(names),
    )


def _all_heads(known: _Features, label: NDArray[np.int64], names: _Features, asked: _Features) -> _Heads:
    labels = len(names.vectors)
    regression = softmax_regression(known.vectors, label, names.vectors, asked.vectors)
    if len(label) > MAX_IN_KERNEL:
        kept = _even_sample(label, MAX_IN_KERNEL)
        known, label = known[kept], label[kept]
    texts = known + names
    target = one_hot(np.concatenate([label, np.arange(labels)]), labels)
    by_meaning, by_words = meaning(texts.vectors, texts.vectors), texts.words @ texts.words.T
    asked_meaning, asked_words = meaning(asked.vectors, texts.vectors), asked.words @ texts.words.T
    raw = ridge_scores(
        by_meaning + LEXICAL_WEIGHT * by_words, asked_meaning + LEXICAL_WEIGHT * asked_words, target
    )
    direct = softmax(raw / TEMPERATURE)
    around = unit(asked.vectors - centre_of(np.vstack([asked.vectors, known.vectors]), names.vectors))
    sums = EXAMPLE_WEIGHT * (target.T @ texts.vectors)
    pulled = pull_labels(asked.vectors, around, sums, direct, head=raw / TEMPERATURE)
    both = ridge_scores(by_meaning + by_words, asked_meaning + asked_words, target)
    heads = {
        "both": log_softmax(both / RIDGE_TEMPERATURE),
        "pulled": np.log(pulled + 1e-3) / 2,
        "near": np.log(propagate(around, direct) + 1e-3) / 2,
        "regression": regression,
        "words": log_softmax(ridge_scores(by_words, asked_words, target) / RIDGE_TEMPERATURE),
    }
    return _Heads(heads, raw.max(axis=1))


def _cross_validate(
    known: _Features, label: NDArray[np.int64], names: _Features, asked: _Features
) -> tuple[CrossValidation, dict[str, float]]:
    """How the examples do when each is left out, and the weights of the heads that suit them best.

    Some items of the call stand beside the held-out examples, so that heads which use them are judged too.
    """
    if len(label) > MAX_VALIDATED:
        kept = _even_sample(label, MAX_VALIDATED)
        known, label = known[kept], label[kept]
    rng = np.random.default_rng(0)
    beside = asked[rng.permutation(len(asked.vectors))[:ITEMS_BESIDE]]
    fold = _folds(label)
    held_out: dict[str, Matrix] = {
        name: np.zeros((len(label), len(names.vectors)), np.float32) for name in USUAL_WEIGHTS
    }
    support = np.zeros(len(label), np.float32)
    for number in np.unique(fold):
        left_out, kept = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        found = _all_heads(known[kept], label[kept], names, known[left_out] + beside)
        support[left_out] = found.support[: len(left_out)]
        for name, scores in found.heads.items():
            held_out[name][left_out] = scores[: len(left_out)]
    weights = fit_weights(held_out, label)
    return CrossValidation(np.exp(mix(held_out, weights)), support, label), weights


def _folds(label: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of the fold of each example: those of a label are spread over the folds, from a fold on that
    is another for each label. How the labels are numbered changes nothing.
    """
    first = {int(number): place for place, number in enumerate(dict.fromkeys(label.tolist()))}
    start = np.array([first[int(number)] for number in label], np.int64)
    return np.asarray((_ranks(label) + start) % min(FOLDS, len(label)))


def _even_sample(label: NDArray[np.int64], size: int) -> NDArray[np.intp]:
    """So many rows, as many of each label as there are."""
    return np.sort(np.argsort(_ranks(label), kind="stable")[:size])


def _ranks(label: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many rows of the same label stand before each."""
    order = np.argsort(label, kind="stable")
    ranks = np.empty(len(label), np.int64)
    ranks[order] = np.arange(len(label)) - np.searchsorted(label[order], label[order])
    return ranks


def _agreement(heads: dict[str, Matrix]) -> Matrix:
    votes = [scores == scores.max(axis=1, keepdims=True) for scores in heads.values()]
    return np.asarray(np.mean(votes, axis=0), np.float32)


def _mean_cosine(vectors: Matrix) -> float:
    """Of two of them; 0 where there is one."""
    pairs = len(vectors) * (len(vectors) - 1)
    return float(((vectors @ vectors.T).sum() - len(vectors)) / pairs) if pairs else 0.0


def _nearest_example(items: Matrix, examples: Examples, labels: int) -> Matrix:
    best = np.full((len(items), labels), -1.0, np.float32)
    similarity = items @ examples.items.vectors.T
    for label in range(labels):
        of_label = similarity[:, examples.label == label]
        if of_label.shape[1]:
            best[:, label] = of_label.max(axis=1)
    return best
