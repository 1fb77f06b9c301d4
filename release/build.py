"""The archives of a release: wheel, source archive, MCP bundle and the plugins."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from release import archives, changelog
from release.places import version_of
from release.problem import ReleaseError

SUMS = "SHA256SUMS"
_NEVER = shutil.ignore_patterns(
    *(".git", ".venv", "__pycache__", "*.egg-info", "dist", "build", "site", "tmp", ".*_cache", ".hypothesis")
)


@dataclass(frozen=True, slots=True)
class Archives:
    """Where the archives of a version lie."""

    folder: Path
    version: str

    @property
    def wheel(self) -> Path:
        return self.folder / f"mcp_smalltools-{self.version}-py3-none-any.whl"

    @property
    def source(self) -> Path:
        return self.folder / f"mcp_smalltools-{self.version}.tar.gz"

    @property
    def bundle(self) -> Path:
        return self.folder / f"mcp-smalltools-{self.version}.mcpb"

    @property
    def plugins(self) -> dict[str, Path]:
        """The archive of each plugin, by the name of its folder in `integrations`."""
        return {
            client: self.folder / f"smalltools-{client}-{self.version}.zip"
            for client in ("claude-code", "codex")
        }

    @property
    def all(self) -> list[Path]:
        return [self.wheel, self.source, self.bundle, *self.plugins.values()]


def build(repository: Path, folder: Path) -> Archives:
    """Build all archives of what git tracks in `repository` (all of it where there is no git) into `folder`.

    They are dated by the version's day in the changelog, so that a later build of the same files is the same.
    Raises ReleaseError.
    """
    version = version_of(repository)
    when = changelog.released((repository / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    made = Archives(folder, version)
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*made.all, folder / SUMS]:
        old.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "source"
        copy_of_source(repository, source)
        build_package(source, folder, when)
        archives.pack(source / "integrations" / "mcpb", made.bundle, when)
        for client, plugin in made.plugins.items():
            archives.pack(source / "integrations" / client, plugin, when)
    if missing := [path.name for path in made.all if not path.is_file()]:
        raise ReleaseError(f"These archives were not built: {', '.join(missing)}.")
    (folder / SUMS).write_text(archives.hashes(folder, [path.name for path in made.all]), encoding="utf-8")
    return made


def copy_of_source(repository: Path, to: Path) -> None:
    """Copy what belongs to the project: what git tracks, as it is now, or a whole unpacked source archive."""
    if not (repository / ".git").exists():
        shutil.copytree(repository, to, ignore=_NEVER)
        return
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (repository / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(repository / name, to / name)


def build_package(source: Path, folder: Path, when: datetime) -> None:
    """Build the source archive, and the wheel from it. Raises ReleaseError with the builder's last lines."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(int(when.timestamp())), "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace").strip().splitlines()
        raise ReleaseError("The package can't be built: " + " / ".join(said[-5:]))
