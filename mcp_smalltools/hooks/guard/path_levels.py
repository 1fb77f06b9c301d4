"""The privacy level of a path, wherever the agent works."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mcp_smalltools.config import Settings
from mcp_smalltools.files.spelling import real_path
from mcp_smalltools.level import PrivacyLevel


@dataclass(frozen=True, slots=True)
class LeveledFolder:
    """A root, without links."""

    folder: Path
    level: PrivacyLevel


class PathLevels:
    """Levels of paths: of the innermost root that holds them or, outside of all roots, the default one.

    A path outside of all roots is never sealed: `sealed` is for folders that somebody has named. Folders in
    which outputs of commands are kept have the level of the folder that the agent works in.
    """

    def __init__(
        self, roots: Sequence[LeveledFolder], default: PrivacyLevel, outputs: Sequence[Path] = ()
    ) -> None:
        self._roots = roots
        self._default = PrivacyLevel.REDACTED if default is PrivacyLevel.SEALED else default
        self._outputs = outputs

    @classmethod
    def of(cls, settings: Settings, outputs: Sequence[Path] = ()) -> Self:
        roots = [LeveledFolder(_real(root.path), root.level) for root in settings.effective_roots]
        return cls(roots, settings.privacy, [_real(folder) for folder in outputs])

    def level(self, path: Path, cwd: Path) -> PrivacyLevel:
        """The level of a path that was resolved (`resolved`)."""
        if any(path.is_relative_to(folder) for folder in self._outputs):
            return self._of_root(_real(cwd))
        return self._of_root(path)

    def sealed_inside(self, folder: Path) -> list[Path]:
        """Sealed roots below a folder that isn't sealed itself."""
        return [
            root.folder
            for root in self._roots
            if root.level is PrivacyLevel.SEALED and folder in root.folder.parents
        ]

    @property
    def has_sealed(self) -> bool:
        return any(root.level is PrivacyLevel.SEALED for root in self._roots)

    def _of_root(self, path: Path) -> PrivacyLevel:
        holding = [root for root in self._roots if path.is_relative_to(root.folder)]
        return max(holding, key=lambda root: len(root.folder.parts)).level if holding else self._default


def resolved(path: str, cwd: Path) -> Path | None:
    """A path as an agent writes it, without links and dots; None where it is none."""
    if not path or "\0" in path or len(path) > 4096:
        return None
    try:
        return _real(cwd / os.path.expanduser(path))  # noqa: PTH111 - Path's raises for unknown users
    except (OSError, ValueError):
        return None


def either_way(path: str, cwd: Path) -> list[Path]:
    """The same as the system reads it, which follows a link before it goes up (`..`), and as a client may
    that takes dots out of the text first, however long that is.
    """
    whole = cwd / os.path.expanduser(path)  # noqa: PTH111 - Path's raises for unknown users
    by_text = os.path.normpath(whole) if path and "\0" not in path else ""
    found = [resolved(path, cwd), resolved(by_text, cwd)]
    return list(dict.fromkeys(one for one in found if one is not None))


def strictest(levels: Sequence[PrivacyLevel]) -> PrivacyLevel:
    return max(levels, key=lambda level: level.strictness)


def _real(path: Path) -> Path:
    return real_path(path.expanduser())
