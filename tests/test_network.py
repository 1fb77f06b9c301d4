"""Nothing is contacted: all tools work in a process that has no network at all."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from probe_server import environment

from mcp_smalltools.tools.built_in import built_in_tools

CUT_OFF = Path(__file__).with_name("cut_off.py")
UNSHARE = ["unshare", "--user", "--map-root-user", "--net"]
"""Linux: a network of its own, in which there is not even a loopback that is up. Children live in it too."""


def can_unshare() -> bool:
    if not shutil.which("unshare"):
        return False
    return subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.slow
def test_every_tool_works_without_a_network_and_tries_to_reach_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "app.log").write_text(
        "".join(
            f"2026-01-01 00:00:{n % 60:02} {'ERROR' if n % 9 == 0 else 'INFO'} job {n} ended\n"
            for n in range(200)
        )
    )
    (folder / "notes.md").write_text("# Notes\n\n" + "The service reads files on this machine. " * 30)
    (folder / "module.py").write_text('"""Does things."""\n\n\ndef run() -> None:\n    """Runs."""\n')
    (folder / "table.csv").write_text("name,amount\nann,3\nbob,4\n")
    command = [*(UNSHARE if can_unshare() else []), sys.executable, str(CUT_OFF), str(folder)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment(tmp_path), timeout=240
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["reached"] == []
    assert set(said["answered"]) == set(built_in_tools())
    assert all(said["answered"].values()), (said, done.stderr)
