"""The answer for a ranked log: failed, not failed, or can't tell; the evidence, kind, tool and place."""

from __future__ import annotations

from dataclasses import replace

from mcp_smalltools.calibration.calibration import load_calibration
from mcp_smalltools.result import Span
from mcp_smalltools.tools.find_failure import answer as records
from mcp_smalltools.tools.find_failure.lines import LogLines
from mcp_smalltools.tools.find_failure.outcome.decide import RunVerdict, decide
from mcp_smalltools.tools.find_failure.outcome.ending import Ending, LogEnding, read_ending
from mcp_smalltools.tools.find_failure.outcome.roles import NEVER_EVIDENCE
from mcp_smalltools.tools.find_failure.outcome.stops import OutsideStop, outside_stop
from mcp_smalltools.tools.find_failure.rank import RankedLog
from mcp_smalltools.tools.find_failure.showing.plan import shortened
from mcp_smalltools.tools.find_failure.showing.shown_failure import ShownFailure, show
from mcp_smalltools.tools.find_failure.spans import EvidenceSpan
from mcp_smalltools.tools.find_failure.verdict import FEATURES

SHORT_LOG = 12
"""Lines up to which it is faster to read a log than to ask about it."""
_CUT_OFF = "The time ran out before the log was read to its end."
_SHORT = "The log has only {} lines: read it yourself."
_EMPTY = "The log is empty."
_NO_CAUSE = "The run failed, but no line of this log says why."
_LINE_CHARS = 200
_USUAL_REASON = 80
"""Characters of a reason that the answer's frame has room for."""
_LIKELY = 0.5
"""Probability from which a line is shown as evidence beside such a line."""
_SURE_OF_AN_END = 0.5
"""Probability at most that the evidence says why, where its main line only says how the run ended."""
_SURE_OF_A_NAME = 0.85
"""Probability that the evidence says why, where a tool's form names a test or an error in source that is the
main failure of a run which failed with it: 96 of 97 such real runs were right.
"""
_NAMED_FROM = 0.9
"""Confidence from which an answer that is sure of its lines names the tool: names are wrong more often.

It names none by what is only around the evidence, and no language by its frames.
"""
_SURE_OF_A_STOP = 0.96
"""Probability that a line which tells a stop from outside is the cause."""


def compose_answer(
    log: LogLines, ranked: RankedLog, arguments: records.FindFailureArguments, dropped: dict[str, int]
) -> records.FindFailureAnswer:
    """Failed, not failed, or, where neither is sure, the likeliest lines to look at."""
    constants = load_calibration("find_failure", FEATURES).constants
    reading = read_ending(log.contents, log.roles)
    stop = outside_stop(log.contents, log.roles)
    decision = decide(reading, ranked.failed, log.numbers, arguments.exit_code, arguments.command, stop=stop)
    if log.cut_off and arguments.exit_code is None:
        decision = replace(decision, failed=decision.failed or None, reason=_CUT_OFF)
    if decision.failed is False or not ranked.spans or not decision.has_cause:
        return _answer_without_evidence(log, reading, decision, dropped)
    if stop is not None:
        ranked = with_stop_first(ranked, stop)
    limit = max(arguments.max_lines // 2, 1) if decision.failed is None else arguments.max_lines
    cut = constants["report_alone" if ranked.new is None else "report_compared"]
    taken = (
        len(arguments.path) + max(len(decision.reason or "") - _USUAL_REASON, 0) + len(decision.note or "")
    )
    shown = show(
        log,
        ranked,
        limit,
        taken,
        cut,
        heard=lambda p: log.roles[p] not in NEVER_EVIDENCE,
        first=stop is not None,
    )
    place = shown.name.place
    answer = records.FindFailureAnswer(
        failed=decision.failed,
        kind=stop.kind if stop is not None else shown.name.kind or decision.kind,
        tool=shown.name.tool,
        place=records.Place(file=place.file, line=place.line) if place else None,
        evidence=shown.evidence,
        context=shown.context,
        confidence=round(decision.probability * _sure_of(ranked.sure, shown, reading), 3),
        dropped=dropped | shown.dropped,
        note=" ".join(filter(None, (decision.note, shown.note))) or None,
    )
    _add_reason(answer, log, decision, constants["sure_from"])
    if not answer.escalate and ((answer.confidence or 0) < _NAMED_FROM or not shown.name.tool_is_stated):
        answer.tool = None
    return answer


def _sure_of(sure: float, shown: ShownFailure, reading: LogEnding) -> float:
    """The probability that the evidence says why."""
    if shown.only_an_end:
        return min(sure, _SURE_OF_AN_END)
    if shown.named and reading.ending is Ending.FAILED:
        return max(sure, _SURE_OF_A_NAME)
    return sure


def with_stop_first(ranked: RankedLog, stop: OutsideStop) -> RankedLog:
    """What ended the run from outside is its cause; the other spans tell what was going on."""
    own = next((span for span in ranked.spans if span.start <= stop.place < span.stop), None)
    first = EvidenceSpan(stop.place, stop.place + 1, stop.place, 1.0)
    likely = ranked.probabilities.evidence
    others = [span for span in ranked.spans if span is not own and likely[span.peak] >= _LIKELY]
    return replace(ranked, spans=[first, *others], sure=max(ranked.sure, _SURE_OF_A_STOP))


def _answer_without_evidence(
    log: LogLines, reading: LogEnding, decision: RunVerdict, dropped: dict[str, int]
) -> records.FindFailureAnswer:
    """Nothing failed, or there is nothing to show of it; with the line that speaks for it."""
    says = reading.place
    answer = records.FindFailureAnswer(
        failed=decision.failed,
        evidence=[],
        context=[_line(log, says)] if says is not None else [],
        confidence=round(decision.probability if decision.failed else 1 - decision.probability, 3),
        note=decision.note,
        dropped=dropped,
    )
    if decision.reason or not log.total:
        answer.escalate, answer.reason = True, decision.reason if log.total else _EMPTY
    if answer.failed is None:
        answer.escalate, answer.reason = True, answer.reason or _EMPTY
    elif answer.failed and decision.has_cause:
        answer.escalate, answer.reason = True, answer.reason or _NO_CAUSE
    return answer


def _line(log: LogLines, place: int) -> Span:
    number = log.numbers[place]
    return Span(start=number, end=number, text=shortened(log.texts[place], _LINE_CHARS))


def _add_reason(
    answer: records.FindFailureAnswer, log: LogLines, decision: RunVerdict, sure_from: float
) -> None:
    if decision.reason:
        short = answer.failed is None and log.total <= SHORT_LOG and not log.cut_off
        answer.escalate, answer.reason = True, _SHORT.format(log.total) if short else decision.reason
    elif (answer.confidence or 0) < sure_from:
        answer.escalate, answer.reason = (
            True,
            "No line clearly states the cause; these are the likeliest ones.",
        )
