"""Pictures in the index: found by the text that was read of them.

Reading one takes seconds, so it is done at the index's own pace, once for each picture's bytes; until then a
picture is found by its path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mcp_smalltools.errors import DeadlineExceeded, FileError
from mcp_smalltools.text.words import code_word_counts
from mcp_smalltools.tools.find_files.indexing import PICTURE_NAME, FileWords

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp_smalltools.files.reader import UserFile
    from mcp_smalltools.files.tree import FileEntry
    from mcp_smalltools.level import PrivacyLevel
    from mcp_smalltools.tools.base import PictureSource

UNREADABLE: Final = "picture unreadable"
"""Why the text of a picture is not indexed: it is damaged, too large or no picture."""


class PictureTexts:
    """The pictures of one root. `source` reads them."""

    def __init__(self, source: PictureSource, level: PrivacyLevel) -> None:
        self._source = source
        self._level = level

    def why_not(self) -> str | None:
        """Why no picture of this root is read, in words that follow "because"; None where they are."""
        return self._source.why_not(self._level)

    def as_text(self, file: UserFile) -> UserFile:
        """A picture that was read before as a file of text; any other file as it is. Raises Unreadable."""
        if PICTURE_NAME.search(file.path) is None:
            return file
        from mcp_smalltools.pictures.picture_file import PictureFile, is_picture

        known = self._source.known(file) if is_picture(file) and self.why_not() is None else None
        return PictureFile(file, known) if known else file

    def words_of(self, entry: FileEntry, opened: Callable[[str], UserFile]) -> FileWords:
        """Read a picture, which may take long, and count its words. `opened` as of `words_of_file`."""
        in_path = code_word_counts(entry.path)
        try:
            with opened(entry.path) as file:
                return FileWords(in_path, code_word_counts(self._source.read(file, None).text()))
        except (FileError, DeadlineExceeded):
            return FileWords(in_path, {}, UNREADABLE)
