"""An engine that makes the vector of each text once: questions to one file have most candidates in common."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.engine.api import CallOptions, Embeddings
from mcp_smalltools.engine.forwarding import ForwardingEngine

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine

_MOST: Final = 20_000
_DEFAULTS: Final = CallOptions()


class VectorsOnce(ForwardingEngine):
    """Keeps the newest vectors, of one model and adapter each."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._known: OrderedDict[tuple[str | None, str | None, str], NDArray[np.float32]] = OrderedDict()

    async def embed(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> Embeddings:
        def key(text: str) -> tuple[str | None, str | None, str]:
            return options.model, options.adapter, text

        missing = list(dict.fromkeys(text for text in texts if key(text) not in self._known))
        made: dict[str, NDArray[np.float32]] = {}
        if missing:
            found = await self._engine.embed(missing, options)
            made = dict(zip(missing, found.vectors, strict=True))
            self._known.update((key(text), vector) for text, vector in made.items())
        rows = [made[text] if text in made else self._known[key(text)] for text in texts]
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return Embeddings(np.stack(rows))
