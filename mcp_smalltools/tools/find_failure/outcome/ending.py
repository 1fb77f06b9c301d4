"""How a log ends, from what its lines say of success and failure, and where.

A success counts as the last word only where nothing goes on after it, no failure stands beside it, and whoever
always closes a log in words of its own (a CI system, a build tool that announced itself) has done so. A log in
which nobody speaks for the run only stops.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from mcp_smalltools.tools.find_failure.outcome.last_words import is_aside, last_word
from mcp_smalltools.tools.find_failure.outcome.outcome_words import (
    FRAMES,
    GITHUB_END,
    GOOD_TASK,
    READY,
    TEST_RUNNERS,
    UNFINISHED,
)
from mcp_smalltools.tools.find_failure.outcome.roles import Role
from mcp_smalltools.tools.find_failure.outcome.said import OutcomeStatement, Scope, statements_of


class Ending(Enum):
    """How a log ends, as far as its words go."""

    FAILED = "failed"
    """The run, or its tool, says so, and nothing later takes it back."""
    LOOKS_FAILED = "looks failed"
    """An error is told near the end, and nobody says how the run ended."""
    PASSED = "passed"
    """Success is the last word."""
    LOOKS_PASSED = "looks passed"
    CONTRADICTORY = "contradictory"
    STOPS = "stops"
    """Nothing says how the run ended."""


@dataclass(frozen=True, slots=True)
class LogEnding:
    """How a log ends, and the place (from 0) of the line that says so."""

    ending: Ending
    place: int | None = None
    against: int | None = None
    """The place of the line that says otherwise."""
    unfinished: str | None = None
    """The tool that announced itself and never closed."""
    last: bool = False
    """Next to nothing comes after the line that says so."""
    weak: bool = False
    """Only the last words sound like it: totals and times, a sentence of no known tool."""


_ACTIVITY = frozenset({Role.OUTPUT, Role.PROGRESS, Role.COMMAND})
_LAST_WORDS = 12
"""Lines after a success up to which it is still the last word."""
_AFTER_THE_RUN = 30
"""The same where it is the run's own."""
_LAST_TASK = 5
"""The same for a task that went well, which others may follow."""
_WEAK_LAST_WORDS = 2
"""The same for a word such as `done`, which steps say too."""
_CONSEQUENCES = 30
"""Lines after a tool's failure up to which they are its consequences, or what ran along with it."""
_OF_THE_LAST_STEP = 8
"""Lines after an error in the last step of a job up to which the step ended with it."""
_MESSAGE_LAST_WORDS = 15
"""Lines after the message of an error up to which the run may have ended with it."""
_IGNORED = 13
"""Lines below a failed host up to which Ansible says that it ignores it."""
_HOST = re.compile(r"(?:fatal|failed): \[(?P<host>[^\]\s]{1,100})")
_RECAP = re.compile(r"(?P<host>\S{1,100})\s+: ok=\d+ ")
_WELL = re.compile(r"\bunreachable=0\s+failed=0\b")
"""The row of a host in the recap, in which a failure counts that was neither ignored nor rescued."""
_MAKE_IGNORES = re.compile(r"\S{0,80}make(?:\[\d+\])?(?:\.exe)?: \[.{1,300}\] Error \d+ \(ignored\)")
_MAKE_IGNORED = 3
"""Lines below an error up to which make says that it ignores it."""
_FLAKY = re.compile(r"\s*[1-9]\d* flaky\b")
"""Of failed tests that passed when tried again."""
_MARKS = 12
"""Lines before a conclusion up to which the mark of a failed test contradicts it, if nobody counts failures."""
_LIST = 3
"""Times that a line of success is said, one soon after the other, from which it is one of a list."""
_GOES_ON = 3
"""Conclusions of success after a failure of the run from which the run went on in spite of it."""
_CONTINUES = re.compile(r"\s+\S|#\d+ |from \S+:\d+|at \S|\||\W*$|\.\.\. \d+")
_NAMES = {
    "travis": "Travis CI",
    "github": "GitHub's job",
    "gitlab": "GitLab's job",
    "jenkins": "Jenkins",
    "azure": "Azure's job",
}
_WROTE_AN_IMAGE = re.compile(r"#\d+ (?:writing image|naming to) ")
"""BuildKit's conclusion: each command before it ended with 0."""
_LOGGED = re.compile(r"(?:\[?\d{4}-\d\d-\d\d\S* ?\S*\]? )?\W{0,3}(?:ERROR|FATAL|CRITICAL|SEVERE)\b|\s+\S")
"""What the tested code logs, or a test is called, as no tool concludes its work."""
_TOTAL = re.compile(
    r"(?i)\W{0,12}[1-9][\d,]* (?:examples?|tests?|specs?|assertions|scenarios)\b.{0,80}\b0 failures\b"
)
"""A test runner's total, without a failure."""
_NONE_FAILED = re.compile(r"(?i)\b(?:0|no) (?:\w+ )?(?:fail\w*|errors?)\b|\bfail\w*[:=] ?0\b|\ball\b")
_BARE_COUNT = re.compile(r"\s*\d+ [a-z ]{3,20}(?: \([\d.]+ ?\w+\))?$")
"""A row of a summary: `1 failed`, the names of those that failed, `30 passed (14.2s)`."""
_NUMBER = re.compile(r"\d+")
_TIDIES_UP = re.compile(
    r".{0,60}?(?:[$+#>%] ?)?(?:\S*/)?(?:rm|rmdir|exit|popd|cd|echo|set|unset|deactivate|true|:|kill|wait|trap|return|sync|umount|"
    r"ls|du|df|date|stat|file|tree|wc|free|uptime|sha\d+sum|md5sum|docker (?:images|ps|rm|stop|rmi|logout|compose down)|git (?:clean|reset|worktree)|cleanup)\b"
)
_CLOSINGS = [(re.compile(opens), re.compile(closes)) for opens, closes in UNFINISHED.values()]
_ANY = re.compile("|".join(form for forms in UNFINISHED.values() for form in forms))


