"""The fake engine for tests: it keeps the promises of `api.Engine`, and so do all engines there are."""

from __future__ import annotations

import inspect
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.engine.api import CallOptions, ChatMessage, Engine, Prompt
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.engine.forwarding import ForwardingEngine
from mcp_smalltools.engine.http.http_engine import HttpEngine
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import DeadlineExceeded, EngineBusy, EngineUnavailable
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service

pytestmark = pytest.mark.anyio
OPERATIONS = [name for name, value in vars(Engine).items() if inspect.iscoroutinefunction(value)]


def ask(text: str) -> Prompt:
    return Prompt((ChatMessage("user", text),))


@pytest.mark.parametrize("engine", [FakeEngine, EngineClient, HttpEngine, ForwardingEngine])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_engine_has_each_operation_with_the_same_parameters(engine: type, operation: str) -> None:
    ours, promised = getattr(engine, operation), getattr(Engine, operation)
    assert inspect.iscoroutinefunction(ours)

    def parameters(function: Any) -> list[tuple[Any, ...]]:
        signature = inspect.signature(function)
        of_each = signature.parameters.values()
        empty = inspect.Parameter.empty
        return [(p.name, p.kind, p.annotation, p.default is empty) for p in of_each] + [
            (signature.return_annotation,)
        ]

    assert parameters(ours) == parameters(promised)


def test_there_are_operations_to_compare() -> None:
    assert set(OPERATIONS) >= {"embed", "embed_tokens", "generate", "score_labels", "count_tokens"}


async def test_texts_that_share_words_are_similar_and_vectors_are_the_same_in_each_run() -> None:
    texts = ["the disk is full", "The DISK was full!", "cats sleep", ""]
    vectors = (await FakeEngine().embed(texts)).vectors
    again = (await FakeEngine().embed(texts)).vectors
    assert vectors.dtype == np.float32 and vectors.shape == (4, 384)
    assert np.array_equal(vectors, again)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert vectors[0] @ vectors[1] > 0.5
    assert abs(vectors[0] @ vectors[2]) < 0.2
    assert (await FakeEngine(dim=8).embed([])).vectors.shape[0] == 0


async def test_tokens_stand_for_their_characters_and_a_long_text_is_truncated() -> None:
    engine = FakeEngine(max_tokens=3)
    found = await engine.embed_tokens(["port: 80", "one two three four"])
    text = "port: 80"
    assert [text[start:end] for start, end in found.offsets[0]] == ["", "port", ":", "80", ""]
    assert [len(vectors) for vectors in found.vectors] == [5, 5]
    assert found.truncated == (1,) == (await engine.embed(["a", "one two three four"])).truncated
    assert await engine.count_tokens(["port: 80"]) == [3]


async def test_it_writes_what_it_was_given() -> None:
    assert [g.text for g in await FakeEngine(answers="yes").generate([ask("a"), ask("b")])] == ["yes", "yes"]
    listed = FakeEngine(answers=["one", "two"])
    assert [g.text for g in await listed.generate([ask("a"), ask("b")])] == ["one", "two"]
    with pytest.raises(AssertionError, match="asked for more"):
        await listed.generate([ask("c")])
    echo = FakeEngine(answers=lambda prompt: prompt.messages[-1].content.upper())
    assert (await echo.generate([ask("loud")]))[0].text == "LOUD"


async def test_labels_are_scored_by_shared_words_or_as_the_test_says() -> None:
    scores = await FakeEngine().score_labels([ask("the disk is full")], ["network", "disk full"])
    assert scores.total.shape == (1, 2) and scores.total.argmax() == 1 and (scores.total <= 0).all()
    assert scores.lengths.tolist() == [1, 2]
    chosen = FakeEngine(label_score=lambda prompt, label: -0.1 if label == "network" else -2.0)
    assert (await chosen.score_labels([ask("a")], ["network", "disk"])).total.tolist() == [[-0.1, -2.0]]


