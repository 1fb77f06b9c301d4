"""Runs jobs on llama.cpp: one thread, one step at a time, whoever is furthest behind next.

A runner holds one model and says what it could do next; the scheduler picks among the offers of all runners,
so that a step of one job goes between two slices of another's.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from mcp_smalltools.config import Settings
from mcp_smalltools.engine.api import LoadedModel
from mcp_smalltools.engine.daemon.encoder import Encoder
from mcp_smalltools.engine.daemon.threads import ThreadPolicy
from mcp_smalltools.engine.generation.generator import Generator
from mcp_smalltools.engine.llama import bindings, devices
from mcp_smalltools.engine.turns import Active, Offer, Turns
from mcp_smalltools.engine.work import CountTokens, Job, ModelFile
from mcp_smalltools.errors import (
    EngineBusy,
    EngineUnavailable,
    InternalError,
    ModelError,
    SmallToolsError,
)

log = logging.getLogger("mcp_smalltools.engine")

MAX_JOBS: Final = 256
MAX_MODELS: Final = 4


class Runner(Protocol):
    """One model with its jobs."""

    file: ModelFile
    model: bindings.Model
    tokens_done: int

    @property
    def idle(self) -> bool: ...

    @property
    def adapters(self) -> tuple[str, ...]: ...

    def add(self, job: Job) -> Active:
        """Take a job. Raises UsageError or ModelError if it can't be done."""
        ...

    def offers(self) -> Iterator[Offer]: ...

    def set_threads(self, threads: int) -> None: ...

    def close(self) -> None: ...


