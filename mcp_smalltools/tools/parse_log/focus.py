"""Which templates a question is about: by the words that they share with it, and by the encoder's similarity.

The encoder reads each distinct template once. Without an engine, words alone decide, and the answer says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mcp_smalltools.engine.api import CallOptions
from mcp_smalltools.errors import Cancelled, SmallToolsError
from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.templates.parsed_log import ParsedTemplate

if TYPE_CHECKING:
    from mcp_smalltools.tools.base import ToolContext

NEAREST = 3
"""Templates that are shown where none fits."""
MOST_READ = 512
"""Templates that the encoder reads: those that share words first, then the most frequent."""
_SIMILAR = 0.40
_HALF_SIMILAR = 0.30
"""Cosine from which a template fits by its meaning alone, or together with a word. Unrelated questions reach
.34 on logs of our own (three programs, twelve questions; models/LOG.md)."""
_ELSEWHERE = 0.6
"""What a word counts that stands only in the lines of a template's first record."""
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+|\d+")
_EMPTY_WORDS = (
    "a", "about", "all", "an", "and", "any", "are", "at", "by", "did", "do", "does", "error", "errors",
    "find", "for", "from", "happen", "happened", "has", "have", "how", "i", "in", "is", "it", "line",
    "lines", "log", "me", "of", "on", "or", "show", "tell", "that", "the", "there", "to", "was", "were",
    "what", "when", "where", "which", "who", "why", "with",
)  # fmt: skip


@dataclass(slots=True)
class Focus:
    """The templates that fit a question, best first; where none does, `fits` is False and they are the
    nearest.
    """

    question: str
    templates: list[ParsedTemplate]
    fits: bool
    model: str | None = None
    problem: str | None = None  # why the encoder took no part
    scores: Mapping[int, float] = field(default_factory=dict)


async def focus_on(question: str, templates: Sequence[ParsedTemplate], context: ToolContext) -> Focus:
    """Rank the templates that have records."""
    present = [template for template in templates if template.records]
    words = words_of(question) - {stem(word) for word in _EMPTY_WORDS} or words_of(question)
    shared = {template.id: _share(words, template) for template in present}
    read = sorted(present, key=lambda item: (-shared[item.id], -item.records))[:MOST_READ]
    problem = None
    similar: dict[int, float] = {}
    try:
        similar = await _similarities(question, read, context)
    except Cancelled:
        raise
    except SmallToolsError as error:
        problem = str(error).split(". ")[0].rstrip(".")
    scores = {item.id: shared[item.id] + similar.get(item.id, 0.0) for item in present}
    ranked = sorted(present, key=lambda item: (-scores[item.id], -item.records, item.first))
    fitting = [item for item in ranked if _fits(shared[item.id], similar.get(item.id, 0.0))]
    return Focus(
        question,
        fitting or ranked[:NEAREST],
        bool(fitting),
        context.settings.embed_model if similar else None,
        problem,
        scores,
    )


def _fits(shared: float, similarity: float) -> bool:
    return (
        similarity >= _SIMILAR
        or shared >= 0.5
        or (shared > 0 and similarity >= _HALF_SIMILAR)
        or shared * similarity >= _SIMILAR * _SIMILAR
    )


async def _similarities(
    question: str, templates: Sequence[ParsedTemplate], context: ToolContext
) -> dict[int, float]:
    """The cosine of each template to the question, by the template's number."""
    texts = [" ".join(template.text.replace(VAR, " ").split()) or "-" for template in templates]
    if not texts:
        return {}
    options = CallOptions(deadline_s=max(1.0, context.stop.remaining_s / 2))
    vectors = (await context.engine.embed([question, *texts], options)).vectors
    cosines = vectors[1:] @ vectors[0]
    return {item.id: float(cosine) for item, cosine in zip(templates, cosines, strict=True)}


def _share(wanted: set[str], template: ParsedTemplate) -> float:
    """Share of the question's words that the template has."""
    if not wanted:
        return 0.0
    own = words_of(template.text.replace(VAR, " ")) | {stem(level) for level in template.levels}
    lines = [
        line for item in template.line_types if item.sample for line in (*item.sample.head, *item.sample.tail)
    ]
    elsewhere = words_of(" ".join(lines)) - own
    return (len(wanted & own) + _ELSEWHERE * len(wanted & elsewhere)) / len(wanted)


def words_of(text: str) -> set[str]:
    """Stems of the words, those inside of names too: StoreTimeout, store_timeout."""
    return {stem(word) for word in _WORDS.findall(text)}


def stem(word: str) -> str:
    """Lower case without the commonest endings, so that `timeouts` finds `timeout`, `failed` `failure`."""
    word = word.lower()
    for ending in ("ures", "ions", "ings", "ure", "ion", "ing", "ers", "ed", "er", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
