"""`train classify`: labels that are there already become a skill, if the plain methods are no better."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.cli import main
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import NotFound, UsageError
from mcp_smalltools.learning.labels.labelled import LabelledTexts, labels_of_history, labels_of_table
from mcp_smalltools.learning.labels.plain_methods import by_logistic_regression, by_words
from mcp_smalltools.learning.labels.skill_trial import SkillFigures, SplitTexts
from mcp_smalltools.learning.repositories.commits import PastCommit

WORDS = {
    "billing": "invoice refund card charge payment receipt price".split(),  # noqa: SIM905
    "crash": "crash freeze hang segfault panic abort exception".split(),  # noqa: SIM905
}


def texts(count: int = 40) -> list[tuple[str, str]]:
    return [
        (f"{words[n % 7]} trouble with the {words[(n * 3 + 1) % 7]} in case {n}", label)
        for n in range(count)
        for label, words in WORDS.items()
    ]


def figures(**changes: object) -> SkillFigures:
    given: dict[str, object] = {
        "labels": 2,
        "examples": 60,
        "held_out": 100,
        "right": 0.9,
        "names_alone": 0.6,
        "logistic_regression": 0.9,
        "tfidf_svm": 0.85,
        "most_frequent": 0.5,
        "sure": 0.5,
        "right_of_sure": 0.96,
        "seconds": 1.0,
        "processor_s": 1.0,
    }
    return SkillFigures(**given | changes)  # type: ignore[arg-type]


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of tickets; settings with folders of their own, and no engine but the fake one."""
    monkeypatch.setenv("MCP_SMALLTOOLS_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("MCP_SMALLTOOLS_SKILLS_DIR", str(tmp_path / "skills"))
    monkeypatch.setattr("mcp_smalltools.engine.make.make_engine", lambda settings, **_: FakeEngine())
    path = tmp_path / "tickets.csv"
    rows = (f"{text},{label}" for text, label in texts())
    path.write_text("\n".join(["text,label", *rows]) + "\n")
    return path


def test_a_table_becomes_a_skill_that_is_undone(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "classify", "--from", str(table), "--name", "desk"]
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["better"], found["reasons"]
    assert found["right"] >= max(found["logistic_regression"], found["tfidf_svm"])
    skill = tmp_path / "skills" / "desk"
    assert (found["version"], found["labels"]) == (1, 2)
    assert "held out" in (skill / "card.md").read_text()
    assert main(["skills", "list", "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == ["desk"]
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == 2
    undo = ["train", "classify", "--undo", "--name", "desk"]
    assert main(undo) == 0
    assert skill.is_dir()
    assert main(undo) == 0
    assert not skill.exists()
    assert main(undo) == 1


def test_a_skill_that_somebody_wrote_is_not_replaced(table: Path, tmp_path: Path) -> None:
    own = tmp_path / "skills" / "desk"
    own.mkdir(parents=True)
    (own / "skill.toml").write_text("mine")
    assert main(["train", "classify", "--from", str(table), "--name", "desk"]) == 2
    assert (own / "skill.toml").read_text() == "mine"
    assert main(["train", "classify", "--from", str(table), "--name", "parse_log"]) == 2
    assert main(["train", "find_files", "--from", str(tmp_path), "--name", "desk"]) == 2


def test_a_dry_run_keeps_nothing(table: Path, tmp_path: Path) -> None:
    assert main(["train", "classify", "--from", str(table), "--dry-run"]) == 0
    assert not (tmp_path / "skills").exists()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"logistic_regression": 0.91}, "logistic regression"),
        ({"tfidf_svm": 0.95}, "SVM"),
        ({"names_alone": 0.9}, "names alone"),
        ({"most_frequent": 0.9}, "most frequent"),
        ({"right_of_sure": 0.8}, "sure"),
        ({"right_of_sure": 0.7, "sure": 0.07}, "sure"),
    ],
)
def test_what_a_plain_method_does_as_well_is_not_kept(changes: dict[str, object], why: str) -> None:
    assert not list(figures().reasons())
    (reason,) = figures(**changes).reasons()
    assert why in reason


