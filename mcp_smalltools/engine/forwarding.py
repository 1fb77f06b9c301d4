"""An engine that forwards to another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mcp_smalltools.engine.api import CallOptions, Sampling

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import (
        Embeddings,
        Engine,
        EngineStatus,
        Generation,
        LabelScores,
        PicturePrompt,
        Prompt,
        TokenEmbeddings,
    )
    from mcp_smalltools.models.download_records import Kind

_DEFAULTS = CallOptions()
_SAMPLING = Sampling()


class ForwardingEngine:
    """`api.Engine` that forwards each call. Subclasses change its texts, prompts or options."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def remote_hosts(self) -> tuple[str, ...]:
        return self._engine.remote_hosts

    async def embed(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> Embeddings:
        return await self._engine.embed(self._texts(texts), self._options("embed", options))

    async def embed_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> TokenEmbeddings:
        return await self._engine.embed_tokens(self._texts(texts), self._options("embed", options))

    async def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling = _SAMPLING, options: CallOptions = _DEFAULTS
    ) -> list[Generation]:
        return await self._engine.generate(
            self._prompts(prompts), sampling, self._options("generate", options)
        )

    async def look(
        self,
        prompts: Sequence[PicturePrompt],
        sampling: Sampling = _SAMPLING,
        options: CallOptions = _DEFAULTS,
    ) -> list[Generation]:
        chats = self._prompts([prompt.prompt for prompt in prompts])
        given = [replace(one, prompt=chat) for one, chat in zip(prompts, chats, strict=True)]
        return await self._engine.look(given, sampling, self._options("generate", options))

    async def score_labels(
        self, prompts: Sequence[Prompt], labels: Sequence[str], options: CallOptions = _DEFAULTS
    ) -> LabelScores:
        return await self._engine.score_labels(
            self._prompts(prompts), labels, self._options("generate", options)
        )

    async def count_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> list[int]:
        return await self._engine.count_tokens(self._texts(texts), self._options("generate", options))

    async def proven_encoder(self, adapter: str | None = None) -> str | None:
        return await self._engine.proven_encoder(adapter)

    async def status(self) -> EngineStatus:
        return await self._engine.status()

    async def close(self) -> None:
        await self._engine.close()

    def _texts(self, texts: Sequence[str]) -> Sequence[str]:
        return texts

    def _prompts(self, prompts: Sequence[Prompt]) -> Sequence[Prompt]:
        return prompts

    def _options(self, kind: Kind, options: CallOptions) -> CallOptions:
        return options
