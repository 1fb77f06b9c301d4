"""What parse_log learned from the user's own source tree: numbered versions in the state folder, one in use.

A version holds the templates of the tree's logging statements and what they count for the lexicon; the
networks are those that ship. The file `current` names the version in use, 0 for none. Nothing leaves the
machine.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.logs.judge.judge import Judge, shipped_counts, shipped_judge
from mcp_smalltools.logs.judge.known_templates import StatementIndex
from mcp_smalltools.logs.judge.lexicon import Lexicon, counts_of
from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.statements.pieces import Piece
from mcp_smalltools.private_files import make_private_folder

_KEPT = 5
"""Versions that can be gone back to."""


def judge_for(state_dir: Path) -> Judge:
    """The judge in use: adapted, or as it ships."""
    version = current_version(state_dir)
    if not version:
        return shipped_judge()
    try:
        return _read(_folder(state_dir) / f"{version:04}")
    except (OSError, ValueError, KeyError):
        return shipped_judge()  # a version that was taken away or damaged


def adapt_judge(statements: Sequence[tuple[Piece, ...]]) -> Judge:
    """The judge with what these statements tell."""
    return _judge(_texts(statements), counts_of(statements))


def save_version(state_dir: Path, statements: Sequence[tuple[Piece, ...]], report: Mapping[str, Any]) -> int:
    """Write a new version and use it. Returns its number."""
    folder = _folder(state_dir)
    make_private_folder(folder)
    version = max(_versions(folder), default=0) + 1
    new = folder / f"{version:04}"
    new.mkdir()
    np.savez_compressed(new / "lexicon.npz", allow_pickle=False, **counts_of(statements))
    (new / "statements.json").write_text(json.dumps(_texts(statements)), encoding="utf-8")
    (new / "report.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    _use(folder, version)
    for old in sorted(_versions(folder))[:-_KEPT]:
        shutil.rmtree(folder / f"{old:04}", ignore_errors=True)
    return version


def roll_back(state_dir: Path) -> int | None:
    """Use the version before the one in use; 0 is what ships. None if what ships is in use already."""
    folder, version = _folder(state_dir), current_version(state_dir)
    if not version:
        return None
    before = max((older for older in _versions(folder) if older < version), default=0)
    _use(folder, before)
    return before


def current_version(state_dir: Path) -> int:
    """The version in use, 0 for what ships."""
    with contextlib.suppress(OSError, ValueError):
        return int((_folder(state_dir) / "current").read_text(encoding="ascii"))
    return 0


def _folder(state_dir: Path) -> Path:
    return state_dir / "adapted" / "parse_log"


def _versions(folder: Path) -> list[int]:
    return [int(path.name) for path in folder.iterdir() if path.is_dir() and path.name.isdecimal()]


def _use(folder: Path, version: int) -> None:
    part = folder / "current.part"
    part.write_text(f"{version}\n", encoding="ascii")
    part.replace(folder / "current")


def _texts(statements: Sequence[tuple[Piece, ...]]) -> list[str]:
    return ["".join(piece if isinstance(piece, str) else VAR for piece in pieces) for pieces in statements]


@lru_cache(maxsize=2)
def _read(folder: Path) -> Judge:
    with np.load(folder / "lexicon.npz", allow_pickle=False) as file:
        counts = {name: file[name] for name in file.files}
    return _judge(json.loads((folder / "statements.json").read_text(encoding="utf-8")), counts)


def _judge(texts: Sequence[str], counts: Mapping[str, NDArray[np.integer[Any]]]) -> Judge:
    together = {name: table + counts[name] for name, table in shipped_counts().items()}
    return replace(shipped_judge(), lexicon=Lexicon(together), statements=StatementIndex(texts))
