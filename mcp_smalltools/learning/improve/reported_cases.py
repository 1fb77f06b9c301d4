"""Corrections as cases: only what a caller reported of an answer, cleaned, with where each is from.

What a file says is never taken for a label. Reports on sealed roots are left out, as are those whose level
isn't known. Texts that were corrected in two ways teach nothing; a caller's reports count up to a limit.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.stores.outcomes import ReportedOutcome
from mcp_smalltools.tools.classify.labels import LabelSet

FEWEST: Final = 8
"""Cases from which something is learned."""
MOST: Final = 2_000
"""Cases that are learned from, the newest."""
A_DAY: Final = 100
"""Cases of one caller on one day, at most: more than anybody looks at."""
OF_A_REMOTE_CALLER: Final = 20
"""Cases of the holder of a token that count, or as many as all others have, if that is more."""
MAY_CONTRADICT: Final = 0.2
"""Share of the texts that may have been corrected in two ways."""
LOCAL: Final = "local"
_DIGITS: Final = re.compile(r"\d+")
_DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class ReportedCase:
    """A text with its right label, as a caller reported it. `confirmed`: the answer had been right."""

    text: str
    label: str
    principal: str
    call_id: str
    at: float
    confirmed: bool = False

    @property
    def key(self) -> str:
        """Equal for texts that differ in numbers, case and space alone: they are one case."""
        return " ".join(_DIGITS.sub("0", self.text.casefold()).split())


@dataclass(slots=True)
class ReportedCases:
    """What is learned from, oldest first; what was left out by reason; and why nothing of it may be used."""

    cases: list[ReportedCase] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    refusal: str | None = None


def cases_of(
    outcomes: Sequence[ReportedOutcome], labels: LabelSet, known: Iterable[str] = ()
) -> ReportedCases:
    """Cases of one task from its outcomes, oldest first; `known` are texts that measure it, or teach it."""
    found = ReportedCases()
    cases = list(_usable(outcomes, labels, {text.strip() for text in known}, found.left))
    cases = _of_each_day(cases, found.left)
    cases, contradicted, texts = _agreed(cases, found.left)
    if texts and contradicted > MAY_CONTRADICT * texts:
        found.refusal = f"the corrections contradict each other: {contradicted} of {texts} texts"
    cases = _without_flood(cases, found.left)
    if len(cases) > MOST:
        found.left["older than the newest that are used"] += len(cases) - MOST
        cases = cases[-MOST:]
    found.cases = cases
    if not found.refusal and len(cases) < FEWEST:
        found.refusal = f"{len(cases)} cases are too few: {FEWEST} are the least"
    return found


def _usable(
    outcomes: Sequence[ReportedOutcome], labels: LabelSet, known: set[str], left: Counter[str]
) -> Iterable[ReportedCase]:
    names = set(labels.names)
    for outcome in outcomes:
        for text, label in outcome.examples:
            if outcome.level == PrivacyLevel.SEALED:
                left["of a sealed root"] += 1
            elif outcome.level not in set(PrivacyLevel):
                left["of an unknown privacy level"] += 1
            elif label == labels.none_name and label not in names:
                left["says that no label fits, which can't be learned"] += 1
            elif label not in names:
                left["label is not one of the task's"] += 1
            elif text.strip() in known:
                left["is a case or an example of the skill"] += 1
            else:
                confirmed = outcome.verdict == "right"
                yield ReportedCase(
                    text.strip(), label, outcome.principal, outcome.call_id, outcome.at, confirmed
                )


def _of_each_day(cases: list[ReportedCase], left: Counter[str]) -> list[ReportedCase]:
    """The first ones of each caller and day."""
    counts: Counter[tuple[str, int]] = Counter()
    kept = []
    for case in cases:
        day = case.principal, int(case.at // _DAY_S)
        counts[day] += 1
        if counts[day] <= A_DAY:
            kept.append(case)
    if len(kept) < len(cases):
        left[f"beyond {A_DAY} of one caller in a day"] += len(cases) - len(kept)
    return kept


def _agreed(cases: list[ReportedCase], left: Counter[str]) -> tuple[list[ReportedCase], int, int]:
    """One case for each text, how many texts have contradicting labels, and how many there are.

    A caller may change its mind once: the later label counts.
    """
    of_text: defaultdict[str, list[ReportedCase]] = defaultdict(list)
    for case in cases:
        of_text[case.key].append(case)
    kept, contradicted = [], 0
    for same in of_text.values():
        last = {case.principal: case for case in same}
        changes = sum(
            one.label != other.label
            for one, other in itertools.pairwise(same)
            if one.principal == other.principal
        )
        if len({case.label for case in last.values()}) > 1 or changes > 1:
            contradicted += 1
            left["corrected in two ways"] += len(same)
            continue
        kept.append(same[-1])
        if len(same) > 1:
            left["reported again"] += len(same) - 1
    return sorted(kept, key=lambda case: (case.at, case.call_id, case.text)), contradicted, len(of_text)


def _without_flood(cases: list[ReportedCase], left: Counter[str]) -> list[ReportedCase]:
    """Of the holder of a token at most so many cases as all others have: the oldest ones."""
    counts = Counter(case.principal for case in cases)
    limits = {
        principal: max(OF_A_REMOTE_CALLER, counts.total() - count)
        for principal, count in counts.items()
        if principal != LOCAL
    }
    taken: Counter[str] = Counter()
    kept = []
    for case in cases:
        taken[case.principal] += 1
        if taken[case.principal] <= limits.get(case.principal, len(cases)):
            kept.append(case)
        else:
            left[f"more than all others have, of {case.principal}"] += 1
    return kept
