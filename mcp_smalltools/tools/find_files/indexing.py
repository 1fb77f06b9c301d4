"""The words of a file for the index, or the reason why only its path is indexed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from mcp_smalltools.errors import FileError, Unreadable
from mcp_smalltools.text.words import code_word_counts

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import UserFile
    from mcp_smalltools.files.tree import FileEntry

MAX_BYTES: Final = 1 << 20
"""Of a file whose text is indexed."""
NOT_READ: Final = "picture"
"""Why the text of a picture is not indexed: it was not read yet, or may not be read."""
PICTURE_NAME: Final = re.compile(r"\.(?:png|jpe?g|webp|tiff?|gif|bmp|heic|pdf)$", re.IGNORECASE)
_LEAST_PICTURE: Final = 4096
"""Bytes of a picture that may hold text: smaller ones are icons."""
_LOCK_FILES: Final = frozenset(
    """
    package-lock.json npm-shrinkwrap.json pnpm-lock.yaml yarn.lock bun.lock
    poetry.lock uv.lock pdm.lock pipfile.lock
    cargo.lock composer.lock gemfile.lock flake.lock go.sum
    """.split()  # noqa: SIM905 - one word a line would hide the list
)
_BINARY: Final = re.compile(
    r"\.(?:png|jpe?g|gif|webp|ico|bmp|tiff?|avif|heic|mp[34]|wav|ogg|flac|mov|avi|mkv|webm|woff2?|ttf|otf|eot"
    r"|zip|gz|bz2|xz|zst|7z|rar|tar|jar|war|whl|egg|so|dylib|dll|exe|o|a|lib|obj|class|py[co]|wasm|bin|dat|db"
    r"|sqlite3?|gguf|safetensors|onnx|pth?|np[yz]|parquet|arrow|pickle|pkl|pdf|docx?|xlsx?|pptx?|od[tsp]|psd"
    r"|iso|img|dmg)$"
)
_GENERATED: Final = re.compile(
    r"@generated\b|\bdo not edit\b|\b(?:auto[- ]?generated|code generated) (?:by|from)\b", re.IGNORECASE
)
_HEAD_LINES: Final = 5
_HEAD_CHARS: Final = 2000
"""Where a generated file says that it is one."""
_MAY_BE_MINIFIED: Final = (".js", ".mjs", ".cjs", ".css", ".json", ".map", ".html", ".svg", ".xml")
_LONG_LINE: Final = 1000
"""Characters of a line, on average, above which a file was written by a program."""


@dataclass(frozen=True, slots=True)
class FileWords:
    """How often each word occurs in a file's path and in its text."""

    path: Mapping[str, int]
    body: Mapping[str, int]
    skipped: str | None = None
    """Why the text is not indexed: "large", "generated", "binary", "unreadable", "picture" (not read yet) or
    "picture unreadable".
    """

    @property
    def total(self) -> int:
        return sum(self.body.values())


def words_of_file(entry: FileEntry, opened: Callable[[str], UserFile]) -> FileWords:
    """Read a file and count its words. `opened` opens a path inside the root, and may raise FileError."""
    in_path = code_word_counts(entry.path)
    reason, body = _skipped_by_name(entry), Counter[str]()
    if reason is None:
        try:
            with opened(entry.path) as source:
                text = source.text(MAX_BYTES)
            reason = _skipped_by_text(entry.path, text)
            body = code_word_counts(text) if reason is None else body
        except Unreadable:
            reason = "binary"
        except FileError:
            reason = "unreadable"
    return FileWords(in_path, body, reason)


def _skipped_by_name(entry: FileEntry) -> str | None:
    path = PurePosixPath(entry.path.lower())
    if entry.size >= _LEAST_PICTURE and PICTURE_NAME.search(path.name):
        return NOT_READ
    if _BINARY.search(path.name):
        return "binary"
    if path.name in _LOCK_FILES or ".min." in path.name:
        return "generated"
    return "large" if entry.size > MAX_BYTES else None


def _skipped_by_text(path: str, text: str) -> str | None:
    """Whether a text is generated or minified: it says nothing that its source doesn't say."""
    head = "\n".join(text.split("\n", _HEAD_LINES)[:_HEAD_LINES])
    if _GENERATED.search(head[:_HEAD_CHARS]):
        return "generated"
    minified = path.endswith(_MAY_BE_MINIFIED) and len(text) / (text.count("\n") + 1) > _LONG_LINE
    return "generated" if minified else None
