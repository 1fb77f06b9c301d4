"""A large plain log in parts that can be parsed each by itself.

A part starts at a line with a header, so no record goes over its start, and knows the number of its first
line, for which its line ends are counted while it is read from the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mcp_smalltools.files.reader import FilePart
from mcp_smalltools.logs.counting.parser import LogParser
from mcp_smalltools.logs.counting.state import state_of
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.keys.terminal import strip_terminal_codes
from mcp_smalltools.logs.lines.line_table import LineTable
from mcp_smalltools.logs.lines.records import ANNOUNCING, Kind
from mcp_smalltools.logs.lines.times import DateOrder

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import StopCheck, UserFile

PART_BYTES = 8 << 20
_LOOKED_AT = 64 << 10
_SOUGHT_IN = 4 << 20
_STEP = 1 << 20


def parts_of(source: UserFile, part_bytes: int = PART_BYTES) -> Iterator[FilePart]:
    """All whole lines of the file, in parts of about `part_bytes`; larger where no line has a header."""
    start, first, all_of = source.text_start(), 1, _last_end(source)
    while start < all_of:
        end = _next_start(source, start + part_bytes, all_of) if start + part_bytes < all_of else all_of
        yield FilePart(start, first, end)
        if end < all_of:
            first += _line_ends(source, start, end)
        start = end


def _last_end(source: UserFile) -> int:
    """The place after the last line end."""
    end = source.size
    while end > 0:
        start = max(0, end - _LOOKED_AT)
        found = source.read_at(start, end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _next_start(source: UserFile, place: int, all_of: int) -> int:
    """The start of the first line with a header after this place; `all_of` if there is none near."""
    given_up = min(all_of, place + _SOUGHT_IN)
    while place < given_up:
        line_end = source.read_at(place, _LOOKED_AT).find(b"\n")
        if line_end < 0:
            place += _LOOKED_AT
            continue
        place += line_end + 1
        for block in source.byte_blocks(part=FilePart(place, 1, min(all_of, place + _LOOKED_AT))):
            at = _headed(block.data)
            if at is not None and block.ended:
                return place + _offset(source, place, at)
            place = max(block.end, place)
    return all_of


def _headed(data: bytes) -> int | None:
    """Which of the lines is the first with a header."""
    block = Block(1, strip_terminal_codes(data))
    table = LineTable()
    before: Kind | None = None
    for place in range(len(block)):
        number = int(table.read(block.part(place, place + 1))[0])
        line_type = table.layouts.all[number].line_type
        timed = line_type.header.calendar is not None
        announced = before is None or before in ANNOUNCING  # it may be the message of the line before
        if line_type.kind in ANNOUNCING or (line_type.kind is Kind.HEADED and (timed or not announced)):
            return place
        before = line_type.kind
    return None


def _offset(source: UserFile, place: int, line: int) -> int:
    """Bytes on disk of the next `line` lines from this place on."""
    ends = np.flatnonzero(np.frombuffer(source.read_at(place, _LOOKED_AT), np.uint8) == ord("\n"))
    return int(ends[line - 1]) + 1 if line else 0


def _line_ends(source: UserFile, start: int, end: int) -> int:
    return sum(
        int(np.count_nonzero(np.frombuffer(source.read_at(at, min(_STEP, end - at)), np.uint8) == ord("\n")))
        for at in range(start, end, _STEP)
    )


class PartParser:
    """Parses part after part, with one table of what is known of lines."""

    def __init__(self, source: UserFile, table: LineTable | None = None) -> None:
        self._source = source
        self._table = table or LineTable()

    def table_state(self) -> dict[str, Any]:
        """What is known of lines so far; see `LineTable.state`."""
        return self._table.state()

    def parse(
        self,
        part: FilePart,
        stop: StopCheck | None = None,
        tell: Callable[[int], None] = lambda _: None,
        *,
        joins_plain: bool = False,
        date_order: DateOrder | None = None,
    ) -> dict[str, Any]:
        """The state of a parser that was fed this part, and `cut_lines` of it. `tell` hears how many bytes
        are done, block by block; `joins_plain` and `date_order` as the parser of the whole log has them.
        """
        self._forget_texts()
        parser = LogParser(self._table)
        parser.assembler.joins_plain = joins_plain
        parser.order_dates(date_order)
        for block in self._source.byte_blocks(part=part, stop=stop):
            parser.feed(Block(block.first, strip_terminal_codes(block.data)))
            tell(block.end - part.start)
        return state_of(parser) | {"cut_lines": self._source.cut_lines}

    def _forget_texts(self) -> None:
        for line_type in self._table.line_types:
            line_type.forget_texts()
