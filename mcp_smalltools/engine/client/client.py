"""The engine on this machine, as callers see it: `api.Engine` over a connection to the daemon.

The daemon starts on first need. If it dies before it has answered, the request is sent once more, to a new
one.
"""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.to_thread

from mcp_smalltools import __version__
from mcp_smalltools.config import Settings
from mcp_smalltools.engine import protocol, work
from mcp_smalltools.engine.api import (
    CallOptions,
    Embeddings,
    EngineStatus,
    Generation,
    LabelScores,
    PicturePrompt,
    Progress,
    Prompt,
    Sampling,
    TokenEmbeddings,
)
from mcp_smalltools.engine.client import launch
from mcp_smalltools.engine.client.connection import ConnectionLost
from mcp_smalltools.engine.client.connector import DaemonConnector
from mcp_smalltools.errors import (
    DeadlineExceeded,
    EngineUnavailable,
    ModelError,
    UsageError,
)

if TYPE_CHECKING:
    from mcp_smalltools.engine.work import AdapterFile, ModelFile

Resolve = Callable[[str, Settings, Progress | None], "ModelFile"]
ResolveAdapter = Callable[[str, Settings, "ModelFile"], "AdapterFile"]

DEADLINE_S: Final = 3600.0
"""Deadline of a request that names none."""
GRACE_S: Final = 5.0
"""Seconds after the deadline in which a partial answer may still arrive."""
LOOP_DEATHS, LOOP_S = 3, 60.0
"""A request that has ended this many daemons in this many seconds isn't sent again."""

TEXTS_PER_REQUEST: Final = 4096
CHARS_PER_REQUEST: Final = 1 << 20
CHARS_PER_TOKEN_REQUEST: Final = 64 << 10
"""Per-token vectors are large: 1.5 KB for each token of a 384-dimensional encoder."""

_DEFAULTS = CallOptions()


