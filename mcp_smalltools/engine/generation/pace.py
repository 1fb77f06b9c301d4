"""How many tokens of a prompt one step may take, so that nobody waits long for it."""

from __future__ import annotations

from typing import Final

STEP_S: Final = 0.7
"""Seconds of a step: requests of others, to the encoder too, wait for its end."""
LEAST: Final = 32
"""Tokens below which a step wastes the kernels."""
_NEW: Final = 0.5
"""Weight of the latest step."""


class Pace:
    """Follows how fast this model reads here: a large one on a busy machine reads less in a step."""

    def __init__(self) -> None:
        self._tokens_per_s = 0.0

    def limit(self, most: int) -> int:
        """Tokens of the next step, `most` until a step was measured; a multiple of LEAST."""
        if not self._tokens_per_s:
            return most
        return max(LEAST, min(most, int(self._tokens_per_s * STEP_S) // LEAST * LEAST))

    def measured(self, tokens: int, seconds: float) -> None:
        """A step that read so many tokens. Short ones say nothing of the speed."""
        if tokens < LEAST or seconds <= 0:
            return
        speed = tokens / seconds
        known = self._tokens_per_s or speed
        self._tokens_per_s = (1 - _NEW) * known + _NEW * speed
