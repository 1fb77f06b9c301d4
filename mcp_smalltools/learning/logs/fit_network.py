"""Fitting the small networks of the log judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mcp_smalltools.logs.judge.network import Matrix, Network


def average_networks(networks: Sequence[Network]) -> Network:
    """One network that answers what several answer in the mean, but for inputs that are cut off at six times
    their scale.
    """
    first = networks[0]
    rescaled = [_rescaled(network, first.mean, first.scale) for network in networks]
    layers = [
        tuple(np.concatenate(parts) for parts in zip(*layer, strict=True))
        for layer in zip(*rescaled, strict=True)
    ]
    return Network(first.mean, first.scale, tuple((weights, bias) for weights, bias in layers))


def _rescaled(network: Network, mean: Matrix, scale: Matrix) -> list[tuple[Matrix, Matrix]]:
    """The layers for inputs of another mean and scale."""
    (weights, bias), *rest = network.layers
    shift = (mean - network.mean) / network.scale
    moved = bias + np.einsum("i,nio->no", shift, weights)
    return [
        ((weights * (scale / network.scale)[None, :, None]).astype(np.float32), moved.astype(np.float32)),
        *rest,
    ]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How networks are fitted."""

    networks: int = 4
    widths: tuple[int, ...] = (32, 16)
    epochs: int = 12
    rate: float = 2e-3
    decay: float = 1e-4
    batch: int = 256


def fit_network(
    inputs: Matrix, targets: Matrix, weights: Matrix, *, seed: int, recipe: Recipe | None = None
) -> Network:
    """Fit by Adam on the weighted cross-entropy; targets may lie between 0 and 1. Averages the parameters of
    the last third of the steps.
    """
    recipe = recipe or Recipe()
    rng = np.random.default_rng(seed)
    mean = inputs.mean(axis=0)
    scale = inputs.std(axis=0) + 1e-3
    rows = ((inputs - mean) / scale).clip(-6, 6).astype(np.float32)
    fits = [_fit_one(rows, targets, weights, rng, recipe) for _ in range(recipe.networks)]
    stacked = [np.stack(parts) for parts in zip(*fits, strict=True)]
    return Network(mean, scale, tuple(zip(stacked[::2], stacked[1::2], strict=True)))


def _fit_one(
    rows: Matrix, targets: Matrix, weights: Matrix, rng: np.random.Generator, recipe: Recipe
) -> list[Matrix]:
    values = _initial([rows.shape[1], *recipe.widths, 1], rng)
    first = [np.zeros_like(value) for value in values]
    second = [np.zeros_like(value) for value in values]
    kept = [np.zeros_like(value) for value in values]
    batches = max(1, len(rows) // recipe.batch)
    steps = recipe.epochs * batches
    average_networks = 0
    for step in range(1, steps + 1):
        if step % batches == 1 or batches == 1:
            order = rng.permutation(len(rows))
        chosen = order[(step - 1) % batches * recipe.batch :][: recipe.batch]
        gradients = _gradients(values, rows[chosen], targets[chosen], weights[chosen])
        speed = recipe.rate * min(1.0, step / 100) * (1 - 0.9 * step / steps)
        average_networks += step > 2 * steps // 3
        for at, gradient in enumerate(gradients):
            first[at] += 0.1 * (gradient - first[at])
            second[at] += 0.001 * (gradient * gradient - second[at])
            towards = first[at] / (1 - 0.9**step) / (np.sqrt(second[at] / (1 - 0.999**step)) + 1e-8)
            values[at] -= speed * (towards + recipe.decay * values[at])
            if average_networks:
                kept[at] += (values[at] - kept[at]) / average_networks
    return kept


def _initial(sizes: Sequence[int], rng: np.random.Generator) -> list[Matrix]:
    values: list[Matrix] = []
    for inputs, outputs in pairwise(sizes):
        values.append(rng.normal(0, np.sqrt(2 / inputs), (inputs, outputs)).astype(np.float32))
        values.append(np.zeros(outputs, dtype=np.float32))
    return values


def _gradients(values: list[Matrix], rows: Matrix, targets: Matrix, weights: Matrix) -> list[Matrix]:
    activations = [rows]
    for place in range(0, len(values), 2):
        out = activations[-1] @ values[place] + values[place + 1]
        activations.append(np.maximum(out, 0) if place + 2 < len(values) else out)
    error = (1 / (1 + np.exp(-activations[-1][:, 0])) - targets) * weights / weights.sum()
    back = error[:, None].astype(np.float32)
    gradients: list[Matrix] = []
    for place in range(len(values) - 2, -1, -2):
        below = activations[place // 2]
        gradients[:0] = [below.T @ back, back.sum(axis=0)]
        if place:
            back = (back @ values[place].T) * (below > 0)
    return gradients
