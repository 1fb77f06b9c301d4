"""The prompts of one job that wait to be computed, encoded a few ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from mcp_smalltools.engine.fair_queue import RunningJob
from mcp_smalltools.engine.generation.prompt_items import PromptItem
from mcp_smalltools.errors import ModelError, UsageError

_AHEAD: Final = 32
"""Prompts that are encoded at once: a job of thousands doesn't hold up the first step."""


class PromptQueue:
    def __init__(self, running: RunningJob, items: Iterator[PromptItem]) -> None:
        self.running = running
        self._items = items
        self._ahead: deque[PromptItem] = deque()

    def peek(self) -> PromptItem | None:
        """The next item; None if there is none left. A prompt that can't be encoded ends the job."""
        if self.running.over:
            return None
        if not self._ahead:
            try:
                for item in self._items:
                    self._ahead.append(item)
                    if len(self._ahead) >= _AHEAD:
                        break
            except (ModelError, UsageError) as error:
                self.running.end(error)
                return None
        return self._ahead[0] if self._ahead else None

    def take(self, item: PromptItem) -> None:
        assert self._ahead[0] is item
        self._ahead.popleft()
