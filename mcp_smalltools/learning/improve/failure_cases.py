"""Logs with the lines that say why, from corrections of `find_failure`: the caller names them, by their text
or their number, and the log has to have them.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mcp_smalltools.errors import FileError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.models.shipped import example_files
from mcp_smalltools.stores.ledger import LedgerRow
from mcp_smalltools.stores.outcomes import ReportedOutcome

if TYPE_CHECKING:
    from mcp_smalltools.tools.base import ToolContext
    from mcp_smalltools.tools.find_failure.lines import LogLines

FIND_FAILURE: Final = "find_failure"
_FEWEST_CHARS: Final = 8
"""Characters of a line that is quoted."""
_MOST_PLACES: Final = 5
"""Lines that a quotation may fit."""
_MOST_LOGS: Final = 300
_MOST_RIGHT: Final = 50
_MOST_PASSING: Final = 30
_MOST_BYTES: Final = 4 << 20
_NUMBERS: Final = re.compile(r"\blines? (\d{1,9})(?: ?(?:-|to) ?(\d{1,9}))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FailureCase:
    """A log and the places (from 0, of the lines that are looked at) that say why."""

    outcome: ReportedOutcome
    log: LogLines
    right: frozenset[int]


def failure_cases(
    outcomes: Sequence[ReportedOutcome], context: ToolContext
) -> tuple[list[FailureCase], Counter[str], int]:
    """The newest correction of each log, oldest first; what was left out, by reason; and how many logs were
    corrected in two ways by different callers.
    """
    left: Counter[str] = Counter()
    by_path: dict[str, FailureCase] = {}
    contradicted: set[str] = set()
    for outcome in outcomes:
        if outcome.tool != FIND_FAILURE or outcome.verdict == "right" or not outcome.correction.strip():
            continue
        found = _case_of(outcome, context)
        if isinstance(found, str):
            left[found] += 1
            continue
        path = outcome.paths[0]
        before = by_path.pop(path, None)
        if before and before.outcome.principal != outcome.principal and not before.right & found.right:
            contradicted.add(path)
        by_path[path] = found
    for path in contradicted:
        del by_path[path]
        left["corrected in two ways"] += 1
    return list(by_path.values())[-_MOST_LOGS:], left, len(contradicted)


def _case_of(outcome: ReportedOutcome, context: ToolContext) -> FailureCase | str:
    """The case, or why it is none."""
    if outcome.level == PrivacyLevel.SEALED:
        return "of a sealed root"
    if outcome.level not in set(PrivacyLevel) or not outcome.paths:
        return "of an unknown privacy level"
    try:
        log = read_open_log(outcome.paths[0], context)
    except FileError:
        return "the log can't be read any more"
    if log is None:
        return "of a sealed root"
    right = right_places(outcome.correction, log)
    return FailureCase(outcome, log, right) if right else "the log doesn't have what the correction names"


def read_open_log(path: str, context: ToolContext) -> LogLines | None:
    """A log; None where the file is in a sealed root by now. Raises FileError."""
    from mcp_smalltools.tools.find_failure.lines import read_log
    from mcp_smalltools.tools.find_failure.read_file import TimedBlocks

    source = context.open(path)
    if source.level is PrivacyLevel.SEALED:
        return None
    return read_log(TimedBlocks(source, context, "log"))


def logs_of_right_answers(
    outcomes: Sequence[ReportedOutcome], calls: Sequence[LedgerRow], helped: Set[str], context: ToolContext
) -> list[LogLines]:
    """Logs whose answer was right: it was reported, or the call is one of those that `helped`, after which
    the agent edited the named place and the command went well. The newest that can still be read.
    """
    right = [one for one in outcomes if one.tool == FIND_FAILURE and one.verdict == "right"]
    levels = {PrivacyLevel.OPEN, PrivacyLevel.REDACTED}
    paths = dict.fromkeys(one.paths[0] for one in right if one.paths and one.level in levels)
    answered = [call for call in reversed(calls) if call.call_id in helped and call.tool == FIND_FAILURE]
    paths |= dict.fromkeys(call.paths[0] for call in answered if call.paths and call.level in levels)
    logs = []
    for path in list(paths)[-_MOST_RIGHT:]:
        with contextlib.suppress(FileError):
            logs += [log] if (log := read_open_log(path, context)) else []
    return logs


def passing_logs(calls: Sequence[LedgerRow], context: ToolContext) -> list[LogLines]:
    """Logs of runs that went well, of calls, newest first: baselines, and those whose answer says so. The
    newest that can still be read.
    """
    paths: dict[str, None] = {}
    for call in calls:
        if call.tool == FIND_FAILURE and not call.error and call.level != PrivacyLevel.SEALED:
            paths |= dict.fromkeys(call.paths[1:])
            if call.paths and _says_passed(call.answer):
                paths[call.paths[0]] = None
    logs = []
    for path in list(paths)[:_MOST_PASSING]:
        with contextlib.suppress(FileError):
            logs += [log] if (log := read_open_log(path, context)) else []
    return logs


def _says_passed(answer: str) -> bool:
    try:
        given = json.loads(answer)
    except ValueError:
        return False
    return isinstance(given, dict) and given.get("failed") is False


def example_logs() -> list[LogLines]:
    """Logs that ship as examples."""
    from mcp_smalltools.tools.find_failure.lines import read_log

    paths = [path for path in sorted(example_files().glob("*.log")) if path.stat().st_size < _MOST_BYTES]
    return [read_log([path.read_text("utf-8", errors="replace").split("\n")]) for path in paths]


def right_places(correction: str, log: LogLines) -> frozenset[int]:
    """Where the log has the lines that a correction quotes, or names by their number; maybe nowhere."""
    places: set[int] = set()
    place_of = {number: place for place, number in enumerate(log.numbers)}
    for quoted in _quotations(correction):
        fits = [place for place, text in enumerate(log.texts) if quoted in text]
        if len(fits) <= _MOST_PLACES:
            places |= {*fits}
    if not places:
        for found in _NUMBERS.finditer(correction):
            first, last = int(found[1]), int(found[2] or found[1])
            if last - first < _MOST_PLACES:
                places |= {place_of[number] for number in range(first, last + 1) if number in place_of}
    return frozenset(places)


def _quotations(correction: str) -> Iterator[str]:
    """The lines of a correction, and what it has in quotation marks or as strings of JSON."""
    try:
        texts = list(_strings(json.loads(correction)))
    except (ValueError, RecursionError):
        texts = [correction, *re.findall(r"[`\"“]([^`\"“”\n]+)[`\"”]", correction)]
    for text in texts:
        for line in text.splitlines():
            if len(line.strip()) >= _FEWEST_CHARS:
                yield line.strip()


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)
