"""Vectors of labels and examples, kept from call to call: an agent sorts new items under the same ones.

Not those of items, which seldom come again and would fill the disk.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.stores.store import Store

CACHE_FILE = "classify-vectors.db"
Vector = NDArray[np.float32]
MAX_VECTORS = 50_000  # about 80 MB
_AT_ONCE = 500  # variables of one query

MIGRATIONS: Sequence[str] = (
    "CREATE TABLE vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL, used REAL NOT NULL) WITHOUT ROWID",
)


class VectorCache(Store):
    """Vectors by their text and by `model`, which names all that changes a vector. The least
    recently used leave.
    """

    def __init__(self, path: Path, model: str) -> None:
        super().__init__(path, MIGRATIONS)
        self._model = model

    def get(self, texts: Iterable[str]) -> dict[str, Vector]:
        """Of those texts that are kept, the vector, shape (dim,)."""
        by_key = {self._key(text): text for text in texts}
        keys = list(by_key)
        found: dict[str, Vector] = {}
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            marks = ",".join("?" * len(part))
            for row in self.select(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", part):
                found[by_key[row["key"]]] = np.frombuffer(row["vector"], np.float32)
        if found:
            now = time.time()
            with self.transaction() as db:
                db.executemany(
                    "UPDATE vectors SET used = ? WHERE key = ?", [(now, self._key(text)) for text in found]
                )
        return found

    def put(self, vectors: Mapping[str, Vector]) -> None:
        now = time.time()
        rows = [
            (self._key(text), np.asarray(vector, np.float32).tobytes(), now)
            for text, vector in vectors.items()
        ]
        with self.transaction() as db:
            db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
            count = db.execute("SELECT count(*) FROM vectors").fetchone()[0]
            if count > MAX_VECTORS:
                db.execute(
                    "DELETE FROM vectors WHERE key IN (SELECT key FROM vectors ORDER BY used LIMIT ?)",
                    (count - MAX_VECTORS,),
                )

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._model}\0{text}".encode("utf-8", "surrogatepass")).digest()
