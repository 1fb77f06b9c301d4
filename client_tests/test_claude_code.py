"""Claude Code itself, against a stand-in for the Messages API: registered by `install`, on each transport."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from messages_api import Model, messages_api
from others import REPOSITORY, Listen, Tools, one_turn
from probe_server import environment

from mcp_smalltools.clients.known import TOKEN_VARIABLE
from mcp_smalltools.tools.built_in import built_in_tools

PREFIX = "mcp__smalltools__"
KEY = "sk-stand-in-for-the-messages-api-0000000000"
TRUST_PROJECT = json.dumps({"enableAllProjectMcpServers": True})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def client_env(home: Path, **more: str) -> dict[str, str]:
    """Nothing of the user's, and no traffic but to the stand-in."""
    env = {
        name: value
        for name, value in environment(home.parent).items()
        if not name.startswith(("CLAUDE", "ANTHROPIC"))
    }
    own = {
        "HOME": str(home),
        "ANTHROPIC_API_KEY": KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "TERM": "xterm-256color",
    }
    return env | own | more


def install(env: dict[str, str], folder: Path, *options: str) -> None:
    command = [sys.executable, "-m", "mcp_smalltools.cli", "install", "claude-code", *options]
    subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)


def ask(tools: Tools, folder: Path, env: dict[str, str], model: Model, *options: str) -> list[dict[str, Any]]:
    """One turn; returns the servers that Claude Code knows at the start."""
    with messages_api(model) as url:
        command = [
            *(str(tools.claude), "-p", "go", "--allowedTools", "mcp__smalltools"),
            *("--output-format", "stream-json", "--verbose", *options),
        ]
        done = one_turn(command, folder, {**env, "ANTHROPIC_BASE_URL": url}, 120)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return next(line for line in lines if line.get("subtype") == "init")["mcp_servers"]


@pytest.fixture(params=["project", "user", "sse", "http"])
def registered(
    request: pytest.FixtureRequest, root: Path, home: Path, listen: Listen
) -> Iterator[tuple[dict[str, str], list[str]]]:
    """The client's environment and options, with our server registered by our own `install`."""
    with ExitStack() as running:
        if request.param in ("project", "user"):
            env = client_env(home)
            install(env, root, "--scope", request.param)
        else:
            server = running.enter_context(listen())
            env = client_env(home, **{TOKEN_VARIABLE: server.token})
            install(env, root, "--remote", server.url("/sse" if request.param == "sse" else "/mcp"))
        yield env, ([] if request.param == "user" else ["--settings", TRUST_PROJECT])


def test_it_finds_the_tools_calls_one_and_reads_the_structured_answer(
    registered: tuple[dict[str, str], list[str]], tools: Tools, root: Path
) -> None:
    env, options = registered
    model = Model(f"{PREFIX}parse_log", {"path": "build.log"}, str(root / "build.log"))
    assert [server["name"] for server in ask(tools, root, env, model, *options)] == ["smalltools"]
    assert [name for name in built_in_tools() if PREFIX + name not in model.told] == []
    answer = json.loads(model.result_text)
    assert answer["lines"] == 752 and answer["errors"][0]["evidence"][0]["start"] == 426
    assert not model.results[-1].get("is_error")


def test_the_plugin_brings_server_subagent_skill_and_command(tools: Tools, root: Path, home: Path) -> None:
    """The names that the plugin's subagent is given are those that Claude Code gives the tools."""
    bin_folder = str(Path(sys.executable).parent)
    env = client_env(home, PATH=f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    prefix = "mcp__plugin_smalltools_smalltools__"
    model = Model(f"{prefix}parse_log", {"path": "build.log"}, str(root / "build.log"))
    options = (
        "--plugin-dir",
        str(REPOSITORY / "integrations" / "claude-code"),
        "--allowedTools",
        prefix[:-2],
    )
    ask(tools, root, env, model, *options)
    assert json.loads(model.result_text)["lines"] == 752
    assert "smalltools:log-reader" in model.told and "smalltools:smalltools" in model.told


def test_its_own_checks_accept_the_plugin_and_the_marketplace(tools: Tools, home: Path) -> None:
    for folder in (REPOSITORY / "integrations" / "claude-code", REPOSITORY):
        command = [str(tools.claude), "plugin", "validate", "--strict", str(folder)]
        done = subprocess.run(command, env=client_env(home), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_bundles_own_tool_accepts_and_packs_it(tools: Tools, tmp_path: Path) -> None:
    bundle = REPOSITORY / "integrations" / "mcpb"
    packed = tmp_path / "mcp-smalltools.mcpb"
    for arguments in (["validate", str(bundle / "manifest.json")], ["pack", str(bundle), str(packed)]):
        command = [str(tools.node), str(tools.mcpb), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert packed.stat().st_size < 20_000


def test_the_model_reads_an_error_as_one_sentence(tools: Tools, root: Path, home: Path) -> None:
    env = client_env(home)
    install(env, root)
    model = Model(f"{PREFIX}parse_log", {"path": "bild.log"}, str(root / "build.log"))
    ask(tools, root, env, model, "--settings", TRUST_PROJECT)
    assert model.results[-1]["is_error"]
    assert "bild.log" in model.result_text and "Traceback" not in model.result_text


def test_a_person_sees_progress_on_the_terminal(tools: Tools, root: Path, home: Path, tmp_path: Path) -> None:
    """The real terminal interface, on a pseudo-terminal, while a call of five seconds runs."""
    probe = [str(REPOSITORY / "tests" / "probe_server.py"), str(tmp_path), "--root", str(root)]
    entry = {"command": sys.executable, "args": probe}
    (root / ".mcp.json").write_text(json.dumps({"mcpServers": {"smalltools": entry}}))
    trusted = {"hasTrustDialogAccepted": True, "enabledMcpjsonServers": ["smalltools"]}
    state = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
        "projects": {str(root): trusted},
    }
    (home / ".claude.json").write_text(json.dumps(state))
    model = Model(f"{PREFIX}probe", {"lasts_s": 5}, str(root / "build.log"))
    with messages_api(model) as url:
        env = client_env(home, ANTHROPIC_BASE_URL=url)
        options = ["--allowedTools", "mcp__smalltools", "--settings", TRUST_PROJECT, "--", "go"]
        screen = on_a_terminal([str(tools.claude), *options], root, env, until=lambda: bool(model.results))
    assert re.search(r"probing \(\d of 5\) \(\d+%\)", screen), screen[-3000:]


def on_a_terminal(command: list[str], folder: Path, env: dict[str, str], until: Any) -> str:
    """What a command writes to a terminal until then, without its control sequences."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        command, cwd=folder, env=env, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True
    )
    os.close(terminal)
    written = b""
    ends = time.monotonic() + 60
    try:
        while time.monotonic() < ends and not until():
            if select.select([master], [], [], 0.2)[0]:
                written += os.read(master, 1 << 16)
    except OSError:
        pass  # it has ended
    finally:
        process.terminate()
        process.wait(30)
        os.close(master)
    return re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b" ", written).decode(errors="replace")
