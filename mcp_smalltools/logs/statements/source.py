"""Logging statements of a file or of a source tree."""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from mcp_smalltools.logs.statements.arguments import arguments_at
from mcp_smalltools.logs.statements.languages import CALLS, LANGUAGE_OF, RAISES, pieces_of
from mcp_smalltools.logs.statements.pieces import Piece, Placeholder, join_pieces, printf

_CALLS = {language: re.compile(pattern) for language, pattern in CALLS.items()}
_LARGEST = 1_500_000
_LEFT_OUT = frozenset(
    [
        "vendor",
        "node_modules",
        "third_party",
        "thirdparty",
        ".git",
        ".venv",
        "venv",
        "dist",
        "build",
        "target",
    ]
)
_LEFTOVER = re.compile(r"%[a-zA-Z]|\{\}|[^\x20-\x7e]")


@dataclass(frozen=True, slots=True)
class Statement:
    """A message as the source writes it. `raises`: it is an exception's message, not a logging call's."""

    pieces: tuple[Piece, ...]
    language: str
    raises: bool
    file: str = ""  # relative to the tree

    @property
    def constant(self) -> str:
        return "".join(piece for piece in self.pieces if isinstance(piece, str))


def statements_under(folder: Path, *, formats: bool = False) -> Iterator[Statement]:
    """All logging statements of a source tree, in the order of the files' names; files that can't be read
    are skipped. With `formats`, also format strings elsewhere.
    """
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        for name in sorted(names):
            path = Path(parent, name)
            if path.suffix[1:] not in LANGUAGE_OF or path.is_symlink():
                continue
            try:
                if path.stat().st_size <= _LARGEST:
                    text = path.read_text(encoding="utf-8", errors="replace")
                    relative = path.relative_to(folder).as_posix()
                    yield from statements_of(relative, text)
                    if formats:
                        yield from formats_of(relative, text)
            except OSError:
                continue


def statements_of(name: str, text: str) -> Iterator[Statement]:
    """The logging statements of one source file, whose name tells the language."""
    language = LANGUAGE_OF.get(PurePath(name).suffix[1:])
    if language is None:
        return
    for call in _CALLS[language].finditer(text):
        values = arguments_at(text, call.end())
        found = pieces_of(language, call[0], values) if values else None
        if found is None:
            continue
        statement = Statement(join_pieces(found), language, RAISES.match(call[0].lstrip()) is not None, name)
        if _is_message(statement):
            yield statement


def formats_of(name: str, text: str) -> Iterator[Statement]:
    """Format strings of a Python file, wherever they stand: some programs keep them apart from the calls that
    log them.
    """
    if PurePath(name).suffix != ".py":
        return
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "%" in node.value:
            pieces, used = printf(node.value, [])
            if used or any(isinstance(piece, Placeholder) for piece in pieces):
                statement = Statement(join_pieces(pieces), "python", False, name)
                if _is_message(statement) and len(statement.constant.split()) > 1:
                    yield statement


def _is_message(statement: Statement) -> bool:
    """Is it a message of sense: some letters, not endless, no format that was not understood?"""
    text = statement.constant
    if sum(sign.isalpha() for sign in text) < 4 or len(text) > 400 or len(statement.pieces) > 40:
        return False
    if _LEFTOVER.search(text):
        return False
    return " " in text or any(isinstance(piece, Placeholder) for piece in statement.pieces)
