"""Runs jobs on llama.cpp: one thread, one step at a time, in the order of the fair queue.

Each model says which steps it could do next; the scheduler picks one among those of all models, so that
another job's step goes between two prefill chunks of a long prompt.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from mcp_smalltools.config import Settings
from mcp_smalltools.engine.api import LoadedModel
from mcp_smalltools.engine.daemon.model_pool import ModelPool, ModelRunner
from mcp_smalltools.engine.daemon.threads import ThreadPolicy
from mcp_smalltools.engine.fair_queue import FairQueue, RunningJob, Step
from mcp_smalltools.engine.llama import bindings
from mcp_smalltools.engine.work import CountTokens, Job, Look
from mcp_smalltools.errors import EngineBusy, EngineUnavailable, InternalError, SmallToolsError

log = logging.getLogger("mcp_smalltools.engine")

MAX_JOBS: Final = 256


class LlamaScheduler:
    """Implements `work.Scheduler` on llama.cpp."""

    def __init__(self, settings: Settings) -> None:
        bindings.load_library()
        self._policy = ThreadPolicy(settings.engine_threads)
        self._backend = bindings.backend_name()
        self._models = ModelPool(settings)
        self._queue = FairQueue()
        self._inbox: list[Job] = []
        self._news = threading.Condition()
        self._closing = False
        self._running: list[tuple[RunningJob, ModelRunner]] = []
        self._steps_done = 0
        self._step_started: float | None = None
        self._thread = threading.Thread(target=self._run, name="llama.cpp", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        with self._news:
            if self._closing:
                raise _leaving()
            if len(self._inbox) + len(self._running) >= MAX_JOBS:
                raise EngineBusy(
                    f"The engine has {MAX_JOBS} calls in its queue.", remedy="Call again in a moment."
                )
            self._inbox.append(job)
            self._news.notify()

    def loaded(self) -> tuple[LoadedModel, ...]:
        return tuple(
            LoadedModel(r.file.id, r.file.path, r.file.layout, r.model.bytes, r.adapters)
            for r in self._models.all()
        )

    def stats(self) -> Mapping[str, Any]:
        return {
            "queued": len(self._inbox) + len(self._running),
            "steps": self._steps_done,
            "tokens": sum(runner.tokens_done for runner in self._models.all()),
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
        for job in self._inbox:
            job.on_done(_leaving())
        for running, _ in self._running:
            running.end(_leaving())
        self._models.close()

    def _wait(self) -> bool:
        """Wait until there is something to do; False when it is time to leave."""
        with self._news:
            while not (self._inbox or self._running or self._closing):
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
            looks = isinstance(job.work, Look)
            runner = self._models.get(job.model, self._policy.threads, looks=looks)
            if isinstance(job.work, CountTokens):
                job.on_done([len(runner.model.tokenize(text)) for text in job.work.texts])
                return
            if job.adapter is not None:
                self._models.check_adapter(job.adapter)
            job.time.threads, job.time.on_gpu = self._policy.threads, not self._backend.startswith("CPU")
            running = runner.add(job)
        finally:
            self._step_started = None
        if not running.over:
            self._queue.enter(job.client, [other.job.client for other, _ in self._running])
            self._running.append((running, runner))

    def _end_due_jobs(self) -> None:
        now = time.monotonic()
        self._running = [
            (running, runner) for running, runner in self._running if not running.end_if_due(now)
        ]

    def _step(self) -> None:
        """Do the step that the fair queue chooses."""
        runner: ModelRunner | None = None
        try:
            steps: list[tuple[Step, ModelRunner]] = []
            for each in self._models.all():
                if not each.idle:
                    steps += [(step, each) for step in each.steps()]
            if not steps:
                self._forget_ended_jobs()
                if self._running:
                    raise AssertionError("jobs are left, and no model has a step to do")
                return
            step = self._queue.choose(step for step, _ in steps)
            runner = next(owner for candidate, owner in steps if candidate is step)
            if self._policy.changed():
                for each in self._models.all():
                    each.set_threads(self._policy.threads)
            self._step_started = started = time.monotonic()
            jobs = self._run_step(step, started)
            self._queue.charge(jobs, time.monotonic() - started)
            self._steps_done += 1
        except SmallToolsError as error:
            self._fail(runner, error)
        except Exception as error:  # a bug of ours must cost these jobs, and not the engine
            log.exception("a step failed")
            self._fail(runner, InternalError.at("the engine", error))
        finally:
            self._step_started = None

    def _run_step(self, step: Step, started: float) -> Iterable[RunningJob]:
        """The jobs that took part. A job that ends meanwhile knows what it has had of the step."""
        taking_part = list(step.jobs)
        for running in taking_part:
            running.in_step = (started, len(taking_part))
        try:
            return step.run()
        finally:
            for running in taking_part:
                running.in_step = None

    def _fail(self, failed: ModelRunner | None, error: SmallToolsError) -> None:
        """End the jobs of a model whose step failed, and drop it; None: those of all models."""
        for running, runner in self._running:
            if failed is None or runner is failed:
                running.end(error)
        self._forget_ended_jobs()
        for runner in self._models.all():
            if failed is None or runner is failed:
                self._models.drop(runner)

    def _forget_ended_jobs(self) -> None:
        self._running = [(running, runner) for running, runner in self._running if not running.over]


def _leaving() -> EngineUnavailable:
    return EngineUnavailable("The engine is leaving.", remedy="Call again: a new one starts.")
