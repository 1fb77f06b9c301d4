"""The judge: the encoder with an adapter that reads a question and a text together. Does the text answer?"""

from __future__ import annotations

import functools
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.models.shipped import made_for, shipped_file, unusable

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine

ADAPTER: Final = "judge"
BETWEEN: Final = " | "
"""What stands between question and text, as the adapter was trained."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class JudgeHead:
    """What turns the vector of a pair's first token into log odds: `weight` has the shape (dim,)."""

    weight: Floats
    bias: float


async def judged(engine: Engine, pairs: Sequence[tuple[str, str]], deadline_s: float) -> Floats:
    """Log odds that each text answers its question, shape (pairs,). Raises as the engine does, ModelError."""
    from mcp_smalltools.engine.api import CallOptions

    if not pairs:
        return np.zeros(0)
    options = CallOptions(deadline_s=max(1.0, deadline_s), adapter=ADAPTER)
    found = await engine.embed_tokens([question + BETWEEN + text for question, text in pairs], options)
    scorer = head()
    first = np.array([vectors[0] for vectors in found.vectors], np.float64)
    return np.asarray(first @ scorer.weight + scorer.bias)


@functools.cache
def head() -> JudgeHead:
    """The head that ships with the adapter. Raises ModelError."""
    return read_head(shipped_file(ADAPTER, "head.json"))


def read_head(path: Path) -> JudgeHead:
    """Read a head. Raises ModelError if it is damaged or was not trained with the adapter in its folder."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        adapter = tomllib.loads(path.with_name("skill.toml").read_text(encoding="utf-8"))["adapter"]
        scorer = JudgeHead(np.array(data["weight"], np.float64), float(data["bias"]))
        trained_with = (data.get("encoder"), data.get("adapter"), data.get("dimension"))
        used_with = (adapter["base"], adapter["sha256"], scorer.weight.shape[0])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise unusable(path, error) from None
    if trained_with != used_with:
        raise made_for("another adapter", path, ADAPTER)
    return scorer
