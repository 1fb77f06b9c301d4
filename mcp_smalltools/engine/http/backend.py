"""`api.Engine` over OpenAI-compatible servers: vLLM, SGLang, Ray Serve, llama-server, Ollama, LM Studio.

What a server can't do is an error by name (`dialects`). Where texts may be sent: `addresses`.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import anyio

from mcp_smalltools.config import Settings
from mcp_smalltools.engine.api import (
    CallOptions,
    Embeddings,
    EngineStatus,
    Generation,
    LabelScores,
    LoadedModel,
    Prompt,
    Sampling,
    TokenEmbeddings,
)
from mcp_smalltools.engine.http.addresses import Address, allowed_address
from mcp_smalltools.engine.http.dialects import Body, dialect_of
from mcp_smalltools.engine.http.endpoints import Endpoints
from mcp_smalltools.errors import (
    DeadlineExceeded,
    EngineError,
    EngineUnavailable,
    SmallToolsError,
    UsageError,
)

if TYPE_CHECKING:
    pass

AT_A_TIME: Final = 32
"""Requests of one call in flight: enough for a server's batches."""
TEXTS_PER_REQUEST: Final = 64
DEADLINE_S: Final = 3600.0
STATUS_S: Final = 3.0
_DEFAULTS = CallOptions()

