"""Metrics for Prometheus, in its text format 0.0.4. They name no path, no caller and no text."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from mcp_smalltools import __version__
from mcp_smalltools.server.http.limits import ConcurrencyLimit
from mcp_smalltools.stores.ledger import LedgerRow

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Counts calls, from several threads, and refusals."""

    def __init__(self, limit: ConcurrencyLimit) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._calls: Counter[tuple[str, str]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()
        self._sums: dict[str, float] = {}
        self._read: Counter[str] = Counter()
        self._left: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self.connections = 0

    def count_call(self, row: LedgerRow) -> None:
        outcome = row.error or ("escalated" if row.escalate else "cached" if row.cached else "ok")
        tool = row.tool if row.error != "usage" else "unknown"  # a caller may make up any name
        with self._lock:
            self._calls[tool, outcome] += 1
            self._seconds[tool] += 1
            self._sums[tool] = self._sums.get(tool, 0.0) + row.seconds
            for bound in _BUCKETS_S:
                self._buckets[tool, bound] += row.seconds <= bound
            self._read[tool] += row.bytes_read
            self._left[tool] += row.chars_left

    def count_refusal(self, reason: str) -> None:
        with self._lock:
            self._refused[reason] += 1

    def text(self) -> str:
        """The page for Prometheus."""
        with self._lock:
            lines = [
                *_family("calls_total", "counter", "Calls by tool and outcome."),
                *(
                    _sample("calls_total", n, tool=tool, outcome=outcome)
                    for (tool, outcome), n in sorted(self._calls.items())
                ),
                *_family("call_seconds", "histogram", "Duration of calls."),
                *(line for tool in sorted(self._seconds) for line in self._histogram(tool)),
                *_family("bytes_read_total", "counter", "Bytes of files that calls read."),
                *(_sample("bytes_read_total", n, tool=tool) for tool, n in sorted(self._read.items())),
                *_family("characters_left_total", "counter", "Characters of answers and errors."),
                *(_sample("characters_left_total", n, tool=tool) for tool, n in sorted(self._left.items())),
                *_family("refused_total", "counter", "Refused requests by reason."),
                *(_sample("refused_total", n, reason=why) for why, n in sorted(self._refused.items())),
            ]
        gauges = {
            "calls_running": (self._limit.running, "Running calls."),
            "calls_waiting": (self._limit.waiting, "Calls that wait to run."),
            "requests_open": (self.connections, "Open HTTP requests, including streams."),
        }
        for name, (value, about) in gauges.items():
            lines += [*_family(name, "gauge", about), _sample(name, value)]
        lines += [*_family("build_info", "gauge", "Version."), _sample("build_info", 1, version=__version__)]
        return "\n".join([*lines, *_process()]) + "\n"

    def _histogram(self, tool: str) -> list[str]:
        count = self._seconds[tool]
        return [
            *(
                _sample("call_seconds_bucket", self._buckets[tool, bound], tool=tool, le=f"{bound:g}")
                for bound in _BUCKETS_S
            ),
            _sample("call_seconds_bucket", count, tool=tool, le="+Inf"),
            _sample("call_seconds_sum", round(self._sums[tool], 4), tool=tool),
            _sample("call_seconds_count", count, tool=tool),
        ]


def _process() -> list[str]:
    """Metrics of the server's process, by Prometheus' usual names."""
    lines = ["# TYPE process_cpu_seconds_total counter", f"process_cpu_seconds_total {time.process_time():g}"]
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        resident = pages * os.sysconf("SC_PAGE_SIZE")
        descriptors = sum(1 for _ in Path("/proc/self/fd").iterdir())
        lines += ["# TYPE process_resident_memory_bytes gauge", f"process_resident_memory_bytes {resident}"]
        lines += ["# TYPE process_open_fds gauge", f"process_open_fds {descriptors}"]
    return lines


def _family(name: str, kind: str, about: str) -> list[str]:
    return [f"# HELP smalltools_{name} {about}", f"# TYPE smalltools_{name} {kind}"]


def _sample(name: str, value: float, **labels: str) -> str:
    shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"smalltools_{name}{{{shown}}} {value}" if shown else f"smalltools_{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
