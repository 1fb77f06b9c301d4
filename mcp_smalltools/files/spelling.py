"""One path for one place, also where a file system takes several spellings for the same name.

macOS, Windows and FAT ignore case, and macOS ignores how an accent is encoded. There a sealed folder would be
open under another spelling, and a root would not hold what is in it.
"""

from __future__ import annotations

import os
import string
import sys
import unicodedata
from pathlib import Path
from typing import Final

_OTHER_CASE: Final = str.maketrans(
    string.ascii_letters, string.ascii_uppercase + string.ascii_lowercase
)  # ascii_letters are the small ones, then the capitals

_LONG: Final = "\\\\?\\"
_LONG_SHARE: Final = _LONG + "UNC\\"
_LONGEST: Final = 248
"""Characters of a folder's path that Windows takes without the prefix; a file's may have 259."""


def real_path(path: Path) -> Path:
    """The path without links and dots, each name as its folder has it. What isn't there stays as it is.

    Raises OSError and ValueError, as `os.path.realpath` does.
    """
    real = Path(os.path.realpath(path))
    if sys.platform == "win32":
        return Path(without_prefix(str(real)))  # spelled so already
    place = Path(real.anchor)
    for name in real.parts[1:]:
        place /= _spelled(place, name)
    return place


def without_prefix(path: str) -> str:
    r"""A path of Windows without the `\\?\` that a long one has there: it would be in no root."""
    if path.startswith(_LONG_SHARE):
        return "\\\\" + path[len(_LONG_SHARE) :]
    return path.removeprefix(_LONG)


def with_prefix(path: str) -> str:
    r"""A path of Windows as it can be opened: with `\\?\` where it is longer than Windows takes otherwise."""
    if len(path) < _LONGEST or path.startswith(_LONG):
        return path
    return _LONG_SHARE + path[2:] if path.startswith("\\\\") else _LONG + path


def _spelled(folder: Path, name: str) -> str:
    """A name as its folder has it; as it is, where the file system tells spellings apart."""
    other = _other_spelling(name)
    if other == name or not _same(folder / name, folder / other):
        return name
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are enough
    except OSError:
        return name
    return name if name in names else next((one for one in names if _folded(one) == _folded(name)), name)


def _other_spelling(name: str) -> str:
    """The name in another case or, where it has no letters with a case, with its accents apart."""
    return next(
        (
            other
            for other in (name.translate(_OTHER_CASE), name.swapcase(), unicodedata.normalize("NFD", name))
            if other != name
        ),
        unicodedata.normalize("NFC", name),
    )


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samestat(os.lstat(one), os.lstat(other))
    except OSError:
        return False


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
