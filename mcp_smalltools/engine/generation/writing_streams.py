"""The cache in which texts are written: one stream each, so that attention runs over one text only."""

from __future__ import annotations

from typing import Any, Final

from mcp_smalltools.engine.generation.prompt_items import WritingItem
from mcp_smalltools.engine.llama.bindings import Context, Model

STREAM_CELLS: Final = 1024
"""Tokens of one stream, prompt included. Longer texts are written in the prompts' cache."""
MAX_STREAMS: Final = 8
MAX_STREAM_BYTES: Final = 512 << 20
"""Memory of all streams; a large model gets fewer of them, but at least two."""


class WritingStreams:
    def __init__(self, model: Model, *, batch_tokens: int, threads: int) -> None:
        self.number = max(2, min(MAX_STREAMS, MAX_STREAM_BYTES // (STREAM_CELLS * model.cell_bytes)))
        self.context = Context(
            model,
            cells=self.number * STREAM_CELLS,
            sequences=self.number,
            batch_tokens=batch_tokens,
            threads=threads,
            outputs=self.number,
            unified=False,
        )
        self.free = list(range(self.number - 1, -1, -1))
        self.items: list[WritingItem] = []

    def restore(self, state: Any) -> int | None:
        """The stream that now holds the state; None if it doesn't fit."""
        sequence = self.free[-1]
        if not self.context.restore(sequence, state):
            self.context.remove(sequence)
            return None
        return self.free.pop()

    def enter(self, item: WritingItem, sequence: int) -> None:
        item.sequence = sequence
        self.items.append(item)
        self.items.sort(key=lambda each: each.sequence)  # streams of a step must be in order to share it

    def release(self, item: WritingItem) -> None:
        self.items.remove(item)
        self.context.remove(item.sequence)
        self.free.append(item.sequence)
        self.free.sort(reverse=True)
        item.sequence = -1
