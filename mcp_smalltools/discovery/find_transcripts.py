"""Where the clients on this machine keep the transcripts of their sessions."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

_DAY_S: Final = 86_400.0
_MOST_ASIDE: Final = 64


ClientName = Literal["claude-code", "codex"]


@dataclass(frozen=True, slots=True)
class TranscriptFile:
    """One transcript, not yet read."""

    client: ClientName
    path: Path
    changed: float  # seconds since the epoch
    size: int


def claude_folder(environ: Mapping[str, str] = os.environ) -> Path:
    named = environ.get("CLAUDE_CONFIG_DIR")
    return (Path(named) if named else Path.home() / ".claude") / "projects"


def codex_folders(environ: Mapping[str, str] = os.environ) -> list[Path]:
    named = environ.get("CODEX_HOME")
    home = Path(named) if named else Path.home() / ".codex"
    return [home / "sessions", home / "archived_sessions"]


def transcripts(claude: Sequence[Path], codex: Sequence[Path], *, days: float = 0.0) -> list[TranscriptFile]:
    """Those below the folders that changed in the last days (0: all), the oldest first: a session that was
    resumed begins with a copy of the one before it.
    """
    since = time.time() - days * _DAY_S if days > 0 else 0.0
    both: list[tuple[ClientName, Sequence[Path]]] = [("claude-code", claude), ("codex", codex)]
    found = [
        TranscriptFile(client, path, status.st_mtime, status.st_size)
        for client, folders in both
        for folder in folders
        for path, status in _files(folder)
        if status.st_mtime >= since
    ]
    return sorted(found, key=lambda file: (file.changed, file.path))


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Regular files of this user's; no links."""
    for place, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".jsonl"):
                with contextlib.suppress(OSError):
                    status = Path(place, name).lstat()
                    if stat.S_ISREG(status.st_mode):
                        yield Path(place, name), status


@contextlib.contextmanager
def opened(file: TranscriptFile) -> Iterator[tuple[int, dict[str, int]]]:
    """The descriptor of a transcript, and those of the outputs that its client has put aside, by their names.

    Raises OSError.
    """
    with contextlib.ExitStack() as open_files:
        descriptor = _open(file.path, open_files)
        aside: dict[str, int] = {}
        if file.client == "claude-code":
            for path in sorted((file.path.with_suffix("") / "tool-results").glob("*"))[:_MOST_ASIDE]:
                with contextlib.suppress(OSError):
                    aside[path.name] = _open(path, open_files)
        yield descriptor, aside


def _open(path: Path, open_files: contextlib.ExitStack) -> int:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags)
    open_files.callback(os.close, descriptor)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(f"{path} is no regular file")
    return descriptor
