"""The answer for a ranked log: failed, not failed, or can't tell; the evidence, kind, tool and place."""

from __future__ import annotations

from mcp_smalltools.calibration.calibration import load_calibration
from mcp_smalltools.result import Span
from mcp_smalltools.tools.find_failure import answer as records
from mcp_smalltools.tools.find_failure.lines import LogLines
from mcp_smalltools.tools.find_failure.naming.name import name_of
from mcp_smalltools.tools.find_failure.rank import RankedLog
from mcp_smalltools.tools.find_failure.spans import EvidenceSpan, context_of, fit_into
from mcp_smalltools.tools.find_failure.verdict import FEATURES

SHORT_LOG = 12
"""Lines up to which it is faster to read a log than to ask about it."""
_UNSURE = (
    "Can't tell whether the run failed: the evidence only looks like a failure. Read the end of the log."
)
_CUT_OFF = "The time ran out before the log was read to its end."
_SHORT = "The log has only {} lines: read it yourself."
_EMPTY = "The log is empty."
_LINE_CHARS = 400


def compose_answer(
    log: LogLines, ranked: RankedLog, arguments: records.FindFailureArguments, dropped: dict[str, int]
) -> records.FindFailureAnswer:
    """Failed, not failed, or, where neither is sure, the likeliest lines to look at."""
    constants = load_calibration("find_failure", FEATURES).constants
    unsure = ranked.failed < constants["failed_from"] or not ranked.spans
    if unsure and ((ranked.failed < constants["passed_below"] and not log.cut_off) or not ranked.spans):
        return _answer_without_failure(log, ranked, dropped)
    limit = max(arguments.max_lines // 2, 1) if unsure else arguments.max_lines
    chosen = fit_into(ranked.spans, log.patterns, ranked.probabilities.evidence, limit)
    room = limit - sum(span.size for span in chosen)
    most = min(room, _context_lines(arguments))
    cut = constants["report_alone" if ranked.new is None else "report_compared"]
    context = context_of(ranked.probabilities, chosen, log.numbers, cut, most, new=ranked.new)
    name = name_of(log.contents, [(span.start, span.stop, span.peak) for span in chosen])
    answer = records.FindFailureAnswer(
        failed=None if unsure else True,
        kind=name.kind,
        tool=name.tool,
        place=records.Place(file=name.place.file, line=name.place.line) if name.place else None,
        evidence=[_evidence(log, span) for span in chosen],
        context=[_span(log, start, stop) for start, stop in context],
        confidence=round(ranked.failed * ranked.sure, 3),
        dropped=dropped,
    )
    if left := sum(span.size for span in ranked.spans) - sum(span.size for span in chosen):
        answer.dropped["evidence_lines"] = left
    _add_reason(answer, log, constants["sure_from"])
    return answer


def _answer_without_failure(
    log: LogLines, ranked: RankedLog, dropped: dict[str, int]
) -> records.FindFailureAnswer:
    answer = records.FindFailureAnswer(
        failed=False, evidence=[], confidence=round(1 - ranked.failed, 3), dropped=dropped
    )
    if log.cut_off:
        answer.failed = None
        answer.escalate, answer.reason = True, _CUT_OFF
    elif log.total <= SHORT_LOG:
        answer.failed = None
        answer.escalate, answer.reason = True, _SHORT.format(log.total) if log.total else _EMPTY
    return answer


def _add_reason(answer: records.FindFailureAnswer, log: LogLines, sure_from: float) -> None:
    if log.cut_off:
        answer.escalate, answer.reason = True, _CUT_OFF
    elif answer.failed is None:
        short = log.total <= SHORT_LOG
        answer.escalate, answer.reason = True, _SHORT.format(log.total) if short else _UNSURE
    elif (answer.confidence or 0) < sure_from:
        answer.escalate, answer.reason = (
            True,
            "No line clearly states the cause; these are the likeliest ones.",
        )
    if answer.failed and "evidence_lines" in answer.dropped:
        answer.note = "There are more lines of evidence: raise max_lines, or read on at these line numbers."


def _evidence(log: LogLines, found: EvidenceSpan) -> records.Evidence:
    count = log.counts[log.patterns[found.peak]]
    span = _span(log, found.start, found.stop)
    return records.Evidence(
        start=span.start, end=span.end, text=span.text, count=count if count > 1 else None
    )


def _span(log: LogLines, start: int, stop: int) -> Span:
    text = "\n".join(_shorten(line) for line in log.texts[start:stop])
    return Span(start=log.numbers[start], end=log.numbers[stop - 1], text=text)


def _shorten(text: str) -> str:
    return text if len(text) <= _LINE_CHARS else text[: _LINE_CHARS - 1] + "…"


def _context_lines(arguments: records.FindFailureArguments) -> int:
    """Lines of context at most: a third of the answer's lines."""
    return max(4, arguments.max_lines // 3)
