"""What one hostile token costs the others: the share of their calls that are answered, and their median wait.

python benchmarks/fairness.py [--calls 2000] [--clients 64] [--rounds 4]

Starts a server on loopback. All clients but one are patient: each has a token of its own, stays connected
(over SSE, sessions and the protocol without sessions by turns), and calls now and then. The last one is
hostile, in a process of its own: it opens sessions and streams without end, sends heavy calls, and never
closes anything. Rounds without and with it alternate, so that whatever else the machine does falls on both.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import anyio
import httpx2
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.server.http.token_store import TokenStore

WAYS = [("sse", "auto"), ("http", "auto"), ("http", "legacy")]
CALLS_PER_S = 40.0
"""Of all patient clients together."""
LINES = 300
HEAVY_LINES = 60_000
HOSTILE_TASKS = 8
"""Of each kind: sessions, streams, heavy calls."""
WAIT_S = 60.0


def line_of(client: int, number: int) -> str:
    return f"client {client} line {number}"


class Patient:
    """A client that calls now and then, and what it has seen."""

    def __init__(self, number: int, agent: Client) -> None:
        self.number = number
        self.agent = agent

    async def call(self, chance: random.Random) -> bool:
        """Whether the answer is there and right."""
        start = chance.randrange(1, LINES - 5)
        arguments = {"path": f"client{self.number}.txt", "start": start, "end": start + 4}
        try:
            with anyio.fail_after(WAIT_S):
                result = await self.agent.call_tool("read_redacted", arguments)
        except Exception:
            return False
        expected = [line_of(self.number, number) for number in range(start, start + 5)]
        return not result.is_error and (result.structured_content or {}).get("lines") == expected


async def one_round(clients: list[Patient], calls: int, chance: random.Random) -> tuple[list[float], int]:
    """Waits in seconds of the calls that were answered, and how many were asked for."""
    waits: list[float] = []

    async def calling(client: Patient) -> None:
        started = time.perf_counter()
        if await client.call(chance):
            waits.append(time.perf_counter() - started)

    async with anyio.create_task_group() as group:
        for number in range(calls):
            await anyio.sleep(chance.expovariate(CALLS_PER_S))
            group.start_soon(calling, clients[number % len(clients)])
    return waits, calls


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[int, subprocess.Popen[bytes]]]:
    own = {
        "MCP_SMALLTOOLS_STATE_DIR": folder / "state",
        "MCP_SMALLTOOLS_RUNTIME_DIR": folder / "run",
        "MCP_SMALLTOOLS_SKILLS_DIR": folder / "skills",
        "MCP_SMALLTOOLS_CONFIG": os.devnull,
    }
    command = [sys.executable, "-m", "mcp_smalltools.cli", "serve", "--transport", "http", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--root", f"{folder}:open"],
        env={**os.environ, **{name: str(value) for name, value in own.items()}},
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        said = await anyio.to_thread.run_sync(process.stderr.readline)
        found = re.search(rb":(\d+) ", said)
        assert found, said
        yield int(found[1]), process
    finally:
        process.terminate()
        process.wait(timeout=30)


@asynccontextmanager
async def connected(port: int, token: str, kind: str, mode: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    if kind == "sse":
        transport = sse_client(f"http://127.0.0.1:{port}/sse", headers, timeout=WAIT_S)
        async with Client(transport, mode=mode) as agent:
            yield agent
    else:
        async with create_mcp_http_client(headers, timeout=httpx2.Timeout(WAIT_S)) as web:
            transport = streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=web)
            async with Client(transport, mode=mode) as agent:
                yield agent


@contextmanager
def hostile(port: int, token: str) -> Iterator[None]:
    """The hostile client, as long as the block runs. Its own work is nice: it would be another machine."""
    command = [sys.executable, __file__, "--hostile", str(port), token]
    process = subprocess.Popen(["nice", "-n", "19", *command], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)
        print(process.stdout.read().decode(), end="", file=sys.stderr)


async def attack(port: int, token: str) -> None:
    """Open sessions and streams, and send heavy calls, until killed."""
    address = f"http://127.0.0.1:{port}"
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
    limits = httpx2.Limits(max_connections=None)
    client = {"name": "hostile", "version": "1"}
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}
    initialize = _message("initialize", params)
    seen: Counter[str] = Counter()
    kept: list[Any] = []
    async with httpx2.AsyncClient(headers=headers, limits=limits, timeout=WAIT_S) as web:

        async def sessions() -> None:
            answer = await web.post(f"{address}/mcp", json=initialize)
            seen[f"initialize {answer.status_code}"] += 1

        async def streams() -> None:
            request = web.build_request("GET", f"{address}/sse")
            answer = await web.send(request, stream=True)
            kept.append(answer)
            seen[f"stream {answer.status_code}"] += 1

        async def heavy() -> None:
            opened = await web.post(f"{address}/mcp", json=initialize)
            session = {"Mcp-Session-Id": opened.headers.get("mcp-session-id", "")}
            arguments = {"path": "heavy.log", "focus": f"word{random.random()}"}
            call = _message("tools/call", {"name": "parse_log", "arguments": arguments})
            answer = await web.post(f"{address}/mcp", json=call, headers=session)
            seen[f"heavy {answer.status_code}"] += 1

        async def repeat(what: Any) -> None:
            while True:
                try:
                    await what()
                except httpx2.HTTPError as error:
                    seen[f"{what.__name__} {type(error).__name__}"] += 1
                await anyio.sleep(0)

        async with anyio.create_task_group() as group:
            for what in (sessions, streams, heavy):
                for _ in range(HOSTILE_TASKS):
                    group.start_soon(repeat, what)
            print("begun", flush=True)
            with anyio.open_signal_receiver(15) as signals:
                async for _ in signals:
                    print(json.dumps({"hostile": seen}), flush=True)
                    os._exit(0)


def _message(method: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


async def measure(clients: int, calls: int, rounds: int, folder: Path) -> dict[str, Any]:
    chance = random.Random(1)
    (folder / "heavy.log").write_text(
        "".join(
            f"2026-01-02 03:{n // 60 % 60:02}:{n % 60:02} INFO user{n % 977} did {chance.random()} things\n"
            for n in range(HEAVY_LINES)
        )
    )
    result: dict[str, Any] = {"clients": clients, "calls_each_way": calls}
    waits: dict[bool, list[float]] = {False: [], True: []}
    asked: Counter[bool] = Counter()
    async with serving(folder) as (port, process), AsyncExitStack() as stack:
        store = TokenStore(Settings(state_dir=folder / "state"))
        root = (RootSpec(path=folder),)
        patient = []
        for number in range(clients - 1):
            lines = "\n".join(line_of(number, line) for line in range(1, LINES + 1))
            (folder / f"client{number}.txt").write_text(lines)
            token = store.create(f"patient{number}", roots=root)[0]
            kind, mode = WAYS[number % len(WAYS)]
            patient.append(
                Patient(number, await stack.enter_async_context(connected(port, token, kind, mode)))
            )
        bad = store.create("hostile", roots=root)[0]
        store.close()
        await one_round(patient, len(patient), chance)  # everything is loaded once
        for number in range(2 * rounds):
            with_it = number % 2 == 1
            with hostile(port, bad) if with_it else nullcontext():
                seconds, count = await one_round(patient, calls // rounds, chance)
            waits[with_it] += seconds
            asked[with_it] += count
            print(f"round {number}: {statistics.median(seconds or [0]):.4f} s", file=sys.stderr)
            await anyio.sleep(1.0)
        result["server_alive"] = process.poll() is None
    for with_it, name in ((False, "without"), (True, "with")):
        ordered = sorted(waits[with_it])
        result[name] = {
            "share_answered": len(ordered) / asked[with_it],
            "median_s": round(statistics.median(ordered), 4) if ordered else None,
            "p95_s": round(ordered[int(len(ordered) * 0.95)], 4) if ordered else None,
            "worst_s": round(ordered[-1], 4) if ordered else None,
        }
    if waits[True] and waits[False]:
        result["ratio_of_medians"] = round(result["with"]["median_s"] / result["without"]["median_s"], 2)
    return result


def main() -> None:
    if sys.argv[1:2] == ["--hostile"]:
        anyio.run(attack, int(sys.argv[2]), sys.argv[3])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=4)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(anyio.run(measure, args.clients, args.calls, args.rounds, Path(folder)), indent=1))


if __name__ == "__main__":
    main()
