"""All manifests: those that ship, and those that the user has added."""

from __future__ import annotations

from pathlib import Path

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ModelError
from mcp_smalltools.models.manifest import Manifest
from mcp_smalltools.models.shipped import library_folder
from mcp_smalltools.suggest import did_you_mean


def user_manifests(settings: Settings) -> Path:
    return settings.model_dir.expanduser() / "manifests"


def manifests(settings: Settings) -> dict[str, Manifest]:
    """By id; one that the user has added replaces one that ships. Raises ModelError for a broken one."""
    found: dict[str, Manifest] = {}
    for folder in (library_folder(), user_manifests(settings)):
        for path in sorted(folder.glob("*.toml")):
            manifest = Manifest.read(path)
            found[manifest.id] = manifest
    return found


def manifest_of(model_id: str, settings: Settings) -> Manifest:
    """Raises ModelError naming the closest id."""
    known = manifests(settings)
    if model_id not in known:
        raise ModelError(
            f"There is no model {model_id!r}{did_you_mean(model_id, known)}.",
            remedy="`mcp-smalltools models list` shows them; `models add` registers a file of your own.",
        )
    return known[model_id]
