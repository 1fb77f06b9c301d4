"""Which encoder each server runs, and with which adapter: told by a text whose vector is known.

A server's name for its model proves nothing. So each server embeds one text of ours, and what it gives is
compared with the vectors of the encoder here, bare and with the adapters that ship
(`models/known_vectors.json`, made by `models/recipes/known_vectors.py`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import anyio

from mcp_smalltools.engine.http.addresses import Address
from mcp_smalltools.engine.http.dialects import Body, Dialect
from mcp_smalltools.engine.http.endpoints import Endpoints
from mcp_smalltools.engine.http.replies import token_vectors_of, vectors_of
from mcp_smalltools.errors import EngineError, SmallToolsError

if TYPE_CHECKING:
    from mcp_smalltools.models.known_vectors import KnownVector

SAME_FROM: Final = 0.999
"""Cosine from which two vectors are of one model: other number formats and builds of it stay above .9999, an
adapter changes it to under .99."""
AGAIN_S: Final = 600.0
"""Seconds after which a server is asked again: it may have been started anew with another model."""
PROBE_S: Final = 10.0
BARE: Final = ""
"""The encoder without an adapter."""


@dataclass(frozen=True, slots=True)
class ServedEncoder:
    """`model` is the encoder's id here, `adapter` BARE or the name of one. `per_token`: the server gives a
    vector for each token.
    """

    model: str
    adapter: str
    per_token: bool


class ServedEncoders:
    """What the servers of `engine_urls` were found to run. Belongs to the event loop that it is used in."""

    def __init__(
        self, endpoints: Endpoints, dialect: Dialect, body: Body, known: Sequence[KnownVector]
    ) -> None:
        self._endpoints = endpoints
        self._dialect = dialect
        self._body = body
        self._known = known
        self._found: dict[str, tuple[float, ServedEncoder | None]] = {}
        self._asking = anyio.Lock()

    async def all(self) -> Mapping[str, ServedEncoder | None]:
        """By the server's address; None for one that runs something else, or doesn't say."""
        async with self._asking:
            now = time.monotonic()
            for address in self._endpoints.addresses:
                at, found = self._found.get(address.url, (-AGAIN_S, None))
                if now - at >= (AGAIN_S if found else AGAIN_S / 20):
                    self._found[address.url] = now, await self._ask(address)
        return {url: found for url, (_, found) in self._found.items()}

    async def with_adapter(self, adapter: str | None, *, per_token: bool = False) -> dict[str, ServedEncoder]:
        """The servers that run an encoder of ours with this adapter, by their addresses."""
        found = await self.all()
        wanted = adapter or BARE
        return {
            url: served
            for url, served in found.items()
            if served is not None and served.adapter == wanted and (served.per_token or not per_token)
        }

    async def _ask(self, address: Address) -> ServedEncoder | None:
        import numpy as np

        if not self._known:
            return None
        text = self._known[0].text
        try:
            with anyio.fail_after(PROBE_S):
                vector, per_token = await self._vector(address, text)
        except (OSError, TimeoutError, SmallToolsError):
            return None
        norm = float(np.linalg.norm(vector))
        for known in self._known:
            if vector.shape == known.vector.shape and norm > 0:
                cosine = float(vector @ known.vector) / (norm * float(np.linalg.norm(known.vector)))
                if cosine > SAME_FROM:
                    return ServedEncoder(known.model, known.adapter, per_token)
        return None

    async def _vector(self, address: Address, text: str) -> tuple[Any, bool]:
        """The text's vector, and whether it is the mean of vectors of its tokens."""
        import numpy as np

        try:
            sent = self._body | {"input": [text]}
            reply = await self._endpoints.post_to(address, self._dialect.embeddings, sent)
            return np.asarray(vectors_of(reply, 1)[0], dtype=np.float32), False
        except EngineError:
            if self._dialect.token_vectors is None:
                raise
        reply = await self._endpoints.post_to(address, self._dialect.token_vectors, {"content": [text]})
        return np.asarray(token_vectors_of(reply, 1)[0], dtype=np.float32).mean(axis=0), True
