"""Who may talk to a listening server: bearer token, Host and Origin, checked before anything else.

All three hold for every address that is listened on, loopback too: other users of the machine and pages in
the user's browser reach that as well.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ConfigError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
OPEN_PATHS = frozenset({"/healthz"})
"""Answered without a token; they say nothing but that the server is there."""
_MIN_TOKEN_CHARS = 32


def token_file(settings: Settings) -> Path:
    return settings.state_dir.expanduser() / "http-token"


def bearer_token(settings: Settings) -> str:
    """The server's token, made on first use and kept in a file that only the user can read.

    Raises ConfigError if the file can't be used, or if others may read it.
    """
    path = token_file(settings)
    try:
        if not path.exists():
            _make_token(path)
        token = path.read_text(encoding="ascii").strip()
        mode = stat.S_IMODE(path.stat().st_mode)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The token file {path} can't be used: {error}.", remedy="Mend or delete it; a new one is made."
        ) from None
    if os.name == "posix" and mode & 0o077:
        raise ConfigError(
            f"The token file {path} can be read by other users (mode {mode:o}).",
            remedy="Delete it: a new token is made, for this one may be known.",
        )
    if len(token) < _MIN_TOKEN_CHARS:
        raise ConfigError(
            f"The token in {path} is shorter than {_MIN_TOKEN_CHARS} characters.",
            remedy="Delete the file; a new one is made.",
        )
    return token


def _make_token(path: Path) -> None:
    """Write a whole file or none, and never over one that another process has just made."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".token-")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        except OSError:  # no hard links here (some Windows and network file systems)
            if not path.exists():
                os.replace(draft, path)  # noqa: PTH105 - the pair of os.link
    finally:
        Path(draft).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Door:
    """What a request must bring. Names are compared without case; a host that is listed without a port may
    come with any.
    """

    token: str
    hosts: frozenset[str]
    origins: frozenset[str]

    @classmethod
    def of(cls, token: str, port: int, host: str, allow: Iterable[str], origins: Iterable[str]) -> Door:
        """The door of a server that listens on `host` and `port`. A wildcard address names no host: what
        clients call it must be allowed by name.
        """
        own = {*LOOPBACK_NAMES} | ({_bracketed(host)} if host not in ("0.0.0.0", "::", "") else set())
        with_port = {f"{name}:{port}".lower() for name in own}
        return cls(
            token,
            frozenset(with_port | {name.lower() for name in allow}),
            frozenset({f"http://{name}" for name in with_port} | {o.rstrip("/").lower() for o in origins}),
        )

    def refuses(self, path: str, headers: Iterable[tuple[bytes, bytes]]) -> tuple[int, str] | None:
        """Status and sentence for a request that must not pass."""
        found: dict[bytes, list[str]] = {b"host": [], b"origin": [], b"authorization": []}
        for name, value in headers:
            if name.lower() in found:
                found[name.lower()].append(value.decode("latin-1"))
        if any(len(values) > 1 for values in found.values()):
            return 400, "A Host, Origin or Authorization header comes twice."
        host = "".join(found[b"host"]).lower()
        if not self._is_known(host):
            return 421, f"Host {host!r} is not this server's. If it should be, serve with --allow-host."
        origin = found[b"origin"]
        if origin and origin[0].lower() not in self.origins:
            return (
                403,
                f"Origin {origin[0]!r} may not call this server. If it should, serve with --allow-origin.",
            )
        if path not in OPEN_PATHS and not self._is_token("".join(found[b"authorization"])):
            return (
                401,
                "Send the header `Authorization: Bearer TOKEN`. `mcp-smalltools doctor` names its file.",
            )
        return None

    def _is_known(self, host: str) -> bool:
        name = host.rpartition(":")[0] if not host.endswith("]") else host
        return bool(host) and (host in self.hosts or name in self.hosts)

    def _is_token(self, header: str) -> bool:
        scheme, _, token = header.partition(" ")
        given = token.strip().encode("latin-1", "replace")
        return hmac.compare_digest(given, self.token.encode()) and scheme.lower() == "bearer"


def guarded(app: AsgiApp, door: Door) -> AsgiApp:
    """Refuse whatever may not pass before the application, and any of its routes, sees it."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await app(scope, receive, send)
        if scope["type"] != "http":
            return None  # websockets: nobody offers them
        refusal = door.refuses(scope["path"], scope["headers"])
        if refusal is None:
            return await app(scope, receive, send)
        return await _refuse(send, *refusal)

    return guard


async def _refuse(send: Send, status: int, sentence: str) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"error": sentence}).encode()})


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
