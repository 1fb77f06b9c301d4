"""Boosted trees as numbers in a JSON file, evaluated with numpy alone.

Friedman, "Greedy function approximation: a gradient boosting machine", 2001. The recipe fits them with
scikit-learn; nothing but numbers is loaded here.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.models.shipped import made_for, shipped_file, unusable

Floats = NDArray[np.float64]
PARTS = ("first", "report", "evidence", "cause", "context")
_COMPARED = "compared"
"""The feature that says whether there is a passing log."""


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees of equal shape (trees, nodes): a row goes left where its feature is at most the threshold. A leaf
    is its own child.
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float32]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: Floats
    bias: float
    depth: int

    def __call__(self, table: NDArray[np.float32]) -> Floats:
        """Probabilities, one for each row."""
        columns = np.ascontiguousarray(table.T)
        total = np.full(len(table), self.bias)
        for tree in range(len(self.feature)):
            self._add(tree, 0, columns, np.arange(len(table)), total)
        return np.asarray(0.5 * (1 + np.tanh(total / 2)))

    def _add(
        self, tree: int, node: int, columns: NDArray[np.float32], rows: NDArray[np.int64], total: Floats
    ) -> None:
        """Add what the leaves below a node give to the rows that reach it."""
        left = int(self.left[tree, node])
        if left == node:
            total[rows] += self.value[tree, node]
            return
        goes_left = columns[self.feature[tree, node]][rows] <= self.threshold[tree, node]
        for child, chosen in ((left, rows[goes_left]), (int(self.right[tree, node]), rows[~goes_left])):
            if len(chosen):
                self._add(tree, child, columns, chosen, total)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        trees: Sequence[Mapping[str, Any]] = data["trees"]
        widest = max(len(tree["value"]) for tree in trees)

        def column(name: str, kind: type) -> NDArray[Any]:
            table: NDArray[Any] = np.zeros((len(trees), widest), kind)
            for row, tree in enumerate(trees):
                table[row, : len(tree[name])] = tree[name]
            return table

        return cls(
            column("feature", np.int64),
            column("threshold", np.float32),
            column("left", np.int64),
            column("right", np.int64),
            column("value", np.float64),
            float(data["bias"]),
            int(data["depth"]),
        )


@dataclass(frozen=True, slots=True)
class LineProbabilities:
    """For each line, that it belongs to the report of the failure, says why, and is the first to say so.

    `context` is the first again, by runs whose whole report is known: in real logs a person marked only
    what says why. It is what is shown around the evidence; the verdict was fitted with `report`.
    """

    report: Floats
    evidence: Floats
    cause: Floats
    context: Floats | None = None


@dataclass(frozen=True, slots=True)
class Ranker:
    """`first` judges a line by its features: does it belong to the report of a failure.

    The others look at its own and its neighbours' first probabilities too: `report` decides where a report
    begins and ends, `evidence` which of its lines say why, `cause` which line does so first. `context` is
    `report`, fitted without real logs; those have no passing log, so it is asked only where there is none.
    """

    names: tuple[str, ...]
    first: Forest
    report: Forest
    evidence: Forest
    cause: Forest
    context: Forest

    def __call__(self, table: NDArray[np.float32]) -> LineProbabilities:
        """The probabilities of each row."""
        if not len(table):
            return LineProbabilities(np.zeros(0), np.zeros(0), np.zeros(0))
        wide = np.concatenate([table, neighbour_features(self.first(table))], axis=1)
        report = self.report(wide)
        compared = table[:, self.names.index(_COMPARED)].any()
        context = report if compared else self.context(wide)
        return LineProbabilities(report, self.evidence(wide), self.cause(wide), context)


def neighbour_features(probability: Floats) -> NDArray[np.float32]:
    """The probabilities around a line: of its neighbours, in windows, compared with the best of the log."""
    padded = np.pad(probability, 12)
    size = len(probability)
    near = [padded[12 + by : 12 + by + size] for by in (-4, -3, -2, -1, 0, 1, 2, 3, 4)]
    above = np.max([padded[12 - by : 12 - by + size] for by in range(1, 13)], axis=0)
    below = np.max([padded[12 + by : 12 + by + size] for by in range(1, 13)], axis=0)
    best = np.full(size, probability.max() if size else 0.0)
    before = np.maximum.accumulate(np.concatenate([[0.0], probability]))[:-1]
    wide = (
        np.convolve(probability, np.ones(25) / 25, mode="same")[:size]
        if size >= 25
        else np.full(size, probability.mean())
    )
    return np.stack([*near, above, below, best, probability - best, before, wide], axis=1).astype(np.float32)


@functools.cache
def load_ranker(names: tuple[str, ...]) -> Ranker:
    """The ranker that ships, for a table with these columns. Raises ModelError."""
    return read_ranker(shipped_file("find_failure", "ranker.json"), names)


def read_ranker(path: Path, names: tuple[str, ...]) -> Ranker:
    """Read a ranker. Raises ModelError if it is damaged or was made for other features."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        own = tuple(data.get("features", ()))
        forests = [Forest.from_json(data[part]) for part in PARTS]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise unusable(path, error) from None
    if own != names:
        raise made_for("other features", path, "find_failure")
    return Ranker(own, *forests)
