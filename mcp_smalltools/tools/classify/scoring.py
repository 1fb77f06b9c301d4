"""Scores of items against labels, from vectors. Nothing here knows about files, engines or answers.

Label names alone: each label starts as the vector of its name; the items of the call then pull it towards the
ones that it wins, for several rounds (soft k-means that starts at the names and never forgets them), so that
a label learns how its items are worded. With examples: kernel ridge regression on the examples and the names,
whose kernel adds words to meanings; then items that are close to each other share their probabilities (label
propagation, Zhu and Ghahramani 2002). The leave-one-out scores of the examples come in closed form (Rifkin
and Lippert 2007), and say what an item that fits looks like.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.text.bm25 import smooth_idf
from mcp_smalltools.tools.classify.lexical import count_features

Matrix = NDArray[np.float32]

KERNEL_SHARPNESS = 2.0
"""How fast the kernel falls with the distance of two vectors: exp(sharpness x (cosine - 1))."""
LEXICAL_WEIGHT = 0.1
"""Weight of the cosine of two texts' words in the kernel, that of their meaning being 1."""
RIDGE = 0.3
"""Added to the kernel's diagonal: how far the fit may miss an example."""
ROUNDS = 10
"""Rounds of pulling labels, and of sharing between neighbours."""
TEMPERATURE = 0.05
"""By which cosines are divided before the softmax."""
EXAMPLE_WEIGHT = 2.0
"""An example counts as this many items of its label."""
NAME_WEIGHT = 5.0
"""A label's name counts as this many items of it, where there are no examples."""
CENTRE_WEIGHT = 10.0
"""The mean of the names counts as this many items in the centre of a call."""
NEIGHBOURS = 8
"""Nearest items with which an item shares its probabilities."""
OWN_WEIGHT = 2.0
"""An item's own scores count as this many identical neighbours."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Distinct texts with their vectors, shape (texts, dim), L2-normalised."""

    texts: list[str]
    vectors: Matrix


@dataclass(frozen=True, slots=True)
class Examples:
    """Examples with the index of the label of each, shape (examples,)."""

    items: Texts
    label: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """How each example scores with the head fitted on all the others: `support` (examples,), comparable to
    `Scores.support`; `right` (examples,), bool.
    """

    support: Matrix
    right: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ItemScores:
    """What is known of each item.

    `probabilities` (items, labels): how much each label is preferred, rows sum to 1. `direct` (items,
    labels): the same before the items of the call took part; `pulled` (items, labels): after they have
    pulled the labels' vectors, which without examples is what `probabilities` are. `similarity` (items,
    labels): cosine to the label's name, or to its nearest example if that is nearer. `support`
    (items,): the best score of each item. `left_out` says how the examples do when each is left out; it
    is absent without examples.
    """

    probabilities: Matrix
    direct: Matrix
    pulled: Matrix
    similarity: Matrix
    support: Matrix
    left_out: LeaveOneOut | None = None

    @property
    def mode(self) -> str:
        """Which of the two ways of scoring; each has its own calibration."""
        return "names" if self.left_out is None else "examples"


def score(items: Texts, names: Texts, examples: Examples | None) -> ItemScores:
    """Compare items with labels. `names` holds one text a label, in the order of the columns."""
    similarity = items.vectors @ names.vectors.T
    if examples is None:
        centre = _centre_of(items.vectors, names.vectors)
        centred = unit(items.vectors - centre)
        direct = _softmax(centred @ _centred(names.vectors).T / TEMPERATURE)
        probabilities = _pull_labels(items.vectors, centred, NAME_WEIGHT * names.vectors, direct, None)
        return ItemScores(probabilities, direct, probabilities, similarity, support=similarity.max(axis=1))
    head = _Head(names, examples)
    raw = head.scores(items)
    direct = _softmax(raw / TEMPERATURE)
    centred = unit(
        items.vectors - _centre_of(np.vstack([items.vectors, examples.items.vectors]), names.vectors)
    )
    pulled = _pull_labels(items.vectors, centred, EXAMPLE_WEIGHT * head.sums, direct, raw / TEMPERATURE)
    return ItemScores(
        probabilities=np.asarray((_propagate(centred, direct) + pulled) / 2, np.float32),
        direct=direct,
        pulled=pulled,
        similarity=np.maximum(similarity, _nearest_example(items.vectors, examples, len(names.texts))),
        support=raw.max(axis=1),
        left_out=head.left_out(),
    )


