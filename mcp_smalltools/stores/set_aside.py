"""What happens to a store that is damaged: it is renamed, never deleted, and a new one takes its place."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from mcp_smalltools.errors import ConfigError
from mcp_smalltools.stores.store import DamagedStore

_LOCK_S = 10.0


def replace_damaged(
    path: Path, open_whole: Callable[[], sqlite3.Connection]
) -> tuple[sqlite3.Connection, Path | None]:
    """Rename a damaged database, say so on standard error, and make a new one: its connection, and where the
    old one is kept; None if another process was quicker. `open_whole` raises DamagedStore for a damaged one.

    Raises ConfigError.
    """
    from filelock import FileLock, Timeout

    try:
        with FileLock(path.with_suffix(".lock"), timeout=_LOCK_S, mode=0o600):
            with contextlib.suppress(DamagedStore):
                return open_whole(), None
            kept = _free_name(path)
            for ending in ("-wal", "-shm", ""):
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{path}{ending}").rename(f"{kept}{ending}")
            print(f"mcp-smalltools: {path} is damaged, so it is kept as {kept.name}.", file=sys.stderr)
            return open_whole(), kept
    except (OSError, Timeout) as error:
        raise ConfigError(
            f"{path} is damaged, and can't be renamed: {error}.", remedy="Move it to another folder."
        ) from None


def files_set_aside(path: Path) -> list[Path]:
    """What was set aside of a database, oldest first."""
    return sorted(path.parent.glob(f"{path.stem}.damaged-*{path.suffix}"))


def _free_name(path: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    names = (path.with_name(f"{path.stem}.damaged-{stamp}-{number}{path.suffix}") for number in count(1))
    return next(name for name in names if not name.exists())
