"""The real engine under faults: killed at random, stopped, without room on its disk."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import anyio
import numpy as np
import pytest

from mcp_smalltools.config import Settings
from mcp_smalltools.engine.api import ChatMessage, Generation, Prompt, Sampling
from mcp_smalltools.engine.client import launch
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.engine.endpoint import Endpoint

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and limits"),
]

SYSTEM = ChatMessage("system", "You answer with one word. " * 12)


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Settings]:
    settings = Settings(state_dir=tmp_path / "state", runtime_dir=tmp_path / "run", engine_idle_s=60)
    yield settings
    place = Endpoint(settings.runtime_dir)
    if pid := place.living_pid():
        await launch.kill_daemon(place, pid)


async def word(client: EngineClient, question: str) -> Generation:
    prompt = Prompt((SYSTEM, ChatMessage("user", question)), shared=1)
    return (await client.generate([prompt], Sampling(max_tokens=4)))[0]


async def test_no_call_is_lost_or_answered_twice_differently_while_the_engine_is_killed(
    own: Settings,
) -> None:
    """200 calls of four clients, twenty kills at random times; a call meets one of them, seldom, and not two.

    So after a kill each client is answered once before the next: on a busy machine an engine takes longer
    to start than any fixed pause.
    """
    clients = [EngineClient(own) for _ in range(4)]
    texts = [f"line {number}: the disk of host {number % 7} is full" for number in range(200)]
    calm = (await clients[0].embed(texts)).vectors
    answers: dict[int, np.ndarray] = {}
    chance = random.Random(7)
    done = anyio.Event()
    place = Endpoint(own.runtime_dir)
    unanswered: set[int] = set()  # clients that had no answer since the last kill

    async def ask(index: int, numbers: range) -> None:
        for number in numbers:
            assert number not in answers
            answers[number] = (await clients[index].embed([texts[number]])).vectors[0]
            unanswered.discard(index)
            await anyio.sleep(0.02)
        while not done.is_set():  # until the last kill, so that each kill meets calls
            vectors = (await clients[index].embed(texts[:3])).vectors
            assert np.allclose(vectors, calm[:3], atol=2e-2)
            unanswered.discard(index)

    async def kill() -> None:
        for _ in range(20):
            await anyio.sleep(chance.uniform(0, 0.6))
            while unanswered or (pid := place.living_pid()) is None:
                await anyio.sleep(0.01)
            unanswered.update(range(len(clients)))
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        done.set()

    with anyio.fail_after(240):
        async with anyio.create_task_group() as group:
            group.start_soon(kill)
            for index in range(len(clients)):
                group.start_soon(ask, index, range(index * 50, index * 50 + 50))
    assert len(answers) == 200
    for number, vector in answers.items():
        assert float(vector @ calm[number]) > 0.999
    for client in clients:
        await client.close()


async def test_an_engine_that_is_stopped_for_long_is_replaced_and_the_call_answers(own: Settings) -> None:
    client = EngineClient(own)
    before = await word(client, "Is ice cold?")
    pid = (await client.status()).pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with anyio.fail_after(90):
        after = await word(client, "Is ice cold?")
    assert after.text == before.text
    assert (await client.status()).pid != pid
    await client.close()


async def test_calls_go_on_where_no_prefix_can_be_saved(own: Settings) -> None:
    """A limit of 64 KB on each file's size: the daemon's own small files fit, a prefix doesn't."""
    command = """
import resource, sys
from mcp_smalltools.engine.daemon import daemon
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
sys.exit(daemon.main())
"""
    client = EngineClient(own, command=(sys.executable, "-P", "-c", command))
    first = await word(client, "Is ice cold?")
    again = await word(client, "Is snow cold?")
    assert first.text
    assert again.cached_tokens > 0, "the prefix is kept in memory all the same"
    saved = [path for path in (own.state_dir / "prefixes").rglob("*") if path.stat().st_size > 1000]
    assert saved == []
    await client.shutdown()
    await client.close()


async def test_a_saved_prefix_that_was_damaged_is_not_used(own: Settings) -> None:
    client = EngineClient(own)
    before = await word(client, "Is ice cold?")
    await client.shutdown()
    [saved] = [path for path in (own.state_dir / "prefixes").rglob("*") if path.is_file()]
    for damage in (
        lambda data: data[: len(data) // 2],
        lambda data: data[:-100] + bytes(100),
        lambda data: b"",
    ):
        saved.write_bytes(damage(saved.read_bytes()))
        after = await word(client, "Is ice cold?")
        assert after.text == before.text
        await client.shutdown()
    await client.close()