class EngineClient:
    """`api.Engine` by the user's daemon. One for each process; calls may run at the same time.

    `resolve` and `resolve_adapter` find a model's or an adapter's file by its name; by default they are those
    of the catalog, which fetches what is missing. `command` starts the daemon, in place of the usual one.
    """

    remote_hosts: tuple[str, ...] = ()

    def __init__(
        self,
        settings: Settings,
        *,
        resolve: Resolve | None = None,
        resolve_adapter: ResolveAdapter | None = None,
        client_name: str = "mcp-smalltools",
        command: Sequence[str] | None = None,
        version: str = __version__,
    ) -> None:
        self._settings = settings
        self._resolve = resolve or _catalog_model
        self._resolve_adapter = resolve_adapter or _catalog_adapter
        self._daemon = DaemonConnector(settings, command=command, version=version, client=client_name)
        self._models: dict[str, ModelFile] = {}
        self._deaths: dict[bytes, list[float]] = {}

    async def embed(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> Embeddings:
        import numpy as np

        parts = await self._embed_in_requests(texts, False, CHARS_PER_REQUEST, options)
        if not parts:
            return Embeddings(np.zeros((0, 0), np.float32))
        vectors = np.concatenate([part.vectors for _, part in parts])
        return Embeddings(vectors, _truncated_indexes(parts))

    async def embed_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> TokenEmbeddings:
        parts = await self._embed_in_requests(texts, True, CHARS_PER_TOKEN_REQUEST, options)
        vectors = tuple(item for _, part in parts for item in part.vectors)
        offsets = tuple(item for _, part in parts for item in part.offsets)
        return TokenEmbeddings(vectors, offsets, _truncated_indexes(parts))

    async def proven_encoder(self, adapter: str | None = None) -> str | None:
        """Files are known by their hashes: what is configured is what runs."""
        return self._settings.embed_model

    async def generate(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling = Sampling(),  # noqa: B008 - frozen
        options: CallOptions = _DEFAULTS,
    ) -> list[Generation]:
        if not prompts:
            return []
        job = work.Generate(tuple(prompts), sampling)
        return list(await self._run(job, self._settings.generate_model, options, "writing"))

    async def look(
        self,
        prompts: Sequence[PicturePrompt],
        sampling: Sampling = Sampling(),  # noqa: B008 - frozen
        options: CallOptions = _DEFAULTS,
    ) -> list[Generation]:
        if not prompts:
            return []
        job = work.Look(tuple(prompts), sampling)
        return list(await self._run(job, self._settings.generate_model, options, "looking at pictures"))

    async def score_labels(
        self, prompts: Sequence[Prompt], labels: Sequence[str], options: CallOptions = _DEFAULTS
    ) -> LabelScores:
        import numpy as np

        if not labels:
            raise UsageError("There are no labels to score.", remedy="Give at least one label.")
        if not prompts:
            return LabelScores(np.zeros((0, len(labels))), np.zeros(len(labels), np.int64))
        job = work.ScoreLabels(tuple(prompts), tuple(labels))
        scores: LabelScores = await self._run(job, self._settings.generate_model, options, "scoring labels")
        return scores

    async def count_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> list[int]:
        if not texts:
            return []
        job = work.CountTokens(tuple(texts))
        return list(await self._run(job, self._settings.generate_model, options, "counting tokens"))

    async def status(self) -> EngineStatus:
        """What the daemon says about itself. Never starts one."""
        return await self._daemon.status()

    async def shutdown(self) -> None:
        """Ask the daemon to leave, and wait until it has. Does nothing if none is running."""
        await self._daemon.shutdown()

    async def close(self) -> None:
        """Drop the connection; the daemon stays for others until it has been idle long enough."""
        await self._daemon.close()

    async def _embed_in_requests(
        self, texts: Sequence[str], per_token: bool, chars: int, options: CallOptions
    ) -> list[tuple[int, Any]]:
        """Embed in requests of bounded size; each reply with the index of its first text."""
        what, total, answers = "embedding", len(texts), []
        for start, part in _parts_of(texts, chars, TEXTS_PER_REQUEST):
            job = work.Embed(part, per_token)
            answer = await self._run(
                job, self._settings.embed_model, options, what, done_before=start, total=total
            )
            answers.append((start, answer))
        return answers

    async def _run(
        self,
        job: work.Work,
        default_model: str,
        options: CallOptions,
        what: str,
        *,
        done_before: int = 0,
        total: int | None = None,
    ) -> Any:
        """Run one job within its deadline, which includes finding the model and starting the daemon."""
        seconds = DEADLINE_S if options.deadline_s is None else options.deadline_s
        ends = time.monotonic() + seconds

        def on_progress(done: int, of: int) -> None:
            if options.progress is not None:
                options.progress(done_before + done, of if total is None else total, what)

        try:
            with anyio.fail_after(max(0.0, seconds) + GRACE_S):
                await self._daemon.check_engine(options.progress)
                model = await self._model(options.model or default_model, options.progress)
                adapter = await self._adapter(options.adapter, model)
                return await self._ask(
                    lambda number: protocol.Request(
                        number, model, job, ends - time.monotonic(), adapter, options.priority
                    ),
                    on_progress,
                    lambda: _fingerprint(model, adapter, job),
                )
        except TimeoutError:
            raise DeadlineExceeded(
                f"The engine took longer than {seconds:g} s.",
                remedy="Ask for less at once, or raise deadline_s in the configuration.",
            ) from None
        except ModelError:
            self._models.clear()  # the file may have changed: look for it again
            raise

    async def _ask(
        self,
        frame: Callable[[int], protocol.Request],
        on_progress: Callable[[int, int], None],
        fingerprint: Callable[[], bytes],
    ) -> Any:
        """Send a request; once more, to a new daemon, if the first one dies before it answers."""
        for _ in range(2):
            key = fingerprint() if self._deaths else b""
            self._refuse_crash_loop(key)
            connection = await self._daemon.connection()
            try:
                answer = await connection.ask(frame, on_progress)
            except ConnectionLost as lost:
                self._deaths.setdefault(key or fingerprint(), []).append(time.monotonic())
                if lost.silent:
                    await self._daemon.kill(connection.pid)
                continue
            self._deaths.pop(key, None)
            return answer
        raise EngineUnavailable(
            "The engine ended twice while it worked on this request.",
            remedy=f"See {launch.log_file(self._settings)}; read the file yourself meanwhile.",
        )

    def _refuse_crash_loop(self, key: bytes) -> None:
        recent = [at for at in self._deaths.get(key, ()) if at > time.monotonic() - LOOP_S]
        if len(recent) >= LOOP_DEATHS:
            raise EngineUnavailable(
                f"This request has ended the engine {len(recent)} times within {LOOP_S:g} s.",
                remedy=f"See {launch.log_file(self._settings)}; try another model, or wait a minute.",
            )

    async def _model(self, id: str, progress: Progress | None) -> ModelFile:
        """Find a model's file once; where it is missing, the catalog pulls it."""
        model = self._models.get(id)
        if model is None or not Path(model.path).exists():
            find = functools.partial(self._resolve, id, self._settings, progress)
            self._models[id] = model = await anyio.to_thread.run_sync(find, abandon_on_cancel=True)
        return model

    async def _adapter(self, name: str | None, base: ModelFile) -> AdapterFile | None:
        if name is None:
            return None
        return await anyio.to_thread.run_sync(self._resolve_adapter, name, self._settings, base)


def _catalog_model(id: str, settings: Settings, progress: Progress | None) -> ModelFile:
    from mcp_smalltools.models.catalog import ensure_model

    return ensure_model(id, settings, progress)


def _catalog_adapter(name: str, settings: Settings, base: ModelFile) -> AdapterFile:
    from mcp_smalltools.models.catalog import ensure_adapter

    return ensure_adapter(name, settings, base)


def _parts_of(texts: Sequence[str], max_chars: int, max_texts: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Consecutive parts within both limits, each with the index of its first text. No text is split."""
    start = size = 0
    for index, text in enumerate(texts):
        if index > start and (size + len(text) > max_chars or index - start >= max_texts):
            yield start, tuple(texts[start:index])
            start, size = index, 0
        size += len(text)
    if start < len(texts):
        yield start, tuple(texts[start:])


def _truncated_indexes(parts: Sequence[tuple[int, Any]]) -> tuple[int, ...]:
    """Indexes of truncated texts among all texts of a call."""
    return tuple(start + index for start, part in parts for index in part.truncated)


def _fingerprint(model: ModelFile, adapter: AdapterFile | None, job: work.Work) -> bytes:
    request = protocol.Request(0, model, job, 0.0, adapter)
    return hashlib.sha256(protocol.encode(request, protocol.MAX_REQUEST)).digest()
