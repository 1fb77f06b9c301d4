"""Nobody can take the server from the others: sessions, streams, connections, threads, and its end."""

from __future__ import annotations

import http.client
import os
import re
import resource
import select
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
import trustme
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from identity_provider import AUDIENCE, SCOPE, Provider
from probe_server import environment, until
from test_server_http import PROBE, Running, serving

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ConfigError
from mcp_smalltools.server.http import oauth
from mcp_smalltools.server.http.connections import Connections, OpenConnection, address_group
from mcp_smalltools.server.http.listen import HttpOptions, _check_certificate
from mcp_smalltools.server.http.log_lines import LineLog
from mcp_smalltools.server.http.oauth import Denied, ResourceServer
from mcp_smalltools.server.http.sessions import SessionTable
from mcp_smalltools.server.http.token_store import TokenStore

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(os.name != "posix", reason="signals and limits")]

ACCEPT = {"Accept": "application/json, text/event-stream"}
INITIALIZE: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    },
}
PING = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
END_S = 12.0
"""Seconds within which a server must have ended, on a busy machine; it takes 5 itself."""


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """One whose tokens may open as many sessions as they like, one after the other."""
    folder = tmp_path_factory.mktemp("fair")
    (folder / "config.toml").write_text("http_sessions_per_minute = 0\n")
    async with serving(folder, "--config", str(folder / "config.toml")) as running:
        yield running


def new_token(server: Running, name: str, rate: int = 0) -> str:
    store = TokenStore(Settings(state_dir=server.folder / "state"))
    try:
        return store.create(name, calls_per_minute=rate)[0]
    finally:
        store.close()


def web_of(token: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}", **ACCEPT}, timeout=60)


async def initialize(web: httpx2.AsyncClient, server: Running) -> httpx2.Response:
    return await web.post(f"http://127.0.0.1:{server.port}/mcp", json=INITIALIZE)


async def status_of(web: httpx2.AsyncClient, server: Running, session: str) -> int:
    address = f"http://127.0.0.1:{server.port}/mcp"
    return (await web.post(address, json=PING, headers={"Mcp-Session-Id": session})).status_code


# Sessions and streams


async def test_a_token_that_opens_sessions_without_end_closes_only_its_own(server: Running) -> None:
    greedy, other = new_token(server, "greedy"), new_token(server, "patient")
    async with web_of(greedy) as hostile, web_of(other) as web:
        mine = (await initialize(web, server)).headers["mcp-session-id"]
        answers = [await initialize(hostile, server) for _ in range(210)]
        assert {answer.status_code for answer in answers} == {200}
        opened = [answer.headers["mcp-session-id"] for answer in answers]
        assert await status_of(web, server, mine) == 200, "the other's session lives"
        assert (await initialize(web, server)).status_code == 200, "and it gets another one"
        assert await status_of(hostile, server, opened[0]) == 404
        assert await status_of(hostile, server, opened[-16]) == 200
        assert await status_of(hostile, server, opened[-1]) == 200


async def test_a_token_that_opens_streams_without_end_closes_only_its_own(server: Running) -> None:
    greedy, other = new_token(server, "streams"), new_token(server, "reader")
    address = f"http://127.0.0.1:{server.port}/sse"
    limits = httpx2.Limits(max_connections=None)
    headers = {"Authorization": f"Bearer {greedy}"}
    async with (
        httpx2.AsyncClient(headers=headers, limits=limits, timeout=60) as hostile,
        web_of(other) as web,
        anyio.create_task_group() as group,
    ):
        statuses: list[int] = []
        ended: list[int] = []

        async def hold(number: int) -> None:
            async with hostile.stream("GET", address) as stream:
                statuses.append(stream.status_code)
                async for _ in stream.aiter_lines():
                    pass
            ended.append(number)

        for number in range(40):
            group.start_soon(hold, number)
            while len(statuses) <= number:
                await anyio.sleep(0.005)
        assert set(statuses) == {200}
        with anyio.fail_after(30):
            while len(ended) < 24:
                await anyio.sleep(0.01)
        assert sorted(ended) == list(range(24)), "the ones that were opened first"
        async with web.stream("GET", address) as stream:
            assert stream.status_code == 200
        group.cancel_scope.cancel()


