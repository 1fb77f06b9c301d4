"""Two readers of one text: what each says of a field decides together, and how they differ is the doubt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_smalltools.calibration.calibration import Features, Logistic
from mcp_smalltools.tools.extract.assign import Choice
from mcp_smalltools.tools.extract.document import Document
from mcp_smalltools.tools.extract.options import Option
from mcp_smalltools.tools.extract.schema import Field
from mcp_smalltools.tools.extract.writing.ask_writer import WrittenValues
from mcp_smalltools.tools.extract.writing.evidence import Evidenced, contains, evidence_for, same_value

_OF_FIELD: Final = (
    *("score", "margin", "required", "text", "list", "number", "judged", "page", "near", "said", "part"),
)
OUTCOMES: Final = ("agree", "reader_of_two", "writer_of_two", "reader_alone", "writer_alone", "neither")
PAIR_FEATURES: Final[Features] = dict.fromkeys(OUTCOMES, _OF_FIELD)
"""What is known of a field where two readers have read: is the value right that both give (`agree`), that one
of two gives, or that one gives and the other doesn't; is it right that there is none (`neither`).
"""


@dataclass(frozen=True, slots=True)
class FieldDecision:
    """A value for a field, or none. `outcome` says how two readers came to it, and is the name of a model of
    PAIR_FEATURES; "" where there was one reader.
    """

    outcome: str
    chosen: Option | None
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Writer:
    """The model that is asked, and what its agreement and disagreement with the reader mean: models by the
    names of PAIR_FEATURES; empty while that is being measured.
    """

    model: str
    models: Mapping[str, Logistic]


@dataclass(frozen=True, slots=True)
class SecondReading:
    """What a writer wrote for the fields of a text."""

    writer: Writer
    written: WrittenValues

    def ways(
        self, item: Field, choice: Choice, document: Document, check: Callable[[], None]
    ) -> list[FieldDecision]:
        """What both readers say of a field; empty where the writer hasn't read it."""
        if item.name not in self.written.values:
            return []
        raw = self.written.values[item.name]
        evidence = evidence_for(item, raw, self.written.parts, check)
        return outcomes_of(item, choice, evidence, is_request=document.is_request)


def outcomes_of(
    item: Field, choice: Choice, written: Evidenced | None, *, is_request: bool
) -> list[FieldDecision]:
    """The answers that are possible: one where both agree or only one speaks, two where they differ."""
    read = choice.option
    features = _features(item, choice, written, is_request=is_request)
    if read is None and written is None:
        return [FieldDecision("neither", None, features)]
    if written is None:
        return [FieldDecision("reader_alone", read, features)]
    if read is None:
        return [FieldDecision("writer_alone", _as_option(written), features)]
    if same_value(read.value, written.value):
        return [FieldDecision("agree", read, features)]
    return [
        FieldDecision("reader_of_two", read, features),
        FieldDecision("writer_of_two", _as_option(written), features),
    ]


def likelier(ways: Sequence[FieldDecision], models: Mapping[str, Logistic]) -> FieldDecision | None:
    """Of two answers the one that is more probably right; None of none."""
    if not ways or not models:
        return ways[-1] if ways else None
    return max(ways, key=lambda way: float(models[way.outcome](way.features)[0]))


def _as_option(written: Evidenced) -> Option:
    return Option(written.value, written.start, written.end, 0.0, "written", verified=written.said)


def _features(
    item: Field, choice: Choice, written: Evidenced | None, *, is_request: bool
) -> dict[str, float]:
    given = choice.features
    read = choice.option
    part = read is not None and written is not None and contains(read.value, written.value)
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
        "part": float(part),
    }
