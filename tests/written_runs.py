"""Runs written by hand with the right answer first: tests/runs.

A file holds runs with an empty line between them. The first line of a run says what is right: `-` failed,
`+` passed, `?` nobody can tell, then a name and the kinds that the answer may give (with `|` between them;
none that is named means any). Of its further lines `!` marks those that say why, `:` what else belongs to the
message; `~40` is a line that stands 40 times, with its number for `{n}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

RUNS = Path(__file__).parent / "runs"
SCRIPT = ("##[group]Run make all", "make all", "shell: /usr/bin/bash -e {0}", "##[endgroup]")
"""What GitHub shows before the output of a step."""
_HEAD = re.compile(r"(?P<outcome>[-+?]) (?P<name>.*?)(?: kind=(?P<kinds>\S*))?(?: tool=\S*)?$")
_MANY = re.compile(r"~(\d+) (.*)")


@dataclass(slots=True)
class WrittenRun:
    """A run; `failed` is None where nobody can tell. `guilty` has the 1-based lines that say why."""

    name: str
    failed: bool | None
    kinds: frozenset[str]
    lines: list[str] = field(default_factory=list)
    guilty: set[int] = field(default_factory=set)

    def at_github(self) -> list[str]:
        """The run as a job of GitHub shows it: with times, the step's script before it, and its end."""
        end = ["Post job cleanup.", "Cleaning up orphan processes"]
        if self.failed:
            end.insert(0, "##[error]Process completed with exit code 1.")
        lines = [*SCRIPT, *self.lines, *(end if self.failed is not None else [])]
        return [f"2026-03-03T10:11:{n % 60:02d}.0000000Z {line}" for n, line in enumerate(lines)]


def written_runs() -> Iterator[WrittenRun]:
    """All runs, in the order of the files."""
    for path in sorted(RUNS.glob("*.txt")):
        run: WrittenRun | None = None
        for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
            if not line.strip():
                if run is not None:
                    yield run
                run = None
            elif run is None:
                head = _HEAD.match(line)
                assert head is not None, line
                failed = {"-": True, "+": False, "?": None}[head["outcome"]]
                run = WrittenRun(head["name"], failed, frozenset((head["kinds"] or "").split("|")))
            else:
                _add(run, line)


def _add(run: WrittenRun, line: str) -> None:
    assert line[0] in "|!:~", line
    if many := _MANY.match(line):
        run.lines += [many[2].replace("{n}", str(n)) for n in range(1, int(many[1]) + 1)]
        return
    run.lines.append(line[2:])
    if line[0] == "!" and line[2:].strip():
        run.guilty.add(len(run.lines))
