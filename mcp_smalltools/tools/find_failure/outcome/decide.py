"""Failed, passed or can't tell: the words of the log, the learned probability and the exit code together."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcp_smalltools.tools.find_failure.outcome.ending import Ending, LogEnding
from mcp_smalltools.tools.find_failure.outcome.exit_codes import (
    kind_of_code,
    meaning,
    read_command,
    says_no_match,
)
from mcp_smalltools.tools.find_failure.outcome.stops import OutsideStop

_AGREES, _AGREES_PASSED = 0.4, 0.35
"""Learned probability from which it agrees that the run failed, and up to which that it passed."""
_RATHER_PASSED = 0.6
"""The same where a task that went well is the last word."""
_SURE = 0.9
"""Learned probability from which an error near the end is taken for the end."""
_STOP_LAST_WORDS = 6
"""Lines of output after a stop from outside up to which the run ended with it."""
_STOPPED = 0.95
"""Probability that a run failed whose log ends with such a stop."""
_SAID = 0.98
"""Probability that what a run says of itself is so."""
_ASK = "Give exit_code if you know it, or read the end of the log."
_ONLY_STOPS = f"The log only stops: no line says how the run ended. {_ASK}"


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """The verdict: failed, passed (False) or can't tell (None)."""

    failed: bool | None
    probability: float
    """That it failed."""
    reason: str | None = None
    """Why the agent should look itself."""
    note: str | None = None
    kind: str | None = None
    """Of the exit code, where the log tells no better one."""
    has_cause: bool = True
    """Whether there is a cause to show; not for `grep` that found nothing."""


def decide(
    reading: LogEnding,
    learned: float,
    numbers: list[int],
    exit_code: int | None,
    command: str,
    *,
    stop: OutsideStop | None = None,
) -> RunVerdict:
    """The verdict. `learned` is the ranker's probability that the run failed, `numbers` those of the lines."""
    by_log = _by_log(reading, learned, numbers)
    if by_log.failed is None and stop is not None and stop.after <= _STOP_LAST_WORDS:
        by_log = RunVerdict(True, max(learned, _STOPPED))
    if exit_code is None:
        return by_log
    run = read_command(command)
    if exit_code == 0:
        return _of_zero(by_log, reading, numbers, run.hides, run.cure)
    if run.hides and says_no_match(exit_code, run.last):
        note = f"{run.hides}: {meaning(exit_code, run.last)}. It says nothing of what came before."
        return _beside_a_code(by_log, True, note)
    return _of_failure(by_log, reading, exit_code, run.last)


def _of_zero(
    by_log: RunVerdict, reading: LogEnding, numbers: list[int], hides: str | None, cure: str
) -> RunVerdict:
    if hides:
        note = f"{hides}, so 0 says nothing of what came before: {cure}."
        return _beside_a_code(by_log, False, note)
    if reading.ending is Ending.FAILED and reading.place is not None:
        reason = (
            f"The exit code is 0, but line {numbers[reading.place]} says that something failed: look there."
        )
        return RunVerdict(False, 1 - _SAID, reason)
    return RunVerdict(False, 1 - _SAID)


def _beside_a_code(by_log: RunVerdict, by_code: bool, note: str) -> RunVerdict:
    """What the log says, where the code is another program's; the code, unsure, where the log says nothing."""
    failed = by_code if by_log.failed is None else by_log.failed
    return replace(by_log, failed=failed, note=note, reason=by_log.reason and f"{note} {by_log.reason}")


def _of_failure(by_log: RunVerdict, reading: LogEnding, code: int, program: str) -> RunVerdict:
    said = meaning(code, program)
    note = f"Exit code {code}: {said}." if said else None
    if says_no_match(code, program) and not by_log.failed:
        return RunVerdict(
            True, 1.0, None, f"{note[:-1]}; that is an answer, not an error." if note else None, None, False
        )
    kind = kind_of_code(code)
    reason = None
    passed = reading.ending in {Ending.PASSED, Ending.LOOKS_PASSED}
    if passed:
        reason = (
            f"The exit code is {code}, but the log says that all went well: the cause is hardly in this log."
        )
    return RunVerdict(True, 1.0, reason, note, kind, has_cause=not (passed and by_log.probability < _AGREES))


def _by_log(reading: LogEnding, learned: float, numbers: list[int]) -> RunVerdict:
    line = numbers[reading.place] if reading.place is not None else 0
    if reading.weak:
        return _by_last_words(reading, learned, line)
    other = numbers[reading.against] if reading.against is not None else 0
    match reading.ending:
        case Ending.FAILED:
            return RunVerdict(True, max(learned, _SAID))
        case Ending.PASSED:
            return RunVerdict(False, min(learned, 1 - _SAID))
        case Ending.LOOKS_FAILED if learned >= _AGREES or (reading.last and not reading.unfinished):
            sure = learned >= _AGREES and not reading.unfinished and (reading.last or learned >= _SURE)
            doubt = None if sure else f"No line says how the run ended; line {line} tells of an error."
            return RunVerdict(True, max(learned, _AGREES), doubt)
        case Ending.LOOKS_PASSED if learned <= _AGREES_PASSED:
            doubt = (
                f"Line {line} says that it went well, line {other} that something failed." if other else None
            )
            return RunVerdict(False, learned, doubt)
        case Ending.LOOKS_PASSED if not other and learned <= _RATHER_PASSED:
            doubt = f"Line {line} says that it went well, but other lines look like a failure."
            return RunVerdict(False, learned, doubt)
        case Ending.LOOKS_PASSED if other and learned >= _SURE:
            doubt = f"Line {other} says that something failed, line {line} that what came later went well."
            return RunVerdict(True, learned, doubt)
        case Ending.CONTRADICTORY if learned >= _SURE or learned <= _AGREES_PASSED:
            doubt = f"Line {line} says that the run went well, line {other} that it didn't."
            return RunVerdict(learned >= _SURE, learned, doubt)
        case Ending.CONTRADICTORY:
            reason = f"Can't tell whether the run failed: line {line} says that it went well, line {other} that it didn't."
        case Ending.LOOKS_FAILED:
            reason = f"Can't tell whether the run failed: line {line} tells of an error, but no line says how the run ended."
        case Ending.LOOKS_PASSED:
            doubt = f"but line {other} tells of a failure" if other else "but other lines look like a failure"
            reason = f"Can't tell whether the run failed: line {line} says that it went well, {doubt}."
        case _:
            open_tool = reading.unfinished
            reason = (
                f"The log only stops: {open_tool} didn't come to its end. {_ASK}"
                if open_tool
                else _ONLY_STOPS
            )
    return RunVerdict(None, learned, reason)


def _by_last_words(reading: LogEnding, learned: float, line: int) -> RunVerdict:
    """Where only the last words sound like an end: never sure."""
    if reading.ending is Ending.LOOKS_FAILED:
        doubt = f"No line clearly says how the run ended; line {line} sounds like a failure."
        return RunVerdict(True, max(learned, _AGREES), doubt)
    if learned < _SURE:
        doubt = f"No line clearly says how the run ended; line {line} sounds like a good end."
        return RunVerdict(False, min(learned, 1 - _AGREES), doubt)
    return RunVerdict(None, learned, _ONLY_STOPS)
