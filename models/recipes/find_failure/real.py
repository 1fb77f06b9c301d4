"""Runs whose guilty lines a person marked: LogChunks, runs collected for this project, and runs written for it.

LogChunks (Brandt, Panichella, Zaidman and Beller, MSR 2020) has for each failing CI log the text that says why,
cut out by hand. Here it becomes lines of the log. Collected runs have a `truth.jsonl` whose rows name the guilty
lines and the lines of the whole message. Written runs are those of tests/runs, each also as a job of GitHub.
"""

from __future__ import annotations

import codecs
import json
import lzma
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from mcp_smalltools.logs.keys.terminal import strip_colours
from tests.written_runs import SCRIPT, written_runs

_NOT_TOLD = re.compile(r"\[(?:\d[0-9;]{0,20})?[mK]|\[\?\d{1,4}[hl]|[\x00-\x20\x7f-\xa0]")
LOGCHUNKS, COLLECTED, WRITTEN = "LogChunks", "collected", "written"
"""Where a run is from."""
AT_GITHUB = 0.35
"""Share of the written runs that are also read as a job of GitHub."""
MANY_PLACES = 20
"""Places of a chunk beyond which no more are looked for."""


@dataclass(slots=True)
class RealLog:
    """A real run. `places` are the spans (from 0, end not included) at which the marked text stands, `message` what
    belongs to the whole message, all from 0; both are empty where the run passed.
    """

    name: str
    source: str
    lines: list[str]
    places: list[tuple[int, int]]
    guilty: list[tuple[int, int]] = field(default_factory=list)
    others: list[tuple[int, int]] = field(default_factory=list)
    """Further failures of the run."""
    failed: bool = True
    origin: str = LOGCHUNKS
    right: dict[str, Any] = field(default_factory=dict)
    """What its row of a `truth.jsonl` says of it."""
    arguments: dict[str, Any] = field(default_factory=dict)
    """Of the call: the exit code and the command, where they are known."""

    def marked(self) -> set[int]:
        """All lines of all places and of the guilty spans."""
        spans = (*self.places, *self.guilty, *self.others)
        return {line for start, stop in spans for line in range(start, stop)}


def lines_of(path: Path) -> list[str]:
    """The lines of a log as the tool reads them, without colours."""
    data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16" if wide else "utf-8", "replace").replace("\r\n", "\n")
    return strip_colours(text.removesuffix("\n").split("\n"))


def read_logchunks(folder: Path) -> Iterator[RealLog]:
    """The logs whose chunk is found in them, in the order of truth.jsonl; the source is the project."""
    for row in _rows(folder / "truth.jsonl"):
        lines = lines_of(folder / row["log"])
        places = places_of(strip_colours(row["chunk"].split("\n")), lines)
        if places:
            yield RealLog(row["log"], row["log"].split("/")[1], lines, places)


def read_field(folder: Path, split: str = "fit") -> Iterator[RealLog]:
    """Collected runs of one split; the source is where each comes from, its tool where that isn't said."""
    for row in _rows(folder / "truth.jsonl"):
        if row.get("split", "fit") != split:
            continue
        right = row["right"]
        guilty = [(first - 1, last) for first, last in right.get("guilty", [])]
        message = [(first - 1, last) for first, last in right.get("message", [])] or guilty
        failed = bool(right.get("failed", True))
        if failed != bool(guilty) or right.get("failed", True) is None:
            continue
        others = [(first - 1, last) for first, last in right.get("others", [])]
        lines = lines_of(folder / row["args"]["path"])
        arguments = {name: value for name, value in row["args"].items() if name in ("exit_code", "command")}
        yield RealLog(
            row["id"], row.get("source", row["id"]), lines, message, guilty, others, failed, COLLECTED, right, arguments
        )  # fmt: skip


def read_written() -> Iterator[RealLog]:
    """The runs of tests/runs of which somebody can tell, some also as a job of GitHub; the source is the name."""
    for run in written_runs():
        if run.failed is None:
            continue
        ways = [(run.lines, 0), (run.at_github(), len(SCRIPT))]
        for lines, first in ways if Random(run.name).random() < AT_GITHUB else ways[:1]:
            guilty = [(number - 1 + first, number + first) for number in sorted(run.guilty)]
            yield RealLog(run.name, run.name, lines, guilty, guilty, [], run.failed, WRITTEN)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def places_of(chunk: Sequence[str], lines: Sequence[str]) -> list[tuple[int, int]]:
    """Where the chunk stands: its first line may begin, its last may end within a line; spaces and empty lines
    don't count. If it stands nowhere as a whole, the longest run of its lines.
    """
    wanted = [word for line in chunk if (word := _bare(line))]
    told = [
        (number, word)
        for number, line in enumerate(lines)
        for part in line.split("\r")
        if (word := _bare(part))
    ]
    if not wanted:
        return []
    words = [word for _, word in told]
    found = []
    for place, word in enumerate(words):
        if len(found) >= MANY_PLACES or not _begins(wanted, word):
            continue
        stop = place + len(wanted)
        if len(wanted) == 1 or (
            words[place + 1 : stop - 1] == wanted[1:-1]
            and stop <= len(words)
            and words[stop - 1].startswith(wanted[-1])
        ):
            found.append((told[place][0], told[stop - 1][0] + 1))
    return found or _longest_run(wanted, told)


def _bare(line: str) -> str:
    """The line without spaces, and without colours whose escape sign is lost, as in chunks."""
    return _NOT_TOLD.sub("", line)


def _begins(wanted: Sequence[str], word: str) -> bool:
    return wanted[0] in word if len(wanted) == 1 else word.endswith(wanted[0])


def _longest_run(wanted: Sequence[str], told: Sequence[tuple[int, str]]) -> list[tuple[int, int]]:
    """The longest run of lines of the log that stand in the chunk in the same order, if it is half of the chunk."""
    at: dict[str, list[int]] = {}
    for place, word in enumerate(wanted):
        at.setdefault(word, []).append(place)
    best, found, runs = 0, (0, 0), {}
    for place, (number, word) in enumerate(told):
        following = {}
        for spot in at.get(word, ()):
            size, start = runs.get(spot - 1, (0, place))
            following[spot] = (size + 1, start)
            if size + 1 > best:
                best, found = size + 1, (told[start][0], number + 1)
        runs = following
    return [found] if best * 2 >= len(wanted) else []
