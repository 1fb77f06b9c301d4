"""An engine without a model, for tests of tools and of skills."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import anyio
import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.engine.api import (
    CallOptions,
    Embeddings,
    EngineStatus,
    Generation,
    LabelScores,
    PicturePrompt,
    Prompt,
    Sampling,
    TokenEmbeddings,
)
from mcp_smalltools.errors import DeadlineExceeded, SmallToolsError, UsageError

Operation = Literal["embed", "embed_tokens", "generate", "look", "score_labels", "count_tokens"]
Answers = str | Sequence[str] | Callable[[Prompt], str]

_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
_DEFAULTS: Final = CallOptions()
_SAMPLING: Final = Sampling()


@dataclass(frozen=True, slots=True)
class EngineCall:
    """A call that the fake engine got: `items` are the texts, or the prompts."""

    operation: Operation
    items: tuple[str | Prompt, ...]
    options: CallOptions
    labels: tuple[str, ...] = ()


class FakeEngine:
    """`api.Engine` in this process: no model, no daemon, the same answers in every run.

    A text's vector is made of its words, so texts that share words are similar and others are not; it knows
    nothing of meaning. `calls` holds what it was asked, `fail` makes it fail as a real engine can.

        from mcp_smalltools.config import Settings
        from mcp_smalltools.engine.testing import FakeEngine
        from mcp_smalltools.request import ToolRequest
        from mcp_smalltools.service import Service

        async def test_a_crash_is_a_bug(tmp_path):
            engine = FakeEngine()
            service = Service(Settings(state_dir=tmp_path), engine=engine)
            examples = [
                {"text": "it crashes at start", "label": "bug"},
                {"text": "please add a dark theme", "label": "wish"},
            ]
            arguments = {"items": ["crashes at night"], "labels": ["bug", "wish"], "examples": examples}
            answer = await service.call(ToolRequest("classify", arguments))
            assert answer.results[0].label == "bug"
            assert engine.calls[0].operation == "embed"

            engine.fail(EngineUnavailable("The engine is not running."))
            with pytest.raises(EngineUnavailable):
                await service.call(ToolRequest("classify", arguments | {"items": ["a new one"]}))

    `answers` is what `generate` returns: one text for every prompt, a list from which each prompt takes the
    next text, or a function of the prompt. `label_score` gives the natural-log probability of a label as the
    answer to a prompt; by default, labels that share words with the last message score higher. Every call
    takes `seconds`, and raises DeadlineExceeded where its deadline is shorter. A text of more than
    `max_tokens` words and signs is truncated.
    """

    remote_hosts: tuple[str, ...] = ()

    def __init__(
        self,
        *,
        answers: Answers = "",
        label_score: Callable[[Prompt, str], float] | None = None,
        dim: int = 384,
        max_tokens: int = 512,
        seconds: float = 0.0,
    ) -> None:
        self.calls: list[EngineCall] = []
        self.closed = False
        self.seconds = seconds
        self._answers = answers
        self._given = 0
        self._label_score = label_score
        self._dim = dim
        self._max_tokens = max_tokens
        self._errors: dict[Operation | None, SmallToolsError] = {}

    def fail(self, error: SmallToolsError, *operations: Operation) -> None:
        """Raise this error from now on, in these operations or in all, until `recover`."""
        self._errors |= dict.fromkeys(operations or (None,), error)

    def recover(self) -> None:
        self._errors.clear()

    async def embed(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> Embeddings:
        await self._begin(EngineCall("embed", tuple(texts), options))
        if not texts:
            return Embeddings(np.zeros((0, 0), np.float32))
        vectors = np.stack([self._text_vector(text) for text in texts])
        self._report(len(texts), options, "embedding")
        return Embeddings(vectors, self._truncated(texts))

    async def embed_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> TokenEmbeddings:
        """A token is a word or a sign; a special token stands before the first and after the last."""
        await self._begin(EngineCall("embed_tokens", tuple(texts), options))
        vectors: list[NDArray[np.float32]] = []
        offsets: list[NDArray[np.int32]] = []
        for text in texts:
            tokens = list(self._tokens(text))
            words = ["[CLS]", *(word for word, _, _ in tokens), "[SEP]"]
            vectors.append(np.stack([_word_vector(word, self._dim) for word in words]))
            spans = [(0, 0), *((start, end) for _, start, end in tokens), (0, 0)]
            offsets.append(np.array(spans, np.int32))
        self._report(len(texts), options, "embedding")
        return TokenEmbeddings(tuple(vectors), tuple(offsets), self._truncated(texts))

    async def look(
        self,
        prompts: Sequence[PicturePrompt],
        sampling: Sampling = _SAMPLING,
        options: CallOptions = _DEFAULTS,
    ) -> list[Generation]:
        """As `generate`: what is on the pictures makes no difference."""
        await self._begin(EngineCall("look", tuple(prompt.prompt for prompt in prompts), options))
        return [Generation(self._answer(prompt.prompt), "stop", 0, 0, 0, 0.0) for prompt in prompts]

    async def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling = _SAMPLING, options: CallOptions = _DEFAULTS
    ) -> list[Generation]:
        await self._begin(EngineCall("generate", tuple(prompts), options))
        found = []
        for prompt in prompts:
            text = self._answer(prompt)
            read = sum(len(list(self._tokens(message.content))) for message in prompt.messages)
            found.append(Generation(text, "stop", read, 0, len(list(self._tokens(text))), 0.0))
        self._report(len(prompts), options, "writing")
        return found

    async def score_labels(
        self, prompts: Sequence[Prompt], labels: Sequence[str], options: CallOptions = _DEFAULTS
    ) -> LabelScores:
        await self._begin(EngineCall("score_labels", tuple(prompts), options, tuple(labels)))
        if not labels:
            raise UsageError("There are no labels to score.", remedy="Give at least one label.")
        score = self._label_score or self._similarity
        total = [[score(prompt, label) for label in labels] for prompt in prompts]
        self._report(len(prompts), options, "scoring labels")
        lengths = [max(1, len(list(self._tokens(label)))) for label in labels]
        shape = (len(prompts), len(labels))
        return LabelScores(np.array(total, np.float64).reshape(shape), np.array(lengths, np.int64))

    async def count_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> list[int]:
        await self._begin(EngineCall("count_tokens", tuple(texts), options))
        return [len(_TOKEN.findall(text)) for text in texts]

    async def proven_encoder(self, adapter: str | None = None) -> str | None:
        """No encoder of ours: its vectors are made of words."""
        return None

    async def status(self) -> EngineStatus:
        return EngineStatus(running=not self.closed, backend="fake", requests=len(self.calls))

    async def close(self) -> None:
        self.closed = True

    async def _begin(self, call: EngineCall) -> None:
        self.calls.append(call)
        if error := self._errors.get(call.operation) or self._errors.get(None):
            raise error
        deadline = call.options.deadline_s
        if deadline is not None and self.seconds > deadline:
            await anyio.sleep(max(0.0, deadline))
            raise DeadlineExceeded(f"The engine took longer than {deadline:g} s.")
        await anyio.sleep(self.seconds)

    def _report(self, items: int, options: CallOptions, what: str) -> None:
        if options.progress is not None:
            options.progress(items, items, what)

    def _answer(self, prompt: Prompt) -> str:
        if callable(self._answers):
            return self._answers(prompt)
        if isinstance(self._answers, str):
            return self._answers
        self._given += 1
        if self._given > len(self._answers):
            raise AssertionError(f"the fake engine has {len(self._answers)} answers, and was asked for more")
        return self._answers[self._given - 1]

    def _similarity(self, prompt: Prompt, label: str) -> float:
        """The cosine of the last message and the label, as a log probability: 0 where they are alike."""
        message = prompt.messages[-1].content if prompt.messages else ""
        return float(self._text_vector(message) @ self._text_vector(label)) - 1.0

    def _tokens(self, text: str) -> Iterator[tuple[str, int, int]]:
        """The first `max_tokens` words and signs, each with its characters [start, end)."""
        for number, match in enumerate(_TOKEN.finditer(text)):
            if number == self._max_tokens:
                return
            yield match[0].lower(), match.start(), match.end()

    def _truncated(self, texts: Sequence[str]) -> tuple[int, ...]:
        counts = [len(_TOKEN.findall(text)) for text in texts]
        return tuple(index for index, count in enumerate(counts) if count > self._max_tokens)

    def _text_vector(self, text: str) -> NDArray[np.float32]:
        """L2-normalised sum of the words' vectors, shape (dim,)."""
        words = [word for word, _, _ in self._tokens(text)] or [""]
        total = np.sum([_word_vector(word, self._dim) for word in words], axis=0)
        return np.asarray(total / np.linalg.norm(total), np.float32)


def _word_vector(word: str, dim: int) -> NDArray[np.float32]:
    """A random direction that depends on the word alone: those of two words are nearly orthogonal."""
    seed = int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    return np.random.default_rng(seed).standard_normal(dim, dtype=np.float32)
