"""A real load beside what `team_size.py` predicts for it: a listening server, and agents who think and call.

python benchmarks/team_load.py [--agents 8] [--think 4] [--seconds 180] [--workers 2]

Agents are clients over HTTP with a session each, who call the tools by the same shares and jobs as the
simulation, with no cache. The prediction is made of the processor seconds in `team_size.json`, for as many
cores as this machine has and one thread of the engine. Prints JSON: median and 95% of the waits, measured and
predicted, their ratio, and the load of the machine. Where it does other work besides, processes get a part of
a core only: a probe measures which, and the prediction is made for work that takes so much longer. (Linux)
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import team_size
from crafted_inputs import Server, client, serving

Jobs = dict[str, tuple[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class RealLoad:
    """What agents do to a server, and `took`, the seconds that each answer took."""

    server: Server
    jobs: Jobs
    think_s: float
    ends: float
    took: list[float] = field(default_factory=list)


async def agent(load: RealLoad, draw: random.Random) -> None:
    """Think, call, and note how long the answer took, until the time is over."""
    server = load.server
    async with client(server.url, server.tokens["crafted"]) as calling:
        while True:
            await anyio.sleep(draw.expovariate(1 / load.think_s))
            if time.monotonic() > load.ends:
                return
            tool = draw.choices(list(team_size.SHARES), list(team_size.SHARES.values()))[0]
            began = time.monotonic()
            result = await calling.call_tool(tool, load.jobs[tool][1])
            if result.is_error:
                raise SystemExit(f"{tool}: {result.content[0].text}")  # type: ignore[union-attr]
            load.took.append(time.monotonic() - began)


async def measured(options: argparse.Namespace, folder: Path) -> tuple[list[float], list[float]]:
    """Seconds of each wait, and the machine's load before and after."""
    jobs = team_size._jobs(folder / "root")
    os.environ |= {"MCP_SMALLTOOLS_ENGINE_THREADS": "1"}
    with serving(folder, 60.0, options.workers) as server:
        async with client(server.url, server.tokens["crafted"]) as first:
            for tool, (_, arguments) in jobs.items():  # the first call of each loads
                await first.call_tool(tool, arguments)
        busy = [os.getloadavg()[0]]
        load = RealLoad(server, jobs, options.think, time.monotonic() + options.seconds)
        async with anyio.create_task_group() as group:
            for number in range(options.agents):
                group.start_soon(agent, load, random.Random(f"{options.seed} {number}"))
        busy.append(os.getloadavg()[0])
    return load.took, busy


def spread(took: Sequence[float]) -> dict[str, float]:
    ordered = sorted(took)
    return {
        "median_s": round(statistics.median(ordered), 3),
        "p95_s": round(ordered[int(len(ordered) * 0.95)], 3),
    }


@contextmanager
def probe() -> Iterator[list[float]]:
    """Seconds on the clock for each processor second, again and again, of a process beside the server."""
    code = (
        "import time\n"
        "while True:\n"
        " at, used = time.monotonic(), time.process_time()\n"
        " while time.process_time() < used + 0.1: pass\n"
        " print((time.monotonic() - at) / 0.1, flush=True)\n"
        " time.sleep(2)\n"
    )
    found: list[float] = []
    with subprocess.Popen([sys.executable, "-I", "-c", code], stdout=subprocess.PIPE, text=True) as process:
        reading = threading.Thread(target=lambda: found.extend(map(float, process.stdout or ())))
        reading.start()
        try:
            yield found
        finally:
            process.kill()
            reading.join()


def predicted(options: argparse.Namespace, cores: int, slower: float) -> dict[str, float]:
    """For work that takes so many times as long as on a machine that does nothing else."""
    times = json.loads(team_size.TIMES.read_text(encoding="utf-8"))["times"]
    times["tools"] = {
        tool: [[seconds * slower for seconds in call] for call in calls]
        for tool, calls in times["tools"].items()
    }
    load = team_size.Load(options.agents, options.think, cached=0.0)
    result = team_size.Simulation(times, cores, load, options.seed).run()
    return {
        "median_s": round(result.median_s, 3),
        "p95_s": round(result.p95_s, 3),
        "busy": round(result.busy, 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--agents", type=int, default=8)
    parser.add_argument("--think", type=float, default=4.0, help="seconds between calls, on average")
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder, probe() as shares:
        took, load = anyio.run(measured, options, Path(folder))
    slower = max(1.0, statistics.mean(shares)) if shares else 1.0
    real, expected = spread(took), predicted(options, cores, slower)
    report = {
        "agents": options.agents,
        "calls": len(took),
        "measured": real,
        "predicted": expected,
        "measured_to_predicted": {name: round(real[name] / expected[name], 2) for name in real},
        "load": {"before": round(load[0], 1), "after": round(load[1], 1), "cores": cores},
        "clock_to_processor": round(slower, 2),
    }
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
