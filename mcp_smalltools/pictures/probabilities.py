"""The probability that what was read is right: of a character, and of a span of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

_LOOK_ALIKE: Final = frozenset("0OoQD1lI|i!5S8B2Z6Gb9gq")
"""Characters that have a double in some font or size."""
_MOST_SURE: Final = 0.9995
_IN_DOUBT: Final = 0.85


def character_probability(character: str, probability: float) -> float:
    """The probability that a character was read right, from the network's own, which is too modest: of those
    that it gave .85 to .99, one in fifty was wrong. What is in doubt for another reason stays so.
    """
    if probability <= _IN_DOUBT:
        return probability
    twin = character.isdigit() or character in _LOOK_ALIKE
    doubt = (1.0 - min(1.0, probability)) * (0.5 if twin else 0.25)
    return min(_MOST_SURE, 1.0 - (4e-4 if twin else 1e-4) - doubt)


def span_probability(probabilities: Sequence[float]) -> float:
    """The probability that all of these characters were read right, as if each were on its own."""
    return math.prod(probabilities)
