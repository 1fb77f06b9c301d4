"""Blocks of lines to blocks in which each record of several lines is on its first line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from mcp_smalltools.logs.folding.record_forms import (
    CsvForm,
    FieldsForm,
    FoundRecords,
    JsonForm,
    RecordForm,
    XmlForm,
    name_of,
)
from mcp_smalltools.logs.headers.csv_rows import names_of_columns, read_csv_row
from mcp_smalltools.logs.headers.folded_fields import FIELD, FOLD, read_folded
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.keys.terminal import strip_terminal_codes

LOOKED_AT = 4_000
"""Lines at the start of a log by which its form is told."""
_COVERED = 0.6
"""Share of the lines that say something which have to be in such records."""
_FEWEST, _TRIED = 2, 8
_TAG = re.compile(r"\s*<([A-Za-z][\w:.-]{0,60})(?=[\s>]|$)")
_TAGS = 4


class ReadBlock(Protocol):
    """A block as it is read of a file."""

    @property
    def first(self) -> int: ...
    @property
    def data(self) -> bytes: ...


def form_of(head: Block) -> RecordForm | None:
    """How the records of a log are written over several lines, by its first lines; None if they are not."""
    lines = [head.line(place) for place in range(min(LOOKED_AT, len(head)))]
    for form in _candidates(lines):
        found = form.find(lines)
        if _has_rows(lines, found) if isinstance(form, CsvForm) else _fits(form, lines, found):
            return form
    return None


def _candidates(lines: Sequence[str]) -> Iterator[RecordForm]:
    first = next((line.strip() for line in lines if line.strip()), "")
    if first[:1] in ("{", "["):
        yield JsonForm()
    elif first[:1] == "<":
        tags = Counter(found[1] for line in lines if (found := _TAG.match(line)) is not None)
        yield from (XmlForm(tag) for tag, count in tags.most_common(_TAGS) if count >= _FEWEST)
    elif names_of_columns(first):
        yield CsvForm(first)
    elif first == "---":
        yield FieldsForm("---")
    else:
        found = FIELD.match(first)
        if found is not None:
            yield FieldsForm(name_of(found))


def _fits(form: RecordForm, lines: Sequence[str], found: FoundRecords) -> bool:
    spans = [span for span in found.spans if span[1] > span[0]]
    until = found.open_at
    if len(lines) < LOOKED_AT and isinstance(form, FieldsForm):  # the last record ends with the log
        last = max((n for n, line in enumerate(lines) if line.strip()), default=-1)
        spans += [(until, last)] if last > until else []
        until = len(lines)
    said = sum(1 for place, line in enumerate(lines[:until]) if line.strip() and place not in found.frame)
    inside = sum(1 for start, end in spans for place in range(start, end + 1) if lines[place].strip())
    if len(spans) < _FEWEST or inside < _COVERED * said:
        return False
    tried = spans[:_TRIED]
    read = [read_folded(FOLD.join(lines[start : end + 1])) for start, end in tried]
    return (
        sum(item is not None and (item.time is not None or item.level_said) for item in read) > len(tried) / 2
    )


def _has_rows(lines: Sequence[str], found: FoundRecords) -> bool:
    """Whether most of the first rows, on one line or on several, are records."""
    inside = {place for start, end in found.spans for place in range(start + 1, end + 1)}
    starts = [n for n, line in enumerate(lines) if line.strip() and n not in found.frame and n not in inside]
    end_of = dict(found.spans)
    tried = ["\n".join(lines[start : end_of.get(start, start) + 1]) for start in starts[:_TRIED]]
    read = [read_csv_row(row, lambda _: None) for row in tried]
    return len(tried) >= _FEWEST and sum(row is not None for row in read) > len(tried) / 2


class RecordFolder:
    """Takes blocks in their order. What is not whole at the end of one is given with the next."""

    def __init__(self, form: RecordForm | None) -> None:
        self.form = form
        self._kept: list[str] = []

    def fold(self, block: Block) -> Block:
        """The block with its records folded, from the line on that was not given yet."""
        if self.form is None:
            return block
        first = block.first - len(self._kept)
        lines = [*self._kept, *(block.line(place) for place in range(len(block)))]
        found = self.form.find(lines)
        self._kept = lines[found.open_at :]
        return Block.of(first, _folded(lines[: found.open_at], found))

    def rest(self, line: int) -> Block | None:
        """What was kept of a log that ends with this line: its last record, which may not be whole."""
        if not self._kept:
            return None
        kept, self._kept = self._kept, []
        first, size = line - len(kept) + 1, len(kept)
        while kept and not kept[-1].strip():
            kept.pop()
        record = FOLD.join(text.rstrip() for text in kept)
        lines = [record] if read_folded(record) is not None else kept
        return Block.of(first, [*lines, *[""] * (size - len(lines))])

    def blocks(self, read: Iterable[ReadBlock]) -> Iterator[Block]:
        """All blocks of a file, without terminal codes and with its records folded."""
        last = 0
        for block in read:
            lines = Block(block.first, strip_terminal_codes(block.data))
            last = block.first + len(lines) - 1
            folded = self.fold(lines)
            if len(folded):
                yield folded
        rest = self.rest(last)
        if rest is not None:
            yield rest


def _folded(lines: list[str], found: FoundRecords) -> list[str]:
    folded = ["" if place in found.frame else line for place, line in enumerate(lines)]
    for start, end in found.spans:
        if end > start:
            folded[start] = FOLD.join(line.rstrip() for line in lines[start : end + 1])
            folded[start + 1 : end + 1] = [""] * (end - start)
    return folded
