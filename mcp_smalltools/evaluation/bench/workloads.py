"""The workloads of `bench engine`: texts of known length, new in each round.

Each word of the list, with the space before it, is one token of SmolLM2: words count tokens.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_WORDS: Final = """
    time year people way day man thing woman life child world school state family student group country
    problem hand part place case week company system program question work government number night point
    home water room mother area money story fact month lot right study book eye job word business issue
    side kind head house service friend father power hour game line end member law car city community
    name president team minute idea body information back parent face others level office door health
    person art war history party result change morning reason research girl guy moment air teacher force
    education
""".split()  # noqa: SIM905 - a list of strings would fill the screen

LABELS_OF_ONE_TOKEN: Final = ("red", "green", "blue", "yes", "no", "up", "down", "left")
LABELS_OF_THREE_TOKENS: Final = (
    "disk is full",
    "network went down",
    "out of memory",
    "bad user input",
    "wrong file path",
    "test did fail",
    "build was slow",
    "all is fine",
)
SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "component": {"type": "string", "maxLength": 24},
        "severity": {"enum": ["low", "medium", "high"]},
        "affected_users": {"type": "integer", "minimum": 0, "maximum": 9999},
        "needs_restart": {"type": "boolean"},
    },
    "required": ["component", "severity", "affected_users", "needs_restart"],
    "additionalProperties": False,
}
_LOG_LINES: Final = (
    "2026-03-01T04:{m:02}:{s:02}Z INFO  worker-{n} order {n}{m}{s} stored in {s} ms",
    "Mar  1 04:{m:02}:{s:02} host-{n} sshd[{m}{s}]: Failed password for invalid user u{n} from 10.0.{n}.{s}",
    "[{m:02}:{s:02}] GET /api/v1/items/{n}{s}?page={m} 200 {s}{m} {n}ms",
    "ERROR com.shop.Store$Writer: no answer from 10.0.{n}.12:54{s:02} after {m}0 ms (attempt {n} of 9)",
    "block blk_{n}{m}{s}{n}{s} replicated to /10.251.{n}.{s}:50010 size 671088{m:02}",
)


@dataclass(frozen=True, slots=True)
class Chat:
    """One request: what both engines are asked, in the same words."""

    system: str
    user: str
    max_tokens: int
    adapter: int | None = None  # which of the adapters, by its number
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ChatLoad:
    """Requests, of which `at_a_time` are in flight."""

    chats: list[Chat]
    at_a_time: int


@dataclass(frozen=True, slots=True)
class LabelLoad:
    """Items under one instruction, to be labelled with one of `labels`."""

    system: str
    items: list[str]
    labels: tuple[str, ...]
    at_a_time: int = 8


@dataclass(frozen=True, slots=True)
class EmbedLoad:
    texts: list[str] = field(default_factory=list)


class RandomTexts:
    """Random texts from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def words(self, count: int) -> str:
        return " ".join(self._random.choice(_WORDS) for _ in range(count))

    def shared_prefix(self, at_a_time: int) -> ChatLoad:
        """32 requests: a prefix of 300 tokens, 200 of their own, 32 written."""
        system = self.words(290)
        return ChatLoad([Chat(system, self.words(190), 32) for _ in range(32)], at_a_time)

    def labels(self, labels: tuple[str, ...]) -> LabelLoad:
        """64 items of 25 words under an instruction of 300 tokens that names the labels."""
        task = f"Answer with one of these labels: {', '.join(labels)}. "
        return LabelLoad(
            task + self.words(290 - 4 * len(labels)), [self.words(25) for _ in range(64)], labels
        )

    def embeddings(self) -> EmbedLoad:
        """1,024 log lines and 100 paragraphs of 120 words."""
        lines = [
            self._random.choice(_LOG_LINES).format(
                m=self._random.randrange(60), s=self._random.randrange(60), n=self._random.randrange(1, 10)
            )
            for _ in range(1024)
        ]
        return EmbedLoad(lines + [self.words(120) for _ in range(100)])

    def objects(self) -> ChatLoad:
        """32 JSON objects of four fields by a schema."""
        system = "Write the incident as a JSON object."
        return ChatLoad([Chat(system, self.words(60), 96, schema=SCHEMA) for _ in range(32)], 8)

    def adapters(self) -> ChatLoad:
        """32 requests, four adapters in random order, each with an instruction of its own."""
        systems = [self.words(290) for _ in range(4)]
        chosen = [self._random.randrange(4) for _ in range(32)]
        return ChatLoad([Chat(systems[n], self.words(60), 16, adapter=n) for n in chosen], 8)

    def tool_prefixes(self) -> ChatLoad:
        """64 requests over six instructions of 550 tokens in random order, 45 words of their own, 16 out."""
        systems = [self.words(540) for _ in range(6)]
        return ChatLoad([Chat(self._random.choice(systems), self.words(45), 16) for _ in range(64)], 8)

    def long_and_short(self) -> tuple[Chat, Chat]:
        """A prompt of 6,000 tokens, and a short call that comes while it runs."""
        return Chat("Summarize.", self.words(5950), 1), Chat("Answer.", self.words(20), 1)
