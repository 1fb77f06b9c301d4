"""Which templates a question is about: by the words that they share with it, and by the encoder's similarity.

The encoder reads each distinct template once. Without an engine, words alone decide, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mcp_smalltools.errors import EngineMissing, SmallToolsError
from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.templates.parsed_log import ParsedTemplate
from mcp_smalltools.text.words import log_content_stems, log_stem, log_stems
from mcp_smalltools.tools.similarity import NoEncoder, similarities

if TYPE_CHECKING:
    from mcp_smalltools.tools.base import ToolContext

NEAREST = 3
"""Templates that are shown where none fits."""
MOST_READ = 512
"""Templates that the encoder reads: first those that share words, then the most frequent."""
_SIMILAR = 0.40
"""Cosine from which a template fits without a shared word. Unrelated questions reach .34 on logs of our own
(three programs, twelve questions; models/LOG.md)."""
_HALF_SIMILAR = 0.30
"""Cosine from which a template fits together with a shared word."""
_ELSEWHERE = 0.6
"""What a word counts that only the lines of a template's first record have."""


@dataclass(slots=True)
class Focus:
    """The templates that fit a question, best first; the nearest ones, with `fits` False, where none does."""

    question: str
    templates: list[ParsedTemplate]
    fits: bool
    model: str | None = None
    problem: str | None = None  # why there is no similarity
    scores: Mapping[int, float] = field(default_factory=dict)


async def focus_on(question: str, templates: Sequence[ParsedTemplate], context: ToolContext) -> Focus:
    """Rank the templates that have records."""
    present = [template for template in templates if template.records]
    wanted = log_content_stems(question)
    shared = {template.id: _shared(wanted, template) for template in present}
    read = sorted(present, key=lambda item: (-shared[item.id], -item.records))[:MOST_READ]
    problem = None
    similar: dict[int, float] = {}
    found = await similarities(
        context.engine,
        question,
        [_text_of(template) for template in read],
        context.stop.remaining_s / 2,
        tolerated=(SmallToolsError,),
    )
    if isinstance(found, NoEncoder):
        missing = isinstance(found.error, EngineMissing)
        problem = (str(found.error) if missing else str(found.error).split(". ")[0]).rstrip(".")
    else:
        similar = {item.id: similarity for item, similarity in zip(read, found, strict=True)}
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


def _text_of(template: ParsedTemplate) -> str:
    """What the encoder reads of a template."""
    return " ".join(template.text.replace(VAR, " ").split()) or "-"


def _shared(wanted: set[str], template: ParsedTemplate) -> float:
    """The share of the question's words that the template has."""
    if not wanted:
        return 0.0
    own = log_stems(template.text.replace(VAR, " ")) | {log_stem(level) for level in template.levels}
    lines = [
        line for item in template.line_types if item.sample for line in (*item.sample.head, *item.sample.tail)
    ]
    elsewhere = log_stems(" ".join(lines)) - own
    return (len(wanted & own) + _ELSEWHERE * len(wanted & elsewhere)) / len(wanted)
