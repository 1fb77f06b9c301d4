"""A file's lines without colours, block by block, as far as the time allows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mcp_smalltools.errors import DeadlineExceeded
from mcp_smalltools.logs.keys.terminal import strip_colours

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import UserFile
    from mcp_smalltools.tools.base import ToolContext


_RESERVE = 0.2
"""Of the time, what is kept for ranking and for the answer."""


class TimedBlocks:
    """The lines of a file without colours, block by block while there is time."""

    def __init__(self, source: UserFile, context: ToolContext, what: str) -> None:
        self._source, self._context, self._what = source, context, what
        self.cut_off = False

    def __iter__(self) -> Iterator[list[str]]:
        context, source = self._context, self._source
        reserve = context.stop.seconds * _RESERVE
        self.cut_off = True
        try:
            for block in source.blocks(stop=context.stop):
                yield strip_colours(block.lines)
                context.progress(source.bytes_read, source.size, f"reading the {self._what}")
                if context.stop.remaining_s < reserve:
                    break
            else:
                self.cut_off = False
        except DeadlineExceeded:
            pass

    def not_read(self) -> dict[str, int]:
        if self.cut_off:
            return {f"bytes_of_{self._what}_not_read": max(1, self._source.size - self._source.bytes_read)}
        cut = self._source.cut_lines
        return {f"cut_lines_of_{self._what}": cut} if cut else {}
