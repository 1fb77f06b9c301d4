"""A picture as a file of text: whoever reads it gets the lines that were read of it."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Final

from mcp_smalltools.files.reader import UserFile
from mcp_smalltools.pictures.reading import ReadPicture

_HEAD: Final = 16
_MAGIC: Final = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"II*\0",
    b"MM\0*",
    b"%PDF-",
)


class PictureFile(UserFile):
    """Lines as they were read of a picture; size, hash and identity are the picture's own."""

    def __init__(self, original: UserFile, picture: ReadPicture) -> None:
        super().__init__(
            original.path, original.real_path, original.level, _open_text(picture.text().encode())
        )
        self.picture = picture
        self.size, self.mtime_ns = original.size, original.mtime_ns
        self._original = original

    def identity(self) -> tuple[int, int]:
        return self._original.identity()

    def read_bytes(self, max_bytes: int) -> bytes:
        return self._original.read_bytes(max_bytes)

    def sha256(self) -> str:
        return self._original.sha256()

    def changed(self) -> bool:
        return self._original.changed()

    def close(self) -> None:
        self._original.close()
        super().close()

    @property
    def original(self) -> UserFile:
        """The picture as it is on disk."""
        return self._original


def is_picture(file: UserFile) -> bool:
    """Whether its first bytes are a picture's, or a PDF's. Raises Unreadable."""
    head = file.read_at(0, _HEAD)
    if head.startswith(_MAGIC):
        return True
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return True
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"hevc", b"msf1"):
        return True
    # A bitmap: its size stands behind the two letters, which begin many a text, and four zeros follow it.
    return head[:2] == b"BM" and head[6:10] == b"\0\0\0\0"


def _open_text(text: bytes) -> int:
    if sys.platform == "linux":
        descriptor = os.memfd_create("picture", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    view = memoryview(text)
    while view:
        view = view[os.write(descriptor, view) :]
    return descriptor
