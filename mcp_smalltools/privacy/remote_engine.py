"""What may be sent to an engine outside this machine: nothing of a sealed file, all else masked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mcp_smalltools.engine.api import CallOptions, Sampling
from mcp_smalltools.engine.forwarding import ForwardingEngine
from mcp_smalltools.errors import NotAllowed, UsageError
from mcp_smalltools.level import PrivacyLevel

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine, Generation, PicturePrompt, Prompt, TokenEmbeddings

_DEFAULTS = CallOptions()


class RedactingEngine(ForwardingEngine):
    """The engine for one call: texts are masked as the call's privacy level demands before they leave.

    `level` and `scrub` are the call's, so a value has the same placeholder in question and answer. Raises
    NotAllowed under `sealed`.
    """

    def __init__(
        self,
        engine: Engine,
        level: Callable[[], PrivacyLevel],
        scrub: Callable[[str], str],
    ) -> None:
        super().__init__(engine)
        self._level = level
        self._scrub = scrub

    async def embed_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> TokenEmbeddings:
        """Raises UsageError where something had to be masked: the places of tokens would be those of another
        text.
        """
        if list(self._texts(texts)) != list(texts):
            raise UsageError(
                "A text with secrets or personal data can't be read by an engine on another machine.",
                remedy="Use the engine on this machine for such files.",
            )
        return await super().embed_tokens(texts, options)

    async def proven_encoder(self, adapter: str | None = None) -> str | None:
        """For a sealed file nothing is asked: nothing of it will be sent."""
        if self._level() is PrivacyLevel.SEALED:
            return None
        return await super().proven_encoder(adapter)

    def _texts(self, texts: Sequence[str]) -> list[str]:
        if self._level() is PrivacyLevel.SEALED:
            raise NotAllowed(
                f"A file of a sealed root would be sent to the engine at {', '.join(self.remote_hosts)}.",
                remedy="Use the engine on this machine (no engine_urls) for sealed roots.",
            )
        return self._scrubbed(texts)

    async def look(
        self,
        prompts: Sequence[PicturePrompt],
        sampling: Sampling = Sampling(),  # noqa: B008 - frozen
        options: CallOptions = CallOptions(),  # noqa: B008 - frozen
    ) -> list[Generation]:
        raise NotAllowed(
            f"Pictures are not sent to the engine at {', '.join(self.remote_hosts)}: they can't be masked.",
            remedy="Use the engine on this machine (no engine_urls).",
        )

    def _scrubbed(self, texts: Sequence[str]) -> list[str]:
        """Twice: a later text may show that a value in an earlier one is a secret."""
        return [self._scrub(text) for text in [self._scrub(text) for text in texts]]

    def _prompts(self, prompts: Sequence[Prompt]) -> list[Prompt]:
        self._texts(())
        self._scrubbed([m.content for prompt in prompts for m in prompt.messages])
        return [
            replace(
                prompt,
                messages=tuple(replace(m, content=self._scrub(m.content)) for m in prompt.messages),
                start=self._scrub(prompt.start),
            )
            for prompt in prompts
        ]