def read_ending(contents: Sequence[str], roles: Sequence[Role]) -> LogEnding:
    """How the log ends."""
    found = _by_statements(contents, roles)
    if found.ending is Ending.STOPS:
        return _by_last_words(found, contents, roles)
    if found.ending is Ending.LOOKS_FAILED and not found.last:
        word = last_word(contents, roles)
        if word is not None and not word.good:
            return replace(found, place=word.place, last=True)
        return found
    if found.ending is Ending.LOOKS_PASSED and found.place is not None:
        if found.against is not None and all(
            _BARE_COUNT.match(contents[place]) for place in (found.place, found.against)
        ):
            return LogEnding(Ending.FAILED, found.against, last=True)
        word = last_word(contents, roles)
        if word is not None and not word.good and word.place > found.place:
            if found.weak:
                return LogEnding(Ending.LOOKS_FAILED, word.place, last=True, weak=True)
            return LogEnding(Ending.CONTRADICTORY, found.place, word.place)
    return found


def _by_last_words(found: LogEnding, contents: Sequence[str], roles: Sequence[Role]) -> LogEnding:
    """Where no statement closes the log, its last words may; of a tool that must close it only complaints."""
    word = last_word(contents, roles)
    if word is None or (word.good and (found.unfinished or _ends_in_a_command(contents, roles))):
        return found
    if word.good:
        return LogEnding(Ending.LOOKS_PASSED, word.place, found.against, weak=True)
    return LogEnding(Ending.LOOKS_FAILED, word.place, unfinished=found.unfinished, last=True, weak=True)


