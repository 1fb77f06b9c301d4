"""Whose step is next: fair among clients, sparing with costly steps within one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.engine.fair_queue import MAX_LAG_BETWEEN_CLIENTS, FairQueue, RunningJob, Step
from mcp_smalltools.engine.generation.pace import LEAST, Pace
from mcp_smalltools.engine.work import Job, ModelFile, ScoreLabels

MODEL = ModelFile("m", "m.gguf", "0" * 64, "generate", 1024)


def running_job(client: str, *, served: float = 0.0, priority: int = 0) -> RunningJob:
    job = Job(
        client=client, model=MODEL, work=ScoreLabels((), ()), on_done=lambda answer: None, priority=priority
    )
    made = RunningJob(job, 1, list)
    made.served = served
    return made


def step(*jobs: RunningJob, lag: float = 0.0) -> Step:
    return Step(list(jobs), lambda: [], lag)


def test_within_a_client_a_costly_step_waits_until_the_others_have_had_so_much_more() -> None:
    queue = FairQueue()
    other = step(running_job("one"), lag=1.0)
    assert queue.choose([other, cheap := step(running_job("one", served=0.9))]) is cheap
    assert queue.choose([other, step(running_job("one", served=1.1))]) is other


def test_a_client_does_not_wait_longer_for_the_costly_step_of_its_own_than_the_bound_between_clients() -> (
    None
):
    queue = FairQueue()
    ahead = running_job("ahead")
    costly = step(running_job("behind"), lag=5.0)
    queue.charge([ahead], MAX_LAG_BETWEEN_CLIENTS / 2)
    assert queue.choose([costly, cheap := step(ahead)]) is cheap
    queue.charge([ahead], MAX_LAG_BETWEEN_CLIENTS)
    assert queue.choose([costly, step(ahead)]) is costly


def test_a_lower_priority_number_goes_first_whatever_else_is_offered() -> None:
    urgent = step(running_job("one", served=9.0, priority=-1), lag=9.0)
    assert FairQueue().choose([step(running_job("two")), step(running_job("one")), urgent]) is urgent


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 2)), min_size=1, max_size=6),
    st.lists(st.sampled_from([0.01, 0.1, 0.5]), min_size=100, max_size=100),
)
def test_clients_that_always_want_more_get_equal_shares(
    jobs: list[tuple[str, float]], steps: list[float]
) -> None:
    queue = FairQueue()
    running_jobs = [(running_job(client), lag) for client, lag in jobs]
    had = dict.fromkeys((client for client, _ in jobs), 0.0)
    for client in had:
        queue.enter(client, had)
    for seconds in steps:
        chosen = queue.choose([step(one, lag=lag) for one, lag in running_jobs])
        queue.charge(chosen.jobs, seconds)
        had[chosen.jobs[0].job.client] += seconds
    assert max(had.values()) - min(had.values()) <= MAX_LAG_BETWEEN_CLIENTS + max(steps) + 1e-6


def test_a_step_reads_as_much_of_a_prompt_as_takes_little_time() -> None:
    pace = Pace()
    assert pace.limit(512) == 512  # before anything was measured
    pace.measured(256, 2.0)
    assert pace.limit(512) == 64  # 128 tokens a second
    pace.measured(8, 10.0)  # too short to tell
    assert pace.limit(512) == 64
    for _ in range(8):
        pace.measured(512, 0.1)
    assert pace.limit(512) == 512
    for _ in range(20):
        pace.measured(32, 30.0)
    assert pace.limit(512) == LEAST
