"""The files of a repository that somebody trains on: those that git knows, without other roots in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import FileError, NotFound
from mcp_smalltools.files.roots import Roots
from mcp_smalltools.files.tree import Walk
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.tools.find_files.file_kinds import kind_of

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import UserFile
    from mcp_smalltools.files.roots import Folder

MOST_BYTES: Final = 400_000
"""Of a file that is worth asking."""
_MOST_FILES: Final = 20_000
_LOCK: Final = (".lock", "-lock.json", ".sum", ".min.js", ".min.css", ".map", ".svg", ".snap")


@dataclass(frozen=True, slots=True)
class RepositoryFiles:
    """Whoever names a folder to train on lets it be read on this machine. `level` is what the settings say of
    it: by it texts may be shown to others. Roots inside it are not part of it.
    """

    folder: Folder
    level: PrivacyLevel
    inner: tuple[RootSpec, ...]
    """The roots inside it."""
    _roots: Roots

    @classmethod
    def of(cls, source: Path, settings: Settings) -> Self:
        """`source` is a real path. Raises NotFound where it is no folder, ConfigError inside our own."""
        if not source.is_dir():
            raise NotFound(f"{source} is not a folder.", remedy="Name the folder of a repository.")
        inner = tuple(spec for spec in settings.roots if source in spec.path.expanduser().resolve().parents)
        roots = Roots((RootSpec(path=source, level=PrivacyLevel.OPEN), *inner), settings.own_folders)
        folder = replace(roots.folders(str(source))[0], parts=())
        return cls(folder, level_of(source, settings), inner, roots)

    def open(self, path: str) -> UserFile:
        """A file by its path in the repository. Raises FileError."""
        return self._roots.open(str(self.folder.root / path))

    def paths(self) -> Iterator[str]:
        """Of files that may have text, by name."""
        for number, entry in enumerate(Walk(self.folder)):
            if number == _MOST_FILES:
                return
            if 0 < entry.size <= MOST_BYTES and not entry.path.endswith(_LOCK):
                yield entry.path

    def texts(self) -> dict[str, str]:
        """The text of each file, with LF at the ends of lines."""
        found = {}
        for path in self.paths():
            try:
                with self.open(path) as file:
                    found[path] = file.text(MOST_BYTES)
            except FileError:
                continue
        return found


def level_of(folder: Path, settings: Settings) -> PrivacyLevel:
    """What the settings say of a folder: the level of the innermost root that it is in, else the default."""
    holding = [
        spec
        for spec in settings.roots
        if (path := spec.path.expanduser().resolve()) == folder or path in folder.parents
    ]
    best = max(holding, key=lambda spec: len(spec.path.expanduser().resolve().parts), default=None)
    return best.level if best else settings.privacy


def is_code(path: str) -> bool:
    """Whether a file is there to do something, and not a test, release notes or the like."""
    return kind_of(path) == "code"
