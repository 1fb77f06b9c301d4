"""Masks parts of files as they would be masked in their files: whole files are looked at first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from mcp_smalltools.errors import SmallToolsError
from mcp_smalltools.pictures.picture_file import PictureFile
from mcp_smalltools.privacy.redact import Redactor
from mcp_smalltools.text.visible import clean_text

if TYPE_CHECKING:
    from mcp_smalltools.config import Settings
    from mcp_smalltools.files.reader import UserFile

WHOLE_FILE: Final = 8 << 20
"""Bytes of a file that are looked at before a part of it is masked. Of a larger one this is its start."""


class ContextRedactor:
    """The redactor of one call. It may be used by several threads."""

    def __init__(self, settings: Settings, files: Callable[[], Iterable[UserFile]]) -> None:
        """`files` gives those that the call has opened so far. Raises ConfigError."""
        self._redactor = Redactor.from_settings(settings)
        self._files = files
        self._seen: set[int] = set()
        self._lock = threading.Lock()

    @property
    def has_masked(self) -> bool:
        return bool(self._redactor.counts)

    def scrub(self, text: str) -> str:
        """The text, masked with what the call's files say about it."""
        with self._lock:
            for file in list(self._files()):
                if id(file) not in self._seen:
                    self._seen.add(id(file))
                    self._redactor.masks_random |= isinstance(file, PictureFile)
                    self._redactor.learn(clean_text(_start_of(file)))
            return self._redactor.scrub(text)


def _start_of(file: UserFile) -> str:
    """The text of a file, or its start; nothing of one that is no text. The file's state stays as it is."""
    known = file.line_count, file.cut_lines, file.encoding, file.bytes_read
    lines: list[str] = []
    size = 0
    try:
        for block in file.blocks():
            lines += block.lines
            size += sum(map(len, block.lines)) + len(block.lines)
            if size >= WHOLE_FILE:
                break
    except (SmallToolsError, OSError):
        lines = []
    file.line_count, file.cut_lines, file.encoding, file.bytes_read = known
    return "\n".join(lines)
