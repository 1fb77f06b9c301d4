"""Hashes of large files, computed once, and kept with what shows whether the file has changed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

Report = Callable[[int], None]


def sha256_of(path: Path, report: Report = lambda done: None) -> str:
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        while data := file.read(1 << 20):
            digest.update(data)
            done += len(data)
            report(done)
    return digest.hexdigest()


_unwritten: dict[Path, tuple[str, list[int]]] = {}
"""Hashes and stamps that could not be written down, since the model folder is read-only; of this process."""


class Stamps:
    """A JSON file of hashes by path, valid while size, modification time and inode are the same."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, file: Path) -> str | None:
        """The hash that was kept; None if the file has changed since."""
        stamp = _stamp(file)
        entry = self._all().get(str(file))
        if entry and entry["stamp"] == stamp:
            return str(entry["sha256"])
        sha256, unwritten = _unwritten.get(file, (None, None))
        return sha256 if unwritten == stamp else None

    def last(self, file: Path) -> str | None:
        """The hash that was written down last, even if the file has another time or inode now."""
        entry = self._all().get(str(file))
        return entry["sha256"] if entry else None

    def put(self, file: Path, sha256: str) -> None:
        """Keep a hash; for this process alone where it can't be written down."""
        entries = self._all()
        entries[str(file)] = {"sha256": sha256, "stamp": _stamp(file)}
        try:
            self._write(entries)
        except OSError:
            _unwritten[file] = (sha256, _stamp(file))

    def forget(self, file: Path) -> None:
        entries = self._all()
        if entries.pop(str(file), None) is not None:
            self._write(entries)

    def hash(self, file: Path) -> str:
        """The file's hash; the kept one if it hasn't changed."""
        known = self.get(file)
        if known is None:
            known = sha256_of(file)
            self.put(file, known)
        return known

    def _all(self) -> dict[str, Any]:
        try:
            entries: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return entries

    def _write(self, entries: dict[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        new.write_text(json.dumps(entries, indent=1), encoding="utf-8")
        new.replace(self._path)


def _stamp(file: Path) -> list[int]:
    try:
        status = file.stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns, status.st_ino]
