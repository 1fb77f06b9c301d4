"""What a contributor runs before a commit is what CI runs."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[1]
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")


def rule(target: str) -> tuple[list[str], list[str]]:
    """The prerequisites and the commands of a rule of the Makefile."""
    found = re.search(rf"^{target}:([^#\n]*).*\n((?:\t.*\n)*)", MAKEFILE, re.MULTILINE)
    assert found, f"the Makefile has no rule {target}"
    return found[1].split(), [line.strip() for line in found[2].splitlines()]


def test_the_hooks_run_the_commands_of_make_check() -> None:
    parts, own = rule("check")
    commands = own + [command for part in parts for command in rule(part)[1]]
    config = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert [hook["entry"].replace(".venv/bin/", "$(BIN)/") for hook in hooks] == commands
    assert {hook["language"] for hook in hooks} == {"system"}, "a hook would fetch its own environment"
    assert {repo["repo"] for repo in config["repos"]} == {"local"}


def test_ci_runs_make_check() -> None:
    assert "make test" in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert "check" in rule("test")[0]
