"""A session as its transcript tells it: requests to the model, and the calls between them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MOST_LINE: Final = 32 << 20
"""Bytes of a line; longer ones are counted and not read."""
MOST_BYTES: Final = 512 << 20
"""Bytes of a transcript that are read."""
_AT_ONCE: Final = 4 << 20


@dataclass(slots=True)
class ModelRequest:
    """One request to the model: tokens by class, as the client noted them."""

    model: str = ""
    input: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0
    output: int = 0


@dataclass(slots=True)
class AgentCall:
    """One call of a tool, with our names of tools and arguments (Claude Code's)."""

    id: str
    tool: str
    arguments: Mapping[str, Any]
    request: int
    """Index of the request in whose answer it stands."""
    asked_chars: int = 0
    answered: bool = False
    shown: str = ""
    """What the model read of its result."""
    whole: str = ""
    """The whole output, where the transcript has more of it than was shown."""
    failed: bool = False
    exit_code: int | None = None
    response: Mapping[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    """What our hooks have added."""


@dataclass(slots=True)
class Chain:
    """One conversation: that with the user, or a subagent's. `ends` are indexes of requests after which the
    context was made anew; `prompts` counts what the user said.
    """

    calls: list[AgentCall] = field(default_factory=list)
    requests: list[ModelRequest] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)

    def later_requests(self, request: int) -> int:
        """How many requests send what came into the context after a request."""
        last = next((end for end in self.ends if end >= request), len(self.requests) - 1)
        return max(0, last - request)


@dataclass(slots=True)
class TranscriptLines:
    """Lines of a transcript: read, of kinds that tell nothing here, damaged, and too long to be read."""

    read: int = 0
    other: int = 0
    damaged: int = 0
    too_long: int = 0


@dataclass(slots=True)
class Transcript:
    """A whole session."""

    client: str
    session: str = ""
    cwd: str = ""
    chains: dict[str, Chain] = field(default_factory=dict)
    lines: TranscriptLines = field(default_factory=TranscriptLines)

    def chain(self, name: str) -> Chain:
        return self.chains.setdefault(name, Chain())


def objects_of(descriptor: int, lines: TranscriptLines) -> Iterator[Mapping[str, Any]]:
    """The JSON objects of a file, a line each. What is none is counted."""
    for line in _lines_of(descriptor, lines):
        if not line.strip():
            continue
        lines.read += 1
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            lines.damaged += 1
            continue
        if isinstance(told, dict):
            yield told
        else:
            lines.damaged += 1


def _lines_of(descriptor: int, lines: TranscriptLines) -> Iterator[bytes]:
    """Lines within MOST_LINE, in memory of that size."""
    rest, is_too_long, at = bytearray(), False, 0
    while at < MOST_BYTES and (data := os.pread(descriptor, _AT_ONCE, at)):
        at += len(data)
        *ended, last = data.split(b"\n")
        for part in ended:
            if is_too_long or len(rest) + len(part) > MOST_LINE:
                lines.too_long += 1
            else:
                yield bytes(rest) + part
            rest.clear()
            is_too_long = False
        rest += last if not is_too_long else b""
        if len(rest) > MOST_LINE:
            rest.clear()
            is_too_long = True
    if is_too_long:
        lines.too_long += 1
    elif rest:
        yield bytes(rest)


def text_of(content: Any) -> str:
    """The text of a message or of a result: a text, or a list of blocks that have one."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "\n".join(part for part in parts if isinstance(part, str))
    return ""
