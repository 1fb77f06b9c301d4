"""What is to be classified: the items as given, or the informative start of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcp_smalltools.errors import FileError
from mcp_smalltools.tools.classify.chunks import is_cut, text_of_file

if TYPE_CHECKING:
    from mcp_smalltools.tools.base import ToolContext

BLOCK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Case:
    """One item, file or line. `cut`: only its start is in `text`. `problem` says why it has no text."""

    text: str
    path: str | None = None
    cut: bool = False
    problem: str | None = None
    line: int | None = None


def case_of_text(text: str) -> Case:
    text = text.strip()
    return Case(text, cut=is_cut(text), problem=None if text else "no text")


def cases_of_files(paths: Sequence[str], context: ToolContext) -> list[Case]:
    """One case for each path. A file that can't be used is a case with a problem; if all are, its
    error is raised.
    """
    cases: list[Case] = []
    errors: list[FileError] = []
    for done, path in enumerate(paths):
        context.stop.check()
        context.progress(done, len(paths), "reading files")
        try:
            cases.append(_read(path, context))
        except FileError as error:
            errors.append(error)
            cases.append(Case("", path, problem=error.message))
    if len(errors) == len(paths):
        raise errors[0]
    return cases


def cases_of_lines(paths: Sequence[str], context: ToolContext, limit: int) -> tuple[list[Case], bool]:
    """A case for each line that is not blank, at most `limit`, and whether there are more.

    Raises FileError.
    """
    cases: list[Case] = []
    for path in paths:
        for block in context.open(path).blocks(block_bytes=BLOCK_BYTES):
            context.stop.check()
            for number, line in enumerate(block.lines, block.first):
                if not line.strip():
                    continue
                if len(cases) == limit:
                    return cases, True
                cases.append(Case(line.strip(), path, is_cut(line), line=number))
    return cases, False


def _read(path: str, context: ToolContext) -> Case:
    blocks = context.open(path).blocks(block_bytes=BLOCK_BYTES)
    text, cut = text_of_file(path, blocks, context.stop.check)
    return Case(text, path, cut, problem=None if text else "no text in the file")
