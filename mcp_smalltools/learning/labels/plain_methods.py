"""The plain methods that a classify skill has to reach: logistic regression on vectors, TF-IDF with SVM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.text.bm25 import smooth_idf
from mcp_smalltools.tools.classify.heads.arithmetic import Matrix, unit
from mcp_smalltools.tools.classify.heads.lexical import count_features
from mcp_smalltools.tools.classify.heads.linear import softmax_regression

_COST: Final = 1.0
"""What an example on the wrong side costs (C)."""
_STEPS: Final = 30


def by_logistic_regression(
    known: Matrix, columns: NDArray[np.int64], labels: int, items: Matrix
) -> NDArray[np.int64]:
    """The label of each item, by its vector."""
    nothing = np.zeros((labels, known.shape[1]), np.float32)  # no names: the examples alone
    return np.asarray(softmax_regression(known, columns, nothing, items).argmax(axis=1))


def by_words(
    known: Sequence[str], columns: NDArray[np.int64], labels: int, items: Sequence[str]
) -> NDArray[np.int64]:
    """The label of each item, by words and runs of letters: TF-IDF and a linear SVM, one against the rest."""
    counts = count_features([*known, *items])
    weights = smooth_idf((counts[: len(known)] > 0).sum(axis=0), len(known))
    table = unit(counts * weights)
    return np.asarray(_svm(table[: len(known)], columns, labels, table[len(known) :]).argmax(axis=1))


def _svm(known: Matrix, columns: NDArray[np.int64], labels: int, items: Matrix) -> NDArray[np.float64]:
    """Scores of shape (items, labels): squared hinge loss by Newton's method (Chapelle 2007)."""
    kernel = (known @ known.T).astype(np.float64)
    asked = (items @ known.T).astype(np.float64)
    scores = np.zeros((len(items), labels))
    for label in range(labels):
        side = np.where(columns == label, 1.0, -1.0)
        active = np.ones(len(known), bool)
        for _ in range(_STEPS):
            at = np.flatnonzero(active)
            system = np.ones((len(at) + 1, len(at) + 1))
            system[:-1, :-1] = kernel[np.ix_(at, at)] + np.eye(len(at)) / _COST
            system[-1, -1] = 0.0
            solved = np.linalg.solve(system, np.append(side[at], 0.0))
            scores[:, label] = asked[:, at] @ solved[:-1] + solved[-1]
            wrong = side * (kernel[:, at] @ solved[:-1] + solved[-1]) < 1
            if not wrong.any() or (wrong == active).all():
                break
            active = wrong
    return scores
