"""Seconds from the start of the server's process to its answer to tools/list over stdio, no model loaded.

The peer, in turn with it: a bare process that only imports the SDK's low-level server and leaves.

python benchmarks/handshake.py [--runs 10] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "benchmark", "version": "1"},
    },
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
LIST_TOOLS = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
BARE = [sys.executable, "-c", "import mcp.server.lowlevel"]


def handshake_s(folder: str) -> tuple[float, int]:
    """One process: seconds until tools/list is answered, and how many tools there are."""
    command = [sys.executable, "-m", "mcp_smalltools.cli", "serve", "--root", folder]
    started = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin and server.stdout
        server.stdin.write(
            b"".join(json.dumps(m).encode() + b"\n" for m in (INITIALIZE, INITIALIZED, LIST_TOOLS))
        )
        server.stdin.flush()
        server.stdout.readline()
        answer = json.loads(server.stdout.readline())
        seconds = time.perf_counter() - started
        server.stdin.close()
    return seconds, len(answer["result"]["tools"])


def bare_import_s() -> float:
    started = time.perf_counter()
    subprocess.run(BARE, check=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    ours, peer, tools = [], [], 0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(args.runs):
            seconds, tools = handshake_s(folder)
            ours.append(seconds)
            peer.append(bare_import_s())
    found = {
        "tools": tools,
        "handshake_s": round(statistics.median(ours), 3),
        "slowest_s": round(max(ours), 3),
        "bare_import_s": round(statistics.median(peer), 3),
        "ratio": round(statistics.median(ours) / statistics.median(peer), 2),
    }
    print(
        json.dumps(found) if args.json else "\n".join(f"{name:<14}{value}" for name, value in found.items())
    )


if __name__ == "__main__":
    main()
