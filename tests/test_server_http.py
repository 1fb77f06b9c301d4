"""The server on a real socket: both endpoints, who is let in, and what a closed connection does."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from probe_server import environment, until

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ConfigError
from mcp_smalltools.server.http.auth import HostOriginCheck, bearer_token, token_file
from mcp_smalltools.server.http.listen import HttpOptions, _listen

pytestmark = pytest.mark.anyio

PROBE = Path(__file__).with_name("probe_server.py")
ENDPOINTS = ["/mcp", "/sse", "/messages/?session_id=0", "/nothing-here"]
KINDS = [("sse", "auto"), ("http", "auto"), ("http", "legacy")]


WAIT_S = 120.0
"""Of clients, on a busy machine."""


@dataclass(frozen=True)
class Running:
    folder: Path
    process: anyio.abc.Process
    port: int
    token: str

    @asynccontextmanager
    async def client(self, kind: str, mode: str = "auto") -> AsyncIterator[Client]:
        headers = {"Authorization": f"Bearer {self.token}"}
        if kind == "sse":
            transport = sse_client(f"http://127.0.0.1:{self.port}/sse", headers, timeout=WAIT_S)
            async with Client(transport, mode=mode) as agent:
                yield agent
        else:
            async with create_mcp_http_client(headers, timeout=httpx2.Timeout(WAIT_S)) as web:
                transport = streamable_http_client(f"http://127.0.0.1:{self.port}/mcp", http_client=web)
                async with Client(transport, mode=mode) as agent:
                    yield agent

    def ask(self, path: str, **headers: str) -> tuple[int, str]:
        """One bare request; a header that is not given is not sent, but Host is the right one by default."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": f"127.0.0.1:{self.port}", **headers}.items():
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            return response.status, response.read(2000).decode() if response.status != 200 else ""
        finally:
            connection.close()


