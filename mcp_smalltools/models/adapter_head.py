"""Weights that were trained together with an adapter of the encoder, and that fit no other."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_smalltools.models.shipped import made_for, unusable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def read_adapter_head(
    path: Path, recipe: str, weights_of: Callable[[Any], tuple[Floats, Floats]]
) -> tuple[Floats, Floats]:
    """Weight of shape (..., dim) and bias from the JSON of a head, as `weights_of` finds them in it.

    Raises ModelError if it is damaged or was not trained with the adapter in its folder; `recipe` makes both.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        adapter = tomllib.loads(path.with_name("skill.toml").read_text(encoding="utf-8"))["adapter"]
        weight, bias = weights_of(data)
        trained_with = (data.get("encoder"), data.get("adapter"), data.get("dimension"))
        used_with = (adapter["base"], adapter["sha256"], weight.shape[-1])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise unusable(path, error) from None
    if trained_with != used_with:
        raise made_for("another adapter", path, recipe)
    return weight, bias
