"""The interface between the daemon and its scheduler: jobs with typed work, and their callbacks.

The daemon decodes frames into jobs and submits them. The scheduler owns llama.cpp, on one thread, and calls
back from there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from mcp_smalltools.engine.api import LoadedModel, PicturePrompt, Prompt, Sampling
from mcp_smalltools.models.download_records import AdapterFile, ModelFile

__all__ = [
    "AdapterFile",
    "CountTokens",
    "Embed",
    "Generate",
    "Job",
    "Look",
    "ModelFile",
    "Scheduler",
    "ScoreLabels",
    "Work",
]


@dataclass(frozen=True, slots=True)
class Embed:
    texts: Sequence[str]
    per_token: bool = False


@dataclass(frozen=True, slots=True)
class Generate:
    prompts: Sequence[Prompt]
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class Look:
    prompts: Sequence[PicturePrompt]
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class ScoreLabels:
    prompts: Sequence[Prompt]
    labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class CountTokens:
    texts: Sequence[str]


Work = Embed | Generate | Look | ScoreLabels | CountTokens


@dataclass(slots=True)
class EngineTime:
    """The engine's time that a job has had; on a CPU so many threads worked at it, on a GPU one."""

    seconds: float = 0.0
    threads: int = 1
    on_gpu: bool = False

    @property
    def cpu_s(self) -> float:
        """Processor seconds at most: a step may leave threads idle."""
        return self.seconds * (1 if self.on_gpu else self.threads)

    @property
    def gpu_s(self) -> float:
        return self.seconds if self.on_gpu else 0.0


@dataclass(slots=True, eq=False)
class Job:
    """One request of one client.

    `on_done` and `on_progress` are called on the scheduler's thread and must return at once. `on_done` gets
    what the operation returns (Embeddings, TokenEmbeddings, list[Generation], LabelScores, list[int]) or a
    SmallToolsError. It is called exactly once, also after `cancel()`.
    """

    client: str
    model: ModelFile
    work: Work
    on_done: Callable[[Any], None]
    on_progress: Callable[[int, int], None] = lambda done, total: None
    adapter: AdapterFile | None = None
    priority: int = 0
    deadline: float | None = None  # time.monotonic() seconds
    time: EngineTime = field(default_factory=EngineTime)
    """Kept by the scheduler; right once `on_done` is called."""
    _cancelled: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """May be called from any thread; takes effect before the next step of the model."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()


class Scheduler(Protocol):
    """Runs jobs. `submit` may be called from any thread and returns at once; raises EngineBusy when full."""

    def submit(self, job: Job) -> None: ...

    def loaded(self) -> tuple[LoadedModel, ...]: ...

    def stats(self) -> Mapping[str, Any]:
        """queued, steps, tokens, threads, backend; `step_started` (monotonic seconds; None between steps)."""
        ...

    def close(self) -> None: ...
