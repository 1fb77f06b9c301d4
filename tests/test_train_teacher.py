"""A teacher writes questions to files: the privacy level decides what it sees, a round trip what counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_repositories import run_git

from mcp_smalltools.cli import main
from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.engine.api import Prompt
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import NotAllowed
from mcp_smalltools.learning.files.history_trial import try_history
from mcp_smalltools.learning.improve.teacher import Teacher
from mcp_smalltools.learning.repositories.files import RepositoryFiles
from mcp_smalltools.learning.teaching.question_writer import QuestionWriter
from mcp_smalltools.learning.teaching.taught import taught_files, taught_passages
from mcp_smalltools.level import PrivacyLevel

pytestmark = pytest.mark.anyio
TEACHER = Teacher("big-model")
FAR = Teacher("big-model", "https://far.example/v1")
KEY = "AKIAQ3EGRJ7XMSTWLPZB"


class FarEngine(FakeEngine):
    """An engine on another machine."""

    remote_hosts = ("far.example",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files of code, one of them in a folder of its own."""
    folder = (tmp_path / "repo").resolve()
    for path, name in (("pool.py", "reap"), ("inner/vault.py", "lock")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        body = "".join(f"    step_{n} = one + {n}\n" for n in range(8))
        (folder / path).write_text(f"def {name}(one):\n{body}    key = '{KEY}'\n    return key\n")
    return folder


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> FarEngine:
    engine = FarEngine(answers="Where are sleeping customers thrown out?")
    monkeypatch.setattr("mcp_smalltools.engine.make.make_engine", lambda settings, **_: engine)
    return engine


def writer(folder: Path, settings: Settings, teacher: Teacher, engine: FakeEngine | None) -> QuestionWriter:
    return QuestionWriter(teacher, RepositoryFiles.of(folder, settings), settings, engine)


def at_level(settings: Settings, folder: Path, level: PrivacyLevel, *inner: RootSpec) -> Settings:
    return settings.model_copy(update={"roots": (RootSpec(path=folder, level=level), *inner)})


def seen_by(engine: FakeEngine) -> str:
    prompts = [one for call in engine.calls for one in call.items if isinstance(one, Prompt)]
    return "\n".join(message.content for prompt in prompts for message in prompt.messages)


async def test_questions_come_back_with_the_lines_of_their_passage(folder: Path, settings: Settings) -> None:
    engine = FakeEngine(answers="1. Where are sleeping customers thrown out?\nWhat is step one?\nWhy?")
    own = at_level(settings, folder, PrivacyLevel.OPEN)
    files = RepositoryFiles.of(folder, own)
    said: list[str] = []
    cases = await taught_passages(writer(folder, own, TEACHER, engine), files.texts(), said.append)
    assert {case.path for case in cases} == {"pool.py", "inner/vault.py"}
    assert {case.question for case in cases} == {"Where are sleeping customers thrown out?"}
    assert all(case.lines == frozenset(range(1, 12)) for case in cases)
    assert said == ["2 of 2 texts asked about: 2 questions"]


async def test_a_question_that_copies_its_text_is_dropped(folder: Path, settings: Settings) -> None:
    engine = FakeEngine(answers="Which step reaps one key?")
    own = at_level(settings, folder, PrivacyLevel.OPEN)
    files = RepositoryFiles.of(folder, own)
    assert await taught_passages(writer(folder, own, TEACHER, engine), files.texts(), print) == []


async def test_a_question_that_repeats_the_task_or_the_files_name_is_dropped(
    folder: Path, settings: Settings
) -> None:
    """As small models write them."""
    engine = FakeEngine(answers="What is not addressed to you in the passage of the file `inner/vault.py`?")
    own = at_level(settings, folder, PrivacyLevel.OPEN)
    files = RepositoryFiles.of(folder, own)
    assert await taught_passages(writer(folder, own, TEACHER, engine), files.texts(), print) == []


async def test_files_without_a_passage_take_no_place_of_others(
    folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_smalltools.learning.teaching.taught.PASSAGES", 2)
    for number in range(9):
        (folder / f"table{number}.csv").write_text("a,b\n" * 9)
    engine = FakeEngine(answers="Where are sleeping customers thrown out?")
    own = at_level(settings, folder, PrivacyLevel.OPEN)
    cases = await taught_passages(
        writer(folder, own, TEACHER, engine), RepositoryFiles.of(folder, own).texts(), print
    )
    assert {case.path for case in cases} == {"pool.py", "inner/vault.py"}


async def test_a_teacher_elsewhere_sees_nothing_of_a_sealed_folder(
    folder: Path, settings: Settings, far: FarEngine
) -> None:
    own = at_level(settings, folder, PrivacyLevel.SEALED)
    files = RepositoryFiles.of(folder, own)
    with pytest.raises(NotAllowed, match="sealed"):
        await taught_passages(writer(folder, own, FAR, None), files.texts(), print)
    assert not far.calls


async def test_a_teacher_elsewhere_gets_masked_text_and_nothing_of_a_sealed_folder_inside(
    folder: Path, settings: Settings, far: FarEngine
) -> None:
    sealed = RootSpec(path=folder / "inner", level=PrivacyLevel.SEALED)
    own = at_level(settings, folder, PrivacyLevel.REDACTED, sealed)
    files = RepositoryFiles.of(folder, own)
    assert await taught_passages(writer(folder, own, FAR, None), files.texts(), print)
    assert await taught_files(writer(folder, own, FAR, None), files.texts(), print)
    said = seen_by(far)
    assert "def reap" in said
    assert KEY not in said
    assert "vault" not in said


async def test_a_server_that_is_not_allowed_is_not_asked(folder: Path, settings: Settings) -> None:
    own = at_level(settings, folder, PrivacyLevel.OPEN)
    with pytest.raises(NotAllowed, match="allow"):
        await writer(folder, own, FAR, None).questions([], "", print) or await taught_passages(
            writer(folder, own, FAR, None), RepositoryFiles.of(folder, own).texts(), print
        )


def test_a_teacher_is_of_two_tools_and_its_address_needs_a_name(tmp_path: Path) -> None:
    assert main(["train", "parse_log", "--from", str(tmp_path), "--teacher", "m"]) == 2
    assert main(["train", "find_files", "--from", str(tmp_path), "--teacher-url", "http://127.0.0.1:1"]) == 2


def word(number: int, round_: int) -> str:
    """A word of its own for each file and round."""
    return f"q{chr(97 + number)}{chr(97 + round_)}zeb"


@pytest.fixture(scope="module")
def unspoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files whose words are not those of the commits, and each commit speaks of another thing than before."""
    folder = (tmp_path_factory.mktemp("unspoken") / "repo").resolve()
    folder.mkdir()
    for n in range(12):
        (folder / f"part_{n}.py").write_text(f"def step_{n}(value):\n    return value + {n}\n")
    run_git(folder, "init", "-q")
    run_git(folder, "add", ".")
    run_git(folder, "commit", "-qm", "First version of everything")
    for round_ in range(5):
        for n in range(12):
            with (folder / f"part_{n}.py").open("a") as file:
                file.write(f"LIMIT_{round_} = {n}\n")
            run_git(folder, "commit", "-qam", f"Handle the broken {word(n, round_)} thing")
    return folder


@pytest.mark.parametrize(("helps", "count"), [(True, 12), (False, 0)])
async def test_requests_of_a_teacher_are_used_where_they_help(
    unspoken: Path, settings: Settings, helps: bool, count: int
) -> None:
    def answer(prompt: Prompt) -> str:
        number = prompt.messages[-1].content.split(".py")[0].removeprefix("part_")
        topics = " ".join(word(int(number), round_) for round_ in range(5))
        return f"step {number} {topics}" if helps else f"Wholly unrelated wording number{number} here"

    trial, learned = await try_history(unspoken, settings, FakeEngine(answers=answer), print, TEACHER)
    assert trial.taught == count
    assert trial.better is helps, trial
    told = learned.changes["part_3.py"]
    assert told == (6.0 if helps else 5.0)
