"""The name of a failure: kind, tool and place, of the first spans of evidence that tell them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mcp_smalltools.tools.find_failure.naming.kind import kind_of
from mcp_smalltools.tools.find_failure.naming.places import SourcePlace, place_of
from mcp_smalltools.tools.find_failure.naming.reporters.reporter import Reporter
from mcp_smalltools.tools.find_failure.naming.reporters.reporter_of import reporter_of
from mcp_smalltools.tools.find_failure.naming.reporters.runtimes import RUNTIMES
from mcp_smalltools.tools.find_failure.naming.reporters.test_runners import TEST_RUNNERS
from mcp_smalltools.tools.find_failure.naming.wrapped import console_width, joined

_SPANS = 3
"""Spans of evidence that are asked: what only a later one tells may be of another failure."""
_NOT_OF_SOURCE = ("cancelled", "infrastructure")
_SELDOM_THEIR_OWN = (None, "compile", "link", "test")
"""Kinds of failure that a runtime or a shell shows of another tool, rather than has itself."""
_NAMES_ITSELF = re.compile(r"(?:PHP|Perl|Ruby|Julia|Lua|lua\w*|[Pp]ython[\d.]*|[Nn]ode(?:\.js)?)\b[ :]")
"""A line that a runtime begins with its own name."""
_CYPRESS = re.compile(
    r"^ *\(Run (?:Starting|Finished)\)|\bCypress: +\d|cypress[\\/](?:e2e|support|screenshots|integration)[\\/]"
)
"""What Cypress prints, which has Mocha's form for its tests."""
_NEAR = 20
"""Lines before and after a span that may tell which report it belongs to."""
_REACH = 60
"""Lines before and after a span that are read at all."""
_PREFIX = re.compile(
    r"p=\d{1,9} u=\S{1,60} n=\S{1,60} \| "  # Ansible's log
    r"|[\w@/.-]{1,60}:(?:build|test|lint|typecheck|check)[\w:-]{0,30}: "  # Turborepo
    r"|[\w.-]{1,60} {1,20}\| (?=\S)|\| (?=\S)"  # Compose, BitBake
)

Lines = tuple[int, int, int]
"""Of a span: its first place, the one after its last, and its main line's."""


@dataclass(frozen=True, slots=True)
class FailureName:
    """What a failure is called; None where its lines don't tell."""

    kind: str | None = None
    tool: str | None = None
    place: SourcePlace | None = None
    tool_is_stated: bool = True
    """Whether a line of the first span is in the tool's form, of a language's runtime the main line: not where only
    what is around is, or frames.
    """


def name_of(contents: Sequence[str], spans: Sequence[Lines]) -> FailureName:
    """The name of the failure that these spans of a log are evidence of, the likeliest cause first."""
    width = console_width(contents)
    contents = _near(contents, spans)
    if width is not None:
        contents, places = joined(contents, width)
        spans = [(places[start], places[stop - 1] + 1, places[peak]) for start, stop, peak in spans]
    kind: str | None = None
    reporter: Reporter | None = None
    place: SourcePlace | None = None
    for start, stop, peak in spans[:_SPANS]:
        found = reporter_of(contents, start, stop, peak)
        if reporter is None or (found is not None and found.rank < reporter.rank):
            reporter = found
        kind = kind or kind_of(contents[start:stop], contents[max(start - _NEAR, 0) : stop + _NEAR], found)
        place = place or place_of(contents, start, stop, peak)
        if found is not None and found.rank == 0:
            break
    if kind in _NOT_OF_SOURCE:
        place = None
    peaks = [contents[peak] for _, _, peak in spans[:_SPANS]]
    main = contents[spans[0][0] : spans[0][1]]
    named = any(map(_NAMES_ITSELF.match, peaks))
    if reporter in RUNTIMES and kind in _SELDOM_THEIR_OWN and not named:
        reporter = None  # a tool that is not known here shows the frames of the language it is written in
    if reporter is None:
        return FailureName(kind, None, place)
    if reporter.tool == "mocha" and any(map(_CYPRESS.search, contents)):
        reporter = next(known for known in TEST_RUNNERS if known.tool == "cypress")
    stated = any(map(reporter.forms.search, peaks[:1] if reporter in RUNTIMES else main))
    return FailureName(kind, reporter.tool, place, stated)


def _near(contents: Sequence[str], spans: Sequence[Lines]) -> list[str]:
    """The lines without what a runner of several puts before each; done for those near the spans only."""
    lines = list(contents)
    for start, stop, _ in spans[:_SPANS]:
        for place in range(max(start - _REACH, 0), min(stop + _REACH, len(lines))):
            if found := _PREFIX.match(lines[place]):
                lines[place] = lines[place][found.end() :]
    return lines
