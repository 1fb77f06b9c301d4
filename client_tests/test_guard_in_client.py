"""Claude Code itself with the hook `guard`: which secrets are in the requests that leave it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from messages_api import ScriptedModel, messages_api
from others import Tools, one_turn
from secret_canaries import SecretCanary, canaries
from test_claude_code import client_env

CANARIES = canaries(seed=2026)
SHELL_TOOLS = "Bash Read Grep Glob Edit Write"
Step = tuple[str, dict[str, Any]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "customers").mkdir(parents=True)
    (folder / "customers" / "calls.txt").write_text("zebedee owes the moon\n")
    for canary in CANARIES:
        (folder / canary.file).write_text(canary.text)
    return folder


@contextmanager
def guarded(folder: Path, home: Path, hooks: str = "guard") -> Iterator[dict[str, str]]:
    """The client's environment, with our hooks installed for that folder by our own `install`."""
    env = client_env(home) | {"MCP_SMALLTOOLS_HOOK_S": "60"}  # how long they take is no matter here
    options = ["--hooks", hooks, "--root", str(folder), "--root", f"{folder / 'customers'}:sealed"]
    command = [sys.executable, "-m", "mcp_smalltools.cli"]
    subprocess.run([*command, "install", "claude-code", *options], cwd=folder, env=env, check=True)
    settings = folder / ".claude" / "settings.local.json"
    settings.write_text(settings.read_text().replace('"timeout": 10', '"timeout": 60'))
    try:
        yield env
    finally:
        subprocess.run([*command, "uninstall", "claude-code"], cwd=folder, env=env, check=True)


def played(tools: Tools, folder: Path, env: dict[str, str], steps: Sequence[Step]) -> ScriptedModel:
    """The client, whose model makes these calls one after the other."""
    model = ScriptedModel(steps)
    with messages_api(model) as url:
        command = [
            *(str(tools.claude), "-p", "go", "--allowedTools", SHELL_TOOLS),
            *("--output-format", "stream-json", "--verbose", "--strict-mcp-config"),
        ]
        done = one_turn(command, folder, {**env, "ANTHROPIC_BASE_URL": url}, 600)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    model.printed = done.stdout
    return model


def leaked(model: ScriptedModel) -> list[SecretCanary]:
    return [canary for canary in CANARIES if any(part in model.told for part in canary.parts)]


def shell(command: str) -> Step:
    return "Bash", {"command": command, "description": "look"}


def test_no_canary_leaves_the_client_by_read_grep_and_commands(
    tools: Tools, project: Path, home: Path
) -> None:
    steps: list[Step] = []
    for number, canary in enumerate(CANARIES):
        steps.append(("Read", {"file_path": str(project / canary.file)}))
        steps.append(shell(f"cat {'-n ' if number % 2 else ''}{canary.file}"))
    steps.append(("Grep", {"pattern": ".", "output_mode": "content", "-n": True, "path": str(project)}))
    steps.append(shell("grep -n '' *.* .netrc .pgpass .npmrc id_ed25519"))
    steps.append(shell("for f in *.env .netrc *.pem; do tail -n 2 $f; done; seq 1 9999; cat app.env"))
    with guarded(project, home) as env:
        model = played(tools, project, env, steps)
    assert len(model.results_by_call) == len(steps)
    failed = [text for has_failed, text in model.results_by_call.values() if has_failed]
    assert failed == []
    assert [canary.kind for canary in leaked(model)] == []
    assert "<SECRET_1>" in model.told and "withheld" not in model.told


def test_without_the_guard_all_canaries_leave_it(tools: Tools, project: Path, home: Path) -> None:
    steps = [("Read", {"file_path": str(project / canary.file)}) for canary in CANARIES]
    model = played(tools, project, client_env(home), steps)
    assert [canary.kind for canary in leaked(model)] == [canary.kind for canary in CANARIES]


def test_what_failing_commands_print_leaves_it_and_is_counted(
    tools: Tools, project: Path, home: Path
) -> None:
    """The number is in docs/privacy.md. Where the client comes to let a hook replace it, this fails."""
    steps = [shell(f"cat {canary.file}; exit 3") for canary in CANARIES]
    with guarded(project, home) as env:
        model = played(tools, project, env, steps)
        audit = [sys.executable, "-m", "mcp_smalltools.cli", "audit", "--export", "jsonl"]
        rows = subprocess.run(audit, env=env, check=True, capture_output=True, text=True).stdout
    assert len(leaked(model)) == len(CANARIES)
    counted = [json.loads(row) for row in rows.splitlines() if '"guard_shown"' in row]
    assert len(counted) == len(CANARIES)
    assert model.printed.count("values that should be masked") >= len(CANARIES)


def test_sealed_files_are_refused_and_files_are_edited_around_their_masks(
    tools: Tools, project: Path, home: Path
) -> None:
    sealed, env_file = str(project / "customers" / "calls.txt"), project / "app.env"
    before = env_file.read_text()
    edit = {"file_path": str(env_file), "old_string": "PORT=5432", "new_string": "PORT=5433"}
    masked = {"file_path": str(env_file), "old_string": "DB_PASSWORD=<SECRET_1>", "new_string": "A=1"}
    steps: list[Step] = [
        ("Read", {"file_path": sealed}),
        shell("cat customers/calls.txt"),
        ("Grep", {"pattern": "owes", "output_mode": "content"}),
        ("Read", {"file_path": str(env_file)}),
        ("Edit", masked),
        ("Edit", edit),
        ("Write", {"file_path": str(env_file), "content": "DB_PASSWORD=<SECRET_1>\n"}),
    ]
    with guarded(project, home) as env:
        model = played(tools, project, env, steps)
    texts = [text for _, text in model.results_by_call.values()]
    assert "zebedee" not in model.told
    # The client's own rules are asked first, and give no reason: what to use is said at the start.
    assert "denied" in texts[0] and "Sealed folders: " in model.told and "parse_log" in model.told
    assert "denied" in texts[1] or "parse_log" in texts[1]
    assert (
        "leaves the mask out" in model.told
        and "not found" in texts[4]
        and "updated" in texts[5]
        and "is a mask" in texts[6]
    )
    assert env_file.read_text() == before.replace("PORT=5432", "PORT=5433")


def test_all_three_parts_work_together_in_one_session(tools: Tools, project: Path, home: Path) -> None:
    canary = CANARIES[0]
    passed = "".join(f"test_{number} ... ok\n" for number in range(4000))
    cause = "AssertionError: expected 3 apples, got 4"
    (project / "build.log").write_text(f"{passed}{canary.text}\n{cause}\nFAILED (failures=1)\n")
    steps: list[Step] = [
        ("Read", {"file_path": str(project / canary.file)}),
        shell("cat build.log; sleep 1; exit 1"),  # what ends at once may not be kept
        ("Read", {"file_path": str(project / "customers" / "calls.txt")}),
        shell("echo one"),
    ]
    with guarded(project, home, "keep,tell,guard") as env:
        model = played(tools, project, env, steps)
    assert [has_failed for has_failed, _ in model.results_by_call.values()] == [False, True, True, False]
    assert leaked(model) == [] and "zebedee" not in model.told
    (whole_output,) = re.findall(r"Whole output: ([^\s\\\"]+)", json.dumps(model.requests[-1]))
    assert f": {cause}" in model.told
    assert Path(whole_output).read_text() == (project / "build.log").read_text()
