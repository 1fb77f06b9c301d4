"""The pipeline of one call: arguments, files, cache, tool, privacy, size, ledger (`Service.call`)."""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from mcp_smalltools import __version__, metering
from mcp_smalltools.calibration.qualification import QualifiedWriter, writer_for
from mcp_smalltools.config import RootSpec, Settings, with_client_roots
from mcp_smalltools.errors import (
    Cancelled,
    ConfigError,
    DeadlineExceeded,
    FileError,
    InternalError,
    NotRecorded,
    SmallToolsError,
    UsageError,
)
from mcp_smalltools.files.put_aside import with_outputs_put_aside
from mcp_smalltools.metering import CallMeter, SharedProcessor
from mcp_smalltools.principal import LOCAL, export_folder_name, narrow_settings
from mcp_smalltools.privacy.answers import as_json, shrink_to_fit
from mcp_smalltools.privacy.remote_engine import RedactingEngine
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.result import Answer
from mcp_smalltools.stores.accounts.call_cost import CallCost
from mcp_smalltools.stores.cache import AnswerCache, CachedAnswer, cache_key
from mcp_smalltools.stores.exports import Exports, OutputFile, Quota
from mcp_smalltools.stores.kept_state import StateFolder
from mcp_smalltools.stores.ledger import Ledger, LedgerRow, open_ledger
from mcp_smalltools.suggest import did_you_mean
from mcp_smalltools.tools import base
from mcp_smalltools.tools.base import Arguments, StopSignal, Tool, ToolContext, skill_of
from mcp_smalltools.tools.open_files import OpenFiles
from mcp_smalltools.tools.registry import SkillState, ToolRegistry, listed_tools, why_unlisted

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine, Progress
    from mcp_smalltools.files.reader import UserFile
    from mcp_smalltools.pictures.reading import Quad, ReadPicture
    from mcp_smalltools.workers.picture_client import PictureProcess
    from mcp_smalltools.workers.pool import WorkerPool

GRACE_S = 5.0
"""Seconds that a tool gets after its deadline to hand in a partial answer."""

CACHED_UP_TO = 256 << 20
"""Largest file, in bytes, whose answers are cached: hashing a larger one takes longer than it saves."""


