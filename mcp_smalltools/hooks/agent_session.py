"""What a hook says about the agent's session beside the event: process, folders, settings."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcp_smalltools.config import RootSpec, Settings, load_settings, with_client_roots
from mcp_smalltools.files.spelling import real_path
from mcp_smalltools.level import PrivacyLevel


@dataclass(frozen=True, slots=True)
class HookCall:
    """How a hook was started: its options, and what its environment says."""

    event: str
    roots: tuple[str, ...]
    parts: frozenset[str]
    """Names of the parts that may answer; empty for all."""
    environ: Mapping[str, str]
    client: str = ""
    """Whose form the event is in; empty for Claude Code's."""

    @property
    def client_pid(self) -> int:
        """The process of the client; 0 if it isn't known."""
        named = self.environ.get("CLAUDE_PID") or self.environ.get("PARENT") or ""
        return int(named) if named.isdigit() else 0

    def asks_for(self, part: str) -> bool:
        """Whether that part may answer."""
        return not self.parts or part in self.parts

    def settings(self, cwd: str) -> Settings:
        """The settings for whoever works in that folder. Raises ConfigError."""
        project = self.environ.get("CLAUDE_PROJECT_DIR") or cwd
        ours = tuple(sorted((k, v) for k, v in self.environ.items() if k.startswith("MCP_SMALLTOOLS_")))
        return _settings(self.roots, ours, project)


def read_call(options: Sequence[str], environ: Mapping[str, str]) -> HookCall | None:
    """`EVENT [--root DIR[:LEVEL]]... [--parts NAME,NAME] [--client NAME]`, or None for anything else."""
    event, *rest = options or [""]
    roots: list[str] = []
    parts: list[str] = []
    client = ""
    while len(rest) > 1:
        option, value, *rest = rest
        if option == "--root":
            roots.append(value)
        elif option == "--parts":
            parts += filter(None, value.split(","))
        elif option == "--client":
            client = value
        else:
            return None
    return None if rest or not event else HookCall(event, tuple(roots), frozenset(parts), environ, client)


def tasks_folder(session: str, cwd: str, environ: Mapping[str, str]) -> Path:
    """Where Claude Code lets commands write their output (measured with 2.1.330 and 2.1.332)."""
    notes = environ.get("CLAUDE_CODE_CHILD_NOTES_DIR")
    if notes and Path(notes).parent.name == session:
        return Path(notes).parent / "tasks"
    base = Path(environ.get("CLAUDE_CODE_TMPDIR") or "/tmp") / f"claude-{os.geteuid()}"
    project = "".join(char if char.isascii() and char.isalnum() else "-" for char in cwd)
    return base / project / session / "tasks"


def client_folder(environ: Mapping[str, str]) -> Path:
    """Where Claude Code keeps what is its own."""
    config = environ.get("CLAUDE_CONFIG_DIR")
    return Path(config) if config else Path(environ.get("HOME") or Path.home()) / ".claude"


def level_of(folder: str, settings: Settings) -> PrivacyLevel:
    """The level of a folder: of its innermost root, or the default one where it is in none."""
    place = real_path(Path(folder or "/"))
    holding = [
        (len(root.parts), root_spec.level)
        for root_spec in settings.effective_roots
        if place.is_relative_to(root := real_path(root_spec.path.expanduser()))
    ]
    return max(holding)[1] if holding else settings.privacy


def with_outputs(settings: Settings, folder: Path, level: PrivacyLevel) -> Settings:
    """The settings with a folder of kept outputs as their only root: nothing else is read for a hook."""
    return settings.model_copy(update={"roots": (RootSpec(path=folder, level=level),)})


@functools.lru_cache(maxsize=64)
def _settings(roots: tuple[str, ...], ours: tuple[tuple[str, str], ...], project: str) -> Settings:
    settings = load_settings(environ=dict(ours), flags={"roots": list(roots) or None})
    if settings.roots or not project:
        return settings
    given = with_client_roots(settings.model_copy(update={"roots": ()}), [Path(project)])
    return given if given.roots else _without_working_folder(settings, project)


def _without_working_folder(settings: Settings, project: str) -> Settings:
    """The daemon's own working folder is nobody's project."""
    return settings.model_copy(update={"roots": (RootSpec(path=Path(project), level=settings.privacy),)})
