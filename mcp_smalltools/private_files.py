"""Folders and files that this user alone can enter and read, whatever the umask of whoever starts first."""

from __future__ import annotations

import errno
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


def check_own_folder(folder: Path) -> None:
    """Raises PermissionError for a folder of somebody else's, or one in which others can make files."""
    if os.name != "posix":
        return  # the user's profile folder is private by its access list
    found = folder.stat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(errno.EPERM, "not a folder of this user's alone", str(folder))


def is_private(found: os.stat_result) -> bool:
    """Whether a file or folder is this user's, and closed to all others."""
    return os.name != "posix" or (found.st_uid == os.geteuid() and not found.st_mode & 0o077)


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
