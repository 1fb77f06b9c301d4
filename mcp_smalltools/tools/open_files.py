"""The files that one call has opened, and what may leave of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from mcp_smalltools.config import Settings
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.privacy.answers import apply_privacy
from mcp_smalltools.result import Answer, Source
from mcp_smalltools.tools.base import FolderListing

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import UserFile
    from mcp_smalltools.files.roots import Roots
    from mcp_smalltools.files.tree import FileEntry
    from mcp_smalltools.pictures.reading import ReadPicture
    from mcp_smalltools.privacy.in_context import ContextRedactor


class OpenFiles:
    """The files that one call has opened, and their privacy level."""

    def __init__(
        self, settings: Settings, read_picture: Callable[[UserFile], ReadPicture | None] | None = None
    ) -> None:
        """`read_picture` reads pictures, which are text to whoever opens them, and gives None for one that is
        left as it is. It raises FileError.
        """
        self._settings = settings
        self._read_picture = read_picture
        self._open: dict[str, UserFile] = {}
        self._as_text: set[str] = set()
        self._roots: Roots | None = None
        self._redactor: ContextRedactor | None = None
        self._lock = threading.Lock()

    def open(self, path: str) -> UserFile:
        """Open a path inside the roots, once for each call; a picture as its text. Raises FileError."""
        file = self._as_on_disk(path)
        if path not in self._as_text:
            self._open[path] = file = self._with_text(file)
            self._as_text.add(path)
        return file

    def hash_of(self, path: str) -> str:
        """The SHA-256 of a file's bytes on disk; a picture is not read for it. Raises FileError."""
        return self._as_on_disk(path).sha256()

    def _as_on_disk(self, path: str) -> UserFile:
        if path not in self._open:
            self._open[path] = self._within().open(path)
        return self._open[path]

    def _with_text(self, file: UserFile) -> UserFile:
        if self._read_picture is None:
            return file
        from mcp_smalltools.pictures.picture_file import PictureFile, is_picture

        picture = self._read_picture(file) if is_picture(file) else None
        return PictureFile(file, picture) if picture else file

    def note_pictures(self, answer: Answer) -> None:
        """Say where on pictures the answer's lines are, and lower its confidence to that of their reading."""
        from mcp_smalltools.pictures.picture_file import PictureFile

        pictures = {path: file.picture for path, file in self._open.items() if isinstance(file, PictureFile)}
        if pictures:
            from mcp_smalltools.tools.picture_answers import note_pictures

            note_pictures(answer, pictures)

    def is_folder(self, path: str) -> bool:
        return self._within().is_folder(path)

    def listing(self, path: str, check: Callable[[], None]) -> FolderListing:
        from mcp_smalltools.files.tree import Walk

        folder = self._within().folders(path)[0]
        walk = Walk(folder, check)
        entries = tuple(walk)
        prefix = "".join(f"{part}/" for part in folder.parts)
        return FolderListing(prefix, entries, walk.ignored, walk.unreachable)

    def path_to_open(self, folder: str, entry: FileEntry) -> str:
        roots = self._within()
        return roots.shown(roots.folders(folder)[0], entry.path)

    def _within(self) -> Roots:
        if self._roots is None:
            from mcp_smalltools.files.roots import Roots

            self._roots = Roots.of(self._settings)
        return self._roots

    def scrub(self, text: str) -> str:
        """Mask what the level of the files forbids, and remove control and invisible characters."""
        from mcp_smalltools.privacy.vocabulary import mask_unknown_words
        from mcp_smalltools.text.visible import clean_text

        level = self.level
        if level is PrivacyLevel.OPEN:
            return clean_text(text)
        scrubbed = self._redact(clean_text(text))
        return mask_unknown_words(scrubbed) if level is PrivacyLevel.SEALED else scrubbed

    def scrub_for_sending(self, text: str) -> str:
        """Mask a text for an engine on another machine, under `open` too: that allows the user's agent."""
        from mcp_smalltools.text.visible import clean_text

        return self._redact(clean_text(text))

    def _redact(self, text: str) -> str:
        from mcp_smalltools.privacy.in_context import ContextRedactor

        with self._lock:
            if self._redactor is None:
                self._redactor = ContextRedactor(self._settings, self._open.values)
        return self._redactor.scrub(text)

    def apply_privacy(self, answer: Answer) -> None:
        """Mask or remove in the answer what the level of the files forbids."""
        apply_privacy(answer, self.level, self.scrub, self.scrub_name)
        if self._redactor is not None and self._redactor.has_masked:
            # Again: a later string may have shown that a value in an earlier one is a secret.
            apply_privacy(answer, self.level, self.scrub, self.scrub_name)

    def scrub_name(self, name: str) -> str:
        """The path of a file as it may be shown: on one line, nothing hidden, masked but under `open`."""
        from mcp_smalltools.text.visible import escaped_name

        shown = escaped_name(name)
        return shown if self.level is PrivacyLevel.OPEN else self._redact(shown)

    @property
    def level(self) -> PrivacyLevel:
        """The strictest level of the opened files, or the configured level if there are none."""
        levels = [file.level for file in self._open.values()] or [self._settings.privacy]
        return max(levels, key=lambda level: level.strictness)

    @property
    def paths(self) -> list[str]:
        return list(self._open)

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self._open.values())

    def sources(self) -> list[Source]:
        return [
            Source(path=file.path, lines=file.line_count, bytes=file.size) for file in self._open.values()
        ]

    def hashes_if_unchanged(self, at_most: int) -> dict[str, str] | None:
        """The SHA-256 of each file; None if one has more bytes, or has changed since it was opened."""
        if any(file.size > at_most or file.changed() for file in self._open.values()):
            return None
        return {path: file.sha256() for path, file in self._open.items()}

    def close(self) -> None:
        for file in self._open.values():
            file.close()
