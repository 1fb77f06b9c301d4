"""How long a hook takes, with the daemon running: `python benchmarks/hook_speed.py [--runs 20]`.

Beside each kind of event a Python that does nothing, which no hook in Python can be faster than. For each the
median time on the clock and the processor time of all that takes part (the hook, the daemon, its workers), in
milliseconds; on a machine that does nothing else the two are about the same.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mcp_smalltools.hooks import hook_client

LINES = 5_000


def payload(error: str) -> bytes:
    """A failed command, as Claude Code says it."""
    told = {
        "session_id": "0b5e55ed",
        "cwd": "/",
        "tool_name": "Bash",
        "tool_input": {"command": "make test"},
        "error": error,
    }
    return json.dumps(told).encode()


def failing(number: int) -> bytes:
    """5,000 lines, others each time: no cache answers."""
    lines = [f"test_{number}_{line} ... ok" for line in range(LINES)]
    lines[-700] = f"AssertionError: expected {number} apples, got 4"
    return payload("Exit code 1\n" + "\n".join([*lines, "FAILED (failures=1)"]))


def succeeding(number: int) -> bytes:
    told = {
        "session_id": "0b5e55ed",
        "cwd": "/",
        "tool_name": "Bash",
        "tool_input": {"command": f"echo {number}"},
        "tool_response": {"stdout": str(number), "stderr": ""},
    }
    return json.dumps(told).encode()


def times(
    command: Sequence[str], inputs: Sequence[bytes], env: dict[str, str], pids: Sequence[int]
) -> dict[str, float]:
    clock = []
    cpu = _cpu_s(pids)
    for given in inputs:
        begun = time.perf_counter()
        subprocess.run(command, input=given, env=env, check=True, capture_output=True)
        clock.append((time.perf_counter() - begun) * 1000)
    used = (_cpu_s(pids) - cpu) * 1000 / len(inputs)
    return {"clock ms": round(statistics.median(clock), 1), "processor ms": round(used, 1)}


def _cpu_s(pids: Sequence[int]) -> float:
    """Of our children that have ended, and of these processes with what they have started."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = 0
    for pid in [*pids, *(child for parent in pids for child in _below(parent))]:
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ended.ru_utime + ended.ru_stime + ticks / os.sysconf("SC_CLK_TCK")


def _below(pid: int) -> list[int]:
    children = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            children += [int(child) for child in tasks.read_text().split()]
    return children + [below for child in children for below in _below(child)]


def measure(runs: int, place: Path) -> dict[str, Any]:
    own = {
        f"MCP_SMALLTOOLS_{name}": str(place / name) for name in ("STATE_DIR", "RUNTIME_DIR", "OUTPUTS_DIR")
    }
    env = {**os.environ, **own, "MCP_SMALLTOOLS_HOOK_S": "60"}
    python = [sys.executable, "-I", "-S"]
    hook = [*python, str(Path(hook_client.__file__))]
    options = ["--parts", "keep,tell", "--root", "/"]
    numbers = range(runs)
    try:
        start = [*hook, "SessionStart", *options]
        subprocess.run(start, input=succeeding(0), env=env, check=True, capture_output=True)
        (lock,) = (place / "RUNTIME_DIR").glob("*.lock")
        pids = [int(lock.read_text())]
        failed, well = [*hook, "PostToolUseFailure", *options], [*hook, "PostToolUse", *options]
        times(failed, [failing(-1), failing(-2)], env, pids)  # now it is warm
        return {
            "python alone": times([*python, "-c", "pass"], [b""] * runs, env, pids),
            "short command that went well": times(well, list(map(succeeding, numbers)), env, pids),
            "short command that failed": times(failed, [payload("Exit code 1\nno")] * runs, env, pids),
            "5,000 lines that failed": times(failed, list(map(failing, numbers)), env, pids),
            "load": os.getloadavg()[0],
            "cores": os.cpu_count(),
        }
    finally:
        for lock in (place / "RUNTIME_DIR").glob("*.lock"):
            os.kill(int(lock.read_text()), 15)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=20)
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(measure(parser.parse_args().runs, Path(place)), indent=2))


if __name__ == "__main__":
    main()
