"""A save is noticed within two seconds, and agents of both protocol eras are told over every transport."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from probe_server import environment, until
from test_server_http import serving
from test_skills import GOOD, write

from mcp_smalltools.config import Settings
from mcp_smalltools.skills import packs, reload

pytestmark = pytest.mark.anyio
WAIT_S = 20.0


@pytest.fixture(autouse=True)
def _room_for_skills(monkeypatch: pytest.MonkeyPatch) -> None:
    """The built-in tools leave hardly any below the default of ten."""
    monkeypatch.setenv("MCP_SMALLTOOLS_MAX_TOOLS", "20")


class Ear:
    """Counts what `reload.watch_skills` yields."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.heard = 0
        self.at = 0.0

    async def listen(self) -> None:
        async for _ in reload.watch_skills(self._settings):
            self.heard += 1
            self.at = time.monotonic()


@pytest.fixture
async def ear(settings: Settings):
    ear = Ear(settings)
    async with anyio.create_task_group() as group:
        group.start_soon(ear.listen)
        await anyio.sleep(0)
        yield ear
        group.cancel_scope.cancel()


async def heard(ear: Ear, before: int) -> None:
    await until(lambda: ear.heard > before, "the change is noticed")


async def test_saves_are_noticed_from_the_first_on(ear: Ear, settings: Settings) -> None:
    write(settings.skills_dir)
    await heard(ear, 0)
    before = ear.heard
    write(settings.skills_dir, GOOD.replace("Sort", "Order"))
    await heard(ear, before)


async def test_an_editor_that_replaces_the_file_is_noticed(ear: Ear, settings: Settings) -> None:
    folder = write(settings.skills_dir)
    await heard(ear, 0)
    before = ear.heard
    draft = folder / ".skill.toml.swp"
    draft.write_text(GOOD.replace("Sort", "Order"))
    draft.replace(folder / "skill.toml")
    await heard(ear, before)


async def test_what_is_allowed_is_noticed(ear: Ear, settings: Settings, tmp_path: Path) -> None:
    write(tmp_path / ".smalltools" / "skills")
    await heard(ear, 0)
    before = ear.heard
    packs.allow(tmp_path, settings)
    await heard(ear, before)


async def test_a_pack_that_is_a_link_is_watched_where_it_lies(
    ear: Ear, settings: Settings, tmp_path: Path
) -> None:
    elsewhere = write(tmp_path / "elsewhere")
    settings.skills_dir.mkdir()
    (settings.skills_dir / "tickets").symlink_to(elsewhere)
    await heard(ear, 0)
    before = ear.heard
    write(tmp_path / "elsewhere", GOOD.replace("Sort", "Order"))
    await heard(ear, before)


def stdio(folder: Path) -> StdioServerParameters:
    args = ["-m", "mcp_smalltools.cli", "serve", "--root", str(folder)]
    return StdioServerParameters(command=sys.executable, args=args, env=environment(folder))


async def names(agent: Client) -> set[str]:
    return {tool.name for tool in (await agent.list_tools()).tools}


async def test_an_agent_of_the_older_protocol_is_notified(tmp_path: Path) -> None:
    hear = Listener()
    async with Client(stdio(tmp_path), mode="legacy", message_handler=hear) as agent:
        assert agent.server_capabilities.tools is not None
        assert agent.server_capabilities.tools.list_changed
        assert "tickets" not in await names(agent)
        write(tmp_path / "skills")
        with anyio.fail_after(WAIT_S):
            await hear.told.wait()
        assert "tickets" in await names(agent)


class Listener:
    """Hears of `tools/list_changed` on a connection of the older protocols."""

    def __init__(self) -> None:
        self.told = anyio.Event()

    async def __call__(self, message: object) -> None:
        if getattr(message, "method", "") == "notifications/tools/list_changed":
            self.told.set()


@pytest.mark.parametrize("kind", ["sse", "http"])
async def test_a_remote_agent_of_the_older_protocol_is_notified_too(tmp_path: Path, kind: str) -> None:
    hear = Listener()
    async with serving(tmp_path) as server:
        headers = {"Authorization": f"Bearer {server.token}"}
        async with create_mcp_http_client(headers) as web:
            if kind == "sse":
                transport = sse_client(f"http://127.0.0.1:{server.port}/sse", headers)
            else:
                transport = streamable_http_client(f"http://127.0.0.1:{server.port}/mcp", http_client=web)
            async with Client(transport, mode="legacy", message_handler=hear) as agent:
                assert "tickets" not in await names(agent)
                write(tmp_path / "skills")
                with anyio.fail_after(WAIT_S):
                    await hear.told.wait()
                assert "tickets" in await names(agent)


async def test_a_remote_agent_of_the_newer_protocol_hears_it_on_its_stream(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, server.client("http") as agent:
        async with agent.listen(tools_list_changed=True) as changes:
            write(tmp_path / "skills")
            with anyio.fail_after(WAIT_S):
                async for _ in changes:
                    break
        assert "tickets" in await names(agent)


async def test_an_agent_of_the_newer_protocol_hears_it_on_the_stream_that_it_opened(tmp_path: Path) -> None:
    async with Client(stdio(tmp_path)) as agent:
        assert "tickets" not in await names(agent)
        async with agent.listen(tools_list_changed=True) as changes:
            write(tmp_path / "skills")
            with anyio.fail_after(WAIT_S):
                async for event in changes:
                    assert type(event).__name__ == "ToolsListChanged"
                    break
            assert "tickets" in await names(agent)
            write(tmp_path / "skills", GOOD.replace("labels =", "labels = ="))
            assert "tickets" in await names(agent)
