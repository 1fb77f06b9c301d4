"""Folders in which outputs of the agent's commands were put aside, by its client or by the hook `keep`.

They lie outside of the project, so outside of its roots. Where the user has agreed (`read_outputs`), files in
them may be read by their full path; no list of files has them.
"""

from __future__ import annotations

import os
from pathlib import Path

from mcp_smalltools.config import RootSpec, Settings, working_folder
from mcp_smalltools.files.spelling import real_path
from mcp_smalltools.level import PrivacyLevel


def with_outputs_put_aside(settings: Settings) -> Settings:
    """The settings with these folders as roots, at the level of the folder that the agent works in."""
    if not settings.read_outputs or not settings.effective_roots:
        return settings
    level = _level(settings)
    outputs = [RootSpec(path=folder, level=level, walked=False) for folder in folders_put_aside(settings)]
    return settings.model_copy(update={"roots": (*settings.effective_roots, *outputs)})


def folders_put_aside(settings: Settings) -> list[Path]:
    """Those that exist: of this project's sessions in Claude Code, and our own."""
    found = sorted(client_outputs().glob("*/tool-results"))
    return [folder for folder in (*found, settings.outputs_dir.expanduser()) if folder.is_dir()]


def client_outputs() -> Path:
    """Where Claude Code has a folder for each session of this project, with outputs in `tool-results`."""
    home = os.environ.get("CLAUDE_CONFIG_DIR")
    project = "".join(char if char.isascii() and char.isalnum() else "-" for char in str(working_folder()))
    return (Path(home) if home else Path.home() / ".claude") / "projects" / project


def _level(settings: Settings) -> PrivacyLevel:
    """The level of the root that holds the working folder or, where none does, the strictest of all."""
    here = real_path(working_folder())
    holding = [
        (len(folder.parts), root.level)
        for root in settings.effective_roots
        if here.is_relative_to(folder := real_path(root.path.expanduser()))
    ]
    if holding:
        return max(holding, key=lambda held: held[0])[1]
    return max((root.level for root in settings.effective_roots), key=lambda level: level.strictness)