def _by_statements(contents: Sequence[str], roles: Sequence[Role]) -> LogEnding:
    said = _without_lists(_without_ignored(statements_of(contents, roles), contents), contents)
    after = _activity_after(_without_asides(contents, roles))
    after_error = _activity_after(_without_continuations(contents, _without_asides(contents, roles)))
    if (run := _said_by_the_run(said, after)) is not None:
        return run
    frame = frame_of(contents)
    if frame == "github":
        return _end_of_github(contents, said, after_error)
    if frame is not None:
        return _last_bad(said, after_error, frame)
    found = _said_by_tools(said, after, after_error, contents)
    if found.ending in {Ending.PASSED, Ending.LOOKS_PASSED}:
        if tool := unfinished_tool(contents):
            return LogEnding(Ending.STOPS, None, found.against, tool)
        if _ends_in_a_command(contents, roles):
            return LogEnding(Ending.STOPS, None, found.against)
    if found.ending is Ending.LOOKS_FAILED and (tool := unfinished_tool(contents)) in TEST_RUNNERS:
        return replace(found, unfinished=tool)
    return found


def frame_of(contents: Sequence[str]) -> str | None:
    """The CI system that wrote the log, where it always writes how a job ended."""
    for content in (*contents[:400], *contents[-200:]):
        for name, form in FRAMES.items():
            if form.match(content):
                return name
    return None


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


def _ends_in_a_command(contents: Sequence[str], roles: Sequence[Role]) -> bool:
    """The last that happens is a command of which nothing is seen; not one that only tidies up."""
    last = next(
        (p for p in range(len(roles) - 1, -1, -1) if roles[p] in _ACTIVITY and not is_aside(contents[p])),
        None,
    )
    return last is not None and roles[last] is Role.COMMAND and not _TIDIES_UP.match(contents[last])


def _without_ignored(said: Sequence[OutcomeStatement], contents: Sequence[str]) -> list[OutcomeStatement]:
    """Without failures that whoever runs the steps says it ignores, or was rescued from."""
    of_hosts = any(not s.good and _HOST.match(contents[s.place]) for s in said)
    well = _hosts_without_failure(contents) if of_hosts else frozenset()
    return [s for s in said if s.good or not _is_ignored(contents, s.place, well)]


def _hosts_without_failure(contents: Sequence[str]) -> frozenset[str]:
    """As Ansible counts them in its recap."""
    rows = (_RECAP.match(content) for content in contents)
    return frozenset(row["host"] for row in rows if row and _WELL.search(row.string))


def _is_ignored(contents: Sequence[str], place: int, well: Collection[str]) -> bool:
    """Whether Ansible ignores the failure of a host, or counts none for it in the end, or make ignores an error."""
    if (failed := _HOST.match(contents[place])) is None:
        return any(_MAKE_IGNORES.match(line) for line in contents[place + 1 : place + 1 + _MAKE_IGNORED])
    if failed["host"] in well:
        return True
    return any(line.startswith("...ignoring") for line in contents[place + 1 : place + _IGNORED])


def _without_lists(said: Sequence[OutcomeStatement], contents: Sequence[str]) -> list[OutcomeStatement]:
    """Without lines of success that are said again and again: `row 7: 0 errors, ok` concludes nothing."""
    shapes: dict[str, list[int]] = {}
    for statement in said:
        if statement.good and statement.scope <= Scope.TOOL:
            shapes.setdefault(_NUMBER.sub("0", contents[statement.place]), []).append(statement.place)
    listed = {
        place
        for places in shapes.values()
        for group in zip(*(places[n:] for n in range(_LIST)), strict=False)
        if group[-1] - group[0] < _LIST * 2
        for place in group
    }
    return [s for s in said if s.place not in listed]


def _without_continuations(contents: Sequence[str], roles: Sequence[Role]) -> list[Role]:
    """Roles in which frames and other lines that continue a message are no activity."""
    return [
        Role.BLANK if role is Role.OUTPUT and _CONTINUES.match(content) else role
        for content, role in zip(contents, roles, strict=True)
    ]


