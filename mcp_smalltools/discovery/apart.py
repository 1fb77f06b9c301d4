"""One transcript in a process of its own that can do nothing else: it has a worker's walls, and hands back
numbers.
"""

from __future__ import annotations

import importlib
import os
import select
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, NoReturn

from pydantic import ValidationError

from mcp_smalltools import processes
from mcp_smalltools.config import Settings
from mcp_smalltools.discovery.find_transcripts import TranscriptFile, opened
from mcp_smalltools.discovery.replay_alone import REPORT, REQUEST, ReplayReport, ReplayRequest, report_of
from mcp_smalltools.discovery.session_figures import SessionFigures
from mcp_smalltools.errors import UsageError
from mcp_smalltools.models.shipped import library_folder
from mcp_smalltools.workers import sandbox
from mcp_smalltools.workers.caller import WARM
from mcp_smalltools.workers.starter import FORKS

TIME_S: Final = 300.0
"""Seconds that a transcript may take."""
_MOST_REPORT: Final = 32 << 20


class Replayer:
    """Replays transcripts, one after the other."""

    def __init__(self, settings: Settings, schema_chars: int) -> None:
        """Raises UsageError on Windows, where a file that is open has one place for all who read it."""
        if not hasattr(os, "pread"):
            raise UsageError(
                "discover needs Linux or macOS.",
                remedy="Run it in WSL: --claude /mnt/c/Users/YOU/.claude/projects.",
            )
        self._settings = settings
        self._schema_chars = schema_chars
        self._seen: set[str] = set()
        self._grants = sandbox.Grants((library_folder(),), settings.worker_memory_mb, 256)
        if FORKS:
            for module in WARM:
                importlib.import_module(module)

    def replay(self, file: TranscriptFile) -> SessionFigures | None:
        """A transcript's figures; None where it couldn't be read: it is gone, or takes too long."""
        try:
            data = self._forked(file) if FORKS else self._started(file)
            report = REPORT.validate_json(data)
        except (OSError, ValidationError):
            return None
        self._seen.update(report.met)
        return report.figures

    def _forked(self, file: TranscriptFile) -> bytes:
        """What a fork of this process reports, as JSON. Raises OSError."""
        with opened(file) as (descriptor, aside):
            reading, writing = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(reading)
                self._work(file, descriptor, aside, writing)
            os.close(writing)
            try:
                return _received(reading)
            finally:
                os.close(reading)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def _started(self, file: TranscriptFile) -> bytes:
        """The same from a process that starts anew, where libraries don't outlive a fork. Raises OSError."""
        request = ReplayRequest(
            file.client,
            file.path,
            self._settings.model_dump_json(),
            self._schema_chars,
            sorted(self._seen),
            self._grants.arguments(),
        )
        command = processes.module_command("mcp_smalltools.discovery.replay_alone")
        with processes.start(command, stdin=processes.PIPE, stdout=processes.PIPE) as process:
            try:
                return process.communicate(REQUEST.dump_json(request), TIME_S)[0]
            except processes.SubprocessError:
                process.kill()
                return b""

    def report(self, file: TranscriptFile, descriptor: int, aside: Mapping[str, int]) -> ReplayReport:
        """The work itself, in this process."""
        return report_of(
            file.client,
            descriptor,
            aside,
            self._seen,
            settings=self._settings,
            schema_chars=self._schema_chars,
        )

    def _work(
        self, file: TranscriptFile, descriptor: int, aside: Mapping[str, int], writing: int
    ) -> NoReturn:
        """In the process: walls first, then the work."""
        try:
            sandbox.enter(self._grants)
            data = REPORT.dump_json(self.report(file, descriptor, aside))
            while data:
                data = data[os.write(writing, data) :]
        finally:
            os._exit(0)


def _received(reading: int) -> bytes:
    """What comes within the time, to its end; nothing where there is more, or it takes longer."""
    ends = time.monotonic() + TIME_S
    parts: list[bytes] = []
    size = 0
    while (left := ends - time.monotonic()) > 0 and size <= _MOST_REPORT:
        ready: Sequence[int] = select.select([reading], [], [], left)[0]
        if ready:
            data = os.read(reading, 1 << 16)
            if not data:
                return b"".join(parts)
            parts.append(data)
            size += len(data)
    return b""
