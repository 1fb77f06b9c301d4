"""Small networks in numpy: features in, log odds out. Several are averaged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Network:
    """An average of networks of two hidden layers: of shapes (networks, inputs, width), ..."""

    mean: Matrix
    scale: Matrix
    layers: tuple[tuple[Matrix, Matrix], ...]

    def __call__(self, inputs: NDArray[np.floating]) -> Matrix:
        """Log odds of "variable" (or of "one event"): inputs (rows, features) to (rows,)."""
        hidden = ((inputs - self.mean) / self.scale).astype(np.float32).clip(-6, 6)[None]
        for number, (weights, bias) in enumerate(self.layers):
            hidden = np.matmul(hidden, weights) + bias[:, None]
            if number + 1 < len(self.layers):
                hidden = np.maximum(hidden, 0)
        mean: Matrix = hidden[..., 0].mean(axis=0)
        return mean

    def arrays(self, name: str) -> dict[str, Matrix]:
        """The numbers by their keys in a weights file, for the network of this name."""
        found = {f"{name}.mean": self.mean, f"{name}.scale": self.scale}
        for number, (weights, bias) in enumerate(self.layers):
            found |= {f"{name}.{number}.weights": weights, f"{name}.{number}.bias": bias}
        return found

    @classmethod
    def of(cls, arrays: Mapping[str, Matrix], name: str) -> Network:
        layers: list[tuple[Matrix, Matrix]] = []
        while f"{name}.{len(layers)}.weights" in arrays:
            layers.append((arrays[f"{name}.{len(layers)}.weights"], arrays[f"{name}.{len(layers)}.bias"]))
        return cls(arrays[f"{name}.mean"], arrays[f"{name}.scale"], tuple(layers))
