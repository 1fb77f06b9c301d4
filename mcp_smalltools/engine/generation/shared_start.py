"""The start that the prompts of one job have in common, computed once: a text that is asked about in parts.

Unlike a prefix (`prefixes`) it is kept no longer than the job, and never on disk: it is a user's text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from mcp_smalltools.engine.fair_queue import RunningJob
from mcp_smalltools.engine.llama.bindings import Tokens

LEAST: Final = 64
"""Tokens in common from which it is worth a sequence."""
MOST_PROMPTS: Final = 16
"""Prompts of a job up to which they are compared."""


class SharedStart:
    """`size` tokens after the prefix. The first prompt that starts computes them; `sequence` then holds them
    for the others, until all have started.
    """

    def __init__(self, running: RunningJob, size: int, prompts: int) -> None:
        self.running = running
        self.size = size
        self.sequence = -1
        self.waiting = prompts
        """Prompts that haven't started."""
        self.begun = False

    @property
    def ready(self) -> bool:
        return self.sequence >= 0


def common_start(prompts: Sequence[Tokens]) -> int:
    """Tokens at the start of all; at least one is left to each."""
    if not 1 < len(prompts) <= MOST_PROMPTS:
        return 0
    size = min(len(prompt) for prompt in prompts) - 1
    for prompt in prompts[1:]:
        differ = np.flatnonzero(prompt[:size] != prompts[0][:size])
        size = int(differ[0]) if len(differ) else size
    return size if size >= LEAST else 0
