"""The answer for a ranked log: failed, not failed, or can't tell; the evidence, kind, tool and place."""

from __future__ import annotations

from mcp_smalltools.calibration.calibration import load_calibration
from mcp_smalltools.tools.find_failure import answer as records
from mcp_smalltools.tools.find_failure.lines import LogLines
from mcp_smalltools.tools.find_failure.rank import RankedLog
from mcp_smalltools.tools.find_failure.showing.shown_failure import show
from mcp_smalltools.tools.find_failure.verdict import FEATURES

SHORT_LOG = 12
"""Lines up to which it is faster to read a log than to ask about it."""
_UNSURE = (
    "Can't tell whether the run failed: the evidence only looks like a failure. Read the end of the log."
)
_CUT_OFF = "The time ran out before the log was read to its end."
_SHORT = "The log has only {} lines: read it yourself."
_EMPTY = "The log is empty."


def compose_answer(
    log: LogLines, ranked: RankedLog, arguments: records.FindFailureArguments, dropped: dict[str, int]
) -> records.FindFailureAnswer:
    """Failed, not failed, or, where neither is sure, the likeliest lines to look at."""
    constants = load_calibration("find_failure", FEATURES).constants
    unsure = ranked.failed < constants["failed_from"] or not ranked.spans
    if unsure and ((ranked.failed < constants["passed_below"] and not log.cut_off) or not ranked.spans):
        return _answer_without_failure(log, ranked, dropped)
    limit = max(arguments.max_lines // 2, 1) if unsure else arguments.max_lines
    cut = constants["report_alone" if ranked.new is None else "report_compared"]
    shown = show(log, ranked, limit, arguments.path, cut)
    place = shown.name.place
    answer = records.FindFailureAnswer(
        failed=None if unsure else True,
        kind=shown.name.kind,
        tool=shown.name.tool,
        place=records.Place(file=place.file, line=place.line) if place else None,
        evidence=shown.evidence,
        context=shown.context,
        confidence=round(ranked.failed * ranked.sure, 3),
        dropped=dropped | shown.dropped,
        note=shown.note,
    )
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
