"""One transcript's figures; and as a process of its own, where a system doesn't fork.

`python -m mcp_smalltools.discovery.replay_alone` reads a request from standard input, gives up its rights,
and writes a report to standard output.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from pydantic import TypeAdapter

from mcp_smalltools.config import Settings
from mcp_smalltools.discovery.claude_code import read_claude_code
from mcp_smalltools.discovery.codex import read_codex
from mcp_smalltools.discovery.find_transcripts import ClientName, TranscriptFile, opened
from mcp_smalltools.discovery.session_figures import SessionFigures, figures_of
from mcp_smalltools.hooks.agent_session import level_of
from mcp_smalltools.workers import sandbox
from mcp_smalltools.workers.caller import WARM

_MOST_ASIDE: Final = 16 << 20
"""Bytes of an output put aside that are looked at."""


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a process hands back: figures, and the ids that it has met for the first time."""

    figures: SessionFigures
    met: list[str]


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What a process is to do. `seen`: ids that were met before; `grants`: as `sandbox.Grants` has them."""

    client: ClientName
    path: Path
    settings: str
    schema_chars: int
    seen: list[str]
    grants: list[str]


REPORT: Final = TypeAdapter(ReplayReport)
REQUEST: Final = TypeAdapter(ReplayRequest)


def report_of(
    client: ClientName,
    descriptor: int,
    aside: Mapping[str, int],
    seen: set[str],
    *,
    settings: Settings,
    schema_chars: int,
) -> ReplayReport:
    """Of an open transcript, with the open outputs that were put aside beside it. `seen` grows."""
    before = set(seen)
    read = read_claude_code if client == "claude-code" else read_codex
    transcript = read(descriptor, seen)
    figures = figures_of(
        transcript,
        settings,
        level_of(transcript.cwd, settings),
        schema_chars=schema_chars,
        aside=lambda path: _text_aside(path, aside),
    )
    return ReplayReport(figures, sorted(seen - before))


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


def main() -> None:
    request = REQUEST.validate_json(sys.stdin.buffer.read())
    for module in WARM:
        importlib.import_module(module)
    file = TranscriptFile(request.client, request.path, 0.0, 0)
    with opened(file) as (descriptor, aside):
        sandbox.enter(sandbox.Grants.from_arguments(request.grants))
        settings = Settings.model_validate_json(request.settings)
        report = report_of(
            request.client,
            descriptor,
            aside,
            set(request.seen),
            settings=settings,
            schema_chars=request.schema_chars,
        )
    sys.stdout.buffer.write(REPORT.dump_json(report))


if __name__ == "__main__":
    main()
