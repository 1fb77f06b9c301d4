"""Which lines of a failed run are shown: the main failure whole, each further one by its head, then as much of the
rest as there is room for.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from mcp_smalltools.tools.find_failure.lines import LogLines, end_of_transport, letters_of
from mcp_smalltools.tools.find_failure.rank import RankedLog
from mcp_smalltools.tools.find_failure.showing.excerpts import cut_around, cut_name
from mcp_smalltools.tools.find_failure.showing.failures import (
    MESSAGE_ABOVE,
    NamedFailure,
    covering,
    failures_in,
)
from mcp_smalltools.tools.find_failure.showing.whole_message import message_around, without_next_test
from mcp_smalltools.tools.find_failure.spans import EvidenceSpan

_OF_A_SPAN = 38
"""Characters of JSON around a span: `{"start":…,"end":…,"text":""},`."""
_MAIN_SHARES = ((5, 0.6), (12, 0.5), (40, 0.4), (10**9, 0.6))
"""Share of the room that the main failure gets where there are others: up to so many, the share. Of very many, few
could be named anyway.
"""
_MAIN_LINE, _FULL_LINE, _OTHER_LINE = 600, 180, 160
"""Characters at most of the main line, of those around it, and of a further failure's."""
_LONG_PREFIX = 20
"""Characters of a CI system's prefix from which it isn't shown."""
_SHORTEST = 56
"""Characters at least of a further failure's line: as many are named as fit with so many."""
_LONG = 14
"""Lines from which of a span what it states is taken before what is around its main line."""
_FRAMES, _MOST_STATED = 10, 6
"""Frames of a trace, and lines that state something, that are taken first."""
_SHORT_TRACE = 8
"""Lines up to which a span is taken with all its frames."""
_ALIKE, _LEAST_LETTERS = 3, 12
"""Lines in the same words that are taken of a span; letters from which a line has words."""
_OF_AN_ITEM, _ITEMS = 2, 6
"""Words at the start and at the end of a line in which items of a list are alike; as many of them are taken."""
_STATES = re.compile(
    r"^(?:Caused by: |E {3}|\[ERROR\] \S|> \S|\s*Suppressed: )|\b\w*(?:Error|Exception)\b(?:: |$)|\bpanicked at |^\s*(?:error|fatal)\b.{0,20}: "
)
_IS_FRAME = re.compile(
    r"^\s+(?:at |from |File \"|\.{3} \d+ (?:more|common)|#\d+ )|^\s*#?\d+:? +0x|^\s+\S+\.(?:go|rs|exs?|erl):\d+"
)
_TITLE_OF_A_TRACE = re.compile(
    r"\s*(?:Driver stacktrace|[Ss]tack ?[Tt]race|[Bb]acktrace|[Cc]all [Ss]tack)\b.{0,40}:?\s*$"
)
_RAISED = re.compile(
    r"(?:Caused by: |Exception in thread \".{1,80}\" )?(?:[a-z_][\w$]*\.){1,12}[A-Z][\w$]*(?:Exception|Error|Throwable|Failure)\b(?:: |$)|"
    r"(?:Uncaught )?[A-Z]\w*(?:Error|Exception): \S"
)
"""What was raised, in a line of its own above its trace."""
_TRACE_ABOVE = 60
"""Lines above the main one in which that is looked for."""
_WIDER, _LEAST_SHOWN = (90, 130, 160), 0.5
"""Wider rooms of such a line, where its words are long; the share of the room that must be shown."""
_FEW = 4
"""Further failures up to which each is shown where it is reported; of more, where their lines are shortest."""
_ENOUGH = 0.75
"""Share of the room beyond which nothing is added that doesn't name another failure."""
_FOR_CONTEXT = 0.2
"""Share of the room that is left in which no line is shown further."""
_LIKELY = 0.25
"""Share of the main cause's probability from which a further span counts as another failure."""
_REPORT, _TITLE, _UNDER_ITS_NAME = 200, 2, 40
"""Lines of a test's report in which its message is looked for, of its title before its name, and up to which a line
below the last name belongs to that report.
"""
_CONSEQUENCE = re.compile(
    r"^g?make(?:\[\d+\])?: |^ninja: |^npm (?:ERR!|error)|^BUILD FAIL|^\[INFO\] BUILD|^\[ERROR\] (?:Re-run|To see|For more|After correcting|-> \[|\[Help|$)"
    r"|^##\[error\](?:Process completed|The process)|^The command \"|^Error: Process completed|could not compile|aborting due to"
    r"|^ *\d+ (?:failed|failing|errors?|failures?|examples?)\b|^error Command failed|ELIFECYCLE|ld returned|compilation terminated"
    r"|^ *(?:exit (?:code|status)|exited with)|^=+ .*\d+ failed|^Tests?(?: Files| Suites)?:? +\d+|^FAIL(?:ED|URES!?)?$|^Done\. Your build"
    r"|^FAILURE: Build|^\* Try:|^Found \d+ errors?|^✖ \d+ problems?|^error: test failed|^test result: |^Script .* returned with error|^error: build of '/nix|^(?:[\w.]+: )?Execution failed for task|^> There were failing tests|^\[error\] (?:Failed|Error): Total|^\[error\] Failed tests:|^error: \d+ dependenc|^Target //|^ERROR: Build did NOT"
)


