"""Runs one generative model: prompts in prefill chunks, shared prefixes, texts and labels in batches.

Two caches over the same weights. Prompts are computed in one that all sequences share (`prompt_cache`): a
prefix is held there once, and attention runs only over what is in work. A text that is being written moves
to a stream (`writing_streams`), where a step costs no attention over the other texts. Moving a state costs
about a hundredth of computing it. A text that is too long for a stream is written where its prompt is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

from mcp_smalltools.engine.api import Generation, Prompt, Sampling
from mcp_smalltools.engine.fair_queue import RunningJob, Step
from mcp_smalltools.engine.generation.chat_template import ChatTemplate, EncodedPrompt
from mcp_smalltools.engine.generation.constraint import Constraints
from mcp_smalltools.engine.generation.pace import Pace
from mcp_smalltools.engine.generation.prefixes import PrefixStore
from mcp_smalltools.engine.generation.prompt_cache import LOGIT_ROWS, PREFILL_CHUNK, PromptCache, decode
from mcp_smalltools.engine.generation.prompt_items import (
    LabelTokens,
    PromptItem,
    ScoringItem,
    WritingItem,
    assemble_scores,
    first_tokens,
)
from mcp_smalltools.engine.generation.prompt_queue import PromptQueue
from mcp_smalltools.engine.generation.shared_start import MOST_PROMPTS, SharedStart, common_start
from mcp_smalltools.engine.generation.writing_streams import STREAM_CELLS, WritingStreams
from mcp_smalltools.engine.llama.bindings import Context, Model
from mcp_smalltools.engine.work import Generate, Job, ModelFile, ScoreLabels
from mcp_smalltools.errors import ModelError
from mcp_smalltools.models.download_records import AdapterFile

PREFILL_CHUNK_SHARED: Final = 256
"""Tokens of a prompt in one step while others wait."""
PREFILL_TOGETHER: Final = 256
"""Tokens up to which prompts are joined in a step: enough to keep the kernels busy, with little attention."""
MAX_CONTEXT: Final = 8192
"""Tokens of the prompts' cache, and so the longest prompt with its answer."""
WRITE_LAG: Final = 0.5
"""Seconds that writing waits for prompts, so that texts are written many at a time."""
SWITCH_LAG: Final = 1.5
"""Seconds that a step with another adapter waits: changing it costs tens of milliseconds, so texts that are
begun with one adapter are written to their end first."""

MakeItem = Callable[[RunningJob, int, EncodedPrompt, str], PromptItem]
"""Makes an item of its job, its index there, its prompt and the key of its prefix."""


