"""Numbered versions of what was learned, in a folder of the state folder; one is in use, or none.

The file `current` names the version in use, 0 for what ships.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mcp_smalltools.private_files import make_private_folder

KEPT: Final = 5
"""Versions that can be gone back to."""


class Versions:
    """The versions in one folder, which is made with the first of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def current(self) -> int:
        """The version in use, 0 for what ships."""
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / "current").read_text(encoding="ascii"))
        return 0

    @property
    def in_use(self) -> Path | None:
        """The folder of the version in use."""
        version = self.current
        return self.folder / f"{version:04}" if version else None

    @property
    def newest_in_use(self) -> bool:
        """Whether nobody went back from the newest version."""
        return self.folder.is_dir() and self.current == max(self._all(), default=0)

    def add(self, write: Callable[[Path], None]) -> int:
        """Make a version of what `write` writes into a new folder, and use it. Returns its number."""
        make_private_folder(self.folder)
        version = max(self._all(), default=0) + 1
        new = self.folder / f"{version:04}"
        new.mkdir()
        write(new)
        self._use(version)
        for old in sorted(self._all())[:-KEPT]:
            shutil.rmtree(self.folder / f"{old:04}", ignore_errors=True)
        return version

    def go_back(self) -> int | None:
        """Use the version before the one in use; 0 is what ships. None if what ships is in use already."""
        version = self.current
        if not version:
            return None
        before = max((older for older in self._all() if older < version), default=0)
        self._use(before)
        return before

    def _all(self) -> list[int]:
        return [int(path.name) for path in self.folder.iterdir() if path.is_dir() and path.name.isdecimal()]

    def _use(self, version: int) -> None:
        part = self.folder / "current.part"
        part.write_text(f"{version}\n", encoding="ascii")
        part.replace(self.folder / "current")
