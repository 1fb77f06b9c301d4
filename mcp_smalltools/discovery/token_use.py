"""Tokens by the classes that a client pays for, over the later turns of a session.

A text that comes into the context after a request is sent with each later one, until the session ends or the
context is made anew: written into the cache once, and read from it each further time. Where a session doesn't
use the cache, it is input each time. A text has a token for every four characters: transcripts don't say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Final, Self

from mcp_smalltools.discovery.transcript import Chain, ModelRequest
from mcp_smalltools.economics.prices import CHARS_PER_TOKEN, ModelPrice


@dataclass(frozen=True, slots=True)
class TokenUse:
    """Tokens by class; negative where less is used."""

    input: float = 0.0
    cache_write: float = 0.0
    cache_write_1h: float = 0.0
    cache_read: float = 0.0
    output: float = 0.0

    def __add__(self, other: TokenUse) -> TokenUse:
        return TokenUse(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(TokenUse)))

    def __neg__(self) -> TokenUse:
        return TokenUse(*(-getattr(self, one.name) for one in fields(TokenUse)))

    @property
    def total(self) -> float:
        return self.input + self.cache_write + self.cache_write_1h + self.cache_read + self.output

    def usd(self, price: ModelPrice) -> float:
        return price.usd(
            input=self.input,
            cache_write=self.cache_write,
            cache_write_1h=self.cache_write_1h,
            cache_read=self.cache_read,
            output=self.output,
        )

    @classmethod
    def of_requests(cls, requests: Iterable[ModelRequest]) -> Self:
        """What the client noted."""
        used = list(requests)
        return cls(*(float(sum(getattr(request, one.name) for request in used)) for one in fields(cls)))


NO_TOKENS: Final = TokenUse()


@dataclass(frozen=True, slots=True)
class ContextPrice:
    """How a conversation pays for what stands in its context."""

    chain: Chain
    cached: bool
    hour: bool
    """Whether its cache is written for an hour, and not for five minutes."""

    @classmethod
    def of(cls, chain: Chain) -> Self:
        used = TokenUse.of_requests(chain.requests)
        written = used.cache_write + used.cache_write_1h
        return cls(chain, bool(written or used.cache_read), used.cache_write_1h > used.cache_write)

    def added(self, chars: float, request: int) -> TokenUse:
        """Characters that come into the context after a request."""
        return self._sent(chars / CHARS_PER_TOKEN, self.chain.later_requests(request))

    def always(self, chars: float) -> TokenUse:
        """Characters that are in every request, such as the schemas of tools."""
        return self._sent(chars / CHARS_PER_TOKEN, len(self.chain.requests))

    def call(self, asked_chars: float, shown_chars: float, request: int) -> TokenUse:
        """A call in the answer of a request, and its result: written once, then in the context."""
        asked = TokenUse(output=asked_chars / CHARS_PER_TOKEN)
        return asked + self.added(asked_chars + shown_chars, request)

    def _sent(self, tokens: float, times: int) -> TokenUse:
        if times == 0:
            return TokenUse()
        if not self.cached:
            return TokenUse(input=tokens * times)
        again = tokens * (times - 1)
        if self.hour:
            return TokenUse(cache_write_1h=tokens, cache_read=again)
        return TokenUse(cache_write=tokens, cache_read=again)
