"""One call of find_failure: read, rank, choose, name, answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.errors import DeadlineExceeded
from mcp_smalltools.request import PrivacyLevel
from mcp_smalltools.result import Span
from mcp_smalltools.skills.calibration import load_calibration
from mcp_smalltools.tools import find_failure as answers
from mcp_smalltools.tools.failure.features import feature_names, features_of
from mcp_smalltools.tools.failure.naming import kind_of, place_of, tool_of
from mcp_smalltools.tools.failure.reading import Baseline, LogLines, read_baseline, read_log
from mcp_smalltools.tools.failure.spans import Piece, context_of, pieces_of, within
from mcp_smalltools.tools.failure.trees import Chances, load_ranker
from mcp_smalltools.tools.failure.verdict import cause_features, failure_features
from mcp_smalltools.tools.logs.headers import without_colours

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import SourceFile
    from mcp_smalltools.tools.base import ToolContext

SHORT = 12
"""Lines up to which a log is read faster than asked about."""
_UNSURE = "Can't tell whether it failed: read the end of the log; the evidence only looks like a failure."
_CUT_OFF = "The log was not read to its end: the time was over."
_SHORT = "Only {} lines: read it yourself."
_EMPTY = "The log is empty."
_LINE_CHARS = 400
_RESERVE = 0.2
"""Of the time, what is kept for ranking and for the answer."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Chances of the lines that are looked at, and what was chosen of them: `pieces` all, the likeliest cause
    first.
    """

    chances: Chances
    pieces: list[Piece]
    new: NDArray[np.bool_] | None
    failed: float
    sure: float


def run(arguments: answers.FindFailureArguments, context: ToolContext) -> answers.FindFailureAnswer:
    """Find the failure, as far as the time allows. Raises FileError, ModelError, Cancelled."""
    dropped: dict[str, int] = {}
    source = context.open(arguments.path)
    baseline = None
    if arguments.baseline_path:
        reader = _Blocks(context.open(arguments.baseline_path), context, "baseline")
        baseline = read_baseline(reader)
        dropped |= reader.not_read()
    reader = _Blocks(source, context, "log")
    log = read_log(reader)
    dropped |= reader.not_read()
    log.cut_off = reader.cut_off
    ranked = rank(log, baseline)
    answer = answer_of(log, ranked, arguments, dropped)
    if context.level() is PrivacyLevel.SEALED:
        answer.place = None  # its line number is a text of the file, too
    return answer


def rank(log: LogLines, baseline: Baseline | None) -> Ranked:
    """Judge the lines. Needs no file and no engine."""
    calibration = load_calibration("find_failure")
    table = features_of(log, baseline)
    chances = load_ranker(tuple(feature_names()))(table)
    cut = calibration.constants["evidence_compared" if baseline else "evidence_alone"]
    pieces = pieces_of(chances, table, log.numbers, cut)
    failed = float(calibration.models["failed"](failure_features(table, chances))[0])
    sure = 0.0
    if pieces:
        found = cause_features(pieces, chances, compared=baseline is not None, total=log.total)
        sure = float(calibration.models["cause"](found)[0])
    new = table[:, feature_names().index("new")] > 0 if baseline is not None else None
    return Ranked(chances, pieces, new, failed, sure)


class _Blocks:
    """The lines of a file without colours, block by block while there is time."""

    def __init__(self, source: SourceFile, context: ToolContext, what: str) -> None:
        self._source, self._context, self._what = source, context, what
        self.cut_off = False

    def __iter__(self) -> Iterator[list[str]]:
        context, source = self._context, self._source
        reserve = context.stop.seconds * _RESERVE
        self.cut_off = True
        try:
            for block in source.blocks(stop=context.stop):
                yield without_colours(block.lines)
                context.progress(source.bytes_read, source.size, f"reading the {self._what}")
                if context.stop.remaining_s < reserve:
                    break
            else:
                self.cut_off = False
        except DeadlineExceeded:
            pass

    def not_read(self) -> dict[str, int]:
        if self.cut_off:
            return {f"bytes_of_{self._what}_not_read": max(1, self._source.size - self._source.bytes_read)}
        cut = self._source.cut_lines
        return {f"cut_lines_of_{self._what}": cut} if cut else {}


def answer_of(
    log: LogLines, ranked: Ranked, arguments: answers.FindFailureArguments, dropped: dict[str, int]
) -> answers.FindFailureAnswer:
    """What the agent gets: failed, not failed, or, where neither is sure, the likeliest lines to look at."""
    constants = load_calibration("find_failure").constants
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
    answer = answers.FindFailureAnswer(
        failed=None if unsure else True,
        kind=kind_of(texts),
        tool=tool_of(texts, whole),
        place=answers.Place(file=place[0], line=place[1]) if place else None,
        evidence=[_evidence(log, piece) for piece in chosen],
        context=[_span(log, start, stop) for start, stop in context],
        confidence=round(ranked.failed * ranked.sure, 3),
        dropped=dropped,
    )
    if left := sum(piece.size for piece in ranked.pieces) - sum(piece.size for piece in chosen):
        answer.dropped["evidence_lines"] = left
    _say(answer, log, constants["sure_from"])
    return answer


def _nothing(log: LogLines, ranked: Ranked, dropped: dict[str, int]) -> answers.FindFailureAnswer:
    answer = answers.FindFailureAnswer(
        failed=False, evidence=[], confidence=round(1 - ranked.failed, 3), dropped=dropped
    )
    if log.cut_off:
        answer.failed = None
        answer.escalate, answer.reason = True, _CUT_OFF
    elif log.total <= SHORT:
        answer.failed = None
        answer.escalate, answer.reason = True, _SHORT.format(log.total) if log.total else _EMPTY
    return answer


def _say(answer: answers.FindFailureAnswer, log: LogLines, sure_from: float) -> None:
    if log.cut_off:
        answer.escalate, answer.reason = True, _CUT_OFF
    elif answer.failed is None:
        short = log.total <= SHORT
        answer.escalate, answer.reason = True, _SHORT.format(log.total) if short else _UNSURE
    elif (answer.confidence or 0) < sure_from:
        answer.escalate, answer.reason = True, "No line clearly tells the cause; these are the likeliest."
    if answer.failed and "evidence_lines" in answer.dropped:
        answer.note = "More lines of evidence: raise max_lines, or read on at their line numbers."


def _evidence(log: LogLines, piece: Piece) -> answers.Evidence:
    count = log.counts[log.patterns[piece.peak]]
    span = _span(log, piece.start, piece.stop)
    return answers.Evidence(
        start=span.start, end=span.end, text=span.text, count=count if count > 1 else None
    )


def _span(log: LogLines, start: int, stop: int) -> Span:
    text = "\n".join(_cut(line) for line in log.texts[start:stop])
    return Span(start=log.numbers[start], end=log.numbers[stop - 1], text=text)


def _cut(text: str) -> str:
    return text if len(text) <= _LINE_CHARS else text[: _LINE_CHARS - 1] + "…"


def _room(arguments: answers.FindFailureArguments) -> int:
    """Lines of context at most: a third of the answer's lines."""
    return max(4, arguments.max_lines // 3)
