"""A worker's view of the server: the calls that come, and what the server does for them."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import itertools
import json
import os
import queue
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio

from mcp_smalltools import metering
from mcp_smalltools.calibration.qualification import QualifiedWriter
from mcp_smalltools.config import Settings
from mcp_smalltools.engine import api, protocol
from mcp_smalltools.errors import InternalError, SmallToolsError
from mcp_smalltools.files.reader import UserFile
from mcp_smalltools.files.tree import FileEntry
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.pictures.picture_file import PictureFile
from mcp_smalltools.pictures.reading import Quad, ReadPicture
from mcp_smalltools.stores.exports import OutputFile
from mcp_smalltools.tools.base import FolderListing, StopSignal, Tool, ToolContext
from mcp_smalltools.tools.built_in import built_in_tools
from mcp_smalltools.tools.open_files import OpenFiles
from mcp_smalltools.workers.sandbox import Walls
from mcp_smalltools.workers.wire import FrameSocket, pack_path, unpack_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DEFAULTS: Final = api.CallOptions()
_SAMPLING: Final = api.Sampling()
WARM: Final = (
    "mcp_smalltools.tools.parse_log.compose",
    "mcp_smalltools.tools.parse_log.count_file",
    "mcp_smalltools.tools.find_failure.compose",
    "mcp_smalltools.tools.extract.fill",
    "mcp_smalltools.tools.extract.mapping.map_plan",
    "mcp_smalltools.tools.ask_file.rank",
    "mcp_smalltools.tools.classify.vectors",
    "mcp_smalltools.privacy.redact",
)
"""Modules that calls need first: loaded before the first call comes."""


class Server:
    """The other end of the connection. One call runs at a time, in a thread of its own."""

    def __init__(self, connection: FrameSocket, status: int | None = None) -> None:
        self._connection = connection
        self._status = status
        self._calls: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()
        self._waiting: dict[int, Future[tuple[Any, list[int]]]] = {}
        self._numbers = itertools.count(1)

    def start(self, walls: Walls) -> None:
        """Take what the server sends until it leaves."""
        for module in WARM:
            importlib.import_module(module)
        threading.Thread(target=self._run_calls, daemon=True).start()
        self._connection.send(("ready", dataclasses.asdict(walls)))
        while True:
            try:
                (kind, *rest), descriptors = self._connection.receive()
            except (EOFError, OSError):
                return
            if kind == "call":
                self._calls.put(json.loads(rest[0]))
            elif kind == "reply":
                number, value = rest
                self._waiting.pop(number).set_result((value, descriptors))

    def ask(self, what: str, *arguments: Any) -> Any:
        """What the server gives. Raises the error that it raised."""
        return self.ask_with_descriptors(what, *arguments)[0]

    def ask_with_descriptors(self, what: str, *arguments: Any) -> tuple[Any, list[int]]:
        number = next(self._numbers)
        future: Future[tuple[Any, list[int]]] = Future()
        self._waiting[number] = future
        self._connection.send(("ask", number, what, arguments))
        value, descriptors = future.result()
        if isinstance(value, protocol.Failure):
            raise protocol.as_error(value)
        return value, descriptors

    def report(self, done: float, total: float | None, message: str) -> None:
        self._connection.send(("progress", done, total, message))

    def _run_calls(self) -> None:
        tools = built_in_tools()
        while (call := self._calls.get()) is not None:
            before = metering.processor_s()
            try:
                outcome: tuple[Any, ...] = ("answer", *anyio.run(self._answer, call, tools))
            except SmallToolsError as error:
                outcome = ("failed", protocol.failure(0, error))
            except BaseException as error:
                problem = InternalError.at(str(call["tool"]), error)
                outcome = ("failed", protocol.failure(0, problem))
            try:
                self._connection.send((*outcome, metering.processor_s() - before))
            except OSError:  # the server has left
                os._exit(0)

    async def _answer(self, call: Mapping[str, Any], tools: Mapping[str, Tool]) -> tuple[Any, ...]:
        """The answer's JSON as it may leave, whether it lasts, lines of each file, and peak memory in KB."""
        tool = tools[call["tool"]]
        settings = _settings(call["settings"])
        files = _ServersFiles(settings, self)
        context = ToolContext(
            settings=settings,
            engine=_ServersEngine(self),
            open=files.open,
            folders=files,
            create_output=files.create_output,
            kept=_ServersState(self),
            scrub=files.scrub,
            progress=self.report,
            stop=StopSignal(call["deadline_s"]),
            level=lambda: files.level,
            paint=files.paint,
            caller=call["caller"],
            adapter=call["adapter"],
            skill=call["skill"],
            writer=QualifiedWriter.from_json(call["writer"]) if call["writer"] else None,
        )
        try:
            answer = await tool.run(tool.Arguments.model_validate(call["arguments"]), context)
            answer.source = answer.source or files.sources()
            files.note_pictures(answer)
            files.apply_privacy(answer)
            lines = [(pack_path(path), count) for path, count in files.line_counts().items()]
            return json.dumps(answer.model_dump(mode="json")), answer.lasting, lines, _peak_kb(self._status)
        finally:
            files.close()


