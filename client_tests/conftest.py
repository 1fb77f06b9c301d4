"""The programs of others, and servers to run them against.

`make test` leaves these tests out, with the reason, where the package registries can't be reached;
`make test-clients` fails there.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "tests")]

from others import HERE, REPOSITORY, WAIT_S, Listen, Listening, NotInstalledError, Tools, install_all  # noqa: E402 - needs the path above
from probe_server import environment  # noqa: E402 - as above

LISTENS_IN_S = 30.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--clients-required", action="store_true", help="fail where the clients can't be installed"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first one waits for an installation."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(WAIT_S))


@pytest.fixture(scope="session")
def tools(request: pytest.FixtureRequest) -> Tools:
    try:
        return install_all()
    except NotInstalledError as error:
        if request.config.getoption("--clients-required"):
            pytest.exit(str(error), returncode=1)
        pytest.skip(str(error))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with the example logs, which agents may read."""
    folder = tmp_path / "root"
    shutil.copytree(REPOSITORY / "examples" / "data", folder)
    return folder


@pytest.fixture
def listen(tmp_path: Path, root: Path) -> Listen:
    """Starts a listening server: the one that ships, or the script that is named."""

    @contextmanager
    def start(*options: str, script: Path | None = None) -> Iterator[Listening]:
        env = environment(tmp_path)
        program = [str(script)] if script else ["-m", "mcp_smalltools.cli", "serve"]
        command = [sys.executable, *program, "--transport", "http", "--port", "0", "--root", f"{root}:open"]
        log = tmp_path / "server.log"
        with log.open("w") as stderr:
            process = subprocess.Popen([*command, *options], env=env, stderr=stderr, stdin=subprocess.DEVNULL)
        try:
            port = _port(log, process)
            token = (tmp_path / "state" / "http-token").read_text().strip()
            yield Listening(port, token, env)
            assert process.poll() is None, f"the server has died: {log.read_text()}"
            assert "Traceback" not in log.read_text()
        finally:
            process.terminate()
            process.wait(LISTENS_IN_S)

    return start


def _port(log: Path, process: subprocess.Popen[bytes]) -> int:
    """As the server says it when it listens."""
    ends = time.monotonic() + LISTENS_IN_S
    while time.monotonic() < ends and process.poll() is None:
        said = log.read_text()
        if "listening on http://" in said:
            address = said.split("listening on http://", 1)[1].split(" ", 1)[0]
            return int(address.rpartition(":")[2])
        time.sleep(0.05)
    raise AssertionError(f"no server: {log.read_text()}")
