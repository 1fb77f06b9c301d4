"""Claude Code itself with `keep` and `tell`: what the end of a long output says reaches the model."""

from __future__ import annotations

from pathlib import Path

import pytest
from measure_hooks import play, said
from others import Tools

PASSED = "".join(f"test_{number} ... ok\n" for number in range(4000))
CAUSE = "AssertionError: expected 3 apples, got 4"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "project"
    folder.mkdir()
    (folder / "build.log").write_text(f"{PASSED}{CAUSE}\nFAILED (failures=1)\n")
    (folder / "passed.sh").write_text("cat build.log | head -n 4000\n")
    return folder


def test_the_cause_at_the_end_is_seen_with_hooks_and_not_without(tools: Tools, project: Path) -> None:
    commands = [{"command": "cat build.log; exit 1"}]
    assert CAUSE not in play(tools, project, "", commands)[0].text
    seen = play(tools, project, "keep,tell", commands)[0].text
    assert f"4001: {CAUSE}" in seen
    path = Path(seen.rpartition("Whole output: ")[2].split()[0])
    assert path.read_text() == (project / "build.log").read_text()


def test_nothing_is_said_of_what_went_well_or_is_short(tools: Tools, project: Path) -> None:
    commands = [
        {"command": command} for command in ("echo one", "sh passed.sh", "grep apples passed.sh", "false")
    ]
    assert not any(said(one) for one in play(tools, project, "keep,tell", commands))
