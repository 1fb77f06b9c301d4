"""What the tools save and cost, by a table of prices that the user can change."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import pytest
from test_stores import A_ROW

from mcp_smalltools.cli import main
from mcp_smalltools.config import Settings
from mcp_smalltools.economics.accounts import account_of, short_of
from mcp_smalltools.economics.prices import MachinePrice, ModelPrice, dollars, load_prices
from mcp_smalltools.errors import ConfigError
from mcp_smalltools.stores.accounts.call_cost import HOOK_CLIENT, CallCost
from mcp_smalltools.stores.ledger import Ledger, LedgerRow

MODEL = ModelPrice.model_validate(
    {
        **{"name": "large", "input": 4.0, "cache_write": 5.0, "cache_write_1h": 8.0, "cache_read": 0.2},
        **{"output": 20.0, "day": "2026-10-24", "first_token_s": 2.0, "read_per_s": 1000},
        "written_per_s": 50,
    }
)
MACHINE = MachinePrice(watts_per_core=10.0, watts_gpu=300.0, usd_per_kwh=0.36)


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    monkeypatch.setenv("MCP_SMALLTOOLS_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("MCP_SMALLTOOLS_CONFIG", "")
    return Ledger(tmp_path / "state" / "ledger.db", keep_days=90)


def write(ledger: Ledger, *rows: LedgerRow) -> None:
    for number, row in enumerate(rows):
        ledger.write(dataclasses.replace(row, call_id=f"c{number}", at=time.time()))


def a_call(**changes: object) -> LedgerRow:
    """40,000 characters read, 400 to ask, 4,000 sent; 2 s, of which 1 s of a processor."""
    row = dataclasses.replace(A_ROW, bytes_read=40_000, chars_asked=400, chars_left=4_000, seconds=2.0)
    return dataclasses.replace(row, **({"cost": CallCost(worker_s=1.0)} | changes))


def test_a_tools_account_is_as_counted_by_hand(ledger: Ledger) -> None:
    write(ledger, a_call())
    account = account_of(ledger.totals()[0], MODEL, MACHINE)
    assert account.joules == 10.0
    assert account.usd == pytest.approx(10.0 / 3_600_000 * 0.36)  # 0.000001
    assert account.model_usd == pytest.approx((10_000 * 4 + 1_000 * 20) / 1e6)  # 0.06
    assert account.model_s == pytest.approx(2 + 10_000 / 1000 + 1_000 / 50)  # 32
    assert account.faster == pytest.approx(16.0)
    assert account.cheaper == pytest.approx(60_000.0)
    assert account.net_usd == pytest.approx(((10_000 - 1_000) * 5 - 100 * 20) / 1e6)  # 0.043


def test_calls_in_vain_cost_here_and_count_nothing_there(ledger: Ledger) -> None:
    write(ledger, a_call(), a_call(escalate=True), a_call(error="not_found"))
    account = account_of(ledger.totals()[0], MODEL, MACHINE)
    assert (account.calls, account.in_vain) == (3, 2)
    assert account.seconds == 6.0 and account.joules == 30.0
    assert account.model_s == pytest.approx(32.0)  # of one
    assert account.faster == pytest.approx(32 / 6)
    one_call = ((10_000 - 1_000) * 5 - 100 * 20) / 1e6
    in_vain = -(2 * 1_000 * 5 + 2 * 100 * 20) / 1e6
    assert account.net_usd == pytest.approx(one_call + in_vain)


def test_a_call_that_costs_more_than_it_saves_is_negative(ledger: Ledger) -> None:
    write(ledger, a_call(bytes_read=500))
    account = account_of(ledger.totals()[0], MODEL, MACHINE)
    assert account.chars_saved < 0 and account.net_usd < 0


def test_what_hooks_add_costs_and_is_compared_with_nothing(ledger: Ledger) -> None:
    write(ledger, a_call(client=HOOK_CLIENT, cost=CallCost(worker_s=1.0, shown=800)))
    account = account_of(ledger.totals()[0], MODEL, MACHINE)
    assert account.by_hook and account.faster is None and account.cheaper is None
    assert account.chars_saved == -800
    assert account.net_usd == pytest.approx(-200 * 5 / 1e6)


def test_tools_that_fall_short_are_named(ledger: Ledger) -> None:
    write(ledger, a_call(), a_call(tool="extract", seconds=20.0, cost=CallCost(worker_s=3000.0)))
    accounts = [account_of(totals, MODEL, MACHINE) for totals in ledger.totals()]
    assert short_of(accounts) == (["extract"], ["extract"])


# Prices


def test_every_price_that_ships_has_a_day_and_a_source() -> None:
    table = load_prices(Settings())
    assert {price.name for price in table.models} >= {Settings().price_model}
    assert all(price.source.startswith("https://") and price.day.year >= 2025 for price in table.models)
    for price in table.models:
        assert price.cache_read < price.input <= price.cache_write <= price.cache_write_1h <= price.output


def test_a_model_has_the_price_of_the_longest_name_that_it_begins_with() -> None:
    table = load_prices(Settings())
    assert table.named("claude-opus-5-5-20260901").name == "claude-opus-5-5"
    assert table.named("claude-opus-4-6").name == "claude-opus"
    assert table.of("another-model") is None
    with pytest.raises(ConfigError, match="no price of 'another-model'"):
        table.named("another-model")


OWN = """
[machine]
watts_per_core = 4.0

