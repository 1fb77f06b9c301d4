"""What others wrote, installed into a cache folder outside the checkout, and servers to run it against."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import pytest

HERE = Path(__file__).parent
REPOSITORY = HERE.parent
sys.path[:0] = [str(HERE), str(REPOSITORY / "tests")]

from probe_server import environment  # noqa: E402 - needs the path above

NODE = "22.23.3"
"""The Inspector needs 22.19 or newer, and few systems have it."""
FUZZER = "mcp-fuzzer==0.7.0"
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Tools:
    """Paths of what was installed."""

    node: Path
    conformance: Path
    inspector: Path
    claude: Path
    mcpb: Path


@dataclass(frozen=True, slots=True)
class Listening:
    """A server of ours on loopback."""

    port: int
    token: str
    env: dict[str, str]

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


Listen = Callable[..., AbstractContextManager[Listening]]


def cache_folder(*wanted: str) -> Path:
    """A folder for exactly these versions."""
    named = os.environ.get("MCP_SMALLTOOLS_TEST_CLIENTS")
    home = Path(named) if named else platformdirs.user_cache_path("mcp-smalltools") / "test-clients"
    folder = home / hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def install(what: str, command: list[str], done: Path) -> None:
    """Run an installation once. Says what is missing where there is no network."""
    if done.exists():
        return
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    if result.returncode:
        last = (result.stderr or result.stdout).strip().splitlines()[-1:] or ["no message"]
        pytest.exit(f"{what} can't be installed (is there a network?): {last[0]}", returncode=1)
    done.touch()


@pytest.fixture(scope="session")
def tools() -> Tools:
    """From npm, without running any package's install script."""
    if shutil.which("npm") is None:
        pytest.exit("npm is not installed: these tests need Node and npm.", returncode=1)
    package = (HERE / "package.json").read_text(encoding="utf-8")
    system = {"Linux": "linux", "Darwin": "darwin"}[platform.system()]
    machine = {"x86_64": "x64", "arm64": "arm64", "aarch64": "arm64"}[platform.machine()]
    folder = cache_folder(package, NODE, system, machine)
    shutil.copyfile(HERE / "package.json", folder / "package.json")
    command = ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
    install("npm packages", [*command, "--no-save", f"node-{system}-{machine}@{NODE}"], folder / ".installed")
    modules = folder / "node_modules"
    return Tools(
        node=modules / f"node-{system}-{machine}" / "bin" / "node",
        conformance=modules / "@modelcontextprotocol" / "conformance" / "dist" / "index.js",
        inspector=modules / "@modelcontextprotocol" / "inspector" / "clients/launcher/build/index.js",
        claude=modules / "@anthropic-ai" / f"claude-code-{system}-{machine}" / "claude",
        mcpb=modules / "@anthropic-ai" / "mcpb" / "dist" / "cli" / "cli.js",
    )


@pytest.fixture(scope="session")
def fuzzer() -> Path:
    """`mcp-fuzzer` from PyPI, in an environment of its own."""
    folder = cache_folder(FUZZER, sys.version)
    python = folder / "venv" / "bin" / "python"
    install("an environment", [sys.executable, "-m", "venv", str(folder / "venv")], folder / ".venv")
    install(FUZZER, [str(python), "-m", "pip", "install", "-q", FUZZER], folder / ".installed")
    return python.with_name("mcp-fuzzer")


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
            process.wait(PATIENCE_S)

    return start


def _port(log: Path, process: subprocess.Popen[bytes]) -> int:
    """As the server says it when it listens."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends and process.poll() is None:
        said = log.read_text()
        if "listening on http://" in said:
            address = said.split("listening on http://", 1)[1].split(" ", 1)[0]
            return int(address.rpartition(":")[2])
        time.sleep(0.05)
    raise AssertionError(f"no server: {log.read_text()}")
