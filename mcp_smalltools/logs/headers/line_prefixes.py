"""What carried a line, and wrote before it: container runtimes, CI systems, log collectors, process managers.

What follows such a prefix is a line in its own right, and may continue the line before.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from mcp_smalltools.logs.headers.time_forms import TIME

_RFC_3339 = r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d))"
_FINE = r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,9}(?:Z|[+-]\d\d:\d\d))"
_SERVICE = r"[\w.-]{1,80}(?:-\d+|_\d+) *\| ?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?:\ufeff|\x00|\ufffd(?=\x00))+",
        _SERVICE,  # docker compose
        rf"[\w.-]{{1,80}} {{1,40}}\| (?={TIME}|\[|\{{)",  # compose with names of containers
        r"\d{1,3}\|[\w.-]{1,60} *\| ",  # pm2
        r"\[(?:pod|deployment|container)/[\w.-]{1,120}/[\w.-]{1,120}\] ",  # kubectl --prefix
        rf"\[\w{{1,30}}(?::\w{{1,30}})? {_RFC_3339}\] ?",  # Taskcluster
        rf"[A-Za-z0-9_.()/ -]{{1,80}}\t[A-Za-z0-9_.()/ -]{{1,120}}\t\ufeff?{_FINE} ?",  # gh run view --log
        rf"{_RFC_3339} (?:stdout|stderr) [FP] ",  # Kubernetes CRI
        rf"{_FINE} \d\d[OE][+ ]?",  # GitLab
        rf"{_FINE}(?: |$)",  # GitHub Actions, kubectl --timestamps, docker logs -t
    )
)
_MOST = 4


class Prefix(NamedTuple):
    """Where the line that was carried starts, and the time that the carrier wrote, with its place."""

    end: int
    time: str | None
    time_at: int


def prefix_of(line: str) -> Prefix | None:
    """All prefixes of a line as one; None if there are none."""
    at, time, time_at = 0, None, -1
    for _ in range(_MOST):
        found = next((match for form in _FORMS if (match := form.match(line, at))), None)
        if found is None:
            break
        at = found.end()
        if time is None and "time" in found.re.groupindex and found["time"]:
            time, time_at = found["time"], found.start("time")
    return Prefix(at, time, time_at) if at else None
