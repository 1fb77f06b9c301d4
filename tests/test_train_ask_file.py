"""`train ask_file`: a repository's own past says which of a file's lines a question means; gated, undone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_repositories import run_git

from mcp_smalltools.cli import main
from mcp_smalltools.config import Settings
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import EngineError, EngineUnavailable, NotFound
from mcp_smalltools.learning.ask import order_trial
from mcp_smalltools.learning.ask.asked_rows import AskedRow, RowStore
from mcp_smalltools.learning.ask.lessons import learned_words, line_changes
from mcp_smalltools.learning.ask.listwise import AskedChoice, fit_weights, mean_loss
from mcp_smalltools.learning.ask.order_trial import OrderTrial, try_order
from mcp_smalltools.learning.ask.vectors_once import VectorsOnce
from mcp_smalltools.learning.repositories.changes import Change, ChangeOfFile
from mcp_smalltools.learning.repositories.files import RepositoryFiles
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.tools.ask_file.learned_order import (
    FEATURES,
    LearnedOrder,
    LearnedWords,
    line_key,
    made_for,
    order_for,
    versions_of,
    write_version,
)

pytestmark = pytest.mark.anyio
TOPICS = "kettle teapot saucer spoon sugar lemon biscuit tray napkin candle window curtain".split()  # noqa: SIM905
FILES = 3


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Functions whose names and lines say nothing, and commits whose words do."""
    folder = (tmp_path_factory.mktemp("asked") / "repo").resolve()
    (folder / "src").mkdir(parents=True)
    for number in range(FILES):
        parts = (
            f"def step_{n}(value):\n    alpha = value + {n}00\n    return alpha\n\n"
            for n in range(len(TOPICS))
        )
        (folder / f"src/part_{number}.py").write_text("".join(parts))
    run_git(folder, "init", "-q")
    run_git(folder, "add", ".")
    run_git(folder, "commit", "-qm", "First version of everything")
    for round_ in range(1, 4):
        for number in range(FILES):
            path = folder / f"src/part_{number}.py"
            for n, topic in enumerate(TOPICS):
                path.write_text(
                    path.read_text().replace(f"value + {n}0{round_ - 1}\n", f"value + {n}0{round_}\n")
                )
                run_git(folder, "commit", "-qam", f"Handle the broken step of the {topic} again")
    return folder


@pytest.fixture(autouse=True)
def few_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_trial, "FIT_COMMITS", 45)
    monkeypatch.setattr(order_trial, "HELD_COMMITS", 24)


async def tried(folder: Path, settings: Settings) -> tuple[OrderTrial, LearnedOrder]:
    files = RepositoryFiles.of(folder, settings)
    return await try_order(files, settings, FakeEngine(), lambda said: None)


async def test_held_out_questions_find_the_lines_by_the_changes_that_wrote_them(
    repository: Path, settings: Settings
) -> None:
    trial, order = await tried(repository, settings)
    assert trial.better, trial.reasons
    assert trial.all.first_after > 0.9
    assert trial.all.first_before < 0.5
    assert not (settings.state_dir / "training" / "ask_file").exists() or not list(
        (settings.state_dir / "training" / "ask_file").iterdir()
    )
    text = json.dumps([order.words.related, {k: v.lines for k, v in order.files.items()}], default=dict)
    assert "alpha = value" not in text


async def test_what_was_learned_orders_places_and_makes_none_surer(
    repository: Path, settings: Settings
) -> None:
    _, order = await tried(repository, settings)
    own = settings.model_copy(
        update={"cache": False, "roots": (settings.roots[0].model_copy(update={"path": repository}),)}
    )
    asked = {"paths": ["src/part_1.py"], "question": "Which code does the broken sugar step?"}

    async def answer() -> dict[str, object]:
        service = Service(own, FakeEngine())
        try:
            return (await service.call(ToolRequest("ask_file", asked))).structured()
        finally:
            await service.close()

    before = await answer()
    versions_of(own.state_dir, repository).add(lambda folder: write_version(order, {}, folder))
    after = await answer()
    places = [*after.get("evidence", []), *after["elsewhere"]]  # type: ignore[misc]
    assert "value + 403" in places[0]["text"]
    assert str(after["model"]).endswith("+learned1")
    assert after["escalate"]
    assert before != after


async def test_a_training_that_was_broken_off_goes_on(repository: Path, settings: Settings) -> None:
    engine, said = FakeEngine(), []

    def stop_soon(text: str) -> None:
        said.append(text)
        if "20 of" in text:
            raise KeyboardInterrupt

    files = RepositoryFiles.of(repository, settings)
    with pytest.raises(KeyboardInterrupt):
        await try_order(files, settings, engine, stop_soon)
    done = sum(call.operation == "embed_tokens" for call in engine.calls)
    again = FakeEngine()
    trial, _ = await try_order(files, settings, again, said.append)
    asked = sum(call.operation == "embed_tokens" for call in again.calls)
    assert asked == trial.learned_from + trial.all.questions - done
    assert done == 20


async def test_without_the_encoder_nothing_is_learned(repository: Path, settings: Settings) -> None:
    engine = FakeEngine()
    engine.fail(EngineUnavailable("down"), "embed_tokens")
    with pytest.raises(EngineError, match="encoder and its judge"):
        await try_order(RepositoryFiles.of(repository, settings), settings, engine, lambda said: None)


