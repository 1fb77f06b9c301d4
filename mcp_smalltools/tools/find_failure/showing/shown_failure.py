"""The part of the answer that shows a failure: evidence, context, name, and what was left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcp_smalltools.result import Span
from mcp_smalltools.tools.find_failure import answer as records
from mcp_smalltools.tools.find_failure.lines import LogLines
from mcp_smalltools.tools.find_failure.naming.name import FailureName, name_of
from mcp_smalltools.tools.find_failure.rank import RankedLog
from mcp_smalltools.tools.find_failure.showing.plan import ShownPlan, ShownSpan, plan_of, shown_line
from mcp_smalltools.tools.find_failure.spans import EvidenceSpan, context_of

MAX_CHARS = 2_000
"""Characters of an answer of the usual number of lines."""
USUAL_LINES = 50
"""Lines of an answer up to which it has MAX_CHARS; one of more has more in proportion."""
_FRAME = 480
"""Characters of the answer's other fields, its own note and the usual reason among them."""
_LEAST = 300
"""Characters for evidence at least."""
_ALSO_LIKELY = 0.5
"""Share of the main cause's probability from which a further span may give the name that the main one lacks."""
_CONTEXT_LINE = 160
_OF_A_SPAN = 36


@dataclass(frozen=True, slots=True)
class ShownFailure:
    """Evidence, the main failure first, context and name; `dropped` counts what is not shown."""

    evidence: list[records.Evidence]
    context: list[Span]
    name: FailureName
    only_an_end: bool
    named: bool
    """Whether a tool's form names the main failure, as a test or as an error in source."""
    dropped: dict[str, int]

    @property
    def note(self) -> str | None:
        """How to get what is not shown."""
        if left := self.dropped.get("failures"):
            more = "more distinct failures were" if left > 1 else "more distinct failure was"
            return f"{left} {more} found than are shown: raise max_lines for their names."
        if "evidence_lines" in self.dropped:
            return "There are more lines of evidence: raise max_lines, or read on at these line numbers."
        return None


def show(
    log: LogLines,
    ranked: RankedLog,
    most_lines: int,
    taken: int,
    cut: float,
    *,
    heard: Callable[[int], bool] = lambda _: True,
    chars: int | None = None,
    first: bool = False,
) -> ShownFailure:
    """Show a log with at least one span of evidence in at most so many lines, and in so many characters as go
    with them (or `chars`), less `taken`. `cut` is the probability from which a line belongs to the report of the failure,
    `first` that the first span is the main failure.
    """
    if chars is None:
        chars = MAX_CHARS * max(most_lines, USUAL_LINES) // USUAL_LINES
    room = max(chars - _FRAME - taken, _LEAST)
    plan = plan_of(log, ranked, most_lines, room, heard, first=first)
    spans = [(plan.main.start, plan.main.stop, plan.head)]
    spans += [
        (span.start, span.stop, span.peak)
        for span in ranked.spans
        if span.peak != plan.main.peak and span.cause >= _ALSO_LIKELY * plan.main.cause
    ]
    dropped = {"failures": plan.failures_left, "evidence_lines": plan.lines_left}
    return ShownFailure(
        [_evidence(log, span) for span in plan.evidence],
        _context(log, ranked, plan, most_lines, cut),
        name_of(log.contents, spans),
        plan.only_an_end,
        plan.named,
        {name: count for name, count in dropped.items() if count > 0},
    )


def _context(log: LogLines, ranked: RankedLog, plan: ShownPlan, most_lines: int, cut: float) -> list[Span]:
    """What else belongs to the report, as far as there is room for it."""
    lines, chars = plan.room
    taken = [EvidenceSpan(span.start, span.stop, span.start, 0.0) for span in plan.evidence]
    most = min(lines, max(4, most_lines // 3))
    shown = []
    for start, stop in context_of(ranked.probabilities, taken, log.numbers, cut, most, new=ranked.new):
        said = [place for place in range(start, stop) if log.contents[place].strip()]
        if not said:
            continue
        span = _span(log, said[0], said[-1] + 1, [_CONTEXT_LINE] * (said[-1] + 1 - said[0]))
        chars -= len(span.text) + _OF_A_SPAN
        if chars < 0:
            break
        shown.append(span)
    return shown


def _evidence(log: LogLines, span: ShownSpan) -> records.Evidence:
    shown = _span(log, span.start, span.stop, span.rooms)
    return records.Evidence(start=shown.start, end=shown.end, text=shown.text, count=span.count)


def _span(log: LogLines, start: int, stop: int, rooms: list[int] | tuple[int, ...]) -> Span:
    text = "\n".join(
        shown_line(log, place, room) for place, room in zip(range(start, stop), rooms, strict=True)
    )
    return Span(start=log.numbers[start], end=log.numbers[stop - 1], text=text)
