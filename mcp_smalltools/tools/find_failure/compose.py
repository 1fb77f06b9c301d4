"""What an agent gets of a ranked log: failed, not failed, or can't tell; evidence, names and place."""

from __future__ import annotations

from mcp_smalltools.calibration.calibration import load_calibration
from mcp_smalltools.result import Span
from mcp_smalltools.tools.find_failure import answer as records
from mcp_smalltools.tools.find_failure.lines import LogLines
from mcp_smalltools.tools.find_failure.naming import kind_of, place_of, tool_of
from mcp_smalltools.tools.find_failure.rank import Ranked
from mcp_smalltools.tools.find_failure.spans import Piece, context_of, within
from mcp_smalltools.tools.find_failure.verdict import FEATURES

SHORT = 12
"""Lines up to which a log is read faster than asked about."""
_UNSURE = "Can't tell whether it failed: read the end of the log; the evidence only looks like a failure."
_CUT_OFF = "The log was not read to its end: the time was over."
_SHORT = "Only {} lines: read it yourself."
_EMPTY = "The log is empty."
_LINE_CHARS = 400


def compose_answer(
    log: LogLines, ranked: Ranked, arguments: records.FindFailureArguments, dropped: dict[str, int]
) -> records.FindFailureAnswer:
    """What the agent gets: failed, not failed, or, where neither is sure, the likeliest lines to look at."""
    constants = load_calibration("find_failure", FEATURES).constants
    unsure = ranked.failed < constants["failed_from"] or not ranked.pieces
    if unsure and ((ranked.failed < constants["passed_below"] and not log.cut_off) or not ranked.pieces):
        return _nothing(log, ranked, dropped)
    limit = max(arguments.max_lines // 2, 1) if unsure else arguments.max_lines
    chosen = within(ranked.pieces, log.patterns, ranked.chances.evidence, limit)
    texts = ["\n".join(log.contents[piece.start : piece.stop]) for piece in chosen]
    room = limit - sum(piece.size for piece in chosen)
    most = min(room, _room(arguments))
    cut = constants["report_alone" if ranked.new is None else "report_compared"]
    context = context_of(ranked.chances, chosen, log.numbers, cut, most, new=ranked.new)
    place = place_of(texts)
    whole = "\n".join(log.contents[:20] + log.contents[-60:])
    answer = records.FindFailureAnswer(
        failed=None if unsure else True,
        kind=kind_of(texts),
        tool=tool_of(texts, whole),
        place=records.Place(file=place[0], line=place[1]) if place else None,
        evidence=[_evidence(log, piece) for piece in chosen],
        context=[_span(log, start, stop) for start, stop in context],
        confidence=round(ranked.failed * ranked.sure, 3),
        dropped=dropped,
    )
    if left := sum(piece.size for piece in ranked.pieces) - sum(piece.size for piece in chosen):
        answer.dropped["evidence_lines"] = left
    _say(answer, log, constants["sure_from"])
    return answer


def _nothing(log: LogLines, ranked: Ranked, dropped: dict[str, int]) -> records.FindFailureAnswer:
    answer = records.FindFailureAnswer(
        failed=False, evidence=[], confidence=round(1 - ranked.failed, 3), dropped=dropped
    )
    if log.cut_off:
        answer.failed = None
        answer.escalate, answer.reason = True, _CUT_OFF
    elif log.total <= SHORT:
        answer.failed = None
        answer.escalate, answer.reason = True, _SHORT.format(log.total) if log.total else _EMPTY
    return answer


def _say(answer: records.FindFailureAnswer, log: LogLines, sure_from: float) -> None:
    if log.cut_off:
        answer.escalate, answer.reason = True, _CUT_OFF
    elif answer.failed is None:
        short = log.total <= SHORT
        answer.escalate, answer.reason = True, _SHORT.format(log.total) if short else _UNSURE
    elif (answer.confidence or 0) < sure_from:
        answer.escalate, answer.reason = True, "No line clearly tells the cause; these are the likeliest."
    if answer.failed and "evidence_lines" in answer.dropped:
        answer.note = "More lines of evidence: raise max_lines, or read on at their line numbers."


def _evidence(log: LogLines, piece: Piece) -> records.Evidence:
    count = log.counts[log.patterns[piece.peak]]
    span = _span(log, piece.start, piece.stop)
    return records.Evidence(
        start=span.start, end=span.end, text=span.text, count=count if count > 1 else None
    )


def _span(log: LogLines, start: int, stop: int) -> Span:
    text = "\n".join(_cut(line) for line in log.texts[start:stop])
    return Span(start=log.numbers[start], end=log.numbers[stop - 1], text=text)


def _cut(text: str) -> str:
    return text if len(text) <= _LINE_CHARS else text[: _LINE_CHARS - 1] + "…"


def _room(arguments: records.FindFailureArguments) -> int:
    """Lines of context at most: a third of the answer's lines."""
    return max(4, arguments.max_lines // 3)
