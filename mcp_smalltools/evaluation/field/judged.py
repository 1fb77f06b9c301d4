"""What was found of one case, and the figures of one tool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mcp_smalltools.evaluation.field.cases import FieldCase


@dataclass(frozen=True, slots=True)
class JudgedCase:
    """An answer and what is right of it. `parts` is empty where the call failed: then nothing is right.

    `beside` has what is reported but decides nothing: 1 or 0, of items their share; `plain` the same of the
    plain methods.
    """

    case: FieldCase
    parts: dict[str, bool]
    sure: bool
    characters: int
    seconds: float
    plain: dict[str, float]
    error: str = ""
    beside: dict[str, float] = field(default_factory=dict)
    sure_items: tuple[int, int] = (0, 0)
    """Of `classify`'s items that are sure: how many are right, how many there are."""
    rated: Sequence[tuple[float, bool]] = ()
    """Confidence, and whether it was right: of the answer, of `classify` of each item. Empty without any."""

    @property
    def right(self) -> bool:
        return bool(self.parts) and all(self.parts.values())


@dataclass(frozen=True, slots=True)
class FieldFigures:
    """Of one tool. Shares are of 1, of the cases that the name tells of; `characters` is the median."""

    tool: str
    cases: int
    absent: int
    sources: int
    right: float
    sure: float
    right_of_sure: float
    sure_and_wrong: list[str]
    worst_source: str
    worst_right: float
    characters: float
    seconds: float
    parts: dict[str, float]
    plain: dict[str, float]
    failed_calls: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
