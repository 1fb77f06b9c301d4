"""Checks access tokens of the user's identity provider: the server as an OAuth 2 resource server.

A token is a JWT (RFC 9068) that the provider has signed for this server. Its signature (by a key of the
provider's JWKS), issuer, audience, time and scopes are checked. Keys are cached, and fetched again when a
token names an unknown one, since providers rotate their keys.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import ConfigError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.principal import Principal
from mcp_smalltools.stores.steady_clock import SteadyClock

if TYPE_CHECKING:
    import jwt

CLOCK_SKEW_S: Final = 30
KEY_LIFETIME_S: Final = 600.0
"""Seconds after which keys are fetched again."""
KEY_REFETCH_S: Final = 10.0
"""Seconds between two fetches at least: tokens with made-up key ids must not flood the provider."""
_FETCH_S: Final = 5.0
"""Seconds that a caller waits for the provider."""
_WAITING: Final = 4
"""Callers that may wait for the provider at once; others are told to come again."""
_MOST_BYTES: Final = 1 << 20
_MOST_TOKEN_CHARS: Final = 16_384
_DISCOVERY: Final = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
_PLAIN_SUBJECT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@|:/+=-]{0,79}")
_READABLE_CHARS: Final = 48


class Denied(Exception):
    """A token isn't accepted; `error` is the code of RFC 6750."""

    def __init__(self, error: str, sentence: str) -> None:
        super().__init__(sentence)
        self.error = error


