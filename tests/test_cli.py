"""The command line, as a person or a script meets it."""

from __future__ import annotations

import importlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_smalltools.cli import COMMANDS, command_parser, main


@pytest.fixture(autouse=True)
def _own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MCP_SMALLTOOLS_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("MCP_SMALLTOOLS_RUNTIME_DIR", str(tmp_path / "run"))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "files" / "a.log"
    path.parent.mkdir()
    path.write_text("".join(f"2026-01-01 00:00:{n % 60:02} INFO job {n} done\n" for n in range(300)))
    return path


def test_the_package_runs_as_a_module_where_the_script_is_not_on_the_path() -> None:
    command = [sys.executable, "-m", "mcp_smalltools", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "commands:" in done.stdout


def test_json_output_is_the_structured_result_and_nothing_else(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["call", "parse_log", "--arg", "path=a.log", "--root", f"{log.parent}:open", "--json"])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert answer["templates"][0]["count"] == 300
    assert answer["source"][0]["lines"] == 300


def test_an_export_lands_in_the_output_folder(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = json.dumps({"path": "a.log", "export_path": "parsed.jsonl"})
    options = ["--root", f"{log.parent}:open", "--output-dir", str(tmp_path / "out"), "--json"]
    assert main(["call", "parse_log", arguments, *options]) == 0
    lines = (tmp_path / "out" / "parsed.jsonl").read_text().splitlines()
    assert len(lines) == 300
    assert set(json.loads(lines[0])) == {"line", "template_id", "template", "variables"}


def test_arguments_can_come_from_stdin(
    log: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"path": "a.log"}'))
    assert main(["call", "parse_log", "-", "--root", str(log.parent), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["templates"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["call", "parse_log", "--json", "{path}"], 2, "not valid JSON"),
        (["cal"], 2, "no command 'cal' (did you mean 'call'?)"),
        (["call", "parse_logs"], 2, "no tool 'parse_logs' (did you mean 'parse_log'?)"),
        (["call", "parse_log", "{path}"], 2, "not valid JSON"),
        (["call", "parse_log", "[1]"], 2, "must be a JSON object"),
        (["call", "parse_log", "--arg", "path"], 2, "has no value"),
        (["call", "parse_log", "--arg", "path=nowhere.log"], 1, "nowhere.log"),
        (["call", "parse_log", "--arg", "path=x", "--root", "/nowhere/at/all"], 2, "/nowhere/at/all"),
        (["call", "parse_log", "--arg", "path=x", "--config", "/nowhere.toml"], 2, "no such file"),
        (["call", "parse_log"], 2, "path is missing"),
        (["serve", "--host", "0.0.0.0"], 2, "--host is of a server that listens"),
        (["serve", "--tls-key", "key.pem"], 2, "Add --transport http"),
        (["eval", "pictures", "--data", "/nowhere"], 1, "/nowhere has no truth.jsonl"),
        (["train", "find_files", "--from", "/"], 1, "not the top folder of a git repository"),
        (["train", "classify", "--from", "nowhere.csv"], 1, "nowhere.csv is not a folder or a table"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_is_wrong(
    arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ledger", "--limit", "-1"], "'-1' is not a whole number of 0 or more"),
        (["ledger", "--limit", "ten"], "'ten' is not a whole number of 0 or more"),
        (["discover", "--days", "nan"], "'nan' is not a number of 0 or more"),
        (["tokens", "create", "ci", "--days", "0"], "'0' is not a number above 0, 36,500 at most"),
        (["dashboard", "--port", "70000"], "'70000' is not a whole number from 0 to 65535"),
    ],
)
def test_a_number_beyond_its_limits_is_refused_and_the_limits_named(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    module = importlib.import_module(f"mcp_smalltools.commands.{name}")
    assert command_parser(name, module).format_help().startswith(f"usage: mcp-smalltools {name}")


def test_the_ledger_shows_the_calls_newest_first(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["call", "parse_log", "--arg", "path=a.log", "--root", str(log.parent), "--json"])
    main(["call", "parse_log", "--arg", "path=b.log", "--root", str(log.parent), "--json"])
    capsys.readouterr()
    assert main(["ledger", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["error"] for row in rows] == ["not_found", None]
    assert "answer" not in rows[0]
    assert main(["ledger"]) == 0
    assert "2 calls" in capsys.readouterr().out


def test_a_reader_that_leaves_early_gets_no_traceback() -> None:
    # `true` reads nothing and leaves at once: whatever is written meets a closed pipe.
    for arguments in ("--help", "doctor --help", "--version"):
        command = f"(sleep 0.2; {sys.executable} -m mcp_smalltools.cli {arguments}) | true"
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
        assert done.stderr == ""
