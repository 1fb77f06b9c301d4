"""The manifests of real cases (benchmarks/field)."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import urllib.error
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks" / "field"
MANIFESTS = sorted(FOLDER.glob("*.jsonl"))
FIELDS = {"id", "tool", "kind", "program", "source", "address", "cut", "sha256", "split", "args", "right"}


LOGS = ("logs.jsonl", "logs2.jsonl")


def rows_of(manifest: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]


def paths_of(row: dict[str, Any]) -> list[str]:
    """The files or the root of a row; a row of `classify` has none."""
    args = row["args"]
    return [path for path in (args.get("path"), row.get("root"), *args.get("paths", ())) if path]


@pytest.fixture(params=MANIFESTS, ids=lambda manifest: manifest.stem)
def rows(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    return rows_of(request.param)


def test_every_row_has_its_fields_and_an_id_of_its_own(rows: list[dict[str, Any]]) -> None:
    assert rows
    assert [row["id"] for row in rows if not row.keys() >= FIELDS] == []
    assert [name for name, count in Counter(row["id"] for row in rows).items() if count > 1] == []


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest.stem)
def test_the_split_follows_from_the_source_alone(manifest: Path) -> None:
    for row in rows_of(manifest):
        place = 1 if manifest.stem in ("extract2", "extract3", "extract4") else 0
        digit = hashlib.sha1(row["source"].encode(), usedforsecurity=False).hexdigest()[place]
        assert row["split"] == ("held_out" if int(digit, 16) >= 8 else "fit"), row["id"]
        assert all(path.startswith(row["split"] + "/") for path in paths_of(row)), row["id"]


def test_the_origin_can_be_checked(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert re.fullmatch("[0-9a-f]{64}", row["sha256"]), row["id"]
        assert row["address"].startswith("https://"), row["id"]
        assert row["cut"], row["id"]


def test_a_run_that_failed_has_lines_that_say_why_and_no_other_has() -> None:
    for row in rows_of(FOLDER / "failure.jsonl"):
        right = row["right"]
        ranges = {name: right.get(name, []) for name in ("guilty", "message", "others")}
        assert all(1 <= first <= last for part in ranges.values() for first, last in part), row["id"]
        assert bool(ranges["guilty"]) == bool(ranges["message"]) == (right["failed"] is True), row["id"]
        assert len(ranges["others"]) <= 20, row["id"]


def test_no_source_gives_more_than_six_runs() -> None:
    sources = Counter(row["source"] for row in rows_of(FOLDER / "failure.jsonl"))
    assert [source for source, count in sources.items() if count > 6] == []


def test_the_truths_of_a_log_do_not_contradict_each_other() -> None:
    for row in (row for name in LOGS for row in rows_of(FOLDER / name)):
        right = row["right"]
        least, most = bounds(right["records"])
        assert 1 <= least <= most, row["id"]
        assert right.get("levels", {}).keys() <= {"error", "warning", "info", "debug"}, row["id"]
        assert all(low <= high for low, high in map(bounds, right.get("levels", {}).values())), row["id"]
        assert all(right["time"][end] for end in right.get("time", {})), row["id"]
        assert len(right.get("errors_at", [])) <= 8, row["id"]


def test_no_source_gives_more_than_twelve_logs() -> None:
    sources = Counter(row["source"] for name in LOGS for row in rows_of(FOLDER / name))
    assert [source for source, count in sources.items() if count > 12] == []


def rows_of_texts() -> list[dict[str, Any]]:
    return [row for name in ("text.jsonl", "ask2.jsonl") for row in rows_of(FOLDER / name)]


def test_no_source_gives_more_than_six_texts_to_a_tool() -> None:
    counts = Counter((row["tool"], row["source"]) for row in rows_of_texts())
    assert [source for source, count in counts.items() if count > 6] == []


def test_answers_about_texts_have_the_form_of_their_tool() -> None:
    for row in rows_of_texts():
        args, right = row["args"], row["right"]
        match row["tool"]:
            case "ask_file":
                assert args["question"], row["id"]
                assert all(path in args["paths"] and 1 <= a <= b for path, a, b in right["lines"]), row["id"]
            case "summarize_file":
                assert right.keys() <= {"outline", "purpose", "purpose_words", "escalate", "says"}, row["id"]
                assert len(right.get("outline", [])) <= 25, row["id"]
            case "find_files":
                assert args["query"] and right["first_of"], row["id"]
            case "classify":
                assert isinstance(args["items"], int), f"{row['id']}: items are other people's texts"
                assert right["counts"].keys() <= set(args["labels"]), row["id"]
                assert sum(right["counts"].values()) == args["items"], row["id"]
            case other:
                raise AssertionError(f"{row['id']}: no form for {other}")


def bounds(number: int | list[int]) -> tuple[int, int]:
    """Least and most of what a truth gives as one number or as two."""
    return (number, number) if isinstance(number, int) else (number[0], number[1])


@pytest.fixture(scope="module")
def fetch() -> ModuleType:
    spec = importlib.util.spec_from_file_location("field_fetch", FOLDER / "fetch.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_fetch_cuts_lines_and_takes_only_the_right_hash(fetch: ModuleType) -> None:
    data = b"one\r\ntwo\nthree\nfour"
    assert fetch.right_cut(data, "lines 2-3", fetch.digest(b"two\nthree\n")) == b"two\nthree\n"
    assert fetch.right_cut(data, "lines 3-4", fetch.digest(b"three\nfour")) == b"three\nfour"
    assert fetch.right_cut(data, "whole file", fetch.digest(data)) == data
    with pytest.raises(fetch.NotFetchedError, match="another hash"):
        fetch.right_cut(data, "lines 1-2", fetch.digest(data))
    with pytest.raises(fetch.NotFetchedError, match="by hand"):
        fetch.right_cut(data, "code block 2 of comment 3", fetch.digest(data))


def test_fetch_writes_the_cases_it_got_and_names_the_others(
    fetch: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def download(address: str) -> bytes:
        if "gone" in address:
            raise fetch.NotFetchedError(str(urllib.error.URLError("404")))
        return b"error: it broke\n"

    def row(name: str, address: str, path: str) -> dict[str, Any]:
        sha256 = fetch.digest(b"error: it broke\n")
        return {
            "id": name,
            "split": "fit",
            "address": address,
            "cut": "whole file",
            "sha256": sha256,
            "args": {"path": path},
        }

    listed = [
        row("here", "https://github.com/a/b/blob/1234567/build.log", "fit/here.log"),
        row("gone", "https://raw.githubusercontent.com/a/b/1234567/gone.log", "fit/gone.log"),
        row("page", "https://example.org/page", "fit/page.log"),
        {**row("tree", "https://github.com/a/b/commit/1234567", ""), "args": {"query": "lid"}},
        row("outside", "https://github.com/a/b/blob/1234567/build.log", "../outside.log"),
    ]
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(each) + "\n" for each in listed), encoding="utf-8")
    monkeypatch.setattr(fetch, "download", download)
    monkeypatch.setattr("sys.argv", ["fetch.py", str(manifest), "--to", str(tmp_path / "data")])
    assert fetch.main() == 1
    assert [each["id"] for each in rows_of(tmp_path / "data" / "truth.jsonl")] == ["here"]
    assert (tmp_path / "data" / "fit" / "here.log").read_bytes() == b"error: it broke\n"
    told = capsys.readouterr().out
    assert re.findall(r"^(\w+):", told, re.MULTILINE) == ["gone", "page", "tree", "outside"]
    assert not (tmp_path / "outside.log").exists()
