"""The same behaviour on each transport and in both protocol eras."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from probe_server import environment, until
from test_server_http import PROBE, Running, serving

from mcp_smalltools.stores.ledger import Ledger, LedgerRow

pytestmark = pytest.mark.anyio

WAYS = [(kind, mode) for kind in ("stdio", "sse", "http") for mode in ("auto", "legacy")]
DEADLINE_S = 2

Connect = Callable[[], AbstractAsyncContextManager[Client]]


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[Running]:
    """One server for sse and http: they are the same."""
    (folder / "config.toml").write_text(f"deadline_s = {DEADLINE_S}\n")
    async with serving(folder, "--config", str(folder / "config.toml")) as server:
        yield server


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("transports")
    (folder / "app.log").write_text("2026-01-02 03:04:05 INFO started\n" * 20)
    async with listening(folder) as running:
        yield running


@pytest.fixture(params=WAYS, ids="-".join)
def connect(server: Running, request: pytest.FixtureRequest) -> Connect:
    """Opens a client, each way in turn."""
    kind, mode = request.param
    return lambda: _client(server, kind, mode)


@asynccontextmanager
async def _client(server: Running, kind: str, mode: str) -> AsyncIterator[Client]:
    if kind != "stdio":
        async with server.client(kind, mode) as agent:
            yield agent
        return
    args = [str(PROBE), str(server.folder), "--root", f"{server.folder}:open"]
    args += ["--config", str(server.folder / "config.toml")]
    command = StdioServerParameters(command=sys.executable, args=args, env=environment(server.folder))
    async with Client(command, mode=mode) as agent:
        yield agent


async def _ready(agent: Client) -> None:
    """Have the server start what reads files: on a busy machine that takes longer than a call may."""
    for _ in range(10):
        if not (await agent.call_tool("parse_log", {"path": "app.log"})).is_error:
            return
    raise AssertionError("no call was answered within its deadline")


def clean(folder: Path) -> None:
    for name in ("started", "cancelled"):
        (folder / name).unlink(missing_ok=True)


def last_row(folder: Path) -> LedgerRow:
    ledger = Ledger(folder / "state" / "ledger.db", keep_days=1)
    try:
        return ledger.rows(limit=1)[0]
    finally:
        ledger.close()


def text_of(result: Any) -> str:
    return "".join(getattr(block, "text", "") for block in result.content)


async def test_answers_errors_tools_and_instructions_are_the_same(connect: Connect) -> None:
    async with connect() as agent:
        tools = [tool.model_dump() for tool in (await agent.list_tools()).tools]
        await _ready(agent)
        answer = (await agent.call_tool("parse_log", {"path": "app.log"})).structured_content
        missing = await agent.call_tool("parse_log", {"path": "missing.log"})
        bug = await agent.call_tool("probe", {"fails": True})
        told = agent.instructions
    assert answer and answer.pop("call_id")
    assert missing.is_error and bug.is_error
    seen = (tools, answer, text_of(missing), text_of(bug), told)
    first = _FIRST.setdefault("seen", seen)
    assert seen == first
    assert "secret" not in text_of(bug)


_FIRST: dict[str, Any] = {}


async def test_progress_rises_and_says_what_is_done(connect: Connect) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    async with connect() as agent:
        await agent.call_tool("probe", {"lasts_s": 1.0}, progress_callback=hear)
    numbers = [done for done, _, _ in heard]
    assert heard and numbers == sorted(set(numbers))
    assert all(message and message.startswith("probing") for _, _, message in heard)


async def test_a_cancelled_call_stops_and_is_recorded(connect: Connect, server: Running) -> None:
    clean(server.folder)
    async with connect() as agent:
        async with anyio.create_task_group() as group:
            group.start_soon(agent.call_tool, "probe", {"lasts_s": 60})
            await until((server.folder / "started").exists, "the call runs")
            group.cancel_scope.cancel()
        await until((server.folder / "cancelled").exists, "the call's thread was told to stop")
        await until(lambda: last_row(server.folder).error == "cancelled", "it is recorded")
        assert not (await agent.call_tool("probe", {})).is_error


async def test_a_closed_connection_cancels_its_call(connect: Connect, server: Running) -> None:
    clean(server.folder)

    async def call_and_go(*, task_status: anyio.abc.TaskStatus[None]) -> None:
        async with connect() as agent, anyio.create_task_group() as group:
            group.start_soon(agent.call_tool, "probe", {"lasts_s": 60})
            await until((server.folder / "started").exists, "the call runs")
            task_status.started()
            group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        await group.start(call_and_go)
    await until((server.folder / "cancelled").exists, "the call's thread was told to stop")


async def test_at_its_deadline_a_call_answers_in_part_or_says_that_its_time_is_over(connect: Connect) -> None:
    found: dict[bool, Any] = {}
    async with connect() as agent, anyio.create_task_group() as group:

        async def call(partly: bool) -> None:
            found[partly] = await agent.call_tool("probe", {"lasts_s": 60, "partly": partly})

        group.start_soon(call, True)
        group.start_soon(call, False)
    part, none = found[True], found[False]
    assert not part.is_error and part.structured_content["ended"] == "partly"
    assert 50 < part.structured_content["dropped"]["seconds"] < 60
    assert none.is_error and "time is over" in text_of(none)
