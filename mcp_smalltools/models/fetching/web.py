"""Reads over HTTP in which every step has an end, whatever the server does.

A timeout for each read doesn't bound a head that comes byte by byte, a body that never ends, or redirects in
a circle. So there are limits for the head as a whole, for the pace of a body, for its size and for redirects,
and whoever asks says which addresses may be asked.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio

if TYPE_CHECKING:
    import httpx2

HEAD_S: Final = 30.0
"""Seconds for a connection and the head of its answer."""
PACE_S: Final = 60.0
LEAST_BYTES: Final = 64 << 10
"""So much of a body has to come in each `PACE_S`, or to its end."""
MOST_REDIRECTS: Final = 8
AS_IT_IS: Final = {"Accept-Encoding": "identity"}
"""Asks for a body without compression: it could be a bomb, and hashes are of what was sent."""


class WebFailed(Exception):
    """Why nothing can be read there, as a clause. Asking again won't help."""


class WebBroken(WebFailed):
    """The same, where asking again may help."""


@asynccontextmanager
async def opened(
    client: httpx2.AsyncClient,
    address: str,
    *,
    headers: Callable[[str], Mapping[str, str]] = lambda address: {},
    check: Callable[[str], None],
) -> AsyncIterator[httpx2.Response]:
    """The answer to a GET, at the end of its redirects, with its body unread.

    `check` is asked about each address and raises where it may not be asked; `headers` gives what is sent to
    it. Raises WebFailed, httpx2.HTTPError, httpx2.InvalidURL.
    """
    for _ in range(MOST_REDIRECTS + 1):
        check(address)
        response = await head_of(client, "GET", address, headers(address))
        try:
            if response.next_request is None:
                yield response
                return
            address = str(response.next_request.url)
        finally:
            await response.aclose()
    raise WebFailed(f"it leads to more than {MOST_REDIRECTS} other addresses")


async def head_of(
    client: httpx2.AsyncClient, method: str, address: str, headers: Mapping[str, str]
) -> httpx2.Response:
    """An answer whose head was read; redirects are not followed. Raises WebBroken, httpx2.HTTPError."""
    request = client.build_request(method, address, headers={**AS_IT_IS, **headers})
    try:
        with anyio.fail_after(HEAD_S):
            return await client.send(request, stream=True, follow_redirects=False)
    except TimeoutError:
        raise WebBroken(f"it answers nothing within {HEAD_S:g} s") from None


async def body_of(response: httpx2.Response, most_bytes: int) -> AsyncIterator[bytes]:
    """The body as it was sent, in parts. Raises WebFailed where it is longer, WebBroken where it is slow."""
    size = since = 0
    ends = anyio.current_time() + PACE_S
    async with aclosing(response.aiter_raw()) as parts:
        while True:
            try:
                with anyio.fail_after(max(0.0, ends - anyio.current_time())):
                    part = await anext(parts, None)
            except TimeoutError:
                raise WebBroken(f"it sends less than {LEAST_BYTES:,} bytes in {PACE_S:g} s") from None
            if part is None:
                return
            size += len(part)
            since += len(part)
            if size > most_bytes:
                raise WebFailed(f"it sends more than {most_bytes:,} bytes")
            if since >= LEAST_BYTES:
                since, ends = 0, anyio.current_time() + PACE_S
            yield part


def is_private(host: str) -> bool:
    """Whether a host is this machine or of a private network, by its name alone."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not _literal(host).is_global
    except (ValueError, OSError):
        return False


def leads_to_private(host: str) -> bool:
    """The same by what the name stands for; False where that isn't known here."""
    try:
        found = socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False
    return any(is_private(str(entry[4][0]).partition("%")[0]) for entry in found)


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address that is written as a number, in any form. Raises ValueError, OSError for a name."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        address = ipaddress.IPv4Address(socket.inet_aton(host))  # 127.1, 0x7f000001
    inside = getattr(address, "ipv4_mapped", None)
    return inside or address