def _without_asides(contents: Sequence[str], roles: Sequence[Role]) -> list[Role]:
    """Roles in which lines near the end that follow every outcome are no activity."""
    kept = list(roles)
    for place in range(max(len(roles) - _AFTER_THE_RUN, 0), len(roles)):
        if kept[place] in _ACTIVITY and is_aside(contents[place]):
            kept[place] = Role.BLANK
    return kept


def _activity_after(roles: Sequence[Role]) -> list[int]:
    """For each line how many lines come after it in which something goes on."""
    result, count = [0] * len(roles), 0
    for place in range(len(roles) - 1, -1, -1):
        result[place] = count
        count += roles[place] in _ACTIVITY
    return result


def _said_by_the_run(said: Sequence[OutcomeStatement], after: Sequence[int]) -> LogEnding | None:
    """What the CI system, or the program around all others, says at the end."""
    whole = [s for s in said if s.scope is Scope.RUN and (not s.good or after[s.place] <= _AFTER_THE_RUN)]
    if not whole:
        return None
    last = whole[-1]
    later = [s for s in said if s.place > last.place and s.scope is Scope.TOOL and s.good is not last.good]
    if last.good:
        ending = Ending.CONTRADICTORY if later else Ending.PASSED
        return LogEnding(ending, last.place, later[0].place if later else None)
    if len(later) >= _GOES_ON:
        return LogEnding(Ending.LOOKS_FAILED, last.place, later[-1].place)
    return LogEnding(Ending.FAILED, last.place)


def _end_of_github(
    contents: Sequence[str], said: Sequence[OutcomeStatement], after: Sequence[int]
) -> LogEnding:
    """A job that reached its last steps with no step marked as failed has passed."""
    start = max((p for p, content in enumerate(contents) if content.startswith("##[group]Run ")), default=0)
    end = next((p for p in range(start, len(contents)) if GITHUB_END.match(contents[p])), None)
    marked = next((p for p, content in enumerate(contents) if content.startswith("##[error]")), None)
    if marked is not None:
        return LogEnding(Ending.LOOKS_FAILED, marked)
    if end is None:
        return _last_bad(said, after, "github")
    before = [s for s in said if s.place < end and s.scope is not Scope.STEP]
    # A step in a container is not marked where it fails.
    if before and not before[-1].good and after[before[-1].place] - after[end] <= _OF_THE_LAST_STEP:
        return LogEnding(Ending.LOOKS_FAILED, before[-1].place)
    return LogEnding(Ending.PASSED, end)


def _last_bad(said: Sequence[OutcomeStatement], after: Sequence[int], frame: str) -> LogEnding:
    """A log that its CI system has not closed: it stops, perhaps with a failure as its last words."""
    last = next((s for s in reversed(said) if s.scope is not Scope.STEP), None)
    if last is None or last.good or after[last.place] > _OF_THE_LAST_STEP:
        return LogEnding(Ending.STOPS, unfinished=_NAMES.get(frame, frame))
    return LogEnding(Ending.LOOKS_FAILED, last.place, unfinished=_NAMES.get(frame, frame))


def _said_by_tools(
    said: Sequence[OutcomeStatement],
    after: Sequence[int],
    after_error: Sequence[int],
    contents: Sequence[str],
) -> LogEnding:
    """What the tools say, where nobody speaks for the run."""
    conclusions = [s for s in said if s.scope is Scope.TOOL]
    last = conclusions[-1] if conclusions else None
    if last is not None and last.good:
        last = _worst_beside(conclusions)
    if last is not None and not last.good:
        certain = after_error[last.place] <= _CONSEQUENCES
        ending = Ending.FAILED if certain else Ending.LOOKS_FAILED
        return LogEnding(ending, last.place, last=after_error[last.place] <= _WEAK_LAST_WORDS)
    message = _message_at_the_end(said, after_error, last)
    if message is not None:
        return message
    if last is not None and after[last.place] <= _LAST_WORDS:
        failed = [s for s in conclusions if not s.good and not _is_overruled(contents, s.place, last.place)]
        marks = [
            s for s in said if s.scope is Scope.STEP and not s.good and 0 < last.place - s.place <= _MARKS
        ]
        if not failed and marks and not _is_well_counted(contents, marks[-1].place, last.place):
            failed = marks
        if failed:
            return LogEnding(Ending.LOOKS_PASSED, last.place, failed[-1].place)
        return LogEnding(Ending.PASSED, last.place)
    return _passed_by_a_task(said, after, contents)


