"""Runs one generative model with its projector: texts written about pictures, one prompt at a time.

A step reads a piece of the prompt, which for a picture takes as long as the projector takes for it, or
writes a token. Nothing is shared between prompts: what a picture becomes is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

import numpy as np

from mcp_smalltools.engine.api import Generation, PicturePrompt
from mcp_smalltools.engine.fair_queue import RunningJob, Step
from mcp_smalltools.engine.generation.chat_template import ChatTemplate, EncodedPrompt
from mcp_smalltools.engine.generation.constraint import Constraints
from mcp_smalltools.engine.generation.prompt_cache import decode
from mcp_smalltools.engine.generation.prompt_items import WritingItem
from mcp_smalltools.engine.llama.bindings import Context, Model
from mcp_smalltools.engine.llama.vision import Part, PicturePieces, Projector
from mcp_smalltools.engine.work import Job, Look, ModelFile
from mcp_smalltools.errors import ModelError, UsageError

MAX_CONTEXT: Final = 8192
"""Tokens of the longest prompt with its pictures and its answer."""
_TOGETHER: Final = 1024
"""Tokens of one step; some models read all of a picture in one."""


class Looker:
    """Implements `model_pool.ModelRunner`."""

    def __init__(self, file: ModelFile, model: Model, threads: int) -> None:
        """Raises ModelError where the model has no projector, or another's."""
        if file.projector is None:
            raise ModelError(
                f"{file.id} has no projector, which it needs to look at pictures.",
                remedy="Register both: mcp-smalltools models add FILE --id ID --projector FILE.",
            )
        self.file = file
        self.model = model
        self.limit = min(file.context, model.context_trained, MAX_CONTEXT)
        self._projector = Projector(model, file.projector.path, threads)
        self._context = Context(
            model, cells=self.limit, sequences=1, batch_tokens=min(_TOGETHER, self.limit), threads=threads
        )
        self._template = ChatTemplate(model)
        self._constraints = Constraints(model)
        self._waiting: list[tuple[RunningJob, int, PicturePrompt]] = []
        self._item: WritingItem | None = None
        self._pieces: PicturePieces | None = None
        self._read = 0

    @property
    def idle(self) -> bool:
        self._release_ended()
        return self._item is None and not self._waiting

    @property
    def adapters(self) -> tuple[str, ...]:
        return self.model.adapters

    @property
    def tokens_done(self) -> int:
        return self._context.tokens_done

    def add(self, job: Job) -> RunningJob:
        """Raises UsageError for a constraint that can't be honoured."""
        work = job.work
        assert isinstance(work, Look)
        self._constraints.of(work.sampling)
        running = RunningJob(job, len(work.prompts), list)
        running.partial = lambda: self._written_so_far(running)
        self._waiting += [(running, number, prompt) for number, prompt in enumerate(work.prompts)]
        if not work.prompts:
            running.end([])
        return running

    def steps(self) -> Iterator[Step]:
        self._release_ended()
        if self._item is not None:
            yield Step([self._item.running], self._step)
        elif self._waiting:
            yield Step([self._waiting[0][0]], self._step)

    def set_threads(self, threads: int) -> None:
        self._context.set_threads(threads)

    def close(self) -> None:
        self._release()
        self._context.close()
        self._projector.close()
        self.model.close()

    def _step(self) -> Iterable[RunningJob]:
        """Begin a prompt, read a piece of it, or write a token."""
        if self._item is None:
            running, number, prompt = self._waiting.pop(0)
            try:
                self._item = self._begin(running, number, prompt)
            except (UsageError, ModelError) as error:  # of this prompt, which is no reason to end others
                self._release()
                running.end(error)
                return [running]
        item, pieces = self._item, self._pieces
        assert pieces is not None
        finish: Literal["stop", "length"] | None = None
        if self._read < len(pieces):
            self._context.use_adapter(item.adapter)
            item.position = pieces.evaluate(self._read, self._context, item.position)
            self._read += 1
            if self._read == len(pieces):
                finish = item.advance(self._context.logits(1)[0])
        else:
            batch = self._context.batch
            batch.clear()
            batch.add(item.feed, 0, item.position, wanted="last")
            item.position += len(item.feed)
            decode(self._context)
            finish = item.advance(self._context.logits(1)[0])
        if finish:
            self._release()
            item.running.finish_item(item.index, item.result(finish))
        return [item.running]

    def _begin(self, running: RunningJob, number: int, prompt: PicturePrompt) -> WritingItem:
        """Raises UsageError for a picture that can't be taken, ModelError for a prompt that is too long."""
        work = running.job.work
        assert isinstance(work, Look)
        self._pieces, self._read = PicturePieces(self._projector, self._parts(prompt)), 0
        encoded = EncodedPrompt(np.empty(0, np.int32), np.zeros(self._pieces.tokens, np.int32))
        constraint = self._constraints.of(work.sampling)
        item = WritingItem(
            running, number, encoded, "", model=self.model, sampling=work.sampling, constraint=constraint
        )
        item.position = 0
        if item.longest > self.limit:
            raise ModelError(
                f"A prompt with its pictures needs {item.longest} tokens; {self.file.id} holds {self.limit}.",
                remedy="Give fewer or smaller pictures, or ask for less.",
            )
        return item

    def _parts(self, prompt: PicturePrompt) -> Sequence[Part]:
        """The pictures stand before what the user says last."""
        texts = self._template.texts(prompt.prompt)
        last = max(number for number, message in enumerate(prompt.prompt.messages) if message.role == "user")
        at = 2 * last + 1
        parts: list[Part] = [*texts[:at], *prompt.pictures, *texts[at:]]
        return [part for part in parts if not isinstance(part, tuple) or part[0]]

    def _written_so_far(self, running: RunningJob) -> list[Generation]:
        if self._item is not None and self._item.running is running:
            running.answers[self._item.index] = self._item.result("deadline")
        nothing = Generation("", "deadline", 0, 0, 0, float("nan"))
        return [answer or nothing for answer in running.answers]

    def _release_ended(self) -> None:
        self._waiting = [waiting for waiting in self._waiting if not waiting[0].over]
        if self._item is not None and self._item.running.over:
            self._release()

    def _release(self) -> None:
        if self._pieces is not None:
            self._pieces.close()
        self._context.clear()
        self._item = self._pieces = None
