"""Where the last call left off in a log, so that `since="last"` reads only what was appended.

Kept for each file and caller: how far it was read, how to know it again, and how many records there were of
each form (shapes with their variables masked, no line of the file). A file is the same if its head and the
bytes before the place are; otherwise it was rotated or truncated.
"""

from __future__ import annotations

import enum
import hashlib
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mcp_smalltools.errors import ConfigError
from mcp_smalltools.files.reader import FilePart
from mcp_smalltools.stores.store import Store

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import UserFile

_COMPARED = 4 << 10
"""Bytes of the head, and before the place, by which a file is known again."""
_MOST_BYTES = 64 << 20
_VERSION = 1
MIGRATIONS: Sequence[str] = (
    """
    CREATE TABLE logs (
        path TEXT PRIMARY KEY,
        place BLOB NOT NULL,
        bytes INTEGER NOT NULL,
        used REAL NOT NULL
    );
    """,
    """
    DROP TABLE logs;
    CREATE TABLE logs (
        caller TEXT NOT NULL,
        path TEXT NOT NULL,
        place BLOB NOT NULL,
        bytes INTEGER NOT NULL,
        used REAL NOT NULL,
        PRIMARY KEY (caller, path)
    );
    """,
)


class LogChange(enum.Enum):
    """What happened to a file since it was last read."""

    APPENDED = "appended"  # or nothing
    ROTATED = "rotated"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class ReadPosition:
    """How far a file was read, at the end of a line."""

    offset: int
    line: int  # number of the last line before it
    device: int
    inode: int
    head: str  # sha256 of the first bytes
    tail: str  # and of those before the place
    counted: Mapping[str, Any]  # see `state.compact`

    def change(self, source: UserFile) -> LogChange:
        if source.size >= self.offset and (self.head, self.tail) == _hashes(source, self.offset):
            return LogChange.APPENDED
        same = source.identity() == (self.device, self.inode)
        return LogChange.TRUNCATED if same else LogChange.ROTATED

    def rest(self, source: UserFile) -> FilePart:
        """What was appended."""
        return FilePart(self.offset, self.line + 1, source.size)


def position_at(source: UserFile, offset: int, line: int, counted: Mapping[str, Any]) -> ReadPosition:
    """The place behind line `line` of a plain file."""
    return ReadPosition(offset, line, *source.identity(), *_hashes(source, offset), counted)


def _hashes(source: UserFile, offset: int) -> tuple[str, str]:
    size = min(_COMPARED, offset)
    pieces = source.read_at(0, size), source.read_at(offset - size, size)
    head, tail = (hashlib.sha256(piece).hexdigest() for piece in pieces)
    return head, tail


class ReadPositions(Store):
    """The places of all logs, in the state folder. Those used longest ago leave."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir / "logs.db", MIGRATIONS)

    def get(self, caller: str, path: Path) -> ReadPosition | None:
        import msgpack
        import zstandard

        found = self.select("SELECT place FROM logs WHERE (caller, path) = (?, ?)", (caller, str(path)))
        if not found:
            return None
        version, *fields = msgpack.unpackb(
            zstandard.decompress(found[0]["place"]), unicode_errors="surrogatepass"
        )
        return ReadPosition(*fields) if version == _VERSION else None

    def put(self, caller: str, path: Path, place: ReadPosition) -> None:
        import msgpack
        import zstandard

        fields = (place.offset, place.line, place.device, place.inode, place.head, place.tail, place.counted)
        packed = cast(bytes, msgpack.packb((_VERSION, *fields), unicode_errors="surrogatepass"))
        blob = zstandard.compress(packed)
        with self.transaction() as db:
            row = (caller, str(path), blob, len(blob), time.time())
            db.execute("INSERT OR REPLACE INTO logs VALUES (?, ?, ?, ?, ?)", row)
            total = db.execute("SELECT sum(bytes) FROM logs").fetchone()[0]
            while total > _MOST_BYTES:
                oldest = db.execute("SELECT rowid, bytes FROM logs ORDER BY used LIMIT 1").fetchone()
                db.execute("DELETE FROM logs WHERE rowid = ?", (oldest["rowid"],))
                total -= oldest["bytes"]


def load_position(state_dir: Path, caller: str, source: UserFile) -> ReadPosition | None:
    """None if there is none, or the store can't be used."""
    try:
        places = ReadPositions(state_dir)
    except ConfigError:
        return None
    try:
        return places.get(caller, source.real_path)
    except sqlite3.Error:
        return None
    finally:
        places.close()


def save_position(state_dir: Path, caller: str, source: UserFile, place: ReadPosition) -> bool:
    """False if it can't be kept."""
    try:
        places = ReadPositions(state_dir)
    except ConfigError:
        return False
    try:
        places.put(caller, source.real_path, place)
    except sqlite3.Error:
        return False
    finally:
        places.close()
    return True
