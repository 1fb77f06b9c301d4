"""Fetches a file from the Hugging Face hub, or from a mirror of it that the user has named."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio

from mcp_smalltools.models.fetching.packages import SourceFailed
from mcp_smalltools.models.fetching.web import (
    WebBroken,
    WebFailed,
    body_of,
    head_of,
    is_private,
    leads_to_private,
    opened,
)
from mcp_smalltools.models.manifest import HubSource, ManifestFile

if TYPE_CHECKING:
    import httpx2

Progress = Callable[[float, float | None, str], None]
"""done, total (None if unknown), message."""

ATTEMPTS: Final = 4
RETRY_S: Final = 0.3
_RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_PART_OF: Final = re.compile(r"bytes (\d{1,18})-\d{1,18}/(?:\d{1,18}|\*)")
_READ_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class _WantedFile:
    """What the file has to be. `bytes` is None where nobody has said it before."""

    sha256: str
    bytes: int | None


def from_hub(source: HubSource, file: ManifestFile, part: Path, progress: Progress) -> str:
    """Download to `part`, going on where an earlier attempt stopped; returns the sha256 to expect.

    Raises SourceFailed, and OSError where the disk is at fault.
    """
    return anyio.run(_Download(source, file, part, progress).run)


class _Download:
    def __init__(self, source: HubSource, file: ManifestFile, part: Path, progress: Progress) -> None:
        self._file, self._part, self._progress = file, part, progress
        self._base = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
        self._address = f"{self._base}/{source.repo}/resolve/{source.revision}/{source.file}"

    async def run(self) -> str:
        import httpx2

        reason = ""
        async with httpx2.AsyncClient(timeout=_READ_S) as client:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    wanted = await self._wanted(client)
                    await self._go_on(client, wanted)
                    return wanted.sha256
                except httpx2.HTTPStatusError as error:
                    status = error.response.status_code
                    if status == 416:  # what we have is longer than the file
                        self._part.unlink(missing_ok=True)
                    elif status not in _RETRIED:
                        raise SourceFailed(f"it answers {status}") from None
                    reason = f"it answers {status}"
                except (httpx2.HTTPError, WebBroken) as error:
                    reason = str(error) or type(error).__name__
                except (httpx2.InvalidURL, WebFailed) as error:
                    raise SourceFailed(str(error)) from None
                if attempt < ATTEMPTS:
                    await anyio.sleep(RETRY_S * 2**attempt)
        raise SourceFailed(reason)

    async def _wanted(self, client: httpx2.AsyncClient) -> _WantedFile:
        """By the manifest or else by the hub, which names hash and size of large files in its headers."""
        if self._file.sha256 is not None:
            return _WantedFile(self._file.sha256, self._file.bytes)
        self._check(self._address)
        response = await head_of(client, "HEAD", self._address, self._headers(self._address))
        await response.aclose()
        if response.status_code >= 400:
            response.raise_for_status()
        tag = response.headers.get("x-linked-etag", "").strip('"')
        if not re.fullmatch(r"[0-9a-f]{64}", tag):
            raise SourceFailed("neither it nor the manifest says which file it is (sha256)")
        size = response.headers.get("x-linked-size", "")
        told = int(size) if re.fullmatch(r"\d{1,18}", size) else None
        return _WantedFile(tag, told if self._file.bytes is None else self._file.bytes)

    async def _go_on(self, client: httpx2.AsyncClient, wanted: _WantedFile) -> None:
        part = self._part
        have = part.stat().st_size if part.exists() else 0

        def headers(address: str) -> Mapping[str, str]:
            return self._headers(address) | ({"Range": f"bytes={have}-"} if have else {})

        async with opened(client, self._address, headers=headers, check=self._check) as response:
            response.raise_for_status()
            if response.status_code == 206:
                if not have or _first_byte(response) != have:
                    part.unlink(missing_ok=True)
                    raise WebBroken("it sends another part of the file than it was asked for")
            else:
                have = 0  # the server starts anew
            total = wanted.bytes if (told := _length(response)) is None else have + told
            if total is None:  # such a body need not have an end
                raise SourceFailed("it doesn't say how long its file is")
            if wanted.bytes not in (None, total):
                raise SourceFailed(f"its file has {total:,} bytes, not {wanted.bytes:,}")
            coming = total - have
            if shutil.disk_usage(part.parent).free < coming:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            with part.open("ab" if have else "wb") as out:
                async for data in body_of(response, coming):
                    out.write(data)
                    have += len(data)
                    self._progress(have, total, f"fetching {self._file.name}")

    def _headers(self, address: str) -> dict[str, str]:
        """The user's token goes to the hub that the user has named, and nowhere else."""
        import httpx2

        token = os.environ.get("HF_TOKEN")
        asked, base = httpx2.URL(address), httpx2.URL(self._base)
        same = (asked.scheme, asked.host, asked.port) == (base.scheme, base.host, base.port)
        return {"Authorization": f"Bearer {token}"} if token and same else {}

    def _check(self, address: str) -> None:
        """Raises WebFailed for an address that a hub has no reason to lead to."""
        import httpx2

        asked, base = httpx2.URL(address), httpx2.URL(self._base)
        if asked.scheme not in ("http", "https") or (asked.scheme, base.scheme) == ("http", "https"):
            raise WebFailed(f"it leads to an address that is not https ({asked.scheme}://{asked.host})")
        if is_private(asked.host) and not is_private(base.host) and not leads_to_private(base.host):
            raise WebFailed(f"it leads to {asked.host}, an address of this machine or a private network")


def _first_byte(response: httpx2.Response) -> int | None:
    found = _PART_OF.fullmatch(response.headers.get("content-range", ""))
    return int(found[1]) if found else None


def _length(response: httpx2.Response) -> int | None:
    """Bytes of the body, where that is said."""
    said = response.headers.get("content-length", "")
    return int(said) if re.fullmatch(r"\d{1,18}", said) else None
