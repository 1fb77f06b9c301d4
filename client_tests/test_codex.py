"""Codex itself with the hook `guard`, against a stand-in for its model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from others import Tools, one_turn
from probe_server import environment
from responses_api import CodexModel, responses_api
from secret_canaries import canaries

CANARIES = canaries(seed=2027)
SETTINGS = """
model = "gpt-5-codex"
model_provider = "stand-in"
[model_providers.stand-in]
name = "stand-in"
base_url = "{url}"
wire_api = "responses"
env_key = "STAND_IN_KEY"
"""
OPTIONS = (
    *("--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"),
    "--dangerously-bypass-hook-trust",
)


def test_no_canary_leaves_it_by_commands_that_fail_or_not(tools: Tools, tmp_path: Path) -> None:
    home, project = tmp_path / "home", tmp_path / "project"
    (home / ".codex").mkdir(parents=True)
    (project / "sealed").mkdir(parents=True)
    (project / "sealed" / "x.txt").write_text("zebedee\n")
    for canary in CANARIES:
        (project / canary.file).write_text(canary.text)
    env = environment(tmp_path) | {"HOME": str(home), "STAND_IN_KEY": "none"}
    roots = ["--root", str(project), "--root", f"{project / 'sealed'}:sealed"]
    command = [sys.executable, "-m", "mcp_smalltools.cli"]
    install = [*command, "install", "codex", "--hooks", "guard", *roots]
    subprocess.run(install, cwd=project, env=env, check=True, capture_output=True)
    commands = [f"cat {canary.file}; exit {number % 2}" for number, canary in enumerate(CANARIES)]
    model = CodexModel([*commands, "cat sealed/x.txt", "echo fine"])
    with responses_api(model) as url:
        settings = home / ".codex" / "config.toml"
        settings.write_text(SETTINGS.format(url=url) + settings.read_text())
        done = one_turn([str(tools.codex), "exec", *OPTIONS, "go"], project, env, 600)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert [canary.kind for canary in CANARIES if any(part in model.told for part in canary.parts)] == []
    assert "zebedee" not in model.told
    assert "parse_log" in model.outputs[-2] and "fine" in model.outputs[-1]
    assert sum("<" in output for output in model.outputs[: len(CANARIES)]) == len(CANARIES)
    audit = [*command, "audit", "--export", "jsonl"]
    rows = subprocess.run(audit, env=env, check=True, capture_output=True, text=True).stdout.splitlines()
    done_each = [json.loads(json.loads(row)["left"])["done"] for row in rows if '"guard"' in row]
    assert done_each.count("masked") == len(CANARIES) and done_each.count("refused") == 1
