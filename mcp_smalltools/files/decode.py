"""Detects encodings, binary files and line ends, and decodes bytes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Final

HEAD: Final = 64 << 10
"""Bytes from the start of a file that decide on encoding and kind."""

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC: Final = (
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"GGUF", "a model file"),
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_ZEROS = re.compile(rb"\x00+")
_CONTROL_SHARE_WITH_GAPS = 0.002
_MAX_CONTROL_SHARE = 0.05
"""Share of control characters up to which a file is text."""


def binary_kind(head: bytes) -> str | None:
    """What kind of binary file it is, in words, by its first bytes; None for text."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if sniff(head) not in ("utf-8", "latin-1"):
        return None
    if b"\0" in head:
        return None if _is_text_with_gaps(head) else "binary"
    return "binary" if len(_CONTROL.findall(head)) > _MAX_CONTROL_SHARE * len(head) else None


def _is_text_with_gaps(head: bytes) -> bool:
    """Lines with runs of zero bytes, as a power loss leaves them, or a log emptied while open."""
    text = head.replace(b"\0", b"")
    if len(text) < max(100, len(head) // 50) or b"\n" not in text:
        return False
    if head[257:262] == b"ustar" or not _valid_utf8(text):
        return False
    gaps, controls = len(_ZEROS.findall(head)), len(_CONTROL.findall(text))
    return gaps <= 1 + len(text) // 256 and controls <= _CONTROL_SHARE_WITH_GAPS * len(text)


def sniff(head: bytes) -> str:
    """The encoding by byte order mark or position of zero bytes; else utf-8 if valid, else latin-1."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        half = max(1, len(head) // 2)
        if odd > 0.3 * half and even < 0.1 * odd:
            return "utf-16-le"
        if even > 0.3 * half and odd < 0.1 * even:
            return "utf-16-be"
    return "utf-8" if _valid_utf8(head) else "latin-1"


def as_utf8(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The stream without its byte order mark, UTF-16 and UTF-32 as UTF-8, so that lines can be split."""
    first = True
    decoder = None if encoding in ("utf-8", "latin-1") else codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks:
        if decoder is None:
            yield chunk.removeprefix(codecs.BOM_UTF8) if first else chunk
        else:
            text = decoder.decode(chunk)
            yield (text.removeprefix("\ufeff") if first and text else text).encode("utf-8", "replace")
        first = False
    if decoder is not None:
        yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def lone_cr(head: bytes) -> bool:
    """Whether CR alone ends lines, as on old Macs: only if there is no LF at all."""
    return b"\r" in head and b"\n" not in head


def cr_to_lf(chunks: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for chunk in chunks:
        data = held + chunk
        held = b"\r" if data.endswith(b"\r") else b""
        yield data[: len(data) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if held:
        yield b"\n"


def decode_line(line: bytes) -> tuple[str, str]:
    """A line and its encoding: UTF-8 if valid, else Windows-1252, else Latin-1, which decodes any byte."""
    try:
        return line.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        try:
            return line.decode("cp1252"), "latin-1"
        except UnicodeDecodeError:
            return line.decode("latin-1"), "latin-1"


def _valid_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    return True