class LlamaScheduler:
    """Implements `work.Scheduler` on llama.cpp."""

    def __init__(self, settings: Settings) -> None:
        bindings.load_library()
        self._settings = settings
        self._policy = ThreadPolicy(settings.engine_threads)
        self._backend = bindings.backend_name()
        self._inbox: list[Job] = []
        self._news = threading.Condition()
        self._closing = False
        self._active: list[tuple[Active, Runner]] = []
        self._runners: dict[tuple[str, str], Runner] = {}
        self._stamps: dict[str, tuple[tuple[int, int, int], str]] = {}
        self._turns = Turns()
        self._steps = 0
        self._step_started: float | None = None
        self._thread = threading.Thread(target=self._run, name="llama.cpp", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        with self._news:
            if self._closing:
                raise EngineUnavailable("The engine is leaving.", remedy="Call again: a fresh one starts.")
            if len(self._inbox) + len(self._active) >= MAX_JOBS:
                raise EngineBusy(
                    f"The engine has {MAX_JOBS} calls in its queue.", remedy="Call again in a moment."
                )
            self._inbox.append(job)
            self._news.notify()

    def loaded(self) -> tuple[LoadedModel, ...]:
        return tuple(
            LoadedModel(r.file.id, r.file.path, r.file.layout, r.model.bytes, r.adapters)
            for r in list(self._runners.values())
        )

    def stats(self) -> Mapping[str, Any]:
        return {
            "queued": len(self._inbox) + len(self._active),
            "steps": self._steps,
            "tokens": sum(runner.tokens_done for runner in list(self._runners.values())),
            "threads": self._policy.threads,
            "backend": self._backend,
            "step_started": self._step_started,
        }

    def close(self) -> None:
        with self._news:
            self._closing = True
            self._news.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._wait():
            self._take_jobs()
            self._end_due_jobs()
            self._step()
        leaving = EngineUnavailable("The engine is leaving.", remedy="Call again: a fresh one starts.")
        for job in self._inbox:
            job.on_done(leaving)
        for active, _ in self._active:
            active.end(leaving)
        for runner in self._runners.values():
            runner.close()

    def _wait(self) -> bool:
        """Wait until there is something to do; False when it is time to leave."""
        with self._news:
            while not (self._inbox or self._active or self._closing):
                self._news.wait()
            return not self._closing

    def _take_jobs(self) -> None:
        with self._news:
            jobs, self._inbox = self._inbox, []
        for job in jobs:
            try:
                self._take(job)
            except SmallToolsError as error:
                job.on_done(error)
            except Exception as error:  # a bug of ours must cost this job, and not the engine
                log.exception("a job could not be taken")
                job.on_done(InternalError.at("the engine", error))

    def _take(self, job: Job) -> None:
        self._step_started = time.monotonic()
        try:
            runner = self._runner(job.model)
            if isinstance(job.work, CountTokens):
                job.on_done([len(runner.model.tokenize(text)) for text in job.work.texts])
                return
            if job.adapter is not None:
                self._check_file(job.adapter.path, job.adapter.sha256, f"The adapter {job.adapter.name}")
            active = runner.add(job)
        finally:
            self._step_started = None
        if not active.over:
            self._turns.enter(job.client, [other.job.client for other, _ in self._active])
            self._active.append((active, runner))

    def _end_due_jobs(self) -> None:
        now = time.monotonic()
        self._active = [(active, runner) for active, runner in self._active if not active.end_if_due(now)]

    def _step(self) -> None:
        """Do one step of whoever is furthest behind."""
        runner, offer = None, None
        try:
            offers = {id(o): (r, o) for r in self._runners.values() if not r.idle for o in r.offers()}
            if not offers:
                self._active = [(active, runner) for active, runner in self._active if not active.over]
                if self._active:
                    raise AssertionError("jobs are left, and no runner offers a step")
                return
            runner, offer = offers[id(self._turns.choose(offer for _, offer in offers.values()))]
            if self._policy.changed():
                for each in self._runners.values():
                    each.set_threads(self._policy.threads)
            self._step_started = started = time.monotonic()
            jobs = offer.run()
            self._turns.charge(jobs, time.monotonic() - started)
            self._steps += 1
        except SmallToolsError as error:
            self._fail(runner, error)
        except Exception as error:  # a bug of ours must cost these jobs, and not the engine
            log.exception("a step failed")
            self._fail(runner, InternalError.at("the engine", error))
        finally:
            self._step_started = None

    def _fail(self, runner: Runner | None, error: SmallToolsError) -> None:
        """End the jobs of a runner that can't be trusted any more, and let go of it."""
        for active, theirs in self._active:
            if runner is None or theirs is runner:
                active.end(error)
        self._active = [(active, theirs) for active, theirs in self._active if not active.over]
        for key, each in list(self._runners.items()):
            if runner is None or each is runner:
                self._let_go(key)

    def _runner(self, file: ModelFile) -> Runner:
        """The runner of a model, loaded if need be. Raises ModelError."""
        key = (file.sha256, file.kind)
        self._check_file(file.path, file.sha256, f"The model {file.id}")
        if key in self._runners:
            self._runners[key] = self._runners.pop(key)  # the latest used is last
            return self._runners[key]
        idle = [other for other, runner in self._runners.items() if runner.idle]
        for other in idle[: max(0, len(self._runners) + 1 - MAX_MODELS)]:
            self._let_go(other)
        if len(self._runners) >= MAX_MODELS:
            raise EngineBusy("All models that fit are in use.", remedy="Call again in a moment.")
        model = bindings.Model(file.path, gpu_layers=self._gpu_layers(file))
        threads = self._policy.threads
        if file.kind == "embed":
            self._runners[key] = Encoder(file, model, threads)
        else:
            self._runners[key] = Generator(file, model, threads, self._settings.state_dir)
        log.info("loaded %s", file.id)
        return self._runners[key]

    def _gpu_layers(self, file: ModelFile) -> int:
        """As configured, else as many as the free memory of the GPUs holds."""
        if self._settings.engine_gpu_layers >= 0:
            return self._settings.engine_gpu_layers
        free = sum(device.free for device in devices.devices())
        if not free:
            return 0
        size = Path(file.path).stat().st_size
        # Caches and buffers of a model are about a quarter of its weights, and 256 MB at least.
        cache = max(256 << 20, size // 4)
        return devices.layers_that_fit(size, devices.layers_in_file(file.path), cache, free)

    def _let_go(self, key: tuple[str, str]) -> None:
        self._runners.pop(key).close()

    def _check_file(self, path: str, sha256: str, what: str) -> None:
        """Hash a file before it is loaded, and again when it has changed. Raises ModelError."""
        try:
            stat = Path(path).stat()
            stamp = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
            if self._stamps.get(path) == (stamp, sha256):
                return
            with Path(path).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            raise ModelError(
                f"{what} is no longer at its place.", remedy="Run `mcp-smalltools models pull`."
            ) from None
        if digest != sha256:
            raise ModelError(
                f"{what} has changed: its file is not the one that was checked.",
                remedy="Run `mcp-smalltools models verify`; a file that is damaged is fetched again.",
            )
        self._stamps[path] = (stamp, sha256)
