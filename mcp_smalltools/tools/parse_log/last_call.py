"""Where the last call left off in a log, so that `since="last"` reads only what was appended.

Kept for each file and caller: how far it was read, how to know it again, and how many records there were of
each form (shapes with their variables masked, no line of the file). A file is the same if its head and the
bytes before the place are; otherwise it was rotated or truncated.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from mcp_smalltools.files.reader import FilePart
from mcp_smalltools.stores.packed import pack, unpack

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import UserFile
    from mcp_smalltools.stores.kept_state import KeptState

_COMPARED = 4 << 10
"""Bytes of the head, and before the place, by which a file is known again."""
_VERSION = 1
_MOST_BYTES = 256 << 20
"""Of a position, unpacked."""


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
    """The position after line `line` of a plain file."""
    return ReadPosition(offset, line, *source.identity(), *_hashes(source, offset), counted)


def _hashes(source: UserFile, offset: int) -> tuple[str, str]:
    size = min(_COMPARED, offset)
    pieces = source.read_at(0, size), source.read_at(offset - size, size)
    head, tail = (hashlib.sha256(piece).hexdigest() for piece in pieces)
    return head, tail


def load_position(state: KeptState, source: UserFile) -> ReadPosition | None:
    """None if there is none, or the store can't be used."""
    import msgpack

    blob = state.position(source.real_path)
    if blob is None:
        return None
    try:
        packed = unpack(blob, _MOST_BYTES)
        version, *fields = msgpack.unpackb(packed, unicode_errors="surrogatepass")
    except (ValueError, TypeError):
        return None
    return ReadPosition(*fields) if version == _VERSION else None


def save_position(state: KeptState, source: UserFile, place: ReadPosition) -> bool:
    """False if it can't be kept."""
    import msgpack

    fields = (place.offset, place.line, place.device, place.inode, place.head, place.tail, place.counted)
    packed = cast(bytes, msgpack.packb((_VERSION, *fields), unicode_errors="surrogatepass"))
    return state.keep_position(source.real_path, pack(packed))
