"""Reads user files as a stream of decoded lines in blocks, with the line numbers of the file."""

from __future__ import annotations

import codecs
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Protocol, Self, cast

from mcp_smalltools.errors import Unreadable
from mcp_smalltools.files import decode
from mcp_smalltools.files.compressed import Damaged, compression_of, decompress_stream
from mcp_smalltools.level import PrivacyLevel

MAX_LINE: Final = 1 << 20
"""Bytes of a line that are kept; the rest of a longer line is skipped, and counted in `cut_lines`."""
BLOCK: Final = 1 << 20
"""Bytes that are read at once."""


class StopCheck(Protocol):
    """Its `check()` raises when the call is over."""

    def check(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Consecutive lines: `first` is the number of lines[0], 1-based. Lines come without their ends."""

    first: int
    lines: list[str]


@dataclass(frozen=True, slots=True)
class ByteBlock:
    """Consecutive lines as UTF-8, each ended by LF: `first` is the number of the first, 1-based."""

    first: int
    data: bytes
    end: int
    """Offset in the file after its last line end; only meaningful in plain files."""
    ended: bool
    """False for a last line without an end."""


@dataclass(frozen=True, slots=True)
class FilePart:
    """A part of a plain file in whole lines, by byte offsets; `first` is the number of its first line."""

    start: int
    first: int
    end: int


class UserFile:
    """An open file of the user. Any number of iterations may run, each from the start.

    `size` and `bytes_read` count bytes on disk. `encoding` (utf-8, utf-16-le, …, latin-1, mixed),
    `line_count` and `cut_lines` are known once the file was read to the end.
    """

    def __init__(self, path: str, real_path: Path, level: PrivacyLevel, descriptor: int) -> None:
        status = os.fstat(descriptor)
        self.path = path
        self.real_path = real_path
        self.level = level
        self.size = status.st_size
        self.mtime_ns = status.st_mtime_ns
        self.encoding = "utf-8"
        self.compression: str | None = None
        self.line_count: int | None = None
        self.cut_lines = 0
        self.bytes_read = 0
        self._descriptor = descriptor
        self._sha256: str | None = None
        self._plain: bool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def blocks(self, *, stop: StopCheck | None = None, block_bytes: int = BLOCK) -> Iterator[LineBlock]:
        """Lines from the start, in constant memory.

        LF and CRLF end a line; CR alone only in files that have no LF in their first block. Raises Unreadable
        for binary and damaged files, and what `stop` raises.
        """
        for block in self.byte_blocks(stop=stop, block_bytes=block_bytes):
            lines = block.data.decode("utf-8").split("\n")
            lines.pop()
            yield LineBlock(block.first, lines)

    def byte_blocks(
        self, *, stop: StopCheck | None = None, block_bytes: int = BLOCK, part: FilePart | None = None
    ) -> Iterator[ByteBlock]:
        """The same as UTF-8, each line ended by LF alone. Only plain files have parts."""
        number, cut = part.first if part else 1, 0
        encodings: set[str] = set()
        if part:
            chunks, at = self._readable(self._bytes_of(part, block_bytes)), part.start
        else:
            chunks, at = self._text_bytes(block_bytes)
        for data, end, ended in _whole_lines(chunks, at, stop):
            clean, encoding, too_long = _clean(data)
            encodings |= encoding
            cut += too_long
            yield ByteBlock(number, clean, end, ended)
            number += _line_count(clean)
        self.line_count, self.cut_lines = number - 1, cut
        if self.encoding in ("utf-8", "latin-1", "mixed"):
            self.encoding = _joint(encodings)

    def is_plain(self) -> bool:
        """Whether parts can be read separately: uncompressed text in UTF-8 or Latin-1, with LF."""
        if self._plain is None:
            head = self.read_at(0, decode.HEAD)
            text = not compression_of(head[:8]) and not decode.binary_kind(head)
            self._plain = text and decode.sniff(head) in ("utf-8", "latin-1") and b"\n" in head
        return self._plain

    def text_start(self) -> int:
        """Offset of the text of a plain file: after its byte order mark, if it has one."""
        return len(codecs.BOM_UTF8) if self.read_at(0, len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0

    def read_at(self, start: int, size: int) -> bytes:
        """Bytes on disk, fewer where the file ends. Raises Unreadable."""
        file = _Positioned(self._descriptor, self._note, start)
        return b"".join(self._readable(iter(lambda: file.read(size) or b"", b""), size))[:size]

    def identity(self) -> tuple[int, int]:
        """Device and inode."""
        status = os.fstat(self._descriptor)
        return status.st_dev, status.st_ino

    @property
    def descriptor(self) -> int:
        """For a helper process. This object still closes it."""
        return self._descriptor

    def lines(self) -> Iterator[str]:
        for block in self.blocks():
            yield from block.lines

    def text(self, max_bytes: int = 32 << 20, *, stop: StopCheck | None = None) -> str:
        """The whole text, line ends as LF. Raises Unreadable if it has more bytes than that, and what `stop`
        raises.
        """
        parts: list[str] = []
        size = 0
        for block in self.blocks(stop=stop):
            parts += block.lines
            size += sum(map(len, block.lines)) + len(block.lines)
            if size > max_bytes:
                raise Unreadable(
                    f"{self.path} has more than {max_bytes >> 20} MB of text.",
                    remedy="Ask for a part of it, or use parse_log, which reads any size.",
                )
        return "\n".join(parts)

    def read_bytes(self, max_bytes: int) -> bytes:
        """The bytes on disk, for formats that are not text. Raises Unreadable if there are more."""
        if self.size > max_bytes:
            raise Unreadable(
                f"{self.path} has {self.size:,} bytes; at most {max_bytes:,} are read of such a file.",
                remedy="Name a smaller file.",
            )
        return self._open().read(max_bytes)

    def sha256(self) -> str:
        """SHA-256 of the bytes on disk."""
        if self._sha256 is None:
            digest = hashlib.sha256()
            file = self._open()
            while data := file.read(BLOCK):
                digest.update(data)
            self._sha256 = digest.hexdigest()
        return self._sha256

    def changed(self) -> bool:
        """Whether the file was written to since it was opened."""
        status = os.fstat(self._descriptor)
        return (status.st_size, status.st_mtime_ns) != (self.size, self.mtime_ns)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(_Positioned(self._descriptor, self._note), BLOCK))

    def _note(self, position: int) -> None:
        self.bytes_read = position

    def _bytes_of(self, part: FilePart, block_bytes: int) -> Iterator[bytes]:
        file = _Positioned(self._descriptor, self._note, part.start)
        left = part.end - part.start
        while left > 0 and (data := file.read(min(block_bytes, left))):
            left -= len(data)
            yield data

    def _text_bytes(self, block_bytes: int) -> tuple[Iterator[bytes], int]:
        """The contents, decompressed, as UTF-8 or Latin-1, with LF instead of CR alone; and the number of
        bytes before them on disk.
        """
        file = self._open()
        self.compression = compression_of(cast(io.BufferedReader, file).peek(8)[:8])
        raw = (
            decompress_stream(file, self.compression, block_bytes)
            if self.compression
            else iter(lambda: file.read(block_bytes), b"")
        )
        chunks = self._readable(raw)
        head = next(chunks, b"")
        while len(head) < decode.HEAD and (more := next(chunks, b"")):
            head += more
        kind = decode.binary_kind(head[: decode.HEAD])
        if kind is not None:
            raise Unreadable(
                f"{self.path} is not text: it is {kind}."
                if kind != "binary"
                else f"{self.path} is a binary file.",
                remedy="The user can install what reads it: pip install 'mcp-smalltools[pictures]'"
                if kind in ("an image", "a PDF")
                else "Name a text file.",
            )
        self.encoding = decode.sniff(head[: decode.HEAD])
        mark = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
        text = decode.as_utf8(_chain(head, chunks), self.encoding)
        first = next(text, b"")
        text = _chain(first, text)
        return (decode.cr_to_lf(text) if decode.lone_cr(first) else text), mark

    def _readable(self, chunks: Iterator[bytes], at_most: int | None = None) -> Iterator[bytes]:
        size = 0
        try:
            for chunk in chunks:
                if chunk:
                    size += len(chunk)
                    yield chunk
                if at_most is not None and size >= at_most:
                    return
        except Damaged as error:
            raise Unreadable(
                f"{self.path} is damaged after {size:,} decompressed bytes: {error}.",
                remedy="Fetch or compress it again.",
            ) from None
        except OSError as error:
            raise Unreadable(
                f"{self.path} can't be read: {error.strerror or error}.",
                remedy="Check the file and its disk.",
            ) from None


class _Positioned(io.RawIOBase):
    """Reads a descriptor with its own position, so that several iterations don't disturb each other."""

    def __init__(self, descriptor: int, note: Callable[[int], None], position: int = 0) -> None:
        self._descriptor = descriptor
        self._note = note
        self._position = position

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # narrower than the stubs' Buffer
        if hasattr(os, "preadv"):
            n = os.preadv(self._descriptor, [buffer], self._position)
        elif hasattr(os, "pread"):
            data = os.pread(self._descriptor, len(buffer), self._position)
            n = len(data)
            buffer[:n] = data
        else:  # Windows
            os.lseek(self._descriptor, self._position, os.SEEK_SET)
            data = os.read(self._descriptor, len(buffer))
            n = len(data)
            buffer[:n] = data
        self._position += n
        self._note(self._position)
        return n


def _whole_lines(
    chunks: Iterator[bytes], at: int, stop: StopCheck | None
) -> Iterator[tuple[bytes, int, bool]]:
    """Groups of whole lines, each at most a block and a line long; an endless line is cut. With each, the
    offset after its last line end, and whether it ends with one: only the last may not.
    """
    held = b""
    last_end = at
    skipping = False  # in the rest of a line that is too long
    for chunk in chunks:
        if stop is not None:
            stop.check()
        at += len(chunk)
        data = chunk
        if skipping:
            end = data.find(b"\n")
            if end < 0:
                continue
            data, skipping = data[end:], False
        data = held + data
        end = data.rfind(b"\n") + 1
        held = data[end:]
        end_offset = at - len(held)
        if len(held) > MAX_LINE:
            held, skipping = held[: MAX_LINE + 1], True  # one more than is kept: it counts as cut
        if end:
            last_end = end_offset
            yield data[:end], end_offset, True
    if held:
        yield held, last_end, False


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _clean(data: bytes) -> tuple[bytes, set[str], int]:
    """Lines as UTF-8, each ended by LF; the encodings met, and how many lines were cut."""
    if not data.endswith(b"\n"):
        data += b"\n"
    clean, encodings = data, {"ascii"}
    if not data.isascii():
        clean, encodings = _as_utf8(data)
    if b"\0" in clean:
        clean = clean.replace(b"\0", b"")
    if b"\r" in clean:
        clean = clean.replace(b"\r\n", b"\n")
    if not _may_hold_long_lines(clean):
        return clean, encodings, 0
    lines = clean.decode("utf-8").split("\n")
    cut = sum(len(line) > MAX_LINE for line in lines)
    return "\n".join(line[:MAX_LINE] for line in lines).encode("utf-8"), encodings, cut


def _line_count(data: bytes) -> int:
    if len(data) < 64 << 10:
        return data.count(b"\n")
    import numpy as np  # counts twenty times as fast

    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == 10))


def _as_utf8(data: bytes) -> tuple[bytes, set[str]]:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        decoded = [decode.decode_line(line) for line in data.split(b"\n")]
        encodings = {encoding for (line, encoding) in decoded if encoding != "utf-8" or not line.isascii()}
        return "\n".join(line for line, _ in decoded).encode("utf-8"), encodings
    return data, {"utf-8"}


def _may_hold_long_lines(data: bytes) -> bool:
    place = 0
    while len(data) - place > MAX_LINE:
        end = data.rfind(b"\n", place, place + MAX_LINE + 1)
        if end < 0:
            return True
        place = end + 1
    return False


def _joint(encodings: set[str]) -> str:
    beyond_ascii = encodings - {"ascii"}
    if len(beyond_ascii) > 1:
        return "mixed"
    return next(iter(beyond_ascii), "utf-8")
