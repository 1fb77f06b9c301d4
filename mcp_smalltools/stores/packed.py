"""Bytes as the stores keep them: deflated. What was packed with zstd before is read where that can be."""

from __future__ import annotations

import zlib
from typing import Final

from mcp_smalltools.files.zstd import MAGIC, unpack_zstd

_LEVEL: Final = 1
"""Answers are small and written while an agent waits: the fastest level halves them already."""


def pack(data: bytes) -> bytes:
    return zlib.compress(data, _LEVEL)


def unpack(blob: bytes, most: int = 1 << 30) -> bytes:
    """The bytes that `pack` was given.

    Raises ValueError if they are damaged, more than `most`, or packed with zstd where nothing reads that.
    """
    if blob.startswith(MAGIC):
        return unpack_zstd(blob, most)
    inner = zlib.decompressobj()
    try:
        data = inner.decompress(blob, most)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not inner.eof:
        raise ValueError("it is cut off, or larger than it may be")
    return data
