"""Failed, passed or can't tell, from what is said of success and failure, and where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from mcp_smalltools.tools.find_failure.outcome.roles import Role
from mcp_smalltools.tools.find_failure.outcome.statements import Scope, Statement, statements_of
from mcp_smalltools.tools.find_failure.outcome.words import FRAMES, GITHUB_END, UNFINISHED


class Ending(Enum):
    """How a log ends, as far as its words go."""

    FAILED = "failed"
    """The run, or its tool, says so, and nothing later takes it back."""
    LOOKS_FAILED = "looks failed"
    PASSED = "passed"
    """Success is the last word."""
    LOOKS_PASSED = "looks passed"
    CONTRADICTORY = "contradictory"
    STOPS = "stops"
    """Nothing says how the run ended."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a log ends, and the place (from 0) of the line that says so."""

    ending: Ending
    place: int | None = None
    against: int | None = None
    """The place of the line that says otherwise."""


_ACTIVITY = frozenset({Role.OUTPUT, Role.PROGRESS, Role.COMMAND})
_LAST_WORDS = 25
"""Lines of output after a success up to which it is still the last word."""
_WEAK_LAST_WORDS = 2
"""The same for a word such as `done`, which steps say too."""
_CONSEQUENCES = 40
"""Lines of output after a tool's failure up to which they are its consequences, or what ran along with it."""
_OF_THE_LAST_STEP = 8
"""Lines of output after an error in the last step of a job up to which the step ended with it."""
_MESSAGE_LAST_WORDS = 15
"""The same after a message of an error."""


def read_ending(contents: Sequence[str], roles: Sequence[Role]) -> Reading:
    """How the log ends."""
    said = statements_of(contents, roles)
    after = _activity_after(roles)
    after_error = _activity_after(_without_continuations(contents, roles))
    if (run := _said_by_the_run(said)) is not None:
        return run
    frame = frame_of(contents)
    if frame == "github":
        return _end_of_github(contents, said, after)
    if frame is not None:
        return _last_bad(said, after) or Reading(Ending.STOPS)
    reading = _said_by_tools(said, after, after_error)
    if reading.ending in (Ending.PASSED, Ending.LOOKS_PASSED) and unfinished_tool(contents):
        return Reading(Ending.STOPS, None, reading.against)
    return reading


def frame_of(contents: Sequence[str]) -> str | None:
    """The CI system that wrote the log, where it always writes how a job ended."""
    for content in (*contents[:400], *contents[-200:]):
        for name, form in FRAMES.items():
            if form.search(content):
                return name
    return None


_CLOSINGS = [(re.compile(opens), re.compile(closes)) for opens, closes in UNFINISHED.values()]
_ANY = re.compile("|".join(form for forms in UNFINISHED.values() for form in forms))


def unfinished_tool(contents: Sequence[str]) -> str | None:
    """The tool that announced itself and never closed in its words, looking from the end."""
    closed: set[int] = set()
    for content in reversed(contents):
        if not _ANY.match(content):
            continue
        for number, (opens, closes) in enumerate(_CLOSINGS):
            if number not in closed and closes.match(content):
                closed.add(number)
            elif number not in closed and opens.match(content):
                return list(UNFINISHED)[number]
    return None


_CONTINUES = re.compile(r"\s+\S|#\d+ |from \S+:\d+|at \S|\||\W*$|\.\.\. \d+")


def _without_continuations(contents: Sequence[str], roles: Sequence[Role]) -> list[Role]:
    """Roles in which frames and other lines that continue a message are no activity."""
    return [
        Role.BLANK if role is Role.OUTPUT and _CONTINUES.match(content) else role
        for content, role in zip(contents, roles, strict=True)
    ]


def _activity_after(roles: Sequence[Role]) -> list[int]:
    """For each line how many lines come after it in which something goes on."""
    result, count = [0] * len(roles), 0
    for place in range(len(roles) - 1, -1, -1):
        result[place] = count
        count += roles[place] in _ACTIVITY
    return result


