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
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, NoReturn

from pydantic import TypeAdapter, ValidationError

from mcp_smalltools.config import Settings
from mcp_smalltools.discovery.claude_code import read_claude_code
from mcp_smalltools.discovery.codex import read_codex
from mcp_smalltools.discovery.find_transcripts import TranscriptFile, opened
from mcp_smalltools.discovery.session_figures import SessionFigures, figures_of
from mcp_smalltools.errors import UsageError
from mcp_smalltools.hooks.agent_session import level_of
from mcp_smalltools.models.shipped import library_folder
from mcp_smalltools.workers import sandbox
from mcp_smalltools.workers.caller import WARM
from mcp_smalltools.workers.starter import FORKS

TIME_S: Final = 300.0
"""Seconds that a transcript may take."""
_MOST_ASIDE: Final = 16 << 20
"""Bytes of an output put aside that are looked at."""
_MOST_REPORT: Final = 32 << 20


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a process hands back: figures, and the ids that it has met for the first time."""

    figures: SessionFigures
    met: list[str]


_REPORT: Final = TypeAdapter(ReplayReport)


class Replayer:
    """Replays transcripts, one after the other."""

    def __init__(self, settings: Settings, schema_chars: int) -> None:
        """Raises UsageError where a process can't be walled in."""
        if not FORKS:
            raise UsageError("discover needs Linux.", remedy="Copy the transcripts to such a machine.")
        self._settings = settings
        self._schema_chars = schema_chars
        self._seen: set[str] = set()
        self._grants = sandbox.Grants((library_folder(),), settings.worker_memory_mb, 256)
        for module in WARM:
            importlib.import_module(module)

    def replay(self, file: TranscriptFile) -> SessionFigures | None:
        """A transcript's figures; None where it couldn't be read: it is gone, or takes too long."""
        try:
            with opened(file) as (descriptor, aside):
                report = self._apart(file, descriptor, aside)
        except OSError:
            return None
        if report is None:
            return None
        self._seen.update(report.met)
        return report.figures

    def _apart(self, file: TranscriptFile, descriptor: int, aside: Mapping[str, int]) -> ReplayReport | None:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            self._work(file, descriptor, aside, writing)
        os.close(writing)
        try:
            data = _received(reading)
        finally:
            os.close(reading)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        try:
            return _REPORT.validate_json(data) if data else None
        except ValidationError:
            return None

    def _work(
        self, file: TranscriptFile, descriptor: int, aside: Mapping[str, int], writing: int
    ) -> NoReturn:
        """In the process: walls first, then the work."""
        try:
            sandbox.enter(self._grants)
            data = _REPORT.dump_json(self.report(file, descriptor, aside))
            while data:
                data = data[os.write(writing, data) :]
        finally:
            os._exit(0)

    def report(self, file: TranscriptFile, descriptor: int, aside: Mapping[str, int]) -> ReplayReport:
        """The work itself, in this process."""
        before = set(self._seen)
        read = read_claude_code if file.client == "claude-code" else read_codex
        transcript = read(descriptor, self._seen)
        level = level_of(transcript.cwd, self._settings)
        figures = figures_of(
            transcript,
            self._settings,
            level,
            schema_chars=self._schema_chars,
            aside=lambda path: _text_aside(path, aside),
        )
        return ReplayReport(figures, sorted(self._seen - before))


def _text_aside(path: str, aside: Mapping[str, int]) -> str:
    descriptor = aside.get(PurePath(path).name)
    if descriptor is None:
        return ""
    parts: list[bytes] = []
    at = 0
    while at < _MOST_ASIDE and (data := os.pread(descriptor, 1 << 20, at)):
        parts.append(data)
        at += len(data)
    return b"".join(parts).decode("utf-8", "replace")


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
