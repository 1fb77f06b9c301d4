"""What may be sent to an engine outside this machine: no text of a sealed file, and nothing unmasked of a
redacted one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mcp_smalltools.engine.api import CallOptions, Sampling
from mcp_smalltools.errors import NotAllowed
from mcp_smalltools.request import PrivacyLevel

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


class Outbound:
    """`api.Engine` for one call: texts are scrubbed as the call's level asks before they leave the machine.

    `level` and `scrub` are the call's own, so that a value has one placeholder in question and answer.
    Raises NotAllowed under `sealed`.
    """

    def __init__(
        self,
        engine: Engine,
        hosts: Sequence[str],
        level: Callable[[], PrivacyLevel],
        scrub: Callable[[str], str],
    ) -> None:
        self._engine = engine
        self._hosts = hosts
        self._level = level
        self._scrub = scrub

    async def embed(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> Embeddings:
        return await self._engine.embed(self._texts(texts), options)

    async def embed_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> TokenEmbeddings:
        return await self._engine.embed_tokens(self._texts(texts), options)

    async def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling = _SAMPLING, options: CallOptions = _DEFAULTS
    ) -> list[Generation]:
        return await self._engine.generate(self._prompts(prompts), sampling, options)

    async def score_labels(
        self, prompts: Sequence[Prompt], labels: Sequence[str], options: CallOptions = _DEFAULTS
    ) -> LabelScores:
        return await self._engine.score_labels(self._prompts(prompts), labels, options)

    async def count_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> list[int]:
        return await self._engine.count_tokens(self._texts(texts), options)

    async def status(self) -> EngineStatus:
        return await self._engine.status()

    async def close(self) -> None:
        await self._engine.close()

    def _texts(self, texts: Sequence[str]) -> list[str]:
        if self._level() is PrivacyLevel.SEALED:
            raise NotAllowed(
                f"A file of a sealed root would be sent to the engine at {', '.join(self._hosts)}.",
                remedy="Use the engine on this machine (no engine_urls) for sealed roots.",
            )
        return [self._scrub(text) for text in texts]

    def _prompts(self, prompts: Sequence[Prompt]) -> list[Prompt]:
        self._texts(())
        return [
            replace(
                prompt,
                messages=tuple(replace(m, content=self._scrub(m.content)) for m in prompt.messages),
                start=self._scrub(prompt.start),
            )
            for prompt in prompts
        ]
