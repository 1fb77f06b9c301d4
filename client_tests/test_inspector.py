"""The Inspector's command line: every transport in both protocol eras, strict schema checks, and load."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from others import Listen, Tools
from probe_server import environment

from mcp_smalltools.tools.built_in import built_in_tools

TRANSPORTS = ["stdio", "sse", "http"]
ERAS = ["modern", "legacy"]
# HTTP with SSE was taken out of the 2026-07-28 protocol: there it is spoken in the older ones only.
PAIRS = [
    (transport, era) for transport in TRANSPORTS for era in ERAS if (transport, era) != ("sse", "modern")
]


class Inspector:
    """Runs the command line against one server."""

    def __init__(self, tools: Tools, target: list[str], env: dict[str, str], era: str) -> None:
        self._start = [str(tools.node), str(tools.inspector), "--cli", *target, "--protocol-era", era]
        self._env = env

    def __call__(self, method: str, *options: str) -> Any:
        command = [*self._start, "--method", method, *options, "--format", "json"]
        done = subprocess.run(
            command, env=self._env, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, f"exit {done.returncode}: {done.stderr[-2000:]}"
        return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture(params=PAIRS, ids="-".join)
def inspect(
    request: pytest.FixtureRequest, tools: Tools, listen: Listen, root: Path, tmp_path: Path
) -> Iterator[Inspector]:
    transport, era = request.param
    if transport == "stdio":
        target = [sys.executable, "-m", "mcp_smalltools.cli", "serve", "--root", f"{root}:open"]
        yield Inspector(tools, target, environment(tmp_path), era)
        return
    with listen() as server:
        path = "/sse" if transport == "sse" else "/mcp"
        header = f"Authorization: Bearer {server.token}"
        target = [server.url(path), "--transport", transport, "--header", header]
        yield Inspector(tools, target, server.env, era)


def test_it_lists_calls_and_loads(inspect: Inspector) -> None:
    listed = inspect("tools/list", "--strict")["result"]["tools"]
    assert {tool["name"] for tool in listed} == set(built_in_tools())
    call = ("--tool-name", "parse_log", "--tool-arg", "path=build.log")
    assert inspect("tools/call", *call)["result"]["structuredContent"]["lines"] == 752
    assert inspect("prompts/list")["result"]["prompts"]
    assert inspect("resources/list")["result"]["resources"]
    load = inspect("tools/call", *call, "--load", "--load-concurrency", "8", "--load-requests", "40")
    figures = load.get("result", load)
    assert (figures["ok"], figures["toolErrors"], figures["errors"]) == (40, 0, 0), figures
