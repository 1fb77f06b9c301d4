"""What calls cost and what became of their answers: sums that agree with the rows, and bounded tables."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from test_stores import A_ROW

from mcp_smalltools.config import Settings
from mcp_smalltools.hooks.tool_calls import HookTools
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.stores.accounts import weak_outcomes
from mcp_smalltools.stores.accounts.call_cost import HOOK_CLIENT, HOOK_SHOWS, CallCost
from mcp_smalltools.stores.accounts.weak_outcomes import MOST_TOGETHER, WEIGHTS, WeakKind, WeakOutcome
from mcp_smalltools.stores.ledger import GUARD_ROWS, MIGRATIONS, OWN_ROWS, Ledger, LedgerRow, open_ledger
from mcp_smalltools.stores.outcomes import Outcomes, ReportedOutcome
from mcp_smalltools.stores.store import Store


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.db", keep_days=90)
    yield ledger
    ledger.close()


@pytest.fixture
def outcomes(tmp_path: Path) -> Iterator[Outcomes]:
    outcomes = Outcomes(tmp_path / "outcomes.db")
    yield outcomes
    outcomes.close()


def row(call_id: str, **changes: object) -> LedgerRow:
    return dataclasses.replace(A_ROW, call_id=call_id, **({"at": time.time()} | changes))


def weak(call_id: str, kind: WeakKind, **changes: object) -> WeakOutcome:
    first = WeakOutcome(call_id, kind, "hook", 1.0, WEIGHTS[kind], "find_failure", None, 0.8, False, "cli")
    return dataclasses.replace(first, **changes)


def test_what_a_call_cost_comes_back_and_leaves_with_it(ledger: Ledger, tmp_path: Path) -> None:
    cost = CallCost(server_s=0.5, worker_s=0.25, engine_s=2.0, gpu_s=0.125)
    ledger.write(row("a", cost=cost))
    found = ledger.find("a")
    assert found is not None and found.cost == cost and found.cost.cpu_s == 2.75
    ledger.write(row("b"))
    small = Ledger(tmp_path / "ledger.db", keep_days=90, max_mb=0)
    small.write(row("c"))
    assert small.find("a") is None
    assert small.select("SELECT * FROM costs") == []
    assert small.verify().whole
    small.close()


def test_what_a_hook_shows_is_never_a_saving(ledger: Ledger) -> None:
    ledger.write(row("told", client=HOOK_CLIENT))
    assert ledger.rows()[0].chars_saved == -HOOK_SHOWS
    ledger.note_shown("told", 300)
    assert ledger.rows()[0].chars_saved == -300
    ledger.note_shown("told", 0)
    assert ledger.rows()[0].chars_saved == 0


def test_noting_what_was_shown_keeps_what_the_call_cost(ledger: Ledger) -> None:
    ledger.write(row("told", client=HOOK_CLIENT, cost=CallCost(worker_s=1.5)))
    ledger.note_shown("told", 70)
    assert ledger.rows()[0].cost == CallCost(worker_s=1.5, shown=70)


def test_a_ledger_of_an_older_version_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    before = Store(path, MIGRATIONS[:3])
    before.close()
    ledger = Ledger(path, keep_days=90)
    ledger.write(row("a"))
    assert ledger.rows()[0].cost == CallCost() and ledger.verify().whole
    ledger.close()


ROWS = st.builds(
    lambda tool, client, **more: (tool, client, more),
    st.sampled_from(["parse_log", "find_failure"]),
    st.sampled_from(["claude-code", HOOK_CLIENT]),
    bytes_read=st.integers(0, 200_000),
    chars_asked=st.integers(0, 500),
    chars_left=st.integers(0, 24_000),
    escalate=st.booleans(),
    error=st.sampled_from([None, "not_found"]),
    cached=st.booleans(),
    cost=st.sampled_from([CallCost(), CallCost(worker_s=0.5, shown=90), CallCost(gpu_s=2.0)]),
)


@examples(max_examples=25)
@given(given_rows=st.lists(ROWS, max_size=8))
def test_sums_made_by_the_database_agree_with_the_rows(
    given_rows: list[tuple[str, str, dict[str, object]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    ledger = Ledger(tmp_path_factory.mktemp("sums") / "ledger.db", keep_days=90)
    for number, (tool, client, more) in enumerate(given_rows):
        ledger.write(row(str(number), tool=tool, client=client, **more))
    rows = ledger.rows()
    for total in ledger.totals("tool"):
        own = [one for one in rows if one.tool == total.key and one.by_hook == total.by_hook]
        assert total.calls == len(own)
        assert total.chars_saved == sum(one.chars_saved for one in own)
        assert total.would_read == sum(one.would_read for one in own)
        assert total.chars_shown == sum(one.chars_shown for one in own)
        assert total.cpu_s == pytest.approx(sum(one.cost.cpu_s for one in own))
        assert total.gpu_s == pytest.approx(sum(one.cost.gpu_s for one in own))
    for by in ("tool", "client", "day", "all"):
        assert sum(total.calls for total in ledger.totals(by)) == len(rows)  # type: ignore[arg-type]
    ledger.close()


def test_rows_that_are_no_calls_are_in_no_sum(ledger: Ledger) -> None:
    ledger.write(row("a"))
    ledger.write(row("b", tool=GUARD_ROWS, client=HOOK_CLIENT))
    ledger.write(row("c", tool=OWN_ROWS))
    assert [(total.key, total.calls) for total in ledger.totals()] == [("parse_log", 1)]


def test_sums_are_of_the_time_that_is_asked_for(ledger: Ledger) -> None:
    now = time.time()
    ledger.write(row("old", at=now - 1000))
    ledger.write(row("new", at=now))
    assert [total.calls for total in ledger.totals("all", since=now - 10)] == [1]
    assert [total.calls for total in ledger.totals("all", until=now - 10)] == [1]


# Weak outcomes


def test_each_kind_counts_once_for_a_call_wherever_it_was_seen(outcomes: Outcomes) -> None:
    assert outcomes.add_weak([weak("a", "edited"), weak("a", "passed")]) == 2
    assert outcomes.add_weak([weak("a", "edited", origin="transcript", at=9.0)]) == 0
    assert [one.kind for one in outcomes.weak()] == ["edited", "passed"]


def test_weak_outcomes_never_come_to_certainty(outcomes: Outcomes) -> None:
    outcomes.add_weak([weak("a", kind) for kind in ("edited", "passed", "opened")])
    outcomes.add_weak([weak("b", kind) for kind in ("ran_again", "edited_elsewhere", "read_whole")])
    found = {one.call_id: one.log_odds for one in outcomes.weak_evidence()}
    assert found["a"] == MOST_TOGETHER and -MOST_TOGETHER <= found["b"] < 0
    assert all(abs(weight) < MOST_TOGETHER for weight in WEIGHTS.values())


def test_a_report_outweighs_what_was_seen(outcomes: Outcomes) -> None:
    outcomes.add_weak([weak("a", "edited"), weak("b", "edited")])
    report = ReportedOutcome("a", 2.0, "wrong", "", [], "find_failure", [], None, None, False, "cli")
    outcomes.write(report)
    assert [one.call_id for one in outcomes.weak_evidence()] == ["b"]


def test_weak_outcomes_are_of_a_tool_and_forgotten_with_it(outcomes: Outcomes) -> None:
    outcomes.add_weak([weak("a", "edited"), weak("b", "read_whole", tool="summarize_file")])
    assert [one.call_id for one in outcomes.weak("summarize_file")] == ["b"]
    outcomes.forget("summarize_file")
    assert [one.call_id for one in outcomes.weak()] == ["a"]


def test_the_oldest_weak_outcomes_leave(outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weak_outcomes, "MOST_KEPT", 3)
    outcomes.add_weak([weak(str(number), "opened", at=float(number)) for number in range(5)])
    assert [one.call_id for one in outcomes.weak()] == ["2", "3", "4"]


def test_weak_outcomes_have_no_room_for_text(outcomes: Outcomes) -> None:
    """Whatever is added to them later: no path and no line of a file, which might be sealed."""
    names = {field.name for field in dataclasses.fields(WeakOutcome)}
    assert names == {
        *("call_id", "kind", "origin", "at", "weight"),
        *("tool", "model", "confidence", "escalated", "client"),
    }


def test_what_a_hook_tells_is_what_counts_as_shown(tmp_path: Path) -> None:
    """The answer that it made of it stays here."""
    settings = Settings(state_dir=tmp_path / "state", workers=0)
    (tmp_path / "out").mkdir()
    kept = tmp_path / "out" / "a.txt"
    kept.write_text("".join(f"test_{number} ... ok\n" for number in range(90)) + "src/a.c:3:1: error: no\n")
    tools = HookTools()
    try:
        answer = tools.call("find_failure", kept, {"exit_code": 1}, settings, PrivacyLevel.REDACTED)
        assert answer is not None
        tools.note_shown(answer, "x" * 77, settings)
    finally:
        tools.close()
    ledger = open_ledger(settings)
    (row,) = ledger.rows()
    ledger.close()
    assert row.by_hook and row.chars_left > 77
    assert (row.chars_shown, row.chars_saved) == (77, -77)
