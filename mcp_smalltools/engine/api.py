"""The engine as its callers see it: typed values in, typed values out.

Chat templates, contexts and sequences are the engine's own business. Implementations:

client.client.EngineClient     the daemon on this machine
http.http_engine.HttpEngine    OpenAI-compatible servers
testing.FakeEngine             no model, for tests

Tools call `embed`, `embed_tokens`, and `generate` where a writer qualified (`calibration/qualification.py`).
No built-in tool uses `score_labels`, `count_tokens` and `look`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Role = Literal["system", "user", "assistant"]
Progress = Callable[[float, float | None, str], None]
"""done, total (None if unknown), message. May be called from any thread; must not block."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A chat to be continued by the model.

    The first `shared` messages are the same in every call of the tool: the engine keeps their state. `start`
    is text that the answer starts with; it is not part of what is returned. `schema` is the
    JSON schema of this prompt's answer, in place of the sampling's.
    """

    messages: tuple[ChatMessage, ...]
    shared: int = 0
    start: str = ""
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PictureInput:
    """Pixels for a model that looks at pictures: rows from the top, red, green and blue, 8 bits each."""

    width: int
    height: int
    rgb: bytes


@dataclass(frozen=True, slots=True)
class PicturePrompt:
    """A chat about pictures, which stand before what the user says last."""

    prompt: Prompt
    pictures: tuple[PictureInput, ...]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen. Temperature 0 is greedy. At most one of `schema`, `regex`, `choices`."""

    max_tokens: int = 256
    temperature: float = 0.0
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None
    regex: str | None = None
    choices: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class CallOptions:
    """Which model answers, and how long it may take.

    `model` None is the configured one. `adapter` names a skill's LoRA adapter. Lower `priority` goes first.
    """

    model: str | None = None
    adapter: str | None = None
    deadline_s: float | None = None
    priority: int = 0
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """What the model wrote. `logprob` is the mean natural-log probability of its tokens; nan without any."""

    text: str
    finish: Literal["stop", "length", "deadline"]
    prompt_tokens: int
    cached_tokens: int
    tokens: int
    logprob: float


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Pooled vectors, L2-normalised: `vectors` has shape (texts, dim), float32.

    `truncated` holds the indexes of texts longer than the model's context; only their start was embedded.
    """

    vectors: NDArray[np.float32]
    truncated: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenEmbeddings:
    """A vector for each token, not normalised: `vectors[i]` has shape (tokens of text i, dim), float32.

    `offsets[i]` has shape (tokens, 2), int32: the token's characters [start, end) in text i. Special tokens
    have start == end.
    """

    vectors: tuple[NDArray[np.float32], ...]
    offsets: tuple[NDArray[np.int32], ...]
    truncated: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelScores:
    """Natural-log probabilities of each label as the answer: `total` has shape (prompts, labels), float64.

    `total` sums over a label's tokens and `lengths`, shape (labels,), counts them, so total / lengths is the
    length-normalised score. Exact for each prompt's two best labels, by sum and by mean; for others it may be
    an upper bound. The token that ends the answer counts where one label is the start of another.
    """

    total: NDArray[np.float64]
    lengths: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that the engine holds."""

    id: str
    path: str
    layout: str  # "Q4_0", "BF16", …
    bytes: int
    adapters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What the engine says about itself, for `doctor`."""

    running: bool
    version: str = ""
    pid: int | None = None
    socket: str = ""
    uptime_s: float = 0.0
    requests: int = 0
    queued: int = 0
    threads: int = 0
    backend: str = ""  # "CPU AVX512", "CUDA", "Metal"
    rss_mb: float = 0.0
    models: tuple[LoadedModel, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


class Engine(Protocol):
    """All operations can be cancelled (cancel the awaiting task) and respect the deadline.

    Raise EngineUnavailable, EngineBusy, VersionMismatch, ModelError, DeadlineExceeded.
    """

    @property
    def remote_hosts(self) -> tuple[str, ...]:
        """Hosts outside this machine that texts are sent to."""
        ...

    async def embed(self, texts: Sequence[str], options: CallOptions = ...) -> Embeddings: ...

    async def embed_tokens(self, texts: Sequence[str], options: CallOptions = ...) -> TokenEmbeddings: ...

    async def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling = ..., options: CallOptions = ...
    ) -> list[Generation]: ...

    async def look(
        self, prompts: Sequence[PicturePrompt], sampling: Sampling = ..., options: CallOptions = ...
    ) -> list[Generation]:
        """As `generate`, by a model with a projector. Raises ModelError where the model has none."""
        ...

    async def score_labels(
        self, prompts: Sequence[Prompt], labels: Sequence[str], options: CallOptions = ...
    ) -> LabelScores: ...

    async def count_tokens(self, texts: Sequence[str], options: CallOptions = ...) -> list[int]: ...

    async def proven_encoder(self, adapter: str | None = None) -> str | None:
        """The id of the encoder that vectors with this adapter come from; None where it isn't known, as of a
        server whose vectors are not those of an encoder here.
        """
        ...

    async def status(self) -> EngineStatus:
        """Never starts an engine."""
        ...

    async def close(self) -> None: ...