class ResourceServer:
    """Checks access tokens. Blocks, so call it in a thread; thread-safe."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigError if issuer or audience is missing or can't be used."""
        self.issuer = settings.oauth_issuer
        self.audience = settings.oauth_audience
        self.scopes = settings.oauth_scopes
        self._algorithms = list(settings.oauth_algorithms)
        self._calls_per_minute = settings.http_calls_per_minute
        if not self.audience:
            raise ConfigError(
                "oauth_issuer is set, but oauth_audience is not.",
                remedy="Set it to the `aud` that the provider writes for this server, such as its URL.",
            )
        for name, url in {"oauth_issuer": self.issuer, "oauth_jwks_url": settings.oauth_jwks_url}.items():
            if url and not _is_safe(url):
                raise ConfigError(
                    f"{name} = {url!r} can't be used: keys must come over https (or from loopback).",
                    remedy="Give the provider's https address.",
                )
        self._keys = _Keys(self.issuer, settings.oauth_jwks_url)
        self._clock = SteadyClock(time.time())

    def principal(self, token: str) -> Principal:
        """The principal of a token. Raises Denied."""
        import jwt

        if len(token) > _MOST_TOKEN_CHARS:
            raise Denied("invalid_token", "The token is too long.")
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in self._algorithms:
                raise Denied("invalid_token", "The token's algorithm is not accepted.")
            claims = jwt.decode(
                token,
                self._keys.get(header.get("kid")),
                algorithms=self._algorithms,
                audience=self.audience,
                issuer=self.issuer,
                leeway=CLOCK_SKEW_S,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError:
            raise Denied("invalid_token", "The token has expired.") from None
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Denied("invalid_token", f"The token is not valid ({type(error).__name__}).") from None
        self._clock = self._clock.at(time.time())
        if int(claims["exp"]) + CLOCK_SKEW_S < self._clock.believed:  # the system's clock was put back
            raise Denied("invalid_token", "The token has expired.")
        granted = _scopes_of(claims)
        if missing := [scope for scope in self.scopes if scope not in granted]:
            raise Denied("insufficient_scope", f"The token lacks the scope {' '.join(missing)}.")
        return self._principal(claims)

    def _principal(self, claims: Mapping[str, Any]) -> Principal:
        """The provider can narrow the principal's rights by two claims, but not widen them."""
        subject = _name_of(claims["sub"])
        try:
            roots = claims.get("smalltools_roots")
            level = PrivacyLevel(claims.get("smalltools_level", PrivacyLevel.OPEN))
            if roots is not None and not (isinstance(roots, list) and all(isinstance(r, str) for r in roots)):
                raise ValueError(roots)
            own = None if roots is None else tuple(RootSpec.parse(r, PrivacyLevel.OPEN) for r in roots)
        except ValueError:
            raise Denied("invalid_token", "The token's smalltools_roots or _level can't be used.") from None
        return Principal(f"oauth {subject}", True, own, level, self._calls_per_minute)


class _Keys:
    """The provider's public keys, by their ids. They are fetched in a thread of their own, one fetch at a
    time: a provider that hangs holds up at most `_WAITING` callers, each for `_FETCH_S`.
    """

    def __init__(self, issuer: str, jwks_url: str) -> None:
        self._issuer = issuer
        self._url = jwks_url
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(_WAITING)
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._fetched = self._tried = -float("inf")
        self._fetch: threading.Event | None = None
        self._failed = False

    def get(self, key_id: str | None) -> jwt.PyJWK:
        """Raises Denied if the provider has no such key or can't be reached."""
        fetch = self._begin_if_due(key_id)
        with self._lock:
            is_enough = key_id in self._keys and (self._failed or not self._is_old)
        if fetch is not None and not is_enough:
            self._wait(fetch)
        with self._lock:
            if not self._keys:
                raise _unavailable()
            if key_id not in self._keys:
                raise Denied("invalid_token", "The token's key is not one of the provider's.")
            return self._keys[key_id]

    @property
    def _is_old(self) -> bool:
        return time.monotonic() - self._fetched > KEY_LIFETIME_S

    def _begin_if_due(self, key_id: str | None) -> threading.Event | None:
        """The fetch that runs or has just been started; None if none does."""
        with self._lock:
            now = time.monotonic()
            is_wanted = self._is_old or key_id not in self._keys
            if is_wanted and self._fetch is None and now - self._tried > KEY_REFETCH_S:
                self._tried = now
                self._fetch = threading.Event()
                threading.Thread(
                    target=self._fetch_keys, args=(self._fetch,), name="provider's keys", daemon=True
                ).start()
            return self._fetch

    def _wait(self, fetch: threading.Event) -> None:
        """Raises Denied if the fetch takes too long, or too many wait for it."""
        if not self._waiting.acquire(blocking=False):
            raise _unavailable()
        try:
            if not fetch.wait(_FETCH_S):
                with self._lock:
                    self._failed = True
        finally:
            self._waiting.release()

    def _fetch_keys(self, done: threading.Event) -> None:
        """Fetch the keys. If the provider can't be reached, the known ones stay valid for an hour."""
        import jwt

        keys: dict[str | None, jwt.PyJWK] | None = None
        try:
            self._url = self._url or self._discover_keys_url()
            found = jwt.PyJWKSet.from_dict(_json_at(self._url)).keys
            keys = {
                key.key_id: key
                for key in found
                if key.public_key_use in (None, "sig") and key.key_type != "oct"
            }
            if len(keys) == 1:
                keys[None] = next(iter(keys.values()))  # a token need not name the only key
        except (OSError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError):
            pass
        finally:
            with self._lock:
                now = time.monotonic()
                self._failed = keys is None
                if keys is not None:
                    self._keys, self._fetched = keys, now
                elif now - self._fetched > 6 * KEY_LIFETIME_S:
                    self._keys = {}
                self._fetch = None
            done.set()

    def _discover_keys_url(self) -> str:
        for path in _DISCOVERY:
            try:
                found = _json_at(self._issuer.rstrip("/") + path)
            except urllib.error.HTTPError:
                continue
            url = found["jwks_uri"]
            if found.get("issuer") != self._issuer or not _is_safe(url):
                raise ValueError(url)
            return str(url)
        raise ValueError(self._issuer)


def _unavailable() -> Denied:
    return Denied("temporarily_unavailable", "The provider's keys can't be fetched.")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Refuses redirects: keys come from the address that the user has given."""

    def redirect_request(self, *args: Any, **more: Any) -> None:
        return None


def _json_at(url: str) -> dict[str, Any]:
    """Raises OSError or ValueError."""
    opener = urllib.request.build_opener(_NoRedirect)
    with opener.open(url, timeout=_FETCH_S) as response:
        data = response.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError(url)
    found = json.loads(data)
    if not isinstance(found, dict):
        raise ValueError(url)
    return found


def _is_safe(url: str) -> bool:
    parts = urllib.parse.urlsplit(url)
    is_loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback)


def _name_of(subject: Any) -> str:
    """The name of a subject, which no other one has: a plain one as it is, of others what can be read of it
    and the hash of the whole. Raises Denied.
    """
    if not isinstance(subject, str) or not subject:
        raise Denied("invalid_token", "The token's sub is not a text.")
    if _PLAIN_SUBJECT.fullmatch(subject):
        return subject
    readable = "".join(char for char in subject if char.isprintable() and char != "#")[:_READABLE_CHARS]
    digest = hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{readable} #{digest[:32]}"


def _scopes_of(claims: Mapping[str, Any]) -> set[str]:
    """RFC 9068 has `scope`, a string; some providers have `scp`, a list or a string."""
    found: set[str] = set()
    for name in ("scope", "scp"):
        value = claims.get(name, [])
        found |= set(value.split() if isinstance(value, str) else value if isinstance(value, list) else [])
    return found
