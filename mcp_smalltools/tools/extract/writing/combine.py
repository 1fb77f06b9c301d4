"""Two readers of one text: what each says of a field decides together, and how they differ is the doubt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mcp_smalltools.calibration.calibration import Features, Logistic
from mcp_smalltools.tools.extract.assign import Choice
from mcp_smalltools.tools.extract.document import Document
from mcp_smalltools.tools.extract.options import Option
from mcp_smalltools.tools.extract.schema import Field
from mcp_smalltools.tools.extract.writing.ask_writer import WrittenValues
from mcp_smalltools.tools.extract.writing.evidence import Evidenced, contains, evidence_for, same_value

_OF_FIELD: Final = (
    *("score", "margin", "required", "text", "list", "number", "judged", "page", "near", "said"),
    *("inside", "around", "support"),
)
NOT_GIVEN: Final = "not_given"
"""A value that was held back: right if the value is wrong, and the text has none."""
GIVEN_FROM: Final = 0.75
"""Probability from which a value of an optional field is given: what both readers say, and little else. Of
the values between .5 and this, one of three was made up.
"""
NO_SUPPORT: Final = -12.0
SHORT_TEXT: Final = 3_000
"""Characters up to which the writer reads everything: beyond, it would take it longer than a call should."""
FEW_FIELDS: Final = 12
"""Fields up to which the writer is asked at all: of 38 it took from the reader more than it gave (13 right
without it, 8 and 12 with it; models/LOG.md).
"""
SURE_ALONE: Final = 0.95
"""Probability from which the reader's word is taken without asking the writer, where not everything is."""
OUTCOMES: Final = (
    *("agree", "reader_of_two", "writer_of_two", "reader_alone", "writer_alone", "held_back", "neither"),
)
PAIR_FEATURES: Final[Features] = dict.fromkeys(OUTCOMES, _OF_FIELD)
"""What is known of a field where two readers have read: is the value right that both give (`agree`), that one
of two gives, or that one gives and the other doesn't; is it right that there is none (`neither`), also where
the writer has a value that was not even among the reader's candidates (`held_back`).
"""


@dataclass(frozen=True, slots=True)
class FieldDecision:
    """A value for a field, or none. `outcome` says how two readers came to it, and is the name of a model of
    PAIR_FEATURES; "" where there was one reader.
    """

    outcome: str
    chosen: Option | None
    features: Mapping[str, float]
    doubted: Option | None = None
    """A value that is too unlikely to be given."""


@dataclass(frozen=True, slots=True)
class Writer:
    """The model that is asked, and what its agreement and disagreement with the reader mean: models by the
    names of PAIR_FEATURES; empty while that is being measured.
    """

    model: str
    models: Mapping[str, Logistic]
    most_s: float = 30.0
    """Seconds that a call waits for it, however much time the call has."""
    reader: Mapping[str, Logistic] = field(default_factory=dict)
    """How right the reader is alone: models by the names of `confidence.FEATURES`. Without them, the writer
    is asked for everything.
    """

    def fields_to_ask(
        self, fields: Sequence[Field], choices: Sequence[Choice], document: Document
    ) -> list[Field]:
        """All fields of a short text, of a long one those that the reader is not sure of; none of many."""
        if not self.reader:
            return list(fields)
        if len(fields) > FEW_FIELDS:
            return []
        if len(document.text) <= SHORT_TEXT:
            return list(fields)
        ending = "" if document.is_request else "_on_page"

        def is_doubted(choice: Choice) -> bool:
            kind = "found" if choice.option else "absent"
            return float(self.reader[f"{kind}{ending}"](choice.features)[0]) < SURE_ALONE

        return [item for item, choice in zip(fields, choices, strict=True) if is_doubted(choice)]


@dataclass(frozen=True, slots=True)
class SecondReading:
    """What a writer wrote for the fields of a text."""

    writer: Writer
    written: WrittenValues

    def ways(
        self,
        item: Field,
        choice: Choice,
        options: Sequence[Option],
        document: Document,
        check: Callable[[], None],
    ) -> list[FieldDecision]:
        """What both readers say of a field; empty where the writer hasn't read it. `options`: all that the
        reader could have chosen.
        """
        if item.name not in self.written.values:
            return []
        raw = self.written.values[item.name]
        evidence = evidence_for(item, raw, self.written.parts, check)
        support = support_of(evidence, options)
        return outcomes_of(item, choice, evidence, support, is_request=document.is_request)


def support_of(written: Evidenced | None, options: Sequence[Option]) -> float:
    """The reader's score for what the writer wrote, in log odds: NO_SUPPORT where it never came up."""
    if written is None:
        return NO_SUPPORT
    scores = [option.score for option in options if same_value(option.value, written.value)]
    return max(NO_SUPPORT, min(-NO_SUPPORT, max(scores, default=NO_SUPPORT)))


def outcomes_of(
    item: Field, choice: Choice, written: Evidenced | None, support: float, *, is_request: bool
) -> list[FieldDecision]:
    """The answers that are possible: one where both agree or only one speaks, two where they differ."""
    read = choice.option
    features = {**_features(item, choice, written, is_request=is_request), "support": support}
    if read is None and written is None:
        return [FieldDecision("neither", None, features)]
    if written is None:
        return [FieldDecision("reader_alone", read, features)]
    if read is None:
        if not item.required and (support <= NO_SUPPORT or not written.said):
            return [FieldDecision("held_back", None, features, _as_option(written) if written.said else None)]
        return [FieldDecision("writer_alone", _as_option(written), features)]
    if same_value(read.value, written.value):
        return [FieldDecision("agree", read, features)]
    return [
        FieldDecision("reader_of_two", read, features),
        FieldDecision("writer_of_two", _as_option(written), features),
    ]


def likelier(
    item: Field, ways: Sequence[FieldDecision], models: Mapping[str, Logistic]
) -> FieldDecision | None:
    """Of two answers the one that is more probably right; None of none. For an optional field, a value that
    is more likely wrong than right is not given.
    """
    if not ways or not models:
        return ways[-1] if ways else None
    best = max(ways, key=lambda way: probability_of(way.outcome, way.features, models))
    chance = probability_of(best.outcome, best.features, models)
    if best.chosen is not None and not item.required and chance < GIVEN_FROM:
        return FieldDecision(NOT_GIVEN, None, {**best.features, "chance": chance}, best.chosen)
    return best


def probability_of(outcome: str, features: Mapping[str, float], models: Mapping[str, Logistic]) -> float:
    """That what was decided of a field is right."""
    if outcome == NOT_GIVEN:
        return 1.0 - features["chance"]
    return float(models[outcome](features)[0])


def _as_option(written: Evidenced) -> Option:
    return Option(written.value, written.start, written.end, 0.0, "written", verified=written.said)


def _features(
    item: Field, choice: Choice, written: Evidenced | None, *, is_request: bool
) -> dict[str, float]:
    given = choice.features
    read = choice.option
    mine, theirs = (read.value if read else None), (written.value if written else None)
    return {
        "score": given["score"],
        "margin": given["margin"],
        "required": float(item.required),
        "text": float(item.type == "string" and item.members is None),
        "list": float(item.listed),
        "number": float(item.type in ("integer", "number")),
        "judged": float(item.type == "boolean" or item.members is not None),
        "page": float(not is_request),
        "near": float(written is not None and written.near),
        "said": float(written is None or written.said),
        "inside": float(contains(mine, theirs)),
        "around": float(contains(theirs, mine)),
    }