class Generator:
    """Implements `model_pool.ModelRunner`."""

    def __init__(self, file: ModelFile, model: Model, threads: int, state_dir: Path | None) -> None:
        self.file = file
        self.model = model
        self.limit = min(file.context, model.context_trained, MAX_CONTEXT)
        self._threads = threads
        self._template = ChatTemplate(model)
        self._constraints = Constraints(model)
        self._queues: list[PromptQueue] = []
        prefixes = PrefixStore(state_dir / "prefixes" if state_dir else None)
        self._prompts = PromptCache(model, prefixes, cells=self.limit, threads=threads)
        self._streams: WritingStreams | None = None
        self._movable = True
        self._pace = Pace()
        self._started: list[PromptItem] = []  # in the prompts' cache, prompt not computed to the end
        self._long: list[WritingItem] = []  # written in the prompts' cache
        self._scoring: list[ScoringItem] = []  # prompt computed, labels of several tokens left
        self._starts: list[SharedStart] = []  # of jobs whose prompts have one in common

    @property
    def idle(self) -> bool:
        return not any(not queue.running.over for queue in self._queues)

    @property
    def adapters(self) -> tuple[str, ...]:
        return self.model.adapters

    @property
    def tokens_done(self) -> int:
        streams = self._streams.context.tokens_done if self._streams else 0
        return self._prompts.context.tokens_done + streams

    def add(self, job: Job) -> RunningJob:
        """Raises UsageError for a constraint that can't be honoured."""
        work = job.work
        if isinstance(work, Generate):
            for sampling in _samplings(work):
                self._constraints.of(sampling)  # refuse now what can't be honoured
            running = RunningJob(job, len(work.prompts), list)
            running.partial = lambda: self._written_so_far(running)
            queue = PromptQueue(running, self._encode(work.prompts, running, self._writing_item(work)))
        else:
            assert isinstance(work, ScoreLabels)
            labels = LabelTokens(work.labels, self.model)
            running = RunningJob(job, len(work.prompts), lambda totals: assemble_scores(labels, totals))
            queue = PromptQueue(running, self._encode(work.prompts, running, self._scoring_item(labels)))
        if work.prompts:
            self._queues.append(queue)
        else:
            running.end([] if isinstance(work, Generate) else assemble_scores(labels, []))
        return running

    def steps(self) -> Iterator[Step]:
        """What could be next: a chunk of a job's prompts, the rest of its labels, a token of each text."""
        self._release_ended()
        waiting = False
        for queue in self._queues:
            if (item := self._next_of(queue)) is not None:
                waiting = True
                yield Step([queue.running], self._prompt_step(item), self._lag(item))
        for item in self._scoring[:1]:
            yield Step([item.running], self._label_step, self._lag(item) - SWITCH_LAG)
        for context, items in self._writing_groups():
            lag = self._lag(items[0]) + (WRITE_LAG if waiting else 0.0)
            yield Step([item.running for item in items], self._write_step(context, items), lag)

    def set_threads(self, threads: int) -> None:
        self._threads = threads
        self._prompts.context.set_threads(threads)
        if self._streams:
            self._streams.context.set_threads(threads)

    def close(self) -> None:
        if self._streams:
            self._streams.context.close()
        self._prompts.context.close()
        self.model.close()

    # -- items of a job -----------------------------------------------------------------------------------

    def _encode(self, prompts: Sequence[Prompt], running: RunningJob, make: MakeItem) -> Iterator[PromptItem]:
        adapter = running.job.adapter.sha256 if running.job.adapter else ""
        first = [self._template.encode(prompt) for prompt in prompts[:MOST_PROMPTS]]
        shared = self._shared_start(running, first) if len(first) == len(prompts) else None
        for index, prompt in enumerate(prompts):
            encoded = first[index] if index < len(first) else self._template.encode(prompt)
            prefix = encoded.prefix
            key = PrefixStore.key(self.file.sha256, adapter, prefix) if len(prefix) else ""
            item = make(running, index, encoded, key)
            item.shared = shared
            if item.longest > self.limit:
                raise ModelError(
                    f"A prompt needs {item.longest} tokens; {self.file.id} holds {self.limit}.",
                    remedy="Ask for less at once, or choose a model with a longer context.",
                )
            yield item

    def _shared_start(self, running: RunningJob, prompts: Sequence[EncodedPrompt]) -> SharedStart | None:
        if len({prompt.prefix.tobytes() for prompt in prompts}) != 1:
            return None
        if not (size := common_start([prompt.own for prompt in prompts])):
            return None
        self._starts.append(SharedStart(running, size, len(prompts)))
        return self._starts[-1]

    def _writing_item(self, work: Generate) -> MakeItem:
        def make(running: RunningJob, index: int, encoded: EncodedPrompt, key: str) -> PromptItem:
            sampling = _sampling_of(work, index)
            constraint = self._constraints.of(sampling)
            return WritingItem(
                running, index, encoded, key, model=self.model, sampling=sampling, constraint=constraint
            )

        return make

    def _scoring_item(self, labels: LabelTokens) -> MakeItem:
        return lambda running, index, encoded, key: ScoringItem(running, index, encoded, key, labels)

    # -- which steps there are ----------------------------------------------------------------------------

    def _lag(self, item: PromptItem) -> float:
        return SWITCH_LAG if item.adapter != self._prompts.adapter else 0.0

    def _next_of(self, queue: PromptQueue) -> PromptItem | None:
        """The item whose prompt a job would go on with; None if there is none, or no room for it."""
        for item in self._started:
            if item.running is queue.running:
                return item
        waiting = queue.peek()
        return waiting if waiting is not None and self._has_room(waiting) else None

    def _has_room(self, item: PromptItem) -> bool:
        if len(self._prompts.free) < 2:
            return False
        if isinstance(item, WritingItem) and self._fits_stream(item):
            streams = self._open_streams()
            pending = sum(isinstance(t, WritingItem) and self._fits_stream(t) for t in self._started)
            if pending >= len(streams.free):
                return False
            own = len(item.encoded.own) - (item.shared.size if item.shared else 0)
        else:
            own = item.cells
        return self._cells_in_use(item) + own <= self.limit

    def _cells_in_use(self, item: PromptItem) -> int:
        held = [*self._started, *self._long, *self._scoring]
        prefixes = {t.prefix_key: len(t.encoded.prefix) for t in (*held, item)}
        starts = {id(t.shared): t.shared.size for t in (*held, item) if t.shared is not None}
        return sum(t.cells for t in held) + sum(prefixes.values()) + sum(starts.values())

    def _fits_stream(self, item: PromptItem) -> bool:
        return self._movable and item.longest <= STREAM_CELLS

    def _writing_groups(self) -> Iterator[tuple[Context, list[WritingItem]]]:
        """Texts that can be written in one step: in one cache, with one adapter."""
        caches = [(self._prompts.context, self._long)]
        if self._streams:
            caches.append((self._streams.context, self._streams.items))
        for context, items in caches:
            groups: dict[AdapterFile | None, list[WritingItem]] = {}
            for item in items:
                groups.setdefault(item.adapter, []).append(item)
            for group in groups.values():
                yield context, group

    def _release_ended(self) -> None:
        """Release the items of jobs that are over."""
        for item in [t for t in (*self._started, *self._long, *self._scoring) if t.running.over]:
            self._release(item)
        if self._streams:
            for writing in [t for t in self._streams.items if t.running.over]:
                self._streams.release(writing)
        self._queues = [queue for queue in self._queues if not queue.running.over]
        for shared in [start for start in self._starts if start.running.over or not start.waiting]:
            self._prompts.release_start(shared)
            self._starts.remove(shared)

    # -- prompts ------------------------------------------------------------------------------------------

    def _prompt_step(self, item: PromptItem) -> Callable[[], Iterable[RunningJob]]:
        def step() -> list[RunningJob]:
            self._use_adapter(item)
            return [item.running] if self._prompts.load_prefix(item) else self._compute_prompts(item)

        return step

    def _compute_prompts(self, first: PromptItem) -> list[RunningJob]:
        """A chunk of `first`'s prompt; if it is short, of other prompts with the same prefix too."""
        batch = self._prompts.context.batch
        batch.clear()
        others = len(self._queues) > 1 or bool(self._long) or bool(self._streams and self._streams.items)
        room = self._pace.limit(PREFILL_CHUNK_SHARED if others else PREFILL_CHUNK)
        done: list[PromptItem] = []
        jobs: list[RunningJob] = []
        for item in self._companions(first):
            n = min(item.to_compute, room - batch.size)
            if item is not first and n < item.to_compute:
                break
            self._start(item)
            ends = n == item.left
            tokens = item.encoded.own[item.fed : item.fed + n]
            position = len(item.encoded.prefix) + item.fed
            batch.add(tokens, item.sequence, position, wanted="last" if ends else "none")
            item.fed += n
            jobs += [item.running] * n
            if ends:
                done.append(item)
            if batch.size >= PREFILL_TOGETHER:
                break
        started = time.perf_counter()
        decode(self._prompts.context)
        self._pace.measured(batch.size, time.perf_counter() - started)
        for item in {id(t): t for t in self._started}.values():
            self._prompts.keep_start(item)
        if done:
            rows = self._prompts.context.logits(len(done))
            for item, row in zip(done, rows, strict=True):
                self._started.remove(item)
                self._finish_prompt(item, row)
        return jobs

    def _companions(self, first: PromptItem) -> Iterator[PromptItem]:
        """`first`, then items that can start with it: same prefix, same adapter, those of its job first."""
        yield first
        queues = sorted(self._queues, key=lambda queue: queue.running is not first.running)
        for queue in queues:
            while (
                (item := queue.peek()) is not None
                and (item.prefix_key, item.adapter) == (first.prefix_key, first.adapter)
                and (item.shared is None or item.shared.ready or not item.shared.begun)
                and self._has_room(item)
            ):
                yield item

    def _start(self, item: PromptItem) -> None:
        """Take an item from its queue and give it a sequence, unless it has one already."""
        if item.sequence >= 0:
            return
        next(queue for queue in self._queues if queue.running is item.running).take(item)
        self._prompts.start(item)
        self._started.append(item)

    def _finish_prompt(self, item: PromptItem, row: Any) -> None:
        if isinstance(item, ScoringItem):
            item.start(row)
            if item.waiting:
                self._scoring.append(item)
            else:
                self._finish_scoring(item)
            return
        assert isinstance(item, WritingItem)
        if finish := item.advance(row):
            self._finish_writing(item, finish)
        elif not (self._fits_stream(item) and self._move_to_stream(item)):
            self._long.append(item)

    def _move_to_stream(self, item: WritingItem) -> bool:
        """False if this model's states can't be moved."""
        streams = self._open_streams()
        state = self._prompts.context.save(item.sequence, streams=streams.number)
        sequence = streams.restore(state)
        if sequence is None:
            self._movable = False  # an architecture with a cache of another kind
            return False
        self._release(item)
        streams.enter(item, sequence)
        return True

    # -- labels -------------------------------------------------------------------------------------------

    def _label_step(self) -> list[RunningJob]:
        """Score the labels of more than one token: each in a copy of its prompt's sequence."""
        self._use_adapter(self._scoring[0])
        batch = self._prompts.context.batch
        batch.clear()
        taken: list[tuple[ScoringItem, int, int]] = []
        for item in [t for t in self._scoring if t.adapter == self._prompts.adapter]:
            while item.waiting and self._prompts.free:
                tokens = first_tokens(item.labels.sequences[item.waiting[-1]])
                if batch.size + len(tokens) > LOGIT_ROWS and taken:
                    break
                sequence = self._prompts.copy(item)
                batch.add(tokens, sequence, item.encoded.size, wanted="all")
                taken.append((item, item.waiting.pop(), sequence))
        decode(self._prompts.context)
        rows = self._prompts.context.logits(batch.size)
        at = 0
        for item, label, sequence in taken:
            n = len(item.labels.sequences[label]) - 1
            item.score(label, rows[at : at + n])
            at += n
            self._prompts.remove(sequence)
        for item in {id(t): t for t, _, _ in taken if not t.waiting}.values():
            item.wait_for_contenders()
            if not item.waiting:
                self._finish_scoring(item)
        return [item.running for item, _, _ in taken]

    def _finish_scoring(self, item: ScoringItem) -> None:
        self._release(item)
        item.running.finish_item(item.index, item.result())

    # -- texts --------------------------------------------------------------------------------------------

    def _write_step(self, context: Context, items: list[WritingItem]) -> Callable[[], Iterable[RunningJob]]:
        def step() -> list[RunningJob]:
            self._use_adapter(items[0])
            batch = context.batch
            batch.clear()
            for item in items:
                batch.add(item.feed, item.sequence, item.position, wanted="last")
                item.position += len(item.feed)
            decode(context)
            for item, row in zip(items, context.logits(len(items)), strict=True):
                if finish := item.advance(row):
                    self._finish_writing(item, finish)
            return [item.running for item in items]

        return step

    def _finish_writing(self, item: WritingItem, finish: Literal["stop", "length"]) -> None:
        if self._streams and item in self._streams.items:
            self._streams.release(item)
        else:
            self._release(item)
        item.running.finish_item(item.index, item.result(finish))

    def _written_so_far(self, running: RunningJob) -> list[Generation]:
        """What a job has at its deadline: finished texts, and the starts of those in work."""
        streams = self._streams.items if self._streams else []
        for item in [t for t in (*self._long, *streams) if t.running is running]:
            running.answers[item.index] = item.result("deadline")
        nothing = Generation("", "deadline", 0, 0, 0, float("nan"))
        return [answer or nothing for answer in running.answers]

    # -- the caches ---------------------------------------------------------------------------------------

    def _release(self, item: PromptItem) -> None:
        """Free an item's sequence in the prompts' cache."""
        lists: list[list[Any]] = [self._started, self._long, self._scoring]
        for items in lists:
            if item in items:
                items.remove(item)
        self._prompts.release(item)

    def _use_adapter(self, item: PromptItem) -> None:
        self._prompts.use_adapter(item.adapter)
        if self._streams:
            self._streams.context.use_adapter(item.adapter)

    def _open_streams(self) -> WritingStreams:
        if self._streams is None:
            self._streams = WritingStreams(self.model, batch_tokens=PREFILL_CHUNK, threads=self._threads)
        return self._streams


def _sampling_of(work: Generate, index: int) -> Sampling:
    """A prompt's own schema goes before that of the call."""
    schema = work.prompts[index].schema
    return work.sampling if schema is None else replace(work.sampling, schema=schema)


def _samplings(work: Generate) -> Iterator[Sampling]:
    """Each that differs: that of the call, and those of prompts with a schema."""
    if not work.prompts or any(prompt.schema is None for prompt in work.prompts):
        yield work.sampling
    yield from (_sampling_of(work, n) for n, prompt in enumerate(work.prompts) if prompt.schema is not None)
