"""The reader: the encoder with an adapter that points at the words of a text that answer a question."""

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
from mcp_smalltools.text.words import spaced_name

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine

BETWEEN: Final = " | "
ADAPTER: Final = "reader"
PARTS: Final = ("start", "end", "yes")
"""What the head scores at each token, in the order of its rows."""
MAX_TOKENS: Final = 256
"""Tokens of question and text together that the adapter was trained with, at most."""
MAX_CHARS: Final = 900
"""Characters of a text that are read at once: with its question, about MAX_TOKENS."""
_LONGEST: Final = 48
"""Tokens of the longest span."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Head:
    """What scores the encoder's token vectors: `weight` has shape (3, dim), `bias` (3,): start, end, yes."""

    weight: Floats
    bias: Floats


@dataclass(frozen=True, slots=True)
class Reading:
    """One question to one text. Arrays have the shape (tokens of the text,).

    `first` and `last` are the characters [first, last) of each token. `nothing` is the score of "not in this
    text", on the scale of start + end.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    start: Floats
    end: Floats
    yes: Floats
    nothing: float

    def score(self, start: int, end: int) -> float:
        """How well characters [start, end) answer, against "not in this text": log odds."""
        inside = np.flatnonzero((self.first < end) & (self.last > start))
        if not len(inside):
            return -20.0
        return float(self.start[inside[0]] + self.end[inside[-1]] - self.nothing)

    def says_yes(self, start: int, end: int) -> float:
        """Log odds that a yes/no question is answered with yes by these characters."""
        inside = np.flatnonzero((self.first < end) & (self.last > start))
        return float(self.yes[inside[0]]) if len(inside) else 0.0

    def best(self, most: int) -> list[tuple[int, int, float]]:
        """The spans with the highest scores, best first, as (start, end, score), each once."""
        count = len(self.start)
        if not count:
            return []
        pair = self.start[:, None] + self.end[None, :]
        row, column = np.indices((count, count))
        pair[(column < row) | (column - row >= _LONGEST)] = -np.inf
        order = np.argsort(-pair, axis=None, kind="stable")[: most * 8]
        chosen: list[tuple[int, int, float]] = []
        for flat in order.tolist():
            i, j = divmod(flat, count)
            if not np.isfinite(pair[i, j]) or len(chosen) >= most:
                break
            span = (int(self.first[i]), int(self.last[j]))
            if all(span[0] != other[0] or span[1] != other[1] for other in chosen):
                chosen.append((*span, float(pair[i, j] - self.nothing)))
        return chosen


def question_of(name: str, description: str) -> str:
    """How a field is put to the reader."""
    words = spaced_name(name) if name else ""
    description = " ".join(description.split())[:160]
    return f"{words}: {description}" if words and description else words or description


async def read(
    engine: Engine, pairs: Sequence[tuple[str, str]], deadline_s: float, adapter: str = ADAPTER
) -> list[Reading]:
    """A reading for each pair of question and text, which is cut at MAX_CHARS. Raises as the engine does."""
    from mcp_smalltools.engine.api import CallOptions

    if not pairs:
        return []
    options = CallOptions(deadline_s=max(1.0, deadline_s), adapter=adapter)
    texts = [question + BETWEEN + text[:MAX_CHARS] for question, text in pairs]
    found = await engine.embed_tokens(texts, options)
    shipped = head()
    return [
        _reading(vectors, offsets, len(question) + len(BETWEEN), shipped)
        for (question, _), vectors, offsets in zip(pairs, found.vectors, found.offsets, strict=True)
    ]


def _reading(vectors: NDArray[np.float32], offsets: NDArray[np.int32], by: int, head: Head) -> Reading:
    logits = vectors.astype(np.float64) @ head.weight.T + head.bias
    of_text = np.flatnonzero((offsets[:, 0] >= by) & (offsets[:, 1] > offsets[:, 0]))
    return Reading(
        first=offsets[of_text, 0].astype(np.int64) - by,
        last=offsets[of_text, 1].astype(np.int64) - by,
        start=logits[of_text, 0],
        end=logits[of_text, 1],
        yes=logits[of_text, 2],
        nothing=float(logits[0, 0] + logits[0, 1]),
    )


@functools.cache
def head() -> Head:
    """The head that ships with the adapter. Raises ModelError."""
    return read_head(shipped_file(ADAPTER, "head.json"))


def read_head(path: Path) -> Head:
    """Read a head. Raises ModelError if it is damaged or was not trained with the adapter in its folder."""
    return Head(*read_adapter_head(path, ADAPTER, _weights_of))


def _weights_of(data: Any) -> tuple[Floats, Floats]:
    parts = [data[name] for name in PARTS]
    return np.array([part["weight"] for part in parts]), np.array([part["bias"] for part in parts])
