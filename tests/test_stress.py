"""64 remote clients, 2,000 calls, connections dropped at random: every answer is its client's own, every
call is on record once, nothing is left behind, and nobody is starved.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from test_server_http import Running, serving

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.server.http.token_store import TokenStore
from mcp_smalltools.stores.ledger import Ledger, LedgerRow

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(600)]

TOKENS, CLIENTS_EACH, CALLS_EACH = 8, 8, 32
LINES = 300
DROPPED, CLASSIFIED = 0.06, 0.04
WAYS = [("sse", "auto"), ("sse", "legacy"), ("http", "auto"), ("http", "legacy")]
GREEDY_AT_ONCE = 6
"""Calls that each client of the first token has running at once; the others have one."""


@dataclass
class Seen:
    """What all clients together have met."""

    started: int = 0
    answered: list[str] = field(default_factory=list)
    dropped: int = 0


def line_of(token: int, client: int, number: int) -> str:
    return f"token {token} client {client} line {number}"


async def one_call(agent: Client, chance: random.Random, token: int, client: int, seen: Seen) -> None:
    """A call whose answer can be nobody else's."""
    seen.started += 1
    if chance.random() < CLASSIFIED:
        mark = f"message {token}-{client}-{chance.randrange(10**6)}"
        result = await agent.call_tool(
            "classify", {"items": [mark], "labels": [f"bug{client}", f"wish{token}"]}
        )
        assert not result.is_error, result
        assert result.structured_content["results"][0]["label"] in (
            f"bug{client}",
            f"wish{token}",
            "none of these",
        )
    else:
        start = chance.randrange(1, LINES - 5)
        arguments = {"path": f"client{client}.txt", "start": start, "end": start + 4}
        result = await agent.call_tool("read_redacted", arguments)
        assert not result.is_error, result
        expected = [line_of(token, client, number) for number in range(start, start + 5)]
        assert result.structured_content["lines"] == expected
    seen.answered.append(result.structured_content["call_id"])


async def one_client(server: Running, token: int, client: int, text: str, seen: Seen) -> None:
    chance = random.Random(token * 100 + client)
    own = Running(server.folder, server.process, server.port, text)
    at_once = GREEDY_AT_ONCE if token == 0 else 1
    left = CALLS_EACH
    while left > 0:
        kind, mode = chance.choice(WAYS)
        drop_after = chance.randrange(1, left + 1) if chance.random() < DROPPED * CALLS_EACH / 2 else None
        connection = anyio.CancelScope()
        try:
            with connection:
                async with own.client(kind, mode) as agent:
                    while left > 0:
                        together = min(at_once, left)
                        left -= together
                        async with anyio.create_task_group() as group:
                            for _ in range(together):
                                group.start_soon(one_call, agent, chance, token, client, seen)
                            if drop_after is not None and left <= drop_after:
                                await anyio.sleep(chance.random() * 0.02)
                                seen.dropped += 1
                                connection.cancel()
        except* MCPError:
            # Of a connection that is dropped, a call may hear before it is cancelled.
            if not connection.cancel_called:
                raise


async def gauges(server: Running) -> dict[str, float]:
    """Of the server's process."""
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {server.token}"}) as web:
        text = (await web.get(f"http://127.0.0.1:{server.port}/metrics")).text
    names = ("process_open_fds", "process_resident_memory_bytes", "smalltools_requests_open")
    found = {name: re.search(rf"^{name} (\S+)$", text, re.MULTILINE) for name in names}
    return {name: float(match[1]) if match else 0.0 for name, match in found.items()}


def rows_of(folder: Path) -> list[LedgerRow]:
    ledger = Ledger(folder / "state" / "ledger.db", keep_days=1)
    try:
        return ledger.rows()
    finally:
        ledger.close()


async def everybody(server: Running, texts: dict[int, str], seen: Seen) -> None:
    async with anyio.create_task_group() as group:
        for token, text in texts.items():
            for client in range(CLIENTS_EACH):
                group.start_soon(one_client, server, token, client, text, seen)


async def test_many_clients_that_come_and_go_get_their_own_answers_and_leave_nothing_behind(
    tmp_path: Path,
) -> None:
    # On an idle machine clients that come and go send more in a minute than one token may.
    (tmp_path / "config.toml").write_text("http_sessions_per_minute = 0\nhttp_requests_per_minute = 0\n")
    async with serving(tmp_path, "--config", str(tmp_path / "config.toml")) as server:
        store = TokenStore(Settings(state_dir=tmp_path / "state"))
        texts: dict[int, str] = {}
        for token in range(TOKENS):
            folder = tmp_path / f"token{token}"
            folder.mkdir()
            for client in range(CLIENTS_EACH):
                lines = "\n".join(line_of(token, client, number) for number in range(1, LINES + 1))
                (folder / f"client{client}.txt").write_text(lines)
            texts[token] = store.create(f"t{token}", roots=(RootSpec(path=folder),))[0]
        store.close()
        warm = Seen()
        await one_client(server, 1, 0, texts[1], warm)
        await everybody(server, {1: texts[1]}, warm)
        before = await gauges(server)
        seen = Seen()
        await everybody(server, texts, seen)
        with anyio.fail_after(30):
            while (after := await gauges(server))["smalltools_requests_open"] > 1:
                await anyio.sleep(0.2)
    assert seen.started >= 0.95 * TOKENS * CLIENTS_EACH * CALLS_EACH and seen.dropped >= 20
    assert after["process_open_fds"] <= before["process_open_fds"] + 8, (before, after)
    grown = after["process_resident_memory_bytes"] - before["process_resident_memory_bytes"]
    assert grown < 64 << 20, (before, after)
    rows = rows_of(tmp_path)
    ids = Counter(row.call_id for row in rows)
    assert set(ids.values()) == {1}
    answered = seen.answered + warm.answered
    assert len(set(answered)) == len(answered) and set(answered) <= set(ids)
    assert len(rows) <= seen.started + warm.started
    others = {row.error for row in rows if row.call_id not in set(answered)}
    assert others <= {None, "cancelled"}, "what was not answered was cancelled, or its client had gone"
    fair(rows[: len(seen.answered)])


def fair(rows: list[LedgerRow]) -> None:
    """When half of the calls are done, each caller has a good part of its own done, the greedy one or not."""
    rows = sorted(rows, key=lambda row: row.at)
    total = Counter(row.principal for row in rows)
    half = Counter(row.principal for row in rows[: len(rows) // 2])
    shares = {name: half[name] / total[name] for name in total}
    assert min(share for name, share in shares.items() if name != "token t0") >= 0.2, shares


def test_one_hostile_token_costs_the_others_no_answer_and_little_time() -> None:
    """`benchmarks/fairness.py` in small; its figures are from more calls."""
    script = Path(__file__).parents[1] / "benchmarks" / "fairness.py"
    command = [sys.executable, str(script), "--clients", "16", "--calls", "240", "--rounds", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=500)
    found = json.loads(done.stdout)
    assert found["server_alive"]
    assert found["without"]["share_answered"] == found["with"]["share_answered"] == 1.0
    assert found["ratio_of_medians"] < 5, found
