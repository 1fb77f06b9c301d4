"""The whole message of a failure: from the line that introduces it to the last line that belongs to it.

A span of evidence is what the ranker is sure of; the message often begins above it (the head of a table, the
hook or the target that failed, `In function …`) and goes on below (expected and actual after an empty line, the
reason that a tool indents). What bounds it is the layout: empty lines, indentation, another failure, lines that
no program wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from mcp_smalltools.tools.find_failure.spans import EvidenceSpan

_ABOVE, _BELOW = 6, 8
"""Lines before and after the span within which its paragraph must end to belong to the message as a whole."""
_FURTHER = 14
"""Lines below the span up to which further paragraphs of the message are looked for."""
_INTRODUCES = re.compile(
    r"[^\s:]:\s*$|: In (?:member )?function |: in function [`']|^In file included from|^\s*Line +\S+\.\w+\s*$|\.{5,}Failed$|"
    r"(?i:\b(?:an? )?(?:\w+ )?(?:error|exception)s? (?:has )?occurred\b)|The error was: |^Diff in |^\* What went wrong|"
    r"^\*{3,} Module |^FILE: |^Errors? in |^(?:-{2,}|─{2,}|━{2,}) [^-─━]{3,80} (?:-{3,}|─{3,}|━{3,})"
)
"""A line that introduces what comes below it, an empty line or a ruler between them or not."""
_GOES_ON = re.compile(
    r"\s*(?:(?i:expected|received|actual|got|want(?:ed)?|but was|left|right|reason|cause|caused by|details?|message|location|hint|number of calls|difference|"
    r"diff|found|required|stack ?trace|call log)\b[^.]{0,60}(?::|=|$)|[-+] (?:Expected|Received|expected|actual)|@@ |>? +\d+ [|│]|[╰╵└]|\[SQL: |\[parameters: |\(Background on this error )"
)
"""A line after an empty one with which the message goes on."""
_FAILED_IN_GO = re.compile(r"\s*--- FAIL: ")
_NEXT_IN_GO = re.compile(r"(?:=== |--- (?:PASS|FAIL|SKIP))")
_OF_GO = re.compile(r"\s+[\w./-]+_test\.go:\d+: ")
_RACE_TITLE, _RULER_OF_A_RACE = re.compile(r"WARNING: DATA RACE\s*$"), re.compile(r"={18}$")
_RACE = 80
"""Lines of such a report."""
_RULER = re.compile(r"\W{3,}$")
_CLOSES = re.compile(
    r"\s*(?:\d+ (?:passing|failing|examples?|tests?|specs?|problems?|errors?|warnings?|issues?)\b|Tests?(?: Suites| Files)?:|Test Suites:|Finished in|Ran \d+|BUILD |"
    r"\* (?:Try|Exception is|Get more help)|=+ |ninja: |Process (?:completed|exited)|npm ERR! A complete log|##\[|✓ |✔ |ok \d)"
)
"""A line that belongs to the run, or to what went well, and to no message."""


def message_around(
    span: EvidenceSpan,
    contents: Sequence[str],
    numbers: Sequence[int],
    heads: Collection[int],
    heard: Callable[[int], bool],
) -> tuple[list[int], list[int]]:
    """The places above and below a span that belong to its message, the nearest first. `heads` are the places at
    which failures are named, `heard` says whether a line can say why a run failed.
    """

    def next_to(place: int, by: int) -> int | None:
        """The place beside it, if its line follows in the file and may belong to the message."""
        after = place + by
        if not 0 <= after < len(contents) or numbers[after] != numbers[place] + by:
            return None
        if after in heads or (contents[after].strip() and not heard(after)) or _CLOSES.match(contents[after]):
            return None
        return after

    return _above(span, contents, numbers, next_to), _below(span, contents, next_to)


def without_next_test(span: EvidenceSpan, contents: Sequence[str]) -> EvidenceSpan:
    """The span without what follows a failed test of go: with -v the next test's output."""
    if not _FAILED_IN_GO.match(contents[span.start]):
        return span
    stop = next((p for p in range(span.start + 1, span.stop) if _NEXT_IN_GO.match(contents[p])), span.stop)
    return span if stop <= span.peak else replace(span, stop=stop)


_Step = Callable[[int, int], int | None]


def _above(span: EvidenceSpan, contents: Sequence[str], numbers: Sequence[int], next_to: _Step) -> list[int]:
    if _FAILED_IN_GO.match(contents[span.start]):
        return _race_of_go(span.start, contents) or _log_of_go(span.start, contents, numbers)
    taken: list[int] = []
    place: int = span.start
    for _ in range(_ABOVE + 1):
        above = next_to(place, -1)
        if above is None or not contents[above].strip():
            break
        taken.append(above)
        place = above
    else:
        # The paragraph is long: what runs before the failure, unless a line introduces it.
        place = span.start
        return taken[:1] if _INTRODUCES.search(contents[span.start - 1]) else []
    skipped: list[int] = []
    for _ in range(2):
        above = next_to(place, -1)
        if above is None:
            break
        place = above
        if _INTRODUCES.search(contents[above]):
            return [*taken, *skipped, above]
        if contents[above].strip() and not _RULER.match(contents[above]):
            break
        skipped.append(above)
    return taken


def _race_of_go(head: int, contents: Sequence[str]) -> list[int]:
    """The report of a data race above `--- FAIL`, its title first: what the test was failed for."""
    if not head or not _RULER_OF_A_RACE.match(contents[head - 1]):
        return []
    title = next(
        (p for p in range(head - 2, max(head - _RACE, -1), -1) if _RACE_TITLE.match(contents[p])), head
    )
    return [*range(title, head)]


def _log_of_go(head: int, contents: Sequence[str], numbers: Sequence[int]) -> list[int]:
    """What a test of go said before `--- FAIL`: with -v it stands above, indented, from its file and line on."""
    taken: list[int] = []
    for place in range(head - 1, max(head - 1 - _FURTHER, -1), -1):
        if numbers[place] != numbers[head] - (head - place) or not contents[place][:1].isspace():
            break
        taken.append(place)
    return taken if any(_OF_GO.match(contents[place]) for place in taken) else []


def _below(span: EvidenceSpan, contents: Sequence[str], next_to: _Step) -> list[int]:
    taken: list[int] = []
    place = span.stop - 1
    for _ in range(_BELOW + 1):
        below = next_to(place, 1)
        if below is None or not contents[below].strip():
            break
        taken.append(below)
        place = below
    else:
        return []
    indent = _indent(contents[span.start])
    found = list(taken)
    while place - span.stop < _FURTHER:
        below = next_to(place, 1)
        if below is None:
            break
        place = below
        found.append(place)
        content = contents[place]
        if not content.strip():
            if not contents[place - 1].strip():
                break
            continue
        new = not contents[place - 1].strip()
        if new and _indent(content) <= indent and not _GOES_ON.match(content):
            break
        taken = list(found)
    return taken


def _indent(content: str) -> int:
    return len(content) - len(content.lstrip())
