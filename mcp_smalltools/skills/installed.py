"""Adds packs to the user's folder and removes them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import SkillError
from mcp_smalltools.private_files import make_private_folder
from mcp_smalltools.skills.manifest import ADAPTER_NAME, Skill, read_files
from mcp_smalltools.skills.packs import find_pack


def add(skill: Skill, settings: Settings, *, replace: bool = False) -> Path:
    """Copy a pack into the user's folder; returns the copy. Raises SkillError."""
    target = settings.skills_dir.expanduser() / skill.name
    if target.resolve() == skill.folder.resolve():
        return target
    if target.exists() and not replace:
        raise SkillError(f"{target} already exists.", remedy="Replace it with --replace, or remove it first.")
    draft = target.with_name(f".{skill.name}.new")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        for name, content in read_files(skill.folder).items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_bytes(content)
        if (adapter := skill.folder / ADAPTER_NAME).is_file():
            shutil.copyfile(adapter, draft / ADAPTER_NAME)
        if target.exists():
            set_aside(target, settings)
        draft.rename(target)
    except OSError as error:
        raise SkillError(
            f"{target} can't be written: {error.strerror}.", remedy="Check its folder."
        ) from None
    return target


def remove(name: str, settings: Settings) -> Path:
    """Take one of the user's packs out of use; returns where it is kept. Raises SkillError."""
    pack = find_pack(name, settings)
    if pack.in_project:
        raise SkillError(
            f"{pack.folder} belongs to a project, so it is not removed.",
            remedy=f"To stop using it: mcp-smalltools skills disallow {pack.folder}",
        )
    return set_aside(pack.folder, settings)


def set_aside(folder: Path, settings: Settings) -> Path:
    """Move a pack into the state folder rather than delete it: somebody may have written it by hand."""
    kept = settings.state_dir.expanduser() / "removed-skills" / f"{folder.name}-{time.time_ns() // 1_000_000}"
    try:
        make_private_folder(kept.parent)
        if folder.is_symlink():
            folder.rename(kept)
        else:
            shutil.move(folder, kept)
    except OSError as error:
        raise SkillError(f"{folder} can't be moved: {error.strerror}.", remedy="Check its folder.") from None
    return kept
