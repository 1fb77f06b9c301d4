"""Whether a model is of a size that this machine runs well."""

from __future__ import annotations

import os
from typing import Final

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ModelError

NEEDS_TIMES: Final = 2.5
"""Memory that a writer takes, in sizes of its file: weights in the layout of the kernels, and its caches."""
SHARE: Final = 0.35
"""Share of the machine's memory that it may take."""
FAST_FROM: Final = 1e9
"""Bytes from which on a model wants more than two cores, or a GPU."""
CORES_FOR_LARGE: Final = 4


def fits_memory(size: int) -> bool:
    """Whether a model of so many bytes leaves the machine most of its memory."""
    memory = _memory()
    return memory is None or size * NEEDS_TIMES <= SHARE * memory


def fits_cores(size: int) -> bool:
    """Whether the processor alone reads with a model of so many bytes in seconds."""
    return size < FAST_FROM or (os.cpu_count() or 1) >= CORES_FOR_LARGE


def size_of_model(model: str, settings: Settings) -> int | None:
    """Bytes of its file by the manifest; None for a model that is not known."""
    from mcp_smalltools.models.library import manifest_of

    try:
        return manifest_of(model, settings).files[0].bytes
    except (ModelError, IndexError):
        return None


def _memory() -> int | None:
    """Bytes of the machine's memory; None where the system doesn't say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None
