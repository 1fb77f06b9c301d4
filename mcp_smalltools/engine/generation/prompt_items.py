"""What a generative model is asked for, one prompt at a time: a text to write, or labels to score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.engine.api import Generation, LabelScores, Sampling
from mcp_smalltools.engine.fair_queue import RunningJob
from mcp_smalltools.engine.generation.chat_template import EncodedPrompt
from mcp_smalltools.engine.generation.constraint import Constraint
from mcp_smalltools.engine.generation.sampling import Sampler, log_probability
from mcp_smalltools.engine.generation.shared_start import SharedStart
from mcp_smalltools.engine.llama.bindings import Model, Tokens
from mcp_smalltools.models.download_records import AdapterFile

Logits = NDArray[np.float32]

_EXACT = 2
"""Labels of each prompt whose score is exact: the answer and its runner-up."""


class PromptItem:
    """One prompt on its way through the model."""

    def __init__(self, running: RunningJob, index: int, encoded: EncodedPrompt, prefix_key: str) -> None:
        self.running = running
        self.index = index
        self.encoded = encoded
        self.prefix_key = prefix_key
        self.sequence = -1
        """Its sequence in the context that it is in, -1 before it starts."""
        self.fed = 0
        """Tokens of `encoded.own` that the model has seen."""
        self.cached_tokens = 0
        self.shared: SharedStart | None = None
        """What its prompt has in common with those of its job."""

    @property
    def adapter(self) -> AdapterFile | None:
        return self.running.job.adapter

    @property
    def left(self) -> int:
        """Tokens of the prompt that the model hasn't seen."""
        return len(self.encoded.own) - self.fed

    @property
    def to_compute(self) -> int:
        """Of these, the ones that it can't take from a prompt with the same start."""
        waits = self.sequence < 0 and self.shared is not None and self.shared.ready
        return self.left - (self.shared.size if waits and self.shared else 0)

    @property
    def longest(self) -> int:
        """Tokens that it can grow to."""
        return self.encoded.size

    @property
    def cells(self) -> int:
        """Tokens that it can grow to beyond what it shares with others."""
        return self.longest - len(self.encoded.prefix) - (self.shared.size if self.shared else 0)


class WritingItem(PromptItem):
    """A text to be continued."""

    def __init__(
        self,
        running: RunningJob,
        index: int,
        encoded: EncodedPrompt,
        prefix_key: str,
        *,
        model: Model,
        sampling: Sampling,
        constraint: Constraint | None,
    ) -> None:
        super().__init__(running, index, encoded, prefix_key)
        self.feed: list[int] = []
        """Tokens that are chosen and that the model has yet to see."""
        self.position = encoded.size
        self._model = model
        self._sampling = sampling
        self._constraint = constraint
        self._sampler = Sampler(sampling, constraint)
        self._written: list[int] = []
        self._text = b""
        self._stops = tuple(stop.encode() for stop in sampling.stop if stop)
        self._logprob = 0.0
        self._chosen = 0

    @property
    def longest(self) -> int:
        return self.encoded.size + self._sampling.max_tokens

    def advance(self, logits: Logits) -> Literal["stop", "length"] | None:
        """Choose the next token and those that the constraint forces; says why, if the text ends here."""
        self.feed = []
        token = self._sampler.choose(logits, self._written)
        if token in self._model.end_tokens:
            return "stop"
        self._logprob += log_probability(logits, token)
        self._chosen += 1
        forced = self._constraint.forced() if self._constraint else []
        for one in (token, *forced):
            if one in self._model.end_tokens:
                return "stop"
            self._written.append(one)
            self.feed.append(one)
            if self._append(self._model.pieces[one]):
                return "stop"
            if len(self._written) >= self._sampling.max_tokens:
                return "stop" if self._constraint and self._constraint.complete else "length"
        return "stop" if self._constraint and self._constraint.complete else None

    def _append(self, piece: bytes) -> bool:
        """True if a stop text is complete; the text then ends before it."""
        before = len(self._text)
        self._text += piece
        for stop in self._stops:
            at = self._text.find(stop, max(0, before - len(stop)))
            if at >= 0:
                self._text = self._text[:at]
                return True
        return False

    def result(self, finish: Literal["stop", "length", "deadline"]) -> Generation:
        """A character that the last token leaves incomplete is dropped."""
        return Generation(
            text=self._text.decode("utf-8", errors="ignore"),
            finish=finish,
            prompt_tokens=self.encoded.size,
            cached_tokens=self.cached_tokens,
            tokens=len(self._written),
            logprob=self._logprob / self._chosen if self._chosen else math.nan,
        )


