"""Does a classify skill with examples of these labels answer better than the plain methods, and surely?

The newest quarter of the texts is held out; of the rest, so many of each label become the skill's examples,
and the plain methods are given the same.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mcp_smalltools.learning.labels.labelled import LabelledTexts
from mcp_smalltools.learning.stopwatch import Stopwatch

if TYPE_CHECKING:
    from mcp_smalltools.config import Settings
    from mcp_smalltools.engine.api import Engine

Pair = tuple[str, str]
EXAMPLES: Final = 40
"""Of each label, at most."""
_MOST_EXAMPLES: Final = 500
HELD_OUT: Final = 200
"""Texts, at most."""
MARK: Final = "trained.json"
"""File of a skill that `train classify` wrote: its figures."""
FEWEST_RIGHT: Final = 0.5
"""The share of held-out texts that a skill worth a call has right."""
RIGHT_OF_SURE: Final = 0.9
MAY_BE_WRONG: Final = 1
"""Sure answers that may be wrong, where they are too few for a share."""


@dataclass(frozen=True, slots=True)
class SkillFigures:
    """Shares of the held-out texts that are right: of the skill, of its labels' names alone, of the plain
    methods, and of always saying the most frequent label; `sure` are those without `escalate`.
    """

    labels: int
    examples: int
    held_out: int
    right: float
    names_alone: float
    logistic_regression: float
    tfidf_svm: float
    most_frequent: float
    sure: float
    right_of_sure: float | None
    seconds: float
    processor_s: float

    def reasons(self) -> Iterator[str]:
        """Why it is not kept."""
        plain = {"logistic regression": self.logistic_regression, "TF-IDF with an SVM": self.tfidf_svm}
        for name, right in plain.items():
            if self.right < right:
                yield f"{name} is right more often ({right:.3f})"
        if self.right <= self.names_alone:
            yield f"the labels' names alone are right as often ({self.names_alone:.3f})"
        if self.right <= self.most_frequent:
            yield f"always the most frequent label is right as often ({self.most_frequent:.3f})"
        if self.right < FEWEST_RIGHT:
            yield f"it is right in {self.right:.3f} only"
        right = 1.0 if self.right_of_sure is None else self.right_of_sure
        wrong = round(self.sure * self.held_out * (1 - right))
        if right < RIGHT_OF_SURE and wrong > MAY_BE_WRONG:
            yield f"what is sure is right in {right:.3f} only"

    def report(self) -> dict[str, Any]:
        reasons = list(self.reasons())
        return {**asdict(self), "reasons": reasons, "better": not reasons}


@dataclass(frozen=True, slots=True)
class SplitTexts:
    """What the skill is taught, and what measures it."""

    examples: list[Pair]
    held_out: list[Pair]

    @classmethod
    def of(cls, texts: LabelledTexts) -> SplitTexts:
        """The newest of each label are held out; the examples are drawn from the rest."""
        by_label: defaultdict[str, list[str]] = defaultdict(list)
        for text, label in texts.pairs:
            by_label[label].append(text)
        each = max(4, min(EXAMPLES, _MOST_EXAMPLES // len(by_label)))
        examples: list[Pair] = []
        held: list[Pair] = []
        for label, own in by_label.items():
            count = max(3, len(own) // 4)
            held += [(text, label) for text in own[-count:]]
            drawn = sorted(own[:-count], key=_draw)[:each]
            examples += [(text, label) for text in drawn]
        return cls(examples, sorted(held, key=lambda pair: _draw(pair[0]))[:HELD_OUT])


def _draw(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def write_pack(folder: Path, texts: LabelledTexts, split: SplitTexts, where: str) -> None:
    """A skill with these examples, in a folder of its name. Raises OSError."""
    folder.mkdir(parents=True)
    labels = [label for label in texts.labels if label in {own for _, own in split.examples}]
    what = texts.what or "texts"
    description = (
        f"Sort {what} under labels that were learned from {where}: {', '.join(labels[:8])}"
        f"{' and others' if len(labels) > 8 else ''}. For a dozen to thousands of texts. Returns label, "
        "confidence and escalate for each; read only the escalated ones yourself."
    )
    lines = [
        f"name = {json.dumps(folder.name)}",
        'kind = "classify"',
        f"description = {json.dumps(description[:600])}",
        f"labels = {json.dumps(labels)}",
        f"prompt = {json.dumps(texts.what)}",
        'examples = "examples.jsonl"',
        'eval = "eval.jsonl"',
    ]
    (folder / "skill.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, pairs in (("examples.jsonl", split.examples), ("eval.jsonl", split.held_out)):
        rows = (json.dumps({"text": text, "label": label}, ensure_ascii=False) for text, label in pairs)
        (folder / name).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def measure(folder: Path, split: SplitTexts, settings: Settings, vectors: PlainVectors) -> SkillFigures:
    """Run the held-out texts through the skill as written, through its labels' names alone, and through the
    plain methods. Raises as the engine does.
    """
    from dataclasses import replace

    from mcp_smalltools.evaluation.suites.own_skill import evaluate
    from mcp_smalltools.learning.labels.plain_methods import by_logistic_regression, by_words
    from mcp_smalltools.tools.built_in import built_in_tools
    from mcp_smalltools.tools.registry import read_tool

    watch = Stopwatch()
    skill = read_tool(folder, settings, built_in_tools()).skill
    own = evaluate(skill, settings)
    named = evaluate(replace(skill, examples=()), settings)
    labels = sorted({label for _, label in split.examples})
    columns = np.array([labels.index(label) for _, label in split.examples], np.int64)
    right = np.array([labels.index(label) if label in labels else -1 for _, label in split.held_out])
    known, asked = [text for text, _ in split.examples], [text for text, _ in split.held_out]
    by_vectors = by_logistic_regression(vectors.known, columns, len(labels), vectors.asked)
    words = by_words(known, columns, len(labels), asked)
    most = Counter(label for _, label in split.examples).most_common(1)[0][0]
    return SkillFigures(
        labels=len(labels),
        examples=len(known),
        held_out=len(asked),
        right=float(own["right"] or 0.0),
        names_alone=float(named["right"] or 0.0),
        logistic_regression=round(float((by_vectors == right).mean()), 4),
        tfidf_svm=round(float((words == right).mean()), 4),
        most_frequent=round(float((right == labels.index(most)).mean()), 4),
        sure=float(own["not escalated"] or 0.0),
        right_of_sure=None
        if own["right where not escalated"] is None
        else float(own["right where not escalated"]),
        seconds=watch.seconds,
        processor_s=watch.processor_s,
    )


@dataclass(frozen=True, slots=True)
class PlainVectors:
    """Of the examples and of the held-out texts, by the encoder without an adapter."""

    known: Any
    asked: Any


async def plain_vectors(split: SplitTexts, engine: Engine) -> PlainVectors:
    """Raises as the engine does."""
    from mcp_smalltools.engine.api import CallOptions

    texts = [text for text, _ in [*split.examples, *split.held_out]]
    found = (await engine.embed(texts, CallOptions(deadline_s=600.0))).vectors
    return PlainVectors(found[: len(split.examples)], found[len(split.examples) :])


def card_of(texts: LabelledTexts, figures: SkillFigures, source: str) -> str:
    """What a person reads of it."""
    sure = "-" if figures.right_of_sure is None else f"{figures.right_of_sure:.3f}"
    rows: Sequence[tuple[str, str]] = (
        ("this skill", f"{figures.right:.3f}"),
        ("its labels' names alone", f"{figures.names_alone:.3f}"),
        ("logistic regression on the encoder's vectors", f"{figures.logistic_regression:.3f}"),
        ("TF-IDF with a linear SVM", f"{figures.tfidf_svm:.3f}"),
        ("always the most frequent label", f"{figures.most_frequent:.3f}"),
    )
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return (
        f"# {texts.name}\n\nMade by `mcp-smalltools train classify` from {source}: {figures.examples} "
        f"examples of {figures.labels} labels. {figures.held_out} newer texts were held out.\n\n"
        f"| right of the held-out texts | share |\n|---|---|\n{table}\n\n"
        f"Not escalated: {figures.sure:.3f}, right of them: {sure}.\n"
    )
