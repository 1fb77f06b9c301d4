"""From probabilities of lines to a few spans: what is shown, in which order, in how many lines."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.tools.find_failure.features import feature_names

if TYPE_CHECKING:
    from mcp_smalltools.tools.find_failure.trees import LineProbabilities

Floats = NDArray[np.float64]

_COLUMN = {name: number for number, name in enumerate(feature_names())}
_STATUS = ("failed status", "marked by the CI")
_DOING = ("command", "building", "progress", "good test")
_MESSAGE = (
    "exception at start",
    "error at start",
    "error label",
    "complaint",
    "failed test",
)
_WITHOUT_MESSAGE = 0.2
"""How much the cause counts of a span in which no line looks like the message of an error."""
_OF_A_STEP = 0.6
"""Probability of evidence from which a line that only says what is being done is shown."""
_AFTER = 0.3
"""How much a line that only says how the run ended counts as a cause."""
_MAY_TELL = 0.1
"""From this probability of evidence a line is shown where all others only say how the run ended."""
_LONGEST_TRACE = 40
"""Lines of a stack trace up to which it is shown whole."""
_LOWER = 0.6
"""Share of the cut that a line next to evidence must reach."""
_OF_THE_BEST, _LEAST_CUT = 0.15, 0.03
"""Without a passing log a line is evidence from this share of the best probability on, too; the least cut."""
_OF_A_WARNING = 0.5
"""Probability from which a warning is evidence where a line that is none reaches it."""
_RAN_AFTER = 0.5
"""What remains of the probability of lines that ran only after the failure, where others tell of it."""
_BODY = ("difference", "quoted source")
_LONGEST_BODY = 8
"""Lines of a report that are taken in below a line of evidence."""
_GAP = 2
"""Lines between two spans that are taken in with them."""


@dataclass(frozen=True, slots=True)
class EvidenceSpan:
    """Places (from 0, in the lines that are looked at) from `start` to before `stop`.

    `peak` is the main line: the message where there is one, else the one that most likely states the cause;
    `cause` is the probability that it does.
    """

    start: int
    stop: int
    peak: int
    cause: float

    @property
    def size(self) -> int:
        return self.stop - self.start


def evidence_spans(
    probabilities: LineProbabilities, table: NDArray[np.float32], numbers: Sequence[int], cut: float
) -> list[EvidenceSpan]:
    """Runs of neighbouring lines that are evidence, the likeliest cause first, else the earlier one. If no
    line reaches the cut, the best one is taken; in addition to one that only says how the run ended, the
    best other one.
    """
    evidence = _that_can_tell(probabilities.evidence, table, cut)
    if not len(evidence):
        return []
    only_ended, message = _lines_with(table, _STATUS), _lines_with(table, _MESSAGE)
    doing = _lines_with(table, _DOING) & ~_lines_with(table, ("strong",)) & (evidence < _OF_A_STEP)
    if not doing.all():
        evidence = np.where(doing, 0.0, evidence)
    best = float(evidence.max())
    if not table[:, _COLUMN["compared"]].any():
        cut = min(cut, max(_OF_THE_BEST * best, _LEAST_CUT))
    taken = _select_lines(evidence, numbers, min(cut, best))
    others = np.where(only_ended, 0.0, evidence)
    if not (taken & ~only_ended).any() and others.max() >= _MAY_TELL:
        taken[int(np.argmax(others))] = True
    _take_whole_traces(taken, table, numbers)
    _take_heads(taken, table, numbers)
    _take_bodies(taken, table, numbers)
    taken &= evidence_may_be(table)
    _close_gaps(taken, np.asarray(numbers))
    cause = np.where(only_ended, probabilities.cause * _AFTER, probabilities.cause)
    spans = []
    for start, stop in _runs(taken, numbers):
        peak = start + int(np.argmax(cause[start:stop]))
        probability = float(cause[peak])
        if not message[start:stop].any():
            probability *= _WITHOUT_MESSAGE
        elif not message[peak]:
            # On equal terms the earlier one: the first cause before its consequences.
            likely = np.where(message[start:stop], evidence[start:stop].round(1), -1.0)
            peak = start + int(np.argmax(likely))
        spans.append(EvidenceSpan(start, stop, peak, probability))
    return sorted(spans, key=lambda span: (-round(span.cause, 2), span.start))


def evidence_may_be(table: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether each line can say why a run failed: it isn't empty, a shown script, environment, progress or
    cleanup. All can where otherwise none could.
    """
    silent = _lines_with(table, ("nothing to see", "role silent"))
    return ~silent if not silent.all() else np.ones(len(table), bool)


