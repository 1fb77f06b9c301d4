"""What parse_log answers to a question and to a comparison: what fits, what changed, and what is chance."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mcp_smalltools.config import Settings
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.logs.counting.parser import LogParser
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.templates.parsed_log import derive_templates
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.tools.parse_log.answer import ParseLogAnswer
from mcp_smalltools.tools.parse_log.compare import change_probability
from mcp_smalltools.tools.parse_log.sessions import find_sessions

pytestmark = pytest.mark.anyio
Call = Callable[..., Awaitable[ParseLogAnswer]]
EXAMPLES = Path(__file__).parents[1] / "examples" / "data"


def caller(service: Service) -> Call:
    async def call(path: str = "a.log", **arguments: object) -> ParseLogAnswer:
        answer = await service.call(ToolRequest("parse_log", {"path": path, **arguments}))
        assert isinstance(answer, ParseLogAnswer)
        return answer

    return call


@pytest.fixture
async def parse(settings: Settings, engine: EngineClient, tmp_path: Path) -> AsyncIterator[Call]:
    (tmp_path / "service.log").write_bytes((EXAMPLES / "service.log").read_bytes())
    service = Service(settings, engine)
    yield caller(service)
    await service.close()


def texts_of(answer: ParseLogAnswer) -> list[str]:
    return [template.template for template in answer.templates]


# --- focus -------------------------------------------------------------------------------------------------


async def test_a_question_in_other_words_finds_its_template_by_meaning(parse, tmp_path) -> None:
    events = ["connection to {} refused", "user {} signed in", "page {} rendered", "invoice {} printed"]
    lines = [f"2026-03-01 10:00:00 INFO [main] a.b: {event.format(n)}" for n in range(50) for event in events]
    (tmp_path / "a.log").write_text("\n".join(lines) + "\n")
    answer = await parse(focus="logins of accounts")
    assert texts_of(answer)[0] == "user <*> signed in"
    assert answer.model


async def test_a_focused_answer_has_the_lines_and_nothing_else(parse, tmp_path) -> None:
    answer = await parse("service.log", focus="database timeouts")
    lines = (tmp_path / "service.log").read_text().splitlines()
    assert {"write of order <*> timed out after <*> ms (attempt <*> of 3)"} <= set(texts_of(answer))
    assert answer.template_count == 7 > len(answer.templates)
    spans = [span for item in answer.templates for span in item.evidence or []]
    spans += [span for error in answer.errors for span in error.evidence]
    assert spans
    for span in spans:
        assert span.text == "\n".join(lines[span.start - 1 : span.end])


async def test_where_nothing_fits_it_says_so(parse) -> None:
    answer = await parse("service.log", focus="GPU temperature")
    assert "Nothing fits" in answer.note
    assert len(answer.templates) == 3


async def test_without_an_engine_words_alone_decide(settings, tmp_path) -> None:
    (tmp_path / "service.log").write_bytes((EXAMPLES / "service.log").read_bytes())
    service = Service(settings.model_copy(update={"engine_urls": ("http://127.0.0.1:9",)}))
    answer = await caller(service)("service.log", focus="which orders were lost?")
    await service.close()
    assert texts_of(answer)[0] == "order <*> lost after 3 attempts"
    assert "Words alone" in answer.note
    assert answer.model is None


# --- baseline ----------------------------------------------------------------------------------------------


def log_of(counts: dict[str, int], seed: int = 1) -> str:
    lines = [
        f"2026-03-01 10:00:00 INFO [main] a.b: {event} {n}"
        for event, count in counts.items()
        for n in range(count)
    ]
    random.Random(seed).shuffle(lines)
    return "\n".join(lines) + "\n"


async def test_a_baseline_whose_stack_traces_the_log_lacks_is_compared(parse, tmp_path) -> None:
    """Its frames are templates without a record and without a line of their own."""
    heated = [f"2026-03-04 09:0{n}:00 INFO boiler {n} heated" for n in range(6)]
    cold = [
        line
        for n, part in enumerate(["valve", "pump", "meter"])
        for line in (
            f"2026-03-04 08:1{n}:00 ERROR boiler {n} went cold",
            "Traceback (most recent call last):",
            f'  File "/opt/heat/{part}.py", line 3{n}, in open_{part}',
            "    await self._turn()",
            f'  File "/opt/heat/{part}_bus.py", line 7{n}, in send_{part}',
            "ValueError: no pressure",
        )
    ]
    (tmp_path / "good.log").write_text("\n".join([*heated, *cold]) + "\n")
    (tmp_path / "a.log").write_text("\n".join(heated) + "\n")
    answer = await parse(baseline_path="good.log")
    assert answer.records == 6 and not answer.errors
    assert [gone.template for gone in answer.gone] == ["boiler <*> went cold"]


async def test_a_baseline_tells_what_is_new_gone_more_and_less(parse, tmp_path) -> None:
    steady = {"page rendered": 400, "cache filled": 300, "row stored": 200, "user greeted": 40}
    (tmp_path / "good.log").write_text(
        log_of(steady | {"retry sent": 100, "backup made": 7, "queue full": 90})
    )
    (tmp_path / "a.log").write_text(
        log_of(
            {name: 2 * count for name, count in steady.items()}
            | {"retry sent": 1600, "queue full": 30, "disk hot": 2}
        )
    )
    answer = await parse(baseline_path="good.log")
    by_id = {item.id: item for item in answer.templates}
    changed = {by_id[item.template_id].template: item.factor for item in answer.changed}
    assert changed == {"retry sent <*>": 8.0, "queue full <*>": 0.17}
    assert [by_id[number].template for number in answer.new] == ["disk hot <*>"]
    assert [(item.template, item.before) for item in answer.gone] == [("backup made <*>", 7)]


async def test_logs_that_differ_by_chance_are_not_said_to_differ(parse, tmp_path) -> None:
    chance = random.Random(3)
    events = [
        f"{a} {b} done"
        for a, b in itertools.permutations(["page", "user", "row", "disk", "mail", "queue"], 2)
    ]
    weights = [1 / (n + 1) for n in range(len(events))]
    for name in ("a.log", "good.log"):
        drawn = chance.choices(events, weights, k=3_000)
        (tmp_path / name).write_text(
            "".join(f"10:00:00.000 INFO [main] a.b: {text} {n}\n" for n, text in enumerate(drawn))
        )
    assert (await parse(baseline_path="good.log")).changed is None


@given(st.integers(0, 40), st.integers(0, 40), st.floats(0.1, 10))
def test_the_chance_of_a_change_is_that_of_a_binomial_test(now, before, rate) -> None:
    total, share = now + before, rate / (1 + rate)
    each = [math.comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(total + 1)]
    expected = min(1.0, 2 * min(sum(each[now:]), sum(each[: now + 1])))
    assert change_probability(now, before, rate) == pytest.approx(expected, abs=1e-9)


# --- sessions ----------------------------------------------------------------------------------------------

STEPS = ["order {} received", "order {} paid by card", "order {} packed", "order {} shipped"]


@given(st.integers(0, 10_000))
@hypothesis_settings(max_examples=25, deadline=None)
def test_sessions_are_those_of_a_count_by_hand(seed) -> None:
    """Orders run beside one another; some stop early, some fail."""
    chance = random.Random(seed)
    open_orders: list[tuple[str, int, int]] = []
    written: dict[str, list[int]] = {}
    failed: set[str] = set()
    steps_of: dict[str, list[int]] = {}
    lines = []
    while len(written) < 60 or open_orders:
        if len(written) < 60 and chance.random() < 0.4:
            name = f"{chance.getrandbits(48):012x}"
            open_orders.append((name, 0, chance.choice([4, 4, 4, 4, 2])))
        if not open_orders:
            continue
        name, step, last = open_orders.pop(chance.randrange(len(open_orders)))
        fails = chance.random() < 0.03
        lines.append(
            f"2026-03-01 10:00:00 {'ERROR' if fails else 'INFO'} [main] shop.jobs: {STEPS[step].format(name)}"
        )
        written.setdefault(name, []).append(len(lines))
        steps_of.setdefault(name, []).append(step)
        failed |= {name} if fails else set()
        if step + 1 < last:
            open_orders.append((name, step + 1, last))
    parser = LogParser()
    block = Block.of(1, lines)
    parser.feed(block)
    found = find_sessions([block], derive_templates(parser), parser.table)
    assert found is not None
    digits_only = {name for name in written if name.isdigit()}
    assert {value: [item.line for item in items] for value, items in found.by_value.items()} == {
        name: numbers for name, numbers in written.items() if name not in digits_only
    }
    assert set(found.failed()) == failed - digits_only
    usual = sum(steps == [0, 1, 2, 3] for name, steps in steps_of.items() if name not in digits_only)
    assert found.usual_ones() == usual
    others = {name for name in written if steps_of[name] != [0, 1, 2, 3]} - failed - digits_only
    assert set(found.unusual()) == others


async def test_sessions_name_the_orders_that_were_lost(parse) -> None:
    answer = await parse("service.log")
    sessions = answer.sessions
    assert (sessions.count, sessions.failed, sessions.to_line) == (1200, 24, None)
    texts = {item.id: item.template for item in answer.templates}
    assert [texts[number] for number in sessions.usual] == [
        "order <*>: checking <*> items",
        "order <*> stored in <*> ms",
    ]
    assert [example.failed for example in sessions.examples] == [True, True, False]
    assert all(len(example.lines) > 2 for example in sessions.examples)


async def test_a_log_without_identifiers_has_no_sessions(parse, tmp_path) -> None:
    (tmp_path / "a.log").write_text(log_of({"page rendered": 300, "cache filled": 200}))
    assert (await parse()).sessions is None
