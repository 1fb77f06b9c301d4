"""eval find and eval summaries on the history of a small repository that is made here."""

from __future__ import annotations

import argparse
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import NotFound
from mcp_smalltools.evaluation.data import whole_files
from mcp_smalltools.evaluation.data.history import repositories
from mcp_smalltools.evaluation.suites import find, summaries

if TYPE_CHECKING:
    from mcp_smalltools.engine.client.client import EngineClient

pytestmark = pytest.mark.anyio

HISTORY = [
    ("Begin", {"bees.py": "def swarm():\n    return 1\n", "cows.py": "def milk():\n    return 2\n"}),
    ("Count the mites in a swarm of bees", {"bees.py": "def swarm():\n    mites = 3\n    return mites\n"}),
    ("Bump version to 2", {"cows.py": "def milk():\n    return 3\n"}),
    ("Warm milk comes from cows", {"cows.py": "def milk():\n    return 'warm'\n", "new.py": "x = 1\n"}),
    ("Rename all", {"a.py": "1", "b.py": "2", "c.py": "3", "d.py": "4"}),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    place = tmp_path / "data" / "farm"
    place.mkdir(parents=True)

    def git(*arguments: str) -> None:
        own = ["-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(place), *own, *arguments], check=True, capture_output=True)

    git("init", "-q")
    for subject, files in HISTORY:
        for name, text in files.items():
            (place / name).write_text(text, encoding="utf-8")
        git("add", "-A")
        git("commit", "-q", "-m", subject)
    return place.parent


def test_commits_that_change_a_few_files_that_were_there_ask_for_them(data: Path) -> None:
    (repository,) = repositories(data)
    asked = [(commit.subject, commit.files) for commit in repository.commits(10)]
    assert asked == [
        ("Count the mites in a swarm of bees", ("bees.py",)),
        ("Warm milk comes from cows", ("cows.py",)),
    ]
    assert repository.tree(repository.commits(10)[0].parent).keys() == {"bees.py", "cows.py"}


@pytest.mark.slow
@pytest.mark.parametrize("suite", [find, summaries])
async def test_a_suite_measures_each_repository(
    suite: Any, data: Path, settings: Settings, engine: EngineClient
) -> None:
    args = argparse.Namespace(data=data, commits=10, words=60, json=True)
    (found,) = await suite.evaluate(args, settings)
    figures = asdict(found)
    assert figures["commits"] == 2
    if suite is find:
        assert figures["recall_at_10"] == 1
        assert figures["first_result_was_changed"] == 1
    else:
        assert {rung["text"] for rung in figures["rungs"]} >= {"outline", "summary", "whole file"}
        assert figures["faithful"] == 1


def test_the_floor_ranks_by_words_of_path_and_text() -> None:
    texts = {path: whole_files.text(path, text) for path, text in (("a/x.py", "ox"), ("b.py", "cow ox"))}
    assert whole_files.best("cow", texts, 1) == ["b.py"]
    assert whole_files.best("x", texts, 1) == ["a/x.py"]


def test_a_folder_without_a_repository_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no git repository"):
        next(iter(repositories(tmp_path)))
