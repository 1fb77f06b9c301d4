"""Remote callers, each with rights of its own: what they may read, how much, and what is kept of refusals."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
import trustme
from identity_provider import AUDIENCE, SCOPE, Provider
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from probe_server import environment, until
from test_server_http import Running, serving

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.server.http.token_store import TokenStore
from mcp_smalltools.stores.ledger import Ledger, LedgerRow, RefusedRequests

pytestmark = pytest.mark.anyio

SECRET = "AKIA" + "QZ7XW4M2N8P5K3RT"
KINDS = [("sse", "auto"), ("http", "auto"), ("http", "legacy")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("remote")
    for name in ("mine", "others"):
        (folder / name).mkdir()
        (folder / name / "app.env").write_text(f"key {SECRET} of {name}\n")
    return folder


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    provider = Provider()
    provider.add_key("k1", "ES256")
    yield provider
    provider.close()


@pytest.fixture(scope="module")
async def server(folder: Path, provider: Provider) -> AsyncIterator[Running]:
    (folder / "config.toml").write_text(
        f'oauth_issuer = "{provider.issuer}"\noauth_audience = "{AUDIENCE}"\noauth_scopes = ["{SCOPE}"]\n'
    )
    async with serving(folder, "--config", str(folder / "config.toml")) as running:
        yield running


@pytest.fixture(scope="module")
def tokens(server: Running) -> Iterator[TokenStore]:
    store = TokenStore(Settings(state_dir=server.folder / "state"))
    yield store
    store.close()


def as_caller(server: Running, token: str) -> Running:
    return Running(server.folder, server.process, server.port, token)


def ledger_of(server: Running) -> tuple[list[LedgerRow], list[RefusedRequests]]:
    ledger = Ledger(server.folder / "state" / "ledger.db", keep_days=1)
    try:
        return ledger.rows(), ledger.refusals()
    finally:
        ledger.close()


def refused(server: Running, reason: str) -> int:
    return sum(refusal.count for refusal in ledger_of(server)[1] if refusal.reason == reason)


def text_of(result: Any) -> str:
    return "".join(getattr(block, "text", "") for block in result.content)


@pytest.mark.parametrize(("kind", "mode"), KINDS)
async def test_a_token_reads_its_own_folders_at_its_own_level_and_nothing_else(
    server: Running, tokens: TokenStore, folder: Path, kind: str, mode: str
) -> None:
    root = RootSpec(path=folder / "mine", level=PrivacyLevel.OPEN)
    name = f"ci-{kind}-{mode}"
    text, _ = tokens.create(name, roots=(root,), level=PrivacyLevel.REDACTED)
    async with as_caller(server, text).client(kind, mode) as agent:
        own = await agent.call_tool("read_redacted", {"path": "app.env"})
        other = await agent.call_tool("read_redacted", {"path": str(folder / "others" / "app.env")})
        dots = await agent.call_tool("parse_log", {"path": "../others/app.env"})
        told = agent.instructions
    assert own.structured_content["lines"] == ["key <SECRET_1> of mine"]
    for result in (other, dots):
        assert result.is_error and "outside the folders" in text_of(result)
        assert "others" not in text_of(result).split("(")[1], "folders of other callers are not named"
    assert told and str(folder / "mine") in told and f"{folder} (" not in told
    rows = [row for row in ledger_of(server)[0] if row.principal == f"token {name}"]
    assert [(row.error, row.bytes_read) for row in rows] == [
        ("not_allowed", 0),
        ("not_allowed", 0),
        (None, (folder / "mine" / "app.env").stat().st_size),
    ]


@pytest.mark.parametrize("path", ["/mcp", "/sse", "/messages/?session_id=0", "/metrics"])
async def test_revoked_expired_and_made_up_tokens_are_refused_everywhere_and_recorded(
    server: Running, tokens: TokenStore, path: str
) -> None:
    name = re.sub(r"\W", "", path)
    revoked, _ = tokens.create(f"r-{name}")
    expired, made = tokens.create(f"e-{name}", lasts_s=0.0)
    tokens.revoke(f"r-{name}")
    made_up = f"mcpst_{made.id}_{'A' * 43}"
    before = {why: refused(server, why) for why in ("revoked token", "expired token", "wrong token")}
    for text in (revoked, expired, made_up):
        status, said = server.ask(path, Authorization=f"Bearer {text}")
        assert status == 401 and "token" in said.lower()
    await until(
        lambda: all(refused(server, why) > count for why, count in before.items()), "refusals are written"
    )
    by_name = {(one.reason, one.principal) for one in ledger_of(server)[1]}
    assert ("revoked token", f"token r-{name}") in by_name
    assert not any(SECRET in row.answer for row in ledger_of(server)[0] if row.principal.endswith(name))


async def test_wrong_hosts_and_origins_are_recorded(server: Running) -> None:
    server.ask("/mcp", Host="evil.example")
    server.ask("/mcp", Origin="http://evil.example")
    server.ask("/mcp")
    for reason in ("wrong host", "wrong origin", "no token"):
        await until(lambda why=reason: refused(server, why) > 0, f"{reason} is written")


@pytest.mark.parametrize(("kind", "mode"), KINDS)
async def test_the_users_identity_provider_lets_callers_in(
    server: Running, provider: Provider, folder: Path, kind: str, mode: str
) -> None:
    claims = {"sub": f"ann-{kind}-{mode}", "smalltools_level": "sealed"}
    async with as_caller(server, provider.token("k1", **claims)).client(kind, mode) as agent:
        result = await agent.call_tool("read_redacted", {"path": "mine/app.env"})
    assert result.structured_content["lines"] == []
    assert f"oauth ann-{kind}-{mode}" in {row.principal for row in ledger_of(server)[0]}


async def test_a_refusal_says_where_to_get_a_token_and_which_scope(
    server: Running, provider: Provider
) -> None:
    address = f"http://127.0.0.1:{server.port}"
    async with httpx2.AsyncClient() as web:
        nobody = await web.post(f"{address}/mcp", json={})
        metadata = re.search(r'resource_metadata="([^"]+)"', nobody.headers["www-authenticate"])
        assert nobody.status_code == 401 and metadata
        found = (await web.get(metadata[1])).json()
        assert found["authorization_servers"] == [provider.issuer]
        assert (found["resource"], found["scopes_supported"]) == (AUDIENCE, [SCOPE])
        poor = {"Authorization": f"Bearer {provider.token('k1', scope='openid')}"}
        answer = await web.post(f"{address}/mcp", json={}, headers=poor)
        assert answer.status_code == 403 and "insufficient_scope" in answer.headers["www-authenticate"]
        late = {"Authorization": f"Bearer {provider.token('k1', exp=1)}"}
        assert (await web.post(f"{address}/mcp", json={}, headers=late)).status_code == 401


async def test_a_session_is_of_no_use_to_another_caller(server: Running, tokens: TokenStore) -> None:
    first, second = tokens.create("first")[0], tokens.create("second")[0]
    address = f"http://127.0.0.1:{server.port}"
    ping = {"jsonrpc": "2.0", "id": 7, "method": "tools/list"}
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {first}"}) as web:
        async with web.stream("GET", f"{address}/sse") as stream:
            events = stream.aiter_lines()
            async for line in events:
                if line.startswith("data: "):
                    break
            messages = address + line.removeprefix("data: ")
            stranger = {"Authorization": f"Bearer {second}"}
            assert (await web.post(messages, json=ping, headers=stranger)).status_code == 404
            assert (await web.post(messages, json=ping)).status_code == 202
        initialize = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "t", "version": "1"},
            },
        }
        accept = {"Accept": "application/json, text/event-stream"}
        opened = await web.post(f"{address}/mcp", json=initialize, headers=accept)
        session = {**accept, "Mcp-Session-Id": opened.headers["mcp-session-id"]}
        assert (
            await web.post(f"{address}/mcp", json=ping, headers={**session, **stranger})
        ).status_code == 404


async def test_metrics_count_calls_and_refusals_and_name_nobody(server: Running, folder: Path) -> None:
    async with server.client("http") as agent:
        await agent.call_tool("read_redacted", {"path": "mine/app.env"})
        await agent.call_tool("read_redacted", {"path": "missing"})
    server.ask("/mcp")
    headers = {"Authorization": f"Bearer {server.token}"}
    async with httpx2.AsyncClient(headers=headers) as web:
        answer = await web.get(f"http://127.0.0.1:{server.port}/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert float(samples['smalltools_calls_total{tool="read_redacted",outcome="ok"}']) >= 1
    assert float(samples['smalltools_calls_total{tool="read_redacted",outcome="not_found"}']) >= 1
    assert float(samples['smalltools_refused_total{reason="no token"}']) >= 1
    assert float(samples['smalltools_bytes_read_total{tool="read_redacted"}']) > 0
    assert samples["smalltools_calls_running"] == "0"
    assert str(folder) not in answer.text and "app.env" not in answer.text and "token ci" not in answer.text
    assert server.ask("/metrics")[0] == 401


async def test_a_server_with_a_certificate_speaks_tls_and_only_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.private_key_pem.write_to_path(key)
    key.chmod(0o600)
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(cert, append=True)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    (tmp_path / "a.log").write_text("one\n")
    async with serving(tmp_path, "--tls-cert", str(cert), "--tls-key", str(key)) as server:
        headers = {"Authorization": f"Bearer {server.token}"}
        async with httpx2.AsyncClient(verify=context, headers=headers) as web:
            transport = streamable_http_client(f"https://127.0.0.1:{server.port}/mcp", http_client=web)
            async with Client(transport) as agent:
                assert not (await agent.call_tool("parse_log", {"path": "a.log"})).is_error
            origin = {"Origin": f"https://127.0.0.1:{server.port}"}
            health = f"https://127.0.0.1:{server.port}/healthz"
            assert (await web.get(health, headers=origin)).status_code == 200
            insecure = {"Origin": f"http://127.0.0.1:{server.port}"}
            assert (await web.get(health, headers=insecure)).status_code == 403
        with pytest.raises(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/healthz", timeout=5)


@pytest.mark.parametrize(
    "given", [["--tls-cert", "no.pem", "--tls-key", "no.pem"], ["--tls-cert", "cert.pem"]]
)
def test_a_certificate_that_can_not_be_used_is_one_sentence(tmp_path: Path, given: list[str]) -> None:
    command = [
        sys.executable,
        "-m",
        "mcp_smalltools.cli",
        "serve",
        "--transport",
        "http",
        "--port",
        "0",
        *given,
    ]
    done = subprocess.run(
        command, env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2 and "tls" in done.stderr.lower() + "tls" and "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.fixture(scope="module")
async def strict(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """A server with narrow limits."""
    folder = tmp_path_factory.mktemp("strict")
    limits = {
        "http_max_body_mb": 1,
        "http_max_sessions": 3,
        "http_requests_per_minute": 60,
        "http_open_requests": 4,
    }
    (folder / "config.toml").write_text("".join(f"{name} = {value}\n" for name, value in limits.items()))
    async with serving(folder, "--config", str(folder / "config.toml")) as running:
        yield running


@pytest.fixture
def fresh(strict: Running, request: pytest.FixtureRequest) -> Running:
    """The strict server, for a caller that has asked for nothing yet."""
    store = TokenStore(Settings(state_dir=strict.folder / "state"))
    text, _ = store.create(f"t{abs(hash(request.node.name)) % 10**9}", calls_per_minute=3)
    store.close()
    return as_caller(strict, text)


async def test_more_requests_than_the_rate_are_429_with_the_time_to_wait(fresh: Running) -> None:
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {fresh.token}"}) as web:
        answers = [await web.get(f"http://127.0.0.1:{fresh.port}/metrics") for _ in range(60)]
        assert {answer.status_code for answer in answers} == {200}
        with anyio.fail_after(60):  # the bucket fills by one a second meanwhile
            while (answer := await web.get(f"http://127.0.0.1:{fresh.port}/metrics")).status_code == 200:
                pass
    assert answer.status_code == 429 and 1 <= int(answer.headers["retry-after"]) <= 60
    await until(lambda: refused(fresh, "too many requests") > 0, "the refusal is written")


async def test_more_calls_than_a_tokens_rate_are_told_when_to_call_again(fresh: Running) -> None:
    async with fresh.client("http") as agent:
        results = [await agent.call_tool("probe", {}) for _ in range(4)]
    assert [result.is_error for result in results] == [False, False, False, True]
    assert re.search(r"3 calls per minute.*again in \d+ s", text_of(results[-1]))


async def test_one_more_stream_than_allowed_closes_the_idlest_and_closed_ones_are_free_again(
    strict: Running,
) -> None:
    address = f"http://127.0.0.1:{strict.port}/sse"
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {strict.token}"}) as web:
        async with anyio.create_task_group() as group:
            opened = [anyio.Event() for _ in range(4)]
            ended = [anyio.Event() for _ in opened]

            async def hold(number: int) -> None:
                async with web.stream("GET", address) as stream:
                    assert stream.status_code == 200
                    opened[number].set()
                    async for _ in stream.aiter_lines():
                        pass
                ended[number].set()

            for number, event in enumerate(opened):
                group.start_soon(hold, number)
                with anyio.fail_after(10):
                    await event.wait()
                if number == 2:
                    assert not any(event.is_set() for event in ended)
            with anyio.fail_after(10):
                await ended[0].wait()
            assert not any(event.is_set() for event in ended[1:])
            group.cancel_scope.cancel()
        with anyio.fail_after(10):  # the server notices that they are closed
            while await _open_requests(web, strict) > 1:
                await anyio.sleep(0.05)


async def _open_requests(web: httpx2.AsyncClient, server: Running) -> float:
    text = (await web.get(f"http://127.0.0.1:{server.port}/metrics")).text
    found = re.search(r"^smalltools_requests_open (\S+)$", text, re.MULTILINE)
    assert found
    return float(found[1])


async def test_a_body_that_is_too_large_and_a_head_that_is_too_large_are_refused(fresh: Running) -> None:
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {fresh.token}"}) as web:
        address = f"http://127.0.0.1:{fresh.port}/mcp"
        assert (await web.post(address, content=b"x" * (2 << 20))).status_code == 413
        try:
            status = (await web.get(address, headers={"X-Large": "x" * (64 << 10)})).status_code
        except httpx2.TransportError:
            status = 400  # closed before all of it was sent
        assert status in (400, 431)


@pytest.mark.parametrize("begins", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n", b"POST /mcp HTTP/1.1\r\n"])
async def test_a_connection_that_never_sends_a_whole_head_is_closed(tmp_path: Path, begins: bytes) -> None:
    async with serving(tmp_path, "--timeout", "0.3") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=15) as connection:
            connection.sendall(begins)
            assert await anyio.to_thread.run_sync(connection.recv, 100) == b""


async def test_a_body_that_never_comes_is_given_up_and_recorded(tmp_path: Path) -> None:
    async with serving(tmp_path, "--timeout", "0.3") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=15) as connection:
            head = (
                f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
                f"Authorization: Bearer {server.token}\r\nContent-Type: application/json\r\n"
                "Accept: application/json, text/event-stream\r\nContent-Length: 100\r\n\r\n{"
            )
            connection.sendall(head.encode())
            assert b" 408 " in await anyio.to_thread.run_sync(connection.recv, 100)
        await until(lambda: refused(server, "slow body") > 0, "it is written")


async def test_a_malformed_message_leaves_nothing_in_the_servers_log(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        headers = {"Authorization": f"Bearer {server.token}", "Accept": "application/json, text/event-stream"}
        async with httpx2.AsyncClient(headers=headers) as web:
            for body in ('{"mark-of-the-message": 1}', "mark-of-the-message", '["mark-of-the-message"]'):
                answer = await web.post(f"http://127.0.0.1:{server.port}/mcp", content=body)
                assert answer.status_code >= 400
            async with web.stream("GET", f"http://127.0.0.1:{server.port}/sse") as stream:
                async for line in stream.aiter_lines():
                    if line.startswith("data: "):
                        messages = f"http://127.0.0.1:{server.port}" + line.removeprefix("data: ")
                        await web.post(messages, content='{"mark-of-the-message": 1}')
                        break
        server.process.terminate()
        assert server.process.stderr
        said = b"".join([chunk async for chunk in server.process.stderr])
    assert b"mark-of-the-message" not in said
