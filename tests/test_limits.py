"""How much a caller may ask for, and whose turn it is."""

from __future__ import annotations

import time

import anyio
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from mcp_smalltools.errors import TooMany
from mcp_smalltools.principal import Principal
from mcp_smalltools.server.http import limits
from mcp_smalltools.server.http.limits import ConcurrencyLimit, RateLimit

pytestmark = pytest.mark.anyio

A, B = Principal("a", remote=True), Principal("b", remote=True)


@given(st.integers(1, 200), st.lists(st.floats(0, 30), max_size=300))
@budget(max_examples=60)
def test_no_pattern_of_requests_gets_more_than_a_burst_and_the_rate(
    per_minute: int, gaps: list[float]
) -> None:
    now, passed, rate = 1000.0, [], RateLimit()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: now)
        for gap in gaps:
            now += gap
            wait = rate.wait_s("a", per_minute)
            if not wait:
                passed.append(now)
            else:
                now += wait + 1e-6
                assert rate.wait_s("a", per_minute) == 0.0, "after the time that was named it passes"
                passed.append(now)
    for at in passed:
        within = sum(1 for other in passed if at <= other < at + 60)
        assert within <= 2 * per_minute + 1


async def test_calls_of_one_caller_wait_for_each_other_and_not_for_ever_growing_lines() -> None:
    limit = ConcurrencyLimit(at_once=4, each_at_once=1, each_waiting=1)
    async with anyio.create_task_group() as group:
        inside, leave = anyio.Event(), anyio.Event()

        async def call() -> None:
            async with limit.acquire(A):
                inside.set()
                await leave.wait()

        group.start_soon(call)
        await inside.wait()
        group.start_soon(call)
        while not limit.waiting:
            await anyio.sleep(0)
        with pytest.raises(TooMany, match="calls waiting"):
            async with limit.acquire(A):
                pass
        async with limit.acquire(B):
            assert (limit.running, limit.waiting) == (2, 1)
        leave.set()
    assert (limit.running, limit.waiting) == (0, 0)


async def test_lines_are_served_by_turns_so_that_a_long_one_delays_nobody() -> None:
    limit = ConcurrencyLimit(at_once=1, each_at_once=1, each_waiting=100)
    served: list[str] = []
    async with anyio.create_task_group() as group:

        async def call(principal: Principal) -> None:
            async with limit.acquire(principal):
                await anyio.sleep(0)
                served.append(principal.name)

        async with limit.acquire(Principal("first")):
            for _ in range(50):
                group.start_soon(call, A)
            while limit.waiting < 50:
                await anyio.sleep(0)
            for _ in range(3):
                group.start_soon(call, B)
            while limit.waiting < 53:
                await anyio.sleep(0)
    assert len(served) == 53
    assert max(place for place, name in enumerate(served) if name == "b") <= 6


async def test_among_many_one_caller_runs_its_share_and_alone_as_many_as_it_may() -> None:
    limit = ConcurrencyLimit(at_once=8, each_at_once=4, each_waiting=100)
    leave = anyio.Event()

    async def call(principal: Principal) -> None:
        async with limit.acquire(principal):
            await leave.wait()

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(call, A)
        while limit.waiting < 6:
            await anyio.sleep(0)
        assert limit.running == 4, "alone"
        leave.set()
    leave = anyio.Event()
    for number in range(8):
        async with limit.acquire(Principal(f"other {number}")):
            pass
    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(call, A)
        while limit.waiting < 9:
            await anyio.sleep(0)
        assert limit.running == 1, "among nine"
        leave.set()
    assert (limit.running, limit.waiting) == (0, 0)


@pytest.mark.parametrize(("others", "rests"), [(0, False), (1, False), (30, True)])
async def test_after_a_long_call_whoever_has_more_than_its_share_of_the_cores_rests(
    monkeypatch: pytest.MonkeyPatch, others: int, rests: bool
) -> None:
    monkeypatch.setattr(limits, "FREE_S", 0.0)
    limit = ConcurrencyLimit(at_once=8, each_at_once=4, each_waiting=100, cores=2)
    for number in range(others):
        async with limit.acquire(Principal(f"other {number}")):
            pass
    async with limit.acquire(A):
        await anyio.sleep(0.2)
    started = time.monotonic()
    async with limit.acquire(B):
        assert time.monotonic() - started < 0.2, "others don't wait for it"
    async with limit.acquire(A):
        waited = time.monotonic() - started
    assert (waited >= 0.4) == rests, waited
    assert (limit.running, limit.waiting) == (0, 0)


ACTIONS = st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 4)), max_size=40)


@given(ACTIONS, st.integers(1, 3), st.integers(1, 2), st.integers(0, 3))
@budget(max_examples=80, deadline=None)
def test_whoever_comes_goes_or_is_cancelled_no_place_is_lost(
    actions: list[tuple[str, bool, int]], at_once: int, each: int, waiting: int
) -> None:
    limit = ConcurrencyLimit(at_once=at_once, each_at_once=each, each_waiting=waiting)
    most = 0

    async def call(name: str, lasts: int) -> None:
        nonlocal most
        try:
            async with limit.acquire(Principal(name)):
                most = max(most, limit.running)
                for _ in range(lasts):
                    await anyio.sleep(0)
        except TooMany:
            pass

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for name, cancelled, lasts in actions:
                if cancelled:

                    async def given_up(name: str = name, lasts: int = lasts) -> None:
                        with anyio.move_on_after(0):
                            await call(name, lasts)

                    group.start_soon(given_up)
                else:
                    group.start_soon(call, name, lasts)
                await anyio.sleep(0)

    anyio.run(main)
    assert most <= at_once
    assert (limit.running, limit.waiting) == (0, 0)
