"""Masks in what a tool has shown, in the context of the files that it is of."""

from __future__ import annotations

import contextlib
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import SmallToolsError
from mcp_smalltools.files.reader import UserFile
from mcp_smalltools.files.roots import Roots
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.privacy.in_context import WHOLE_FILE
from mcp_smalltools.privacy.redact import Redactor
from mcp_smalltools.privacy.vocabulary import mask_unknown_words
from mcp_smalltools.text.visible import clean_text

MOST_FILES: Final = 16
"""Files that are looked at before what is shown of them is masked."""
_CONTEXT_S: Final = 1.0
"""Seconds after which no further file is looked at."""
_LINES_AROUND: Final = 500
_NOT_TEXT: Final = frozenset(
    (
        *("type", "mode", "filePath", "file_path", "base64", "mimeType", "media_type"),
        *("persistedOutputPath", "backgroundTaskId"),
    )
)
"""Fields of a result that hold no text that the model reads, or that the client itself needs as they are."""
# What tools put before each line of a file: `cat -n`, `grep -n`, `grep -rn`, `nl`, `git diff`, Gemini CLI.
_BEFORE_LINE: Final = re.compile(
    r"L\d{1,9}[:-] ?|"
    r"(?:[^\s:]{1,400}[:-])?[ \t]{0,12}\d{1,9}(?:[:\t|-]|→|  )[ \t]?|[^\s:]{1,400}[:-](?=\S)|[-+ ](?=\S)"
)
_NAMED_LINE: Final = re.compile(r"([^\s:][^:\n]{0,400}?)[:-]\d{1,9}[:-]|([^\s:][^:\n]{0,400}?):")
_DIFF_FILE: Final = re.compile(r"(?:(?:\+\+\+|---) (?:[ab]/)?|File: )([^\t\n]{1,400})")
"""A line that says of which file the next ones are: in a diff, and in a search of Gemini CLI's."""


@dataclass(frozen=True, slots=True)
class ShownLines:
    """A file that a tool shows, and which of its lines if that is known (0 for all)."""

    path: Path
    first: int = 0
    last: int = 0


class ResultMasker:
    """Masks one result. `counts` has the number of masked values by kind; under `sealed` also of lines."""

    def __init__(self, settings: Settings, level: PrivacyLevel) -> None:
        """Raises ConfigError for a pattern of the user's that can't be used."""
        self._redactor = Redactor.from_settings(settings)
        self._sealed = level is PrivacyLevel.SEALED
        self._open = level is PrivacyLevel.OPEN
        self.sealed_lines = 0

    @property
    def counts(self) -> Counter[str]:
        return self._redactor.counts + Counter(sealed_lines=self.sealed_lines)

    def learn(self, files: Sequence[ShownLines]) -> None:
        """Look at the files first, so that parts of them are masked as they would be in the whole."""
        if self._open:
            return
        ends = time.monotonic() + _CONTEXT_S
        for shown in files[:MOST_FILES]:
            if time.monotonic() > ends:
                return
            with contextlib.suppress(SmallToolsError, OSError):
                root = RootSpec(path=shown.path.parent, level=PrivacyLevel.REDACTED)
                file = Roots([root]).open(str(shown.path))
                try:
                    self._redactor.learn(clean_text("\n".join(_context_lines(file, shown))))
                finally:
                    file.close()

    def masked(self, result: Any, is_sealed: Callable[[str], bool]) -> Any:
        """The result with its texts masked, in the same shape. `is_sealed` says of the name of a file, as a
        tool shows it beside a line, whether it is sealed.
        """
        masked = _mapped(result, lambda text: self._text(text, is_sealed))
        if not self._redactor.counts:
            return masked
        # Again: a later text may have shown that a value in an earlier one is a secret.
        self._redactor.counts.clear()
        self.sealed_lines = 0
        return _mapped(result, lambda text: self._text(text, is_sealed))

    def _text(self, text: str, is_sealed: Callable[[str], bool]) -> str:
        cleaned = clean_text(text)
        masked = cleaned if self._open else self._redactor.scrub(self._without_prefixes(cleaned))
        if self._sealed:
            self.sealed_lines += text.count("\n") + 1
            return mask_unknown_words(masked)
        masked = self._sealed_parts(masked, is_sealed)
        # What is hidden in a text is taken out only where something is masked: else it stays as it was.
        return text if masked == cleaned else masked

    def _without_prefixes(self, text: str) -> str:
        """The text, masked as it would be without what tools put before each line of a file."""
        lines = text.split("\n")
        prefixes = [found[0] if (found := _BEFORE_LINE.match(line)) else "" for line in lines]
        if not any(prefixes):
            return text
        bare = "\n".join(line[len(prefix) :] for line, prefix in zip(lines, prefixes, strict=True))
        masked = self._redactor.scrub(bare).split("\n")
        if len(masked) != len(lines):
            return text
        return "\n".join(prefix + line for prefix, line in zip(prefixes, masked, strict=True))

    def _sealed_parts(self, text: str, is_sealed: Callable[[str], bool]) -> str:
        """The text with lines masked that tools show of sealed files: beside their names, or in a diff."""
        lines = text.split("\n")
        in_sealed_file = False
        changed = False
        for number, line in enumerate(lines):
            if file := _DIFF_FILE.match(line):
                in_sealed_file = is_sealed(file[1])
                continue
            if line.startswith("diff "):
                in_sealed_file = False
            prefix = line[:1] if in_sealed_file else _sealed_prefix(line, is_sealed)
            if prefix is not None and line != prefix:
                lines[number] = prefix + mask_unknown_words(line[len(prefix) :])
                self.sealed_lines += 1
                changed = True
        return "\n".join(lines) if changed else text


def _sealed_prefix(line: str, is_sealed: Callable[[str], bool]) -> str | None:
    """The name and number before a line of a sealed file; None for other lines."""
    found = _NAMED_LINE.match(line)
    if found is None or not is_sealed(found[1] or found[2]):
        return None
    return found[0]


def files_shown(result: Any) -> Iterator[str]:
    """Names of files that a result shows lines of, as they stand in it."""
    names: dict[str, None] = {}
    for text in _texts(result):
        for line in text.split("\n")[:20_000]:
            found = _DIFF_FILE.match(line)
            name = found[1] if found else ((named := _NAMED_LINE.match(line)) and (named[1] or named[2]))
            if name and name not in names:
                names[name] = None
                if len(names) >= 4 * MOST_FILES:
                    break
    yield from names


def _context_lines(file: UserFile, shown: ShownLines) -> list[str]:
    """The file's lines or, of a large one, those at its start and around those that are shown."""
    lines: list[str] = []
    size = 0
    for block in file.blocks():
        near = block.first <= shown.last + _LINES_AROUND and (
            block.first + len(block.lines) > shown.first - _LINES_AROUND
        )
        if size < WHOLE_FILE or near:
            lines += block.lines
        size += sum(map(len, block.lines)) + len(block.lines)
        if size >= WHOLE_FILE and block.first > shown.last + _LINES_AROUND:
            break
    return lines


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: item if key in _NOT_TEXT else _mapped(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _NOT_TEXT:
                yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
