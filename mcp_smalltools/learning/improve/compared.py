"""The answers of `classify` to the same texts, as it is and with what it would learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.tools.classify.decide_call import decide_call, is_within
from mcp_smalltools.tools.classify.decision import Decision
from mcp_smalltools.tools.classify.heads.arithmetic import Matrix
from mcp_smalltools.tools.classify.labels import LabelSet
from mcp_smalltools.tools.classify.learned import LearnedTask, Reach
from mcp_smalltools.tools.classify.said import said_in
from mcp_smalltools.tools.classify.scoring import Texts
from mcp_smalltools.tools.classify.vectors import CallVectors, TextReader, embed_labels, teach

Pair = tuple[str, str]
EVERYTHING = Reach(-2.0, 0.0)
"""What no text is outside of."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Of the same texts in their order: answers before, answers if what is learned reached everything, and
    how near each is to the corrections, shape (texts,).
    """

    before: list[Decision]
    taught: list[Decision]
    near: NDArray[np.float32]

    def first(self, count: int) -> Compared:
        """Of the first so many texts."""
        return Compared(self.before[:count], self.taught[:count], self.near[:count])

    def after(self, reach: Reach | None) -> list[Decision]:
        """The answers with this reach; None reaches nothing."""
        if reach is None:
            return self.before
        rows = zip(self.before, self.taught, self.near.tolist(), strict=True)
        return [taught if is_within(reach, near, taught) else before for before, taught, near in rows]


@dataclass(slots=True)
class TaskTexts:
    """One task of `classify`, and vectors of the texts that it was asked about. `known` are the task's own
    examples, `instructions` what its texts are.
    """

    reader: TextReader
    tool: str
    labels: LabelSet
    known: Sequence[Pair] = ()
    instructions: str = ""
    _vectors: dict[str, Matrix] = field(default_factory=dict)

    async def kept(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors, shape (texts, dim); each distinct text is embedded once."""
        missing = sorted({text for text in texts if text not in self._vectors})
        if missing:
            self._vectors.update(zip(missing, await self.reader.embed(missing), strict=True))
        return np.stack([self._vectors[text] for text in texts])

    def learned(self, pairs: Sequence[Pair], reach: Reach = EVERYTHING) -> LearnedTask:
        """What these corrections would make."""
        names, asked = tuple(sorted(self.labels.names)), self.labels.question
        return LearnedTask(self.tool, names, asked, tuple(pairs), reach, self.reader.made_by)

    async def compare(self, texts: Sequence[str], learned: Sequence[Pair]) -> Compared:
        """All texts in one call, without and with these corrections."""
        names, examples = await embed_labels(self, self.labels, self.known, self.instructions)
        ordered = sorted(set(texts))
        said = [said_in(text) for text in ordered] if self.known else ()
        items = Texts(ordered, await self.kept(ordered), said)
        taught = await teach(self, self.learned(learned), self.known, self.labels) if learned else None
        call = CallVectors(items, names, examples, adapter=self.reader.adapter)
        before = decide_call(call, self.labels)
        if taught is None:
            return Compared(
                [before[text] for text in texts],
                [before[text] for text in texts],
                np.full(len(texts), EVERYTHING.nearer, np.float32),
            )
        after = decide_call(
            CallVectors(items, names, examples, None, self.reader.adapter, taught), self.labels
        )
        near = dict(zip(ordered, taught.nearness(items).tolist(), strict=True))
        return Compared(
            [before[text] for text in texts],
            [after[text] for text in texts],
            np.array([near[text] for text in texts], np.float32),
        )
