"""The server over stdio, as a real client sees the real process."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp_types import CallToolResult
from probe_server import environment, until

from mcp_smalltools.config import Settings
from mcp_smalltools.server.app import instructions
from mcp_smalltools.stores.ledger import Ledger, LedgerRow

pytestmark = pytest.mark.anyio

PROBE = Path(__file__).with_name("probe_server.py")
SERVE = ["-m", "mcp_smalltools.cli", "serve"]
MAX_SERVER_INSTRUCTIONS = 2048


def client(folder: Path, command: list[str] | None = None, mode: str = "auto") -> Client:
    """A client of a server whose only root is `folder`."""
    args = [*(command or SERVE), "--root", f"{folder}:open"]
    server = StdioServerParameters(command=sys.executable, args=args, env=environment(folder))
    return Client(server, mode=mode)


def probe(folder: Path) -> Client:
    return client(folder, [str(PROBE), str(folder)])


def text_of(result: CallToolResult) -> str:
    return "".join(getattr(block, "text", "") for block in result.content)


def rows(folder: Path) -> list[LedgerRow]:
    ledger = Ledger(folder / "state" / "ledger.db", keep_days=1)
    try:
        return ledger.rows(limit=10)
    finally:
        ledger.close()


@asynccontextmanager
async def in_a_call(folder: Path) -> AsyncIterator[anyio.abc.Process]:
    """A bare server process in the middle of a long call, its stdin open."""
    command = [sys.executable, str(PROBE), str(folder), "--root", str(folder)]
    initialize: dict[str, Any] = {"protocolVersion": "2025-11-25", "capabilities": {}}
    initialize["clientInfo"] = {"name": "test", "version": "1"}
    call = {"name": "probe", "arguments": {"lasts_s": 60}}
    messages: list[dict[str, Any]] = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call},
    ]
    async with await anyio.open_process(command, env=environment(folder)) as process:
        assert process.stdin
        await process.stdin.send("".join(json.dumps(message) + "\n" for message in messages).encode())
        await until((folder / "started").exists, "the call runs")
        yield process


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_list_of_tools_is_short_and_described_for_agents(tmp_path: Path, mode: str) -> None:
    async with client(tmp_path, mode=mode) as agent:
        tools = (await agent.list_tools()).tools
    assert {"parse_log", "summarize_file", "classify"} <= {tool.name for tool in tools}
    assert len(tools) <= 10
    for tool in tools:
        assert re.fullmatch("[a-z_]{1,30}", tool.name)
        assert 0 < len(tool.description or "") <= 600
        assert tool.input_schema["type"] == "object"
        assert not {"anyOf", "oneOf", "allOf", "$defs", "$ref"} & set(tool.input_schema)
        assert "$ref" not in str(tool.input_schema)
        assert tool.output_schema is not None
        assert tool.annotations is not None and tool.annotations.open_world_hint is False


async def test_half_a_character_in_a_file_ends_no_server(tmp_path: Path) -> None:
    r"""JSON's `\ud800` is none that could be sent: where a writer of lines failed, the whole server ended."""
    (tmp_path / "a.json").write_text(r'{"name": "x\ud800y", "size": 1}')
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "size": {"type": "integer"}}}
    async with client(tmp_path) as agent:
        with anyio.fail_after(60):
            first = await agent.call_tool("extract", {"path": "a.json", "schema": schema})
            second = await agent.call_tool("extract", {"text": r'{"name": "\udbff"}', "schema": schema})
            third = await agent.call_tool("read_redacted", {"path": "a.json"})
    assert first.structured_content and first.structured_content["data"]["name"].startswith("x\ufffd")
    assert not second.is_error and not third.is_error


async def test_a_tool_that_can_write_is_not_called_read_only(tmp_path: Path) -> None:
    async with client(tmp_path) as agent:
        hints = {
            t.name: t.annotations.read_only_hint for t in (await agent.list_tools()).tools if t.annotations
        }
    assert hints["parse_log"] is False
    assert hints["summarize_file"] is True


async def test_neither_handshake_nor_list_loads_a_model_or_the_client_of_the_sdk(tmp_path: Path) -> None:
    """Looked up in the process itself: at its end it writes which modules it has."""
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, os, pathlib, sys\n"
        "target = pathlib.Path(os.environ['MODULES'])\n"
        "atexit.register(lambda: target.write_text(' '.join(sys.modules)))\n"
    )
    args = [*SERVE, "--root", str(tmp_path)]
    env = environment(tmp_path, {"PYTHONPATH": tmp_path, "MODULES": tmp_path / "modules"})
    async with Client(StdioServerParameters(command=sys.executable, args=args, env=env)) as agent:
        await agent.list_tools()
    await until((tmp_path / "modules").exists, "the server has ended by itself")
    loaded = set((tmp_path / "modules").read_text().split())
    assert "mcp.server.stdio" in loaded
    assert not loaded & {
        "llama_cpp",
        "numpy",
        "torch",
        "tree_sitter",
        "mcp.client.client",
        "mcp.server.mcpserver",
    }


