"""Decompresses .gz, .bz2, .xz and .zst files, recognised by their first bytes, as streams."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final, Protocol

from mcp_smalltools.files import zstd

_MAGIC: Final = (
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\0", "xz"),
    (zstd.MAGIC, "zst"),
)
_READ_BYTES: Final = 16 << 10
"""Compressed bytes that are read at once. They may hold many streams, each of which copies what is left."""
_CHUNK_BYTES: Final = 1 << 20
"""Decompressed bytes of a chunk at most."""
_SMALL_CHUNK_BYTES: Final = 64 << 10
"""Smaller parts are put together, but for the last: each chunk costs the reader something."""
_ZSTD_BYTES: Final = 512
"""Compressed bytes that zstd is given at once. Its decompressor has no limit for what it gives back: four
bytes can be a block of 128 KB, so these are 16 MB at most.
"""


class Damaged(Exception):
    """The stream is truncated or corrupt."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def compression_of(head: bytes) -> str | None:
    """gz, bz2, xz, zst, or None."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def decompress_stream(file: BinaryIO, compression: str, chunk_bytes: int = _CHUNK_BYTES) -> Iterator[bytes]:
    """The contents in chunks, in constant memory; concatenated streams are read as one. No chunk is
    much longer than `chunk_bytes`: between two of them the reader looks at the clock.

    Raises Damaged after what could be read, and Unreadable for zstd where nothing here reads it.
    """
    held: list[bytes] = []
    size = 0
    try:
        for part in _all_parts(file, compression, chunk_bytes):
            held.append(part)
            size += len(part)
            if size >= min(_SMALL_CHUNK_BYTES, chunk_bytes):
                yield b"".join(held)
                held, size = [], 0
    except Damaged:
        yield b"".join(held)
        raise
    yield b"".join(held)


def _all_parts(file: BinaryIO, compression: str, most: int) -> Iterator[bytes]:
    decompressor = _new(compression)
    fresh = True
    while data := file.read(_READ_BYTES):
        while data:
            try:
                yield from _parts(decompressor, data, most)
            except (OSError, zlib.error, lzma.LZMAError, ValueError, EOFError) as error:
                if fresh and not data.strip(b"\0"):
                    return  # padding after the last stream
                raise Damaged(str(error)) from None
            fresh = False
            data = decompressor.unused_data if decompressor.eof else b""
            if decompressor.eof:
                decompressor, fresh = _new(compression), True
    if not fresh:
        raise Damaged("the end is missing")


def _parts(decompressor: _Decompressor, data: bytes, most: int) -> Iterator[bytes]:
    """Decompress in bounded chunks: a small file may hold gigabytes of zeros."""
    if isinstance(decompressor, _Gzip):
        yield from decompressor.parts(data, most)
    elif isinstance(decompressor, (bz2.BZ2Decompressor, lzma.LZMADecompressor)):
        yield decompressor.decompress(data, most)
        while not decompressor.eof and not decompressor.needs_input:
            yield decompressor.decompress(b"", most)
    elif isinstance(decompressor, _Zstd):
        yield from (
            part[at : at + most] for part in decompressor.parts(data) for at in range(0, len(part), most)
        )


class _Gzip:
    """One member of a gzip file."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, /) -> bytes:
        return b"".join(self.parts(data, _CHUNK_BYTES))

    def parts(self, data: bytes, most: int) -> Iterator[bytes]:
        while True:
            yield self._inner.decompress(data, most)
            data = self._inner.unconsumed_tail
            if not data or self._inner.eof:
                return


class _Zstd:
    """One frame of a zstd file."""

    def __init__(self) -> None:
        self._inner, self._errors = zstd.zstd_decompressor()
        self._rest = b""

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data) + self._rest

    def decompress(self, data: bytes, /) -> bytes:
        return b"".join(self.parts(data))

    def parts(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_BYTES):
            try:
                yield self._inner.decompress(data[start : start + _ZSTD_BYTES])
            except self._errors as error:
                raise ValueError(str(error)) from None
            if self._inner.eof:
                self._rest = data[start + _ZSTD_BYTES :]
                return


def _new(compression: str) -> _Decompressor:
    if compression == "gz":
        return _Gzip()
    if compression == "bz2":
        return bz2.BZ2Decompressor()
    if compression == "xz":
        return lzma.LZMADecompressor(lzma.FORMAT_XZ)
    return _Zstd()