class _Head:
    """Kernel ridge regression of one-hot labels on the examples and the names."""

    def __init__(self, names: Texts, examples: Examples) -> None:
        labels = len(names.texts)
        self._texts = [*examples.items.texts, *names.texts]
        self._vectors = np.vstack([examples.items.vectors, names.vectors])
        self._label = np.concatenate([examples.label, np.arange(labels)])
        self._examples = len(examples.label)
        counts = count_features(self._texts)
        self._idf = smooth_idf((counts > 0).sum(axis=0), len(counts))
        self._lexical = unit(counts * self._idf)
        target = np.eye(labels, dtype=np.float32)[self._label]
        self.sums = target.T @ self._vectors
        kernel = self._kernel(self._vectors, self._lexical)
        kernel[np.diag_indices_from(kernel)] += RIDGE
        self._inverse = np.linalg.inv(kernel)
        self._weights = self._inverse @ target
        self._target = target

    def scores(self, items: Texts, chunk: int = 512) -> Matrix:
        parts = []
        for start in range(0, len(items.texts), chunk):
            lexical = unit(count_features(items.texts[start : start + chunk]) * self._idf)
            parts.append(self._kernel(items.vectors[start : start + chunk], lexical) @ self._weights)
        return np.vstack(parts)

    def left_out(self) -> LeaveOneOut:
        """Scores of each example when it is left out of the fit: y - weights / diagonal of the inverse."""
        residual = self._weights / np.diagonal(self._inverse)[:, None]
        scores = (self._target - residual)[: self._examples]
        right = scores.argmax(axis=1) == self._label[: self._examples]
        return LeaveOneOut(scores.max(axis=1), right)

    def _kernel(self, vectors: Matrix, lexical: Matrix) -> Matrix:
        meaning = np.exp(KERNEL_SHARPNESS * (vectors @ self._vectors.T - 1))
        return np.asarray(meaning + LEXICAL_WEIGHT * (lexical @ self._lexical.T), np.float32)


def _pull_labels(
    items: Matrix, centred: Matrix, base: Matrix, probabilities: Matrix, head: Matrix | None
) -> Matrix:
    """Rounds of: label vectors from `base` and the items that they win, then probabilities from
    the label vectors.

    `head` are scores of another kind, which are added in every round.
    """
    fixed = np.float32(0) if head is None else head
    for _ in range(ROUNDS):
        label_vectors = unit(base + probabilities.T @ items)
        probabilities = _softmax(fixed + centred @ _centred(label_vectors).T / TEMPERATURE)
    return probabilities


def _propagate(centred: Matrix, own: Matrix) -> Matrix:
    """Rounds of: an item's probabilities from its own and those of its nearest items, by their similarity."""
    neighbour, weight = _nearest_items(centred)
    total = OWN_WEIGHT + weight.sum(axis=1, keepdims=True)
    probabilities = own
    for _ in range(ROUNDS):
        shared = np.einsum("ik,ikl->il", weight, probabilities[neighbour])
        probabilities = (OWN_WEIGHT * own + shared) / total
    return np.asarray(probabilities, np.float32)


def _nearest_items(centred: Matrix, chunk: int = 1024) -> tuple[NDArray[np.intp], Matrix]:
    """The nearest items of each, and their weights: both of shape (items, at most NEIGHBOURS)."""
    size = min(NEIGHBOURS, len(centred) - 1)
    nearest, weights = [], []
    for start in range(0, len(centred), chunk):
        closeness = centred[start : start + chunk] @ centred.T
        rows = np.arange(len(closeness))
        closeness[rows, start + rows] = -1.0
        best = (
            np.argsort(-closeness, axis=1, kind="stable")[:, :size] if size else np.zeros((len(rows), 0), int)
        )
        nearest.append(best)
        weights.append(np.maximum(np.take_along_axis(closeness, best, axis=1), 0) ** 4)
    return np.vstack(nearest), np.vstack(weights)


def _centre_of(items: Matrix, names: Matrix) -> Matrix:
    """The mean of the items, drawn to that of the names while there are few items."""
    total = items.sum(axis=0) + CENTRE_WEIGHT * names.mean(axis=0)
    return np.asarray(total / (len(items) + CENTRE_WEIGHT))


def _nearest_example(items: Matrix, examples: Examples, labels: int) -> Matrix:
    best = np.full((len(items), labels), -1.0, np.float32)
    similarity = items @ examples.items.vectors.T
    for label in range(labels):
        of_label = similarity[:, examples.label == label]
        if of_label.shape[1]:
            best[:, label] = of_label.max(axis=1)
    return best


def _centred(vectors: Matrix) -> Matrix:
    scaled = unit(vectors)
    return unit(scaled - scaled.mean(axis=0)) if len(scaled) > 2 else scaled


def unit(vectors: Matrix) -> Matrix:
    """Rows scaled to length 1."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), np.float32)


def _softmax(scores: Matrix) -> Matrix:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