[[models]]
name = "claude-opus-5-5"
input = 1.0
cache_write = 1.0
cache_write_1h = 1.0
cache_read = 0.1
output = 2.0
day = 2026-11-01

[[models]]
name = "ours"
input = 0
cache_write = 0
cache_write_1h = 0
cache_read = 0
output = 0
day = 2026-11-01
"""


def test_the_users_prices_stand_before_those_that_ship(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    table = load_prices(Settings(prices_file=tmp_path / "own.toml"))
    assert table.named("claude-opus-5-5").input == 1.0 and table.named("ours").output == 0.0
    assert table.named("claude-sonnet-5-5").input == 2.0
    assert table.machine.watts_per_core == 4.0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[models", "can't be used"),
        ("[machine]\nwatts = 3", "machine.watts"),
        ("[[models]]\nname = 'x'", "models.0.input"),
        (OWN.replace("input = 1.0", "input = -1.0"), "models.0.input"),
    ],
)
def test_a_table_that_cant_be_used_is_an_error_that_says_why(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(ConfigError, match=problem):
        load_prices(Settings(prices_file=tmp_path / "own.toml"))


# The command


def test_the_ledger_says_how_many_times_faster_and_cheaper_with_the_day_of_the_price(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    write(ledger, a_call(), a_call(tool="extract", seconds=50.0))
    assert main(["ledger", "--tools"]) == 0
    shown = capsys.readouterr().out
    assert "claude-opus-5-5" in shown and "2026-10-24" in shown
    assert "Not ten times faster: extract" in shown
    assert "Not a hundred times cheaper" not in shown
    assert main(["ledger", "--tools", "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {record["tool"] for record in records} == {"parse_log", "extract"}
    assert all(record["priced_as"] == "claude-opus-5-5" and record["day"] for record in records)


def test_the_rows_of_the_ledger_come_with_the_tools_accounts(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    write(ledger, a_call(), a_call(client=HOOK_CLIENT, tool="find_failure"))
    assert main(["ledger"]) == 0
    shown = capsys.readouterr().out
    assert "hook: find_failure" in shown and "Not " not in shown
    assert main(["ledger", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 2 and all("chars_saved" in row and "joules" in row for row in rows)


def test_amounts_are_shown_to_the_cent_and_small_ones_so_that_they_are_not_nothing() -> None:
    amounts = (0.0, 0.00127, -0.5, 0.99999, 1.0, -12.345, 12_345.678)
    shown = ["0.0000", "0.0013", "-0.5000", "1.0000", "1.00", "-12.35", "12,345.68"]
    assert [dollars(usd) for usd in amounts] == shown