class LabelTokens:
    """The labels of a job in tokens.

    The token that ends the answer counts only where one label is the start of another: elsewhere a label's
    last token already tells which one it is, and a step of the model is saved.
    """

    def __init__(self, labels: Sequence[str], model: Model) -> None:
        tokens = [tuple(int(t) for t in model.tokenize(label)) for label in labels]
        ambiguous = any(
            one != other and other[: len(one)] == one for one in set(tokens) for other in set(tokens)
        )
        end = (model.end_of_turn,) if ambiguous else ()
        self.sequences = [label + end for label in tokens]
        self.first = np.array([label[0] for label in self.sequences], dtype=np.int64)
        self.lengths = np.array([len(label) for label in self.sequences], dtype=np.int64)


class ScoringItem(PromptItem):
    """Labels to be scored as the answer to a prompt.

    The score of a label's first tokens is an upper bound of the label's score, since log probabilities are
    never above zero. A label whose bound is below the two best known scores is not computed to its end:
    branch and bound (Land and Doig, 1960), with the runner-up kept exact.
    """

    def __init__(
        self, running: RunningJob, index: int, encoded: EncodedPrompt, prefix_key: str, labels: LabelTokens
    ) -> None:
        super().__init__(running, index, encoded, prefix_key)
        self.labels = labels
        self.total = np.zeros(len(labels.sequences), dtype=np.float64)
        self.waiting: list[int] = []
        """Labels whose tokens after the first are to be scored next."""
        self._exact = labels.lengths == 1

    @property
    def longest(self) -> int:
        return self.encoded.size + max((len(label) for label in self.labels.sequences), default=0)

    def start(self, logits: Logits) -> None:
        """Score the labels' first tokens by the prompt's last logits."""
        self.total += log_softmax(logits)[self.labels.first]
        self.wait_for_contenders()

    def score(self, label: int, logits: Logits) -> None:
        """Score the rest of a label; row i of `logits` is what the model says after its token i."""
        rest = self.labels.sequences[label][1:]
        for row, token in zip(logits, rest, strict=True):
            self.total[label] += log_probability(row, token)
        self._exact[label] = True

    def wait_for_contenders(self) -> None:
        """Set `waiting` to the labels that could still be among the two best, by sum or by mean."""
        contenders = np.zeros(len(self.total), dtype=bool)
        for score in (self.total, self.total / self.labels.lengths):
            known = np.sort(score[self._exact])
            if len(known) >= _EXACT:
                contenders |= score > known[-_EXACT]
            else:
                contenders[np.argsort(-score, kind="stable")[:_EXACT]] = True
        self.waiting = [int(i) for i in np.flatnonzero(contenders & ~self._exact)]

    def result(self) -> NDArray[np.float64]:
        return self.total


def log_softmax(logits: Logits) -> Logits:
    shifted = logits - logits.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum(dtype=np.float64)), dtype=np.float32)


def assemble_scores(labels: LabelTokens, totals: Sequence[NDArray[np.float64]]) -> LabelScores:
    shape = (len(totals), len(labels.sequences))
    return LabelScores(np.stack(totals) if totals else np.empty(shape), labels.lengths)


def first_tokens(label: Sequence[int]) -> Tokens:
    """The tokens of a label that the model has to see to score the rest."""
    return np.asarray(label[:-1], dtype=np.int32)
