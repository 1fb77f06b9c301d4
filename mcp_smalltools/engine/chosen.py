"""An engine that answers with a skill's own model and adapter where the caller names none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mcp_smalltools.config import Settings
from mcp_smalltools.engine.api import CallOptions, Sampling
from mcp_smalltools.models.records import Kind

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import (
        Embeddings,
        Engine,
        EngineStatus,
        Generation,
        LabelScores,
        Prompt,
        TokenEmbeddings,
    )

_DEFAULTS = CallOptions()
_SAMPLING = Sampling()


def settings_with(settings: Settings, model_id: str) -> tuple[Settings, Kind]:
    """The settings with this model in place of the configured one of its kind. Raises ModelError."""
    from mcp_smalltools.models.library import manifest_of

    kind = manifest_of(model_id, settings).kind
    field = "embed_model" if kind == "embed" else "generate_model"
    return settings.model_copy(update={field: model_id}), kind


class ChosenEngine:
    """`api.Engine`: calls for the chosen model's kind get that model, and the adapter in place of the tool's
    own; others pass as they are.
    """

    def __init__(self, engine: Engine, model: str, kind: Kind, adapter: str | None) -> None:
        self._engine = engine
        self._model = model
        self._kind = kind
        self._adapter = adapter

    async def embed(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> Embeddings:
        return await self._engine.embed(texts, self._options("embed", options))

    async def embed_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> TokenEmbeddings:
        return await self._engine.embed_tokens(texts, self._options("embed", options))

    async def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling = _SAMPLING, options: CallOptions = _DEFAULTS
    ) -> list[Generation]:
        return await self._engine.generate(prompts, sampling, self._options("generate", options))

    async def score_labels(
        self, prompts: Sequence[Prompt], labels: Sequence[str], options: CallOptions = _DEFAULTS
    ) -> LabelScores:
        return await self._engine.score_labels(prompts, labels, self._options("generate", options))

    async def count_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> list[int]:
        return await self._engine.count_tokens(texts, self._options("generate", options))

    async def status(self) -> EngineStatus:
        return await self._engine.status()

    async def close(self) -> None:
        await self._engine.close()

    def _options(self, kind: Kind, options: CallOptions) -> CallOptions:
        if kind != self._kind or options.model is not None:
            return options
        return replace(options, model=self._model, adapter=self._adapter or options.adapter)
