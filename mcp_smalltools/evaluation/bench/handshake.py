"""Seconds from the start of the server's process to its answer to tools/list over stdio, no model loaded.

The peer, run in turn with it, is a process that only imports the SDK's low-level server and exits.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time

from mcp_smalltools import processes
from mcp_smalltools.config import ENV_PREFIX, Settings

MESSAGES = (
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "benchmark", "version": "1"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
)
BARE = (sys.executable, "-P", "-c", "import mcp.server.lowlevel")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=int, default=10, metavar="N", help="runs of each (default: 10)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(args: argparse.Namespace, settings: Settings) -> int:
    found = measure(max(1, args.runs))
    print(
        json.dumps(found) if args.json else "\n".join(f"{name:<14}{value}" for name, value in found.items())
    )
    return 0


def measure(runs: int) -> dict[str, float]:
    """Medians in seconds, the slowest of ours, and the ratio of the medians (ours to the bare import)."""
    ours, peer, tools = [], [], 0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(runs):
            seconds, tools = handshake(folder)
            ours.append(seconds)
            peer.append(_bare_import_s())
    return {
        "tools": tools,
        "handshake_s": round(statistics.median(ours), 3),
        "slowest_s": round(max(ours), 3),
        "bare_import_s": round(statistics.median(peer), 3),
        "ratio": round(statistics.median(ours) / statistics.median(peer), 2),
    }


def handshake(folder: str) -> tuple[float, int]:
    """One server over `folder`: seconds until tools/list is answered, and how many tools there are."""
    command = processes.module_command("mcp_smalltools.cli", "serve", "--root", folder)
    started = time.perf_counter()
    env = processes.clean_environment(prefixes=(ENV_PREFIX,))
    with processes.start(command, stdin=processes.PIPE, stdout=processes.PIPE, env=env) as server:
        assert server.stdin is not None and server.stdout is not None
        server.stdin.write(b"".join(json.dumps(message).encode() + b"\n" for message in MESSAGES))
        server.stdin.flush()
        server.stdout.readline()
        answer = json.loads(server.stdout.readline())
        seconds = time.perf_counter() - started
        server.stdin.close()
    return seconds, len(answer["result"]["tools"])


def _bare_import_s() -> float:
    started = time.perf_counter()
    processes.run(BARE, check=True)
    return time.perf_counter() - started
