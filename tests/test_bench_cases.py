"""The jobs of `bench tools`: what they ask has a right answer, and a wrong one doesn't count."""

from __future__ import annotations

import json

import pytest

from mcp_smalltools.evaluation.bench.tool_cases import FACTS, LINES, PART_CHARS, bench_cases, invented


@pytest.fixture
def job(tmp_path):
    return lambda tool: bench_cases(tmp_path)[tool]()


def test_the_lines_to_classify_are_64_in_8_labels_each_with_the_same_number():
    assert [len(lines.split(" | ")) for lines in LINES.values()] == [8] * 8


def test_labels_count_by_item_on_both_sides(job):
    classify = job("classify")
    label_of = {line: label for label, lines in LINES.items() for line in lines.split(" | ")}
    truth = [label_of[item] for item in classify.arguments["items"]]
    wrong = ["praise" for _ in truth]
    assert classify.right({"results": [{"label": label} for label in truth]}) == 1
    assert classify.right({"results": [{"label": label} for label in wrong]}) == 1 / 8
    assert classify.peer_right("\n".join(truth)) == 1
    assert classify.peer_right("\n".join(wrong)) == 1 / 8


def test_a_summary_must_say_what_the_file_is_for_and_name_nothing_that_is_not_in_it(job):
    summary = job("summarize_file")
    good = "Copying and archiving of files and directory trees: copytree, rmtree, make_archive."
    assert summary.right({"purpose": good}) == summary.peer_right(good) == 1
    assert summary.peer_right(f"{good} Use copy_remote() for servers.") == 0
    assert summary.peer_right("It defines functions.") == 0


def test_names_that_are_not_in_the_text_are_invented():
    assert invented("calls read_all() and FileReader, then readMore", "def read_all(): ...") == ["readMore"]


def test_the_failing_log_is_of_a_real_run_and_has_about_5000_lines(job, tmp_path, monkeypatch):
    monkeypatch.setattr("mcp_smalltools.evaluation.bench.tool_cases.PACKAGES", 24)
    failure = job("find_failure")
    text = (tmp_path / "nightly.log").read_text()
    assert text.count("ValueError: price is negative: -7") == 1
    assert "FAILED (errors=1)" in text
    assert len(text.splitlines()) / 24 * 40 == pytest.approx(5000, rel=0.05)
    (found,) = [line for line in text.splitlines() if line.startswith("ValueError")]
    assert failure.right({"evidence": [{"text": found}]}) == 1
    assert failure.right({"evidence": [{"text": "FAILED (errors=1)"}]}) == 0


def test_every_fact_of_the_document_is_in_it_and_counts_once(job, tmp_path):
    extract = job("extract")
    report = (tmp_path / "incident.md").read_text()
    assert len(FACTS) == 20
    assert all(sentence in report for *_, sentence in FACTS.values())
    data = {name: value for name, (_, _, value, _) in FACTS.items()}
    assert extract.right({"data": data}) == extract.peer_right(json.dumps(data)) == 1
    assert extract.right({"data": data | {"region": None}}) == 0.95
    assert extract.peer_right("not JSON") == 0


def test_the_question_has_one_line_that_answers_it(job, tmp_path):
    ask = job("ask_file")
    lines = (tmp_path / "services.conf").read_text().splitlines()
    assert len(lines) == 2000
    (line,) = [number for number, text in enumerate(lines, 1) if "7419" in text]
    assert ask.right({"evidence": [{"start": line - 1, "end": line}]}) == 1
    assert ask.right({"evidence": [{"start": line + 1, "end": line + 3}]}) == 0


def test_the_peer_reads_every_line_in_parts_that_fit(job):
    seen = []

    def peer(asks):
        seen.extend(ask.user for ask in asks)
        return ["7419" for _ in asks]

    ask = job("ask_file")
    assert ask.peer_right(ask.peer(peer)) == 1
    assert sum(text.count("listen_port") for text in seen) == 100
    assert all(len(text) < PART_CHARS + 200 for text in seen)
