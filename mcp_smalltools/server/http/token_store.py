"""Tokens of remote agents, each with its own folders, level, rate and expiry. Only their hashes are kept.

A token's secret part is 256 bits from the system's random source. Nobody can guess it, so a plain SHA-256 is
enough; a slow hash protects passwords that people choose, and would cost every request a tenth of a second.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import UsageError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.principal import Principal
from mcp_smalltools.stores.steady_clock import SteadyClock
from mcp_smalltools.stores.store import Store

PREFIX: Final = "mcpst"
"""Tokens start with it, so that secret scanners (ours, too) recognise them."""
_FORMAT = re.compile(rf"{PREFIX}_([0-9a-f]{{8}})_([A-Za-z0-9_-]{{43}})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,39}")
_USED_INTERVAL_S: Final = 60.0
"""Seconds between two writes of the time of last use."""

MIGRATIONS: Sequence[str] = (
    """
    CREATE TABLE tokens (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        hash BLOB NOT NULL,
        roots TEXT,
        level TEXT NOT NULL,
        calls_per_minute INTEGER NOT NULL,
        created REAL NOT NULL,
        expires REAL,
        revoked REAL,
        used REAL
    )
    """,
    "CREATE TABLE clock (id INTEGER PRIMARY KEY CHECK (id = 1), believed REAL NOT NULL, leapt_to REAL)",
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret. Times are in seconds since the epoch."""

    id: str
    name: str
    roots: tuple[RootSpec, ...] | None
    level: PrivacyLevel
    calls_per_minute: int
    created: float
    expires: float | None
    revoked: float | None
    used: float | None

    @property
    def principal(self) -> Principal:
        return Principal(f"token {self.name}", True, self.roots, self.level, self.calls_per_minute)

    def state(self, now: float) -> str:
        """active, revoked or expired."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and now >= self.expires else "active"


class TokenStore(Store):
    """The tokens on disk, shared by processes: a revocation holds from the next request to any of them."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigError if the file can't be used."""
        super().__init__(store_file(settings), MIGRATIONS)

    def create(
        self,
        name: str,
        *,
        roots: tuple[RootSpec, ...] | None = None,
        level: PrivacyLevel = PrivacyLevel.OPEN,
        calls_per_minute: int = 0,
        lasts_s: float | None = None,
    ) -> tuple[str, Token]:
        """Make a token; returns its text, which is not kept, and the rest. Raises UsageError for a name."""
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} can't be a token's name.",
                remedy="Use up to 40 letters, digits and ._@-, such as ci-box.",
            )
        now = time.time()
        token_id, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        expires = None if lasts_s is None else now + lasts_s
        token = Token(token_id, name, roots, level, calls_per_minute, now, expires, None, None)
        with self.transaction() as db:
            if db.execute("SELECT 1 FROM tokens WHERE name = ?", (name,)).fetchone():
                raise UsageError(
                    f"There already is a token {name!r}.",
                    remedy="Choose another name: `audit` identifies callers by it, revoked ones too.",
                )
            db.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
                (token_id, name, _hash(secret), _roots_text(roots), level, calls_per_minute, now, expires),
            )
        return f"{PREFIX}_{token_id}_{secret}", token

    def all(self) -> list[Token]:
        """All tokens, oldest first."""
        return [_token(row) for row in self.select("SELECT * FROM tokens ORDER BY created")]

    def revoke(self, name: str) -> Token:
        """Revoke a token by its name or id. Raises UsageError if there is none."""
        with self.transaction() as db:
            found = db.execute("SELECT * FROM tokens WHERE name = ? OR id = ?", (name, name)).fetchone()
            if found is None:
                raise UsageError(
                    f"There is no token {name!r}.", remedy="`mcp-smalltools tokens list` names them."
                )
            db.execute(
                "UPDATE tokens SET revoked = coalesce(revoked, ?) WHERE id = ?", (time.time(), found["id"])
            )
        return _token(found)

    def check(self, text: str) -> tuple[Token | None, str]:
        """The token of a text, and its state: active, expired, revoked or wrong (then without a token)."""
        match = _FORMAT.fullmatch(text)
        found = self.select("SELECT * FROM tokens WHERE id = ?", (match[1],)) if match else []
        if not match or not found or not hmac.compare_digest(found[0]["hash"], _hash(match[2])):
            return None, "wrong"
        token, now = _token(found[0]), time.time()
        state = token.state(max(now, self._believed(now)))
        if state == "active" and abs(now - (token.used or 0)) > _USED_INTERVAL_S:
            with self.transaction() as db:
                db.execute("UPDATE tokens SET used = ? WHERE id = ?", (now, token.id))
        return token, state

    def _believed(self, now: float) -> float:
        """The time by which tokens expire: what has expired stays so when the clock is put back."""
        found = self.select("SELECT believed, leapt_to FROM clock")
        known = SteadyClock(*found[0]) if found else SteadyClock(0.0)
        clock = known.at(now) if found else SteadyClock(now)
        leaps = clock.leapt_to != known.leapt_to
        if leaps or abs(clock.believed - known.believed) > _USED_INTERVAL_S:
            with self.transaction() as db:
                row = (clock.believed, clock.leapt_to)
                db.execute("INSERT OR REPLACE INTO clock VALUES (1, ?, ?)", row)
        return clock.believed


def store_file(settings: Settings) -> Path:
    return settings.state_dir.expanduser() / "tokens.db"


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("ascii")).digest()


def _roots_text(roots: tuple[RootSpec, ...] | None) -> str | None:
    return None if roots is None else json.dumps([root.model_dump(mode="json") for root in roots])


def _token(row: Any) -> Token:
    roots = None if row["roots"] is None else tuple(RootSpec(**root) for root in json.loads(row["roots"]))
    return Token(
        row["id"],
        row["name"],
        roots,
        PrivacyLevel(row["level"]),
        row["calls_per_minute"],
        row["created"],
        row["expires"],
        row["revoked"],
        row["used"],
    )
