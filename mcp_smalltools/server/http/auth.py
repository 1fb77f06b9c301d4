"""Checks Host, Origin and bearer token of a request to a listening server.

All three are checked on every address, loopback too: other users of the machine and pages in the user's
browser can reach that as well.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ConfigError
from mcp_smalltools.principal import Principal
from mcp_smalltools.private_files import make_private_folder
from mcp_smalltools.server.http.oauth import Denied, ResourceServer
from mcp_smalltools.server.http.token_store import PREFIX, TokenStore

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
METADATA_PATH: Final = "/.well-known/oauth-protected-resource"
DEFAULT: Final = Principal("default token", remote=True)
"""The principal of the token that is made on first use."""
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
            f"The token file {path} can't be used: {error}.",
            remedy="Correct or delete it; then a new one is made.",
        ) from None
    if os.name == "posix" and mode & 0o077:
        raise ConfigError(
            f"The token file {path} can be read by other users (mode {mode:o}).",
            remedy="Delete it, since others may know the token; then a new one is made.",
        )
    if len(token) < _MIN_TOKEN_CHARS:
        raise ConfigError(
            f"The token in {path} is shorter than {_MIN_TOKEN_CHARS} characters.",
            remedy="Delete the file; then a new one is made.",
        )
    return token


def _make_token(path: Path) -> None:
    """Write the file as a whole, and never over one that another process has just made."""
    make_private_folder(path.parent)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".token-")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{PREFIX}_{secrets.token_urlsafe(32)}\n")  # a form that redaction knows
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
class ErrorResponse:
    """The answer to a refused request, and the reason that is recorded."""

    status: int
    reason: str
    sentence: str
    challenge: str = ""  # value of WWW-Authenticate
    principal: str = ""
    retry_after_s: int = 0


class RefusedError(Exception):
    """A request is refused after its principal was found; `response` says why."""

    def __init__(self, response: ErrorResponse) -> None:
        super().__init__(response.sentence)
        self.response = response


@dataclass(frozen=True, slots=True)
class HostOriginCheck:
    """The Host and Origin headers that are accepted. They are compared without case; a host that is listed
    without a port is accepted with any port.
    """

    hosts: frozenset[str]
    origins: frozenset[str]

    @classmethod
    def of(
        cls,
        port: int,
        host: str,
        allow: Iterable[str] = (),
        origins: Iterable[str] = (),
        scheme: str = "http",
    ) -> HostOriginCheck:
        """The names of a server that listens on `host` and `port`. A wildcard address names no host, so the
        names that clients use must be in `allow`.
        """
        own = {*LOOPBACK_NAMES} | ({_bracketed(host)} if host not in ("0.0.0.0", "::", "") else set())
        with_port = {f"{name}:{port}".lower() for name in own}
        return cls(
            frozenset(with_port | {name.lower() for name in allow}),
            frozenset(
                {f"{scheme}://{name}" for name in with_port} | {o.rstrip("/").lower() for o in origins}
            ),
        )

    def check(self, headers: Iterable[tuple[bytes, bytes]]) -> ErrorResponse | None:
        """The error for a request with a wrong Host or Origin; None if both are right."""
        found: dict[bytes, list[str]] = {b"host": [], b"origin": [], b"authorization": []}
        for name, value in headers:
            if name.lower() in found:
                found[name.lower()].append(value.decode("latin-1"))
        if any(len(values) > 1 for values in found.values()):
            return ErrorResponse(
                400, "twofold header", "A Host, Origin or Authorization header was sent twice."
            )
        host = "".join(found[b"host"]).lower()
        if not self._is_known(host):
            return ErrorResponse(
                421,
                "wrong host",
                f"Host {host!r} is not accepted. If it should be, serve with --allow-host.",
            )
        origin = found[b"origin"]
        if origin and origin[0].lower() not in self.origins:
            sentence = f"Origin {origin[0]!r} is not accepted. If it should be, serve with --allow-origin."
            return ErrorResponse(403, "wrong origin", sentence)
        return None

    def _is_known(self, host: str) -> bool:
        name = host.rpartition(":")[0] if not host.endswith("]") else host
        return bool(host) and (host in self.hosts or name in self.hosts)


class Authenticator:
    """Finds the principal of a bearer token: the one made on first use, those of `tokens create`, and those
    of the user's identity provider. Blocks, so call it in a thread.
    """

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigError if a token file or the provider's settings can't be used."""
        self._default = bearer_token(settings).encode()
        self._tokens = TokenStore(settings)
        self.provider = ResourceServer(settings) if settings.oauth_issuer else None

    def close(self) -> None:
        self._tokens.close()

    def asks_provider(self, authorization: str) -> bool:
        """Whether an Authorization header may have to wait for the identity provider."""
        scheme, _, rest = authorization.partition(" ")
        text = rest.strip()
        return (
            self.provider is not None
            and scheme.lower() == "bearer"
            and text.count(".") == 2
            and not text.startswith(f"{PREFIX}_")
        )

    def authenticate(self, authorization: str) -> Principal | ErrorResponse:
        """The principal of an Authorization header, or an error."""
        scheme, _, rest = authorization.partition(" ")
        text = rest.strip()
        if scheme.lower() != "bearer" or not text:
            return _unknown("no token", "")
        if hmac.compare_digest(text.encode("latin-1", "replace"), self._default):
            return DEFAULT
        if text.startswith(f"{PREFIX}_"):
            token, state = self._tokens.check(text)
            if token is not None and state == "active":
                return token.principal
            return _unknown(f"{state} token", token.principal.name if token else "")
        if self.provider is not None and self.asks_provider(authorization):
            try:
                return self.provider.principal(text)
            except Denied as denied:
                return _denied(denied)
        return _unknown("wrong token", "")


def _unknown(reason: str, principal: str) -> ErrorResponse:
    sentence = (
        "Send the header `Authorization: Bearer TOKEN`. `mcp-smalltools doctor` names the token's file."
    )
    if reason in ("expired token", "revoked token"):
        sentence = (
            f"The token is {reason.split(maxsplit=1)[0]}. Ask for a new one (mcp-smalltools tokens create)."
        )
    error = "" if reason == "no token" else 'error="invalid_token"'  # RFC 6750: none where none was sent
    return ErrorResponse(401, reason, sentence, f"Bearer {error}".strip(), principal)


def _denied(denied: Denied) -> ErrorResponse:
    if denied.error == "insufficient_scope":
        return ErrorResponse(403, "missing scope", str(denied), f'Bearer error="{denied.error}"')
    if denied.error == "temporarily_unavailable":
        return ErrorResponse(503, "no keys of the provider", str(denied), retry_after_s=10)
    return ErrorResponse(401, "wrong token", str(denied), f'Bearer error="{denied.error}"')


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
