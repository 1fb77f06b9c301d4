"""Is the line that says why found more often with the lines that were reported of other logs?

Each log is judged by what the others taught (cross-validation that leaves one out), with the reach that is
best for the others. Logs of answers that were right, and logs that ship, have to keep their evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mcp_smalltools.learning.improve.failure_cases import FailureCase
from mcp_smalltools.learning.improve.trial import LIKELY_CHANCE, CorrectionTrial, chance_of, gained_and_lost
from mcp_smalltools.tools.find_failure.learned_lines import FEWEST_WORDS, LearnedLines, words_of_line

if TYPE_CHECKING:
    from mcp_smalltools.tools.find_failure.lines import LogLines
    from mcp_smalltools.tools.find_failure.spans import EvidenceSpan

FEWEST_LOGS: Final = 5
REACHES: Final = (1.0, 0.85, 0.7, 0.6, 0.5)
"""Share of words in common, the narrowest first."""
_MOST_SURE: Final = 0.9
Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class LineTrial(CorrectionTrial):
    """Shares of the held-out logs in which the main line of the first evidence says why. `changed`: of so
    many logs `elsewhere`, those whose first evidence is another one.
    """

    logs: int
    before: float
    after: float
    elsewhere: int
    changed: int
    reach: float | None
    confidence: float

    def said(self) -> list[str]:
        """For a person, a line each."""
        return [
            f"  first evidence right   {self.before:.3f} -> {self.after:.3f} of {self.logs} held-out logs",
            f"  other logs             {self.changed} of {self.elsewhere} get another first evidence",
        ]


@dataclass(frozen=True, slots=True)
class _JudgedLog:
    log: LogLines
    spans: list[EvidenceSpan]

    def first(self, learned: LearnedLines | None) -> tuple[int | None, bool]:
        """The main line of the first evidence, and whether it stands first because of what was learned."""
        marked = learned.mark(self.log) if learned else None
        if marked is not None and marked.any():
            return int(marked.argmax()), True
        return (self.spans[0].peak if self.spans else None), False


def words_of_case(case: FailureCase) -> tuple[Words, ...]:
    """The words of the lines that say why, of those that can be told from others."""
    words = (words_of_line(case.log.patterns[place]) for place in sorted(case.right))
    return tuple(line for line in words if len(line) >= FEWEST_WORDS)


def try_lines(
    cases: Sequence[FailureCase], elsewhere: Sequence[LogLines], passing: Sequence[LogLines]
) -> LineTrial:
    """Judge the corrections of so many logs; `elsewhere` are logs that they are not about,
    `passing` logs of runs that went well."""
    logs = [_judge(case.log) for case in cases]
    taught = [words_of_case(case) for case in cases]
    before = [_hits(log.first(None)[0], case) for log, case in zip(logs, cases, strict=True)]
    hits: dict[float, list[bool]] = {}
    used: dict[float, list[bool]] = {}
    for reach in REACHES:
        found = [log.first(_without(taught, at, reach)) for at, log in enumerate(logs)]
        hits[reach] = [_hits(place, case) for (place, _), case in zip(found, cases, strict=True)]
        used[reach] = [by_learned for _, by_learned in found]
    after = []
    for at, was in enumerate(before):
        own = _best_reach(before, hits, at)
        after.append(hits[own][at] if own else was)
    chosen = _best_reach(before, hits, None)
    learned = LearnedLines(tuple(line for lines in taught for line in lines), chosen or 1.0, 0.0)
    others = [_judge(log) for log in elsewhere]
    now = learned if chosen else None
    changed = sum(log.first(now)[0] != log.first(None)[0] for log in others)
    confidence = _confidence(before, hits, used)
    held = sum(_holds(learned, log) for log in passing) if chosen else 0
    reasons = _reasons(before, after, changed, held)
    return LineTrial(
        len(cases),
        round(sum(before) / len(cases), 4),
        round(sum(after) / len(cases), 4),
        len(others),
        changed,
        chosen,
        round(confidence, 3),
        reasons=tuple(reasons),
    )


def _confidence(
    before: Sequence[bool], hits: dict[float, list[bool]], used: dict[float, list[bool]]
) -> float:
    """Of the held-out logs in which a learned line stood first, the share in which that was right."""
    right = count = 0
    for at in range(len(before)):
        reach = _best_reach(before, hits, at)
        if reach and used[reach][at]:
            count += 1
            right += hits[reach][at]
    return min(_MOST_SURE, (right + 1) / (count + 2))


def _reasons(before: Sequence[bool], after: Sequence[bool], changed: int, held: int) -> list[str]:
    gained, lost = gained_and_lost(before, after)
    reasons = []
    if chance_of(gained, gained + lost) > LIKELY_CHANCE:
        reasons.append(
            f"the corrections don't predict each other: with the others {gained} more of {len(before)} logs "
            f"are right, and {lost} less"
        )
    if changed:
        reasons.append(
            f"{changed} logs that these corrections are not about would get another first evidence"
        )
    if held:
        reasons.append(f"{held} logs of runs that passed have such lines too")
    return reasons


def _holds(learned: LearnedLines, log: LogLines) -> bool:
    """Whether a log has any line that is like a learned one, however many there are."""
    return learned.is_like(set(log.patterns))


def _best_reach(before: Sequence[bool], hits: dict[float, list[bool]], without: int | None) -> float | None:
    """The narrowest reach with which most logs are right, one left out; None where none helps."""
    best, chosen = sum(hit for at, hit in enumerate(before) if at != without), None
    for reach, found in hits.items():
        if (count := sum(hit for at, hit in enumerate(found) if at != without)) > best:
            best, chosen = count, reach
    return chosen


def _without(taught: Sequence[tuple[Words, ...]], left_out: int, reach: float) -> LearnedLines:
    lines = tuple(line for at, own in enumerate(taught) if at != left_out for line in own)
    return LearnedLines(lines, reach, 0.0)


def _judge(log: LogLines) -> _JudgedLog:
    from mcp_smalltools.tools.find_failure.rank import rank

    return _JudgedLog(log, rank(log, None).spans)


def _hits(place: int | None, case: FailureCase) -> bool:
    return place in case.right