class _ServersFiles(OpenFiles):
    """Files and folders that the server opens, looks into and creates."""

    def __init__(self, settings: Settings, server: Server) -> None:
        super().__init__(settings)
        self._server = server
        self._outputs: dict[Path, int] = {}

    def open(self, path: str) -> UserFile:
        if path not in self._open:
            (real, level, picture), (descriptor,) = self._server.ask_with_descriptors("open", pack_path(path))
            file = UserFile(path, Path(unpack_path(real)), PrivacyLevel(level), descriptor)
            self._open[path] = (
                PictureFile(file, ReadPicture.unpacked(json.loads(picture))) if picture else file
            )
        return self._open[path]

    def is_folder(self, path: str) -> bool:
        return bool(self._server.ask("is_folder", pack_path(path)))

    def listing(self, path: str, check: Callable[[], None]) -> FolderListing:
        prefix, entries, *counts = self._server.ask("listing", pack_path(path))
        found = tuple(FileEntry(unpack_path(name), *rest) for name, *rest in entries)
        return FolderListing(unpack_path(prefix), found, *counts)

    def path_to_open(self, folder: str, entry: FileEntry) -> str:
        return unpack_path(self._server.ask("path_to_open", pack_path(folder), pack_path(entry.path)))

    def paint(self, file: UserFile, places: Sequence[tuple[int, Quad]], output: OutputFile) -> None:
        number = self._outputs[output.path]
        self._server.ask("paint", pack_path(file.path), json.dumps(list(places)), number)

    def create_output(self, name: str) -> OutputFile:
        (number, path), (descriptor,) = self._server.ask_with_descriptors("create_output", pack_path(name))

        def allow(size: int) -> None:
            self._server.ask("allow_output", number, size)

        def finish(complete: bool) -> None:
            self._server.ask("finish_output", number, complete)

        self._outputs[Path(unpack_path(path))] = number
        return OutputFile(Path(unpack_path(path)), descriptor, allow, finish)

    def line_counts(self) -> dict[str, int | None]:
        return {path: file.line_count for path, file in self._open.items()}


class _ServersState:
    """`stores.kept_state.KeptState` at the server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def position(self, path: Path) -> bytes | None:
        found = self._server.ask("position", pack_path(path))
        return bytes(found) if found is not None else None

    def keep_position(self, path: Path, position: bytes) -> bool:
        return bool(self._server.ask("keep_position", pack_path(path), position))

    def vectors(self, made_by: str, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        found = self._server.ask("vectors", made_by, json.dumps(list(texts)))
        return {texts[number]: vector for number, vector in found}

    def keep_vectors(self, made_by: str, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        self._server.ask("keep_vectors", made_by, json.dumps(list(vectors)), tuple(vectors.values()))


class _ServersEngine:
    """`api.Engine` at the server."""

    remote_hosts: tuple[str, ...] = ()

    def __init__(self, server: Server) -> None:
        self._server = server

    async def embed(self, texts: Sequence[str], options: api.CallOptions = _DEFAULTS) -> api.Embeddings:
        found: api.Embeddings = await self._ask("embed", options, tuple(texts))
        return found

    async def embed_tokens(
        self, texts: Sequence[str], options: api.CallOptions = _DEFAULTS
    ) -> api.TokenEmbeddings:
        found: api.TokenEmbeddings = await self._ask("embed_tokens", options, tuple(texts))
        return found

    async def generate(
        self,
        prompts: Sequence[api.Prompt],
        sampling: api.Sampling = _SAMPLING,
        options: api.CallOptions = _DEFAULTS,
    ) -> list[api.Generation]:
        return list(await self._ask("generate", options, tuple(prompts), sampling))

    async def look(
        self,
        prompts: Sequence[api.PicturePrompt],
        sampling: api.Sampling = api.Sampling(),  # noqa: B008 - frozen
        options: api.CallOptions = _DEFAULTS,
    ) -> list[api.Generation]:
        return list(await self._ask("look", options, tuple(prompts), sampling))

    async def score_labels(
        self,
        prompts: Sequence[api.Prompt],
        labels: Sequence[str],
        options: api.CallOptions = _DEFAULTS,
    ) -> api.LabelScores:
        found: api.LabelScores = await self._ask("score_labels", options, tuple(prompts), tuple(labels))
        return found

    async def count_tokens(self, texts: Sequence[str], options: api.CallOptions = _DEFAULTS) -> list[int]:
        return list(await self._ask("count_tokens", options, tuple(texts)))

    async def proven_encoder(self, adapter: str | None = None) -> str | None:
        found: str | None = await self._ask("proven_encoder", None, adapter)
        return found

    async def status(self) -> api.EngineStatus:
        found: api.EngineStatus = await self._ask("status", None)
        return found

    async def close(self) -> None:
        """The server's to do."""

    async def _ask(self, operation: str, options: api.CallOptions | None, *arguments: Any) -> Any:
        given = None
        if options is not None:
            reports = options.progress is not None
            given = (options.model, options.adapter, options.deadline_s, options.priority, reports)
        return await anyio.to_thread.run_sync(self._server.ask, "engine", operation, given, arguments)


@functools.lru_cache(maxsize=8)
def _settings(text: str) -> Settings:
    return Settings.model_validate_json(text)


def _peak_kb(status: int | None) -> int:
    """Peak memory of this process; 0 where it isn't known. `ru_maxrss` would begin at the parent's."""
    if status is None:
        return 0
    found = re.search(rb"VmHWM:\s*(\d+)", os.pread(status, 16_384, 0))
    return int(found[1]) if found else 0
