"""Fetches an archive over https, from hosts that the user allowed by name."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import NotAllowed, SkillError
from mcp_smalltools.skills.share.skill_archive import MAX_ARCHIVE_BYTES

_TIMEOUT_S: Final = 30.0
_MOST_REDIRECTS: Final = 5


def is_address(text: str) -> bool:
    return "://" in text


def fetch_archive(address: str, settings: Settings) -> bytes:
    """The content at an address, unchecked. Redirects are followed to allowed hosts only.

    Raises NotAllowed, SkillError.
    """
    import httpx2

    try:
        with httpx2.Client(follow_redirects=False, timeout=_TIMEOUT_S) as client:
            for _ in range(_MOST_REDIRECTS + 1):
                check_address(address, settings)
                with client.stream("GET", address) as response:
                    if response.is_redirect and response.next_request is not None:
                        address = str(response.next_request.url)
                        continue
                    response.raise_for_status()
                    return _body(response)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise SkillError(
            f"{address} can't be fetched: {str(error) or type(error).__name__}.",
            remedy="Check the address, or fetch the file yourself and install that.",
        ) from None
    raise SkillError(
        f"{address} leads to more than {_MOST_REDIRECTS} other addresses.", remedy="Give the last."
    )


def check_address(address: str, settings: Settings) -> None:
    """Raises NotAllowed where the settings don't allow it."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        raise SkillError(f"{address!r} is no address.", remedy="Give an https address, or a file.") from None
    if parts.scheme != "https" or parts.username or parts.password:
        raise NotAllowed(
            "Skills are fetched over https only, without a user name in the address.",
            remedy="Give an https address, or fetch the file yourself and install that.",
        )
    if settings.offline:
        raise NotAllowed("Fetching is forbidden (offline).", remedy="Install a file, or set offline = false.")
    if host not in {name.casefold() for name in settings.skill_hosts}:
        raise NotAllowed(
            f"Skills may not be fetched from {host!r}.",
            remedy=f'If you trust it, allow it by name: skill_hosts = ["{host}"].',
        )


def _body(response: object) -> bytes:
    import httpx2

    assert isinstance(response, httpx2.Response)
    parts, size = [], 0
    for part in response.iter_bytes(1 << 18):
        size += len(part)
        if size > MAX_ARCHIVE_BYTES:
            raise SkillError(
                f"The archive is larger than {MAX_ARCHIVE_BYTES >> 20} MB.", remedy="Ask for a smaller one."
            )
        parts.append(part)
    return b"".join(parts)
