"""Folders and files that this user alone can enter and read, whatever the umask of whoever starts first."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_FOLDER: Final = 0o700
_FILE: Final = 0o600


def make_private_folder(folder: Path) -> None:
    """Make a folder and its missing parents, each with mode 0700. One that exists stays as it is.

    Raises OSError.
    """
    missing: list[Path] = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        try:
            path.mkdir(mode=_FOLDER)
            path.chmod(_FOLDER)  # mkdir lets the umask take from its mode
        except FileExistsError:  # another process was quicker, or a link leads nowhere
            if not path.is_dir():
                raise


def make_private_file(file: Path) -> None:
    """Make an empty file with mode 0600; of one that is there, take away what others may do.

    Raises OSError.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE)
    except FileExistsError:
        if os.name == "posix" and file.stat().st_mode & 0o077:
            file.chmod(_FILE)
        return
    try:
        if os.name == "posix":
            os.fchmod(descriptor, _FILE)
    finally:
        os.close(descriptor)
