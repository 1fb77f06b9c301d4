"""The judge: the encoder with an adapter that reads a question and a text together. Does the text answer?"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.models.adapter_head import read_adapter_head
from mcp_smalltools.models.shipped import shipped_file

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine

ADAPTER: Final = "judge"
_RECIPE: Final = "ask_file"
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
    weight, bias = read_adapter_head(path, _RECIPE, _weights_of)
    return JudgeHead(weight, float(bias))


def _weights_of(data: Any) -> tuple[Floats, Floats]:
    return np.array(data["weight"], np.float64), np.array(float(data["bias"]))
