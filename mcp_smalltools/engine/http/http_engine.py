"""`api.Engine` over OpenAI-compatible servers: vLLM, SGLang, Ray Serve, llama-server, Ollama, LM Studio.

What a server can't do is an error that names it (`dialects`). Where texts may be sent: `addresses`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
    token_vectors_of,
    tokens_of,
    unexpected_reply,
    vectors_of,
)
from mcp_smalltools.engine.http.served_encoders import ServedEncoders
from mcp_smalltools.engine.word_pieces import offsets_of
from mcp_smalltools.errors import SmallToolsError, UsageError
from mcp_smalltools.models.known_vectors import known_vectors

TEXTS_PER_REQUEST: Final = 64
ENCODER_TOKENS: Final = 512
"""Tokens that the encoders of `models.known_vectors` take."""
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
        self._encoders = ServedEncoders(
            self._endpoints, self._dialect, self._embed_body(None), known_vectors(settings)
        )

    @property
    def remote_hosts(self) -> tuple[str, ...]:
        """Hosts outside this machine that texts are sent to."""
        return tuple(address.host for address in self._endpoints.addresses if not address.local)

    async def embed(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> Embeddings:
        """By servers that run the encoder with this adapter. A text that is longer than the model's context
        is the server's error: nothing is cut silently. Raises UsageError where no server has the adapter.
        """
        import numpy as np

        if not texts:
            return Embeddings(np.zeros((0, 0), np.float32))
        body, only, per_token = await self._encoder_for(options)
        if per_token:
            found = await self.embed_tokens(texts, options)
            array = np.stack([vectors.mean(axis=0) for vectors in found.vectors])
        else:
            parts = [texts[i : i + TEXTS_PER_REQUEST] for i in range(0, len(texts), TEXTS_PER_REQUEST)]

            async def one(part: Sequence[str]) -> list[Any]:
                # Servers refuse an empty text; a space has no words either.
                sent = body | {"input": [text or " " for text in part]}
                reply = await self._endpoints.post(self._dialect.embeddings, sent, only)
                return vectors_of(reply, len(part))

            vectors = [v for part in await run_all(parts, one, options, "embedding") for v in part]
            array = np.asarray(vectors, dtype=np.float32)
        norms = np.linalg.norm(array, axis=1, keepdims=True)
        return Embeddings(array / np.maximum(norms, 1e-12))

    async def embed_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> TokenEmbeddings:
        """By servers without pooling that run the encoder with this adapter. A text that is longer than the
        encoder's context is cut, as the engine here does. Raises UsageError where there is no such server.
        """
        import numpy as np

        served = await self._encoders.with_adapter(options.adapter, per_token=True)
        path = self._dialect.token_vectors
        if path is None or not served:
            raise self._dialect.unsupported("vectors for each token")
        only, limit = tuple(served), ENCODER_TOKENS
        truncated: list[int] = []

        async def one(number: int) -> tuple[Any, Any]:
            sent = {"content": texts[number], "add_special": True, "with_pieces": True}
            tokens, pieces = tokens_of(await self._endpoints.post("/tokenize", sent, only))
            if len(tokens) > limit:
                truncated.append(number)
                tokens, pieces = [*tokens[: limit - 1], tokens[-1]], [*pieces[: limit - 1], pieces[-1]]
            body = {"content": [tokens], "embd_normalize": -1}
            rows = token_vectors_of(await self._endpoints.post(path, body, only), 1)[0]
            if len(rows) != len(tokens):
                raise unexpected_reply()
            return np.asarray(rows, dtype=np.float32), offsets_of(pieces, texts[number])

        found = await run_all(range(len(texts)), one, options, "embedding")
        vectors, offsets = tuple(rows for rows, _ in found), tuple(places for _, places in found)
        return TokenEmbeddings(vectors, offsets, tuple(sorted(truncated)))

    async def proven_encoder(self, adapter: str | None = None) -> str | None:
        served = await self._encoders.with_adapter(adapter)
        return next((found.model for found in served.values()), None)

    async def generate(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling = Sampling(),  # noqa: B008 - frozen
        options: CallOptions = _DEFAULTS,
    ) -> list[Generation]:
        logprobs = {"logprobs": True} if self._dialect.top_logprobs else {}
        self._dialect.sampling(sampling)  # refuse at once what can't be honoured

        async def one(prompt: Prompt) -> Generation:
            own = sampling if prompt.schema is None else replace(sampling, schema=prompt.schema)
            fields = self._dialect.sampling(own) | logprobs
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
            extra={
                "endpoints": states,
                "remote": list(self.remote_hosts),
                "encoders": await self._encoders_shown(),
                **problem,
            },
        )

    async def _encoders_shown(self) -> dict[str, tuple[str, str, bool]]:
        found = await self._encoders.all()
        return {url: (e.model, e.adapter, e.per_token) for url, e in found.items() if e is not None}

    async def close(self) -> None:
        await self._endpoints.close()

    async def _encoder_for(self, options: CallOptions) -> tuple[Body, tuple[str, ...], bool]:
        """Fields, servers (none: any) and whether they only give vectors of tokens."""
        found = await self._encoders.all()
        served = await self._encoders.with_adapter(options.adapter)
        if served:
            pooling = tuple(url for url, encoder in served.items() if not encoder.per_token)
            return self._embed_body(options.model), pooling or tuple(served), not pooling
        if options.adapter is not None and self._dialect.adapter != "model":
            raise self._dialect.unsupported(f"the adapter {options.adapter} for embeddings")
        unknown = tuple(url for url, encoder in found.items() if encoder is None)
        return self._embed_body(options.adapter or options.model), unknown, False

    def _embed_body(self, model: str | None) -> Body:
        body: Body = {"model": model or self._settings.embed_model, "encoding_format": "float"}
        return body | (self._dialect.embed_body or {})

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
