"""Vectors of texts, similarities to a query, and what an answer says when there is no encoder for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mcp_smalltools.errors import Cancelled, EngineError, EngineMissing, ModelError, SmallToolsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mcp_smalltools.engine.api import Engine, Progress
    from mcp_smalltools.tools.base import ToolContext

UNAVAILABLE: Final = (EngineError, ModelError)
"""Errors without which a tool can still answer, by words alone. Not among them: the call's own deadline."""
_LEAST_S: Final = 1.0
"""Seconds that the encoder gets at least."""


async def proven_encoder(context: ToolContext, *adapters: str | None) -> str | None:
    """The encoder that the servers of `engine_urls` were shown to run with each of these adapters (None: with
    none). None without such servers, and where one of them isn't shown.
    """
    if not context.settings.engine_urls:
        return None
    found = {await context.engine.proven_encoder(adapter) for adapter in adapters}
    return found.pop() if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class NoEncoder:
    """Why there are no vectors."""

    error: SmallToolsError

    def note(self, consequence: str) -> str:
        """The sentences for an answer's `note`; `consequence` says how the answer was made instead."""
        if isinstance(self.error, EngineMissing):
            return f"{self.error.message} Until then {consequence}. {self.error.remedy}"
        return f"The encoder is not available ({self.error.code}): {consequence}."


async def embed(
    engine: Engine,
    texts: Sequence[str],
    seconds: float,
    *,
    progress: Progress | None = None,
    tolerated: tuple[type[SmallToolsError], ...] = UNAVAILABLE,
) -> NDArray[np.float32] | NoEncoder:
    """Vectors of unit length, shape (texts, dim). Raises Cancelled, and errors that are not `tolerated`."""
    from mcp_smalltools.engine.api import CallOptions

    options = CallOptions(deadline_s=max(_LEAST_S, seconds), progress=progress)
    try:
        return (await engine.embed(list(texts), options)).vectors
    except Cancelled:
        raise
    except tolerated as error:
        return NoEncoder(error)


async def similarities(
    engine: Engine,
    query: str,
    texts: Sequence[str],
    seconds: float,
    *,
    tolerated: tuple[type[SmallToolsError], ...] = UNAVAILABLE,
) -> list[float] | NoEncoder:
    """The cosine of each text to the query. Raises what `embed` raises."""
    if not texts:
        return []
    vectors = await embed(engine, [query, *texts], seconds, tolerated=tolerated)
    if isinstance(vectors, NoEncoder):
        return vectors
    return [float(cosine) for cosine in vectors[1:] @ vectors[0]]
