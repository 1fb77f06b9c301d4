"""How much of what a person marked in real failing logs the evidence holds, with two plain methods beside it.

    python models/recipes/find_failure/measure.py --logchunks DIR [--field DIR] [--lines 30]

Each log is ranked in this process as the tool would, with the ranker that ships; it was fitted on LogChunks, so
its figures there are not held out. `fit.py` prints those with each project held out in turn.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from real import RealLog, read_field, read_logchunks

from mcp_smalltools.tools.find_failure.compose import with_stop_first
from mcp_smalltools.tools.find_failure.lines import LogLines, read_log
from mcp_smalltools.tools.find_failure.outcome.roles import NEVER_EVIDENCE
from mcp_smalltools.tools.find_failure.outcome.stops import outside_stop
from mcp_smalltools.tools.find_failure.rank import RankedLog, rank
from mcp_smalltools.tools.find_failure.showing.shown_failure import show

LINES = 30
"""Lines of evidence at most."""
_ALL = 1_000_000
"""Characters of an answer whose lines alone are limited."""
_GREP = re.compile(r"(?i)error")


@dataclass(frozen=True, slots=True)
class Found:
    """Of one log: whether any marked line was returned, what share of the marked text, and in how many lines."""

    source: str
    hit: bool
    recall: float
    lines: int


def found_in(log: RealLog, lines: set[int]) -> Found:
    """Where the marked text stands in several places, the place that is shown best counts."""
    shares = [
        len(lines & told) / len(told)
        for start, stop in log.places
        if (told := {line for line in range(start, stop) if log.lines[line].strip()})
    ]
    hit = (
        bool(lines & log.marked())
        if not log.guilty
        else any(lines & set(range(*span)) for span in log.guilty)
    )
    return Found(log.source, hit, max(shares, default=0.0), len(lines))


def by_tool(log: RealLog, most: int) -> set[int]:
    """The lines (from 0) of the evidence that the tool would give in so many lines."""
    read = read_log([log.lines])
    return set().union(*spans_shown(read, rank(read, None), most))


def spans_shown(log: LogLines, ranked: RankedLog, most: int) -> list[range]:
    """The lines (from 0) of each span of evidence that the tool shows, the main failure first, in so many lines
    however long they are.
    """
    if not ranked.spans:
        return []
    if (stop := outside_stop(log.contents, log.roles)) is not None:
        ranked = with_stop_first(ranked, stop)
    shown = show(
        log,
        ranked,
        most,
        0,
        cut=1.0,
        heard=lambda place: log.roles[place] not in NEVER_EVIDENCE,
        chars=_ALL,
    )
    return [range(span.start - 1, span.end) for span in shown.evidence]


def last_lines(log: RealLog, most: int = 50) -> set[int]:
    size = len(log.lines)
    return set(range(max(size - most, 0), size))


def grep(log: RealLog, most: int) -> set[int]:
    """The last lines that hold the word error."""
    return set([number for number, line in enumerate(log.lines) if _GREP.search(line)][-most:])


def summary(found: Sequence[Found]) -> str:
    """Means over the logs, and over the source with the fewest hits among those with at least five logs."""
    if not found:
        return "no logs"
    by_source: dict[str, list[Found]] = {}
    for one in found:
        by_source.setdefault(one.source, []).append(one)
    several = {name: rows for name, rows in by_source.items() if len(rows) >= 5} or by_source
    worst = min(several, key=lambda name: (_mean(several[name], "hit"), _mean(several[name], "recall")))
    return (
        f"hit {_mean(found, 'hit'):.3f} recall {_mean(found, 'recall'):.3f} lines {_mean(found, 'lines'):.1f}; "
        f"worst source {worst}: {_mean(several[worst], 'hit'):.2f} {_mean(several[worst], 'recall'):.2f}"
    )


def _mean(rows: Sequence[Found], name: str) -> float:
    return float(np.mean([float(getattr(row, name)) for row in rows]))


def by_source(found: Iterable[Found]) -> Mapping[str, str]:
    rows: dict[str, list[Found]] = {}
    for one in found:
        rows.setdefault(one.source, []).append(one)
    return {
        name: f"hit {_mean(some, 'hit'):.2f} recall {_mean(some, 'recall'):.2f} lines {_mean(some, 'lines'):.0f}"
        for name, some in sorted(rows.items(), key=lambda item: _mean(item[1], "recall"))
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--logchunks", type=Path)
    parser.add_argument("--field", type=Path, action="append", default=[])
    parser.add_argument("--lines", type=int, default=LINES)
    args = parser.parse_args()
    sets = {"LogChunks": list(read_logchunks(args.logchunks))} if args.logchunks else {}
    sets |= {str(folder): [log for log in read_field(folder) if log.failed] for folder in args.field}
    ways: Mapping[str, Callable[[RealLog], set[int]]] = {
        "find_failure": lambda log: by_tool(log, args.lines),
        "last 50 lines": last_lines,
        "grep for error": lambda log: grep(log, args.lines),
    }
    for name, logs in sets.items():
        for way, choose in ways.items():
            found = [found_in(log, choose(log)) for log in logs]
            print(f"{name} ({len(logs)}) {way}: {summary(found)}", flush=True)
            if way == "find_failure":
                for source, text in by_source(found).items():
                    print(f"    {source}: {text}")


if __name__ == "__main__":
    main()
