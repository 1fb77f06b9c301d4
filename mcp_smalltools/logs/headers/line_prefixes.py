"""What carried a line, and wrote before it: container runtimes, CI systems, log collectors, process managers.

What follows such a prefix is a line in its own right, and may continue the line before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from mcp_smalltools.logs.headers.time_forms import TIME

_RFC_3339 = r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d))"
_FINE = r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,9}(?:Z|[+-]\d\d:\d\d))"
_SERVICE = r"(?!\d{4}-\d\d-\d\d)[\w.-]{1,80}(?:-\d+|_\d+) *\| ?"
_WITH_BAR = (
    re.compile(_SERVICE),  # docker compose
    re.compile(  # the same with names of containers
        rf"(?!\d{{4}}-\d\d|\d{{8}})(?=[\w.-]{{0,80}}[A-Za-z])[\w.-]{{1,80}} {{1,40}}\| "
        rf"(?={TIME}|\[|\{{|[a-z]+=|(?:INFO|WARN|WARNING|ERROR|DEBUG|TRACE|NOTICE|FATAL|CRITICAL|LOG)\b)"
    ),
    re.compile(r"\d{1,3}\|[\w.-]{1,60} *\| "),  # pm2
)
_WITH_LINE = (
    re.compile(r"[\w.-]{1,60}…? *│ (?:\[[\w.-]{1,40}\] (?=[IWEF]\d{4} |\{|\d{4}-))?"),  # Tilt
)
_WITH_TAB = (
    re.compile(
        rf"[A-Za-z0-9_.()/ -]{{1,80}}\t[A-Za-z0-9_.()/ -]{{1,120}}\t\ufeff?{_FINE} ?"
    ),  # gh run view --log
)
_OF_FIRST = {
    "\ufeff": (re.compile(r"\ufeff+"),),
    "#": (re.compile(r"#{4}(?=<)"),),  # WebLogic
    "[": (
        re.compile(r"\[(?:pod|deployment|container)/[\w.-]{1,120}/[\w.-]{1,120}\] "),  # kubectl --prefix
        re.compile(rf"\[\w{{1,30}}(?::\w{{1,30}})? {_RFC_3339}\] ?"),  # Taskcluster
        re.compile(  # ROS 2 launch
            r"\[[\w.-]{1,60}-\d{1,4}\] (?=\[(?:DEBUG|INFO|WARN|ERROR|FATAL)\] \[\d{10}\.|[ \t]{1,20}\S)"
        ),
    ),
}
_WITH_TIME = (
    re.compile(rf"{_RFC_3339} (?:stdout|stderr) [FP] "),  # Kubernetes CRI
    re.compile(rf"{_FINE} \d\d[OE][+ ]?"),  # GitLab
    re.compile(rf"{_FINE} +(?=(?:TRACE|DEBUG|INFO|WARN|ERROR) )"),
    re.compile(  # GitHub Actions, kubectl --timestamps, docker logs -t; with six digits alone it is Oracle's
        rf"{_FINE}(?: |(?<!\.\d{{6}}[+-]\d\d:\d\d)$)"
    ),
)
_MOST = 4


class Prefix(NamedTuple):
    """Where the line that was carried starts, and the time that the carrier wrote, with its place."""

    end: int
    time: str | None
    time_at: int


def _forms_at(line: str, at: int) -> Iterator[re.Pattern[str]]:
    """Those that may be there."""
    first = line[at : at + 1]
    yield from _OF_FIRST.get(first, ())
    if line[at + 10 : at + 11] == "T" and first.isdigit():
        yield from _WITH_TIME
    start = line[at : at + 130]
    if "|" in start:
        yield from _WITH_BAR
    if "│" in start and not start.startswith("│"):
        yield from _WITH_LINE
    if "\t" in start:
        yield from _WITH_TAB


def prefix_of(line: str) -> Prefix | None:
    """All prefixes of a line as one; None if there are none."""
    if (
        line[:1] not in _OF_FIRST
        and line[10:11] != "T"
        and "|" not in (start := line[:130])
        and "\t" not in start
        and "│" not in start
    ):
        return None
    at, time, time_at = 0, None, -1
    for _ in range(_MOST):
        found = next((match for form in _forms_at(line, at) if (match := form.match(line, at))), None)
        if found is None:
            break
        at = found.end()
        if time is None and "time" in found.re.groupindex and found["time"]:
            time, time_at = found["time"], found.start("time")
    return Prefix(at, time, time_at) if at else None
