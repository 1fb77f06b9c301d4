"""A remote agent's first call over SSE and streamable HTTP, against the same over stdio, on this machine.

Each round starts a new server of each kind (those that listen, a second before an agent connects) and times
the first call after the handshake and some later ones; for SSE and HTTP also the connection with its
handshake, which over stdio is part of the process start (`bench handshake`). Medians in milliseconds.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from mcp_smalltools import processes
from mcp_smalltools.config import ENV_PREFIX, Settings

if TYPE_CHECKING:
    from mcp import Client

_SERVE = processes.module_command("mcp_smalltools.cli", "serve")
_ANNOUNCED = re.compile(rb"(http://\S+) .*the token is in (.*)\n")
_WAIT_S = 60
_LATER = 5
_SETTLED_S = 1.0
"""A server that listens is up before an agent comes; one over stdio starts with it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=int, default=10, metavar="N", help="rounds (default: 10)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(args: argparse.Namespace, settings: Settings) -> int:
    found = anyio.run(measure, max(1, args.runs))
    print(
        json.dumps(found) if args.json else "\n".join(f"{name:<24}{value}" for name, value in found.items())
    )
    return 0


async def measure(runs: int) -> dict[str, float]:
    """Medians in milliseconds. `…_more_ms`: how much longer the first call takes than over stdio."""
    connects: dict[str, list[float]] = {"sse": [], "http": []}
    calls: dict[str, list[float]] = {"stdio": [], "sse": [], "http": []}
    later: dict[str, list[float]] = {"stdio": [], "sse": [], "http": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.txt").write_text("one\ntwo\n", encoding="utf-8")
        for _ in range(runs):
            async with _stdio(folder) as agent:
                calls["stdio"].append(await _call_ms(agent))
                later["stdio"] += [await _call_ms(agent) for _ in range(_LATER)]
            for kind, found in connects.items():
                async with _listening(folder) as (address, token):
                    await anyio.sleep(_SETTLED_S)
                    started = time.perf_counter()
                    async with _remote(kind, address, token) as agent:
                        found.append((time.perf_counter() - started) * 1000)
                        calls[kind].append(await _call_ms(agent))
                        later[kind] += [await _call_ms(agent) for _ in range(_LATER)]
    medians = {f"{kind}_first_call": statistics.median(found) for kind, found in calls.items()}
    medians |= {f"{kind}_later_call": statistics.median(found) for kind, found in later.items()}
    medians |= {f"{kind}_connect": statistics.median(found) for kind, found in connects.items()}
    for kind in connects:
        medians[f"{kind}_more"] = medians[f"{kind}_first_call"] - medians["stdio_first_call"]
    return {f"{name}_ms": round(value, 1) for name, value in medians.items()}


async def _call_ms(agent: Client) -> float:
    started = time.perf_counter()
    result = await agent.call_tool("read_redacted", {"path": "a.txt"})
    taken = (time.perf_counter() - started) * 1000
    if result.is_error:
        raise RuntimeError(str(result.content))
    return taken


@contextlib.asynccontextmanager
async def _stdio(folder: Path) -> AsyncIterator[Client]:
    from mcp import Client, StdioServerParameters

    command, *args = _SERVE
    server = StdioServerParameters(
        command=command, args=[*args, "--root", f"{folder}:open"], env=_environment(folder)
    )
    async with Client(server) as agent:
        yield agent


@contextlib.asynccontextmanager
async def _listening(folder: Path) -> AsyncIterator[tuple[str, str]]:
    """A fresh server's address and token."""
    command = [*_SERVE, "--transport", "sse", "--port", "0", "--root", f"{folder}:open"]
    process = await anyio.open_process(command, env=_environment(folder), stdout=processes.DEVNULL)
    try:
        assert process.stderr is not None
        said = b""
        with anyio.fail_after(_WAIT_S):
            while not (found := _ANNOUNCED.search(said)):
                said += await process.stderr.receive()
        token = await anyio.Path(found[2].decode()).read_text(encoding="ascii")
        yield found[1].decode(), token.strip()
    finally:
        process.terminate()
        with anyio.CancelScope(shield=True):
            await process.aclose()


@contextlib.asynccontextmanager
async def _remote(kind: str, address: str, token: str) -> AsyncIterator[Client]:
    from mcp import Client
    from mcp.client.sse import sse_client
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client

    headers = {"Authorization": f"Bearer {token}"}
    if kind == "sse":
        async with Client(sse_client(f"{address}/sse", headers)) as agent:
            yield agent
        return
    async with (
        create_mcp_http_client(headers) as web,
        Client(streamable_http_client(f"{address}/mcp", http_client=web)) as agent,
    ):
        yield agent


def _environment(folder: Path) -> dict[str, str]:
    """Of a server that touches nothing of the user's."""
    own: dict[str, Any] = {"STATE_DIR": folder / "state", "RUNTIME_DIR": folder / "run", "CONFIG": os.devnull}
    return {**os.environ, **{f"{ENV_PREFIX}{name}": str(value) for name, value in own.items()}}
