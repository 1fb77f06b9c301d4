"""The judge of `ask_file`: question and text are read together; the first token says whether it answers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import EngineUnavailable, ModelError
from mcp_smalltools.models.shipped import shipped_file
from mcp_smalltools.tools.ask_file.answer_judge import ADAPTER, head, judged, read_head
from mcp_smalltools.tools.ask_file.rank import read_scores
from mcp_smalltools.tools.similarity import NoEncoder

pytestmark = pytest.mark.anyio


def test_the_shipped_files_of_the_judge_belong_together() -> None:
    assert head().weight.shape == (384,)


async def test_each_text_is_read_with_its_question_by_the_adapter_of_the_judge() -> None:
    engine = FakeEngine()
    scores = await judged(engine, [("Which port?", "port: 80"), ("Which port?", "host: a")], 5.0)
    assert scores.shape == (2,)
    [call] = engine.calls
    assert call.items == ("Which port? | port: 80", "Which port? | host: a")
    assert call.options.adapter == ADAPTER


async def test_nothing_is_asked_where_there_is_nothing_to_judge() -> None:
    engine = FakeEngine()
    assert (await judged(engine, [], 5.0)).shape == (0,)
    assert not engine.calls


async def test_without_the_judge_it_is_said_why() -> None:
    engine = FakeEngine()
    engine.fail(EngineUnavailable("There is none."), "embed_tokens")
    assert isinstance(await read_scores(engine, [("Which port?", "port: 80")], 5.0), NoEncoder)


def test_a_head_that_was_trained_with_another_adapter_is_refused(tmp_path) -> None:
    shipped = shipped_file(ADAPTER, "head.json")
    (tmp_path / "skill.toml").write_bytes(shipped.with_name("skill.toml").read_bytes())
    path = tmp_path / "head.json"
    data = json.loads(shipped.read_text(encoding="utf-8"))
    path.write_text(json.dumps(data))
    assert np.isfinite(read_head(path).bias)
    for change in ({"adapter": "0" * 64}, {"encoder": "bge-small"}, {"dimension": 768}):
        path.write_text(json.dumps(data | change))
        with pytest.raises(ModelError, match="was made for another adapter"):
            read_head(path)
    for broken in ("[]", "{", json.dumps({"weight": []})):
        path.write_text(broken)
        with pytest.raises(ModelError, match="can't be used"):
            read_head(path)


async def test_a_text_that_answers_is_above_one_on_the_same_thing(engine) -> None:
    question = "How long does a connection stay open?"
    texts = (
        "pool idle_seconds: idle_seconds = 300  # connections are closed after that time",
        "pool max_size: max_size = 20  # connections at most",
        "log level: level = info",
    )
    scores = await judged(engine, [(question, text) for text in texts], 60.0)
    assert scores.argmax() == 0