def _is_overruled(contents: Sequence[str], failed: int, last: int) -> bool:
    """Whether a tool's last word shows that what was said before was no failure of the run."""
    if _WROTE_AN_IMAGE.match(contents[last]):
        return True
    return _TOTAL.match(contents[last]) is not None and _LOGGED.match(contents[failed]) is not None


def _is_well_counted(contents: Sequence[str], mark: int, last: int) -> bool:
    """Whether the summary counts no failure, though a test is marked as failed: it was tried again, say."""
    if any(_FLAKY.match(content) for content in contents[mark:last]):
        return True
    return _NONE_FAILED.search(" ".join(contents[last : last + 3])) is not None


def _worst_beside(conclusions: Sequence[OutcomeStatement]) -> OutcomeStatement:
    """Of the last conclusions that stand together, as rows of one summary, the last bad one, else the last."""
    block = [conclusions[-1]]
    for statement in reversed(conclusions[:-1]):
        if block[-1].place - statement.place > 1:
            break
        block.append(statement)
    return next((s for s in block if not s.good), block[0])


def _message_at_the_end(
    said: Sequence[OutcomeStatement], after: Sequence[int], last: OutcomeStatement | None
) -> LogEnding | None:
    """An error that is told after the last conclusion, and near the end."""
    since = last.place if last is not None else -1
    bad = [s for s in said if s.place > since and not s.good]
    if not bad:
        return None
    final = bad[-1]
    task = next(
        (s for s in reversed(said) if s.good and s.scope is Scope.TASK and s.place > final.place), None
    )
    overruled = (
        task is not None and after[final.place] - after[task.place] > 1 and final.scope is not Scope.TOOL
    )
    if task is not None and overruled and after[task.place] <= _LAST_TASK:
        return LogEnding(Ending.LOOKS_PASSED, task.place, final.place, weak=True)
    if after[final.place] > _MESSAGE_LAST_WORDS:
        return LogEnding(Ending.STOPS, None, final.place) if last is None else None
    if last is not None and final.scope is not Scope.TOOL and after[last.place] - after[final.place] <= 3:
        return LogEnding(Ending.CONTRADICTORY, last.place, final.place)
    return LogEnding(Ending.LOOKS_FAILED, final.place, last=after[final.place] <= _WEAK_LAST_WORDS)


def _passed_by_a_task(
    said: Sequence[OutcomeStatement], after: Sequence[int], contents: Sequence[str]
) -> LogEnding:
    """A task's success, or a word such as `done`, at the very end; not the last of a list of steps."""
    final = said[-1] if said else None
    if final is None or not final.good:
        return LogEnding(Ending.STOPS)
    task = next((s for s in reversed(said) if s.good and s.scope is Scope.TASK), final)
    if task.scope is Scope.TASK and after[task.place] <= _LAST_TASK:
        final = task
        failed = next((s.place for s in reversed(said) if not s.good and s.scope >= Scope.TOOL), None)
        certain = failed is None and after[final.place] <= 1
        if READY(contents[final.place]) and not GOOD_TASK(contents[final.place]):
            return LogEnding(Ending.LOOKS_PASSED, final.place, failed, weak=True)
        return LogEnding(Ending.PASSED if certain else Ending.LOOKS_PASSED, final.place, failed)
    near = [s for s in said[-4:-1] if s.scope is Scope.STEP and final.place - s.place <= 4]
    if after[final.place] > _WEAK_LAST_WORDS or len(near) >= _LIST - 1:
        return LogEnding(Ending.STOPS)
    return LogEnding(Ending.LOOKS_PASSED, final.place, weak=True)
