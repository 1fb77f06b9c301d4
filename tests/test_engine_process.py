"""The engine's process, with a scheduler that holds no model: how it starts, is shared, leaves, is killed."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from mcp_smalltools.config import Settings
from mcp_smalltools.engine import endpoint, protocol, work
from mcp_smalltools.engine.api import CallOptions
from mcp_smalltools.engine.client import client as client_module
from mcp_smalltools.engine.client import connection, launch
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.engine.endpoint import Endpoint
from mcp_smalltools.errors import DeadlineExceeded, EngineBusy, EngineUnavailable, VersionMismatch
from mcp_smalltools.models.download_records import ModelFile

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="signals and Unix sockets"),
]

ECHO = (sys.executable, "-P", str(Path(__file__).with_name("echo_engine.py")))
ANY_FILE = ModelFile("echo", sys.executable, "0" * 64, "embed", 512, "F32")
Make = Callable[..., EngineClient]


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state", runtime_dir=tmp_path / "run", engine_idle_s=60)


@pytest.fixture
async def make(own: Settings) -> AsyncIterator[Make]:
    """Makes clients of an echo engine; ends them and it afterwards."""
    clients: list[EngineClient] = []

    def one(*arguments: str, version: str = "1.0", settings: Settings = own, **options: Any) -> EngineClient:
        command = (*ECHO, "--version", version, *arguments)
        made = EngineClient(
            settings, resolve=lambda *_: ANY_FILE, command=command, version=version, **options
        )
        clients.append(made)
        return made

    yield one
    for made in clients:
        await made.close()
    if pid := Endpoint(own.runtime_dir).living_pid():
        await launch.kill_daemon(Endpoint(own.runtime_dir), pid)


async def pid_of(client: EngineClient) -> int:
    pid = (await client.status()).pid
    assert pid is not None
    return pid


async def until(condition: Callable[[], Any], seconds: float = 60) -> None:
    """Wait for a condition; it may be a coroutine function."""
    with anyio.fail_after(seconds):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await anyio.sleep(0.01)


async def test_it_starts_on_first_need_and_asking_for_its_status_starts_nothing(make: Make) -> None:
    client = make()
    assert not (await client.status()).running
    vectors = (await client.embed(["one", "two"])).vectors
    assert vectors.shape == (2, 8)
    status = await client.status()
    assert (status.running, status.version, status.requests) == (True, "1.0", 1)
    assert [model.id for model in status.models] == ["echo"]


async def test_clients_that_come_at_once_start_one_engine(make: Make) -> None:
    clients = [make() for _ in range(10)]
    async with anyio.create_task_group() as group:
        for client in clients:
            group.start_soon(client.embed, ["text"])
    assert len({await pid_of(client) for client in clients}) == 1


async def test_socket_token_and_folder_are_the_users_alone(make: Make, own: Settings) -> None:
    await make().embed(["text"])
    place = Endpoint(own.runtime_dir)
    modes = {
        path: stat.S_IMODE(path.stat().st_mode) for path in (place.socket, place.token_file, place.folder)
    }
    assert modes == {place.socket: 0o600, place.token_file: 0o600, place.folder: 0o700}


async def test_a_folder_that_others_can_enter_is_refused(make: Make, own: Settings) -> None:
    own.runtime_dir.mkdir(mode=0o755)
    own.runtime_dir.chmod(0o755)
    with pytest.raises(EngineUnavailable, match="entered by others"):
        await make().embed(["text"])


async def test_a_client_without_the_token_is_refused_and_an_engine_without_it_is_not_trusted(
    make: Make, own: Settings
) -> None:
    await make().embed(["text"])
    place = Endpoint(own.runtime_dir)
    reader, writer = await asyncio.open_unix_connection(place.socket)
    nonce = secrets.token_bytes(16)
    writer.write(protocol.encode(protocol.Hello(nonce), 4096))
    challenge, _ = await protocol.read_frame(reader.readexactly, 4096)
    wrong = protocol.prove("not the token", "client", nonce, challenge.nonce)
    writer.write(protocol.encode(protocol.Auth(wrong, "1.0", "stranger"), 4096))
    refused, _ = await protocol.read_frame(reader.readexactly, 4096)
    assert refused == protocol.Refused("token")
    assert await reader.read() == b""
    writer.close()
    place.token_file.write_text("another token")
    with pytest.raises(EngineUnavailable, match="doesn't know its token"):
        await make().embed(["text"])


async def test_who_asks_before_the_handshake_is_dropped(make: Make, own: Settings) -> None:
    client = make()
    await client.embed(["text"])
    reader, writer = await asyncio.open_unix_connection(Endpoint(own.runtime_dir).socket)
    request = protocol.Request(1, ANY_FILE, work.Embed(("text",), False), 10.0)
    writer.write(protocol.encode(request, 4096))
    assert await reader.read() == b""
    writer.close()
    assert (await client.status()).requests == 1


async def test_another_version_takes_over_from_an_engine_that_nobody_uses(make: Make) -> None:
    old = make(version="1.0")
    await old.embed(["text"])
    before = await pid_of(old)
    await old.close()
    new = make(version="2.0")
    await new.embed(["text"])
    assert (await new.status()).version == "2.0"
    assert await pid_of(new) != before


@pytest.mark.parametrize(
    ("engine", "ours", "said", "remedy"),
    [
        ("1.9", "1.10", r"older version 1\.9 .* this program is 1\.10", "Restart the agents"),
        ("2.0", "1.10", r"newer version 2\.0 .* this program is 1\.10", "Update this program"),
    ],
)
async def test_a_newer_and_an_older_engine_in_use_are_told_apart(
    make: Make, engine: str, ours: str, said: str, remedy: str
) -> None:
    other, own = make(version=engine), make(version=ours)
    await other.embed(["text"])
    with pytest.raises(VersionMismatch, match=said) as caught:
        await own.embed(["text"])
    assert remedy in caught.value.remedy
    assert "its version differs" in (await own.status()).extra["problem"]


async def test_an_engine_of_another_protocol_is_refused_by_its_number(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make().embed(["text"])
    monkeypatch.setattr(protocol.Hello, "__init__", _hello_of_protocol_1)
    monkeypatch.setattr(protocol, "PROTOCOL", 1)
    with pytest.raises(VersionMismatch, match=r"newer version 1\.0 \(protocol 2\)"):
        await make().embed(["text"])


def _hello_of_protocol_1(self: protocol.Hello, nonce: bytes, protocol: int = 1) -> None:
    object.__setattr__(self, "nonce", nonce)
    object.__setattr__(self, "protocol", protocol)


async def test_it_leaves_when_it_has_been_idle(make: Make, own: Settings) -> None:
    client = make(settings=own.model_copy(update={"engine_idle_s": 0.2}))
    await client.embed(["text"])
    place = Endpoint(own.runtime_dir)
    await until(lambda: place.living_pid() is None)
    assert not place.socket.exists()
    assert (await client.embed(["again"])).vectors.shape == (1, 8)


async def test_it_leaves_when_it_holds_too_much_memory(make: Make, own: Settings) -> None:
    client = make(settings=own.model_copy(update={"engine_memory_mb": 1}))
    await client.embed(["text"])
    await until(lambda: Endpoint(own.runtime_dir).living_pid() is None)
    assert "over its limit of 1 MB" in launch.log_file(own).read_text()


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc")
async def test_the_keys_in_an_agents_environment_stay_out_of_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-canary")
    monkeypatch.setenv("LD_PRELOAD_EXTRA", "canary")
    client = make()
    await client.embed(["text"])
    environ = Path(f"/proc/{await pid_of(client)}/environ").read_bytes()
    assert b"canary" not in environ
    assert b"MCP_SMALLTOOLS_RUNTIME_DIR" in environ


async def test_a_cancelled_request_stops_its_work_and_others_go_on(make: Make) -> None:
    client = make()
    async with anyio.create_task_group() as group:
        group.start_soon(client.embed, ["hold"])
        await until(lambda: _count(client, "queued", 1))
        group.cancel_scope.cancel()
    await until(lambda: _count(client, "cancelled", 1))
    assert (await client.embed(["text"])).vectors.shape == (1, 8)


async def test_a_client_that_goes_away_has_its_work_cancelled(make: Make) -> None:
    gone, stays = make(), make()
    await stays.embed(["text"])
    waiting = asyncio.create_task(gone.embed(["hold"]))
    await until(lambda: _count(stays, "queued", 1))
    await gone.close()
    await until(lambda: _count(stays, "cancelled", 1))
    waiting.cancel()
    with suppress(asyncio.CancelledError, EngineUnavailable):
        await waiting


async def _count(client: EngineClient, name: str, wanted: int) -> bool:
    status = await client.status()
    return bool((status.queued if name == "queued" else status.extra.get(name)) == wanted)


async def test_a_request_that_takes_too_long_ends_at_its_deadline(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "GRACE_S", 0.1)
    client = make()
    await client.embed(["warm"])
    with pytest.raises(DeadlineExceeded) as caught:
        await client.embed(["hold"], CallOptions(deadline_s=0.2))
    assert caught.value.remedy


async def test_a_busy_engine_says_so(make: Make) -> None:
    with pytest.raises(EngineBusy, match="queue is full"):
        await make().embed(["busy"])


async def test_an_engine_that_aborts_costs_one_retry_that_nobody_sees(make: Make, tmp_path: Path) -> None:
    client, other = make(), make()
    await other.embed(["text"])
    before = await pid_of(client)
    assert (await client.embed([f"abort once {tmp_path / 'mark'}"])).vectors.shape == (1, 8)
    assert await pid_of(client) != before
    assert (await other.embed(["text"])).vectors.shape == (1, 8)


async def test_a_request_that_ends_every_engine_is_an_error_and_soon_not_sent_at_all(
    make: Make, own: Settings
) -> None:
    client = make()
    with pytest.raises(EngineUnavailable, match="ended twice") as caught:
        await client.embed(["abort"])
    assert "engine.log" in caught.value.remedy
    with pytest.raises(EngineUnavailable, match="3 times"):
        await client.embed(["abort"])
    await until(lambda: Endpoint(own.runtime_dir).living_pid() is None)
    with pytest.raises(EngineUnavailable, match="3 times"):
        await client.embed(["abort"])
    assert Endpoint(own.runtime_dir).living_pid() is None, "no engine was started for it"
    assert (await client.embed(["text"])).vectors.shape == (1, 8)


async def test_an_engine_that_is_stopped_is_replaced(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEARTBEAT_S", 0.05)
    client = make()
    await client.embed(["text"])
    before = await pid_of(client)
    os.kill(before, signal.SIGSTOP)
    assert (await client.embed(["again"])).vectors.shape == (1, 8)
    assert await pid_of(client) != before


async def test_a_client_that_finds_a_stopped_engine_replaces_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_HANDSHAKE_S", 0.5)
    first, second = make(), make()
    await first.embed(["text"])
    before = await pid_of(first)
    os.kill(before, signal.SIGSTOP)
    assert (await second.embed(["again"])).vectors.shape == (1, 8)
    assert await pid_of(second) != before


async def test_a_step_that_does_not_come_back_ends_the_engine(make: Make, own: Settings) -> None:
    client = make("--step-limit", "0.3")
    with pytest.raises(EngineUnavailable, match="ended twice"):
        await client.embed(["stuck"])
    assert "has taken more than 0.3 s" in launch.log_file(own).read_text()
    assert (await client.embed(["text"])).vectors.shape == (1, 8)


async def test_what_a_killed_engine_leaves_behind_is_no_obstacle(make: Make, own: Settings) -> None:
    client = make()
    await client.embed(["text"])
    place = Endpoint(own.runtime_dir)
    os.kill(await pid_of(client), signal.SIGKILL)
    await until(lambda: place.living_pid() is None)
    assert place.socket.exists()
    (place.folder / "engine.pid").write_text("1")  # of a process that lives, and is no engine
    assert (await make().embed(["text"])).vectors.shape == (1, 8)


async def test_an_engine_that_can_not_start_is_an_error_with_a_remedy(own: Settings) -> None:
    client = EngineClient(
        own, resolve=lambda *_: ANY_FILE, command=(sys.executable, "-c", "raise SystemExit(3)")
    )
    with pytest.raises(EngineUnavailable, match="ended with code 3") as caught:
        await client.embed(["text"])
    assert "doctor" in caught.value.remedy


async def test_shutdown_ends_it_and_is_no_error_without_one(make: Make, own: Settings) -> None:
    client = make()
    await client.shutdown()
    await client.embed(["text"])
    await client.shutdown()
    assert Endpoint(own.runtime_dir).living_pid() is None


async def test_a_runtime_folder_with_a_long_name_gets_a_short_socket(make: Make, tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state", runtime_dir=tmp_path / ("long" * 30), engine_idle_s=5)
    client = make(settings=settings)
    assert (await client.embed(["text"])).vectors.shape == (1, 8)
    await client.shutdown()


async def test_over_loopback_where_there_are_no_unix_sockets(
    make: Make, own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows: a port that stands in a file, and the token."""
    monkeypatch.setattr(connection, "UNIX", False)
    monkeypatch.setattr(endpoint, "UNIX", False)
    client = make("--tcp")
    assert (await client.embed(["text"])).vectors.shape == (1, 8)
    status = await client.status()
    assert status.socket == f"127.0.0.1:{Endpoint(own.runtime_dir).port()}"
    await client.shutdown()


