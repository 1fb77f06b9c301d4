"""On whose behalf a call is made, and how that narrows the server's settings."""

from __future__ import annotations

import hashlib
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


_READABLE_CHARS = 40
_HASH_CHARS = 32

LOCAL = Principal()
"""Whoever started the program: over stdio, and on the command line."""


def narrow_settings(settings: Settings, principal: Principal) -> Settings:
    """The settings for a principal's calls: the folders that both allow, each at the stricter level.

    Raises NotAllowed if no folder is left.
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


def export_folder_name(principal: Principal) -> str:
    """The folder inside the output folder that a remote principal's exports go to, and nobody else's; "" for
    the user's own. Readable, and told apart by the hash of the whole name, whatever the file system makes of
    case and of signs.
    """
    if not principal.remote:
        return ""
    readable = "".join(char if char.isascii() and char.isalnum() else "_" for char in principal.name)
    digest = hashlib.sha256(principal.name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{readable[:_READABLE_CHARS]}-{digest[:_HASH_CHARS]}"
