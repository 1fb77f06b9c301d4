"""From scores to the probability of being right: one mechanism for every tool.

A tool describes each answer by a few features (a margin, a similarity, a length ...). A `Logistic` model
(Platt scaling, Platt 1999, with more than one score) turns them into the probability that the answer is
right. Models are fitted on data that the project generates, and shipped as numbers in
`models/skills/<name>/scores.json`, with the names of the features that the tool gave when they were fitted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mcp_smalltools.config import Settings
from mcp_smalltools.models.shipped import made_for, shipped_file, unusable

Floats = NDArray[np.float64]
Features = Mapping[str, tuple[str, ...]]
"""Names of the features that a tool gives its models, in their order, by the name of the model."""

_BOUND = 0.001
"""Nobody has seen enough answers to promise more than this: probabilities stay this far from 0 and 1."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """P(right) = sigmoid(bias + sum of weight x feature), kept away from 0 and 1."""

    weights: Mapping[str, float]
    bias: float

    def __call__(self, features: Mapping[str, ArrayLike]) -> Floats:
        """Probabilities of shape (answers,) from named features of that shape.

        Raises KeyError if a feature that has a weight is missing: that is a bug of the caller.
        """
        total = sum(
            (weight * np.asarray(features[name], np.float64) for name, weight in self.weights.items()),
            start=np.float64(self.bias),
        )
        return np.asarray(_sigmoid(np.atleast_1d(total)).clip(_BOUND, 1 - _BOUND))

    @classmethod
    def fit(
        cls,
        features: Mapping[str, ArrayLike],
        right: ArrayLike,
        *,
        signs: Mapping[str, int] | None = None,
        weight: ArrayLike | None = None,
        ridge: float = 1.0,
    ) -> Self:
        """Fit by Newton's method with an L2 penalty on standardised features.

        `signs` says in which direction a feature may move the probability (+1 or -1): a feature whose fitted
        weight points the other way is left out, so the result is monotone in it. `weight` counts each answer.
        """
        names = list(features)
        while True:
            model = cls._fit_all({name: features[name] for name in names}, right, weight, ridge)
            wrong = [name for name, sign in (signs or {}).items() if model.weights.get(name, 0.0) * sign < 0]
            if not wrong:
                return model
            names.remove(min(wrong, key=lambda name: abs(model.weights[name])))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls({name: float(value) for name, value in data["weights"].items()}, float(data["bias"]))

    @classmethod
    def _fit_all(
        cls, features: Mapping[str, ArrayLike], right: ArrayLike, weight: ArrayLike | None, ridge: float
    ) -> Self:
        target = np.asarray(right, np.float64)
        count = np.ones_like(target) if weight is None else np.asarray(weight, np.float64)
        columns = [np.asarray(column, np.float64) for column in features.values()]
        raw = np.stack([*columns, np.ones_like(target)], axis=1)
        middle, spread = raw.mean(axis=0), raw.std(axis=0)
        middle[-1], spread[spread == 0] = 0.0, 1.0
        design = (raw - middle) / spread
        penalty = np.full(raw.shape[1], ridge)
        penalty[-1] = 1e-6
        theta = np.zeros(raw.shape[1])
        for _ in range(50):
            probability = _sigmoid(design @ theta)
            gradient = design.T @ (count * (probability - target)) + penalty * theta
            variance = count * probability * (1 - probability)
            curvature = (design.T * variance) @ design + np.diag(penalty + 1e-9)
            step = np.linalg.solve(curvature, gradient)
            theta -= step
            if np.abs(step).max() < 1e-9:
                break
        slopes = theta / spread
        bias = float(slopes[-1] - (slopes[:-1] * middle[:-1]).sum())
        return cls({name: float(slope) for name, slope in zip(features, slopes, strict=False)}, bias)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a skill's `scores.json` holds: its models by name, and its thresholds and constants by name.

    `features` are, by the name of the model, the names of all features that the tool gives it, in their
    order. A model has weights for some or all of them.
    """

    models: Mapping[str, Logistic]
    constants: Mapping[str, float]
    features: Features
    encoder: str | None = None
    """Id of the encoder whose vectors the features are made of; None where none takes part."""

    def doubt(
        self, settings: Settings, adapter: str | None = None, *, proven: str | None = None
    ) -> str | None:
        """The reason to give no confidence: another encoder is in use. None where it is the measured one.

        `adapter` is one that takes the place of the tool's own. `proven`: the encoder that servers at
        `engine_urls` were shown to run; the names that they give their models prove nothing.
        """
        model = proven if settings.engine_urls and proven else settings.embed_model
        used = f"{model}+{adapter}" if adapter else model
        if settings.engine_urls and not proven:
            used += " (over HTTP)"
        if self.encoder in (None, used):
            return None
        return (
            f"The configured encoder {used} is not the one that confidences were measured with "
            f"({self.encoder}): judge the answer yourself."
        )

    def to_json(self) -> dict[str, Any]:
        return {
            **({"encoder": self.encoder} if self.encoder else {}),
            "models": {
                name: {"features": list(self.features[name]), **asdict(model)}
                for name, model in self.models.items()
            },
            "constants": dict(self.constants),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """A file from before the features were named gives none. Raises KeyError and the like if damaged."""
        return cls(
            {name: Logistic.from_json(model) for name, model in data["models"].items()},
            {name: float(value) for name, value in data["constants"].items()},
            {name: tuple(model.get("features", ())) for name, model in data["models"].items()},
            data.get("encoder"),
        )

    @property
    def weighs_only_features(self) -> bool:
        """Whether each weight belongs to a feature that the tool gives."""
        return all(model.weights.keys() <= set(self.features[name]) for name, model in self.models.items())


def load_calibration(skill: str, features: Features, folders: Sequence[Path] = ()) -> Calibration:
    """Read `<folder>/<skill>/scores.json` from the first folder that has it; last of all the shipped library.

    `features` are those that the tool gives its models. Raises ModelError naming the file, also if it was
    made for other features.
    """
    path = shipped_file(skill, "scores.json", folders)
    try:
        calibration = Calibration.from_json(json.loads(path.read_text(encoding="utf-8"))["calibration"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise unusable(path, error) from None
    if calibration.features != features or not calibration.weighs_only_features:
        raise made_for("other features", path, skill)
    return calibration


def _sigmoid(value: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(value / 2)))
