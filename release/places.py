"""Every place that has the version in it: all read and written here, so that they can't differ."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from release.problem import ReleaseError

VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:(?:a|b|rc)[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Place:
    """A file that has the version in it, after each match of `before`."""

    path: str
    before: str
    times: int = 1

    def versions(self, repository: Path) -> list[str]:
        """The versions that the file has, from top to bottom. Raises ReleaseError where one is missing."""
        found: list[str] = self._pattern().findall(self._text(repository))
        if len(found) != self.times:
            raise ReleaseError(
                f"{self.path} has {len(found)} versions, not {self.times}: see release/places.py."
            )
        return found

    def write(self, repository: Path, version: str) -> None:
        """Put `version` in place of the ones that are there; nothing else in the file changes."""
        text = self._pattern().sub(lambda found: self._kept(found) + version, self._text(repository))
        (repository / self.path).write_text(text, encoding="utf-8")

    def _text(self, repository: Path) -> str:
        return (repository / self.path).read_text(encoding="utf-8")

    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"(?:{self.before})({VERSION.pattern})", re.MULTILINE)

    @staticmethod
    def _kept(found: re.Match[str]) -> str:
        return found[0][: found.start(1) - found.start()]


_JSON = r'^\s*"version": "'
_TOML = r'^version = "'
PLACES = (
    Place("pyproject.toml", _TOML),
    Place("mcp_smalltools/__init__.py", r'^__version__ = "'),
    Place("server.json", _JSON, times=2),
    Place("integrations/claude-code/.claude-plugin/plugin.json", _JSON),
    Place("integrations/codex/.codex-plugin/plugin.json", _JSON),
    Place("integrations/mcpb/manifest.json", _JSON),
    Place("integrations/mcpb/pyproject.toml", rf'{_TOML}|"mcp-smalltools==', times=2),
)


def version_of(repository: Path) -> str:
    """The version that all places have. Raises ReleaseError where they differ."""
    versions = {(place.path, version) for place in PLACES for version in place.versions(repository)}
    if len({version for _, version in versions}) != 1:
        listed = ", ".join(f"{path} {version}" for path, version in sorted(versions))
        raise ReleaseError(f"The version is not the same everywhere: {listed}.")
    return next(iter(versions))[1]


def write_version(repository: Path, version: str) -> None:
    """Put a version into all places. Raises ReleaseError for one that the package index wouldn't take."""
    if not VERSION.fullmatch(version):
        raise ReleaseError(f"{version!r} is not a version: use X.Y.Z, or X.Y.ZrcN before a release.")
    for place in PLACES:
        place.versions(repository)  # all are there before the first is written
    for place in PLACES:
        place.write(repository, version)


def order(version: str) -> Iterable[int]:
    """The numbers of a version, to compare it with another; one before a release comes before it."""
    numbers, _, candidate = re.sub(r"(a|b|rc)", r"-\1", version).partition("-")
    rank = {"": 3, "r": 2, "b": 1, "a": 0}[candidate[:1]]
    last = re.sub(r"\D", "", candidate)
    return (*map(int, numbers.split(".")), rank, int(last or 0))
