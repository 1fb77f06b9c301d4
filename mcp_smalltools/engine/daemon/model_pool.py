"""The models in memory: loaded on need from files whose hash was checked, the least recently used dropped."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from mcp_smalltools.config import Settings
from mcp_smalltools.engine.daemon.encoder import Encoder
from mcp_smalltools.engine.daemon.self_test import SENTENCE, check_vector
from mcp_smalltools.engine.fair_queue import RunningJob, Step
from mcp_smalltools.engine.generation.generator import Generator
from mcp_smalltools.engine.generation.looking import Looker
from mcp_smalltools.engine.llama import bindings, devices
from mcp_smalltools.engine.work import AdapterFile, Job, ModelFile
from mcp_smalltools.errors import EngineBusy, EngineUnavailable, ModelError

log = logging.getLogger("mcp_smalltools.engine")

MAX_MODELS: Final = 4


class ModelRunner(Protocol):
    """One model with its jobs."""

    file: ModelFile
    model: bindings.Model

    @property
    def tokens_done(self) -> int: ...

    @property
    def idle(self) -> bool: ...

    @property
    def adapters(self) -> tuple[str, ...]: ...

    def add(self, job: Job) -> RunningJob:
        """Take a job. Raises UsageError or ModelError if it can't be done."""
        ...

    def steps(self) -> Iterator[Step]:
        """The steps that it could do next."""
        ...

    def set_threads(self, threads: int) -> None: ...

    def close(self) -> None: ...


class ModelPool:
    """Belongs to the scheduler's thread; `all()` may be called from any."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._runners: dict[tuple[str, str], ModelRunner] = {}
        self._checked: dict[str, tuple[tuple[int, int, int], str]] = {}
        """By path: size, time and inode of the file when its hash was checked, and the hash."""

    def all(self) -> list[ModelRunner]:
        """The models in memory, the latest used last."""
        return list(self._runners.values())

    def get(self, file: ModelFile, threads: int, *, looks: bool = False) -> ModelRunner:
        """The runner of a model, loaded on need; with `looks`, the one that is given pictures.

        Raises ModelError, EngineBusy if none can be dropped, EngineUnavailable if its vectors are wrong.
        """
        key = (file.sha256, f"look {file.projector and file.projector.sha256}" if looks else file.kind)
        self._check_file(file.path, file.sha256, f"The model {file.id}")
        if file.projector is not None:
            self._check_file(file.projector.path, file.projector.sha256, f"The projector of {file.id}")
        if key in self._runners:
            self._runners[key] = self._runners.pop(key)  # the latest used is last
            return self._runners[key]
        idle = [other for other, runner in self._runners.items() if runner.idle]
        for other in idle[: max(0, len(self._runners) + 1 - MAX_MODELS)]:
            self._runners.pop(other).close()
        if len(self._runners) >= MAX_MODELS:
            raise EngineBusy("All models that fit are in use.", remedy="Call again in a moment.")
        model = bindings.Model(file.path, gpu_layers=self._gpu_layers(file))
        if looks:
            self._runners[key] = _looker(file, model, threads)
        elif file.kind == "embed":
            self._runners[key] = _tried(Encoder(file, model, threads))
        else:
            self._runners[key] = Generator(file, model, threads, self._settings.state_dir)
        log.info("loaded %s", file.id)
        return self._runners[key]

    def check_adapter(self, adapter: AdapterFile) -> None:
        """Raises ModelError if the file is gone or has changed."""
        self._check_file(adapter.path, adapter.sha256, f"The adapter {adapter.name}")

    def drop(self, runner: ModelRunner) -> None:
        for key, each in list(self._runners.items()):
            if each is runner:
                self._runners.pop(key).close()

    def close(self) -> None:
        for runner in self._runners.values():
            runner.close()

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

    def _check_file(self, path: str, sha256: str, what: str) -> None:
        """Hash a file before it is loaded, and again when it has changed. Raises ModelError."""
        try:
            stat = Path(path).stat()
            stamp = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
            if self._checked.get(path) == (stamp, sha256):
                return
            with Path(path).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            raise ModelError(
                f"The file of {what[:1].lower()}{what[1:]} can't be read.",
                remedy="Run `mcp-smalltools models pull`.",
            ) from None
        if digest != sha256:
            raise ModelError(
                f"{what} has changed: its file is not the one that was checked.",
                remedy="Run `mcp-smalltools models verify`; a damaged file is removed and fetched again.",
            )
        self._checked[path] = (stamp, sha256)


def _looker(file: ModelFile, model: bindings.Model, threads: int) -> Looker:
    """What runs the model with its projector; the model is closed where there is no such."""
    try:
        return Looker(file, model, threads)
    except (ModelError, EngineUnavailable):
        model.close()
        raise


def _tried(encoder: Encoder) -> Encoder:
    """The encoder, closed again if its vectors are wrong. Raises EngineUnavailable."""
    try:
        check_vector(encoder.file.id, encoder.vector_of(SENTENCE))
    except EngineUnavailable:
        encoder.close()
        raise
    return encoder
