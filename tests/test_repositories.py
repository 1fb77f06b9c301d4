"""Repositories as material: read through git, which runs nothing of theirs; renamings, changes, questions."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.learning.ask.material import AskCase, cases_of_commits, cases_of_file, text_of_case
from mcp_smalltools.learning.repositories import git
from mcp_smalltools.learning.repositories.changes import past_changes
from mcp_smalltools.learning.repositories.commits import past_commits
from mcp_smalltools.learning.repositories.files import RepositoryFiles, level_of
from mcp_smalltools.level import PrivacyLevel


def run_git(folder: Path, *arguments: str) -> None:
    given = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    subprocess.run(["git", "-C", str(folder), *given, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    run_git(folder, "init", "-q")
    (folder / "pool.py").write_text(
        "".join(f"def part_{n}(value):\n    return value + {n}\n\n" for n in range(20))
    )
    run_git(folder, "add", ".")
    run_git(folder, "commit", "-qm", "First version of the pool")
    return folder


def commit(folder: Path, name: str, before: str, after: str, subject: str) -> None:
    path = folder / name
    path.write_text(path.read_text().replace(before, after))
    run_git(folder, "commit", "-qam", subject)


def test_a_repository_has_no_program_of_its_own_run(repository: Path, tmp_path: Path) -> None:
    """Its configuration names one for each thing that git asks a program for."""
    trap, fired = tmp_path / "trap.sh", tmp_path / "fired"
    trap.write_text(f"#!/bin/sh\necho $0 >> {fired}\ncat\n")
    trap.chmod(0o755)
    for key in ("diff.trap.textconv", "diff.trap.command", "diff.external", "gpg.program", "core.fsmonitor"):
        run_git(repository, "config", key, str(trap))
    run_git(repository, "config", "log.showSignature", "true")
    (repository / ".gitattributes").write_text("*.py diff=trap\n")
    fired.unlink(missing_ok=True)
    assert past_commits(repository, ["pool.py"])
    assert past_changes(repository, ["pool.py"])
    assert git.content(repository, "HEAD", "pool.py", 10_000)
    assert git.head_of(repository)
    assert git.commits_since(repository, "HEAD") == 0
    assert not fired.exists()


def test_a_file_keeps_its_history_under_its_new_name(repository: Path) -> None:
    commit(repository, "pool.py", "value + 3\n", "value + 33\n", "Count the third part tenfold")
    run_git(repository, "mv", "pool.py", "basin.py")
    run_git(repository, "commit", "-qm", "Call the pool a basin")
    found = {one.subject: one.files for one in past_commits(repository, ["basin.py"])}
    assert found["Count the third part tenfold"] == ("basin.py",)
    changes = {one.subject: one.files for one in past_changes(repository, ["basin.py"])}
    (file,) = changes["Count the third part tenfold"]
    assert (file.path, file.before) == ("basin.py", "pool.py")
    assert file.written == ["    return value + 33"]
    assert file.replaced == [(11, 11)]


def test_the_subject_of_a_commit_asks_for_the_lines_that_it_replaced(repository: Path) -> None:
    commit(
        repository, "pool.py", "value + 3\n", "value + 33\n", "fix(pool): count the third part tenfold (#7)"
    )
    (case,) = cases_of_commits(past_changes(repository, ["pool.py"]), 0, 10)
    assert case.question == "count the third part tenfold"
    assert case.lines == {11}
    assert "value + 3\n" in (git.content(repository, f"{case.commit}^", case.before, 10_000) or "")


def test_documentation_asks_for_what_it_documents_and_is_not_to_be_seen() -> None:
    lines = [
        *("import socket", "", ""),
        *("def close_idle(pool):", '    """Shut every connection that waited longer than a minute."""'),
        *("    for one in pool:", "        one.stop()", ""),
        *(f"LIMIT_{n} = {n}" for n in range(30)),
    ]
    (case,) = cases_of_file("pool.py", lines, 5)
    assert "Shut every connection" in case.question
    assert 4 in case.lines
    assert "Shut every" not in "\n".join(text_of_case("\n".join(lines), case.blank))


def test_a_comment_asks_for_its_setting_and_a_heading_for_its_section() -> None:
    toml = [
        "# How long an idle connection may wait",
        "idle_s = 60",
        "",
        *(f"other_{n} = {n}" for n in range(30)),
    ]
    (setting,) = cases_of_file("a.toml", toml, 5)
    assert (setting.lines, setting.blank) == ({2}, {1})
    page = [
        "# About",
        "",
        "Words.",
        "",
        "## Closing of idle connections",
        "",
        "They are shut after a minute.",
        "",
    ]
    found = cases_of_file("a.md", [*page, *(f"Text number {n}." for n in range(30))], 5)
    assert any("Closing of idle" in case.question and 7 in case.lines for case in found)


@given(
    st.lists(st.text(max_size=30), max_size=60), st.sampled_from(["a.py", "a.toml", "a.md", "a.c", "a.txt"])
)
def test_questions_out_of_any_file_name_lines_of_it_that_are_not_blanked(lines: list[str], path: str) -> None:
    text = "\n".join(lines).split("\n")
    for case in cases_of_file(path, text, 10):
        assert case.lines <= set(range(1, len(text) + 1))
        assert case.lines - case.blank
        assert len(text_of_case("\n".join(text), case.blank)) == len(text)


def test_the_files_of_a_repository_are_those_that_no_other_root_has(
    repository: Path, settings: Settings
) -> None:
    (repository / "secret").mkdir()
    (repository / "secret" / "a.py").write_text("x = 1\n")
    (repository / ".gitignore").write_text("built/\n")
    (repository / "built").mkdir()
    (repository / "built" / "b.py").write_text("x = 1\n")
    sealed = RootSpec(path=repository / "secret", level=PrivacyLevel.SEALED)
    outer = RootSpec(path=repository, level=PrivacyLevel.REDACTED)
    own = settings.model_copy(update={"roots": (outer, sealed)})
    files = RepositoryFiles.of(repository.resolve(), own)
    assert set(files.texts()) == {"pool.py", ".gitignore"}
    assert files.level is PrivacyLevel.REDACTED
    assert level_of((repository / "secret" / "deep").resolve(), own) is PrivacyLevel.SEALED


def test_the_key_of_a_question_tells_questions_apart_without_their_words() -> None:
    one = AskCase("commit", "close idle connections", "a.py", frozenset((1,)))
    other = AskCase("commit", "close idle connections", "b.py", frozenset((1,)))
    assert one.key != other.key
    assert "idle" not in one.key