async def test_a_session_with_a_running_call_is_not_closed_for_another_one(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("http_sessions_each = 1\n")
    async with serving(tmp_path, "--config", str(tmp_path / "config.toml")) as server:
        for kind in ("http", "sse"):
            (tmp_path / "started").unlink(missing_ok=True)
            done: list[bool] = []
            async with anyio.create_task_group() as group:

                async def call(kind: str = kind, done: list[bool] = done) -> None:
                    async with server.client(kind, "legacy") as agent:
                        done.append((await agent.call_tool("probe", {"lasts_s": 3})).is_error)

                group.start_soon(call)
                await until((tmp_path / "started").exists, "the call runs")
                async with web_of(server.token) as web:
                    refused = await initialize(web, server)
            assert refused.status_code == 429 and refused.headers["retry-after"]
            assert done == [False]
            async with web_of(server.token) as web:
                assert (await initialize(web, server)).status_code == 200
                await initialize(web, server)


async def test_opening_sessions_counts_against_a_tokens_rate(server: Running) -> None:
    async with web_of(new_token(server, "slow", rate=2)) as web:
        statuses = [(await initialize(web, server)).status_code for _ in range(5)]
        answer = await initialize(web, server)
    assert statuses == [200, 200, 429, 429, 429]
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    async with web_of(new_token(server, "quick")) as web:
        assert (await initialize(web, server)).status_code == 200


ACTIONS = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["open", "call", "done"])), max_size=80)


@given(ACTIONS, st.integers(1, 8), st.integers(1, 4))
@budget(max_examples=150, deadline=None)
def test_whoever_opens_what_only_idle_sessions_go_and_never_those_of_one_that_has_fewer(
    actions: list[tuple[str, str]], most: int, each: int
) -> None:
    table = SessionTable(most=most, each=each)
    held: dict[str, list[Any]] = {name: [] for name in "abcd"}
    for name, action in actions:
        if action == "call":
            for session in held[name][:1]:
                session.calls = 1
        elif action == "done":
            for session in held[name]:
                session.calls = 0
        else:
            counts = {owner: len(sessions) for owner, sessions in held.items()}
            opened, victim = table.open(name)
            if victim is not None:
                assert victim.calls == 0
                assert victim.principal == name or counts[victim.principal] > counts[name]
                held[victim.principal].remove(victim)
            if opened is not None:
                held[name].append(opened)
            elif counts[name] < each:
                heavier = [one for owner in "abcd" if counts[owner] > counts[name] for one in held[owner]]
                assert all(one.calls for one in heavier + held[name])
        assert len(table) == sum(map(len, held.values())) <= most
        assert all(table.count(owner) == len(sessions) <= each for owner, sessions in held.items())


# Connections


@contextmanager
def idle(port: int, count: int) -> Iterator[list[socket.socket]]:
    """So many connections that send nothing."""
    held: list[socket.socket] = []
    try:
        for _ in range(count):
            held.append(socket.create_connection(("127.0.0.1", port), timeout=10))
        yield held
    finally:
        for connection in held:
            connection.close()


@asynccontextmanager
async def serving_with_few_descriptors(folder: Path, count: int) -> AsyncIterator[Running]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    command = ["sh", "-c", f'ulimit -n {count}; exec "$@"', "sh", sys.executable, str(PROBE), str(folder)]
    command += ["--transport", "http", "--port", "0", "--root", f"{folder}:open"]
    async with await anyio.open_process(
        command, env=environment(folder), stdout=subprocess.DEVNULL
    ) as process:
        assert process.stderr and resource.getrlimit(resource.RLIMIT_NOFILE) == before
        try:
            said = b""
            with anyio.fail_after(90):
                while b"\n" not in said:
                    said += await process.stderr.receive()
            found = re.search(rb"https?://[^ ]*:(\d+) .*token is in (.*)", said)
            assert found, said
            yield Running(folder, process, int(found[1]), Path(found[2].decode()).read_text().strip())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def test_idle_connections_beyond_the_descriptors_neither_stop_accepting_nor_fill_the_log(
    tmp_path: Path,
) -> None:
    async with serving_with_few_descriptors(tmp_path, 1024) as server:
        waits = []
        with idle(server.port, 1074):
            for _ in range(20):
                started = time.monotonic()
                assert (await anyio.to_thread.run_sync(server.ask, "/healthz"))[0] == 200
                waits.append(time.monotonic() - started)
            with idle(server.port, 400):
                assert server.ask("/healthz")[0] == 200
        server.process.send_signal(signal.SIGTERM)
        with anyio.fail_after(END_S):
            await server.process.wait()
        assert server.process.stderr
        said = b"".join([chunk async for chunk in server.process.stderr]).decode()
    assert max(waits) < 5, waits
    assert "Traceback" not in said and len(said) < 2000, said[:2000]
    assert "connections open" in said or "connections are open" in said


