"""Where texts may be sent: to this machine, and to hosts that the user has allowed by name."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from mcp_smalltools.errors import ConfigError, NotAllowed


@dataclass(frozen=True, slots=True)
class Address:
    """An engine's endpoint. `local`: on this machine, by a loopback address."""

    url: str  # without a slash at its end
    host: str
    local: bool


def allowed_address(url: str, allowed: Sequence[str] = ()) -> Address:
    """The address, if texts may be sent there: loopback, or a host of `allowed`.

    Raises ConfigError for what is no HTTP address, NotAllowed for a host that is not allowed. A name is
    compared as a whole: `localhost.example.com` is not `localhost`.
    """
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise ConfigError(
            f"engine_urls: {url!r} is not the address of a server.",
            remedy="Write it as http://127.0.0.1:8080.",
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            "engine_urls: an address contains a user name or a password.",
            remedy="Name the environment variable that holds the key in engine_api_key_env.",
        )
    if _is_loopback(host):
        return Address(url.rstrip("/"), host, local=True)
    if host.lower() not in {name.lower().rstrip(".") for name in allowed}:
        raise NotAllowed(
            f"The engine at {host} is not on this machine: text of your files would be sent there.",
            remedy=f'If you want that, allow the host by name: allow_remote_engines = ["{host}"].',
        )
    return Address(url.rstrip("/"), host, local=False)


def _is_loopback(host: str) -> bool:
    """A loopback address in digits, or `localhost` if it resolves to such addresses only."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        pass
    if host.lower() != "localhost":
        return False
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(str(item[4][0])).is_loopback for item in found)
