"""What is recorded, when it is written, and how it is shown and exported."""

from __future__ import annotations

import csv
import datetime
import io
import json
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest
from test_service import Grep
from test_stores import A_ROW

from mcp_smalltools.cli import main
from mcp_smalltools.commands.audit import span_of
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import NotRecorded
from mcp_smalltools.principal import Principal
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.stores.ledger import Ledger, RefusedRequests

REMOTE = Principal("token ci", remote=True)


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MCP_SMALLTOOLS_STATE_DIR", str(tmp_path))
    ledger = Ledger(tmp_path / "ledger.db", keep_days=90)
    yield ledger
    ledger.close()


def test_a_day_shows_its_calls_and_a_call_shows_exactly_what_left(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = json.dumps({"lines": ["x" * 2000]})
    ledger.write(replace(A_ROW, at=time.time(), answer=answer))
    ledger.write(replace(A_ROW, call_id="old", at=time.time() - 5 * 86_400))
    assert main(["audit"]) == 0
    out = capsys.readouterr().out
    assert A_ROW.call_id in out and "old" not in out and answer not in out
    assert main(["audit", "--call", A_ROW.call_id]) == 0
    assert answer in capsys.readouterr().out
    day = datetime.date.fromtimestamp(time.time() - 5 * 86_400).isoformat()
    assert main(["audit", day]) == 0
    assert "old" in capsys.readouterr().out
    assert main(["audit", "--call", "nothing"]) == 1
    assert main(["audit", "some day"]) == 2


def test_exports_hold_every_call_whole(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        row = replace(A_ROW, call_id=f"c{number}", at=time.time(), answer=f'=1+"{number}"\nü')
        ledger.write(row)
    ledger.refuse(RefusedRequests(int(time.time() // 60), "wrong token", "", "10.0.0.9", "/mcp", 2))
    assert main(["audit", "all", "--export", "jsonl"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {record.get("call_id") for record in records} == {"c0", "c1", "c2", None}
    assert {record["left"] for record in records[:3]} == {f'=1+"{n}"\nü' for n in range(3)}
    assert records[3]["reason"] == "wrong token" and records[3]["count"] == 2
    assert main(["audit", "all", "--export", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert sorted(row["left"] for row in rows) == [f'\'=1+"{n}"\nü' for n in range(3)]


def test_a_terminal_gets_no_control_characters_from_what_a_caller_named(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.write(replace(A_ROW, at=time.time(), paths=["\x1b]0;owned\x07a.log"], answer="\x1b[2Jx"))
    main(["audit"])
    assert "\x1b" not in capsys.readouterr().out


def test_a_day_has_its_hours_also_when_the_clock_is_put_back() -> None:
    since, until = span_of("2026-10-25")
    assert 82_800 <= until - since <= 90_000


def test_the_same_refusal_within_a_minute_is_one_row_with_a_count(ledger: Ledger) -> None:
    one = RefusedRequests(100, "wrong token", "", "10.0.0.9", "/mcp", 1)
    ledger.refuse(replace(one, minute=int(time.time() // 60)))
    for _ in range(4):
        ledger.refuse(replace(one, minute=int(time.time() // 60) + 1))
    assert [refused.count for refused in ledger.refusals()] == [4, 1]


def test_retention_holds_in_a_server_that_never_restarts(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = time.time()
    for day in range(92):
        monkeypatch.setattr(time, "time", lambda day=day: start + day * 86_400)
        ledger.write(replace(A_ROW, call_id=f"{day:02}", at=time.time()))
    assert min(row.call_id for row in ledger.rows()) == "01"


def test_a_caller_can_be_shown_its_own_rows_alone(ledger: Ledger) -> None:
    ledger.write(replace(A_ROW, at=time.time(), principal="token ci"))
    ledger.write(replace(A_ROW, call_id="b", at=time.time()))
    assert [row.call_id for row in ledger.rows(principal="token ci")] == [A_ROW.call_id]


def service_of(settings: Settings, **changes: object) -> Service:
    service = Service(settings.model_copy(update=changes))
    service.tools = {"grep": Grep()}
    return service


def full_disk(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(row: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(service.ledger(), "write", write)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "case", [("local", None, True), ("local", REMOTE, False), ("all", REMOTE, True), ("none", None, False)]
)
async def test_what_can_not_be_recorded_leaves_only_where_the_user_allows_it(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, Principal | None, bool],
) -> None:
    unrecorded, principal, leaves = case
    (tmp_path / "a.log").write_text("one\n")
    service = service_of(settings, unrecorded=unrecorded)
    full_disk(service, monkeypatch)
    request = ToolRequest("grep", {"path": "a.log"}, principal=principal)
    if leaves:
        assert (await service.call(request)).structured()["evidence"]
    else:
        with pytest.raises(NotRecorded, match="withheld"):
            await service.call(request)
        with pytest.raises(NotRecorded):  # an error says something of the file as well
            await service.call(ToolRequest("grep", {"path": "missing"}, principal=principal))
    await service.close()


@pytest.mark.anyio
async def test_a_call_is_recorded_under_its_caller_before_its_answer_is_there(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.log").write_text("one\n")
    service = service_of(settings)
    answer = await service.call(ToolRequest("grep", {"path": "a.log"}, principal=REMOTE))
    found = service.ledger().find(answer.call_id)
    assert found and found.principal == "token ci"
    await service.close()