class Service:
    """Answers tool calls. One for each server process; calls may run at the same time."""

    def __init__(
        self, settings: Settings, engine: Engine | None = None, workers: WorkerPool | None = None
    ) -> None:
        """With `workers`, tools read files in processes of their own; without, in this one."""
        from mcp_smalltools.tools.built_in import built_in_tools

        self.settings = settings
        self._workers = workers
        built_in = built_in_tools()
        if workers is not None:
            from mcp_smalltools.workers.isolated import isolate

            built_in = isolate(built_in, workers)
        self._registry = ToolRegistry(settings, built_in)
        self.tools: Mapping[str, Tool] = self._registry.tools
        self._engine = engine
        self._ledger: Ledger | None = None
        self._ledger_lock = threading.Lock()
        self.processor = SharedProcessor()
        self.on_recorded: Callable[[LedgerRow], None] = lambda row: None  # called in any thread
        self._cache: AnswerCache | None = None
        self._allowed: dict[Path, RootSpec] = {}
        self._pictures: PictureProcess | None = None

    async def call(self, request: ToolRequest, progress: Progress | None = None) -> Answer:
        """Answer one call. Raises SmallToolsError; whatever else a tool raises becomes an InternalError."""
        call = Call(request, self, progress or (lambda done, total, message: None))
        try:
            call.narrow()
            tool = self._tool(request.tool)
            arguments = base.validate_arguments(tool.name, tool.Arguments, request.arguments)
            call.task = arguments.task
            call.writer = await call.in_thread(writer_for, skill_of(tool), call.settings)
            key = self._key(tool, arguments, call)
            answer = await call.in_thread(self._from_cache, tool, key, call) if key else None
            if answer is None:
                answer = await call.run(tool, arguments)
                answer.source = answer.source or call.files.sources()
                if not answer.masked:
                    call.files.note_pictures(answer)
                    await call.in_thread(call.files.apply_privacy, answer)
                if key and answer.lasting and not call.stop.expired:
                    await call.in_thread(self._to_cache, key, call, answer)
            answer.call_id = call.id
            shrink_to_fit(answer, self.settings.max_answer_chars)
            await call.in_thread(self._record, call, as_json(answer), answer)
            return answer
        except SmallToolsError as error:
            await call.in_thread(self._record, call, str(error), error)
            raise
        except Exception as error:
            # A bug outside the tool. Its text is not reported: it may hold text of the user's file.
            problem = InternalError.at(request.tool, error)
            await call.in_thread(self._record, call, str(problem), problem)
            raise problem from None
        except anyio.get_cancelled_exc_class():
            with contextlib.suppress(NotRecorded):
                self._record(call, "", Cancelled("The call was cancelled."))
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await call.close()

    def allow(self, folder: Path) -> None:
        """Have the user's own agent read a folder until this server ends: its user has just said so."""
        self._allowed[folder] = RootSpec(path=folder, level=self.settings.privacy)

    def settings_for(self, request: ToolRequest) -> Settings:
        """The settings with what the user's own agent may read besides. Raises NotAllowed."""
        given = with_client_roots(self.settings, request.client_roots)
        principal = request.principal or LOCAL
        if principal.remote:
            return narrow_settings(given, principal)
        if self._allowed and given.effective_roots:
            roots = (*given.effective_roots, *self._allowed.values())
            given = given.model_copy(update={"roots": roots})
        return narrow_settings(with_outputs_put_aside(given), principal)

    @property
    def listed(self) -> Mapping[str, Tool]:
        """The tools that agents are offered."""
        return listed_tools(self.tools, self.settings)

    def reload_skills(self) -> bool:
        """Read the user's skill packs again; True if the tools that agents are offered have changed."""
        before = [(tool.name, tool.version) for tool in self.listed.values()]
        self._registry.reload()
        self.tools = self._registry.tools
        return before != [(tool.name, tool.version) for tool in self.listed.values()]

    def skills(self) -> list[SkillState]:
        """The state of the user's skill packs, including those that can't be used."""
        return self._registry.states()

    def problems(self) -> frozenset[str]:
        """What is wrong with skill packs, a sentence each, including tools that don't fit in the list."""
        missing = self.tools.keys() - self.listed.keys() - set(self.settings.hide_tools)
        unlisted = [why_unlisted(name, self.settings) for name in missing]
        return frozenset(map(str, [*self._registry.problems.values(), *unlisted]))

    @property
    def engine(self) -> Engine:
        """The engine's client. The daemon starts when it is first needed. Raises ConfigError, NotAllowed."""
        if self._engine is None:
            from mcp_smalltools.engine.make import make_engine

            self._engine = make_engine(self.settings)
        return self._engine

    @property
    def pictures(self) -> PictureProcess:
        """What reads pictures. Its process starts with the first picture."""
        with self._ledger_lock:
            if self._pictures is None:
                from mcp_smalltools.workers.picture_client import PictureProcess

                self._pictures = PictureProcess(self.settings)
            return self._pictures

    def warm_up(self) -> None:
        """Start what the first call needs. Returns at once."""
        if self._workers is not None:
            self._workers.warm()

    async def close(self) -> None:
        for tool in self.tools.values():
            if closing := getattr(tool, "close", None):
                await closing()
        if self._workers is not None:
            await anyio.to_thread.run_sync(self._workers.close)
        if self._pictures is not None:
            await anyio.to_thread.run_sync(self._pictures.close)
        if self._engine is not None:
            await self._engine.close()
        for store in (self._ledger, self._cache):
            if store is not None:
                store.close()

    def _tool(self, name: str) -> Tool:
        if tool := self.tools.get(name):
            return tool
        raise UsageError(
            f"There is no tool {name!r}{did_you_mean(name, self.tools)}.",
            remedy=f"Tools are: {', '.join(self.tools)}.",
        )

    def _key(self, tool: Tool, arguments: Arguments, call: Call) -> str | None:
        """The cache key, or None where the answer must not be cached. Cached answers are already redacted, so
        the privacy settings are part of the key, and the program's version, whose rules made them.
        """
        if not call.settings.cache or not arguments.cacheable:
            return None
        settings = call.settings
        roots = [(str(root.path), root.level) for root in settings.effective_roots]
        writer = call.writer.to_json() if call.writer else ""
        models = (settings.embed_model, writer, *settings.engine_urls)
        privacy = (settings.privacy, settings.redact_patterns)
        version = (__version__, tool.version)
        return cache_key(tool.name, version, models, roots, privacy, arguments.model_dump(mode="json"))

    def _from_cache(self, tool: Tool, key: str, call: Call) -> Answer | None:
        try:
            entry = self._answer_cache().get(key, call.files.hash_of)
        except (FileError, ConfigError, sqlite3.Error):
            return None  # the tool will meet the file's error and report it; a broken cache is ignored
        call.cached = entry is not None
        return tool.Answer.model_validate(entry.answer) if entry else None

    def _to_cache(self, key: str, call: Call, answer: Answer) -> None:
        hashes = call.files.hashes_if_unchanged(CACHED_UP_TO)
        if hashes is None:
            return
        try:
            self._answer_cache().put(key, CachedAnswer(hashes, answer.model_dump(mode="json")))
        except (ConfigError, sqlite3.Error) as error:
            print(f"mcp-smalltools: the cache can't be written: {error}", file=sys.stderr)

    def _answer_cache(self) -> AnswerCache:
        if self._cache is None:
            self._cache = AnswerCache(self.settings.state_dir / "cache.db", max_mb=self.settings.cache_mb)
        return self._cache

    def _record(self, call: Call, left: str, outcome: Answer | SmallToolsError) -> None:
        """Write the ledger row before the answer goes out. Raises NotRecorded if that fails and the principal
        may get no unrecorded answers; by default the user's own agent gets them, with a warning on stderr.
        """
        if call.recorded:
            return
        answer = outcome if isinstance(outcome, Answer) else None
        error = outcome if isinstance(outcome, SmallToolsError) else None
        row = LedgerRow(
            call_id=call.id,
            at=call.started_at,
            client=call.request.client,
            tool=call.request.tool,
            paths=call.files.paths,
            level=call.files.level.value,
            bytes_read=call.files.bytes,
            chars_asked=len(json.dumps(dict(call.request.arguments), default=str)),
            chars_left=len(left),
            seconds=round(time.monotonic() - call.started, 4),
            model=answer.model if answer else None,
            confidence=answer.confidence if answer else None,
            escalate=bool(answer and answer.escalate),
            cached=call.cached,
            error=error.code if error else None,
            answer=left,
            principal=call.principal.name,
            cost=call.cost(),
            task=call.task,
        )
        try:
            self.ledger().write(row)
            call.recorded = True
            self.on_recorded(row)
        except (ConfigError, sqlite3.Error) as problem:
            print(f"mcp-smalltools: the ledger can't be written: {problem}", file=sys.stderr)
            allowed = self.settings.unrecorded
            if allowed == "none" or (allowed == "local" and call.principal.remote):
                raise NotRecorded(
                    "The answer can't be recorded in the ledger, so it is withheld.",
                    remedy="The server's owner can free disk space, or allow it (setting `unrecorded`).",
                ) from None

    def ledger(self) -> Ledger:
        """The ledger, opened on first use. Raises ConfigError."""
        with self._ledger_lock:
            if self._ledger is None:
                self._ledger = open_ledger(self.settings)
            return self._ledger


