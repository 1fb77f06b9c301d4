"""Runs one generative model: prompts in slices, shared prefixes, continuous batching, labels side by side.

Two caches over the same weights. Prompts are computed in one that all sequences share: there a prefix is
held once, and attention runs only over what is in work. What is to be written moves on to a second one with
a stream for each text: there a step costs no attention over the others. Moving a state costs about a
hundredth of computing it. A text that is too long for a stream is written where its prompt is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from mcp_smalltools.engine.api import Generation, Prompt
from mcp_smalltools.engine.generation.chat_template import Layout
from mcp_smalltools.engine.generation.constraint import Constraints
from mcp_smalltools.engine.generation.prefixes import PrefixStore
from mcp_smalltools.engine.generation.tasks import (
    LabelTokens,
    Scoring,
    Task,
    Writing,
    assemble_scores,
    first_tokens,
)
from mcp_smalltools.engine.llama.bindings import Context, Model
from mcp_smalltools.engine.turns import Active, Offer
from mcp_smalltools.engine.work import Generate, Job, ModelFile, ScoreLabels
from mcp_smalltools.errors import ModelError, UsageError
from mcp_smalltools.models.download_records import AdapterFile

SLICE: Final = 512
"""Tokens of a prompt in one step."""
SLICE_SHARED: Final = 256
"""The same while others wait."""
TOGETHER: Final = 256
"""Tokens up to which prompts are joined in a step: enough to keep the kernels busy, with little attention."""
PROMPT_CELLS: Final = 8192
STREAM_CELLS: Final = 1024
STREAMS: Final = 8
STREAM_BYTES: Final = 512 << 20
SEQUENCES: Final = 128
ROWS: Final = 128
"""Rows of logits that one step may give."""
WRITE_LAG: Final = 0.5
"""Seconds that writing waits behind prompts, so that texts are written many at a time."""
SWITCH_LAG: Final = 1.5
"""Seconds that a step with another adapter waits: changing it costs tens of milliseconds, so texts that are
begun with one adapter are written to their end first."""
_AHEAD = 32
_PREFIX = 0  # the sequence of the shared prefix in the prompts' cache


class Generator:
    """A runner: see `scheduler.Runner`."""

    def __init__(self, file: ModelFile, model: Model, threads: int, state_dir: Path | None) -> None:
        self.file = file
        self.model = model
        self.limit = min(file.context, model.context_trained, PROMPT_CELLS)
        self.tokens_done = 0
        self._threads = threads
        self._layout = Layout(model)
        self._constraints = Constraints(model)
        self._prefixes = PrefixStore(state_dir / "prefixes" if state_dir else None)
        self._queues: list[_Queue] = []
        self._prompts = Context(
            model, cells=self.limit, sequences=SEQUENCES, slice_tokens=SLICE, threads=threads, outputs=ROWS
        )
        self._free = list(range(SEQUENCES - 1, _PREFIX, -1))
        self._prefix_key = ""
        self._streams: _Streams | None = None
        self._movable = True
        self._started: list[Task] = []  # in the prompts' cache, prompt not computed to the end
        self._long: list[Writing] = []  # written in the prompts' cache
        self._branching: list[Scoring] = []
        self._adapter: AdapterFile | None = None

    @property
    def idle(self) -> bool:
        return not any(not queue.active.over for queue in self._queues)

    @property
    def adapters(self) -> tuple[str, ...]:
        return self.model.adapters

    def add(self, job: Job) -> Active:
        """Raises UsageError for a form that can't be honoured."""
        work = job.work
        if isinstance(work, Generate):
            self._constraints.of(work.sampling)  # refuse now what can't be honoured
            active = Active(job, len(work.prompts), list)
            active.partial = lambda: self._written_so_far(active)
            queue = _Queue(active, self._lay_out(work.prompts, active, self._writing(work)))
        else:
            assert isinstance(work, ScoreLabels)
            labels = LabelTokens(work.labels, self.model)
            active = Active(job, len(work.prompts), lambda totals: assemble_scores(labels, totals))
            queue = _Queue(active, self._lay_out(work.prompts, active, self._scoring(labels)))
        if work.prompts:
            self._queues.append(queue)
        else:
            active.end([] if isinstance(work, Generate) else assemble_scores(labels, []))
        return active

    def offers(self) -> Iterator[Offer]:
        """What could be next: a slice of a job's prompts, the rest of its labels, a token of each text."""
        self._tidy()
        waiting = False
        for queue in self._queues:
            if (task := self._next_of(queue)) is not None:
                waiting = True
                yield Offer([queue.active], self._prompt_step(task), self._lag(task))
        for task in self._branching[:1]:
            yield Offer([task.active], self._branch_step, self._lag(task) - SWITCH_LAG)
        for context, tasks in self._writing_groups():
            lag = self._lag(tasks[0]) + (WRITE_LAG if waiting else 0.0)
            yield Offer([task.active for task in tasks], self._write_step(context, tasks), lag)

    def set_threads(self, threads: int) -> None:
        self._threads = threads
        self._prompts.set_threads(threads)
        if self._streams:
            self._streams.context.set_threads(threads)

    def close(self) -> None:
        if self._streams:
            self._streams.context.close()
        self._prompts.close()
        self.model.close()

    # -- laying out ---------------------------------------------------------------------------------------

    def _lay_out(
        self, prompts: Sequence[Prompt], active: Active, make: Callable[[Active, int, Any, str], Task]
    ) -> Iterator[Task]:
        adapter = active.job.adapter.sha256 if active.job.adapter else ""
        for index, prompt in enumerate(prompts):
            laid = self._layout.lay_out(prompt)
            key = self._prefixes.key(self.file.sha256, adapter, laid.prefix) if len(laid.prefix) else ""
            task = make(active, index, laid, key)
            if task.longest > self.limit:
                raise ModelError(
                    f"A prompt needs {task.longest} tokens; {self.file.id} holds {self.limit}.",
                    remedy="Ask for less at once, or choose a model with a longer context.",
                )
            yield task

    def _writing(self, work: Generate) -> Callable[[Active, int, Any, str], Task]:
        def make(active: Active, index: int, laid: Any, key: str) -> Task:
            constraint = self._constraints.of(work.sampling)
            return Writing(
                active, index, laid, key, model=self.model, sampling=work.sampling, constraint=constraint
            )

        return make

    def _scoring(self, labels: LabelTokens) -> Callable[[Active, int, Any, str], Task]:
        return lambda active, index, laid, key: Scoring(active, index, laid, key, labels)

    # -- choosing -----------------------------------------------------------------------------------------

    def _lag(self, task: Task) -> float:
        return SWITCH_LAG if task.adapter != self._adapter else 0.0

    def _next_of(self, queue: _Queue) -> Task | None:
        """The task whose prompt a job would go on with; None if there is none, or no room for it."""
        for task in self._started:
            if task.active is queue.active:
                return task
        waiting = queue.peek()
        return waiting if waiting is not None and self._has_room(waiting) else None

    def _has_room(self, task: Task) -> bool:
        if not self._free or len(self._free) < 2:
            return False
        if isinstance(task, Writing) and self._fits_stream(task):
            streams = self._open_streams()
            pending = sum(isinstance(t, Writing) and self._fits_stream(t) for t in self._started)
            if pending >= len(streams.free):
                return False
            own = len(task.laid.own)
        else:
            own = task.longest - len(task.laid.prefix)
        return self._cells_in_use(task) + own <= self.limit

    def _cells_in_use(self, task: Task) -> int:
        held = [*self._started, *self._long, *self._branching]
        prefixes = {t.prefix_key: len(t.laid.prefix) for t in (*held, task)}
        return sum(t.longest - len(t.laid.prefix) for t in held) + sum(prefixes.values())

    def _fits_stream(self, task: Task) -> bool:
        return self._movable and task.longest <= STREAM_CELLS

    def _writing_groups(self) -> Iterator[tuple[Context, list[Writing]]]:
        """Texts that can be written in one step: in one cache, with one adapter."""
        places = [(self._prompts, self._long)]
        if self._streams:
            places.append((self._streams.context, self._streams.tasks))
        for context, tasks in places:
            groups: dict[AdapterFile | None, list[Writing]] = {}
            for task in tasks:
                groups.setdefault(task.adapter, []).append(task)
            for group in groups.values():
                yield context, group

    def _tidy(self) -> None:
        """Let go of the tasks of jobs that are over."""
        for task in [t for t in (*self._started, *self._long, *self._branching) if t.active.over]:
            self._release(task)
        if self._streams:
            for writing in [t for t in self._streams.tasks if t.active.over]:
                self._streams.leave(writing)
        self._queues = [queue for queue in self._queues if not queue.active.over]

    # -- steps --------------------------------------------------------------------------------------------

    def _prompt_step(self, task: Task) -> Callable[[], Iterable[Active]]:
        return lambda: self._compute_prefix(task) or self._compute_prompts(task)

    def _compute_prefix(self, task: Task) -> list[Active]:
        """Bring the task's prefix into its sequence; returns no jobs if it is there already."""
        self._use_adapter(task)
        if task.prefix_key == self._prefix_key or task.sequence >= 0:
            return []
        self._prompts.remove(_PREFIX)
        self._prefix_key = ""
        state = self._prefixes.get(task.prefix_key) if task.prefix_key else None
        if state is not None and self._prompts.restore(_PREFIX, state):
            task.cached_tokens = len(task.laid.prefix)
        elif task.prefix_key:
            if state is not None:
                self._prompts.remove(_PREFIX)
                self._prefixes.drop(task.prefix_key)
            for start in range(0, len(task.laid.prefix), SLICE):
                self._prompts.batch.clear()
                self._prompts.batch.add(
                    task.laid.prefix[start : start + SLICE], _PREFIX, start, wanted="none"
                )
                self._decode(self._prompts)
            self._prefixes.put(task.prefix_key, self._prompts.save(_PREFIX))
            self._prefix_key = task.prefix_key
            return [task.active]
        self._prefix_key = task.prefix_key
        return []

    def _compute_prompts(self, first: Task) -> list[Active]:
        """A slice of `first`'s prompt; where that is short, other prompts with the same prefix beside it."""
        batch = self._prompts.batch
        batch.clear()
        others = len(self._queues) > 1 or bool(self._long) or bool(self._streams and self._streams.tasks)
        room = SLICE_SHARED if others else SLICE
        done: list[Task] = []
        jobs: list[Active] = []
        for task in self._companions(first):
            n = min(task.left, room - batch.size)
            if task is not first and n < task.left:
                break
            self._enter(task)
            ends = n == task.left
            own = task.laid.own[task.fed : task.fed + n]
            batch.add(own, task.sequence, len(task.laid.prefix) + task.fed, wanted="last" if ends else "none")
            task.fed += n
            jobs += [task.active] * n
            if ends:
                done.append(task)
            if batch.size >= TOGETHER:
                break
        self._decode(self._prompts)
        if done:
            rows = self._prompts.logits(len(done))
            for task, row in zip(done, rows, strict=True):
                self._started.remove(task)
                self._prompt_done(task, row)
        return jobs

    def _companions(self, first: Task) -> Iterator[Task]:
        """Tasks that can start beside `first`: same prefix, same adapter, own job's first."""
        yield first
        queues = sorted(self._queues, key=lambda queue: queue.active is not first.active)
        for queue in queues:
            while (
                (task := queue.peek()) is not None
                and (task.prefix_key, task.adapter) == (first.prefix_key, first.adapter)
                and self._has_room(task)
            ):
                yield task

    def _enter(self, task: Task) -> None:
        """Give a task that starts its sequence, with the shared prefix in it."""
        if task.sequence >= 0:
            return
        self._queue_of(task).take(task)
        task.sequence = self._free.pop()
        if task.prefix_key:
            self._prompts.copy(_PREFIX, task.sequence)
            task.cached_tokens = len(task.laid.prefix)
        self._started.append(task)

    def _queue_of(self, task: Task) -> _Queue:
        return next(queue for queue in self._queues if queue.active is task.active)

    def _prompt_done(self, task: Task, row: Any) -> None:
        if isinstance(task, Scoring):
            task.start(row)
            if task.waiting:
                self._branching.append(task)
            else:
                self._release(task)
                task.active.finish(task.index, task.result())
            return
        assert isinstance(task, Writing)
        if finish := task.advance(row):
            self._finish(task, finish)
        elif not (self._fits_stream(task) and self._move(task)):
            self._long.append(task)

    def _move(self, task: Writing) -> bool:
        """Bring a task to a stream of its own; False if this model's states can't be moved."""
        streams = self._open_streams()
        state = self._prompts.save(task.sequence, streams=streams.number)
        sequence = streams.restore(state)
        if sequence is None:
            self._movable = False  # an architecture with a cache of another kind
            return False
        self._release(task)
        streams.enter(task, sequence)
        return True

    def _branch_step(self) -> list[Active]:
        """Score the labels of more than one token: each in a copy of its prompt's sequence."""
        self._use_adapter(self._branching[0])
        batch = self._prompts.batch
        batch.clear()
        taken: list[tuple[Scoring, int, int]] = []
        for task in [t for t in self._branching if t.adapter == self._adapter]:
            while task.waiting and self._free:
                tokens = first_tokens(task.labels.sequences[task.waiting[-1]])
                if batch.size + len(tokens) > ROWS and taken:
                    break
                sequence = self._free.pop()
                self._prompts.copy(task.sequence, sequence)
                batch.add(tokens, sequence, task.laid.size, wanted="all")
                taken.append((task, task.waiting.pop(), sequence))
        self._decode(self._prompts)
        rows = self._prompts.logits(batch.size)
        at = 0
        for task, label, sequence in taken:
            n = len(task.labels.sequences[label]) - 1
            task.score(label, rows[at : at + n])
            at += n
            self._prompts.remove(sequence)
            self._free.append(sequence)
        for task in {id(t): t for t, _, _ in taken if not t.waiting}.values():
            task.wait_for_contenders()
            if task.waiting:
                continue
            self._release(task)
            task.active.finish(task.index, task.result())
        return [task.active for task, _, _ in taken]

    def _write_step(self, context: Context, tasks: list[Writing]) -> Callable[[], Iterable[Active]]:
        def step() -> list[Active]:
            self._use_adapter(tasks[0])
            batch = context.batch
            batch.clear()
            for task in tasks:
                batch.add(task.feed, task.sequence, task.position, wanted="last")
                task.position += len(task.feed)
            self._decode(context)
            for task, row in zip(tasks, context.logits(len(tasks)), strict=True):
                if finish := task.advance(row):
                    self._finish(task, finish)
            return [task.active for task in tasks]

        return step

    def _finish(self, task: Writing, finish: Literal["stop", "length"]) -> None:
        if self._streams and task in self._streams.tasks:
            self._streams.leave(task)
        else:
            self._release(task)
        task.active.finish(task.index, task.result(finish))

    def _release(self, task: Task) -> None:
        """Free a task's place in the prompts' cache."""
        places: list[list[Any]] = [self._started, self._long, self._branching]
        for place in places:
            if task in place:
                place.remove(task)
        if task.sequence >= 0:
            self._prompts.remove(task.sequence)
            self._free.append(task.sequence)
            task.sequence = -1

    def _decode(self, context: Context) -> None:
        if context.decode() != 0:
            raise ModelError(
                "The model's cache is full.", remedy="Ask for less at once; if it stays, report it."
            )
        self.tokens_done += context.batch.size

    def _use_adapter(self, task: Task) -> None:
        if task.adapter != self._adapter:
            self._prompts.remove(_PREFIX)
            self._prefix_key = ""
            self._adapter = task.adapter
        self._prompts.use_adapter(task.adapter)
        if self._streams:
            self._streams.context.use_adapter(task.adapter)

    def _open_streams(self) -> _Streams:
        if self._streams is None:
            number = max(2, min(STREAMS, STREAM_BYTES // (STREAM_CELLS * self.model.cell_bytes)))
            self._streams = _Streams(self.model, number, self._threads)
        return self._streams

    def _written_so_far(self, active: Active) -> list[Generation]:
        """What a job has at its deadline: finished texts, and the starts of those in work."""
        streams = self._streams.tasks if self._streams else []
        for task in [t for t in (*self._long, *streams) if t.active is active]:
            active.answers[task.index] = task.result("deadline")
        nothing = Generation("", "deadline", 0, 0, 0, float("nan"))
        return [answer or nothing for answer in active.answers]


class _Streams:
    """The cache in which texts are written: one stream for each, so that attention runs over its own only."""

    def __init__(self, model: Model, number: int, threads: int) -> None:
        self.context = Context(
            model,
            cells=number * STREAM_CELLS,
            sequences=number,
            slice_tokens=SLICE,
            threads=threads,
            outputs=number,
            unified=False,
        )
        self.number = number
        self.free = list(range(number - 1, -1, -1))
        self.tasks: list[Writing] = []

    def restore(self, state: Any) -> int | None:
        """The stream that now holds the state; None if it doesn't fit."""
        sequence = self.free[-1]
        if not self.context.restore(sequence, state):
            self.context.remove(sequence)
            return None
        return self.free.pop()

    def enter(self, task: Writing, sequence: int) -> None:
        task.sequence = sequence
        self.tasks.append(task)
        self.tasks.sort(key=lambda t: t.sequence)  # streams of a step must be in order to share it

    def leave(self, task: Writing) -> None:
        self.tasks.remove(task)
        self.context.remove(task.sequence)
        self.free.append(task.sequence)
        self.free.sort(reverse=True)
        task.sequence = -1


class _Queue:
    """The prompts of one job that wait, laid out a few ahead."""

    def __init__(self, active: Active, tasks: Iterator[Task]) -> None:
        self.active = active
        self._tasks = tasks
        self._ahead: deque[Task] = deque()

    def peek(self) -> Task | None:
        if self.active.over:
            return None
        if not self._ahead:
            try:
                for task in self._tasks:
                    self._ahead.append(task)
                    if len(self._ahead) >= _AHEAD:
                        break
            except (ModelError, UsageError) as error:
                self.active.end(error)
                return None
        return self._ahead[0] if self._ahead else None

    def take(self, task: Task) -> None:
        assert self._ahead[0] is task
        self._ahead.popleft()
