"""What one call took of this machine, and how much of its answer reached the agent.

A table beside the ledger's chain: what left is chained, what it cost is an estimate, and what a hook has
shown is known only after the call. Its rows leave with the calls'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HOOK_CLIENT: Final = "hook"
"""`client` of calls that a hook made: the agent didn't ask, and is shown a few lines of the answer."""
HOOK_SHOWS: Final = 1_200
"""Characters that a hook shows at most; of calls of older versions, which didn't note it."""
CLIENT_LETS_THROUGH: Final = 100_000
"""Characters that a client lets its agent read of a file: 25,000 tokens in Claude Code's documentation, at 4
characters per token. More than this is never counted as saved."""

MIGRATION: Final = """
    CREATE TABLE costs (
        seq INTEGER PRIMARY KEY,
        server_s REAL NOT NULL,
        worker_s REAL NOT NULL,
        engine_s REAL NOT NULL,
        gpu_s REAL NOT NULL,
        shown INTEGER
    );
"""
_CPU: Final = "(coalesce(server_s, 0) + coalesce(worker_s, 0) + coalesce(engine_s, 0))"
_IS_HOOKS: Final = f"client = '{HOOK_CLIENT}'"
_WOULD_READ: Final = (
    f"CASE WHEN escalate OR error IS NOT NULL OR {_IS_HOOKS} THEN 0 "
    f"ELSE min(bytes_read, {CLIENT_LETS_THROUGH}) END"
)
_ASKED: Final = f"CASE WHEN {_IS_HOOKS} THEN 0 ELSE chars_asked END"
_SHOWN: Final = (
    f"coalesce(shown, CASE WHEN {_IS_HOOKS} THEN min(chars_left, {HOOK_SHOWS}) ELSE chars_left END)"
)
SUMS: Final = {
    "would_read": _WOULD_READ,
    "chars_asked": _ASKED,
    "chars_shown": _SHOWN,
    "cpu_s": _CPU,
    "gpu_s": "coalesce(gpu_s, 0)",
}
"""In SQL, over `calls LEFT JOIN costs`: the figures of a call as `LedgerRow` gives them."""


@dataclass(frozen=True, slots=True)
class CallCost:
    """Processor seconds of a call, in the server, in the worker that read the files, and in the engine; GPU
    seconds of the engine. 0 where it isn't known.
    """

    server_s: float = 0.0
    worker_s: float = 0.0
    engine_s: float = 0.0
    gpu_s: float = 0.0
    shown: int | None = None
    """Characters that the agent was shown; None: the whole answer (of a hook's call: it wasn't noted)."""

    @property
    def cpu_s(self) -> float:
        return self.server_s + self.worker_s + self.engine_s


NOTHING_NOTED: Final = CallCost()


def chars_shown(client: str, chars_left: int, shown: int | None) -> int:
    """Characters of an answer that reached the agent."""
    if shown is not None:
        return shown
    return min(chars_left, HOOK_SHOWS) if client == HOOK_CLIENT else chars_left


def would_have_read(client: str, bytes_read: int, *, in_vain: bool) -> int:
    """Characters that the agent would have read without the call: at most what its client lets through.

    None where the answer was in vain (an error, `escalate`): the agent does the reading anyway. None for a
    hook: what it adds comes on top of what the client shows.
    """
    return 0 if in_vain or client == HOOK_CLIENT else min(bytes_read, CLIENT_LETS_THROUGH)
