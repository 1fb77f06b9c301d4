"""What parse_log learned from the user's own source tree: numbered versions in the state folder, one in use.

A version holds the templates of the tree's logging statements and what they count for the lexicon; the
networks are those that ship. Nothing leaves the machine.
"""

from __future__ import annotations

import json
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
from mcp_smalltools.stores.versions import Versions


def judge_for(state_dir: Path) -> Judge:
    """The judge in use: adapted, or as it ships."""
    used = _versions(state_dir).in_use
    if used is None:
        return shipped_judge()
    try:
        return _read(used)
    except (OSError, ValueError, KeyError):
        return shipped_judge()  # a version that was taken away or damaged


def adapt_judge(statements: Sequence[tuple[Piece, ...]]) -> Judge:
    """The judge with what these statements tell."""
    return _judge(_texts(statements), counts_of(statements))


def save_version(state_dir: Path, statements: Sequence[tuple[Piece, ...]], report: Mapping[str, Any]) -> int:
    """Write a new version and use it. Returns its number."""

    def write(new: Path) -> None:
        np.savez_compressed(new / "lexicon.npz", allow_pickle=False, **counts_of(statements))
        (new / "statements.json").write_text(json.dumps(_texts(statements)), encoding="utf-8")
        (new / "report.json").write_text(json.dumps(report, indent=2), encoding="utf-8")

    return _versions(state_dir).add(write)


def roll_back(state_dir: Path) -> int | None:
    """Use the version before the one in use; 0 is what ships. None if what ships is in use already."""
    return _versions(state_dir).go_back()


def current_version(state_dir: Path) -> int:
    """The version in use, 0 for what ships."""
    return _versions(state_dir).current


def _versions(state_dir: Path) -> Versions:
    return Versions(state_dir / "adapted" / "parse_log")


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
