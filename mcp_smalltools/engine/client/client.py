"""The engine on this machine, as callers see it: `api.Engine` over a connection to the daemon.

The daemon starts on first need. If it dies before it has answered, the request goes once more, to a fresh
one.
"""

from __future__ import annotations

import asyncio
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
    Progress,
    Prompt,
    Sampling,
    TokenEmbeddings,
)
from mcp_smalltools.engine.client import launch
from mcp_smalltools.engine.client.connection import (
    Connection,
    ConnectionLost,
    DaemonNotRunning,
    DaemonSilent,
    VersionRefused,
    connect,
)
from mcp_smalltools.engine.endpoint import EXIT_NOT_ALONE, Endpoint, FileLock
from mcp_smalltools.errors import (
    DeadlineExceeded,
    EngineUnavailable,
    ModelError,
    UsageError,
    VersionMismatch,
)

if TYPE_CHECKING:
    from mcp_smalltools.engine.work import AdapterFile, ModelFile

Resolve = Callable[[str, Settings, Progress | None], "ModelFile"]
ResolveAdapter = Callable[[str, Settings, "ModelFile"], "AdapterFile"]

START_S: Final = 60.0
"""Seconds that a daemon gets until it listens: Python's start on a busy machine, nothing is loaded yet."""
DEADLINE_S: Final = 3600.0
"""Deadline of a request that names none; its caller's own ends it sooner."""
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

    `resolve` and `resolve_adapter` find a model's file by its id (default: the catalog's, which pull what
    is missing); `command` starts the daemon.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        resolve: Resolve | None = None,
        resolve_adapter: ResolveAdapter | None = None,
        client_name: str = "mcp-smalltools",
        command: Sequence[str] = launch.DAEMON,
        version: str = __version__,
    ) -> None:
        self._settings = settings
        self._resolve = resolve or _catalog_model
        self._resolve_adapter = resolve_adapter or _catalog_adapter
        self._name = client_name
        self._command = command
        self._version = version
        self._endpoint = Endpoint(settings.runtime_dir)
        self._models: dict[str, ModelFile] = {}
        self._deaths: dict[bytes, list[float]] = {}
        self._connection: Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connecting = asyncio.Lock()

    async def embed(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> Embeddings:
        import numpy as np

        parts = await self._in_parts(texts, False, CHARS_PER_REQUEST, options)
        if not parts:
            return Embeddings(np.zeros((0, 0), np.float32))
        vectors = np.concatenate([part.vectors for _, part in parts])
        return Embeddings(vectors, _shifted(parts))

    async def embed_tokens(self, texts: Sequence[str], options: CallOptions = _DEFAULTS) -> TokenEmbeddings:
        parts = await self._in_parts(texts, True, CHARS_PER_TOKEN_REQUEST, options)
        vectors = tuple(item for _, part in parts for item in part.vectors)
        offsets = tuple(item for _, part in parts for item in part.offsets)
        return TokenEmbeddings(vectors, offsets, _shifted(parts))

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
        """What the daemon says of itself. Never starts one."""
        socket = self._endpoint.address
        try:
            connection = await self._open(replace=False)
        except DaemonNotRunning:
            return EngineStatus(running=False, socket=socket)
        except DaemonSilent:
            pid, problem = self._endpoint.living_pid(), "it doesn't answer; the next call replaces it"
            return EngineStatus(running=True, pid=pid, socket=socket, extra={"problem": problem})
        except VersionRefused as declined:
            found, problem = declined.refusal, f"it is of another version than this one ({self._version})"
            return EngineStatus(
                running=True,
                version=found.version,
                pid=found.pid,
                socket=socket,
                extra={"problem": problem},
            )
        try:
            status: EngineStatus = await connection.ask(protocol.StatusRequest)
        except ConnectionLost:
            return EngineStatus(running=False, socket=socket)
        finally:
            await connection.close()
        return status

    async def shutdown(self) -> None:
        """Ask the daemon to leave, and wait until it has. Does nothing if there is none."""
        pid = self._endpoint.living_pid()
        if pid is None:
            return
        try:
            connection = await self._open(replace=True)
        except DaemonSilent:
            await launch.kill_daemon(self._endpoint, pid)
            return
        except (DaemonNotRunning, VersionRefused):
            return
        connection.send(protocol.Leave())
        await launch.wait_until_gone(self._endpoint, pid, START_S)
        await connection.close()

    async def close(self) -> None:
        """Drop the connection; the daemon stays for others until it has been idle long enough."""
        if self._connection is not None and self._loop is asyncio.get_running_loop():
            await self._connection.close()
        self._connection = None

    async def _in_parts(
        self, texts: Sequence[str], per_token: bool, chars: int, options: CallOptions
    ) -> list[tuple[int, Any]]:
        """Embed in requests of bounded size; returns each part's answer with the index of its first text."""
        what, total, answers = "embedding", len(texts), []
        for start, part in _split(texts, chars, TEXTS_PER_REQUEST):
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
        """Run one job within its deadline; finding the model and starting the daemon count."""
        seconds = DEADLINE_S if options.deadline_s is None else options.deadline_s
        ends = time.monotonic() + seconds

        def on_progress(done: int, of: int) -> None:
            if options.progress is not None:
                options.progress(done_before + done, of if total is None else total, what)

        try:
            with anyio.fail_after(max(0.0, seconds) + GRACE_S):
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
            self._models.clear()  # the file is not what it was: look for it again
            raise

    async def _ask(
        self,
        frame: Callable[[int], protocol.Request],
        on_progress: Callable[[int, int], None],
        fingerprint: Callable[[], bytes],
    ) -> Any:
        """Send a request; once more, to a fresh daemon, if the first one dies before it answers."""
        for _ in range(2):
            key = fingerprint() if self._deaths else b""
            self._refuse_crash_loop(key)
            connection = await self._connected()
            try:
                answer = await connection.ask(frame, on_progress)
            except ConnectionLost as lost:
                self._deaths.setdefault(key or fingerprint(), []).append(time.monotonic())
                if lost.silent:
                    await launch.kill_daemon(self._endpoint, connection.pid)
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
                remedy=f"See {launch.log_file(self._settings)}; another model may do, or wait a minute.",
            )

    async def _connected(self) -> Connection:
        """The connection of this event loop, opened anew if it was lost; starts the daemon if need be."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._connection, self._connecting = loop, None, asyncio.Lock()
        async with self._connecting:
            if self._connection is None or not self._connection.alive:
                self._connection = await self._find_or_start()
            return self._connection

    async def _find_or_start(self) -> Connection:
        ends = time.monotonic() + START_S
        while time.monotonic() < ends:
            try:
                return await self._open(replace=True)
            except DaemonNotRunning:
                await self._start()
            except DaemonSilent:
                pid = self._endpoint.living_pid()
                if pid is not None:
                    await launch.kill_daemon(self._endpoint, pid)
            except VersionRefused as declined:
                if not declined.refusal.leaving:
                    raise self._mismatch(declined.refusal) from None
                await launch.wait_until_gone(self._endpoint, declined.refusal.pid, START_S)
        raise self._unavailable("can't be reached")

    async def _open(self, *, replace: bool) -> Connection:
        return await Connection.open(
            self._endpoint, version=self._version, client=self._name, replace=replace
        )

    async def _start(self) -> None:
        """Start a daemon, unless another client does it first. Returns when one listens."""
        self._endpoint.prepare()
        async with launch.hold_lock(FileLock(self._endpoint.start_lock), START_S):
            for _ in range(3):
                if await self._listens():
                    return
                process = launch.start_daemon(self._settings, self._command)
                while process.poll() is None:
                    if await self._listens():
                        return
                    await anyio.sleep(0.02)
                if process.returncode == EXIT_NOT_ALONE and (pid := self._endpoint.living_pid()):
                    await launch.kill_daemon(self._endpoint, pid)  # alive for long, and not listening
        raise self._unavailable(f"ended with code {process.returncode} while it started")

    async def _listens(self) -> bool:
        try:
            _, writer = await connect(self._endpoint)
        except OSError:
            return False
        writer.close()
        return True

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

    def _mismatch(self, refusal: protocol.Refused) -> VersionMismatch:
        return VersionMismatch(
            f"An engine of version {refusal.version} (pid {refusal.pid}) is in use, this is {self._version}.",
            remedy="Restart the agents that use the other version, or wait until they are idle.",
        )

    def _unavailable(self, what: str) -> EngineUnavailable:
        return EngineUnavailable(
            f"The engine {what}.",
            remedy=f"See {launch.log_file(self._settings)}, and run `mcp-smalltools doctor`.",
        )


def _catalog_model(id: str, settings: Settings, progress: Progress | None) -> ModelFile:
    from mcp_smalltools.models.catalog import ensure_model

    return ensure_model(id, settings, progress)


def _catalog_adapter(name: str, settings: Settings, base: ModelFile) -> AdapterFile:
    from mcp_smalltools.models.catalog import ensure_adapter

    return ensure_adapter(name, settings, base)


def _split(texts: Sequence[str], max_chars: int, max_texts: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Consecutive parts within both limits, each with the index of its first text; one text is never
    split.
    """
    start = size = 0
    for index, text in enumerate(texts):
        if index > start and (size + len(text) > max_chars or index - start >= max_texts):
            yield start, tuple(texts[start:index])
            start, size = index, 0
        size += len(text)
    if start < len(texts):
        yield start, tuple(texts[start:])


def _shifted(parts: Sequence[tuple[int, Any]]) -> tuple[int, ...]:
    return tuple(start + index for start, part in parts for index in part.truncated)


def _fingerprint(model: ModelFile, adapter: AdapterFile | None, job: work.Work) -> bytes:
    request = protocol.Request(0, model, job, 0.0, adapter)
    return hashlib.sha256(protocol.encode(request, protocol.MAX_REQUEST)).digest()
