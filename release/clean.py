"""A home folder and an environment that nothing was ever installed in."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from release.problem import ReleaseError

_PASSED_ON = (
    "PIP_",
    "UV_",
    "SSL_CERT_",
    "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
)
_NEEDED = ("LANG", "SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP")
_WAIT_S = 1800.0
_WINDOWS = sys.platform == "win32"
_SCRIPTS = "Scripts" if _WINDOWS else "bin"


class CleanPlace:
    """A home, a project in it and a virtual environment, all empty; the commands there see nothing of ours.

    Of the caller's variables they get only how the package index is reached. `MCP_SMALLTOOLS_OFFLINE` keeps
    the program itself from any network. Nothing but the environment's scripts and the system's own folders is
    on the PATH.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.work = self.home / "project"
        self.work.mkdir(parents=True)
        self.environment = folder / "environment"
        self.run([sys.executable, "-m", "venv", str(self.environment)])

    @property
    def python(self) -> Path:
        return self.scripts / ("python.exe" if _WINDOWS else "python")

    @property
    def scripts(self) -> Path:
        return self.environment / _SCRIPTS

    def variables(self) -> dict[str, str]:
        """The environment of a command."""
        passed = {
            name: value
            for name, value in os.environ.items()
            if name.upper().startswith(_PASSED_ON) or name.upper() in _NEEDED
        }
        home = {name: str(self.home) for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "APPDATA")}
        system = os.environ.get("PATH", "") if _WINDOWS else "/usr/bin:/bin"
        path = os.pathsep.join([str(self.scripts), system])
        return {**passed, **home, "PATH": path, "MCP_SMALLTOOLS_OFFLINE": "1"}

    def run(self, command: Sequence[str], stdin: bytes = b"", more: Mapping[str, str] | None = None) -> str:
        """What a command prints, with `more` in its environment. Raises ReleaseError where it fails, with its
        last lines.
        """
        env = {**self.variables(), **(more or {})}
        done = subprocess.run(
            list(command), cwd=self.work, env=env, input=stdin, capture_output=True,
            timeout=_WAIT_S, check=False,
        )  # fmt: skip
        if done.returncode:
            said = (done.stdout + done.stderr).decode(errors="replace").strip().splitlines()
            shown = " ".join(Path(word).name if os.sep in word else word for word in command[:6])
            raise ReleaseError(f"`{shown}` failed with {done.returncode}: " + " / ".join(said[-5:]))
        return done.stdout.decode(errors="replace")

    def install(self, archive: Path, *options: str) -> float:
        """Install an archive with pip and give the seconds it took. Raises ReleaseError."""
        started = time.monotonic()
        self.run([str(self.python), "-m", "pip", "install", "--quiet", *options, str(archive)])
        return time.monotonic() - started

    def uninstall(self) -> list[str]:
        """Uninstall the package and give what is left of it in the environment: nothing, if all is well."""
        self.run([str(self.python), "-m", "pip", "uninstall", "--quiet", "--yes", "mcp-smalltools"])
        here = self.environment.rglob("*mcp*smalltools*")
        return sorted(path.relative_to(self.environment).as_posix() for path in here)
