"""The dashboard's page in a real browser: three widths, light and dark, and what axe-core finds there."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from others import HERE, REPOSITORY, NotInstalledError, install_browser_driver
from probe_server import environment

from mcp_smalltools.config import Settings

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LINK = re.compile(r"http://127\.0\.0\.1:\d+/\w+/open\?key=\S+")
WAIT_S = 60.0


@pytest.fixture(scope="module")
def browser() -> str:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser is here: none of {', '.join(NAMES)} (Debian: apt-get install chromium)")
    return found


@pytest.fixture
def link(tmp_path: Path) -> Iterator[str]:
    """That of a running `mcp-smalltools dashboard`, over a ledger of three days."""
    env = environment(tmp_path)
    spec = importlib.util.spec_from_file_location("made_calls", REPOSITORY / "benchmarks" / "dashboard.py")
    assert spec is not None and spec.loader is not None
    made_calls = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made_calls)
    made_calls.fill(Settings(state_dir=Path(env["MCP_SMALLTOOLS_STATE_DIR"])), days=3, calls=120, hooks=20)
    said = tmp_path / "said"
    with said.open("w") as stderr:
        command = [sys.executable, "-m", "mcp_smalltools.cli", "dashboard", "--no-browser"]
        process = subprocess.Popen(command, env=env, stderr=stderr, stdin=subprocess.DEVNULL)
    try:
        ends = time.monotonic() + WAIT_S
        while not (found := LINK.search(said.read_text())):
            assert process.poll() is None and time.monotonic() < ends, said.read_text()
            time.sleep(0.05)
        yield found[0]
        assert process.poll() is None
        assert "Traceback" not in said.read_text()
    finally:
        process.terminate()
        assert process.wait(WAIT_S) == 0


def test_the_page_is_readable_at_every_width_and_nobody_else_gets_in(
    browser: str, link: str, request: pytest.FixtureRequest
) -> None:
    try:
        node, modules = install_browser_driver()
    except NotInstalledError as error:
        if request.config.getoption("--clients-required"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    command = [str(node), str(HERE / "look_at_page.mjs"), str(modules), browser, link]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    assert re.match(r"Today \d+ calls kept about", found["headline"])
    assert "key=" not in found["address"]
    assert found["firstFocus"] == "Skip to the content"
    assert found["rules"] > 20
    assert (found["findings"], found["sideways"], found["elsewhere"], found["errors"]) == ([], [], [], [])
    assert found["secondUse"] == "Access is closed"
    assert found["afterwards"] == 403
