"""On whose behalf a call is made, and how that narrows the server's settings."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import NotAllowed
from mcp_smalltools.level import PrivacyLevel


@dataclass(frozen=True, slots=True)
class Principal:
    """On whose behalf a call is made. `roots` is None for all of the server's; `level` is the least strict
    one that it may get; `calls_per_minute` is 0 for no limit.
    """

    name: str = "local"
    remote: bool = False
    roots: tuple[RootSpec, ...] | None = None
    level: PrivacyLevel = PrivacyLevel.OPEN
    calls_per_minute: int = 0

    @property
    def is_narrower(self) -> bool:
        """Whether it may do less than the server allows."""
        return self.roots is not None or self.level is not PrivacyLevel.OPEN


LOCAL = Principal()
"""Whoever started the program: over stdio, and on the command line."""


def narrow_settings(settings: Settings, principal: Principal) -> Settings:
    """The settings for a principal's calls: the folders that both allow, each at the stricter level, and a
    separate folder for exports. Raises NotAllowed if no folder is left.
    """
    if not principal.is_narrower:
        return settings
    server = [_resolved(root) for root in settings.effective_roots]
    own = server if principal.roots is None else [_resolved(root) for root in principal.roots]
    folders = {root.path for root in server if _innermost(own, root.path)}
    folders |= {root.path for root in own if _innermost(server, root.path)}
    if not folders:
        raise NotAllowed(
            f"{principal.name} may read none of the folders of this server.",
            remedy="The server's owner can create a token for some of them (mcp-smalltools tokens create).",
        )
    roots = tuple(
        RootSpec(path=folder, level=_strictest(folder, server, own, principal.level))
        for folder in sorted(folders)
    )
    changes = {
        "roots": roots,
        "privacy": max(settings.privacy, principal.level, key=lambda level: level.strictness),
        "output_dir": settings.export_dir / _folder_name(principal.name),
    }
    return settings.model_copy(update=changes)


def _strictest(
    folder: Path, server: Iterable[RootSpec], own: Iterable[RootSpec], least: PrivacyLevel
) -> PrivacyLevel:
    holding = [root for root in (_innermost(server, folder), _innermost(own, folder)) if root]
    return max([least, *(root.level for root in holding)], key=lambda level: level.strictness)


def _innermost(roots: Iterable[RootSpec], folder: Path) -> RootSpec | None:
    """The root that decides about a folder: the innermost one that holds it."""
    holding = [root for root in roots if folder.is_relative_to(root.path)]
    return max(holding, key=lambda root: len(root.path.parts), default=None)


def _resolved(root: RootSpec) -> RootSpec:
    return RootSpec(path=Path(os.path.realpath(root.path.expanduser())), level=root.level)


def _folder_name(name: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in name).lstrip(".") or "_"