@dataclass(frozen=True, slots=True)
class ShownSpan:
    """Lines (places from 0, `stop` not included) that are shown, each in at most so many characters; `count` is
    how often the failure occurs that they are of.
    """

    start: int
    stop: int
    rooms: tuple[int, ...]
    count: int | None = None


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """What is shown: evidence in its order, the main failure first; and how many distinct failures, and lines of
    evidence, are not.
    """

    evidence: list[ShownSpan]
    main: EvidenceSpan
    only_an_end: bool
    """Whether the main line only says how the run ended."""
    failures_left: int
    lines_left: int
    room: tuple[int, int]
    """Lines and characters that are left for the context."""
    head: int
    """The main failure's line that names it: an error at its place in source, else the main line."""
    named: bool
    """Whether the main failure is a test or an error in source that a tool's form names, of the only failed step."""


def shown_line(log: LogLines, place: int, room: int) -> str:
    """The line as it is shown: in at most so many characters, a long prefix of a CI system left out."""
    text = log.texts[place]
    end = _start_of_content(log, place)
    if end <= _LONG_PREFIX:
        return shortened(text, room)
    if not text[end:].strip():
        return "…"
    return "…" + shortened(text[end:], room - 1)


def _start_of_content(log: LogLines, place: int) -> int:
    """Where in the text its content begins."""
    text, content = log.texts[place].rstrip("\r"), log.contents[place]
    return len(text) - len(content) if content and text.endswith(content) else end_of_transport(text)


def shortened(line: str, room: int) -> str:
    """The line in at most so many characters: a short one begins as it did, with the name of what failed."""
    return cut_name(line, room) if room <= _OTHER_LINE else cut_around(line, room)


@dataclass(slots=True)
class _Sheet:
    """The lines that are taken so far, each with the characters that it may have, and the room that is left;
    `kept` characters of it are for later.
    """

    log: LogLines
    lines: int
    chars: int
    kept: int = 0
    taken: dict[int, int] = field(default_factory=dict)

    def cost(self, place: int, room: int) -> int:
        """Characters of JSON that the line would take."""
        text = shown_line(self.log, place, room)
        near = self._adjoins(place, -1) or self._adjoins(place, 1)
        return len(json.dumps(text, ensure_ascii=False)) + (0 if near else _OF_A_SPAN)

    def take(self, place: int, room: int) -> bool:
        """Take a line if there is room for it; whether it is taken."""
        if place in self.taken:
            return True
        cost = self.cost(place, room)
        if self.lines < 1 or cost > self.chars - self.kept:
            return False
        self.taken[place] = room
        self.lines -= 1
        self.chars -= cost
        return True

    def widen(self, place: int, room: int) -> None:
        """Give a line that is taken as much room, up to so many characters, as it needs and as is left."""
        shown = self.cost(place, self.taken[place])
        needed = self.cost(place, room) - shown
        if needed > (left := self.chars - self.kept):
            room, needed = self.taken[place] + left, left
        if needed > 0:
            self.chars -= self.cost(place, room) - shown
            self.taken[place] = room

    def _adjoins(self, place: int, by: int) -> bool:
        numbers = self.log.numbers
        return place + by in self.taken and numbers[place + by] == numbers[place] + by


