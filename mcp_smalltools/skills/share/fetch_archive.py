"""Fetches an archive over https, from hosts that the user allowed by name."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import NotAllowed, SkillError
from mcp_smalltools.models.fetching.web import WebFailed, body_of, opened
from mcp_smalltools.skills.share.skill_archive import MAX_ARCHIVE_BYTES

_TIMEOUT_S: Final = 30.0


def is_address(text: str) -> bool:
    return "://" in text


def fetch_archive(address: str, settings: Settings) -> bytes:
    """The content at an address, unchecked. Redirects are followed to allowed hosts only.

    Raises NotAllowed, SkillError.
    """
    import anyio

    return anyio.run(_fetched, address, settings)


async def _fetched(address: str, settings: Settings) -> bytes:
    import httpx2

    try:
        async with (
            httpx2.AsyncClient(timeout=_TIMEOUT_S) as client,
            opened(client, address, check=lambda asked: check_address(asked, settings)) as response,
        ):
            response.raise_for_status()
            return b"".join([part async for part in body_of(response, MAX_ARCHIVE_BYTES)])
    except (httpx2.HTTPError, httpx2.InvalidURL, WebFailed) as error:
        raise SkillError(
            f"{address} can't be fetched: {str(error) or type(error).__name__}.",
            remedy="Check the address, or fetch the file yourself and install that.",
        ) from None


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
