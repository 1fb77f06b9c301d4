"""Runs one encoder: batches of texts of about the same length, of several jobs together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.engine.api import Embeddings, TokenEmbeddings
from mcp_smalltools.engine.fair_queue import RunningJob, Step
from mcp_smalltools.engine.llama.bindings import Context, Model, Tokens
from mcp_smalltools.engine.word_pieces import offsets_of
from mcp_smalltools.engine.work import Embed, Job, ModelFile

BATCH_TOKENS: Final = 512
"""Tokens of one step. In a batch, attention runs over the tokens of all its texts: longer ones are slower."""
BATCH_TEXTS: Final = 64
_CHARS_A_TOKEN: Final = 200
"""More than any token has: beyond so many for each token that fits, a text is not looked at. A megabyte would
take the engine's thread a third of a second.
"""

Vectors = NDArray[np.float32]
_MEAN, _CLS, _LAST = 1, 2, 3  # llama.cpp's pooling types


class Encoder:
    """Implements `model_pool.ModelRunner`."""

    def __init__(self, file: ModelFile, model: Model, threads: int) -> None:
        self.file = file
        self.model = model
        self.limit = min(file.context, model.context_trained)
        self._pooling = int(model.meta(f"{model.meta('general.architecture')}.pooling_type") or _MEAN)
        self._queues: list[_TextQueue] = []
        tokens = max(BATCH_TOKENS, self.limit)
        self._context = Context(
            model,
            cells=tokens,
            sequences=BATCH_TEXTS,
            batch_tokens=tokens,
            threads=threads,
            token_vectors=True,
        )

    @property
    def idle(self) -> bool:
        return not self._queues

    @property
    def adapters(self) -> tuple[str, ...]:
        return self.model.adapters

    @property
    def tokens_done(self) -> int:
        return self._context.tokens_done

    def add(self, job: Job) -> RunningJob:
        assert isinstance(job.work, Embed)
        texts = job.work.texts
        queue = _TextQueue(texts, per_token=job.work.per_token)
        queue.running = RunningJob(job, len(texts), queue.assemble)
        if texts:
            self._queues.append(queue)
        else:
            queue.running.end(queue.assemble([]))
        return queue.running

    def steps(self) -> Iterator[Step]:
        """A batch for each job that waits: its texts first, then others that fit in."""
        self._queues = [queue for queue in self._queues if not queue.running.over]
        for queue in self._queues:
            yield Step([queue.running], lambda first=queue: self._step(first))  # type: ignore[misc]

    def set_threads(self, threads: int) -> None:
        self._context.set_threads(threads)

    def vector_of(self, text: str) -> NDArray[np.float32]:
        """The text's vector by the bare encoder, shape (dim,), while no job is running."""
        batch, tokens = self._context.batch, self.model.tokenize(text, add_special=True)
        self._context.use_adapter(None)
        batch.clear()
        batch.add(tokens[: self.limit], 0, 0, wanted="all")
        self._context.decode()
        vector: NDArray[np.float32] = self._pool(self._context.token_vectors(batch.size), [0])[0]
        return vector

    def close(self) -> None:
        self._context.close()
        self.model.close()

    def _step(self, first: _TextQueue) -> Iterable[RunningJob]:
        self._context.use_adapter(first.running.job.adapter)
        taken = list(self._fill(first))
        batch = self._context.batch
        batch.clear()
        starts = [batch.add(tokens, seq, 0, wanted="all") for seq, (_, _, tokens) in enumerate(taken)]
        self._context.decode()
        vectors = self._context.token_vectors(batch.size)
        pooled = self._pool(vectors, starts)
        for (queue, index, tokens), start, vector in zip(taken, starts, pooled, strict=True):
            own = vectors[start : start + len(tokens)].copy() if queue.per_token else vector
            queue.running.finish_item(index, own)
        return [queue.running for queue, _, tokens in taken for _ in range(len(tokens))]

    def _fill(self, first: _TextQueue) -> Iterator[tuple[_TextQueue, int, Tokens]]:
        """The next texts of `first`, then of other jobs with the same adapter, while they fit."""
        tokens_left, texts_left = self._context.batch.capacity, BATCH_TEXTS
        same = [queue for queue in self._queues if queue.running.job.adapter == first.running.job.adapter]
        for queue in [first, *(q for q in same if q is not first)]:
            while texts_left and (item := queue.next(self.model, self.limit)) is not None:
                if len(item[1]) > tokens_left:
                    queue.put_back(item)
                    break
                tokens_left -= len(item[1])
                texts_left -= 1
                yield queue, *item

    def _pool(self, vectors: Vectors, starts: Sequence[int]) -> Vectors:
        """One L2-normalised vector a text, shape (texts, dim)."""
        bounds = np.append(starts, len(vectors))
        if self._pooling == _CLS:
            pooled = vectors[bounds[:-1]]
        elif self._pooling == _LAST:
            pooled = vectors[bounds[1:] - 1]
        else:
            pooled = np.add.reduceat(vectors, bounds[:-1], axis=0) / np.diff(bounds)[:, None]
        norms = np.linalg.norm(pooled, axis=1, keepdims=True)
        return np.asarray(pooled / np.maximum(norms, 1e-12), dtype=np.float32)


class _TextQueue:
    """The texts of one job that wait, shortest first."""

    running: RunningJob

    def __init__(self, texts: Sequence[str], *, per_token: bool) -> None:
        self.per_token = per_token
        self._texts = texts
        self._order = deque(sorted(range(len(texts)), key=lambda i: len(texts[i])))
        self._back: deque[tuple[int, Tokens]] = deque()
        self._truncated: list[int] = []
        self._offsets: dict[int, NDArray[np.int32]] = {}

    def next(self, model: Model, limit: int) -> tuple[int, Tokens] | None:
        if self._back:
            return self._back.popleft()
        if not self._order:
            return None
        index = self._order.popleft()
        text = self._texts[index]
        if is_cut := len(text) > limit * _CHARS_A_TOKEN:
            text = text[: limit * _CHARS_A_TOKEN]
        tokens = model.tokenize(text, add_special=True)
        if is_cut or len(tokens) > limit:
            self._truncated.append(index)
        if len(tokens) > limit:
            tokens = np.concatenate([tokens[: limit - 1], tokens[-1:]])
        if self.per_token:
            pieces = [model.pieces[int(token)].decode("utf-8", errors="replace") for token in tokens]
            self._offsets[index] = offsets_of(pieces, text)
        return index, tokens

    def put_back(self, item: tuple[int, Tokens]) -> None:
        self._back.appendleft(item)

    def assemble(self, answers: list[Any]) -> Embeddings | TokenEmbeddings:
        truncated = tuple(sorted(self._truncated))
        if self.per_token:
            offsets = tuple(self._offsets[index] for index in range(len(answers)))
            return TokenEmbeddings(tuple(answers), offsets, truncated)
        vectors = np.stack(answers) if answers else np.empty((0, 0), dtype=np.float32)
        return Embeddings(vectors, truncated)
