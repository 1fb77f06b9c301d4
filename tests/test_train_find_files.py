"""`train find_files`: a repository's history tells which files a query means; gated, versioned, undone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.cli import main
from mcp_smalltools.config import Settings
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import NotFound
from mcp_smalltools.learning.files.history_trial import try_history
from mcp_smalltools.learning.repositories.commits import past_commits
from mcp_smalltools.stores.versions import KEPT, Versions
from mcp_smalltools.tools.find_files.learned_history import (
    LearnedHistory,
    history_of,
    learned_below,
    versions_of,
    write_version,
)

pytestmark = pytest.mark.anyio

FILES = {f"src/part_{n}.py": f"def step_{n}(value):\n    return value + {n}\n" for n in range(12)}


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments],
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve files of a name that says nothing, and commits whose words do."""
    folder = tmp_path_factory.mktemp("repo")
    topics = "kettle teapot saucer spoon sugar lemon biscuit tray napkin candle window curtain".split()  # noqa: SIM905
    for path, text in FILES.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "First version of everything")
    for round_ in range(8):
        for number, (path, topic) in enumerate(zip(FILES, topics, strict=True)):
            with (folder / path).open("a") as file:
                file.write(f"LIMIT_{round_} = {number}\n")
            git(folder, "commit", "-qam", f"Handle a broken {topic} in round {round_}")
    return folder


async def test_held_out_commits_find_their_files_by_what_came_before_them(
    repository: Path, settings: Settings
) -> None:
    engine = FakeEngine()
    said: list[str] = []
    trial, learned = await try_history(repository, settings, engine, said.append)
    assert trial.better
    assert trial.after > 0.9 > trial.before
    assert learned.scores("a broken teapot", repository)["src/part_1.py"] == 1.0
    assert any("held out" in line for line in said)


def test_what_was_learned_is_kept_as_a_version_and_undone(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MCP_SMALLTOOLS_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr("mcp_smalltools.engine.make.make_engine", lambda settings: FakeEngine())
    assert main(["train", "find_files", "--from", str(repository), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == 1
    assert len(learned_below(tmp_path / "state", repository)) == 1
    assert main(["train", "find_files", "--from", str(repository), "--undo"]) == 0
    assert learned_below(tmp_path / "state", repository) == []
    assert main(["train", "find_files", "--from", str(repository), "--undo"]) == 1


def test_a_folder_without_history_is_refused_in_one_line(tmp_path: Path, repository: Path) -> None:
    for folder in (tmp_path, repository / "src"):
        with pytest.raises(NotFound):
            past_commits(folder, FILES)


def test_a_folder_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "find_files"]) == 2
    assert "--from" in capsys.readouterr().err


def test_a_history_is_used_for_the_roots_that_are_in_it_or_hold_it(tmp_path: Path) -> None:
    learned = history_of(tmp_path / "repo", 0.5, [("broken teapot", ["src/a.py", "b.py"])])
    for root, path in (("repo", "src/a.py"), ("", "repo/src/a.py"), ("repo/src", "a.py")):
        assert path in learned.scores("teapots", tmp_path / root)
    assert learned.scores("teapots", tmp_path / "other") == {}
    versions_of(tmp_path, learned.folder).add(lambda folder: write_version(learned, {}, folder))
    assert learned_below(tmp_path, tmp_path / "repo" / "src")[0].files == learned.files
    assert learned_below(tmp_path, tmp_path / "other") == []


@pytest.mark.parametrize(("limit", "moved"), [(1, True), (5, False)])
def test_what_was_learned_is_no_surer_than_the_shipped_ranking(
    repository: Path, settings: Settings, limit: int, moved: bool
) -> None:
    """Its certainty is that of the shipped ranking, and none where that one's best file isn't shown."""
    from mcp_smalltools.learning.repositories.files import RepositoryFiles
    from mcp_smalltools.tools.base import StopSignal
    from mcp_smalltools.tools.find_files.index_updates import IndexUpdater
    from mcp_smalltools.tools.find_files.search import Query, SearchFolder, search

    files = RepositoryFiles.of(repository, settings)
    updater = IndexUpdater(files.folder, settings.state_dir, files.open)
    updater.refresh(60.0, lambda *_: None, lambda: None)
    learned = history_of(repository, 3.0, [("step 3 teapot", ["src/part_7.py"])])
    query = Query("step 3 teapot", "", limit)
    shipped = search([SearchFolder(updater, updater.folder)], query, StopSignal(60.0))
    taught = search([SearchFolder(updater, updater.folder, (learned,))], query, StopSignal(60.0))
    updater.close()
    assert shipped.hits[0].path == "src/part_3.py"
    assert taught.hits[0].path == "src/part_7.py"
    assert taught.features == shipped.features
    assert (shipped.moved, taught.moved) == (False, moved)


def test_a_damaged_version_is_not_used(tmp_path: Path) -> None:
    versions_of(tmp_path, tmp_path).add(lambda folder: None)
    assert learned_below(tmp_path, tmp_path) == []


@given(
    st.lists(st.tuples(st.text("ab ", max_size=9), st.lists(st.sampled_from("xyz"), min_size=1, max_size=3)))
)
def test_scores_of_a_history_are_shares_of_the_best(commits: list[tuple[str, list[str]]]) -> None:
    learned: LearnedHistory = history_of(Path("/r"), 1.0, commits)
    scores = learned.scores("aa ab bb", Path("/r"))
    assert all(0 < score <= 1 for score in scores.values())
    assert not scores or max(scores.values()) == 1


def test_old_versions_are_taken_away_and_going_back_ends_at_what_ships(tmp_path: Path) -> None:
    versions = Versions(tmp_path / "v")
    assert (versions.current, versions.in_use, versions.go_back()) == (0, None, None)
    for _ in range(KEPT + 2):
        versions.add(lambda folder: None)
    assert len([path for path in versions.folder.iterdir() if path.is_dir()]) == KEPT
    seen = []
    while (version := versions.go_back()) is not None:
        seen.append(version)
    assert seen == [*range(KEPT + 1, 2, -1), 0]