async def test_it_fails_as_it_was_told_until_it_recovers_and_keeps_every_call() -> None:
    engine = FakeEngine()
    engine.fail(EngineBusy("Too much to do."), "embed_tokens")
    await engine.embed(["a"])
    with pytest.raises(EngineBusy):
        await engine.embed_tokens(["a"])
    engine.fail(EngineUnavailable("There is none."))
    with pytest.raises(EngineUnavailable):
        await engine.embed(["b"], CallOptions(adapter="mine"))
    engine.recover()
    await engine.embed_tokens(["c"])
    assert [call.operation for call in engine.calls] == ["embed", "embed_tokens", "embed", "embed_tokens"]
    assert engine.calls[2].items == ("b",) and engine.calls[2].options.adapter == "mine"


async def test_a_slow_one_exceeds_a_deadline() -> None:
    engine = FakeEngine(seconds=0.05)
    await engine.embed(["a"], CallOptions(deadline_s=5))
    with pytest.raises(DeadlineExceeded):
        await engine.embed(["a"], CallOptions(deadline_s=0.01))


async def test_progress_is_reported_and_closing_is_seen() -> None:
    seen: list[tuple[float, float | None, str]] = []
    engine = FakeEngine()
    await engine.embed(["a", "b"], CallOptions(progress=lambda *step: seen.append(step)))
    assert seen == [(2, 2, "embedding")]
    assert (await engine.status()).running
    await engine.close()
    assert engine.closed and not (await engine.status()).running


async def test_the_example_of_its_docstring_is_a_test_that_passes(tmp_path: Path) -> None:
    lines = inspect.getsource(FakeEngine).split("\n")
    start = next(n for n, line in enumerate(lines) if line.strip().startswith("from mcp_smalltools"))
    end = next(n for n, line in enumerate(lines) if "`answers` is what" in line)
    names: dict[str, Any] = {"pytest": pytest, "EngineUnavailable": EngineUnavailable}
    exec(textwrap.dedent("\n".join(lines[start:end])), names)  # our own docstring
    await names["test_a_crash_is_a_bug"](tmp_path)


SKILL = """
name = "triage"
description = "Sorts a message to the team that answers it."
kind = "classify"
labels = ["database", "network"]
examples = "examples.jsonl"
"""


async def test_a_skill_is_tested_without_a_model(settings: Settings) -> None:
    folder = settings.skills_dir / "triage"
    folder.mkdir(parents=True)
    (folder / "skill.toml").write_text(SKILL)
    (folder / "examples.jsonl").write_text(
        '{"text": "the query waits for a lock", "label": "database"}\n'
        '{"text": "the packet was dropped", "label": "network"}\n'
    )
    service = Service(settings, engine=FakeEngine())
    answer = await service.call(ToolRequest("triage", {"items": ["a packet was dropped again"]}))
    await service.close()
    assert answer.structured()["results"][0]["label"] == "network"


async def test_each_tool_that_embeds_answers_with_it_and_does_without_it(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "notes.md").write_text(
        "# Ports\n\nThe proxy listens on port 8080.\n\n# Disks\n\nThey are full.\n"
    )
    calls = {
        "ask_file": {"paths": ["notes.md"], "question": "Which port does the proxy listen on?"},
        "find_files": {"query": "port of the proxy", "limit": 2},
        "summarize_file": {"path": "notes.md", "focus": "ports"},
    }
    own = settings.model_copy(
        update={"cache": False, "roots": (RootSpec(path=tmp_path, level=PrivacyLevel.OPEN),)}
    )
    engine = FakeEngine()
    service = Service(own, engine=engine)
    for tool, arguments in calls.items():
        assert (
            "8080" in str((await service.call(ToolRequest(tool, arguments))).structured())
            or tool == "find_files"
        )
    assert {call.operation for call in engine.calls} == {"embed", "embed_tokens"}
    engine.fail(EngineUnavailable("There is none."))
    for tool, arguments in calls.items():
        assert (await service.call(ToolRequest(tool, arguments))).structured()["call_id"]
    await service.close()
