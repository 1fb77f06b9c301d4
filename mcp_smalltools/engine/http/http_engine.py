"""`api.Engine` over OpenAI-compatible servers: vLLM, SGLang, Ray Serve, llama-server, Ollama, LM Studio.

What a server can't do is an error that names it (`dialects`). Where texts may be sent: `addresses`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import anyio

from mcp_smalltools.config import Settings
from mcp_smalltools.engine.api import (
    CallOptions,
    Embeddings,
    EngineStatus,
    Generation,
    LabelScores,
    LoadedModel,
    PicturePrompt,
    Prompt,
    Sampling,
    TokenEmbeddings,
)
from mcp_smalltools.engine.http.adapter_fields import AdapterFields
from mcp_smalltools.engine.http.addresses import allowed_address
from mcp_smalltools.engine.http.concurrent_items import run_all
from mcp_smalltools.engine.http.dialects import Body, dialect_of
from mcp_smalltools.engine.http.endpoints import Endpoints
from mcp_smalltools.engine.http.label_scores import ambiguous, score_best_first
from mcp_smalltools.engine.http.replies import (
    generation_of,
    items_of,
    next_logprobs,
    token_texts,
    vectors_of,
)
from mcp_smalltools.errors import SmallToolsError, UsageError

TEXTS_PER_REQUEST: Final = 64
STATUS_S: Final = 3.0
"""Seconds that each server gets to say what it serves."""
_CHAT: Final = "/v1/chat/completions"
_KEPT_TOKENS: Final = 4096
"""Texts whose tokens are kept."""
_DEFAULTS = CallOptions()


class HttpEngine:
    """The engine at `settings.engine_urls`. One for each process; calls may run at the same time.

    Raises ConfigError or NotAllowed for addresses that texts may not be sent to.
    """

    def __init__(self, settings: Settings) -> None:
        allowed = settings.allow_remote_engines
        addresses = [allowed_address(url, allowed) for url in settings.engine_urls]
        self._settings = settings
        self._dialect = dialect_of(settings.engine_dialect)
        self._endpoints = Endpoints(addresses, settings.engine_api_key_env)
        self._adapters = AdapterFields(self._dialect, self._endpoints)
        self._token_texts: dict[tuple[str, str], tuple[str, ...]] = {}

    @property
    def remote_hosts(self) -> tuple[str, ...]:
        """Hosts outside this machine that texts are sent to."""
        return tuple(address.host for address in self._endpoints.addresses if not address.local)

    async def embed(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> Embeddings:
        """A text that is longer than the model's context is the server's error: nothing is cut silently."""
        import numpy as np

        if not texts:
            return Embeddings(np.zeros((0, 0), np.float32))
        model = options.model or self._settings.embed_model
        body: Body = {"model": model, "encoding_format": "float"} | (self._dialect.embed_body or {})
        parts = [texts[i : i + TEXTS_PER_REQUEST] for i in range(0, len(texts), TEXTS_PER_REQUEST)]

        async def one(part: Sequence[str]) -> list[Any]:
            # Servers refuse an empty text; a space has no words either.
            sent = body | {"input": [text or " " for text in part]}
            return vectors_of(await self._endpoints.post(self._dialect.embeddings, sent), len(part))

        vectors = [v for part in await run_all(parts, one, options, "embedding") for v in part]
        array = np.asarray(vectors, dtype=np.float32)
        norms = np.linalg.norm(array, axis=1, keepdims=True)
        return Embeddings(array / np.maximum(norms, 1e-12))

    async def embed_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> TokenEmbeddings:
        """No such server gives vectors for each token. Raises UsageError."""
        raise self._dialect.unsupported("vectors for each token")

    async def generate(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling = Sampling(),  # noqa: B008 - frozen
        options: CallOptions = _DEFAULTS,
    ) -> list[Generation]:
        fields = self._dialect.sampling(sampling)
        if self._dialect.top_logprobs:
            fields["logprobs"] = True

        async def one(prompt: Prompt) -> Generation:
            body = await self._chat(prompt, prompt.start, options)
            return generation_of(await self._endpoints.post(_CHAT, body | fields))

        return await run_all(prompts, one, options, "writing")

    async def score_labels(
        self, prompts: Sequence[Prompt], labels: Sequence[str], options: CallOptions = _DEFAULTS
    ) -> LabelScores:
        """Labels by the probability of their tokens, one token of the answer at a time.

        A token that is not among the alternatives that the server names gets the probability of the least
        likely of them: an upper bound, as `LabelScores` allows.
        """
        import numpy as np

        dialect = self._dialect
        if not labels:
            raise UsageError("There are no labels to score.", remedy="Give at least one label.")
        if not dialect.top_logprobs or dialect.continuation is None or dialect.tokenize is None:
            raise dialect.unsupported("probabilities of labels")
        model = options.model or self._settings.generate_model
        tokens = await run_all(labels, lambda label: self._tokens(model, label), options, "labels")
        if ambiguous(tokens):
            raise dialect.unsupported("probabilities of labels of which one is the start of another")

        async def one(prompt: Prompt) -> list[float]:
            return await score_best_first(
                tokens, lambda start: self._next_logprobs(prompt, prompt.start + start, options)
            )

        totals = await run_all(prompts, one, options, "scoring labels")
        shape = (len(prompts), len(labels))
        return LabelScores(
            np.asarray(totals, np.float64).reshape(shape),
            np.array([len(label) for label in tokens], np.int64),
        )

    async def look(
        self,
        prompts: Sequence[PicturePrompt],
        sampling: Sampling = Sampling(),  # noqa: B008 - frozen
        options: CallOptions = _DEFAULTS,
    ) -> list[Generation]:
        raise self._dialect.unsupported("pictures")

    async def count_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> list[int]:
        if self._dialect.tokenize is None:
            raise self._dialect.unsupported("counting tokens")
        model = options.model or self._settings.generate_model
        found = await run_all(texts, lambda text: self._tokens(model, text), options, "counting tokens")
        return [len(tokens) for tokens in found]

    async def status(self) -> EngineStatus:
        """Whether each server answers, and what it serves."""
        states: dict[str, str] = {}
        models: list[LoadedModel] = []
        for address in self._endpoints.addresses:
            try:
                with anyio.fail_after(STATUS_S):
                    reply = await self._endpoints.get(address, "/v1/models")
                states[address.url] = "answers"
                models += [LoadedModel(str(m.get("id")), address.url, "", 0) for m in items_of(reply, "data")]
            except (OSError, TimeoutError):
                states[address.url] = "doesn't answer"
            except SmallToolsError as error:
                states[address.url] = error.message
        answering = [url for url, state in states.items() if state == "answers"]
        problem = {} if answering else {"problem": "no server of engine_urls answers"}
        return EngineStatus(
            running=bool(answering),
            socket=", ".join(states),
            backend=self._dialect.name,
            models=tuple(models),
            extra={"endpoints": states, "remote": list(self.remote_hosts), **problem},
        )

    async def close(self) -> None:
        await self._endpoints.close()

    async def _chat(self, prompt: Prompt, start: str, options: CallOptions) -> Body:
        """The fields of a chat request whose answer starts with `start`."""
        messages = [{"role": m.role, "content": m.content} for m in prompt.messages]
        body: Body = {"model": options.model or self._settings.generate_model, "messages": messages}
        if start:
            if self._dialect.continuation is None:
                raise self._dialect.unsupported("continuing an answer that was begun")
            messages.append({"role": "assistant", "content": start})
            body |= self._dialect.continuation
        if options.adapter is not None:
            body |= await self._adapters.of(options.adapter)
        return body

    async def _next_logprobs(self, prompt: Prompt, start: str, options: CallOptions) -> dict[str, float]:
        """The likeliest next tokens of an answer that starts with `start`, by their text."""
        body = await self._chat(prompt, start, options)
        body |= {"max_tokens": 1, "temperature": 0, "logprobs": True}
        body["top_logprobs"] = self._dialect.top_logprobs
        return next_logprobs(await self._endpoints.post(_CHAT, body))

    async def _tokens(self, model: str, text: str) -> tuple[str, ...]:
        """The texts of a text's tokens."""
        assert self._dialect.tokenize is not None
        if (model, text) not in self._token_texts:
            reply = await self._endpoints.post("/tokenize", self._dialect.tokenize(model, text))
            if len(self._token_texts) > _KEPT_TOKENS:
                self._token_texts.clear()
            self._token_texts[model, text] = token_texts(reply)
        return self._token_texts[model, text]
