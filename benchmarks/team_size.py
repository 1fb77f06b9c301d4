"""How many agents one server serves, and what a thousand need: a simulation with measured service times.

python benchmarks/team_size.py measure   measures the times, into team_size.json (a few minutes, Linux)
python benchmarks/team_size.py           the tables of docs/scaling.md, as JSON
python benchmarks/team_size.py page      writes them into docs/scaling.md; a test fails when they are stale

Measured are processor seconds of each call: of the server and the worker as the ledger keeps them, of the
engine's process with one thread. They say how much work a call is, whatever else the machine does.

Simulated is one server with so many cores: agents who think and call; calls that pass the server's process
(Python computes in one thread at a time), a worker and the engine (one step at a time, calls by turns), each
of which needs cores as well; at most `http_calls_at_once` calls at once. Only the engine's work is
interrupted: short calls wait longer here than where processes share a core.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import random
import statistics
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mcp_smalltools.config import Settings

if TYPE_CHECKING:
    from mcp_smalltools.engine.client.client import EngineClient

HERE: Final = Path(__file__).parent
TIMES: Final = HERE / "team_size.json"
PAGE: Final = HERE.parent / "docs" / "scaling.md"
ROUNDS: Final = 5

SHARES: Final = {
    "find_failure": 0.30,
    "parse_log": 0.20,
    "ask_file": 0.15,
    "summarize_file": 0.15,
    "find_files": 0.10,
    "classify": 0.05,
    "extract": 0.05,
}
"""How often agents call each tool. An assumption: what a build or a program has printed comes first."""
THINK_S: Final = (30.0, 120.0)
"""Seconds between an answer and an agent's next call, on average: an assumption, for agents at work."""
CACHED: Final = (0.0, 0.25)
"""Shares of calls that the cache answers. An assumption: agents of a team ask about the same files."""
CORES: Final = (2, 4, 8)
TEAMS: Final = (10, 100, 1000)
WAIT_S: Final = 2.0
"""What 95 of 100 calls must be answered within."""
SIMULATED_S: Final = 1800.0
WARM_S: Final = 60.0
AT_ONCE: Final = int(Settings.model_fields["http_calls_at_once"].default)
STEP_S: Final = 0.05
"""Processor seconds of a step of the engine, after which another call's goes."""
ENGINE_SHARE: Final = 0.5
"""Share of the cores that the engine takes at most, one at least."""
SPEEDUP: Final = 0.8
"""A step on n cores is n to this power times as fast. An assumption: 1.7 times on two cores, 3 on four."""
STAGES: Final = ("engine", "server", "worker")
"""In the order in which a free core goes to those who wait."""