@asynccontextmanager
async def serving(folder: Path, *more: str) -> AsyncIterator[Running]:
    """The probe server on a free port, ended by a signal."""
    args = ["--transport", "http", "--port", "0", "--root", f"{folder}:open", *more]
    command = [sys.executable, str(PROBE), str(folder), *args]
    async with await anyio.open_process(
        command, env=environment(folder), stdout=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stderr
            said = b""
            with anyio.fail_after(90):
                while b"\n" not in said:
                    said += await process.stderr.receive()
            found = re.search(rb"https?://[^ ]*:(\d+) .*token is in (.*)", said)
            assert found, said.decode()
            token = Path(found[2].decode()).read_text().strip()
            await _reached(process, int(found[1]))
            yield Running(folder, process, int(found[1]), token)
        finally:
            if process.returncode is None:
                process.terminate()
            with anyio.CancelScope(shield=True), anyio.fail_after(60):
                await process.wait()


async def _reached(process: anyio.abc.Process, port: int) -> None:
    """Wait until the machine lets connections through to a server that has said where it listens."""
    with anyio.fail_after(10):
        while True:
            try:
                await (await anyio.connect_tcp("127.0.0.1", port)).aclose()
                return
            except OSError:
                assert process.returncode is None, "the server has ended"
                await anyio.sleep(0.1)


async def calling(server: Running, kind: str, mode: str = "auto") -> anyio.abc.Process:
    """A client in a process of its own, in the middle of a long call."""
    command = [sys.executable, __file__, kind, mode, str(server.port), server.token]
    return await anyio.open_process(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.mark.parametrize(("kind", "mode"), KINDS)
async def test_both_endpoints_list_call_and_report_progress(server: Running, kind: str, mode: str) -> None:
    heard: list[float] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append(done)

    (server.folder / "app.log").write_text("2026-01-02 03:04:05 INFO started\n" * 20)
    async with server.client(kind, mode) as agent:
        assert "parse_log" in {tool.name for tool in (await agent.list_tools()).tools}
        answer = await agent.call_tool("parse_log", {"path": "app.log"})
        assert answer.structured_content["source"][0]["lines"] == 20
        await agent.call_tool("probe", {"lasts_s": 0.9}, progress_callback=hear)
        refused = await agent.call_tool("parse_log", {"path": "missing.log"})
    assert heard and heard == sorted(set(heard))
    assert refused.is_error


@pytest.mark.parametrize(("kind", "mode"), KINDS)
async def test_a_cancelled_call_stops(tmp_path: Path, kind: str, mode: str) -> None:
    async with serving(tmp_path) as server, server.client(kind, mode) as agent:
        async with anyio.create_task_group() as group:
            group.start_soon(agent.call_tool, "probe", {"lasts_s": 60})
            await until((tmp_path / "started").exists, "the call runs")
            group.cancel_scope.cancel()
        await until((tmp_path / "cancelled").exists, "the call's thread was told to stop")


@pytest.mark.parametrize(("kind", "mode"), KINDS)
async def test_a_client_that_is_killed_takes_its_call_with_it(tmp_path: Path, kind: str, mode: str) -> None:
    async with serving(tmp_path) as server:
        async with await calling(server, kind, mode) as client:
            await until((tmp_path / "started").exists, "the call runs")
            client.kill()
        await until((tmp_path / "cancelled").exists, "the call's thread was told to stop")
        async with server.client("http") as agent:
            assert not (await agent.call_tool("probe", {})).is_error


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_no_token_or_a_wrong_one_is_refused_everywhere(server: Running, path: str) -> None:
    assert server.ask(path)[0] == 401
    assert server.ask(path, Authorization=f"Bearer {server.token}x")[0] == 401
    assert server.ask(path, Authorization=f"Bearer {server.token[:-1]}")[0] == 401
    assert server.ask(path, Authorization=f"Basic {server.token}")[0] == 401
    assert server.ask(path, Authorization="Bearer ")[0] == 401
    assert "Bearer" in server.ask(path)[1]


@pytest.mark.parametrize("path", [*ENDPOINTS, "/healthz"])
async def test_a_foreign_host_or_origin_is_refused_even_with_the_token(server: Running, path: str) -> None:
    token = {"Authorization": f"Bearer {server.token}"}
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1.evil.example", "", "localhost:1"):
        assert server.ask(path, Host=host, **token)[0] in (400, 421), host
    for origin in (
        "http://evil.example",
        "null",
        f"http://localhost:{server.port}.evil.example",
        "http://localhost:1",
    ):
        assert server.ask(path, Origin=origin, **token)[0] == 403, origin


async def test_its_own_names_and_origin_are_let_in(server: Running) -> None:
    for host in ("127.0.0.1", "localhost", "LocalHost", "[::1]"):
        address = f"{host}:{server.port}"
        assert server.ask("/healthz", Host=address, Origin=f"http://{address}")[0] == 200


async def test_a_name_that_the_user_allows_is_let_in_and_a_wildcard_address_names_none(
    tmp_path: Path,
) -> None:
    more = ["--host", "0.0.0.0", "--allow-host", "box.example", "--allow-origin", "https://app.example"]
    async with serving(tmp_path, *more) as server:
        assert server.ask("/healthz", Host="box.example", Origin="https://app.example")[0] == 200
        assert server.ask("/healthz", Host="box.example:1234")[0] == 200
        assert server.ask("/healthz", Host=f"0.0.0.0:{server.port}")[0] == 421
        assert server.ask("/healthz", Host="other.example")[0] == 421
        assert server.ask("/mcp", Host="box.example")[0] == 401


@pytest.mark.skipif(os.name != "posix", reason="signals and modes")
async def test_a_signal_ends_the_server_though_a_stream_is_open_and_a_call_runs(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, await calling(server, "sse") as client:
        await until((tmp_path / "started").exists, "the call runs")
        server.process.send_signal(signal.SIGTERM)
        with anyio.fail_after(60):
            assert await server.process.wait() == 0
        client.kill()
    assert (tmp_path / "cancelled").exists()


async def test_a_port_in_use_is_one_sentence_with_the_remedy(server: Running, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "mcp_smalltools.cli",
        "serve",
        "--transport",
        "sse",
        "--port",
        str(server.port),
    ]
    done = await anyio.run_process(command, env=environment(tmp_path), check=False, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert "--port" in done.stderr.decode() and "Traceback" not in done.stderr.decode()


def test_the_token_is_made_once_and_only_the_user_can_read_it(settings: Settings) -> None:
    token = bearer_token(settings)
    assert len(token) >= 32 and bearer_token(settings) == token
    if os.name == "posix":
        assert stat.S_IMODE(token_file(settings).stat().st_mode) == 0o600
    assert [path.name for path in token_file(settings).parent.iterdir()] == [token_file(settings).name]


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_a_token_that_others_can_read_or_that_is_short_is_not_used(settings: Settings) -> None:
    bearer_token(settings)
    token_file(settings).chmod(0o644)
    with pytest.raises(ConfigError, match="other users"):
        bearer_token(settings)
    token_file(settings).chmod(0o600)
    token_file(settings).write_text("short")
    with pytest.raises(ConfigError, match="shorter"):
        bearer_token(settings)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_small_packets_are_sent_at_once(host: str) -> None:
    """asyncio switches Nagle's algorithm off only for sockets that say that they are TCP."""
    try:
        listener = _listen(HttpOptions(host))
    except ConfigError:
        pytest.skip("no IPv6 here")
    with listener:
        assert listener.proto == socket.IPPROTO_TCP


HOST_CHECK = HostOriginCheck.of(8765, "127.0.0.1")
HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"host", b"Host", b"origin", b"authorization", b"x"]),
        st.sampled_from(
            [b"evil.example:8765", b"localhost", b"null", b"", b"127.0.0.1", b"localhost:87650", b"\xff"]
        )
        | st.binary(max_size=60),
    ),
    max_size=6,
)


@given(HEADERS)
def test_no_headers_without_a_name_of_the_server_pass(headers: list[tuple[bytes, bytes]]) -> None:
    refusal = HOST_CHECK.check(headers)
    assert refusal is not None and refusal.status in (400, 403, 421)


def test_the_right_headers_pass() -> None:
    right: list[tuple[bytes, bytes]] = [(b"host", b"localhost:8765")]
    assert HOST_CHECK.check(right) is None
    assert HOST_CHECK.check([*right, right[0]]) is not None, "a header twice"


async def _call_until_killed(kind: str, mode: str, port: int, token: str) -> Any:
    async with Running(Path(), None, port, token).client(kind, mode) as agent:  # type: ignore[arg-type]
        await agent.call_tool("probe", {"lasts_s": 60})


if __name__ == "__main__":
    anyio.run(_call_until_killed, sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])


@pytest.mark.slow
async def test_an_idle_connection_outlives_those_that_clients_keep(tmp_path: Path) -> None:
    """httpx closes its own after 5 seconds; a server that does so at the same moment loses a request."""
    async with serving(tmp_path) as server:

        def ask_twice() -> list[int]:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
            statuses = []
            for wait_s in (6.0, 0.0):
                connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {server.token}"})
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)
                time.sleep(wait_s)
            connection.close()
            return statuses

        assert await anyio.to_thread.run_sync(ask_twice) == [200, 200]