async def test_a_call_gives_the_structured_answer_and_the_same_as_text(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text(
        "".join(f"2026-01-02 03:04:05 INFO user {n} logged in\n" for n in range(50))
    )
    async with client(tmp_path) as agent:
        result = await agent.call_tool("parse_log", {"path": "app.log"})
    assert not result.is_error
    assert isinstance(result.structured_content, Mapping)
    assert result.structured_content["source"] == [
        {"path": "app.log", "lines": 50, "bytes": (tmp_path / "app.log").stat().st_size}
    ]
    assert result.structured_content["call_id"] in text_of(result)


async def test_an_unknown_tool_and_an_unknown_argument_name_the_closest(tmp_path: Path) -> None:
    async with client(tmp_path) as agent:
        with pytest.raises(MCPError, match="did you mean 'parse_log'"):
            await agent.call_tool("parse_logs", {"path": "app.log"})
        result = await agent.call_tool("parse_log", {"pth": "app.log"})
    assert result.is_error
    assert "did you mean 'path'" in text_of(result)


async def test_a_bad_file_is_one_sentence_and_a_remedy_never_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 16)
    (tmp_path.parent / "outside.log").write_text("secret\n")
    paths = ("missing.log", "../outside.log", ".", "binary")
    async with client(tmp_path) as agent:
        results = [await agent.call_tool("parse_log", {"path": path}) for path in paths]
    for path, result in zip(paths, results, strict=True):
        said = text_of(result)
        assert result.is_error and result.structured_content is None, path
        assert "\n" not in said and "Traceback" not in said and "secret" not in said
        assert said.count(". ") >= 1 and said.endswith("."), said


async def test_a_bug_is_reported_without_what_the_exception_said(tmp_path: Path) -> None:
    async with probe(tmp_path) as agent:
        result = await agent.call_tool("probe", {"fails": True})
    assert result.is_error
    assert "ValueError" in text_of(result)
    assert "secret" not in text_of(result)


async def test_progress_rises_and_says_what_is_done(tmp_path: Path) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    async with probe(tmp_path) as agent:
        await agent.call_tool("probe", {"lasts_s": 1.2}, progress_callback=hear)
    numbers = [done for done, _, _ in heard]
    assert 2 <= len(heard) <= 8, "throttled"
    assert numbers == sorted(set(numbers))
    assert all(total == 1.0 and message and message.startswith("probing") for _, total, message in heard)


async def test_a_cancelled_call_stops_and_the_next_one_is_served(tmp_path: Path) -> None:
    async with probe(tmp_path) as agent:
        async with anyio.create_task_group() as group:
            group.start_soon(agent.call_tool, "probe", {"lasts_s": 60})
            await until((tmp_path / "started").exists, "the call runs")
            group.cancel_scope.cancel()
        await until((tmp_path / "cancelled").exists, "the call's thread was told to stop")
        assert not (await agent.call_tool("probe", {})).is_error


async def test_calls_run_side_by_side(tmp_path: Path) -> None:
    async with probe(tmp_path) as agent, anyio.create_task_group() as group:
        group.start_soon(agent.call_tool, "probe", {"lasts_s": 60})
        await until((tmp_path / "started").exists, "the call runs")
        assert not (await agent.call_tool("probe", {})).is_error
        group.cancel_scope.cancel()


async def test_the_ledger_names_the_client(tmp_path: Path) -> None:
    async with probe(tmp_path) as agent:
        await agent.call_tool("probe", {})
    assert [row.client.split()[0] for row in rows(tmp_path)] == ["mcp"]


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_server_though_stdin_is_open_and_a_call_runs(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with in_a_call(tmp_path) as process:
        process.send_signal(number)
        with anyio.fail_after(60):
            assert await process.wait() == (0 if number == signal.SIGTERM else 130)
    assert [(row.tool, row.error) for row in rows(tmp_path)] == [("probe", "cancelled")]


async def test_closing_stdin_in_the_middle_of_a_call_cancels_it_and_ends_the_server(tmp_path: Path) -> None:
    async with in_a_call(tmp_path) as process:
        assert process.stdin
        await process.stdin.aclose()
        with anyio.fail_after(60):
            assert await process.wait() == 0
    assert (tmp_path / "cancelled").exists()
    assert [(row.tool, row.error) for row in rows(tmp_path)] == [("probe", "cancelled")]


def test_instructions_name_the_readable_folders_and_fit_what_clients_keep(settings: Settings) -> None:
    told = instructions(settings)
    assert str(settings.roots[0].path) in told
    many = settings.model_copy(update={"roots": settings.roots * 100})
    assert len(instructions(many)) < MAX_SERVER_INSTRUCTIONS
