"""Texts of a call as vectors, by the engine. Each distinct text is embedded once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from mcp_smalltools.engine.api import CallOptions
from mcp_smalltools.errors import DeadlineExceeded
from mcp_smalltools.models.catalog import adapter_entry
from mcp_smalltools.tools.classify.chunks import chunks_of, clauses_of
from mcp_smalltools.tools.classify.common_labels import texts_of_common_labels
from mcp_smalltools.tools.classify.heads.arithmetic import Matrix, unit
from mcp_smalltools.tools.classify.said import said_in
from mcp_smalltools.tools.classify.scoring import Examples, Texts

if TYPE_CHECKING:
    from mcp_smalltools.tools.base import ToolContext
    from mcp_smalltools.tools.classify.items import Case
    from mcp_smalltools.tools.classify.labels import LabelSet
    from mcp_smalltools.tools.classify.learned import LearnedTask, Reach

T = TypeVar("T")

TEXTS_PER_STEP = 512
"""Texts that are embedded between two looks at the clock."""
ADAPTER = "classify"
"""Trained to separate similar labels; its vectors can't be compared with those of the bare encoder."""


class VectorSource(Protocol):
    """Gives vectors of texts."""

    async def kept(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors of texts that come again, shape (texts, dim)."""


@dataclass(frozen=True, slots=True)
class Taught:
    """What was learned from corrections: its version, and the examples that take the place of the call's for
    texts within reach. `corrected` are vectors of the corrections, `others` of what the task knew without
    them: its labels' names and its own examples.
    """

    version: int
    reach: Reach
    corrected: Matrix
    others: Matrix
    examples: Examples

    def nearness(self, items: Texts) -> Matrix:
        """By how much nearer each item is to a correction than to the others, shape (items,)."""
        known = (items.vectors @ self.others.T).max(axis=1)
        return np.asarray((items.vectors @ self.corrected.T).max(axis=1) - known, np.float32)


@dataclass(frozen=True, slots=True)
class CallVectors:
    """Items, label names and examples of one call.

    Items, clauses and examples are sorted and distinct, so that the order of the call can't change an answer.
    `clauses` are those of the items, where several labels are asked for. `adapter` made the vectors, if any.
    """

    items: Texts
    names: Texts
    examples: Examples | None
    clauses: Texts | None = None
    adapter: str | None = None
    taught: Taught | None = None

    def clause_rows(self) -> list[list[int]]:
        """For each item, the rows of its clauses."""
        if self.clauses is None:
            return [[] for _ in self.items.texts]
        row = {text: index for index, text in enumerate(self.clauses.texts)}
        return [[row[part] for part in clauses_of(text)] for text in self.items.texts]


async def embed_all(
    cases: Sequence[Case],
    labels: LabelSet,
    known: Sequence[tuple[str, str]],
    instructions: str,
    context: ToolContext,
    *,
    by_clause: bool = False,
    learned: LearnedTask | None = None,
) -> CallVectors:
    """Embed labels and examples (pairs of text and label), then the cases until the time is over. What was
    learned takes part if it was measured with the same encoder.
    """
    files = frozenset(case.text for case in cases if case.path)
    reader = TextReader(context, await _adapter(context), said=bool(known), files=files)
    names, examples = await embed_labels(reader, labels, known, instructions)
    items = await reader.until_time_is_over([case.text for case in cases if case.text])
    parts = None
    if by_clause and (wanted := sorted({part for text in items.texts for part in clauses_of(text)})):
        parts = Texts(wanted, await reader.embed(wanted))
    taught = None
    if learned is not None and learned.made_by == reader.made_by:
        taught = await teach(reader, learned, known, labels)
    return CallVectors(items, names, examples, parts, reader.adapter, taught)


async def embed_labels(
    reader: VectorSource, labels: LabelSet, known: Sequence[tuple[str, str]], instructions: str
) -> tuple[Texts, Examples | None]:
    """The labels' names, and the examples: the caller's, or what people commonly write under such labels."""
    names = [label.text for label in labels.labels]
    pairs, ours = example_pairs(known, labels)
    texts = [text for text, _ in pairs]
    coloured = [f"{instructions}: {name}" for name in names] if instructions else []
    vectors = await reader.kept([*names, *texts, *coloured])
    name_vectors, example_vectors = vectors[: len(names)], vectors[len(names) : len(names) + len(texts)]
    if coloured:
        name_vectors = unit(name_vectors + vectors[len(names) + len(texts) :])
    columns = np.array([column for _, column in pairs], np.int64)
    said = () if ours else [said_in(text) for text in texts]
    examples = Examples(Texts(texts, example_vectors, said), columns, ours) if pairs else None
    return Texts(names, name_vectors), examples


async def teach(
    reader: VectorSource, learned: LearnedTask, known: Sequence[tuple[str, str]], labels: LabelSet
) -> Taught | None:
    """The corrections with the caller's examples, which go first where a text is in both, and what people
    commonly write under such labels; None if there is no correction with one of these labels.
    """
    corrections = learned.examples_for(labels)
    if not corrections:
        return None
    own = dict(corrections) | dict(known)
    common = [(text, column) for text, column in _common_texts(labels) if text not in own]
    pairs = sorted({*_distinct(list(own.items()), labels), *common})
    corrected = sorted({text for text, _ in corrections})
    texts = [text for text, _ in pairs]
    others = sorted({*(label.text for label in labels.labels), *texts} - {*corrected})
    vectors = await reader.kept([*texts, *corrected, *others])
    columns = np.array([column for _, column in pairs], np.int64)
    said = [said_in(text) for text in texts] if known else ()
    examples = Examples(Texts(texts, vectors[: len(texts)], said), columns)
    corrections_end = len(texts) + len(corrected)
    near, other = vectors[len(texts) : corrections_end], vectors[corrections_end:]
    return Taught(learned.version, learned.reach, near, other, examples)


async def _adapter(context: ToolContext) -> str | None:
    """The skill's own, or the one that ships, if it is for this model. Over HTTP one that a server was shown
    to run.
    """
    settings = context.settings
    if settings.engine_urls:
        wanted = context.adapter or ADAPTER
        return wanted if await context.engine.proven_encoder(wanted) else None
    return adapter_here(context)


def adapter_here(context: ToolContext) -> str | None:
    """The skill's own, or the one that ships, if it is for this model."""
    settings = context.settings
    ships = adapter_entry(ADAPTER, settings).get("base") == settings.embed_model
    return context.adapter or (ADAPTER if ships else None)


def _distinct(known: Sequence[tuple[str, str]], labels: LabelSet) -> list[tuple[str, int]]:
    column = {name: index for index, name in enumerate(labels.names)}
    return sorted({(text, column[label]) for text, label in known if label in column})


def example_pairs(known: Sequence[tuple[str, str]], labels: LabelSet) -> tuple[list[tuple[str, int]], bool]:
    """Distinct examples, each with the column of its label, and whether they are ours: what people commonly
    write under these labels, where the caller gave no example.
    """
    pairs = _distinct(known, labels)
    return (pairs, False) if pairs else (_common_texts(labels), True)


def _common_texts(labels: LabelSet) -> list[tuple[str, int]]:
    """What people write under labels that many projects share, in place of examples.

    A label that the caller described has none: the description says more.
    """
    names = ["" if label.described else label.text for label in labels.labels]
    found = texts_of_common_labels(names)
    return sorted({(text, column) for column, texts in found.items() for text in texts})


class TextReader:
    """Unit vectors of texts, shape (texts, dim): the mean of the vectors of each text's chunks.

    With `said`, as where there are examples, of what the texts say (`said.py`), but for those of `files`.
    """

    def __init__(
        self,
        context: ToolContext,
        adapter: str | None,
        *,
        said: bool = False,
        files: frozenset[str] = frozenset(),
    ) -> None:
        self.adapter = adapter
        self._said = said
        self._files = files
        self._context = context
        self._settings = context.settings

    async def kept(self, texts: Sequence[str]) -> Matrix:
        """For texts that come again in later calls: labels and examples."""
        wanted = list(dict.fromkeys(texts))
        found = await self._context.in_thread(self._look_up, wanted)
        missing = [text for text in wanted if text not in found]
        if missing:
            new = dict(zip(missing, await self.embed(missing), strict=True))
            await self._context.in_thread(self._keep, new)
            found |= new
        return np.stack([found[text] for text in texts])

    async def until_time_is_over(self, texts: Iterable[str]) -> Texts:
        """The first ones are always read; raises DeadlineExceeded if even they can't be."""
        context, wanted = self._context, list(dict.fromkeys(texts))
        vectors: dict[str, Matrix] = {}
        for start in range(0, len(wanted), TEXTS_PER_STEP):
            if start and context.stop.remaining_s < 1:
                break
            step = wanted[start : start + TEXTS_PER_STEP]
            try:
                vectors.update(zip(step, await self.embed(step), strict=True))
            except DeadlineExceeded:
                if not vectors:
                    raise
                break
            context.progress(len(vectors), len(wanted), "reading texts")
        ordered = sorted(vectors)
        read = [self._read_as(text) for text in ordered]
        return Texts(ordered, np.stack([vectors[text] for text in ordered]), read)

    async def embed(self, texts: Sequence[str]) -> Matrix:
        parts = [chunks_of(self._read_as(text)) for text in texts]
        distinct = sorted({chunk for part in parts for chunk in part})
        options = CallOptions(deadline_s=max(1.0, self._context.stop.remaining_s), adapter=self.adapter)
        found = (await self._context.engine.embed(distinct, options)).vectors
        row = {chunk: index for index, chunk in enumerate(distinct)}
        return unit(np.stack([found[[row[chunk] for chunk in part]].mean(axis=0) for part in parts]))

    def _read_as(self, text: str) -> str:
        return said_in(text) if self._said and text not in self._files else text

    def _look_up(self, texts: Sequence[str]) -> dict[str, Matrix]:
        if not self._settings.cache:
            return {}
        read = {text: self._read_as(text) for text in texts}
        kept = self._context.kept.vectors(self.made_by, list(dict.fromkeys(read.values())))
        return {text: kept[said] for text, said in read.items() if said in kept}

    def _keep(self, vectors: Mapping[str, Matrix]) -> None:
        if self._settings.cache:
            read = {self._read_as(text): vector for text, vector in vectors.items()}
            self._context.kept.keep_vectors(self.made_by, read)

    @property
    def made_by(self) -> str:
        """All that changes a vector of the same text."""
        entry = adapter_entry(self.adapter, self._settings) if self.adapter else {}
        version = [str(entry.get(part, "")) for part in ("sha256", "scale")]
        return " ".join((self._settings.embed_model, *self._settings.engine_urls, *version))