async def test_a_break_of_the_connection_in_the_middle_of_many_calls_loses_none(make: Make) -> None:
    """Killed again and again beside calls of several clients; each gets its own answer."""
    clients = [make() for _ in range(4)]
    await clients[0].embed(["warm"])
    wrong: list[str] = []
    left = 200
    asking = set(range(len(clients)))
    unanswered: set[int] = set()  # clients that had no answer since the last kill: a call meets one, not two

    async def ask(client: EngineClient, number: int) -> None:
        nonlocal left
        for i in range(50):
            text = f"{number}-{i}-xyz"
            vectors = (await client.embed([text])).vectors
            if not (vectors[0] == list(text.encode()[:8].ljust(8, text.encode()[:1]))[:8]).all():
                wrong.append(text)
            left -= 1
            unanswered.discard(number)
            await anyio.sleep(0.02)
        unanswered.discard(number)
        asking.remove(number)

    async def kill() -> None:
        while left > 0:
            await anyio.sleep(0.1)
            pid = Endpoint(clients[0]._settings.runtime_dir).living_pid()
            if pid is not None and not unanswered:
                unanswered.update(asking)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    async with anyio.create_task_group() as group:
        for number, client in enumerate(clients):
            group.start_soon(ask, client, number)
        group.start_soon(kill)
    assert not wrong
