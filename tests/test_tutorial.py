"""The tutorial's commands work when they are typed in order, and print what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from documentation import REPOSITORY, text_of
from probe_server import environment

TUTORIAL = REPOSITORY / "docs" / "tutorial.md"
NEEDS = {"pip install mcp-smalltools": "the index", "mcp-smalltools engine install": "the index and a model"}
"""First lines of blocks that need what a test doesn't have. The whole block isn't run."""


def blocks() -> list[tuple[str, str]]:
    """What is typed (`sh`) and what is shown (`text`), in order."""
    return re.findall(r"^```(\w+)\n(.*?)^```", text_of(TUTORIAL), re.MULTILINE | re.DOTALL)


def shown_as(text: str) -> re.Pattern[str]:
    """A pattern for what is shown: a line `…` stands for any lines, and `…` in a line for anything."""
    lines = [
        r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"\s*?\n"
        for line in text.splitlines()
    ]
    return re.compile("^" + "".join(lines), re.MULTILINE)


def test_a_reader_who_types_the_commands_sees_what_is_shown(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("the commands are for a POSIX shell")
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "mcp-smalltools").write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m mcp_smalltools "$@"\n', encoding="utf-8"
    )
    (tmp_path / "bin" / "mcp-smalltools").chmod(0o755)
    variables = {
        **environment(tmp_path),
        "HOME": str(home),
        "PATH": os.pathsep.join(
            [str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        ),
        "MCP_SMALLTOOLS_OFFLINE": "1",
        "PYTHONPATH": str(REPOSITORY),
    }
    folder, printed, compared = home, "", 0
    for language, text in blocks():
        if language == "text":
            assert shown_as(text).search(printed), f"shown:\n{text}\nprinted:\n{printed[-3000:]}"
            compared += 1
        elif text.splitlines()[0] not in NEEDS:
            ran = subprocess.run(
                ["sh", "-c", f"{text}\npwd > '{tmp_path}/folder'"],
                cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=240,
            )  # fmt: skip
            folder = Path((tmp_path / "folder").read_text().strip())
            printed = ran.stdout + ran.stderr
            assert "Traceback" not in ran.stderr or "sync.py" in text, ran.stderr
    assert compared >= 4 and folder.name == "try-smalltools"
    assert set(folder.iterdir()) == {folder / name for name in ("sync.py", "sync.log", "settings.env")}


def test_only_what_needs_a_network_is_not_run() -> None:
    typed = [text for language, text in blocks() if language == "sh"]
    assert {text.splitlines()[0] for text in typed} >= set(NEEDS)
    assert len(typed) >= 7


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\n…\nc\n", "x\na\nb\nb\nc\n", True),
        ("a\n…\nc\n", "a\nb\n", False),
        ("read … lines\n", "read 5 lines\n", True),
    ],
)
def test_an_ellipsis_stands_for_what_differs_each_time(shown: str, printed: str, same: bool) -> None:
    assert bool(shown_as(shown).search(printed)) is same
