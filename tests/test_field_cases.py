"""Cases in the field: how truth is read, judged and reported."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from mcp_smalltools.calibration.scores import REAL_INPUT, read_quality
from mcp_smalltools.cli import main
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import NotFound
from mcp_smalltools.evaluation.field.cases import FieldCase, read_cases
from mcp_smalltools.evaluation.field.judged import JudgedCase
from mcp_smalltools.evaluation.field.judges import beside, judge, rated, whole_message
from mcp_smalltools.evaluation.field.recorded import entry_of
from mcp_smalltools.evaluation.suites.field import figures_of, judge_all, show_figures


def _write(folder: Path, *rows: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "truth.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def _row(name: str = "one", **more: Any) -> dict[str, Any]:
    return {"id": name, "tool": "find_failure", "args": {"path": "a.log"}, "right": {"failed": True}, **more}


def test_cases_of_folders_below_are_read_and_chosen_by_split_and_tool(tmp_path: Path) -> None:
    _write(tmp_path / "a", _row("one", split="fit"), _row("two", split="held_out"))
    _write(tmp_path / "b", _row("three", split="fit", tool="parse_log"))
    assert [case.id for case in read_cases(tmp_path)] == ["one", "two", "three"]
    assert [case.id for case in read_cases(tmp_path, split="fit")] == ["one", "three"]
    assert [case.id for case in read_cases(tmp_path, tools=frozenset({"parse_log"}))] == ["three"]


def test_a_case_without_a_source_is_of_its_kind(tmp_path: Path) -> None:
    _write(tmp_path, _row(kind="compile"), _row(kind="test", source="me/mine"))
    assert [case.source for case in read_cases(tmp_path)] == ["compile", "me/mine"]


@pytest.mark.parametrize("text", ["", "{}\n", "no json\n"])
def test_a_folder_without_cases_is_refused_with_the_form(tmp_path: Path, text: str) -> None:
    (tmp_path / "truth.jsonl").write_text(text)
    with pytest.raises(NotFound) as raised:
        read_cases(tmp_path)
    assert "README.md" in str(raised.value)


def _answer(failed: bool | None, *evidence: tuple[int, int], **more: Any) -> dict[str, Any]:
    spans = [{"start": start, "end": end, "text": "x"} for start, end in evidence]
    told = {} if failed is None else {"failed": failed}
    return {**told, "evidence": spans, **more}


@pytest.mark.parametrize(
    ("right", "answer", "parts"),
    [
        ({"failed": True, "guilty": [[4, 4]]}, _answer(True, (3, 6)), {"failed": True, "guilty": True}),
        ({"failed": True, "guilty": [[4, 4]]}, _answer(True, (5, 6)), {"failed": True, "guilty": False}),
        ({"failed": True, "guilty": [[4, 4]]}, _answer(None, (4, 4)), {"failed": False, "guilty": True}),
        ({"failed": None}, _answer(None), {"failed": True}),
        ({"failed": False, "guilty": []}, _answer(False), {"failed": True}),
        ({"failed": True, "kind": ["test"]}, _answer(True, kind="crash"), {"failed": True, "kind": False}),
        ({"failed": True, "kind": ["test"]}, _answer(True), {"failed": True}),
        (
            {"failed": True, "place": "src/a.py:7"},
            _answer(True, place={"file": "/build/src/a.py", "line": 7}),
            {"failed": True, "place": True},
        ),
    ],
)
def test_an_answer_about_a_failure_is_judged_part_by_part(
    right: dict[str, Any], answer: dict[str, Any], parts: dict[str, bool]
) -> None:
    assert judge("find_failure", right, answer) == parts


def test_a_message_is_whole_only_if_all_its_lines_are_in_the_evidence() -> None:
    right = {"message": [[3, 5], [8, 8]]}
    assert whole_message(right, _answer(True, (2, 5), (8, 9)))
    assert not whole_message(right, _answer(True, (2, 5)))


def test_an_answer_about_a_log_is_judged_by_levels_times_and_words() -> None:
    answer = {
        "records": 9,
        "levels": {"fatal": 1, "error": 2, "notice": 4},
        "time": {"start": "2026-03-04T09:15:00", "end": "2026-03-04T09:16:00"},
        "template_count": 3,
        "errors": [{"evidence": [{"start": 5, "end": 6, "text": "boom"}]}],
        "templates": [{"template": "went <*>"}],
    }
    right = {
        "records": [8, 9],
        "levels": {"error": 3, "info": 4},
        "time": {"start": ["2026-03-04 09:15"], "end": ["[2026-03-04 09:16"]},
        "templates": [2, 4],
        "errors_at": [5],
        "not_errors": ["fine"],
        "visible": ["boom"],
        "in_templates": ["went"],
        "says": "BOOM",
    }
    assert all(judge("parse_log", right, answer).values())
    assert not judge("parse_log", {"levels": {"error": 2}}, answer)["levels"]
    assert not judge("parse_log", {"errors_at": [7]}, answer)["errors_at"]
    assert not judge("parse_log", {"time": {"start": ["09:15"]}}, answer)["time"]


def _files(*paths: str) -> dict[str, Any]:
    return {"files": [{"path": path} for path in paths]}


def test_one_of_the_files_of_a_fix_has_to_be_among_the_first_five() -> None:
    right = {"first_of": ["src/pour.py", "src/lid.py"]}
    assert judge("find_files", right, _files("a", "b", "c", "d", "src/lid.py")) == {"first_of": True}
    assert judge("find_files", right, _files("a", "b", "c", "d", "e", "src/lid.py")) == {"first_of": False}
    assert judge("find_files", right, _files()) == {"first_of": False}


@pytest.mark.parametrize(
    ("purpose", "parts"),
    [
        ("Restores the Postgres database to a moment.", {"purpose_words": True}),
        ("Recovery of a DATABASE.", {"purpose_words": True}),
        ("Restores a file.", {"purpose_words": False}),
        (None, {}),
    ],
)
def test_a_purpose_that_is_given_has_to_hold_each_stem_in_one_of_its_forms(
    purpose: str | None, parts: dict[str, bool]
) -> None:
    right = {"purpose_words": ["restore|recover", "database"]}
    assert judge("summarize_file", right, {"purpose": purpose}) == parts


@pytest.mark.parametrize(
    ("wanted", "told", "right"),
    [
        ("Feb  2 04:05:24", {"start": "02-02 04:05:24"}, True),
        ("Feb  2 04:05:24", {"start": "02-03 04:05:24"}, False),
        ("22/04/07 18:04:17", {"start": "2022-04-07 18:04:17.5"}, True),
        ("2022-04-07T18:04", {"start": "2022-04-07 18:04:17Z"}, True),
        ("09:15:00", {"start": "09:14:00", "end": "09:20:00"}, False),
        ("09:15:00", {"start": "09:14:00", "end": "09:20:00", "backwards": 3}, True),
        ("09:15:00", {"start": "09:16:00", "end": "09:20:00", "backwards": 3}, False),
    ],
)
def test_times_are_right_in_any_way_to_write_them(wanted: str, told: dict[str, Any], right: bool) -> None:
    assert judge("parse_log", {"time": {"start": [wanted]}}, {"time": told}) == {"time": right}


def _judged(source: str, right: bool, *, sure: bool = True) -> JudgedCase:
    case = FieldCase(f"{source}-{right}", "find_failure", "", source, "", Path(), {}, {})
    return JudgedCase(case, {"failed": right}, sure, 100, 0.1, {})


def test_the_worst_source_is_told_beside_the_mean() -> None:
    judged = [_judged("a", True)] * 3 + [_judged("b", True), _judged("b", False), _judged("b", False)]
    judged += [_judged("c", False, sure=False)]
    figures = figures_of("find_failure", judged)
    assert (figures.worst_source, figures.worst_right) == ("b", 0.3333)  # c has too few cases
    assert figures.right == 0.5714 and figures.right_of_sure == 0.6667
    assert figures.sure_and_wrong == ["b-False", "b-False"]


def test_an_entry_of_held_out_cases_has_the_worst_source_and_how_far_sure_holds() -> None:
    judged = [replace(_judged("a", n % 4 > 0), rated=[(0.9, n % 4 > 0)]) for n in range(12)]
    judged += [replace(_judged("b", False, sure=False), rated=[(0.3, False)])] * 3
    entry = entry_of(figures_of("find_failure", judged), judged)
    assert (entry.set, entry.items) == (REAL_INPUT, 15)
    assert entry.metrics == {
        "all right": 0.6, "sure": 0.8, "all right where sure": 0.75, "all right, worst source": 0.0
    }  # fmt: skip
    assert entry.reached("all right where sure") is False
    assert "The worst source with three cases or more is b." in entry.note
    assert entry.reliability == [(0.3, 0.0, 3), (0.9, 0.75, 12)]
    few = judged[-3:]
    found = entry_of(figures_of("find_failure", few), few)
    assert (found.reliability, found.aims) == ([], {})
    assert "all right where sure" not in found.metrics


def test_figures_of_held_out_cases_alone_are_recorded(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "skills" / "find_failure").mkdir(parents=True)
    scores = tmp_path / "skills" / "find_failure" / "scores.json"
    scores.write_text('{"calibration": {}}')
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.log").write_text(
        "main.c:4:2: error: 'cup' undeclared\nmake: *** [main.o] Error 1\n"
    )
    _write(tmp_path / "data", _row(split="held_out", right={"failed": True, "guilty": [[1, 1]]}))
    command = ["eval", "field", "--data", str(tmp_path / "data"), "--record", str(tmp_path / "skills")]
    assert main([*command, "--split", "fit"]) == 2
    assert main([*command[:-1], str(tmp_path), "--split", "held_out"]) == 1
    assert scores.read_text() == '{"calibration": {}}'
    assert main([*command, "--split", "held_out"]) == 0
    assert json.loads(scores.read_text())["calibration"] == {}
    (entry,) = read_quality(scores).evaluation
    assert (entry.set, entry.metrics["all right"]) == (REAL_INPUT, 1.0)


def test_items_of_classify_are_rated_each_and_what_has_no_confidence_is_not() -> None:
    results = [{"label": "a", "confidence": 0.9}, {"label": "b", "confidence": 0.4}, {"label": "a"}]
    right = {"labels": ["a", "a", "a"]}
    assert rated("classify", right, {"results": results}, all_right=False) == [(0.9, True), (0.4, False)]
    assert rated("extract", {}, {"confidence": 0.7}, all_right=True) == [(0.7, True)]
    assert rated("extract", {}, {}, all_right=True) == []


def test_each_case_is_called_as_an_agent_would_with_plain_methods_beside(
    settings: Settings, tmp_path: Path
) -> None:
    lines = [f"checking {n}.o" for n in range(70)]
    lines[3] = "src/main.c:4:2: error: 'cup' undeclared (first use in this function)"
    lines += ["make: *** [Makefile:3: main.o] Error 1"]
    (tmp_path / "a.log").write_text("\n".join(lines) + "\n")
    (tmp_path / "b.log").write_bytes(bytes(range(256)) * 40)
    _write(
        tmp_path,
        _row(right={"failed": True, "guilty": [[4, 4]]}),
        _row("binary", args={"path": "b.log"}),
        _row("gone", args={"path": "c.log"}),
    )
    cases = read_cases(tmp_path)
    assert [case.is_here() for case in cases] == [True, True, False]
    found, binary = anyio.run(judge_all, cases[:2], settings)
    assert found.right and found.plain["grep, first 50"] and not found.plain["last 50 lines"]
    assert not (binary.right or binary.sure) and "b.log" in binary.error  # refused, so nobody is misled


def test_fields_of_an_extraction_are_right_by_any_accepted_value_and_made_up_ones_are_counted() -> None:
    right = {"fields": {"a.b": [1, 2], "c": [None], "d": [None, "x"], "e": [None]}}
    answer = {"data": {"a": {"b": 2}, "c": "made up"}, "escalate": False}
    assert judge("extract", right, answer) == {"a.b": True, "c": False, "d": True, "e": True}
    assert beside("extract", right, answer) == {"fields": 0.75, "made up": 0.5, "made up and sure": 0.5}
    assert beside("extract", right, answer | {"escalate": True})["made up and sure"] == 0.0


@pytest.mark.parametrize(("data", "right"), [({"b": [1], "a": "ü"}, True), ({"b": [2], "a": "ü"}, False)])
def test_a_long_truth_is_held_by_the_hash_of_its_json(data: dict[str, object], right: bool) -> None:
    truth = {"data_sha256": hashlib.sha256(b'{"a": "\\u00fc", "b": [1]}').hexdigest(), "characters": 25}
    assert judge("extract", truth, {"data": data}) == {"data": right}


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of folders are POSIX's")
def test_a_measurement_without_the_encoder_says_so_and_names_the_calls_that_failed(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    open_to_others = tmp_path / "runtime"
    open_to_others.mkdir(mode=0o755)
    arguments = {"items": ["it crashes"], "labels": ["bug", "question"]}
    case = FieldCase("one", "classify", "", "me", "", tmp_path, arguments, {"labels": ["bug"]})

    (judged,) = anyio.run(judge_all, [case], settings.model_copy(update={"runtime_dir": open_to_others}))
    assert "measured without the encoder (classify)" in (said := capsys.readouterr().err)
    assert "can be entered by others" in said
    assert "can be entered by others" in judged.error
    show_figures([figures_of("classify", [judged])])
    assert "classify: 1 failed: The engine's folder" in capsys.readouterr().out


def test_a_place_to_read_that_answers_counts_as_anywhere_and_not_as_first() -> None:
    right = {"lines": [["a.md", 7, 9]]}
    answer = {
        "found": True,
        "evidence": [{"start": 1, "end": 2}],
        "elsewhere": [{"start": 4, "end": 5}, {"start": 9, "end": 12}],
    }
    assert judge("ask_file", right, answer) == {"lines": False}
    assert beside("ask_file", right, answer) == {"lines anywhere": 1.0}
    assert beside("ask_file", right, answer | {"elsewhere": []}) == {"lines anywhere": 0.0}
    assert beside("ask_file", {"lines": []}, answer) == {}  # nothing answers: there is no place for it