async def test_a_short_history_is_too_little(tmp_path: Path, settings: Settings) -> None:
    run_git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("x = 1\n" * 40)
    run_git(tmp_path, "add", ".")
    run_git(tmp_path, "commit", "-qm", "First version of it")
    with pytest.raises(NotFound, match="questions to learn from"):
        await tried(tmp_path.resolve(), settings)


def test_it_is_kept_as_a_version_and_undone(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"
    monkeypatch.setenv("MCP_SMALLTOOLS_STATE_DIR", str(state))
    monkeypatch.setattr("mcp_smalltools.engine.make.make_engine", lambda settings: FakeEngine())
    command = ["train", "ask_file", "--from", str(repository)]
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["version"], found["better"], found["source"]) == (1, True, str(repository))
    from mcp_smalltools.config import load_settings

    key = made_for(load_settings())
    files = [repository / "src/part_1.py"]
    order = order_for(state, files, key)
    assert order is not None
    assert order.changes_of(files[0]).lines
    assert order_for(state, files, "another order") is None
    assert order_for(state, [tmp_path / "elsewhere.py"], key) is None
    assert main([*command, "--undo"]) == 0
    assert order_for(state, files, key) is None
    assert main([*command, "--undo"]) == 1


def test_a_damaged_version_is_not_used(tmp_path: Path) -> None:
    words = LearnedWords({"tea": 1.0}, {})
    order = LearnedOrder(tmp_path, words, {"changes": 1.0}, 0.5, "k")
    versions_of(tmp_path, tmp_path).add(lambda folder: write_version(order, {}, folder))
    file = versions_of(tmp_path, tmp_path).folder / "0001" / "order.json"
    assert order_for(tmp_path, [tmp_path / "a"], "k") is not None
    file.write_text("{")
    assert order_for(tmp_path, [tmp_path / "a"], "k") is None


def test_words_go_together_that_come_together_oftener_than_by_chance() -> None:
    def change(subject: str, line: str) -> Change:
        return Change("c", subject, (ChangeOfFile("a.py", "a.py", [], [line]),))

    changes = [change("close idle connections", "pool.reap(socket)")] * 4
    changes += [change(f"other thing {n}", f"value{n} = number{n}") for n in range(20)]
    words = learned_words(changes)
    assert words.related["idl"].keys() >= {"reap", "socket"}
    assert "thing" not in words.related or "reap" not in words.related["thing"]
    known = line_changes(changes)["a.py"]
    numbers = known.numbers_of("  pool.reap(socket)  ")
    assert {"idl" in known.subjects[number] for number in numbers} == {True}
    assert not known.numbers_of("}")
    assert not known.numbers_of("pool.reap(other)")


@given(st.text(max_size=60))
def test_a_line_is_known_again_at_any_indent(line: str) -> None:
    assert line_key(f"   {line}\t") == line_key(line)


@given(st.integers(0, 2**16), st.integers(2, 8), st.integers(2, 12))
def test_weights_make_the_right_ones_no_less_likely(seed: int, candidates: int, questions: int) -> None:
    rng = np.random.default_rng(seed)
    choices = []
    for _ in range(questions):
        right = np.zeros(candidates, bool)
        right[rng.integers(candidates)] = True
        choices.append(AskedChoice(rng.normal(size=candidates), rng.normal(size=(candidates, 3)), right))
    weights = fit_weights(choices, 1.0)
    assert mean_loss(choices, weights) <= mean_loss(choices, np.zeros(3)) + 1e-9


def test_what_says_who_is_right_gets_a_weight_and_noise_gets_none() -> None:
    rng = np.random.default_rng(3)
    choices = []
    for _ in range(200):
        right = np.zeros(10, bool)
        right[rng.integers(10)] = True
        columns = np.stack([right * 1.0, rng.normal(size=10)], axis=1)
        choices.append(AskedChoice(rng.normal(size=10), columns, right))
    weights = fit_weights(choices, 3.0)
    assert weights[0] > 2
    assert abs(weights[1]) < 0.5


def test_rows_are_read_again_as_they_were_written_and_damaged_ones_are_left_out(tmp_path: Path) -> None:
    choice = AskedChoice(np.array([0.5, -1.0]), np.ones((2, len(FEATURES))), np.array([True, False]))
    row = AskedRow("ab12", "commit", frozenset((3,)), choice, [(3, 4, "line", 2, 4), (9, 9, "entry", 9, 9)])
    store = RowStore(tmp_path / "training" / "rows.jsonl")
    store.put(row)
    with (tmp_path / "training" / "rows.jsonl").open("a") as file:
        file.write('{"key": "cd"}\n{')
    found = RowStore(tmp_path / "training" / "rows.jsonl").get("ab12")
    assert found is not None
    assert found.places(choice.start) == row.places(choice.start)
    assert found.places(choice.start).first
    assert not replace(row, gold=frozenset((7,))).places(choice.start).three


async def test_a_text_is_embedded_once() -> None:
    engine = FakeEngine()
    once = VectorsOnce(engine)
    first = (await once.embed(["a tea", "b"])).vectors
    second = (await once.embed(["b", "a tea", "b"])).vectors
    assert np.array_equal(second, first[[1, 0, 1]])
    assert len(engine.calls) == 1