def test_what_is_mostly_wrong_is_not_kept_and_one_sure_error_of_few_is_no_share() -> None:
    few = {
        "right": 0.4,
        "names_alone": 0.1,
        "logistic_regression": 0.3,
        "tfidf_svm": 0.3,
        "most_frequent": 0.1,
    }
    (reason,) = figures(**few).reasons()
    assert "right in 0.400 only" in reason
    assert not list(figures(right_of_sure=0.8, sure=0.05).reasons())


def commits(subjects: Sequence[str], *files: str) -> list[PastCommit]:
    return [PastCommit(subject, files, asks=True) for subject in subjects]


def test_kinds_of_commits_are_labels_where_they_are_a_habit() -> None:
    kinds = [f"{kind}(core): change number {n} of {kind}" for n in range(15) for kind in ("feat", "fix")]
    found = labels_of_history(commits(kinds, "a.py"))
    assert (found.name, sorted(found.labels)) == ("kind_of_commit", ["feat", "fix"])
    assert found.pairs[0] == ("change number 0 of feat", "feat")


def test_other_prefixes_of_subjects_are_no_kinds() -> None:
    parts = [f"{part}: change number {n} of {part}" for n in range(15) for part in ("http", "tls")]
    assert labels_of_history(commits(parts, "a.py")).name == "prefix_of_commit"


def test_folders_are_labels_where_kinds_are_not_written() -> None:
    found = labels_of_history(
        [
            *commits([f"Mend the parser in case {n}" for n in range(15)], "src/parser/a.py"),
            *commits([f"Draw the window in case {n}" for n in range(15)], "src/window/b.py"),
            *commits(["Change the two of them"] * 20, "src/parser/a.py", "src/window/b.py"),
        ]
    )
    assert sorted(found.labels) == ["src/parser", "src/window"]
    assert len(found.pairs) == 30
    with pytest.raises(NotFound, match="two are the least"):
        labels_of_history(commits(["Mend the parser again"] * 30, "src/a.py"))
    with pytest.raises(UsageError):
        labels_of_history([], "authors")


def test_a_table_may_name_files_beside_it_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.txt").write_text("not below the table")
    rows = [{"text": text, "label": label} for text, label in texts(20)]
    for number in range(14):
        (tmp_path / "in" / f"{number}.txt").write_text(f"The rain is heavy in case {number}.")
        rows.append({"path": f"{number}.txt", "label": "rain"})
    rows.append({"path": "../secret.txt", "label": "rain"})
    path = tmp_path / "in" / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    found = labels_of_table(path)
    assert sum(label == "rain" for _, label in found.pairs) == 14
    assert not any("not below" in text for text, _ in found.pairs)
    path.write_text("{")
    with pytest.raises(UsageError, match="line 1"):
        labels_of_table(path)


def test_a_text_with_two_labels_teaches_nothing() -> None:
    pairs = [*texts(20), ("the same text", "crash"), ("the same text", "billing")]
    from mcp_smalltools.learning.labels.labelled import _enough

    assert ("the same text", "crash") not in _enough(LabelledTexts("a", "", tuple(pairs))).pairs


@given(st.integers(12, 300), st.integers(12, 60))
def test_the_newest_are_held_out_and_never_examples(many: int, few: int) -> None:
    pairs = tuple([(f"a {n}", "a") for n in range(many)] + [(f"b {n}", "b") for n in range(few)])
    split = SplitTexts.of(LabelledTexts("x", "", pairs))
    assert not {text for text, _ in split.examples} & {text for text, _ in split.held_out}
    assert {label for _, label in split.examples} == {label for _, label in split.held_out} == {"a", "b"}
    taught = max(int(text.split()[1]) for text, label in split.examples if label == "a")
    assert all(int(text.split()[1]) > taught for text, label in split.held_out if label == "a")


def test_the_plain_methods_learn_what_is_plain() -> None:
    rng = np.random.default_rng(1)
    columns = np.array([n % 2 for n in range(40)])
    vectors = (rng.normal(size=(40, 8)) * 0.1 + np.eye(8)[columns]).astype(np.float32)
    assert (by_logistic_regression(vectors, columns, 2, vectors) == columns).mean() > 0.95
    pairs = texts()
    labels = sorted(WORDS)
    right = np.array([labels.index(label) for _, label in pairs])
    said = [text for text, _ in pairs]
    assert (by_words(said[:40], right[:40], 2, said[40:]) == right[40:]).mean() > 0.95
