"""What tools keep between calls, in the state folder: each caller's positions in logs, vectors of labels."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mcp_smalltools.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class KeptState(Protocol):
    """The state as tools see it. A store that can't be used is an empty one."""

    def position(self, path: Path) -> bytes | None:
        """Where the caller's last call left off in a log."""

    def keep_position(self, path: Path, position: bytes) -> bool:
        """False if it can't be kept."""

    def vectors(self, made_by: str, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Of those texts that are kept, the vector, shape (dim,); `made_by` names all that changes one."""

    def keep_vectors(self, made_by: str, vectors: Mapping[str, NDArray[np.float32]]) -> None: ...


class StateFolder:
    """The state of one caller, in this process."""

    def __init__(self, folder: Path, caller: str) -> None:
        self._folder, self._caller = folder, caller

    def position(self, path: Path) -> bytes | None:
        from mcp_smalltools.stores.read_positions import ReadPositions

        try:
            with closing(ReadPositions(self._folder)) as store:
                return store.get(self._caller, path)
        except (ConfigError, sqlite3.Error):
            return None

    def keep_position(self, path: Path, position: bytes) -> bool:
        from mcp_smalltools.stores.read_positions import ReadPositions

        try:
            with closing(ReadPositions(self._folder)) as store:
                store.put(self._caller, path, position)
        except (ConfigError, sqlite3.Error):
            return False
        return True

    def vectors(self, made_by: str, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        from mcp_smalltools.stores.vector_cache import CACHE_FILE, VectorCache

        try:
            with closing(VectorCache(self._folder / CACHE_FILE, made_by)) as store:
                return store.get(texts)
        except (ConfigError, sqlite3.Error):
            return {}

    def keep_vectors(self, made_by: str, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        from mcp_smalltools.stores.vector_cache import CACHE_FILE, VectorCache

        try:
            with closing(VectorCache(self._folder / CACHE_FILE, made_by)) as store:
                store.put(vectors)
        except (ConfigError, sqlite3.Error):
            return