@dataclass(frozen=True, slots=True)
class Load:
    """What agents do: `think_s` between calls on average, a share of calls that the cache answers."""

    agents: int
    think_s: float
    cached: float


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds from a call to its answer, and how busy the cores were (share)."""

    calls: int
    median_s: float
    p95_s: float
    busy: float


@dataclass(slots=True)
class _Call:
    agent: int
    asked_at: float
    left: list[tuple[str, float]]  # stages that are to come, in reverse, with their processor seconds
    cores: int = 1  # that its stage has now


class Simulation:
    """One server. The same seed gives the same calls."""

    def __init__(self, times: Mapping[str, Any], cores: int, load: Load, seed: int = 1) -> None:
        self._draw = random.Random(seed)
        self._times, self._load, self._cores = times, load, cores
        self._engine_cores = max(1, int(cores * ENGINE_SHARE))
        self._room = {"server": 1, "engine": 1, "worker": cores}
        self._free_cores, self._at_once = cores, AT_ONCE
        self._waiting: dict[str, deque[_Call]] = {stage: deque() for stage in STAGES}
        self._outside: deque[_Call] = deque()
        self._events: list[tuple[float, int, str, Any]] = []
        self._number = 0
        self._now = self._worked = 0.0
        self._took: list[float] = []

    def run(self) -> Result:
        for agent in range(self._load.agents):
            self._later(self._draw.uniform(0, self._load.think_s), "asks", agent)
        while self._events and self._events[0][0] < SIMULATED_S:
            self._now, _, what, who = heapq.heappop(self._events)
            if what == "asks":
                self._asks(who)
            else:
                self._ends(what, who)
            self._start_stages()
        took = sorted(self._took)
        busy = self._worked / (SIMULATED_S * self._cores)
        if not took:  # nothing was answered at all
            return Result(0, SIMULATED_S, SIMULATED_S, busy)
        return Result(len(took), statistics.median(took), took[int(0.95 * len(took))], busy)

    def _asks(self, agent: int) -> None:
        call = _Call(agent, self._now, list(reversed(self._stages())))
        if self._at_once:
            self._at_once -= 1
            self._waiting[call.left[-1][0]].append(call)
        else:
            self._outside.append(call)

    def _stages(self) -> list[tuple[str, float]]:
        if self._draw.random() < self._load.cached:
            return [("server", self._draw.choice(self._times["cached"]))]
        tool = self._draw.choices(list(SHARES), list(SHARES.values()))[0]
        server, worker, engine = self._draw.choice(self._times["tools"][tool])
        stages = [("server", server / 2), ("worker", worker), ("engine", engine), ("server", server / 2)]
        return [(stage, seconds) for stage, seconds in stages if seconds > 0]

    def _start_stages(self) -> None:
        for stage in STAGES:
            queue = self._waiting[stage]
            while queue and self._room[stage] and self._free_cores:
                call = queue.popleft()
                _, work_s = call.left.pop()
                most = self._engine_cores if stage == "engine" else 1
                call.cores = min(most, self._free_cores)
                if stage == "engine" and work_s > STEP_S:
                    call.left.append((stage, work_s - STEP_S))
                    work_s = STEP_S
                self._room[stage] -= 1
                self._free_cores -= call.cores
                seconds = work_s / call.cores**SPEEDUP
                self._worked += seconds * call.cores
                self._later(seconds, stage, call)

    def _ends(self, stage: str, call: _Call) -> None:
        self._room[stage] += 1
        self._free_cores += call.cores
        if call.left:
            self._waiting[call.left[-1][0]].append(call)
            return
        if self._now > WARM_S:
            self._took.append(self._now - call.asked_at)
        self._later(self._draw.expovariate(1 / self._load.think_s), "asks", call.agent)
        if self._outside:
            following = self._outside.popleft()
            self._waiting[following.left[-1][0]].append(following)
        else:
            self._at_once += 1

    def _later(self, seconds: float, what: str, who: Any) -> None:
        self._number += 1
        heapq.heappush(self._events, (self._now + seconds, self._number, what, who))


def most_agents(times: Mapping[str, Any], cores: int, think_s: float, cached: float) -> tuple[int, Result]:
    """The most agents (to about 3%) of whose calls 95 of 100 are answered within WAIT_S, and how that is."""
    low, high = 0, 8
    best = Result(0, 0.0, 0.0, 0.0)
    while (found := _with(times, cores, Load(high, think_s, cached))).p95_s <= WAIT_S:
        low, high, best = high, high * 2, found
    while high - low > max(1, low // 30):
        middle = (low + high) // 2
        found = _with(times, cores, Load(middle, think_s, cached))
        if found.p95_s <= WAIT_S:
            low, best = middle, found
        else:
            high = middle
    return low, best


def _with(times: Mapping[str, Any], cores: int, load: Load) -> Result:
    return Simulation(times, cores, load).run()


def tables(times: Mapping[str, Any], all_cores: Sequence[int] = CORES) -> dict[str, Any]:
    """All figures of the page, for servers of so many cores."""
    servers = [
        _server(times, cores, think_s, cached)
        for cores in all_cores
        for think_s in THINK_S
        for cached in CACHED
    ]
    return {"tools": {name: _demand(calls) for name, calls in times["tools"].items()}, "servers": servers}


def _server(times: Mapping[str, Any], cores: int, think_s: float, cached: float) -> dict[str, Any]:
    agents, result = most_agents(times, cores, think_s, cached)
    return {
        "cores": cores,
        "think_s": think_s,
        "cached": cached,
        "agents": agents,
        "median_s": round(result.median_s, 2),
        "p95_s": round(result.p95_s, 2),
        "busy": round(result.busy, 2),
        "servers": {str(team): -(-team // agents) if agents else None for team in TEAMS},
    }


def _demand(calls: Sequence[Sequence[float]]) -> dict[str, float]:
    """Median processor milliseconds of each stage."""
    stages = ("server", "worker", "engine")
    return {
        stage: round(1000 * statistics.median(call[number] for call in calls), 1)
        for number, stage in enumerate(stages)
    }


def section(times: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """The part of docs/scaling.md between the marks, of measured times and the tables made of them."""
    return "\n".join([*_demand_table(found, times), "", *_servers_table(found), "", *_thousand(found)])


def _demand_table(found: Mapping[str, Any], times: Mapping[str, Any]) -> Iterator[str]:
    yield f"Measured on {times['machine']}, {times['date']}; processor milliseconds of a call, medians:"
    yield ""
    yield "| tool | the job | share of calls | server | worker | engine |"
    yield "|---|---|---|---|---|---|"
    for name, share in SHARES.items():
        one = found["tools"][name]
        stages = " | ".join(f"{one[stage]:.0f}" for stage in ("server", "worker", "engine"))
        yield f"| `{name}` | {times['jobs'][name]} | {share:.0%} | {stages} |"
    yield f"| from the cache | | | {1000 * statistics.median(times['cached']):.0f} | | |"


def _servers_table(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"So many agents does one server serve while 95 of 100 calls are answered within {WAIT_S:g} s:"
    yield ""
    yield "| cores | a call every | from the cache | agents | median | 95% | cores busy |"
    yield "|---|---|---|---|---|---|---|"
    for one in found["servers"]:
        yield (
            f"| {one['cores']} | {one['think_s']:g} s | {one['cached']:.0%} | {one['agents']:,} "
            f"| {one['median_s']:.2f} s | {one['p95_s']:.2f} s | {one['busy']:.0%} |"
        )


def _thousand(found: Mapping[str, Any]) -> Iterator[str]:
    yield "Servers that a team needs, with a quarter of the calls from the cache:"
    yield ""
    yield f"| cores of each | a call every | {' | '.join(f'{team:,} agents' for team in TEAMS)} |"
    yield f"|---|---|{'---|' * len(TEAMS)}"
    for one in found["servers"]:
        if one["cached"]:
            counts = " | ".join(str(one["servers"][str(team)] or "–") for team in TEAMS)
            yield f"| {one['cores']} | {one['think_s']:g} s | {counts} |"


START: Final = "<!-- made by benchmarks/team_size.py page -->"
END: Final = "<!-- end -->"


def page_with(text: str, recorded: Mapping[str, Any]) -> str:
    """The page with the tables between the marks."""
    head, _, rest = text.partition(START)
    _, _, tail = rest.partition(END)
    return f"{head}{START}\n\n{section(recorded['times'], recorded['tables'])}\n\n{END}{tail}"


# Measuring


async def _measure(folder: Path) -> dict[str, Any]:
    """Processor seconds of each tool's job: (server, worker, engine) for each round."""
    import datetime

    from mcp_smalltools.calibration.scores import MACHINE
    from mcp_smalltools.config import RootSpec
    from mcp_smalltools.engine.client.client import EngineClient
    from mcp_smalltools.level import PrivacyLevel
    from mcp_smalltools.request import ToolRequest
    from mcp_smalltools.service import Service
    from mcp_smalltools.stores.ledger import LedgerRow
    from mcp_smalltools.workers.pool import AVAILABLE, WorkerPool

    files = folder / "files"
    settings = Settings(
        state_dir=folder / "state",
        runtime_dir=folder / "run",
        roots=(RootSpec(path=files, level=PrivacyLevel.REDACTED),),
        engine_threads=1,
        workers=1,
        writer="off",
    )
    jobs = _jobs(files)
    engine = EngineClient(settings)
    service = Service(settings, engine, workers=WorkerPool(settings) if AVAILABLE else None)
    rows: list[LedgerRow] = []
    service.on_recorded = rows.append
    found: dict[str, list[list[float]]] = {}
    cached: list[float] = []
    try:
        for tool, (_, arguments) in jobs.items():
            for round_ in range(ROUNDS + 1):
                for path in files.glob("*"):  # another file: the cache has no answer
                    if path.is_file():
                        path.write_bytes(path.read_bytes() + b"\n")
                changed = {**arguments, **_fresh(arguments, round_)}
                before = await _engine_cpu_s(engine)
                await service.call(ToolRequest(tool, changed, deadline_s=600))
                if round_:  # the first one loads
                    cost, engine_s = rows[-1].cost, await _engine_cpu_s(engine) - before
                    found.setdefault(tool, []).append([cost.server_s, cost.worker_s, engine_s])
                    await service.call(ToolRequest(tool, changed))
                    if rows[-1].cached:
                        cached.append(rows[-1].cost.server_s)
            print(tool, found[tool][-1], file=sys.stderr)
    finally:
        await engine.shutdown()
        await service.close()
    return {
        "machine": MACHINE,
        "date": datetime.date.today().isoformat(),
        "jobs": {name: what for name, (what, _) in jobs.items()},
        "tools": {name: [[round(s, 5) for s in call] for call in calls] for name, calls in found.items()},
        "cached": [round(seconds, 5) for seconds in cached],
    }


