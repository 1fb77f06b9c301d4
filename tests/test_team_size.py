"""The simulation behind docs/scaling.md: its page is fresh, and it behaves as a queue must."""

from __future__ import annotations

import importlib.util
import json
import statistics
import sys
from types import ModuleType
from typing import Any

import pytest
from documentation import REPOSITORY


@pytest.fixture(scope="module")
def team_size() -> ModuleType:
    spec = importlib.util.spec_from_file_location("team_size", REPOSITORY / "benchmarks" / "team_size.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules["team_size"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def recorded(team_size: ModuleType) -> dict[str, Any]:
    return json.loads(team_size.TIMES.read_text())  # type: ignore[no-any-return]


def test_the_page_has_the_recorded_tables(team_size: ModuleType, recorded: dict[str, Any]) -> None:
    text = team_size.PAGE.read_text()
    assert team_size.page_with(text, recorded) == text, "run `python benchmarks/team_size.py page`"


@pytest.mark.slow
def test_the_recorded_tables_are_what_the_script_computes(
    team_size: ModuleType, recorded: dict[str, Any]
) -> None:
    """Of the smallest server, which is quick to simulate."""
    cores = min(team_size.CORES)
    again = team_size.tables(recorded["times"], [cores])
    assert again["tools"] == recorded["tables"]["tools"]
    assert again["servers"] == [row for row in recorded["tables"]["servers"] if row["cores"] == cores]


def simulate(team_size: ModuleType, times: dict[str, Any], agents: int, cores: int = 2) -> Any:
    return team_size.Simulation(times, cores, team_size.Load(agents, 30.0, 0.0)).run()


def test_one_agent_never_waits(team_size: ModuleType, recorded: dict[str, Any]) -> None:
    times = recorded["times"]
    longest = max(sum(call) for calls in times["tools"].values() for call in calls)
    result = simulate(team_size, times, 1)
    assert 0 < result.median_s <= result.p95_s <= longest + 1e-9


def test_cores_are_as_busy_as_the_calls_are_work(team_size: ModuleType, recorded: dict[str, Any]) -> None:
    times = recorded["times"]
    work_s = sum(
        share * statistics.mean(sum(call) for call in times["tools"][tool])
        for tool, share in team_size.SHARES.items()
    )
    result = simulate(team_size, times, 40)
    span_s = team_size.SIMULATED_S - team_size.WARM_S
    assert result.busy == pytest.approx(result.calls / span_s * work_s / 2, rel=0.1)


def test_more_agents_wait_longer_and_more_cores_shorter(
    team_size: ModuleType, recorded: dict[str, Any]
) -> None:
    times = recorded["times"]
    few, many = simulate(team_size, times, 20), simulate(team_size, times, 100)
    wide = simulate(team_size, times, 100, cores=8)
    assert few.p95_s < many.p95_s > wide.p95_s


def test_a_server_that_is_asked_too_much_answers_as_fast_as_it_can(
    team_size: ModuleType, recorded: dict[str, Any]
) -> None:
    result = simulate(team_size, recorded["times"], 2_000)
    assert result.busy > 0.7
    assert result.p95_s > 30
