"""A failing run with its guilty lines.

They are found by the fault that was put in and by the documented form of each tool's reports.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

_NUMBER = re.compile(r"\d+(?:\.\d+)?|\b[0-9a-f]{7,}\b")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
NOTHING, CONTEXT, EVIDENCE = 0, 1, 2
"""Labels of a line: nothing, says only that something failed, says why."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a tool reports. A report starts at a line that matches `report`, takes in the lines just before it
    that match `before`, and those after it that match `goes_on`, up to and with one that matches `end`.
    `aftermath` only says that something failed; `kept` is evidence wherever it stands.
    """

    report: str
    goes_on: str = r"(?!)"
    before: str = r"(?!)"
    end: str = r"(?!)"
    aftermath: str = r"(?!)"
    kept: str = r"(?!)"
    inside: str = r"(?!)"
    """Lines of a report that are only context, such as source around the guilty line."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is broken in a project. `put_in` changes it and gives the words that the report must hold."""

    name: str
    kind: str
    form: Form
    put_in: Callable[[Path, Random], Sequence[str]]
    command: Sequence[str] | None = None
    """Run instead of the project's own command."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Run:
    """One failing run beside a passing one. `labels` has one of the three labels for each line of
    `failing`; `cause` is the first line (from 0) of the report that holds the fault's words.
    """

    tool: str
    fault: str
    kind: str
    failing: list[str]
    labels: list[int]
    cause: int
    passing: list[str]


def output_of(
    command: Sequence[str],
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    limit_s: float = 120,
) -> tuple[list[str], int]:
    """Standard output and error together, line by line, and the exit status."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "PYTEST", "NODE_", "CARGO_", "MCP_"))
    }
    own |= {"LC_ALL": "C.UTF-8", "HOME": os.environ.get("HOME", "/root"), **(environment or {})}
    try:
        done = subprocess.run(
            list(command),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=own,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return _lines(error.stdout or b""), 124
    except FileNotFoundError:  # the tool is missing on this machine: no report, so no run
        return [], 127
    return _lines(done.stdout), done.returncode


def _lines(data: bytes) -> list[str]:
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n").split("\n") if text else []


def labelled(lines: Sequence[str], form: Form, words: Sequence[str]) -> tuple[list[int], int] | None:
    """Labels of the lines, and where the cause is; None if no report holds one of the words."""
    report, goes_on, before, end = (
        re.compile(item) for item in (form.report, form.goes_on, form.before, form.end)
    )
    aftermath, kept, inside = (re.compile(item) for item in (form.aftermath, form.kept, form.inside))
    lines = [_COLOUR.sub("", line) for line in lines]
    labels = [NOTHING] * len(lines)
    cause = -1
    number = 0
    while number < len(lines):
        if not report.search(lines[number]):
            if kept.search(lines[number]):
                labels[number] = EVIDENCE
            elif aftermath.search(lines[number]):
                labels[number] = max(labels[number], CONTEXT)
            number += 1
            continue
        start = number
        while start and before.search(lines[start - 1]) and labels[start - 1] != EVIDENCE:
            start -= 1
        stop = number + 1
        while stop < len(lines) and goes_on.search(lines[stop]) and not report.search(lines[stop]):
            stop += 1
            if end.search(lines[stop - 1]):
                break
        else:
            if stop < len(lines) and end.search(lines[stop]):
                stop += 1
        for place in range(start, stop):
            labels[place] = CONTEXT if inside.search(lines[place]) else EVIDENCE
        while stop > number + 1 and not lines[stop - 1].strip():  # a report doesn't end in empty lines
            stop -= 1
            labels[stop] = NOTHING
        if cause < 0 and any(word in line for word in words for line in lines[start:stop]):
            cause = next((place for place in range(number, stop) if labels[place] == EVIDENCE), -1)
        number = stop
    return None if cause < 0 else (labels, cause)


def expected_taken_out(
    labels: Sequence[int], cause: int, failing: Sequence[str], passing: Sequence[str]
) -> list[int]:
    """The labels without reports that the passing run holds too: an error that was handled is no evidence. Numbers
    may differ. The stretch with the cause stays.
    """
    known = {_NUMBER.sub("0", line.strip()) for line in passing}
    result, place = list(labels), 0
    while place < len(labels):
        stop = place + 1
        while stop < len(labels) and labels[place] and labels[stop]:
            stop += 1
        block = [
            line
            for line, label in zip(failing[place:stop], labels[place:stop], strict=True)
            if label == EVIDENCE
        ]
        if (
            block
            and not place <= cause < stop
            and all(_NUMBER.sub("0", line.strip()) in known for line in block)
        ):
            result[place:stop] = [NOTHING] * (stop - place)
        place = stop
    return result


PYTHON = sys.executable
