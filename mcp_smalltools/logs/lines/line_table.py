"""Lines to layouts, by their keys: each distinct key is taken apart once.

The table is bounded: it forgets its keys when they are too many, but no shape and no line type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mcp_smalltools.logs.headers.folded_fields import FOLD
from mcp_smalltools.logs.headers.read_header import read_line
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.keys.by_block import block_keys
from mcp_smalltools.logs.keys.normalize import identifier_key, readable, short_numbers
from mcp_smalltools.logs.keys.short_numbers import shorten_numbers
from mcp_smalltools.logs.keys.table import KeyTable
from mcp_smalltools.logs.lines.layouts import LineLayout, LineLayouts, Numbers
from mcp_smalltools.logs.lines.line_types import HeaderType, LineType, LineTypes
from mcp_smalltools.logs.lines.records import Kind, kind_of, opens_trace
from mcp_smalltools.logs.lines.shapes import MAX_SHAPES, Shapes
from mcp_smalltools.logs.lines.times import TimeSpan, find_time

_READ_CHARS, _READ_JSON_CHARS = 4_000, 64_000
"""Characters of a line that are read for its header; JSON is read whole, as far as a sensible line goes."""
_CACHED_KEYS = 150_000
_CACHED_BYTES = 48 << 20
_COMPARED_CHARS = 1_000
"""Longer keys are not compared with those that differ only in how long their numbers are."""


class LineTable:
    """`shapes` and `line_types` list the distinct ones in order of appearance; their numbers never change.

    The numbers of layouts hold until the next call of `read`.
    """

    def __init__(self, max_shapes: int = MAX_SHAPES) -> None:
        self._shapes = Shapes(max_shapes)
        self._types = LineTypes()
        self.layouts = LineLayouts()
        self._keys = KeyTable()
        self._by_short: dict[str, list[tuple[str, int]]] = {}
        self._short_chars = 0

    @property
    def shapes(self) -> list[str]:
        return self._shapes.texts

    @property
    def line_types(self) -> list[LineType]:
        return self._types.all

    def read(self, block: Block) -> Numbers:
        """The number of each line's layout, shape (lines,)."""
        if self._keys.keys >= _CACHED_KEYS or self._keys.bytes + self._short_chars > _CACHED_BYTES:
            self._forget()
        keys, sizes = block_keys(block), block.ends - block.starts
        numbers = self._keys.find(keys, block.starts, sizes)
        unknown = np.flatnonzero(numbers < 0)
        if len(unknown):
            numbers[unknown] = self._learn(keys, block, unknown)
        return numbers

    def layouts_of(self, lines: Sequence[str]) -> list[LineLayout]:
        """The layout of each line."""
        return [self.layouts.all[number] for number in self.read(Block.of(1, lines)).tolist()]

    def shape_of_content(self, content: str) -> int:
        """The number of the shape of a line's message, without its header."""
        key = block_keys(Block.of(1, [content.replace("\n", " ")]))[:-1]
        return self._shapes.of_content(readable(_text_of(key)))[0]

    def type_of(self, shape: str, header: HeaderType, *, coarse: bool) -> LineType:
        """The line type of a shape that another table found."""
        number, coarse = self._shapes.add(shape, coarse=coarse)
        return self._types.of(number, header, coarse=coarse)

    def with_message(self, header: LineType, message: LineType) -> LineType:
        """The line type of records whose header and message are lines of their own, of these types."""
        first, then = header.header, message.header
        joined = HeaderType(
            first.format,
            first.level or then.level,
            Kind.HEADED,
            then.opens_trace,
            first.calendar,
            first.level_said or then.level_said,
        )
        return self._types.of(message.shape, joined, coarse=message.coarse)

    def state(self) -> dict[str, Any]:
        """All that is known of lines, but no counts and no texts, in plain values; see `of`."""
        similar = [[short, *map(list, known)] for short, known in self._by_short.items()]
        return {
            "shapes": self._shapes.state(),
            "line_types": self._types.state(),
            "layouts": self.layouts.state(),
            "keys": self._keys.state(),
            "similar": similar,
            "short_chars": self._short_chars,
        }

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> LineTable:
        """A table that knows what the one of this state does."""
        table = cls()
        table._shapes = Shapes.of(state["shapes"])
        table._types.add(state["line_types"])
        table.layouts.add(state["layouts"], table.line_types)
        table._keys = KeyTable.of(state["keys"])
        table._by_short = {short: [(head, n) for head, n in known] for short, *known in state["similar"]}
        table._short_chars = state["short_chars"]
        return table

    def _learn(self, keys: bytes, block: Block, unknown: Numbers) -> list[int]:
        """The numbers of the keys at these places of a block, which are not known, for later blocks too."""
        starts, ends = block.starts[unknown].tolist(), block.ends[unknown].tolist()
        of_line = [keys[start:end] for start, end in zip(starts, ends, strict=True)]
        first = dict(zip(reversed(of_line), reversed(unknown.tolist()), strict=True))
        new = [*dict.fromkeys(of_line)]
        number_of = dict(zip(new, self._numbers_of([*map(_text_of, new)]), strict=True))
        at = np.array([first[key] for key in new])
        sizes = block.ends[at] - block.starts[at]
        self._keys.add(keys, block.starts[at], sizes, np.array([*number_of.values()]))
        return [number_of[key] for key in of_line]

    def _numbers_of(self, texts: list[str]) -> Iterator[int]:
        """The numbers of new keys."""
        for text, short in zip(texts, _all_shortened(texts), strict=True):
            yield self._number(text, short if len(text) <= _COMPARED_CHARS else "")

    def _number(self, text: str, short: str) -> int:
        """The number of a new key: that of a key which differs only in how long the numbers of its content
        are; otherwise the key is read.
        """
        for header, known in self._by_short.get(short, ()) if short else ():
            if text.startswith(header):
                return known
        layout = self._read(text)
        number = self.layouts.number_of(layout)
        before = layout.content_at is not None and (
            layout.time is None or layout.time.end <= layout.content_at
        )
        if short and before:
            self._by_short.setdefault(short, []).append((text[: layout.content_at], number))
            self._short_chars += len(short)
        return number

    def _read(self, key: str) -> LineLayout:
        whole = key.startswith("{") or FOLD in key[:_READ_CHARS]
        text = readable(key[: _READ_JSON_CHARS if whole else _READ_CHARS])
        line = read_line(text)
        kind = kind_of(line)
        shape, coarse = self._shapes.of_content(line.content)
        time = _in_bytes(find_time(text, line), text)
        said = line.level is not None and line.level_said
        header = HeaderType(line.format, line.level, kind, opens_trace(line), time and time.calendar, said)
        line_type = self._types.of(shape, header, coarse=coarse)
        at = len(text) - len(line.content) if text.endswith(line.content) else None
        return LineLayout(line_type, time, at)

    def _forget(self) -> None:
        self._keys.clear()
        self.layouts.clear()
        self._by_short.clear()
        self._short_chars = 0


def _all_shortened(texts: Sequence[str]) -> list[str]:
    """`short_numbers` of each."""
    lines = "".join([f"{text}\n" for text in texts])
    if not lines.isascii():
        return short_numbers(lines).split("\n")[:-1]
    return shorten_numbers(lines.encode()).decode().split("\n")[:-1]


def _text_of(key: bytes) -> str:
    text = key.decode("utf-8", "surrogatepass")
    return text if text.isascii() else identifier_key(text)


def _in_bytes(span: TimeSpan | None, text: str) -> TimeSpan | None:
    """A place in a line's characters as one in its bytes; None for a time with digits beyond ASCII."""
    if span is None or text.isascii():
        return span
    start = len(text[: span.start].encode("utf-8", "surrogatepass"))
    if text[span.start : span.end].isascii():
        shift = start - span.start
        return span._replace(start=start, seconds_end=span.seconds_end + shift, end=span.end + shift)
    if span.plain or any(sign.isdigit() and not sign.isascii() for sign in text[span.start : span.end]):
        return None
    end = start + len(text[span.start : span.end].encode("utf-8", "surrogatepass"))
    return span._replace(start=start, seconds_end=end, end=end)
