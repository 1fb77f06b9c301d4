"""What a warm call costs more in a worker process than in the server: milliseconds, medians of the same run.

python benchmarks/worker_overhead.py [CALLS]
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.workers.pool import WorkerPool

CALLS: dict[str, dict[str, Any]] = {
    "read_redacted": {"path": "build.log", "end": 20},
    "find_failure": {"path": "tests.log"},
    "parse_log": {"path": "build.log", "limit": 5},
}
EXAMPLES = Path(__file__).parents[1] / "examples" / "data"


async def measure(count: int, folder: Path) -> dict[str, dict[str, float]]:
    settings = Settings(roots=(RootSpec(path=EXAMPLES),), state_dir=folder / "state", cache=False)
    services = {"server": Service(settings), "worker": Service(settings, workers=WorkerPool(settings))}
    report = {}
    for tool, arguments in CALLS.items():
        times: dict[str, list[float]] = {name: [] for name in services}
        for number in range(count + 3):  # in turns, so that the machine's load meets both; the first warm up
            for name, service in services.items():
                started = time.perf_counter()
                await service.call(ToolRequest(tool, arguments))
                if number >= 3:
                    times[name].append(1000 * (time.perf_counter() - started))
        medians = {name: round(statistics.median(values), 2) for name, values in times.items()}
        report[tool] = {**medians, "more": round(medians["worker"] - medians["server"], 2)}
    for service in services.values():
        await service.close()
    return report


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(anyio.run(measure, count, Path(folder)), indent=1))


if __name__ == "__main__":
    main()
