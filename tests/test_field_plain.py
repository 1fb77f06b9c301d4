"""The plain methods beside the tools' figures on real cases."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import numpy as np
import pytest

from mcp_smalltools.evaluation.field.cases import FieldCase
from mcp_smalltools.evaluation.field.judged import JudgedCase
from mcp_smalltools.evaluation.field.judges import JUDGES, beside, sure_items
from mcp_smalltools.evaluation.field.plain import plain_parts
from mcp_smalltools.evaluation.field.plain_reading import first_words
from mcp_smalltools.evaluation.suites.field import figures_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

HANDBOOK = """# Kettle

Kettle boils water for a team.

## Cups

A cup holds 250 ml. Guests get a saucer with it.

## Alarms

The siren sounds when the boiler is empty, after nine seconds.
The boiler is checked by the warden on Mondays.
"""


async def _no_vectors(texts: Sequence[str]) -> NDArray[np.float32] | None:
    return None


async def _letters(texts: Sequence[str]) -> NDArray[np.float32] | None:
    """A vector by which letters a text has."""
    rows = [[text.lower().count(letter) for letter in "abcdefghij"] for text in texts]
    counts = np.array(rows, np.float32).reshape(len(texts), 10)
    return counts / np.maximum(1e-6, np.linalg.norm(counts, axis=1, keepdims=True))


def _plain(
    folder: Path, tool: str, arguments: dict[str, Any], right: dict[str, Any], embed: Any = _no_vectors
) -> dict[str, float]:
    case = FieldCase("one", tool, "", "", "", folder, arguments, right)
    return anyio.run(plain_parts, case, embed)


def _ask(folder: Path, question: str, *lines: int) -> dict[str, float]:
    (folder / "book.md").write_text(HANDBOOK)
    ranges = [["book.md", line, line] for line in lines]
    return _plain(folder, "ask_file", {"paths": ["book.md"], "question": question}, {"lines": ranges})


def test_a_question_is_put_to_windows_of_lines_and_to_grep(tmp_path: Path) -> None:
    anywhere = "BM25, 5 places of 8 lines: anywhere"
    right = {"BM25, 8 lines": 1.0, "grep of the rarest word": 1.0, anywhere: 1.0}
    assert _ask(tmp_path, "When does the siren sound?", 11) == right
    assert _ask(tmp_path, "When does the siren sound?", 3) == dict.fromkeys(right, 0.0)
    # The best place is about the boiler, another one about the team.
    both = _ask(tmp_path, "Which team checks the empty boiler by the warden?", 1)
    assert (both["BM25, 8 lines"], both[anywhere]) == (0.0, 1.0)
    # Of warden, checked and boiler in the file, boiler is the only one that a line above holds, too.
    assert _ask(tmp_path, "Who checks the boiler, a warden?", 12)["grep of the rarest word"] == 1.0


def test_a_question_without_an_answer_is_right_only_if_no_word_is_there(tmp_path: Path) -> None:
    assert set(_ask(tmp_path, "xyzzy plugh").values()) == {1.0}
    assert set(_ask(tmp_path, "Which colour has the boiler?").values()) == {0.0}


def test_files_are_found_by_the_words_that_they_hold(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "pour.py").write_text("def pour(cup):\n    fill(cup)\n")
    for name in "abcdef":
        (tmp_path / f"{name}.py").write_text("x = 1\n")
    (tmp_path / "pour.md").write_text("pour the cup\n")
    right = {"first_of": ["src/pour.py"]}
    assert _plain(tmp_path, "find_files", {"query": "pour a cup"}, right) == {
        "BM25 over files": 1.0,
        "grep of the words": 1.0,
    }
    only_text = _plain(tmp_path, "find_files", {"query": "pour a cup", "glob": "*.md"}, right)
    assert set(only_text.values()) == {0.0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "#!/bin/sh\n#\n# Restores the database.\n# Needs root.\n\nset -e\n",
            "Restores the database. Needs root.",
        ),
        ("/*\n * Pours tea.\n */\nint main;\n", "Pours tea."),
        ("# Kettle\n\nIt boils.\n", "Kettle"),
        ("\n\n", None),
    ],
)
def test_the_first_comment_or_paragraph_is_the_plain_purpose(text: str, words: str | None) -> None:
    assert first_words(text.split("\n")) == words


def test_an_outline_is_compared_with_names_by_one_pattern(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# Pours tea.\n\nclass Pot:\n    def fill(self): ...\nLIMIT = 3\n")
    right = {"outline": ["Pot", "fill", "LIMIT"], "purpose_words": ["pour", "tea"]}
    assert _plain(tmp_path, "summarize_file", {"path": "a.py"}, right) == {
        "one pattern: outline": 1.0,
        "first comment or paragraph: purpose": 1.0,
    }
    wrong = {"outline": ["Kettle"], "purpose_words": ["kettle"]}
    assert set(_plain(tmp_path, "summarize_file", {"path": "a.py"}, wrong).values()) == {0.0}


ROWS = {
    "type": "object",
    "properties": {
        "cups": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "size_ml": {"type": ["integer", "null"]}},
            },
        }
    },
}


@pytest.mark.parametrize(
    ("text", "schema", "data"),
    [
        (
            "name,size_ml\nmug,250\nbowl,\n",
            ROWS,
            {"cups": [{"name": "mug", "size_ml": 250}, {"name": "bowl"}]},
        ),
        (
            json.dumps({"cups": [{"name": "mug", "sizeMl": 250}]}),
            ROWS,
            {"cups": [{"name": "mug", "size_ml": 250}]},
        ),
        (
            "Host: kettle.local\nMax retries = 3\nverbose: yes\n",
            {
                "type": "object",
                "properties": {
                    "host": {"type": "string"},
                    "max_retries": {"type": "integer"},
                    "verbose": {"type": "boolean"},
                    "colour": {"type": "string"},
                },
            },
            {"host": "kettle.local", "max_retries": 3, "verbose": True},
        ),
    ],
)
def test_a_value_is_that_of_the_first_key_with_its_name(
    text: str, schema: dict[str, Any], data: dict[str, Any]
) -> None:
    found = _plain(Path(), "extract", {"text": text, "schema": schema}, {"data": data})
    assert found == {"first key of that name": 1.0}
    assert _plain(Path(), "extract", {"text": text, "schema": schema}, {"data": {}}) == dict.fromkeys(
        found, 0.0
    )


def test_texts_with_examples_are_put_to_linear_models() -> None:
    pytest.importorskip("sklearn")
    arguments = {
        "items": ["aaaa aaa", "jjjj jji"],
        "labels": ["first", "last"],
        "examples": [{"text": "aaab aaa", "label": "first"}, {"text": "jjji jji", "label": "last"}],
    }
    right = {"labels": ["first", "last"]}
    found = _plain(Path(), "classify", arguments, right, _letters)
    assert found == {
        "TF-IDF, linear SVM: items right": 1.0,
        "logistic regression on vectors: items right": 1.0,
    }
    assert set(_plain(Path(), "classify", arguments, right)) == {"TF-IDF, linear SVM: items right"}


def test_texts_without_examples_are_compared_with_the_names() -> None:
    arguments = {"items": ["aab", "jij"], "labels": ["aa: the first", "jj"]}
    found = _plain(Path(), "classify", arguments, {"labels": ["aa", "aa"]}, _letters)
    assert found == {"similarity of names: items right": 0.5}
    assert _plain(Path(), "classify", arguments, {"labels": ["aa", "aa"]}) == {}


def test_every_tool_that_is_judged_has_a_plain_method_or_a_reason(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("nothing failed\n")
    arguments = {
        "path": "a.txt",
        "paths": ["a.txt"],
        "question": "why",
        "query": "why",
        "schema": {},
        "items": ["a"],
        "labels": ["a", "b"],
    }
    right = {
        "lines": [],
        "first": "b",
        "data": {},
        "labels": ["a"],
        "purpose": None,
        "guilty": [[1, 1]],
        "failed": True,
    }
    for tool in JUDGES:
        assert _plain(tmp_path, tool, arguments, right, _letters), tool


def test_items_of_classify_are_counted_beside_the_verdict() -> None:
    results = [{"label": "a"}, {"label": "b", "escalate": True}, {"label": "b"}, {"label": "a"}]
    right = {"labels": ["a", "b", "a", "a"]}
    for examples, task in ((True, "with examples"), (False, "names alone")):
        told = beside("classify", right, {"results": results}, examples=examples)
        assert told == {f"{task}: items right": 0.75, f"{task}: items sure": 0.75}
    assert sure_items(right, {"results": results}) == (2, 3)


def test_sure_items_are_counted_over_all_tasks_of_a_kind() -> None:
    def judged(examples: list[dict[str, str]], sure: tuple[int, int]) -> JudgedCase:
        case = FieldCase("a", "classify", "k", "s", "", Path(), {"examples": examples}, {"labels": []})
        return JudgedCase(case, {"labels": True}, True, 9, 0.1, {}, sure_items=sure)

    shown = [{"text": "x", "label": "a"}]
    figures = figures_of("classify", [judged(shown, (0, 1)), judged(shown, (9, 9)), judged([], (0, 0))])
    assert figures.parts == {"labels": 1.0, "with examples: right of the 10 sure items": 0.9}


def test_shares_of_plain_methods_are_means_over_the_cases_that_have_them() -> None:
    case = FieldCase("one", "classify", "", "", "", Path(), {}, {})
    judged = [
        JudgedCase(case, {"labels": True}, True, 9, 0.1, {"SVM": 0.5}, beside={"items right": 0.25}),
        JudgedCase(case, {"labels": True}, True, 9, 0.1, {"SVM": 1.0, "names": 0.5}),
    ]
    figures = figures_of("classify", judged)
    assert figures.plain == {"SVM": 0.75, "names": 0.5}
    assert figures.parts == {"labels": 1.0, "items right": 0.25}
