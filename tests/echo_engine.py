"""A daemon whose scheduler holds no model: what a text says is what happens. For tests of the process.

python tests/echo_engine.py [--version V] [--step-limit S] [--tcp]

"hold"    the job waits until it is cancelled
"stuck"   the step never comes back
"abort"   the process aborts, as llama.cpp does on a failed assertion
"abort once FILE"   the same, the first time
other     embeds to a vector made of the text's bytes
"""

from __future__ import annotations

import argparse
import os
import queue
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mcp_smalltools import __version__
from mcp_smalltools.engine import endpoint
from mcp_smalltools.engine.api import Embeddings, Generation, LabelScores, LoadedModel, TokenEmbeddings
from mcp_smalltools.engine.daemon import daemon, watchdog
from mcp_smalltools.engine.work import CountTokens, Embed, Generate, Job, ScoreLabels
from mcp_smalltools.errors import Cancelled, EngineBusy


def vector(text: str) -> np.ndarray:
    return np.resize(np.frombuffer(text.encode() or b"\0", np.uint8), 8).astype(np.float32)


class EchoScheduler:
    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._held: list[Job] = []
        self._counts = {"done": 0, "cancelled": 0}
        self._step_started: float | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def submit(self, job: Job) -> None:
        if isinstance(job.work, Embed) and "busy" in job.work.texts:
            raise EngineBusy("The queue is full.", remedy="Call again in a moment.")
        self._jobs.put(job)

    def loaded(self) -> tuple[LoadedModel, ...]:
        return (LoadedModel("echo", "/echo", "F32", 0),)

    def stats(self) -> Mapping[str, Any]:
        return {
            **self._counts,
            "queued": len(self._held),
            "threads": 1,
            "backend": "none",
            "step_started": self._step_started,
        }

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join(5)

    def _run(self) -> None:
        while True:
            for job in [job for job in self._held if job.cancelled]:
                self._held.remove(job)
                self._counts["cancelled"] += 1
                job.on_done(Cancelled("The call was cancelled."))
            try:
                job = self._jobs.get(timeout=0.01)
            except queue.Empty:
                continue
            if job is None:
                return
            self._step(job)

    def _step(self, job: Job) -> None:
        texts = job.work.texts if isinstance(job.work, (Embed, CountTokens)) else ()
        job.on_progress(0, len(texts))
        if "hold" in texts:
            self._held.append(job)
            return
        if "stuck" in texts:
            self._step_started = time.monotonic()
            threading.Event().wait()
        if "abort" in texts:
            os.abort()
        for text in texts:
            if text.startswith("abort once ") and not Path(text[11:]).exists():
                Path(text[11:]).touch()
                os.abort()
        self._counts["done"] += 1
        job.on_done(answer(job.work))


def answer(work: Any) -> Any:
    match work:
        case Embed(texts=texts, per_token=False):
            return Embeddings(np.stack([vector(text) for text in texts]), truncated=(0,))
        case Embed(texts=texts):
            vectors = tuple(np.ones((len(text), 8), np.float32) for text in texts)
            return TokenEmbeddings(vectors, tuple(np.zeros((len(text), 2), np.int32) for text in texts))
        case Generate(prompts=prompts):
            return [Generation(p.messages[-1].content, "stop", 1, 0, 1, float("nan")) for p in prompts]
        case ScoreLabels(prompts=prompts, labels=labels):
            shape = (len(prompts), len(labels))
            return LabelScores(np.full(shape, -1.5), np.ones(shape, np.int64))
        case CountTokens(texts=texts):
            return [len(text.split()) for text in texts]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", default=__version__)
    parser.add_argument("--step-limit", type=float, default=watchdog.STEP_S)
    parser.add_argument("--tcp", action="store_true")
    args = parser.parse_args()
    if args.tcp:
        daemon.UNIX = endpoint.UNIX = False
    watchdog.Watchdog.__init__.__defaults__ = (args.step_limit,)
    sys.exit(daemon.main(lambda settings: EchoScheduler(), version=args.version))
