"""Whether the processes that read files are closed off on this machine, and by what."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_smalltools.config import Settings
from mcp_smalltools.doctor.check import Check, CheckState
from mcp_smalltools.errors import WorkerDied

_NAME = "workers"


def check_pictures(settings: Settings) -> Iterator[Check]:
    """Whether pictures and scans can be read here."""
    from mcp_smalltools.workers.picture_client import HOW_TO_INSTALL, can_read_pictures

    if can_read_pictures():
        sealed = "in sealed folders too" if settings.sealed_pictures else "not in sealed folders"
        yield Check("pictures", CheckState.OK, f"screenshots, scans and PDF files are read, {sealed}")
    else:
        yield Check(
            "pictures",
            CheckState.NOTE,
            "screenshots, scans and PDF files can't be read: what reads them is not installed",
            f"{HOW_TO_INSTALL} (about 250 MB) lets the tools read them, on this machine alone.",
        )


def check_workers(settings: Settings) -> Iterator[Check]:
    """Starts one, which says what it has given up, and ends it."""
    from mcp_smalltools.workers.pool import AVAILABLE, walls_here

    if not AVAILABLE:
        yield Check(_NAME, CheckState.NOTE, "files are read in the server itself on this system")
    elif not settings.workers:
        yield Check(
            _NAME, CheckState.NOTE, "files are read in the server itself", "Set workers to 2 or more."
        )
    else:
        try:
            walls = walls_here(settings)
        except (WorkerDied, OSError) as error:
            yield Check(
                _NAME,
                CheckState.WRONG,
                f"none can be started: {error}",
                "Raise worker_memory_mb, or report it.",
            )
            return
        state = CheckState.OK if walls.complete else CheckState.NOTE
        yield Check(_NAME, state, f"up to {settings.workers}, each closed off by {walls}")
