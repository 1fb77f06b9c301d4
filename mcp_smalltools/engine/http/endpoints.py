"""Requests to one of several servers: the least busy one; where it fails, the next."""

from __future__ import annotations

import email.utils
import os
import random
import re
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import anyio

from mcp_smalltools.engine.http.addresses import Address
from mcp_smalltools.errors import ConfigError, EngineBusy, EngineError, EngineUnavailable, UsageError

if TYPE_CHECKING:
    import httpx2

ATTEMPTS: Final = 4
BACKOFF_S: Final = 0.25
"""The first wait before a retry; each further one is twice as long, with a random part so that clients don't
retry at the same moment."""
SKIP_S: Final = 5.0
"""Seconds that a server that failed is skipped while there are others."""
LONGEST_WAIT_S: Final = 30.0
CONNECT_S: Final = 5.0
MAX_ANSWER: Final = 64 << 20
_RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(slots=True)
class _ServerState:
    address: Address
    running: int = 0
    skip_until: float = 0.0
    failures: int = 0  # since its last answer


class Endpoints:
    """Sends JSON and returns JSON. Belongs to the event loop that it is used in."""

    def __init__(self, addresses: Sequence[Address], key_variable: str = "") -> None:
        self._servers = [_ServerState(address) for address in addresses]
        self._key_variable = key_variable
        self._client: httpx2.AsyncClient | None = None

    @property
    def addresses(self) -> list[Address]:
        return [server.address for server in self._servers]

    async def post(self, path: str, body: Any, only: Collection[str] = ()) -> Any:
        """The reply of one server, of those at the addresses `only` if any are named; what may be temporary
        is retried, on another server if there is one.

        Raises EngineUnavailable, EngineBusy, EngineError (what the server says of the request). Cancelling
        closes the connection. No redirect is followed: it could lead off this machine.
        """
        reason = ""
        for attempt in range(ATTEMPTS):
            server = self._least_busy(only)
            server.running += 1
            try:
                status, headers, answer = await self._send(server.address, path, body)
            except OSError as error:
                reason, wait = f"{type(error).__name__}: {error}".rstrip(": "), None
                server.failures += 1
                server.skip_until = time.monotonic() + SKIP_S
            else:
                server.failures = 0
                if status == 200:
                    return answer
                if status not in _RETRIED:
                    raise _refusal(server.address, status, answer)
                reason, wait = f"it answers {status}", _retry_after(headers)
                server.skip_until = time.monotonic() + (SKIP_S if wait is None else wait)
            finally:
                server.running -= 1
            if attempt < ATTEMPTS - 1 and not self._has_other(server, only):
                backoff = BACKOFF_S * 2**attempt * random.uniform(1, 2)
                await anyio.sleep(min(wait if wait is not None else backoff, LONGEST_WAIT_S))
        if "429" in reason:
            raise EngineBusy(
                f"The engine at {server.address.host} has too much to do ({reason}).",
                remedy="Call again in a moment, or name more servers in engine_urls.",
            )
        if reason.startswith("it answers"):
            raise EngineUnavailable(
                f"The engine at {server.address.host} fails ({reason}).",
                remedy="See that server's log: a text may be longer than its context.",
            )
        raise EngineUnavailable(
            f"The engine at {server.address.host} can't be reached ({reason}).",
            remedy="Start it, or correct engine_urls; without them the engine on this machine is used.",
        )

    async def get(self, address: Address, path: str) -> Any:
        """Ask one server once. Raises OSError, or EngineError for another answer than 200."""
        return await self.post_to(address, path, None)

    async def post_to(self, address: Address, path: str, body: Any) -> Any:
        """Send to one server once. Raises as `get`."""
        status, _, answer = await self._send(address, path, body)
        if status != 200:
            raise _refusal(address, status, answer)
        return answer

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _of(self, only: Collection[str]) -> list[_ServerState]:
        return [server for server in self._servers if not only or server.address.url in only]

    def _least_busy(self, only: Collection[str]) -> _ServerState:
        now = time.monotonic()
        usable = [server for server in self._of(only) if server.skip_until <= now]
        if usable:
            return min(usable, key=lambda server: server.running)
        # All are skipped: one that was out of reach once is a better bet than one that always is.
        return min(self._of(only), key=lambda server: (server.failures, server.running))

    def _has_other(self, failed: _ServerState, only: Collection[str]) -> bool:
        now = time.monotonic()
        return any(server is not failed and server.skip_until <= now for server in self._of(only))

    async def _send(self, address: Address, path: str, body: Any) -> tuple[int, Any, Any]:
        """Status, headers and JSON (None where there is none). Raises OSError for a broken connection."""
        import httpx2

        if self._client is None:
            # No proxy of the environment, no redirect: texts go where the user said and nowhere else.
            timeout = httpx2.Timeout(None, connect=CONNECT_S)
            self._client = httpx2.AsyncClient(follow_redirects=False, trust_env=False, timeout=timeout)
        method = "GET" if body is None else "POST"
        try:
            async with self._client.stream(
                method, address.url + path, json=body, headers=self._headers()
            ) as response:
                data = bytearray()
                async for part in response.aiter_bytes():
                    data += part
                    if len(data) > MAX_ANSWER:
                        raise EngineError("The engine's answer is too large.", remedy="Ask for less at once.")
                status, headers = response.status_code, response.headers
        except httpx2.HTTPError as error:
            raise ConnectionError(str(error) or type(error).__name__) from None
        return status, headers, _json(bytes(data))

    def _headers(self) -> dict[str, str]:
        if not self._key_variable:
            return {}
        key = os.environ.get(self._key_variable)
        if not key:
            raise ConfigError(
                f"engine_api_key_env: the environment has no {self._key_variable}.",
                remedy="Set it where mcp-smalltools is started, or remove the setting.",
            )
        return {"Authorization": f"Bearer {key}"}


def _json(data: bytes) -> Any:
    import json

    try:
        return json.loads(data)
    except ValueError:
        return None


def _retry_after(headers: Any) -> float | None:
    """Seconds that the server asks for: a number, or a date (RFC 9110, 10.2.3)."""
    text = str(headers.get("retry-after", "")).strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _refusal(address: Address, status: int, answer: Any) -> EngineError | UsageError:
    if 300 <= status < 400:
        return EngineError(
            f"The engine at {address.host} redirects to another address, which is not followed.",
            remedy="Name that address in engine_urls.",
        )
    if status in (401, 403):
        return EngineError(
            f"The engine at {address.host} refuses the key ({status}).",
            remedy="Check engine_api_key_env and the variable that it names.",
        )
    if status == 404:
        return EngineError(
            f"The engine at {address.host} has no such model or operation (404).",
            remedy="Check generate_model, embed_model and engine_dialect.",
        )
    # The server's message may quote the text that it was sent: only the type of its error is passed on.
    error = answer.get("error") if isinstance(answer, dict) else None
    kind = str(error.get("type") or "") if isinstance(error, dict) else ""
    said = f", {kind}" if re.fullmatch(r"[A-Za-z_]{1,60}", kind) else ""
    return EngineError(
        f"The engine at {address.host} refuses the request ({status}{said}).",
        remedy="Ask for less at once: a text may be longer than its context; or check engine_dialect.",
    )
