"""The cache in which prompts are computed: one prefix at a time, shared by the sequences of its prompts."""

from __future__ import annotations

from typing import Final

from mcp_smalltools.engine.generation.prefixes import PrefixStore
from mcp_smalltools.engine.generation.prompt_items import PromptItem
from mcp_smalltools.engine.generation.shared_start import SharedStart
from mcp_smalltools.engine.llama.bindings import Context, Model
from mcp_smalltools.errors import ModelError
from mcp_smalltools.models.download_records import AdapterFile

PREFILL_CHUNK: Final = 512
"""Tokens of a prompt that are computed in one step."""
SEQUENCES: Final = 128
LOGIT_ROWS: Final = 128
"""Rows of logits that one step may give."""
_PREFIX: Final = 0  # the sequence of the shared prefix


class PromptCache:
    """Sequence 0 holds the prefix in use; each prompt in work has a sequence that starts as a copy of it."""

    def __init__(self, model: Model, prefixes: PrefixStore, *, cells: int, threads: int) -> None:
        self.context = Context(
            model,
            cells=cells,
            sequences=SEQUENCES,
            batch_tokens=PREFILL_CHUNK,
            threads=threads,
            outputs=LOGIT_ROWS,
        )
        self.free = list(range(SEQUENCES - 1, _PREFIX, -1))
        self.adapter: AdapterFile | None = None
        self._prefixes = prefixes
        self._prefix_key = ""

    def use_adapter(self, adapter: AdapterFile | None) -> None:
        """Drops the prefix if it was computed with another adapter."""
        if adapter != self.adapter:
            self._drop_prefix()
            self.adapter = adapter
        self.context.use_adapter(adapter)

    def load_prefix(self, item: PromptItem) -> bool:
        """Bring the item's prefix into its sequence; True if that took steps of the model."""
        if item.prefix_key == self._prefix_key or item.sequence >= 0:
            return False
        self._drop_prefix()
        state = self._prefixes.get(item.prefix_key) if item.prefix_key else None
        computed = False
        if state is not None and self.context.restore(_PREFIX, state):
            item.cached_tokens = len(item.encoded.prefix)
        elif item.prefix_key:
            if state is not None:  # llama.cpp refused it
                self.context.remove(_PREFIX)
                self._prefixes.drop(item.prefix_key)
            self._compute_prefix(item)
            computed = True
        self._prefix_key = item.prefix_key
        return computed

    def start(self, item: PromptItem) -> None:
        """Give an item its sequence, with the shared prefix in it."""
        item.sequence = self.free.pop()
        shared = item.shared
        if shared is not None:
            shared.begun, shared.waiting = True, shared.waiting - 1
        if shared is not None and shared.ready:
            self.context.copy(shared.sequence, item.sequence)
            item.fed = shared.size
            item.cached_tokens = len(item.encoded.prefix) + shared.size
            if not shared.waiting:
                self.release_start(shared)
        elif item.prefix_key:
            self.context.copy(_PREFIX, item.sequence)
            item.cached_tokens = len(item.encoded.prefix)

    def keep_start(self, item: PromptItem) -> None:
        """Hold what an item's prompt has in common with those of its job, as soon as it is computed."""
        shared = item.shared
        if shared is None or shared.ready or not shared.waiting or item.fed < shared.size:
            return
        shared.sequence = self.free.pop()
        self.context.copy(item.sequence, shared.sequence, len(item.encoded.prefix) + shared.size)

    def release_start(self, shared: SharedStart) -> None:
        if shared.ready:
            self.remove(shared.sequence)
            shared.sequence = -1

    def copy(self, item: PromptItem) -> int:
        """A further sequence with the same state; `remove` frees it."""
        sequence = self.free.pop()
        self.context.copy(item.sequence, sequence)
        return sequence

    def remove(self, sequence: int) -> None:
        self.context.remove(sequence)
        self.free.append(sequence)

    def release(self, item: PromptItem) -> None:
        if item.sequence >= 0:
            self.remove(item.sequence)
            item.sequence = -1

    def _compute_prefix(self, item: PromptItem) -> None:
        prefix, batch = item.encoded.prefix, self.context.batch
        for start in range(0, len(prefix), PREFILL_CHUNK):
            batch.clear()
            batch.add(prefix[start : start + PREFILL_CHUNK], _PREFIX, start, wanted="none")
            decode(self.context)
        self._prefixes.put(item.prefix_key, self.context.save(_PREFIX))

    def _drop_prefix(self) -> None:
        self.context.remove(_PREFIX)
        self._prefix_key = ""


def decode(context: Context) -> None:
    """Run a step. Raises ModelError if the cache has no room for it."""
    if context.decode() != 0:
        raise ModelError("The model's cache is full.", remedy="Ask for less at once; if it stays, report it.")