async def test_a_connection_in_use_is_not_closed_for_new_ones(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("http_connections_each = 20\n")
    async with serving(tmp_path, "--config", str(tmp_path / "config.toml")) as server:
        done: list[bool] = []
        async with anyio.create_task_group() as group:

            async def call() -> None:
                async with server.client("http") as agent:
                    done.append((await agent.call_tool("probe", {"lasts_s": 3})).is_error)

            group.start_soon(call)
            await until((tmp_path / "started").exists, "the call runs")
            with idle(server.port, 60) as held:
                assert server.ask("/healthz")[0] == 200
                assert held[0].recv(1) == b"", "the first one has gone"
        assert done == [False]


ARRIVALS = st.lists(
    st.tuples(st.sampled_from(["1.1.1.1", "2.2.2.2", "2001:db8::1", "2001:db8::2"]), st.integers(0, 3)),
    max_size=80,
)


@given(ARRIVALS, st.integers(1, 8), st.integers(1, 6))
@budget(max_examples=150, deadline=None)
def test_for_a_new_connection_only_idle_ones_go_of_the_same_address_or_the_heaviest(
    arrivals: list[tuple[str, int]], most: int, each: int
) -> None:
    connections = Connections(most=most, each=each)
    live: list[OpenConnection] = []
    busy: set[OpenConnection] = set()
    closed: list[OpenConnection] = []
    for address, what in arrivals:
        if what == 3:
            for connection in live[:1]:
                connections.note_busy(connection)
                busy.add(connection)
            continue
        group = address_group(address)
        counts = {other: connections.count(other) for other in ("1.1.1.1", "2.2.2.2", "2001:db8::1")}
        closed.clear()
        opened = connections.open(address)
        for connection in closed:
            assert connection not in busy
            assert connection.address == group or counts[connection.address_of] == max(  # type: ignore[attr-defined]
                counts[one.address_of]  # type: ignore[attr-defined]
                for one in live
                if one not in busy
            )
            live.remove(connection)
            connections.remove(connection)
        if opened is None:
            full = len(live) >= most and len(busy) == len(live)
            assert full or all(one in busy for one in live if one.address == group)
            continue
        opened.address_of = address if address != "2001:db8::2" else "2001:db8::1"  # type: ignore[attr-defined]
        opened.close = lambda one=opened: closed.append(one)  # type: ignore[misc]
        live.append(opened)
        assert len(connections) == len(live) <= most


def test_addresses_of_one_site_count_as_one() -> None:
    assert address_group("2001:db8::1") == address_group("2001:db8::ffff:1")
    assert address_group("2001:db8::1") != address_group("2001:db8:0:1::1")
    assert address_group("::ffff:1.2.3.4") == address_group("1.2.3.4") == "1.2.3.4"
    assert address_group("fe80::1%eth0") == address_group("fe80::2")
    assert address_group("") == ""


def test_what_repeats_is_logged_once_in_a_while(capsys: pytest.CaptureFixture[str]) -> None:
    log = LineLog()
    for number in range(1000):
        log.write(f"bad request {number}\nTraceback", kind="bad")
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "bad request 0" in said


# Heads, handshakes, keys, health


@pytest.mark.parametrize("kilobytes", [40, 120, 250])
async def test_a_head_that_is_too_large_is_refused_from_a_fast_sender_too(
    server: Running, kilobytes: int
) -> None:
    large = "x" * (kilobytes << 10)
    head = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nX-Large: {large}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as connection:
        try:
            connection.sendall(head.encode())
            said = connection.recv(100)
        except ConnectionError:
            return
    assert said.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400")), said


def certificate_in(folder: Path) -> tuple[trustme.CA, Path, Path]:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    cert, key = folder / "cert.pem", folder / "key.pem"
    certificate.private_key_pem.write_to_path(key)
    key.chmod(0o600)
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(cert, append=True)
    return authority, cert, key


async def test_a_tls_handshake_that_never_ends_is_closed(tmp_path: Path) -> None:
    authority, cert, key = certificate_in(tmp_path)
    async with serving(
        tmp_path, "--timeout", "0.5", "--tls-cert", str(cert), "--tls-key", str(key)
    ) as server:
        for begins in (b"", b"\x16\x03\x01\x02\x00"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
                connection.sendall(begins)
                assert await anyio.to_thread.run_sync(connection.recv, 100) == b""
        context = ssl.create_default_context()
        authority.configure_trust(context)
        headers = {"Authorization": f"Bearer {server.token}"}
        async with httpx2.AsyncClient(verify=context, headers=headers) as web:
            assert (await web.get(f"https://127.0.0.1:{server.port}/metrics")).status_code == 200


def test_a_key_that_everybody_can_read_is_refused_and_one_for_a_group_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, cert, key = certificate_in(tmp_path)
    options = HttpOptions(tls_cert=cert, tls_key=key)
    _check_certificate(options)
    assert capsys.readouterr().err == ""
    key.chmod(0o640)
    _check_certificate(options)
    assert "group" in capsys.readouterr().err
    for mode in (0o644, 0o666, 0o606):
        key.chmod(mode)
        with pytest.raises(ConfigError, match=f"mode {mode:o}"):
            _check_certificate(options)


async def test_strangers_do_not_learn_the_version(server: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/healthz")
    assert connection.getresponse().read() == b'{"status":"ok"}'
    connection.close()


async def test_a_flood_without_a_token_is_told_to_wait_and_good_tokens_of_its_address_are_not(
    server: Running,
) -> None:
    async with httpx2.AsyncClient(timeout=60) as web:
        address = f"http://127.0.0.1:{server.port}/mcp"
        asked = 1
        while (status := (await web.get(address)).status_code) == 401:
            asked += 1
        assert status == 429 and asked >= 600
        good = {"Authorization": f"Bearer {server.token}"}
        metrics = await web.get(f"http://127.0.0.1:{server.port}/metrics", headers=good)
        assert metrics.status_code == 200


async def test_bodies_of_one_token_are_limited_together(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("http_max_body_mb = 1\n")
    async with serving(tmp_path, "--config", str(tmp_path / "config.toml")) as server:
        head = (
            f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {server.token}\r\n"
            "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
            f"Content-Length: {1 << 20}\r\n\r\n"
        )
        held = []
        try:
            for _ in range(8):
                held.append(socket.create_connection(("127.0.0.1", server.port), timeout=15))
                held[-1].sendall(head.encode() + b"{" * ((1 << 20) - 1))
            answered = (await anyio.to_thread.run_sync(select.select, held, [], [], 15))[0]
            said = [connection.recv(100) for connection in answered]
        finally:
            for connection in held:
                connection.close()
    assert said and all(b" 429 " in answer for answer in said)


# The identity provider


class HangingProvider:
    """Accepts connections and never answers."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.issuer = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def hanging() -> Iterator[HangingProvider]:
    provider = HangingProvider()
    yield provider
    provider.close()


@pytest.fixture
def signer() -> Iterator[Provider]:
    provider = Provider()
    provider.add_key("k1")
    yield provider
    provider.close()


async def test_a_provider_that_hangs_does_not_make_good_static_tokens_wait(
    tmp_path: Path, hanging: HangingProvider, signer: Provider
) -> None:
    (tmp_path / "config.toml").write_text(
        f'oauth_issuer = "{hanging.issuer}"\noauth_audience = "{AUDIENCE}"\noauth_scopes = ["{SCOPE}"]\n'
    )
    async with serving(tmp_path, "--config", str(tmp_path / "config.toml")) as server:
        waits = []
        token = signer.token("k1")
        limits = httpx2.Limits(max_connections=None)
        address = f"http://127.0.0.1:{server.port}/metrics"
        async with (
            httpx2.AsyncClient(limits=limits, timeout=60) as strangers,
            web_of(server.token) as web,
            anyio.create_task_group() as group,
        ):
            statuses: list[int] = []

            async def ask() -> None:
                answer = await strangers.get(address, headers={"Authorization": f"Bearer {token}"})
                statuses.append(answer.status_code)

            for _ in range(80):
                group.start_soon(ask)
            for _ in range(20):
                await anyio.sleep(0.05)
                started = time.monotonic()
                assert (await web.get(address)).status_code == 200
                waits.append(time.monotonic() - started)
    assert sorted(waits)[10] < 1, waits
    assert set(statuses) == {503}


def test_a_provider_that_begins_to_hang_makes_callers_with_known_keys_wait_once(
    signer: Provider, hanging: HangingProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(oauth_issuer=signer.issuer, oauth_audience=AUDIENCE, oauth_scopes=(SCOPE,))
    resource_server = ResourceServer(settings)
    token = signer.token("k1")
    resource_server.principal(token)
    monkeypatch.setattr(oauth, "_FETCH_S", 0.5)
    monkeypatch.setattr(oauth, "KEY_REFETCH_S", 0.0)
    monkeypatch.setattr(resource_server._keys, "_url", f"{hanging.issuer}/keys")
    later = time.monotonic() + oauth.KEY_LIFETIME_S + 1
    with monkeypatch.context() as patch:
        patch.setattr(oauth.time, "monotonic", lambda: later)
        resource_server.principal(token)  # waits for the fetch, and goes on with the known key
        started = time.perf_counter()
        for _ in range(20):
            resource_server.principal(token)
        assert time.perf_counter() - started < 1
    with pytest.raises(Denied):
        resource_server.principal(signer.token("k1", header={"kid": "another"}))


# The end


async def raw_call(server: Running, arguments: dict[str, Any]) -> socket.socket:
    """Begin a call and leave it."""
    async with web_of(server.token) as web:
        session = (await initialize(web, server)).headers["mcp-session-id"]
    message = {
        "jsonrpc": "2.0",
        "id": 3,
        "method": "tools/call",
        "params": {"name": "probe", "arguments": arguments},
    }
    body = httpx2.Request("POST", "http://x", json=message).content
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    head = (
        f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {server.token}\r\n"
        f"Content-Type: application/json\r\nAccept: {ACCEPT['Accept']}\r\nMcp-Session-Id: {session}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
    return connection


@pytest.mark.parametrize("what", [{"hears": False}, {"in_loop": True}], ids=["in a thread", "in the loop"])
async def test_a_signal_ends_a_listening_server_though_a_call_never_ends(
    tmp_path: Path, what: dict[str, Any]
) -> None:
    async with serving(tmp_path) as server:
        with await raw_call(server, {"lasts_s": 600, **what}):
            await until((tmp_path / "started").exists, "the call runs")
            server.process.send_signal(signal.SIGTERM)
            with anyio.fail_after(END_S):
                assert await server.process.wait() == 0


@pytest.mark.parametrize("what", [{"hears": False}, {"in_loop": True}], ids=["in a thread", "in the loop"])
@pytest.mark.parametrize("end", ["signal", "stdin"])
async def test_a_signal_ends_a_server_over_stdio_though_a_call_never_ends(
    tmp_path: Path, what: dict[str, Any], end: str
) -> None:
    if end == "stdin" and "in_loop" in what:
        pytest.skip("nobody hears it then")
    command = [sys.executable, str(PROBE), str(tmp_path), "--root", f"{tmp_path}:open"]
    async with await anyio.open_process(command, env=environment(tmp_path)) as process:
        assert process.stdin
        call = {
            "jsonrpc": "2.0",
            "id": 3,
            "method": "tools/call",
            "params": {"name": "probe", "arguments": {"lasts_s": 600, **what}},
        }
        for message in (INITIALIZE, {"jsonrpc": "2.0", "method": "notifications/initialized"}, call):
            await process.stdin.send(httpx2.Request("POST", "http://x", json=message).content + b"\n")
        await until((tmp_path / "started").exists, "the call runs")
        if end == "signal":
            process.send_signal(signal.SIGTERM)
        else:
            await process.stdin.aclose()
        with anyio.fail_after(END_S):
            assert await process.wait() == 0