def _said_by_the_run(said: Sequence[Statement]) -> Reading | None:
    """What the CI system, or the program around all others, says at the end."""
    whole = [statement for statement in said if statement.scope is Scope.RUN]
    if not whole:
        return None
    last = whole[-1]
    if last.good:
        later = [s for s in said if s.place > last.place and not s.good and s.scope is Scope.TOOL]
        return Reading(Ending.CONTRADICTORY, last.place, later[0].place) if later else Reading(Ending.PASSED, last.place)
    good_after = [s for s in said if s.place > last.place and s.good and s.scope is Scope.TOOL]
    return Reading(Ending.LOOKS_FAILED if len(good_after) > 3 else Ending.FAILED, last.place, None)


def _end_of_github(contents: Sequence[str], said: Sequence[Statement], after: Sequence[int]) -> Reading:
    """A job that reached its last steps with no step marked as failed has passed."""
    end = next((p for p in range(len(contents) - 1, -1, -1) if GITHUB_END.match(contents[p])), None)
    marked = next((p for p, content in enumerate(contents) if content.startswith("##[error]")), None)
    if marked is not None:
        return Reading(Ending.LOOKS_FAILED, marked)
    if end is None:
        return _last_bad(said, after) or Reading(Ending.STOPS)
    before = [s for s in said if s.place < end and s.scope is not Scope.STEP]
    # A step in a container is not marked where it fails.
    if before and not before[-1].good and after[before[-1].place] - after[end] <= _OF_THE_LAST_STEP:
        return Reading(Ending.LOOKS_FAILED, before[-1].place)
    return Reading(Ending.PASSED, end)


def _last_bad(said: Sequence[Statement], after: Sequence[int]) -> Reading | None:
    """A tool's failure as the last words of a log that a CI system has not closed."""
    if said and not said[-1].good and said[-1].scope is Scope.TOOL and after[said[-1].place] <= _WEAK_LAST_WORDS:
        return Reading(Ending.LOOKS_FAILED, said[-1].place)
    return None


def _said_by_tools(
    said: Sequence[Statement], after: Sequence[int], after_error: Sequence[int]
) -> Reading:
    """What the tools say, where nobody speaks for the run."""
    conclusions = [statement for statement in said if statement.scope is Scope.TOOL]
    last = conclusions[-1] if conclusions else None
    if last is not None and not last.good:
        certain = after[last.place] <= _CONSEQUENCES
        return Reading(Ending.FAILED if certain else Ending.LOOKS_FAILED, last.place)
    message = _message_at_the_end(said, after_error, last)
    if message is not None:
        return message
    if last is not None and after[last.place] <= _LAST_WORDS:
        return _passed(said, conclusions, last)
    final = said[-1] if said else None
    if final is not None and final.good and after[final.place] <= _WEAK_LAST_WORDS:
        return Reading(Ending.LOOKS_PASSED, final.place)
    return Reading(Ending.STOPS)


def _message_at_the_end(
    said: Sequence[Statement], after: Sequence[int], last: Statement | None
) -> Reading | None:
    """An error that is told after the last conclusion, and near the end."""
    since = last.place if last is not None else -1
    bad = [s for s in said if s.place > since and not s.good]
    if not bad:
        return None
    final = bad[-1]
    if after[final.place] > _MESSAGE_LAST_WORDS:
        return Reading(Ending.STOPS, None, final.place) if last is None else None
    if last is not None and after[last.place] - after[final.place] <= 3:
        return Reading(Ending.CONTRADICTORY, last.place, final.place)
    return Reading(Ending.LOOKS_FAILED, final.place)


def _passed(said: Sequence[Statement], conclusions: Sequence[Statement], last: Statement) -> Reading:
    """A success is the last word: of all, or only of the last tool, where another said that it failed."""
    failed = [s for s in conclusions if not s.good]
    if not failed:
        return Reading(Ending.PASSED, last.place)
    return Reading(Ending.LOOKS_PASSED, last.place, failed[-1].place)
