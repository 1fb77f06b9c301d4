"""Zip archives that come out the same, byte for byte, whoever packs the same files, wherever and when."""

from __future__ import annotations

import hashlib
import zipfile
from datetime import datetime
from pathlib import Path

_PLAIN, _RUNNABLE = 0o100644, 0o100755
_UNIX = 3


def pack(folder: Path, archive: Path, when: datetime) -> None:
    """Pack all files of a folder, sorted by name, all with one time; of their modes only "runnable" is kept.

    The compression is zlib's, so another version of it may give other bytes.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    with zipfile.ZipFile(archive, "w") as packed:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), when.timetuple()[:6])
            entry.create_system = _UNIX
            entry.external_attr = (_RUNNABLE if path.stat().st_mode & 0o100 else _PLAIN) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes(), compresslevel=9)


def hashes(folder: Path, names: list[str]) -> str:
    """The SHA-256 of files, a line each, as `sha256sum --check` reads it."""
    rows = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(names)]
    return "".join(rows)