class Call:
    """One running call: its files, its deadline, and the context for the tool."""

    def __init__(self, request: ToolRequest, service: Service, progress: Progress) -> None:
        self.id = secrets.token_hex(6)
        self.request = request
        self.started = time.monotonic()
        self.started_at = time.time()
        self.cached = False
        self.recorded = False
        self.task: str | None = None
        self.principal = request.principal or LOCAL
        self.settings = service.settings
        self.stop = StopSignal(request.deadline_s or service.settings.deadline_s)
        self.files = OpenFiles(service.settings, self._read_picture)
        self.writer: QualifiedWriter | None = None
        self._service = service
        self._progress = progress
        self.meter = CallMeter()
        metering.CURRENT.set(self.meter)
        service.processor.begin(self.meter)

    def cost(self) -> CallCost:
        """What the call has taken of this machine so far."""
        self._service.processor.note()
        meter = self.meter
        return CallCost(
            server_s=round(meter.server_s, 5),
            worker_s=round(meter.worker_s, 5),
            engine_s=round(meter.engine_s, 5),
            gpu_s=round(meter.gpu_s, 5),
        )

    def narrow(self) -> None:
        """Reduce the settings to what the principal may do. Raises NotAllowed."""
        self.settings = self._service.settings_for(self.request)
        self.files = OpenFiles(self.settings, self._read_picture)

    async def run(self, tool: Tool, arguments: Arguments) -> Answer:
        """Run the tool with a deadline. Cancelling the task stops the tool's threads, too."""
        context = self.context()
        try:
            with anyio.fail_after(max(0.0, self.stop.remaining_s) + GRACE_S):
                return await tool.run(arguments, context)
        except TimeoutError:
            raise DeadlineExceeded(
                f"{tool.name} took longer than {self.stop.seconds:g} s.",
                remedy="Ask for less at once, or raise deadline_s in the configuration.",
            ) from None
        except SmallToolsError:
            raise
        except Exception as error:
            # A bug. Its location is reported, its text is not: that may hold text of the file.
            raise InternalError.at(tool.name, error) from None
        finally:
            self.stop.cancel()

    def context(self) -> ToolContext:
        return ToolContext(
            settings=self.settings,
            engine=self._engine(),
            open=self.files.open,
            folders=self.files,
            create_output=self._create_output,
            kept=StateFolder(self.settings.state_dir, self.principal.name),
            scrub=self.files.scrub,
            progress=self._progress,
            stop=self.stop,
            level=lambda: self.files.level,
            paint=self._paint,
            pictures=lambda: self._service.pictures,
            caller=self.principal.name,
            writer=self.writer,
        )

    def _read_picture(self, file: UserFile) -> ReadPicture | None:
        return self._service.pictures.read_if_possible(file, self.stop)

    def _paint(self, file: UserFile, places: Sequence[tuple[int, Quad]], output: OutputFile) -> None:
        original: UserFile = getattr(file, "original", file)
        written = self._service.pictures.paint(original, places, output.descriptor, self.stop)
        output.allow(written)

    def _create_output(self, name: str) -> OutputFile:
        settings, principal = self.settings, self.principal
        exports = Exports(
            settings.export_dir,
            settings.state_dir / "exports.db",
            owner=principal.name,
            own=export_folder_name(principal),
            quota=Quota(settings.export_mb << 20, settings.export_files),
        )
        return exports.create(name)

    def _engine(self) -> Engine:
        """The engine. One outside this machine only gets what the call's privacy level allows."""
        engine = self._service.engine
        if not engine.remote_hosts:
            return engine
        return RedactingEngine(engine, lambda: self.files.level, self.files.scrub_for_sending)

    async def in_thread(self, function: Any, *args: Any) -> Any:
        return await anyio.to_thread.run_sync(function, *args)

    async def close(self) -> None:
        self._service.processor.end(self.meter)
        await anyio.to_thread.run_sync(self.files.close)