T = TypeVar("T")
R = TypeVar("R")


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
        self._lora_ids: dict[tuple[str, str], int] = {}
        self._label_tokens: dict[tuple[str, str], tuple[str, ...]] = {}

    @property
    def remote_hosts(self) -> tuple[str, ...]:
        """Hosts outside this machine that texts are sent to."""
        return tuple(address.host for address in self._endpoints.addresses if not address.local)

    async def embed(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> Embeddings:
        """A text that is longer than the model's context is the server's error: nothing is cut in silence."""
        import numpy as np

        if not texts:
            return Embeddings(np.zeros((0, 0), np.float32))
        model = options.model or self._settings.embed_model
        body: Body = {"model": model, "encoding_format": "float"} | (self._dialect.embed_body or {})
        # Servers refuse an empty text; a space has no words either.
        parts = [texts[i : i + TEXTS_PER_REQUEST] for i in range(0, len(texts), TEXTS_PER_REQUEST)]

        async def one(part: Sequence[str]) -> list[Any]:
            sent = body | {"input": [text or " " for text in part]}
            answer = await self._endpoints.post(self._dialect.embeddings, sent)
            found = sorted(_items(answer, "data"), key=lambda item: int(item.get("index", 0)))
            if len(found) != len(part):
                raise _unexpected()
            return [item["embedding"] for item in found]

        vectors = [v for part in await self._all(parts, one, options, "embedding") for v in part]
        array = np.asarray(vectors, dtype=np.float32)
        norms = np.linalg.norm(array, axis=1, keepdims=True)
        return Embeddings(array / np.maximum(norms, 1e-12))

    async def embed_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> TokenEmbeddings:
        """No such server gives vectors by token. Raises UsageError."""
        raise self._dialect.lacks("vectors for each token")

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
            return _generation(await self._endpoints.post("/v1/chat/completions", body | fields))

        return await self._all(prompts, one, options, "writing")

    async def score_labels(
        self, prompts: Sequence[Prompt], labels: Sequence[str], options: CallOptions = _DEFAULTS
    ) -> LabelScores:
        """Labels by the probability of their tokens, one token of the answer at a time.

        A token that is not among the alternatives that the server names gets the least likely one's: an upper
        bound, as `LabelScores` allows.
        """
        import numpy as np

        if not labels:
            raise UsageError("There are no labels to score.", remedy="Give at least one label.")
        if not self._dialect.top_logprobs or self._dialect.go_on is None or self._dialect.tokenize is None:
            raise self._dialect.lacks("probabilities of labels")
        model = options.model or self._settings.generate_model
        tokens = await self._all(labels, lambda label: self._tokens(model, label), options, "labels")
        if any(one != other and other[: len(one)] == one for one in tokens for other in tokens):
            raise self._dialect.lacks("probabilities of labels of which one is the start of another")

        async def one(prompt: Prompt) -> list[float]:
            return await _race(tokens, lambda said: self._next_logprobs(prompt, prompt.start + said, options))

        totals = await self._all(prompts, one, options, "scoring labels")
        shape = (len(prompts), len(labels))
        return LabelScores(
            np.asarray(totals, np.float64).reshape(shape),
            np.array([len(label) for label in tokens], np.int64),
        )

    async def count_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> list[int]:
        if self._dialect.tokenize is None:
            raise self._dialect.lacks("counting tokens")
        model = options.model or self._settings.generate_model
        return [
            len(tokens)
            for tokens in await self._all(texts, lambda t: self._tokens(model, t), options, "counting tokens")
        ]

    async def status(self) -> EngineStatus:
        """Whether each server answers, and what it serves."""
        found: dict[str, str] = {}
        models: list[LoadedModel] = []
        for address in self._endpoints.addresses:
            try:
                with anyio.fail_after(STATUS_S):
                    answer = await self._endpoints.get(address, "/v1/models")
                found[address.url] = "answers"
                models += [LoadedModel(str(m.get("id")), address.url, "", 0) for m in _items(answer, "data")]
            except (OSError, TimeoutError):
                found[address.url] = "doesn't answer"
            except SmallToolsError as error:
                found[address.url] = error.message
        answering = [url for url, state in found.items() if state == "answers"]
        problem = {} if answering else {"problem": "no server of engine_urls answers"}
        return EngineStatus(
            running=bool(answering),
            socket=", ".join(found),
            backend=self._dialect.name,
            models=tuple(models),
            extra={"endpoints": found, "remote": list(self.remote_hosts), **problem},
        )

    async def close(self) -> None:
        await self._endpoints.close()

    async def _all(
        self, items: Sequence[T], one: Callable[[T], Coroutine[Any, Any, R]], options: CallOptions, what: str
    ) -> list[R]:
        """Do all items, some at a time, within the deadline. The first error ends the others."""
        answers: list[Any] = [None] * len(items)
        places = asyncio.Semaphore(AT_A_TIME)
        done = 0

        async def run(index: int) -> None:
            nonlocal done
            async with places:
                answers[index] = await one(items[index])
            done += 1
            if options.progress is not None:
                options.progress(done, len(items), what)

        seconds = DEADLINE_S if options.deadline_s is None else options.deadline_s
        try:
            with anyio.fail_after(max(0.0, seconds)):
                async with asyncio.TaskGroup() as group:
                    for index in range(len(items)):
                        group.create_task(run(index))
        except TimeoutError:
            raise DeadlineExceeded(
                f"The engine took longer than {seconds:g} s.",
                remedy="Ask for less at once, or raise deadline_s in the configuration.",
            ) from None
        except BaseExceptionGroup as group_of:
            raise _first(group_of) from None
        return answers

    async def _chat(self, prompt: Prompt, said: str, options: CallOptions) -> Body:
        """A chat request; `said` is what the assistant has said already."""
        messages = [{"role": m.role, "content": m.content} for m in prompt.messages]
        body: Body = {"model": options.model or self._settings.generate_model, "messages": messages}
        if said:
            if self._dialect.go_on is None:
                raise self._dialect.lacks("going on with an answer that was begun")
            messages.append({"role": "assistant", "content": said})
            body |= self._dialect.go_on
        if options.adapter is not None:
            body |= await self._adapter(options.adapter)
        return body

    async def _adapter(self, name: str) -> Body:
        if self._dialect.adapter == "model":
            return {"model": name}
        if self._dialect.adapter is None:
            raise self._dialect.lacks("adapters")
        # llama-server numbers the adapters that it was started with; all its copies are started alike.
        address = self._endpoints.addresses[0]
        if (address.url, name) not in self._lora_ids:
            for entry in await self._listed_adapters(address):
                for part in str(entry.get("path", "")).replace("\\", "/").split("/"):
                    self._lora_ids[address.url, part.removesuffix(".gguf")] = int(entry["id"])
        try:
            chosen = self._lora_ids[address.url, name]
        except KeyError:
            raise EngineError(
                f"The engine at {address.host} has no adapter {name!r}.",
                remedy="Start it with --lora and the adapter's file.",
            ) from None
        ids = {number for (url, _), number in self._lora_ids.items() if url == address.url}
        return {"lora": [{"id": number, "scale": float(number == chosen)} for number in sorted(ids)]}

    async def _listed_adapters(self, address: Address) -> list[dict[str, Any]]:
        try:
            listed = await self._endpoints.get(address, "/lora-adapters")
        except OSError as error:
            raise EngineUnavailable(
                f"The engine at {address.host} can't be reached ({type(error).__name__}).",
                remedy="Start it, or correct engine_urls.",
            ) from None
        if not isinstance(listed, list):
            raise _unexpected()
        return listed

    async def _tokens(self, model: str, text: str) -> tuple[str, ...]:
        """The texts of a text's tokens."""
        assert self._dialect.tokenize is not None
        if (model, text) not in self._label_tokens:
            answer = await self._endpoints.post("/tokenize", self._dialect.tokenize(model, text))
            if len(self._label_tokens) > 4096:
                self._label_tokens.clear()
            self._label_tokens[model, text] = _pieces(answer)
        return self._label_tokens[model, text]

    async def _next_logprobs(self, prompt: Prompt, said: str, options: CallOptions) -> dict[str, float]:
        """The likeliest next tokens of the answer, by their text, with their log probabilities."""
        body = await self._chat(prompt, said, options)
        body |= {"max_tokens": 1, "temperature": 0, "logprobs": True}
        body["top_logprobs"] = self._dialect.top_logprobs
        answer = await self._endpoints.post("/v1/chat/completions", body)
        try:
            first = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
            found: dict[str, float] = {}
            for entry in first:  # several tokens may have one text
                found[entry["token"]] = float(_log_add(found.get(entry["token"]), entry["logprob"]))
        except (KeyError, IndexError, TypeError):
            raise _unexpected() from None
        return found


async def _race(
    labels: Sequence[tuple[str, ...]], ask: Callable[[str], Coroutine[Any, Any, dict[str, float]]]
) -> list[float]:
    """Sums of log probabilities: exact for the two best by sum and by mean, upper bounds for the others.

    Best first: the label with the highest bound goes on by a token until no other can reach the two best.
    """
    known: dict[str, dict[str, float]] = {}
    total, scored = [0.0] * len(labels), [0] * len(labels)
    for per_length in (False, True):
        queue = [(_key(i, total, labels, per_length), i) for i in range(len(labels))]
        heapq.heapify(queue)
        complete = 0
        while queue and complete < 2:
            _, label = heapq.heappop(queue)
            if scored[label] == len(labels[label]):
                complete += 1
                continue
            said = "".join(labels[label][: scored[label]])
            if said not in known:
                known[said] = await ask(said)
            token = labels[label][scored[label]]
            total[label] += known[said].get(token, min(known[said].values(), default=-math.inf))
            scored[label] += 1
            heapq.heappush(queue, (_key(label, total, labels, per_length), label))
    return total


def _key(label: int, total: Sequence[float], labels: Sequence[Sequence[str]], per_length: bool) -> float:
    """The heap gives the least first: the label with the highest bound."""
    return -(total[label] / max(1, len(labels[label])) if per_length else total[label])


def _log_add(one: float | None, other: float) -> float:
    if one is None:
        return other
    high, low = max(one, other), min(one, other)
    return high + math.log1p(math.exp(low - high))


def _generation(answer: Any) -> Generation:
    try:
        choice = answer["choices"][0]
        text = choice["message"].get("content") or ""
        usage = answer.get("usage") or {}
        details = usage.get("prompt_tokens_details") or {}
        logprobs = (choice.get("logprobs") or {}).get("content") or []
        finish: Literal["stop", "length"] = "length" if choice.get("finish_reason") == "length" else "stop"
    except (KeyError, IndexError, TypeError, AttributeError):
        raise _unexpected() from None
    values = [float(entry["logprob"]) for entry in logprobs]
    return Generation(
        text=text,
        finish=finish,
        prompt_tokens=int(usage.get("prompt_tokens", 0)),
        cached_tokens=int(details.get("cached_tokens") or 0),
        tokens=int(usage.get("completion_tokens", 0)),
        logprob=sum(values) / len(values) if values else math.nan,
    )


def _pieces(answer: Any) -> tuple[str, ...]:
    try:
        return tuple(_piece(token["piece"]) for token in answer["tokens"])
    except (KeyError, TypeError):
        raise _unexpected() from None


def _piece(piece: Any) -> str:
    return piece if isinstance(piece, str) else bytes(piece).decode("utf-8", errors="replace")


def _items(answer: Any, name: str) -> list[dict[str, Any]]:
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, list):
        raise _unexpected()
    return found


def _unexpected() -> EngineError:
    return EngineError(
        "The engine's answer has another form than its dialect says.", remedy="Check engine_dialect."
    )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a group that is of ours, else the first of all."""
    flat: list[BaseException] = []
    rest: list[BaseException] = [group]
    while rest:
        error = rest.pop(0)
        if isinstance(error, BaseExceptionGroup):
            rest = [*error.exceptions, *rest]
        else:
            flat.append(error)
    return next((error for error in flat if isinstance(error, SmallToolsError)), flat[0])