def plan_of(
    log: LogLines,
    ranked: RankedLog,
    lines: int,
    chars: int,
    heard: Callable[[int], bool],
    *,
    first: bool = False,
) -> ShownPlan:
    """What to show of a log with at least one span, in at most so many lines and characters of JSON. `first`: the
    first span is the main failure, whatever others are named.
    """
    failures = failures_in(log.contents, heard)
    main = ranked.spans[0] if first else _main_of(ranked.spans, failures, log)
    main = without_next_test(_from_what_was_raised(main, log.contents), log.contents)
    others = _others(main, failures, ranked, log)
    sheet = _Sheet(log, lines, chars)
    if not sheet.take(main.peak, _MAIN_LINE):
        sheet.take(main.peak, _SHORTEST)
    if others:
        sheet.kept = int(chars * (1 - next(share for up_to, share in _MAIN_SHARES if len(others) <= up_to)))
    most = lines - min(len(others), lines // 2)
    _grow(sheet, main, ranked, _FULL_LINE, most)
    _take_message(sheet, main, failures, heard)
    sheet.kept = 0
    _name_others(sheet, others)
    sheet.kept = int(chars * (1 - _ENOUGH))
    _fill(sheet, main, ranked, others)
    _grow(sheet, main, ranked, _FULL_LINE, lines, frames=lines)
    _show_whole_lines(sheet, main, ranked)
    left = sum(sheet.taken.keys().isdisjoint(item.places) for item in others)
    return _laid_out(sheet, main, ranked, failures, left)


def _from_what_was_raised(main: EvidenceSpan, contents: Sequence[str]) -> EvidenceSpan:
    """The span with the exception whose trace it is, where its main line is only one of the trace."""
    if not (_IS_FRAME.search(contents[main.peak]) or _TITLE_OF_A_TRACE.match(contents[main.peak])):
        return main
    if any(_RAISED.match(line) for line in contents[main.start : main.peak]):
        return main
    blank = False
    for place in range(main.peak - 1, max(main.peak - _TRACE_ABOVE, -1), -1):
        line = contents[place]
        if _RAISED.match(line):
            return replace(main, start=place, peak=place)
        if blank and not line.strip():
            break
        blank = not line.strip()
    return main


def _main_of(spans: Sequence[EvidenceSpan], failures: Sequence[NamedFailure], log: LogLines) -> EvidenceSpan:
    """The likeliest cause; of errors in source that one tool lists the first, which the others may follow from."""
    main = spans[0]
    if failures and _CONSEQUENCE.search(log.contents[main.peak]):
        main = next((span for span in spans if covering(failures, span.start, span.stop)), main)
    named = covering(failures, main.start, main.stop)
    tests = [item for item in failures if item.is_test]
    if tests and (
        named[0].is_test if named else main.peak < max(item.places[-1] for item in tests) + _UNDER_ITS_NAME
    ):
        return _first_test(main, tests, spans, log)
    if not named:
        return main
    if in_source := next((item for item in named if item.in_source), None):
        peers = [item for item in failures if item.forms & in_source.forms]
        first = peers[0].places[0]
        if not main.start <= first < main.stop:
            around = next((span for span in spans if span.start <= first < span.stop), None)
            main = around or EvidenceSpan(first, _end_of(first, failures, log), first, main.cause)
        named = covering(failures, main.start, main.stop)
    if len(named) == 1:
        return main
    # Of several failures that follow each other, the first; or, in a list, its own line.
    first = max(named[0].place_in(main.start, main.stop), main.start)
    stop = min((item.place_in(first + 1, main.stop) for item in named[1:]), default=main.stop)
    if not first <= main.peak < stop:
        return EvidenceSpan(first, stop, first, main.cause)
    return EvidenceSpan(first if named[0].in_source else main.start, stop, main.peak, main.cause)


def _first_test(
    main: EvidenceSpan, tests: Sequence[NamedFailure], spans: Sequence[EvidenceSpan], log: LogLines
) -> EvidenceSpan:
    """The report of the first test that failed: what tests log before it is handled, the others may follow from it."""
    first = min(tests, key=lambda item: item.places[0])
    place = first.reported
    if not first.forms.isdisjoint(MESSAGE_ABOVE):
        told = next((span for span in (main, *spans) if 0 < place - span.peak <= _REPORT), None)
        if told is not None:
            return replace(told, stop=max(told.stop, place + 1)) if "bun" in first.forms else told
    stop = min((p for item in tests for p in item.places if p > place), default=len(log.contents))
    stop = min(stop, place + _REPORT)
    around = next((span for span in spans if span.start <= place < span.stop), None)
    if around is None and not any(text.strip() for text in log.contents[place + 1 : place + 2]):
        around = next((span for span in spans if place < span.peak < stop), None)
    if around is None:
        return EvidenceSpan(place, _end_of(place, tests, log), place, main.cause)
    start = around.start if place - around.start <= _TITLE else place
    peak = around.peak if start <= around.peak < stop else place
    return EvidenceSpan(start, max(min(around.stop, stop), peak + 1), peak, main.cause)


def _end_of(first: int, failures: Sequence[NamedFailure], log: LogLines) -> int:
    """Where the report that begins at a line ends: before the next failure, or an empty line."""
    heads = {place for item in failures for place in item.places}
    for place in range(first + 1, min(first + 12, len(log.contents))):
        if place in heads or not log.contents[place].strip():
            return place
    return first + 1


@dataclass(frozen=True, slots=True)
class _Other:
    """A further failure: the lines that may stand for it, the best first."""

    places: tuple[int, ...]


def _others(
    main: EvidenceSpan, failures: Sequence[NamedFailure], ranked: RankedLog, log: LogLines
) -> list[_Other]:
    """All failures but the main one: those that a form names, and spans of evidence that are like no other."""
    shown = {item.key for item in covering(failures, main.start, main.stop)[:1]}
    others = [_Other(tuple(item.heads())) for item in failures if item.key not in shown]
    seen = {letters_of(log.patterns[main.peak])}
    numbered = {place for item in failures for place in item.places}
    for span in ranked.spans[1:]:
        letters = letters_of(log.patterns[span.peak])
        if span.start < main.stop and main.start < span.stop:
            continue
        if any(place in numbered for place in range(span.start, span.stop)):
            continue
        if (
            letters in seen
            or span.cause < _LIKELY * main.cause
            or _CONSEQUENCE.search(log.contents[span.peak])
        ):
            continue
        if not letters or (failures and span.cause < main.cause):
            continue
        seen.add(letters)
        others.append(_Other((span.peak,)))
    return others


def _name_others(sheet: _Sheet, others: Sequence[_Other]) -> None:
    """Take a line for each of the others as far as there is room, those unlike each other first."""
    patterns = sheet.log.patterns
    seen: set[str] = set()
    fresh: list[_Other] = []
    like: list[_Other] = []
    for item in others:
        if sheet.taken.keys().isdisjoint(item.places):
            pattern = patterns[item.places[0]]
            (like if pattern in seen else fresh).append(item)
            seen.add(pattern)
    waiting = [*fresh, *like]
    for number, item in enumerate(waiting):
        share = sheet.chars // (len(waiting) - number) - _OF_A_SPAN - 2
        room = min(max(share, _SHORTEST), _OTHER_LINE)
        place = item.places[0]
        if len(waiting) > _FEW:
            place = min(item.places, key=lambda place: (sheet.cost(place, room), place))
        enough = next(
            (wider for wider in (room, *_WIDER) if wider >= room and _tells(sheet.log, place, wider)), None
        )
        if enough is not None:
            sheet.take(place, enough)


def _tells(log: LogLines, place: int, room: int) -> bool:
    """Whether the line, cut to so many characters, still says what failed: words are not cut in two, and a long
    one leaves nothing but what stands before it.
    """
    shown, room = shown_line(log, place, room), min(room, len(log.texts[place]))
    return len(shown) >= room * _LEAST_SHOWN


def _grow(
    sheet: _Sheet, span: EvidenceSpan, ranked: RankedLog, room: int, most: int, *, frames: int = _FRAMES
) -> None:
    """Take lines of a span, up to so many while there is room: those that state something (of a long trace, what
    it was caused by), then those around the peak, the likelier side first, with a few frames of a trace. What
    says the same as lines that are taken is left out.
    """
    evidence, log = ranked.probabilities.evidence, sheet.log
    size, same = 1, Counter(letters_of(log.patterns[place]) for place in sheet.taken)
    listed: Counter[tuple[str, ...]] = Counter()
    if span.size > _LONG:
        stated = [place for place in range(span.start, span.stop) if _STATES.search(log.contents[place])]
        for place in stated[:_MOST_STATED]:
            size += place != span.peak and sheet.take(place, room)
            if log.contents[place].endswith(":") and place + 1 < span.stop:
                size += sheet.take(place + 1, room)
    before, after = span.peak - 1, span.peak + 1
    while size < most and (before >= span.start or after < span.stop):
        lower = before >= span.start and (after >= span.stop or evidence[before] > evidence[after])
        place = before if lower else after
        before, after = (before - 1, after) if lower else (before, after + 1)
        is_frame = _IS_FRAME.search(log.contents[place]) is not None
        frames -= is_frame
        if is_frame and frames < 0 and span.size > _SHORT_TRACE:
            continue
        letters = letters_of(log.patterns[place])
        if place not in sheet.taken and len(letters) >= _LEAST_LETTERS:
            same[letters] += 1
            words = letters.split()
            item = (
                (*words[:_OF_AN_ITEM], *words[-_OF_AN_ITEM:]) if len(words) > 2 * _OF_AN_ITEM else (letters,)
            )
            listed[item] += 1
            if same[letters] > _ALIKE or listed[item] > _ITEMS:
                continue
        if not sheet.take(place, room):
            return
        size += 1


def _take_message(
    sheet: _Sheet, main: EvidenceSpan, failures: Sequence[NamedFailure], heard: Callable[[int], bool]
) -> None:
    """Take what belongs to the main failure's message above and below its span, as far as there is room."""
    heads = {place for item in failures for place in item.places}
    for places in message_around(main, sheet.log.contents, sheet.log.numbers, heads, heard):
        for place in places:
            if not sheet.take(place, _FULL_LINE):
                break


def _fill(sheet: _Sheet, main: EvidenceSpan, ranked: RankedLog, others: Sequence[_Other]) -> None:
    """With what is left: the other spans of evidence, as they are ranked, and what follows further failures."""
    for span in ranked.spans:
        if span.start < main.stop and main.start < span.stop:
            continue
        if not sheet.take(span.peak, _OTHER_LINE):
            continue
        _grow(sheet, span, ranked, _OTHER_LINE, sheet.lines + 1)
    for item in others:
        head = next((place for place in item.places if place in sheet.taken), None)
        if head is not None and head + 1 < len(sheet.log.texts) and sheet.log.contents[head + 1].strip():
            sheet.take(head + 1, _OTHER_LINE)


def _show_whole_lines(sheet: _Sheet, main: EvidenceSpan, ranked: RankedLog) -> None:
    """With what is left: lines that were cut, the main failure's first, then those of the likeliest spans."""
    sheet.kept = int(sheet.chars * _FOR_CONTEXT)
    for span in (main, *ranked.spans):
        for place in (span.peak, *range(span.start, span.stop)):
            if place in sheet.taken:
                sheet.widen(place, _MAIN_LINE)


def _laid_out(
    sheet: _Sheet, main: EvidenceSpan, ranked: RankedLog, failures: Sequence[NamedFailure], left: int
) -> ShownPlan:
    """The taken lines as spans: the main one first, then as the spans of evidence are ranked, then by line."""
    log = sheet.log
    groups: list[list[int]] = []
    for place in sorted(sheet.taken):
        if groups and groups[-1][-1] == place - 1 and log.numbers[place] == log.numbers[place - 1] + 1:
            groups[-1].append(place)
        else:
            groups.append([place])
    groups = [said for group in groups if (said := _without_blank_ends(group, log))]
    rank_of = {
        place: number
        for number, span in reversed(list(enumerate(ranked.spans)))
        for place in range(span.start, span.stop)
    }

    def rank(group: list[int]) -> tuple[int, int]:
        if main.peak in group:
            return -1, 0
        return min(rank_of.get(place, len(ranked.spans)) for place in group), group[0]

    spans = [
        ShownSpan(
            group[0],
            group[-1] + 1,
            tuple(sheet.taken[place] for place in group),
            _times(group, main, failures, log),
        )
        for group in sorted(groups, key=rank)
    ]
    unseen = sum(place not in sheet.taken for span in ranked.spans for place in range(span.start, span.stop))
    only_an_end = (
        not covering(failures, main.start, main.stop)
        and _CONSEQUENCE.search(log.contents[main.peak]) is not None
    )
    room = (sheet.lines, sheet.chars - sheet.kept)
    named = _of_the_step_that_failed(main, log.contents) and any(
        item.is_test or item.in_source for item in covering(failures, main.start, main.stop)
    )
    return ShownPlan(spans, main, only_an_end, left, unseen, room, _head_of(main, failures), named)


def _of_the_step_that_failed(main: EvidenceSpan, contents: Sequence[str]) -> bool:
    """Whether the lines are of the only step of GitHub Actions that failed; where there are no steps, they are."""
    failed = [
        place for place, line in enumerate(contents) if line.startswith("##[error]Process completed with")
    ]
    if len(failed) != 1:
        return not failed
    return main.start < failed[0] and not any(
        line.startswith("##[group]Run ") for line in contents[main.stop : failed[0]]
    )


def _head_of(main: EvidenceSpan, failures: Sequence[NamedFailure]) -> int:
    """The line of a span that names its failure: the first error in source, if there is one, else the main line."""
    named = next((item for item in covering(failures, main.start, main.stop) if item.in_source), None)
    return main.peak if named is None else max(named.place_in(main.start, main.stop), main.start)


def _without_blank_ends(group: list[int], log: LogLines) -> list[int]:
    said = [number for number, place in enumerate(group) if log.contents[place].strip()]
    return group[said[0] : said[-1] + 1] if said else []


def _times(
    group: list[int], main: EvidenceSpan, failures: Sequence[NamedFailure], log: LogLines
) -> int | None:
    """How often the failure of these lines occurs, if more than once; None where they are of several."""
    named = covering(failures, group[0], group[-1] + 1)
    if len(named) > 1:
        return None
    count = named[0].times if named else log.counts[log.patterns[group[0]]]
    if main.peak in group:
        count = max(count, log.counts[log.patterns[main.peak]])
    return count if count > 1 else None
