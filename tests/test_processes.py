"""A folder in which an agent works executes nothing, and what we start gets no keys."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from structure import PACKAGE, Structure

from mcp_smalltools import processes
from mcp_smalltools.cli import COMMANDS
from mcp_smalltools.files.reader import UserFile
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.logs.counting.parallel import ParallelReader
from mcp_smalltools.logs.counting.parser import LogParser
from mcp_smalltools.tools.base import StopSignal

NAMES = """
    anyio asyncio gguf httpx2 json jsonschema llama_cpp logging mcp mcp_smalltools mcp_smalltools.cli msgpack
    numpy pip platformdirs pydantic re2 rich runpy signal site sitecustomize socket sqlite3 tempfile tomllib
    typing unittest usercustomize watchfiles yaml
""".split()  # noqa: SIM905 - rows of names
PROGRAM = Path(sys.executable).with_name("mcp-smalltools")
ARGUMENTS: dict[str, list[str]] = {
    "serve": [],
    "call": ["parse_log", "--arg", "path=app.log", "--root", "."],
    "demo": ["--json"],
    "engine": ["status"],
    "models": ["verify"],
    "skills": ["list"],
    "install": ["claude-code", "--dry-run"],
    "uninstall": ["claude-code", "--dry-run"],
    "doctor": [],
    "run": ["--", "true"],
    "hook": ["PostToolUse"],
    "ledger": [],
    "audit": [],
    "tokens": ["list"],
    "discover": ["--claude", ".", "--codex", ".", "--no-record"],
    "train": ["parse_log", "--from", "."],
    "improve": ["--dry-run"],
    "eval": ["logs", "--data", "."],
    "bench": ["handshake", "--runs", "1"],
}


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder with a module for each of NAMES, which writes the file `ran` where it is imported."""
    folder = tmp_path / "repository"
    for name in NAMES:
        path = folder.joinpath(*name.split("."))
        path.mkdir(parents=True, exist_ok=True)
        for file in ("__init__.py", "__main__.py"):
            (path / file).write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write('{name}\\n')\n")
    (folder / "app.log").write_text("2026-03-01 10:00:00 INFO ready\n2026-03-01 10:00:01 ERROR lost\n" * 40)
    return folder


def environment(tmp_path: Path) -> dict[str, str]:
    own = {name: str(tmp_path / name.lower()) for name in ("STATE_DIR", "RUNTIME_DIR", "SKILLS_DIR")}
    unreachable = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/",
        "PIP_RETRIES": "0",
        "HF_ENDPOINT": "http://127.0.0.1:9",
    }
    return {**os.environ, **{f"MCP_SMALLTOOLS_{name}": value for name, value in own.items()}, **unreachable}


@pytest.mark.slow
@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "dashboard"])
def test_a_command_in_a_folder_of_hostile_modules_runs_none_of_them(
    command: str, hostile: Path, tmp_path: Path
) -> None:
    line = [str(PROGRAM), command, *ARGUMENTS[command]]
    env = environment(tmp_path)
    done = subprocess.run(
        line, cwd=hostile, env=env, input=b"", capture_output=True, check=False, timeout=240
    )
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()
    assert done.returncode in (0, 1), done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.slow
def test_the_dashboard_in_a_folder_of_hostile_modules_runs_none_of_them(
    hostile: Path, tmp_path: Path
) -> None:
    line = [str(PROGRAM), "dashboard", "--no-browser"]
    with subprocess.Popen(
        line, cwd=hostile, env=environment(tmp_path), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            said = [next(process.stderr) for _ in range(3)]
            assert "http://127.0.0.1:" in said[-1]
        finally:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()
    assert "Traceback" not in errors


@pytest.mark.slow
def test_a_download_by_pip_in_a_hostile_folder_runs_none_of_its_modules(
    hostile: Path, tmp_path: Path
) -> None:
    env = environment(tmp_path) | {"MCP_SMALLTOOLS_MODEL_DIR": str(tmp_path / "models")}
    line = [str(PROGRAM), "models", "pull", "all-minilm-l6-v2"]
    done = subprocess.run(
        line, cwd=hostile, env=env, capture_output=True, text=True, check=False, timeout=240
    )
    assert not (tmp_path / "ran").exists()
    assert done.returncode == 1
    assert "all-minilm-l6-v2" in done.stderr


def test_helpers_of_parse_log_in_a_hostile_folder_run_none_of_its_modules(
    hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(hostile)
    path = hostile / "app.log"
    path.write_text("2026-03-01 10:00:00 INFO ready\n" * 5000)
    parser = LogParser()
    with UserFile("app.log", path, PrivacyLevel.OPEN, os.open(path, os.O_RDONLY)) as source:
        reader = ParallelReader(source, 2, 10_000)
        assert reader.read(parser, StopSignal(60), lambda: True)
    assert parser.lines == 5000
    assert not (tmp_path / "ran").exists()


def test_only_one_module_starts_processes() -> None:
    """So that no call forgets the clean environment and `-P`; a fork has its parent's."""
    starters = {
        module
        for module, tree in Structure(PACKAGE).trees.items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Import) and any(alias.name == "subprocess" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "subprocess")
        or (
            isinstance(node, ast.Attribute)
            and node.attr
            in {"system", "popen", "execv", "execve", "execvp", "posix_spawn", "fork", "forkpty"}
            and isinstance(node.value, ast.Name)
            and node.value.id == "os"
        )
    }
    assert starters == {
        "processes",
        "workers.fork_server",
        "workers.picture_process",
        "discovery.apart",
    }


def test_what_is_started_gets_no_keys_and_no_folder_of_the_caller() -> None:
    given = {
        "PATH": "/bin",
        "HOME": "/home/user",
        "LC_ALL": "C",
        "ANTHROPIC_API_KEY": "sk-ant-1",
        "GITHUB_TOKEN": "ghp_1",
        "PYTHONPATH": os.pathsep.join([".", "lib", os.path.abspath("/opt/lib")]),  # noqa: PTH100 - a text
        "PYTHONSTARTUP": "start.py",
        "PIP_INDEX_URL": "http://index",
    }
    clean = processes.clean_environment({"OURS": "1"}, environ=given)
    expected = {"PATH": "/bin", "HOME": "/home/user", "LC_ALL": "C", "OURS": "1"}
    assert clean == {**expected, "PYTHONPATH": os.path.abspath("/opt/lib")}  # noqa: PTH100 - a text
    downloads = processes.clean_environment(prefixes=processes.DOWNLOADS, environ=given)
    assert downloads["PIP_INDEX_URL"] == "http://index"
    assert "ANTHROPIC_API_KEY" not in downloads


def test_a_process_starts_at_the_root_of_the_file_system() -> None:
    code = "import os, sys; print(os.getcwd(), '' in sys.path)"
    done = processes.run([sys.executable, "-P", "-c", code])
    assert done.stdout.decode().split() == [processes.anchor(), "False"]