def _that_can_tell(evidence: Floats, table: NDArray[np.float32], cut: float) -> Floats:
    """The probabilities, 0 for lines that can't be evidence, less for what ran only after the failure."""
    evidence = np.where(evidence_may_be(table), evidence, 0.0)
    after = _lines_with(table, ("role after",))
    if (evidence[~after] >= cut).any():
        evidence = np.where(after, evidence * _RAN_AFTER, evidence)
    warnings = _in_warnings(table) & (evidence < _OF_A_WARNING)
    if (evidence[~warnings] >= _OF_A_WARNING).any():
        evidence = np.where(warnings, 0.0, evidence)
    return evidence


def _in_warnings(table: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether each line is a warning or source that one quotes."""
    quoted = _lines_with(table, ("quoted source",))
    heads = np.maximum.accumulate(np.where(quoted, 0, np.arange(len(table))))
    warning = _lines_with(table, ("warning",)) & ~_lines_with(table, ("strong",))
    return np.asarray(warning[heads])


def _take_bodies(taken: NDArray[np.bool_], table: NDArray[np.float32], numbers: Sequence[int]) -> None:
    """What goes on below a line of evidence is the rest of its report: more deeply indented lines,
    differences, quoted source.
    """
    indent = table[:, _COLUMN["indent"]]
    belongs = _lines_with(table, _BODY) & ~_lines_with(table, ("nothing to see",))
    for start, stop in _runs(taken, numbers):
        head = indent[start:stop].min()
        place = stop
        while (
            place < min(stop + _LONGEST_BODY, len(numbers))
            and numbers[place] == numbers[place - 1] + 1
            and not taken[place]
            and (belongs[place] or (indent[place] > head and table[place, _COLUMN["nothing to see"]] == 0))
        ):
            place += 1
        taken[stop:place] = True


def _lines_with(table: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each line has one of these signs."""
    return np.asarray((table[:, [_COLUMN[name] for name in names]] > 0).any(axis=1))


def _take_heads(taken: NDArray[np.bool_], table: NDArray[np.float32], numbers: Sequence[int]) -> None:
    """The line before source that a report quotes says what is wrong with it."""
    quoted = _lines_with(table, ("quoted source",))
    shown = np.flatnonzero(taken & quoted)
    for start, place in _starts_of_runs(quoted, shown, numbers):
        if start > 0 and numbers[start - 1] == numbers[start] - 1 and place - start <= _GAP:
            taken[start - 1 : place] = True


def _starts_of_runs(
    inside: NDArray[np.bool_], places: NDArray[np.int64], numbers: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """For each place, where its run begins, and the place."""
    if len(places):
        firsts = np.asarray(_runs(inside, numbers))[:, 0]
        yield from zip(
            firsts[np.searchsorted(firsts, places, "right") - 1].tolist(), places.tolist(), strict=True
        )


def _take_whole_traces(taken: NDArray[np.bool_], table: NDArray[np.float32], numbers: Sequence[int]) -> None:
    """Where a frame is shown, its trace is: the frames, the code between them, and the line before and after,
    one of which names the error.
    """
    frames = _lines_with(table, ("frame",))
    shown = np.flatnonzero(taken & frames)
    if not len(shown):
        return
    runs = np.asarray(_runs(frames | _lines_with(table, ("indent",)), numbers))
    for start, stop in runs[np.unique(np.searchsorted(runs[:, 0], shown, "right") - 1)].tolist():
        if stop - start <= _LONGEST_TRACE:
            before = start > 0 and numbers[start - 1] == numbers[start] - 1
            after = stop < len(numbers) and numbers[stop] == numbers[stop - 1] + 1
            taken[start - before : stop + after] = True


def context_of(
    probabilities: LineProbabilities,
    chosen: Sequence[EvidenceSpan],
    numbers: Sequence[int],
    cut: float,
    most: int,
    *,
    new: NDArray[np.bool_] | None = None,
) -> list[tuple[int, int]]:
    """What else belongs to the report of the failure, in at most `most` lines, those nearest to the
    evidence, as places (start, before stop) in their order.

    `new` marks the lines that a passing log lacks: those in one span with evidence belong to the report.
    """
    shown = np.zeros(len(numbers), bool)
    for span in chosen:
        shown[span.start : span.stop] = True
    belongs = probabilities.report if probabilities.context is None else probabilities.context
    report = _select_lines(belongs, numbers, cut)
    if new is not None:
        report |= _runs_with_evidence(new, shown, numbers)
    report &= ~shown
    candidates = np.flatnonzero(report)
    if not len(candidates) or most <= 0:
        return []
    ends = np.flatnonzero(shown)
    after = np.searchsorted(ends, candidates)
    to_next = np.abs(ends[after.clip(max=len(ends) - 1)] - candidates)
    to_last = np.abs(candidates - ends[(after - 1).clip(min=0)])
    nearest = np.minimum(to_next, to_last)
    kept = candidates[np.argsort(nearest, kind="stable")[:most]]
    taken = np.zeros(len(numbers), bool)
    taken[kept] = True
    return _runs(taken, numbers)


def _runs_with_evidence(
    new: NDArray[np.bool_], shown: NDArray[np.bool_], numbers: Sequence[int]
) -> NDArray[np.bool_]:
    """The runs of new lines (with small gaps) that hold a shown one."""
    runs = new | shown
    _close_gaps(runs, np.asarray(numbers))
    touched = np.zeros(len(runs), bool)
    for start, stop in _runs(runs, numbers):
        touched[start:stop] = shown[start:stop].any()
    return touched


def _select_lines(probability: Floats, numbers: Sequence[int], cut: float) -> NDArray[np.bool_]:
    """Which lines are taken: those that reach the cut, their likely neighbours, small gaps between them."""
    taken = probability >= cut
    lines = np.asarray(numbers)
    joined = np.concatenate([[True], np.diff(lines) == 1])  # directly after the line before
    near = probability >= cut * _LOWER
    for place in np.flatnonzero(taken):
        _grow(taken, near, joined, int(place), 1)
        _grow(taken, near, joined, int(place), -1)
    _close_gaps(taken, lines)
    return taken


def _runs(taken: NDArray[np.bool_], numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Start and end (not included) of each run of taken lines that follow each other in the file."""
    joined = np.concatenate([[True], np.diff(np.asarray(numbers)) == 1])
    starts = np.flatnonzero(taken & ~(np.concatenate([[False], taken[:-1]]) & joined))
    stops = np.flatnonzero(taken & ~np.concatenate([taken[1:] & joined[1:], [False]])) + 1
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def _grow(
    taken: NDArray[np.bool_], near: NDArray[np.bool_], joined: NDArray[np.bool_], place: int, by: int
) -> None:
    while True:
        after = place + by
        if not 0 <= after < len(taken) or taken[after] or not near[after]:
            return
        if not joined[max(place, after)]:
            return
        taken[after] = True
        place = after


def _close_gaps(taken: NDArray[np.bool_], lines: NDArray[np.int64]) -> None:
    chosen = np.flatnonzero(taken)
    for left, right in itertools.pairwise(chosen):
        if 1 < right - left <= _GAP + 1 and lines[right] - lines[left] == right - left:
            taken[left:right] = True
