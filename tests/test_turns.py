"""Whose step is next: fair among clients, sparing with costly steps within one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.engine.turns import LAG_BETWEEN, Active, Offer, Turns
from mcp_smalltools.engine.work import Job, ModelFile, ScoreLabels

MODEL = ModelFile("m", "m.gguf", "0" * 64, "generate", 1024)


def active(client: str, *, served: float = 0.0, priority: int = 0) -> Active:
    job = Job(
        client=client, model=MODEL, work=ScoreLabels((), ()), on_done=lambda answer: None, priority=priority
    )
    made = Active(job, 1, list)
    made.served = served
    return made


def offer(*jobs: Active, lag: float = 0.0) -> Offer:
    return Offer(list(jobs), lambda: [], lag)


def test_within_a_client_a_costly_step_waits_until_the_others_have_had_so_much_more() -> None:
    turns = Turns()
    other = offer(active("one"), lag=1.0)
    assert turns.choose([other, cheap := offer(active("one", served=0.9))]) is cheap
    assert turns.choose([other, offer(active("one", served=1.1))]) is other


def test_a_client_does_not_wait_longer_for_the_costly_step_of_its_own_than_the_bound_between_clients() -> (
    None
):
    turns = Turns()
    ahead = active("ahead")
    costly = offer(active("behind"), lag=5.0)
    turns.charge([ahead], LAG_BETWEEN / 2)
    assert turns.choose([costly, cheap := offer(ahead)]) is cheap
    turns.charge([ahead], LAG_BETWEEN)
    assert turns.choose([costly, offer(ahead)]) is costly


def test_a_lower_priority_number_goes_first_whatever_else_is_offered() -> None:
    urgent = offer(active("one", served=9.0, priority=-1), lag=9.0)
    assert Turns().choose([offer(active("two")), offer(active("one")), urgent]) is urgent


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 2)), min_size=1, max_size=6),
    st.lists(st.sampled_from([0.01, 0.1, 0.5]), min_size=100, max_size=100),
)
def test_clients_that_always_want_more_get_equal_shares(
    jobs: list[tuple[str, float]], steps: list[float]
) -> None:
    turns = Turns()
    actives = [(active(client), lag) for client, lag in jobs]
    had = dict.fromkeys((client for client, _ in jobs), 0.0)
    for client in had:
        turns.enter(client, had)
    for seconds in steps:
        chosen = turns.choose([offer(one, lag=lag) for one, lag in actives])
        turns.charge(chosen.jobs, seconds)
        had[chosen.jobs[0].job.client] += seconds
    assert max(had.values()) - min(had.values()) <= LAG_BETWEEN + max(steps) + 1e-6
