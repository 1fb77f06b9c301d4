"""Decisions for all texts of a call: by the labels' names or the caller's examples, and by what was learned
from corrections where a text is near to one of them.
"""

from __future__ import annotations

from mcp_smalltools.calibration.calibration import Calibration, load_calibration
from mcp_smalltools.tools.classify.decision import (
    FEATURES,
    Decision,
    add_distributions,
    add_further_labels,
    decide,
)
from mcp_smalltools.tools.classify.labels import LabelSet
from mcp_smalltools.tools.classify.learned import Reach
from mcp_smalltools.tools.classify.scoring import Examples, score
from mcp_smalltools.tools.classify.vectors import CallVectors
from mcp_smalltools.tools.classify.yes_or_no import answer_by_examples, answer_by_nearness


def load_confidences() -> Calibration:
    """How sure `classify` may be. Raises ModelError."""
    return load_calibration("classify", FEATURES)


def decide_call(read: CallVectors, labels: LabelSet, *, multiple: bool = False) -> dict[str, Decision]:
    """A decision for each text that was read. What was learned decides about texts within its reach only."""
    found = _decide(read, read.examples, labels, multiple=multiple)
    if read.taught is None:
        return found
    near = read.taught.nearness(read.items)
    if near.max() < read.taught.reach.nearer:
        return found
    taught = _decide(read, read.taught.examples, labels, multiple=multiple)
    texts = [
        text
        for text, nearness in zip(read.items.texts, near.tolist(), strict=True)
        if is_within(read.taught.reach, nearness, taught[text])
    ]
    return found | {text: taught[text] for text in texts}


def is_within(reach: Reach, nearness: float, taught: Decision) -> bool:
    """Whether what was learned decides about an item; `taught` is what it says."""
    return taught.label is not None and nearness >= reach.nearer and taught.confidence >= reach.confidence


def _decide(
    read: CallVectors, examples: Examples | None, labels: LabelSet, *, multiple: bool
) -> dict[str, Decision]:
    calibration, items = load_confidences(), read.items
    if labels.question:
        assert not multiple
        if examples is None:
            decisions = answer_by_nearness(items.vectors, read.names.vectors, labels, calibration)
        else:
            scores = score(items, read.names, examples)
            decisions = answer_by_examples(scores, items.texts, labels, calibration)
        return dict(zip(items.texts, decisions, strict=True))
    scores = score(items, read.names, examples)
    decisions = add_distributions(decide(scores, items.texts, calibration), scores)
    if multiple:
        parts = score(read.clauses, read.names, examples) if read.clauses else None
        decisions = add_further_labels(decisions, scores, parts, read.clause_rows(), calibration)
    return dict(zip(items.texts, decisions, strict=True))