async def _engine_cpu_s(engine: EngineClient) -> float:
    """Processor seconds of the engine's process so far; the ledger has its time on the clock (Linux)."""
    pid = (await engine.status()).pid
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _fresh(arguments: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Items that no call had before, where there are no files."""
    if "items" in arguments:
        return {"items": [f"{item} ({number})" for item in arguments["items"]]}
    if "query" in arguments:  # of a tree that is indexed
        return {"query": f"{arguments['query']} {number}"}
    if "text" in arguments:
        return {"text": f"{arguments['text']}\nNo. {number}"}
    return {}


def _jobs(files: Path) -> dict[str, tuple[str, dict[str, Any]]]:
    """What is called, by tool: the jobs of `bench tools`, and two more."""
    import shutil

    import mcp_smalltools
    from mcp_smalltools.evaluation.bench.tool_cases import bench_cases

    files.mkdir(parents=True)
    jobs = {}
    for name, make in bench_cases(files).items():
        job = make()
        jobs[name] = (job.what, dict(job.arguments))
    log = max((HERE.parent / "examples" / "data").glob("*.log"), key=lambda path: path.stat().st_size)
    shutil.copyfile(log, files / log.name)
    jobs["parse_log"] = (f"the example log of {log.stat().st_size // 1024:,} KB", {"path": log.name})
    package = Path(mcp_smalltools.__file__).parent
    shutil.copytree(package / "logs", files / "tree", ignore=shutil.ignore_patterns("__pycache__"))
    query = "where is the level of a record recognised"
    jobs["find_files"] = ("a question about 75 files of code, indexed", {"query": query, "path": "tree"})
    return jobs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("measure", "page", "tables"), default="tables")
    what = parser.parse_args().what
    if what == "measure":
        import anyio

        with tempfile.TemporaryDirectory() as folder:
            times = anyio.run(_measure, Path(folder))
        _record({"times": times, "tables": tables(times)})
        return
    recorded = json.loads(TIMES.read_text(encoding="utf-8"))
    recorded["tables"] = tables(recorded["times"])
    if what == "page":
        _record(recorded)
        PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8"), recorded), encoding="utf-8")
    else:
        print(json.dumps(recorded["tables"], indent=1))


def _record(recorded: Mapping[str, Any]) -> None:
    TIMES.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
